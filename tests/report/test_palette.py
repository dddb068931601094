import itertools
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.report.figures.palette import COLOURS, METHODS, SPARE
from bakeoff.tuning.searchers.registry import SEARCHERS

TEMPLATE = Path(__file__).parents[2] / ".dvc/plots/curves.json"

# What an eye without one kind of cone sees of linear RGB. Source: Machado, Oliveira & Fernandes 2009, severity 1.0.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour: str) -> NDArray[np.float64]:
    """sRGB `#rrggbb` as light."""
    value = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIELAB (D65), in which about 2 is the least difference an eye notices."""
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    xyz = np.array(to_xyz) @ rgb.clip(0, 1) / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_every_optimizer_and_every_search_has_a_colour() -> None:
    assert COLOURS.keys() == OPTIMIZERS.keys(), "all of SPARE is taken: look for another"
    assert list(METHODS) == list(SEARCHERS)


@pytest.mark.parametrize("palette", [(*COLOURS.values(), *SPARE), METHODS.values()], ids=["optimizers", "searches"])
@pytest.mark.parametrize("blindness", BLINDNESS)
def test_eyes_of_every_kind_tell_the_colours_apart(palette: Iterable[str], blindness: str) -> None:
    seen = {colour: lab(np.array(BLINDNESS[blindness]) @ linear(colour)) for colour in palette}
    nearest, pair = min((float(np.linalg.norm(seen[a] - seen[b])), (a, b)) for a, b in itertools.combinations(seen, 2))
    assert nearest > 10, f"{pair}: {nearest:.1f}"  # five times the least difference an eye notices


def test_dvc_draws_in_the_same_colours() -> None:
    scale = json.loads(TEMPLATE.read_text(encoding="utf-8"))["spec"]["encoding"]["color"]["scale"]
    assert dict(zip(scale["domain"], scale["range"], strict=True)) == COLOURS, "run `make deps`"
