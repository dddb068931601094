from pathlib import Path

import numpy as np
import pytest

from bakeoff.data.examples import Examples, Split
from bakeoff.data.scans import scans
from bakeoff.data.scans.settings import ScansSettings, SlabSettings
from bakeoff.data.sources import catalogue as sources
from bakeoff.settings import BadInput


def settings(bias_field: float = 0.4, noise: float = 0.05, **change: object) -> ScansSettings:
    values = {"source": "mni152", "pixel": 2, "slabs": {"slices": [96, 24, 24], "gap": 8}, "seed": 0}
    return ScansSettings.model_validate(values | {"bias_field": bias_field, "noise": noise} | change)


@pytest.fixture(scope="module")
def files() -> dict[str, Path]:
    return sources.files("mni152")


@pytest.fixture(scope="module")
def made(files: dict[str, Path]) -> Examples:
    return scans.examples(files, settings())


def test_no_tissue_of_the_left_half_is_cut_off_and_none_of_the_right_half_is_in(files: dict[str, Path]) -> None:
    volume = np.asarray(scans.Nifti1Image.from_filename(files["grey"]).dataobj)
    assert np.array_equal(volume, volume[::-1])  # why one half is all that there is
    middle = len(volume) // 2
    assert scans.LEFT.stop == middle + 1
    inside = volume[scans.LEFT, scans.BACK : scans.FRONT, scans.UP]
    assert np.count_nonzero(inside) == np.count_nonzero(volume[: middle + 1])


def test_the_images_stand_upright_with_the_middle_of_the_brain_on_the_right(files: dict[str, Path]) -> None:
    white = scans.read(files["white"])
    assert white.shape == (184, 160, 80)
    # The template cuts the brain stem off below, near the middle; it ends above and to the left with empty voxels.
    assert (white[:, -1] > 0).any() and not (white[:, 0] > 0).any()
    assert np.argwhere(white[:, -1] > 0)[:, 1].min() > 60
    assert not (white[:, :, 0] > 0).any()


def test_each_pixel_has_one_of_three_labels_and_most_of_the_brain_is_grey(made: Examples) -> None:
    assert made.train.x.shape == (96, 1, 80, 40)
    assert made.train.y.shape == (96, 80, 40)
    shares = np.bincount(made.train.y.ravel()) / made.train.y.size
    assert 0.4 < shares[0] < 0.7 and shares[1] > shares[2] > 0.1


def test_white_matter_is_brighter_than_grey_and_grey_than_the_background(files: dict[str, Path]) -> None:
    plain = scans.examples(files, settings(bias_field=0.0, noise=0.0))
    dark, grey, white = (plain.train.x[:, 0][plain.train.y == label].mean() for label in range(3))
    assert dark < 50 < grey < white


def test_slabs_keep_their_distance() -> None:
    train, validation, test = scans.slabs(SlabSettings(slices=(96, 24, 24), gap=8))
    assert (train.start, train.stop) == (12, 108)
    assert (validation.start, validation.stop) == (116, 140)
    assert (test.start, test.stop) == (148, 172)


def test_slabs_that_do_not_fit_and_odd_pixels_are_refused(files: dict[str, Path]) -> None:
    scans.slabs(SlabSettings(slices=(164, 2, 2), gap=8))
    with pytest.raises(BadInput, match="slabs take 185 slices with their gaps, and the brain has 184"):
        scans.slabs(SlabSettings(slices=(165, 2, 2), gap=8))
    with pytest.raises(BadInput, match=r"data\.scans\.pixel is 3, and should divide 160 and 80"):
        scans.examples(files, settings(pixel=3))


def test_pixels_are_means_of_squares() -> None:
    slices = np.arange(16.0).reshape(1, 4, 4)
    assert scans.reduced(slices, 2).tolist() == [[[2.5, 4.5], [10.5, 12.5]]]


def test_each_slice_has_a_smooth_field_of_its_own_between_minus_1_and_1() -> None:
    field = scans.smooth(5, 30, 20, np.random.default_rng(0))
    assert np.abs(field).max(axis=(1, 2)).tolist() == [1.0] * 5
    assert len({tuple(one[0]) for one in field}) == 5
    # A polynomial of the second degree: its third differences are 0, but for rounding.
    for axis in (1, 2):
        assert np.abs(np.diff(field, n=3, axis=axis)).max() < 1e-12


def test_field_and_noise_are_as_strong_as_the_settings_say() -> None:
    grey = np.full((20, 80, 40), 0.5)
    uneven = scans.scanned(grey, settings(bias_field=0.4, noise=0.0), np.random.default_rng(0)) / 255 * 1.4 / 0.5
    assert uneven.min() >= 1 - 0.4 - 0.01 and uneven.max() <= 1 + 0.4 + 0.01  # bytes round by up to 0.0055
    assert np.abs(uneven - 1).max() > 0.39
    noisy = scans.scanned(grey, settings(bias_field=0.0, noise=0.05), np.random.default_rng(0)) / 255
    assert noisy.std() == pytest.approx(0.05, rel=0.02)  # 64,000 values: 5 standard errors are 1.4 %


def test_the_seed_decides_the_images_and_not_the_labels(files: dict[str, Path], made: Examples) -> None:
    again, other = (scans.examples(files, settings(seed=seed)) for seed in (0, 1))
    assert np.array_equal(again.train.x, made.train.x)
    assert not np.array_equal(other.train.x, made.train.x)
    assert np.array_equal(other.train.y, made.train.y)


def test_the_field_makes_a_table_of_intensities_fail(files: dict[str, Path], made: Examples) -> None:
    plain = scans.intensity_baseline(scans.examples(files, settings(bias_field=0.0, noise=0.0)))
    assert plain["val/dice"] > 0.9
    uneven = scans.intensity_baseline(made)
    assert max(uneven.values()) < 0.8


def test_the_baseline_learns_from_training_pixels_alone() -> None:
    def split(levels: list[int], labels: list[int]) -> Split:
        x, y = np.array(levels, np.uint8), np.array(labels, np.uint8)
        return Split(x.reshape(1, 1, 1, -1), y.reshape(1, 1, -1))

    # 10 is mostly grey, 20 white, 0 background; 30 was never seen and counts as background.
    train = split([0, 10, 10, 10, 20], [0, 1, 1, 2, 2])
    validation = split([10, 10, 20, 30, 0], [1, 2, 2, 2, 0])
    scores = scans.intensity_baseline(Examples(train, validation, train, scans.CLASSES))
    grey, white = 2 * 1 / (2 + 1), 2 * 1 / (1 + 3)
    assert scores["val/dice"] == pytest.approx((grey + white) / 2)
    assert scores["test/dice"] == pytest.approx((2 * 2 / (3 + 2) + 2 * 1 / (1 + 2)) / 2)
