from pathlib import Path

import numpy as np
import pytest

from bakeoff.base import settings
from bakeoff.data.examples import Examples, Split
from bakeoff.data.limits import Limits
from bakeoff.data.remarks import Remarks
from bakeoff.data.scans import scans
from bakeoff.data.scans.read import read
from bakeoff.data.scans.settings import ScansSettings
from bakeoff.data.sources.find import find
from bakeoff.report.intensities import intensity_baseline

ROOT = Path(__file__).parents[2]


def brain(**change: float) -> Examples:
    document = settings.load(ROOT / "params.yaml")
    chosen = settings.validate(document, "data.scans", ScansSettings).model_copy(update=change)
    limits = settings.validate(document, "limits", Limits)
    found = read(find(chosen.source, "scans", limits), chosen, limits, Remarks())
    return scans.examples(found, chosen, lambda n: n, Remarks())


def test_the_field_makes_a_table_of_intensities_fail() -> None:
    assert intensity_baseline(brain(bias_field=0.0, noise=0.0)).validation > 0.9
    hard = intensity_baseline(brain())
    assert max(hard.validation, hard.test) < 0.8


@pytest.mark.parametrize("C", [1, 3])
def test_the_baseline_learns_from_training_pixels_alone(C: int) -> None:
    def split(levels: list[int], labels: list[int]) -> Split:
        x = np.array(levels, np.uint8).reshape(1, 1, 1, -1)
        if C == 3:  # the first tells nothing; the mean, rounded down, is the level
            x = np.concatenate([np.zeros_like(x), x, 2 * x + 1], axis=1)
        return Split(x, np.array(labels, np.uint8).reshape(1, 1, -1))

    # 10 is mostly grey, 20 white, 0 background; 30 was never seen and counts as background.
    train = split([0, 10, 10, 10, 20], [0, 1, 1, 2, 2])
    validation = split([10, 10, 20, 30, 0], [1, 2, 2, 2, 0])
    scores = intensity_baseline(Examples(train, validation, train, ("background", "grey", "white")))
    grey, white = 2 * 1 / (2 + 1), 2 * 1 / (1 + 3)
    assert scores.validation == pytest.approx((grey + white) / 2)
    assert scores.test == pytest.approx((2 * 2 / (3 + 2) + 2 * 1 / (1 + 2)) / 2)
