"""CMA-ES proposes the same points under other kernels of linear algebra, which round differently."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

# Kernels that every x86-64 processor can run, in place of those that bakeoff.base.reproducible pins.
OTHER = {
    "OPENBLAS_CORETYPE": "Nehalem",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
PROGRAM = """
import json
from bakeoff.tuning.registry import SEARCHERS
from bakeoff.tuning.searcher import Problem
from bakeoff.tuning.settings import CmaSettings, Range
from bakeoff.tuning.space import Space

space = Space({name: Range(low=0.0, high=1.0, scale="linear") for name in "abcd"})
searcher = SEARCHERS["cma"].build(
    Problem("kernels", space, 120, 2, None), CmaSettings(population=6, deviation=0.3, levels=1024)
)
points = []
while len(points) < 120:
    asked = [proposal.point for proposal in searcher.ask(2)]
    searcher.tell([sum((k + 1) * (at - 0.3) ** 2 for k, at in enumerate(point.values())) for point in asked])
    points += asked
print(json.dumps({"points": points, "covariance": searcher.optimizer._C.tolist()}))
"""


def searched(before: str, environment: dict[str, str]) -> Any:
    """Run the search in a process of their own."""
    command = [sys.executable, "-c", before + PROGRAM]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="OpenBLAS has these kernels for x86-64 alone")
def test_cma_proposes_the_same_under_other_kernels() -> None:
    pinned, other = searched("import bakeoff.base.reproducible", {}), searched("", OTHER)
    assert other["covariance"] != pinned["covariance"]  # else the kernels are the same, and this shows nothing
    assert other["points"] == pinned["points"]
