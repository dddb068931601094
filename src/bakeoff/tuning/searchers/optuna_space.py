"""A searcher that is one of Optuna's samplers, and the axes along which it samples."""

from collections.abc import Mapping, Sequence
from typing import Any

import optuna

from bakeoff.tuning.searchers.searcher import Proposal
from bakeoff.tuning.settings import Choice
from bakeoff.tuning.space import Cube, Space

optuna.logging.set_verbosity(optuna.logging.WARNING)  # it announces each study on stderr

Axes = Mapping[str, optuna.distributions.BaseDistribution]


def axes(space: Space) -> Axes:
    """Return an axis from 0 to 1 for each range, and one of the numbers of its choices for each choice."""
    return {
        name: optuna.distributions.CategoricalDistribution(range(len(dimension.choices)))
        if isinstance(dimension, Choice)
        else optuna.distributions.FloatDistribution(0.0, 1.0)
        for name, dimension in space.dimensions.items()
    }


class Sampled:
    """Proposes the points of a sampler of Optuna, and tells it the values."""

    def __init__(self, space: Space, sampler: optuna.samplers.BaseSampler, objectives: int = 1) -> None:
        """Args:
        objectives: their number.
        """
        self.space, self.axes = space, axes(space)
        self.study = optuna.create_study(sampler=sampler, directions=["minimize"] * objectives)
        self.asked: list[optuna.Trial] = []

    def ask(self, n: int) -> list[Proposal]:
        drawn = [self.draw() for _ in range(n)]
        self.asked += drawn
        return [Proposal(self.space.point(self.cube(trial))) for trial in drawn]

    def draw(self) -> optuna.Trial:
        return self.study.ask(dict(self.axes))

    def cube(self, trial: optuna.Trial) -> Cube:
        """Return the place of a trial; a choice is the middle of its part."""
        return tuple(
            (trial.params[name] + 0.5) / len(dimension.choices) if isinstance(dimension, Choice) else trial.params[name]
            for name, dimension in self.space.dimensions.items()
        )

    def tell(self, values: Sequence[Any]) -> None:
        for trial, value in zip(self.first(len(values)), values, strict=True):
            self.study.tell(trial, value)

    def first(self, n: int) -> list[optuna.Trial]:
        """Take the first of the trials that have no value."""
        taken, self.asked = self.asked[:n], self.asked[n:]
        return taken
