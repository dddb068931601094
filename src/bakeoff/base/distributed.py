"""The rank of this process if torchrun started several for one stage."""

import os


def world() -> tuple[int, int]:
    """Return the rank of this process and the number of processes; 0 and 1 without torchrun."""
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


def leads() -> bool:
    """Return whether this is the process with rank 0, which writes."""
    return world()[0] == 0
