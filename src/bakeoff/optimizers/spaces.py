"""The spaces that the contest searches: for each optimizer some of its constants, each from low to high."""

import math
from collections.abc import Mapping
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field
from scipy.stats.qmc import Sobol

# How much of the past an average keeps. 0.9, 0.99, 0.999 are evenly apart: it is 1 - beta that has a scale.
AVERAGES = ("beta", "beta1", "beta2", "rho", "adam_beta1", "adam_beta2")
EDGE = 0.1  # the share of a space, on its scale, that counts as its edge


def rising(bounds: tuple[float, float]) -> tuple[float, float]:
    if not 0 <= bounds[0] < bounds[1]:
        raise ValueError(f"is {list(bounds)}, and should be [low, high] with 0 <= low < high")
    return bounds


Bound = Annotated[float, Field(strict=True)]
Bounds = Annotated[tuple[Bound, Bound], Field(strict=False), AfterValidator(rising)]
SpaceSettings = dict[str, Bounds]  # by constant; what is not named keeps its value


def points(space: Mapping[str, tuple[float, float]], count: int, seed: int) -> list[dict[str, float]]:
    """So many points, spread evenly on the scale of each constant: the logarithm of it, or of 1 - beta for averages.

    The first points of a scrambled Sobol sequence: they are those of any larger count with the same seed, and of the
    first 2^m each 2^m-th part of a scale holds one. Six digits of each value: enough for a search, and what the last
    bits of a logarithm may differ by between machines is gone.

    Source: Sobol' 1967, USSR Computational Mathematics and Mathematical Physics 7(4); scrambled as Matousek 1998,
    Journal of Complexity 14(4).
    """
    if not space or count < 1:
        return [{} for _ in range(count)]
    # Whole powers of two, of which the sequence's balance holds, though fewer of them may be wanted.
    sequence = Sobol(len(space), scramble=True, rng=np.random.default_rng(seed))
    cube = sequence.random_base2(math.ceil(math.log2(count)))[:count]
    return [
        {name: at(name, bounds, share) for (name, bounds), share in zip(space.items(), row, strict=True)}
        for row in cube.tolist()
    ]


def edge(space: Mapping[str, tuple[float, float]], point: Mapping[str, float]) -> str | None:
    """A warning where the learning rate of the best point lies in the first or last tenth of its scale."""
    low, high = space["learning_rate"]
    rate = point["learning_rate"]
    share = math.log(rate / low) / math.log(high / low)
    if EDGE <= share <= 1 - EDGE:
        return None
    end = "lower" if share < EDGE else "upper"
    return f"learning_rate {rate:.3g} lies at the {end} edge of its space, {low:g} to {high:g}; widen it"


def at(name: str, bounds: tuple[float, float], share: float) -> float:
    """The value at a share of the scale: low at 0, high at 1."""
    low, high = bounds
    value = 1 - (1 - low) * ((1 - high) / (1 - low)) ** share if name in AVERAGES else low * (high / low) ** share
    return min(max(float(f"{value:.6g}"), low), high)  # rounding may lead out of the space
