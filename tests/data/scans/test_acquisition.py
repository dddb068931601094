from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bakeoff.data.scans import acquisition


def scanned(x: np.ndarray, bias_field: float, noise: float, seed: int = 0) -> np.ndarray:
    settings: Any = SimpleNamespace(bias_field=bias_field, noise=noise)
    made = x.copy()
    acquisition.scan(made, settings, np.random.default_rng(seed))
    return made


def test_a_field_is_smooth_and_between_minus_1_and_1() -> None:
    for weights in np.random.default_rng(0).uniform(-1, 1, (5, 5)):
        field = acquisition.smooth(weights, 30, 20)
        assert np.abs(field).max() == 1
        # A polynomial of the second degree: its third differences are 0, but for rounding.
        for axis in (0, 1):
            assert np.abs(np.diff(field, n=3, axis=axis)).max() < 1e-12


def test_each_slice_has_a_field_of_its_own_and_its_channels_share_it() -> None:
    made = scanned(np.full((4, 3, 16, 16), 128, np.uint8), 0.4, 0.0)
    assert len({picture.tobytes() for picture in made}) == 4
    assert all(np.array_equal(picture, picture[[0, 0, 0]]) for picture in made)


def test_field_and_noise_are_as_strong_as_the_settings_say() -> None:
    grey = np.full((20, 1, 80, 40), 128, np.uint8)
    uneven = scanned(grey, 0.4, 0.0) / 128 * 1.4
    assert uneven.min() >= 1 - 0.4 - 0.01 and uneven.max() <= 1 + 0.4 + 0.01  # bytes round by up to 0.0055
    assert np.abs(uneven - 1).max() > 0.39
    noisy = scanned(grey, 0.0, 0.05) / 255
    assert noisy.std() == pytest.approx(0.05, rel=0.02)  # 64,000 values: 5 standard errors are 1.4 %


def test_without_field_and_noise_no_byte_changes() -> None:
    x = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    assert np.array_equal(scanned(x, 0.0, 0.0), x)
    assert not np.array_equal(scanned(x, 0.0, 0.1, seed=0), scanned(x, 0.0, 0.1, seed=1))
