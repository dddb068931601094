"""Points of a search space: for each hyperparameter that is searched, a range from low to high on its scale."""

import math
from collections.abc import Mapping

import torch
from torch.quasirandom import SobolEngine

from bakeoff.optimizers.settings import Scale

EDGE = 0.1  # the share of a space, on its scale, that counts as its edge


def points(
    space: Mapping[str, tuple[float, float]], scales: Mapping[str, Scale], count: int, seed: int
) -> list[dict[str, float]]:
    """Return points that are spread evenly on the scale of each hyperparameter.

    They are the first points of a scrambled Sobol sequence: the same as those of any larger count with the same seed,
    and each 2^m-th part of a scale holds one of the first 2^m. Values have six digits: enough for a search, and without
    the last bits of a logarithm, which differ between machines.

    Source: Sobol' 1967, USSR Computational Mathematics and Mathematical Physics 7(4); scrambled as Matousek 1998,
    Journal of Complexity 14(4).
    """
    if not space:
        return [{} for _ in range(count)]
    # torch's, for the import of scipy.stats takes half as long as that of torch.
    sequence = SobolEngine(len(space), scramble=True, seed=seed)  # type: ignore[no-untyped-call]
    cube = sequence.draw(count, dtype=torch.float64)
    return [
        {name: value(scales[name], bounds, share) for (name, bounds), share in zip(space.items(), row, strict=True)}
        for row in cube.tolist()
    ]


def edge(space: Mapping[str, tuple[float, float]], point: Mapping[str, float]) -> str | None:
    """Return a warning if the learning rate of the best point is in the first or last tenth of its scale."""
    low, high = space["learning_rate"]
    rate = point["learning_rate"]
    share = math.log(rate / low) / math.log(high / low)
    if EDGE <= share <= 1 - EDGE:
        return None
    end = "lower" if share < EDGE else "upper"
    return f"learning_rate {rate:.3g} lies at the {end} edge of its space, {low:g} to {high:g}; widen it"


def value(scale: Scale, bounds: tuple[float, float], share: float) -> float:
    """Return the value at a share of the scale: low at 0, high at 1."""
    low, high = bounds
    if scale is Scale.LOG_COMPLEMENT:
        exact = 1 - (1 - low) * ((1 - high) / (1 - low)) ** share
    else:
        exact = low * (high / low) ** share
    return min(max(float(f"{exact:.6g}"), low), high)  # rounding may lead out of the space
