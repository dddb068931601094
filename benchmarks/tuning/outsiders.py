"""Libraries that are not among the project's packages as contenders, each in an environment of its own."""

import json
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from bakeoff.base.settings import BadInput
from bakeoff.tuner_contest.problem import Problem

SCRIPTS = Path(__file__).with_name("outside")
PACKAGES: Mapping[str, str] = {"nevergrad": "nevergrad", "smac": "smac", "ax": "ax-platform"}  # as pip names them


def python(environments: Path, library: str) -> Path:
    """Return the interpreter of a library's environment.

    Raises:
        BadInput: it is not there.
    """
    found = environments / library / "bin/python"
    if not found.exists():
        made = f"python -m venv {environments / library}; {environments / library}/bin/pip install {PACKAGES[library]}"
        raise BadInput(f"{found}: not found; {made}")
    return found


@cache
def version(environments: Path, library: str) -> str:
    """Return the version of a library in its environment."""
    asked = f"from importlib.metadata import version; print(version('{PACKAGES[library]}'))"
    done = subprocess.run([python(environments, library), "-c", asked], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def by_script(environments: Path, library: str, problem: Problem, budget: int, seed: int) -> tuple[list[float], float]:
    """Return the values of all trials of a search on the unit cube, and the processor time for each.

    Raises:
        RuntimeError: the script ended before the last trial.
    """
    command = [python(environments, library), f"search_by_{library}.py", len(problem.space), budget, seed]
    values: list[float] = []
    with subprocess.Popen(
        list(map(str, command)),
        cwd=SCRIPTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(budget):
            if not (line := process.stdout.readline()):
                raise RuntimeError(f"{' '.join(process.args[1:])} ended after {len(values)} of {budget} trials")  # type: ignore[index]
            values.append(problem.value(problem.space.point(json.loads(line))))
            print(values[-1], file=process.stdin, flush=True)
        return values, float(process.stdout.readline()) / budget
