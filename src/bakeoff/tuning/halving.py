"""Successive halving and Hyperband: most points are trained for few epochs, and only the best of them for more."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from bakeoff.tuning.dotted import EPOCHS
from bakeoff.tuning.searchers.searcher import Problem, Proposal, Searcher
from bakeoff.tuning.settings import HalvingSettings
from bakeoff.tuning.space import Point


@dataclass(frozen=True)
class Rung:
    """So many points, each trained for so many epochs.

    Attributes:
        further: epochs that each of them costs: without those from which it goes on.
    """

    epochs: int
    points: int
    further: int

    @property
    def cost(self) -> int:
        """In epochs."""
        return self.further * self.points


Bracket = Sequence[Rung]  # each rung has the best points of the one before


@dataclass(frozen=True)
class Plan:
    """What a search by halving trains.

    Attributes:
        epochs: of a full training.
    """

    epochs: int
    brackets: Sequence[Bracket]

    @property
    def cost(self) -> Fraction:
        """In full trainings."""
        return Fraction(sum(rung.cost for bracket in self.brackets for rung in bracket), self.epochs)

    @property
    def cheapest(self) -> Fraction:
        """The cost of the shortest training."""
        return Fraction(min(bracket[0].epochs for bracket in self.brackets), self.epochs)


def planned(settings: HalvingSettings, epochs: int, budget: int) -> Plan:
    """Return the brackets of a search that may cost so many full trainings.

    halving: one bracket, from the first rung on. hyperband: one from each rung on, each of about the same cost.
    """
    levels = rungs(settings, epochs)
    starts = levels[:budget] if settings.kind == "hyperband" else levels[:1]
    left, made = budget * epochs, []
    for number, start in enumerate(starts):
        share = left // (len(starts) - number)
        made.append(bracket(levels[levels.index(start) :], settings, share))
        left -= sum(rung.cost for rung in made[-1])
    return Plan(epochs, made)


def rungs(settings: HalvingSettings, epochs: int) -> list[int]:
    """Return the epochs of each rung: those of a full training, over factor, over its square, ..., down to first."""
    levels, level = [epochs], epochs // settings.factor
    while level >= settings.first:
        levels.insert(0, level)
        level //= settings.factor
    return levels


def bracket(levels: Sequence[int], settings: HalvingSettings, budget: int) -> list[Rung]:
    """Return the bracket with the most points that costs at most so many epochs, of which a full training is one part.

    Where it does not pay for so many points that one of them climbs all rungs, the lowest rung is left out.
    """
    factor = settings.factor
    done = [0, *levels[:-1]] if settings.resume else [0] * len(levels)

    def climbing(points: int) -> list[Rung]:
        return [
            Rung(level, points // factor**height, level - before)
            for height, (level, before) in enumerate(zip(levels, done, strict=True))
        ]

    def cost(points: int) -> int:
        return sum(rung.cost for rung in climbing(points))

    points = bisect_right(range(1, budget // levels[0] + 1), budget, key=cost)
    enough = points >= factor ** (len(levels) - 1)
    return climbing(points) if enough else bracket(levels[1:], settings, budget)


class Halving:
    """Trains the points of a searcher for the epochs of the first rung, and the best 1 / factor of them for the next.

    A point that climbs goes on from its checkpoint, or is trained anew, as the settings have it: see HalvingSettings.
    Where too few points of a rung have a value, diverged ones climb as well. The searcher is told the values of the
    first rung alone, which are comparable. Each bracket has a searcher of its own, with a seed of its own.
    Source: Jamieson & Talwalkar 2016, AISTATS 51; Li et al. 2018, JMLR 18(185).
    Differs: a bracket has as many points as its share of the budget allows.
    """

    def __init__(self, problem: Problem, build: Callable[[Problem], Searcher], plan: Plan) -> None:
        """Args:
        build: makes the searcher of a bracket.
        """
        self.epochs = plan.epochs
        self.brackets = list(plan.brackets)
        self.searchers = [
            build(replace(problem, budget=bracket[0].points, seed=seed_of(problem.seed, number)))
            for number, bracket in enumerate(plan.brackets)
        ]
        self.bracket, self.height = 0, 0
        self.waiting: list[Point] = []  # of those that climbed to this rung
        self.asked: list[Point] = []
        self.tried: list[tuple[float, Point]] = []  # on this rung

    @property
    def rung(self) -> Rung:
        return self.brackets[self.bracket][self.height]

    def ask(self, n: int) -> list[Proposal]:
        n = min(n, self.rung.points - len(self.tried))
        if self.height == 0:
            self.asked = [proposal.point for proposal in self.searchers[self.bracket].ask(n)]
        else:
            self.asked, self.waiting = self.waiting[:n], self.waiting[n:]
        epochs, cost = self.rung.epochs, Fraction(self.rung.further, self.epochs)
        return [Proposal(point | {EPOCHS: epochs}, cost, epochs == self.epochs) for point in self.asked]

    def tell(self, values: Sequence[float]) -> None:
        if self.height == 0:
            self.searchers[self.bracket].tell(values)
        self.tried += zip(values, self.asked, strict=True)
        if len(self.tried) == self.rung.points:
            self.climb()

    def climb(self) -> None:
        """Begin the next rung with the best points of this one, or the next bracket."""
        if self.height + 1 < len(self.brackets[self.bracket]):
            self.height += 1
            best = sorted(self.tried, key=lambda one: one[0])[: self.rung.points]
            self.waiting = [point for _, point in best]
        else:
            self.bracket, self.height = self.bracket + 1, 0
        self.tried = []


def halved(
    settings: HalvingSettings | None, epochs: int, problem: Problem, build: Callable[[Problem], Searcher]
) -> Searcher:
    """Return the searcher of a problem, under halving if there are settings of it.

    Args:
        epochs: of a full training.
    """
    return Halving(problem, build, planned(settings, epochs, problem.budget)) if settings else build(problem)


def seed_of(seed: int, bracket: int) -> int:
    """Return the seed of a bracket's searcher; the first one has that of the search."""
    return int(np.random.SeedSequence([seed, bracket]).generate_state(1)[0]) if bracket else seed
