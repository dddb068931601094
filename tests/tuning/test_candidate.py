"""Which ranges have whole values."""

from typing import Any

import pytest

from bakeoff.tuning.settings import Range
from tests.tuning.bases import base
from tests.tuning.test_study import NETWORK, SETTINGS

WHOLE, REAL = Range(low=1, high=9, scale="linear"), Range(low=1.5, high=9, scale="linear")


@pytest.mark.parametrize(
    ("name", "now", "dimension", "whole"),
    [
        ("training.batch_size", 32, WHOLE, True),
        ("training.batch_size", "full", WHOLE, True),
        ("optimizer.learning_rate", 0.1, WHOLE, False),
        ("training.regularisation.clip", 1.0, WHOLE, False),
        ("training.regularisation.clip", None, WHOLE, False),
        ("training.regularisation.clip", None, REAL, False),
        ("training.augmentation.crop", 0, WHOLE, True),
    ],
)
def test_a_setting_that_takes_fractions_is_searched_as_a_real_number(
    name: str, now: Any, dimension: Range, whole: bool
) -> None:
    shared = base(NETWORK, epochs=2, batch_size=5)
    section, *path, last = name.split(".")
    inside: Any = shared.values[section]
    for part in path:
        inside = inside[part]
    inside[last] = now
    space = shared.space(SETTINGS.model_copy(update={"space": {name: dimension}}))
    assert space.integers == (frozenset({name}) if whole else frozenset())
