"""Searchers that compute with floating point propose the same points under other kernels, which round differently."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

# Kernels that every x86-64 processor can run, in place of those that bakeoff.base.reproducible pins.
OTHER = {
    "ATEN_CPU_CAPABILITY": "default",
    "OPENBLAS_CORETYPE": "Nehalem",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
PROGRAM = """
import json
from bakeoff.tuning.searchers.registry import SEARCHERS
from bakeoff.tuning.searchers.searcher import Problem
from bakeoff.tuning.settings import CmaSettings, GpSettings, Range
from bakeoff.tuning.space import Space

space = Space({name: Range(low=0.0, high=1.0, scale="linear") for name in "abcd"})


def points(method, settings, trials):
    searcher = SEARCHERS[method].build(Problem("kernels", space, trials, 2, None), settings)
    found = []
    while len(found) < trials:
        asked = [proposal.point for proposal in searcher.ask(2)]
        searcher.tell([sum((k + 1) * (at - 0.3) ** 2 for k, at in enumerate(point.values())) for point in asked])
        found += asked
    return searcher, found


cma, by_cma = points("cma", CmaSettings(population=6, deviation=0.3, levels=1024), 120)
_, by_gp = points("gp", GpSettings(startup_trials=4, levels=128), 16)
print(json.dumps({"cma": by_cma, "gp": by_gp, "covariance": cma.optimizer._C.tolist()}))
"""


def searched(before: str, environment: dict[str, str]) -> Any:
    """Run the search in a process of their own."""
    command = [sys.executable, "-c", before + PROGRAM]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="OpenBLAS has these kernels for x86-64 alone")
def test_cma_and_gp_propose_the_same_under_other_kernels() -> None:
    pinned, other = searched("import bakeoff.base.reproducible", {}), searched("", OTHER)
    assert other["covariance"] != pinned["covariance"]  # else the kernels are the same, and this shows nothing
    assert other["cma"] == pinned["cma"]
    assert other["gp"] == pinned["gp"]
