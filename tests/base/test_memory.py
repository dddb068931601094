import subprocess
import sys

import pytest

# Page faults of ten rounds that take, fill and free what a step of a small ResNet takes: pieces below and above what
# glibc gives back to the kernel.
STEPS = """
import resource, sys
import numpy as np
from bakeoff.base import memory

if sys.argv[1] == "keep":
    memory.keep()

def step():
    pieces = [np.empty(2**20 * size, np.uint8) for size in (8, 8, 4, 8, 16, 2)]
    for piece in pieces:
        piece.fill(1)

for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(mode: str) -> int:
    done = subprocess.run([sys.executable, "-c", STEPS, mode], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc")
def test_what_is_freed_is_used_again_without_the_kernel() -> None:
    """46 MiB in pages of 4 KiB, ten times, are 117,760; large pages make them fewer."""
    assert faults("keep") < 100 < faults("give back")
