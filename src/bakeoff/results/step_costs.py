"""The time of a step as measured by `benchmarks/costs.py`; the report has no other times in seconds."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bakeoff.base import paths
from bakeoff.base.settings import BadInput
from bakeoff.results.model import Comparison, Profile
from bakeoff.results.time_to_target import profile, reached

PATH = paths.COSTS
REMEDY = "`python -m benchmarks.costs` measures it again, on a quiet machine"


@dataclass(frozen=True)
class Costs:
    """Seconds.

    Attributes:
        processor: the processor, of which one core was used.
        seconds: the time of a step, by task, model and optimizer.
    """

    processor: str
    seconds: Mapping[str, Mapping[str, Mapping[str, float]]]

    @property
    def name(self) -> str:
        """The name of the processor, without family and stepping."""
        return self.processor.rpartition("model name ")[2]

    def step(self, task: str, model: str, optimizer: str) -> float | None:
        """Return the time of a step; None if it was not measured."""
        return self.seconds.get(task, {}).get(model, {}).get(optimizer)

    def after(self, task: str, model: str, optimizer: str, steps: float | None) -> float | None:
        """Return the time of a number of steps; None if it is infinite, or a step was not measured."""
        cost = self.step(task, model, optimizer)
        return None if cost is None or steps is None else cost * steps


def measured() -> str:
    """Return the path of the file.

    Raises:
        BadInput: it is missing. No stage writes it, because times are not reproducible.
    """
    if not Path(PATH).exists():
        raise BadInput(f"{PATH}: not found, and no stage makes it; {REMEDY}")
    return PATH


def read(path: Path) -> Costs:
    """Return the content of the file.

    Raises:
        BadInput: it is not what the benchmark writes.
    """
    try:
        return Costs(**json.loads(path.read_text(encoding="utf-8")))
    except (TypeError, ValueError) as error:
        raise BadInput(f"{path}: {error}; {REMEDY}") from None


def profiles(comparison: Comparison, costs: Costs) -> dict[str, Profile]:
    """Return performance profiles by the unit of time: steps, and seconds if all steps were measured."""
    in_steps = comparison.profile
    return both(in_steps, comparison, costs, 0.0) if in_steps else {}


def relaxed_profiles(comparison: Comparison, costs: Costs) -> dict[float, dict[str, Profile]]:
    """Return the same by relaxed targets, by relaxation."""
    return {
        in_steps.relaxation: both(in_steps, comparison, costs, in_steps.relaxation)
        for in_steps in comparison.relaxed_profiles
    }


def both(in_steps: Profile, comparison: Comparison, costs: Costs, relaxation: float) -> dict[str, Profile]:
    """Return a profile in steps and one in seconds."""
    seconds: dict[str, dict[str, float]] = {}
    for name, task in comparison.tasks.items():
        for model, family in task.models.items():
            if family.target:
                taken = {
                    optimizer: math.inf if found.median is None else costs.after(name, model, optimizer, found.median)
                    for optimizer, found in reached(family.target, relaxation).items()
                }
                seconds[f"{name}: {model}"] = {of: time for of, time in taken.items() if time is not None}
    in_seconds = profile(seconds)
    return {"steps": in_steps} | ({"seconds": in_seconds} if in_seconds and alike(in_steps, in_seconds) else {})


def alike(one: Profile, other: Profile) -> bool:
    """Return whether two profiles have the same problems and the same optimizers."""
    return set(one.problems) == set(other.problems) and one.ratios.keys() == other.ratios.keys()
