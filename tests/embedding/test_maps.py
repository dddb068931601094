"""Maps of words; run as a script, this file prints what a processor makes of them."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from bakeoff.embedding.maps import MAPS, Floats, MapName, pca

EACH = pytest.mark.parametrize("name", MAPS)


def clouds(size: int = 60, clouds: int = 3) -> tuple[Floats, Floats]:
    """Unit vectors (N, D) around some middles, and which of them each belongs to."""
    rng = np.random.default_rng(0)
    kinds = np.arange(size) % clouds
    x = rng.normal(size=(size, 10)) + 4 * rng.normal(size=(clouds, 10))[kinds]
    return x / np.linalg.norm(x, axis=1, keepdims=True), kinds


def test_the_registry_names_all() -> None:
    assert set(MAPS) == set(get_args(MapName))


@EACH
def test_neighbours_on_the_map_are_of_a_kind(name: MapName) -> None:
    unit, kinds = clouds()
    places = MAPS[name].place(unit)
    assert places.shape == (60, 2)
    apart = np.linalg.norm(places[:, None] - places, axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (kinds[apart.argmin(axis=1)] == kinds).mean() > 0.95  # by chance a third


@EACH
def test_a_map_has_the_same_bytes_twice(name: MapName) -> None:
    first, again = (MAPS[name].place(clouds()[0]).tobytes() for _ in range(2))
    assert first == again


def test_principal_axes_are_those_of_the_covariance_and_point_to_the_farthest() -> None:
    unit, _ = clouds()
    places = pca(unit)
    values, axes = np.linalg.eigh(np.cov(unit.T))
    expected = (unit - unit.mean(axis=0)) @ axes[:, [-1, -2]]
    assert np.abs(places) == pytest.approx(np.abs(expected), abs=1e-9)
    assert places.var(axis=0, ddof=1) == pytest.approx(values[[-1, -2]])
    assert (places[np.abs(places).argmax(axis=0), [0, 1]] > 0).all()


@pytest.mark.parametrize("size", [3, 5])
def test_few_words_are_placed_too(size: int) -> None:
    for spec in MAPS.values():
        assert np.isfinite(spec.place(clouds(size)[0])).all()


@pytest.mark.emulated
@pytest.mark.parametrize("processor", ["Haswell"])
def test_a_map_is_the_same_on_another_processor(processor: str, printed: Callable[..., list[str]]) -> None:
    assert len(printed()) == len(MAPS)
    assert printed(processor) == printed()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    import pipeline  # noqa: F401  sets the environment that makes bytes equal
    from bakeoff.embedding import maps

    maps.STEPS = 300  # beyond the 250 steps of early exaggeration; all thousand take minutes on an emulated processor
    for spec in MAPS.values():
        print(hashlib.sha256(spec.place(clouds()[0]).tobytes()).hexdigest())
