"""Word vectors on a plane. N words, D dimensions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MapName = Literal["pca", "tsne"]

PERPLEXITY = 15.0  # of t-SNE: the effective number of neighbours
STEPS = 1000  # of its descent


@dataclass(frozen=True)
class MapSpec:
    name: str
    rule: str
    source: str
    departs: str
    place: Callable[[Floats], Floats]  # unit vectors (N, D) to places (N, 2)


def pca(unit: Floats) -> Floats:
    """Coordinates on the two axes of largest variance, each pointing to where its largest coordinate is."""
    centred = unit - unit.mean(axis=0)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    places = left[:, :2] * singular[:2]
    return places * np.sign(places[np.abs(places).argmax(axis=0), [0, 1]])  # type: ignore[no-any-return]


def tsne(unit: Floats) -> Floats:
    """Return positions that preserve neighbours, but not large distances. The bytes are the same on every processor."""
    from sklearn.manifold import TSNE  # takes a second, which nothing else here needs

    start = pca(unit)
    model = TSNE(
        perplexity=min(PERPLEXITY, (len(unit) - 1) / 3),
        init=start / start[:, 0].std() * 1e-4,
        method="exact",
        max_iter=STEPS,
        learning_rate="auto",
    )
    return np.asarray(model.fit_transform(unit), np.float64)


MAPS: dict[MapName, MapSpec] = {
    "pca": MapSpec(
        name="principal axes",
        rule="the two axes along which the vectors vary most",
        source="Pearson 1901, Philosophical Magazine 2",
        departs="nothing",
        place=pca,
    ),
    "tsne": MapSpec(
        name="t-SNE",
        rule="the Kullback-Leibler divergence of who is near whom, by a Gaussian there and Student's t here, falls",
        source="van der Maaten & Hinton 2008, JMLR 9; scikit-learn's TSNE, every pair counted",
        departs="starts from the principal axes in place of random places: Kobak & Linderman 2021, Nat. Biotechnol. 39",
        place=tsne,
    ),
}
