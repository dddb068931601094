"""One search of a problem by one method, in batches as a study makes them."""

import math

import numpy as np

from bakeoff.base.settings import Settings
from bakeoff.tuner_contest.problem import Problem
from bakeoff.tuning.searchers.registry import SEARCHERS
from bakeoff.tuning.searchers.searcher import Problem as Searched
from bakeoff.tuning.searchers.searcher import Searcher, no_slope
from bakeoff.tuning.settings import Choice, GridSettings, Range
from bakeoff.tuning.space import Space

STUDY = "contest"  # the name under which a grid finds its levels


def build(method: str, settings: Settings | None, space: Space, budget: int, seed: int) -> Searcher:
    """Return the searcher of a method.

    Args:
        settings: of the method; of a grid none, which gets levels that fit the budget.
    """
    if method == "grid":
        settings = GridSettings(levels={STUDY: levels(space, budget, seed)})
    return SEARCHERS[method].build(Searched(STUDY, space, budget, seed, no_slope), settings)


def searched(searcher: Searcher, problem: Problem, budget: int, batch: int) -> list[float]:
    """Return the values of all trials of a search, in the order asked."""
    values: list[float] = []
    while len(values) < budget:
        proposals = searcher.ask(min(batch, budget - len(values)))
        found = [problem.value(proposal.point) for proposal in proposals]
        searcher.tell(found)
        values += found
    return values


def levels(space: Space, budget: int, seed: int) -> dict[str, int]:
    """Return levels of the ranges that make at least as many points as the budget, with the choices.

    Which ranges have a level more than others is drawn.
    """
    most = {name: most_levels(space, name, budget) for name, one in space.dimensions.items() if isinstance(one, Range)}
    choices = [len(one.choices) for one in space.dimensions.values() if isinstance(one, Choice)]
    counts = dict.fromkeys(most, 1)
    names = list(most)
    order = [names[place] for place in np.random.default_rng(seed).permutation(len(names))]
    while math.prod([*counts.values(), *choices]) < budget:
        counts[min((name for name in order if counts[name] < most[name]), key=counts.__getitem__)] += 1
    return counts


def most_levels(space: Space, name: str, budget: int) -> int:
    """Return the largest number of levels of a range: the number of its integers, or of the trials of the budget."""
    low, high = space.extremes(name)
    return int(high) - int(low) + 1 if name in space.integers else budget
