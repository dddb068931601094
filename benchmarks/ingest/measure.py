"""Runs a contender in a process of its own: its time, and the most memory that it held."""

import multiprocessing
import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Measured:
    """What a contender gave, in how many seconds, with how many bytes of memory at most (its imports included)."""

    result: Any
    seconds: float
    memory: int


def measure(work: Callable[..., Any], *arguments: Any, runs: int = 1) -> Measured:
    """The fastest of so many runs after one that warms caches, if there is more than one."""
    context = multiprocessing.get_context("spawn")  # a fork would begin with this process's memory
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(timed, work, arguments, runs).result()


def timed(work: Callable[..., Any], arguments: Sequence[Any], runs: int) -> Measured:
    seconds = []
    for _ in range(runs if runs == 1 else runs + 1):
        started = time.perf_counter()
        result = work(*arguments)
        seconds.append(time.perf_counter() - started)
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return Measured(result, min(seconds[-runs:]), max(peak(), children))


def peak() -> int:
    """Bytes that this process held at most. Its ru_maxrss would count the process that started it, too."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * int(next(line.split()[1] for line in status if line.startswith("VmHWM")))


def table(title: str, size: int, rows: Sequence[tuple[str, Measured]]) -> str:
    """Lines with the throughput of each row for so many bytes of input, and its ratio to the first row's."""
    first = rows[0][1].seconds
    lines = [f"{title} ({size / 1e6:.0f} MB)"]
    lines += [
        f"  {name:<44} {size / row.seconds / 1e6:8.1f} MB/s {row.memory / 1e6:7.0f} MB  {first / row.seconds:5.2f} x"
        for name, row in rows
    ]
    return "\n".join(lines)
