"""The loop that the scripts share: a point out, its value in. It imports nothing but the standard library."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

Ask = Callable[[], tuple[Any, Sequence[float]]]  # what the library calls a trial, and its point
Tell = Callable[[Any, float], None]


def searched(build: Callable[[int, int, int], tuple[Ask, Tell]]) -> None:
    """Search as the command line says.

    Args:
        build: makes the library's two functions from the dimensions, the trials and the seed.
    """
    dimensions, trials, seed = map(int, sys.argv[1:])
    out, sys.stdout = sys.stdout, sys.stderr  # whatever the library prints is no point
    ask, tell = build(dimensions, trials, seed)
    seconds = -time.process_time()
    for _ in range(trials):
        trial, point = ask()
        seconds += time.process_time()
        print(json.dumps([float(coordinate) for coordinate in point]), file=out, flush=True)
        value = float(sys.stdin.readline())
        seconds -= time.process_time()
        tell(trial, value)
    print(seconds + time.process_time(), file=out, flush=True)
