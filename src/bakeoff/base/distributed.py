"""Which process this is, where torchrun started several for one stage."""

import os


def world() -> tuple[int, int]:
    """The number of this process, from 0, and of how many; 0 of 1 where torchrun had no part in it."""
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


def leads() -> bool:
    """Whether this is the process that writes: the first."""
    return world()[0] == 0
