"""Libraries in environments of their own are asked for points and told the values, over pipes."""

import sys
from pathlib import Path

import numpy as np
import pytest

from bakeoff.base.settings import BadInput
from bakeoff.tuner_contest.functions import function_problem
from benchmarks.tuning.outsiders import by_script, python, version

NEVERGRAD = """
class P:
    class Array:
        def __init__(self, shape, lower, upper):
            self.size, self.random_state = shape[0], self
        def seed(self, seed):
            self.seeded = seed
p = P
class Candidate:
    def __init__(self, value):
        self.value = value
class optimizers:
    class NGOpt:
        def __init__(self, parametrization, budget):
            self.cube, self.told = parametrization, []
        def ask(self):
            print("a line that is no point")
            return Candidate([(len(self.told) + self.cube.seeded) / 10] * self.cube.size)
        def tell(self, candidate, value):
            self.told.append(value)
"""


@pytest.fixture
def environments(tmp_path: Path) -> Path:
    """An environment with a made-up Nevergrad, whose points lie on a line."""
    (tmp_path / "nevergrad/bin").mkdir(parents=True)
    (tmp_path / "nevergrad/nevergrad.py").write_text(NEVERGRAD)
    own = tmp_path / "nevergrad/bin/python"
    own.write_text(f'#!/bin/sh\nPYTHONPATH="{tmp_path}/nevergrad" exec "{sys.executable}" "$@"\n')
    own.chmod(0o755)
    return tmp_path


def test_a_library_gets_the_value_of_each_of_its_points(environments: Path) -> None:
    problem = function_problem("branin")
    values, seconds = by_script(environments, "nevergrad", problem, 4, 3)
    places = [np.full(2, (3 + n) / 10) for n in range(4)]
    assert values == [problem.value(dict(enumerate(place))) for place in places]
    assert 0 <= seconds < 1


def test_a_library_that_fails_is_not_taken_for_a_short_search(environments: Path) -> None:
    (environments / "nevergrad/nevergrad.py").write_text("raise ImportError")
    with pytest.raises(RuntimeError, match=r"search_by_nevergrad.py 2 4 3 ended after 0 of 4 trials"):
        by_script(environments, "nevergrad", function_problem("branin"), 4, 3)


def test_an_environment_that_is_missing_is_named_with_the_way_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"ax/bin/python: not found; python -m venv .*ax/bin/pip install ax-platform$"):
        python(tmp_path, "ax")


def test_the_version_is_that_of_the_environment(tmp_path: Path) -> None:
    (tmp_path / "smac/bin").mkdir(parents=True)
    (tmp_path / "smac/bin/python").write_text("#!/bin/sh\necho 9.9\n")
    (tmp_path / "smac/bin/python").chmod(0o755)
    assert version(tmp_path, "smac") == "9.9"
