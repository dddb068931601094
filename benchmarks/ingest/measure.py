"""Runs a contender in a process of its own: its time, and the most memory that it held."""

import multiprocessing
import os
import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Measured:
    """What a contender gave.

    Attributes:
        seconds: by the clock.
        busy: seconds of processors, its workers' included: what other work on the machine disturbs less.
        memory: bytes that it held at most, its imports included.
    """

    result: Any
    seconds: float
    busy: float
    memory: int


def measure(work: Callable[..., Any], *arguments: Any, runs: int = 1) -> Measured:
    """The fastest of so many runs after one that warms caches, if there is more than one."""
    context = multiprocessing.get_context("spawn")  # a fork would begin with this process's memory
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(timed, work, arguments, runs).result()


def timed(work: Callable[..., Any], arguments: Sequence[Any], runs: int) -> Measured:
    costs = []
    for _ in range(runs if runs == 1 else runs + 1):
        started, before = time.perf_counter(), busy()
        result = work(*arguments)
        costs.append((time.perf_counter() - started, busy() - before))
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    seconds, processors = (min(cost) for cost in zip(*costs[-runs:], strict=True))
    return Measured(result, seconds, processors, max(peak(), children))


def busy() -> float:
    """Seconds that processors have worked for this process and the workers that it has seen end."""
    return sum(os.times()[:4])


def peak() -> int:
    """Bytes that this process held at most. Its ru_maxrss would count the process that started it, too."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * int(next(line.split()[1] for line in status if line.startswith("VmHWM")))


def table(title: str, size: int, rows: Sequence[tuple[str, Measured]]) -> str:
    """Lines with each row's throughput for so many bytes of input, by the clock and by processors, and its ratio."""
    first = rows[0][1].busy
    lines = [f"{title} ({size / 1e6:.0f} MB)"]
    lines += [
        f"  {name:<44} {size / row.seconds / 1e6:8.1f} MB/s {size / row.busy / 1e6:8.1f} MB a processor's second "
        f"{row.memory / 1e6:7.0f} MB  {first / row.busy:5.2f} x"
        for name, row in rows
    ]
    return "\n".join(lines)
