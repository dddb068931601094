from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Image

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.limits import Limits
from bakeoff.data.scans import template
from bakeoff.data.sources.find import find

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "limits", Limits)


@pytest.fixture(scope="module")
def files() -> Mapping[str, Path]:
    return find("mni152", "scans", LIMITS).files


@pytest.fixture(scope="module")
def slices(files: Mapping[str, Path]) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (N, H, W) and labels (N, H, W) of voxels."""
    pairs = list(template.read("mni152", files, "coronal", None).slices())
    return np.stack([picture[0] for picture, _ in pairs]), np.stack([mask for _, mask in pairs])


def test_no_tissue_of_the_left_half_is_cut_off_and_none_of_the_right_half_is_in(files: Mapping[str, Path]) -> None:
    volume = np.asarray(Nifti1Image.from_filename(files["grey"]).dataobj)
    assert np.array_equal(volume, volume[::-1])  # why one half is all that there is
    middle = len(volume) // 2
    assert template.BOX[0].stop == middle + 1
    assert np.count_nonzero(volume[template.BOX]) == np.count_nonzero(volume[: middle + 1])


def test_the_images_stand_upright_with_the_middle_of_the_brain_on_the_right(
    slices: tuple[np.ndarray, np.ndarray],
) -> None:
    _, labels = slices
    white = labels == 2
    assert white.shape == (184, 160, 80)
    # The brain stem goes down, near the middle; above and to the left the template ends with empty voxels.
    assert white[:, 150:].any() and not white[:, :8].any()
    assert np.argwhere(white[:, 150:])[:, 2].min() > 60
    assert not white[:, :, 0].any()


def test_white_matter_is_brighter_than_grey_and_grey_than_the_background(
    slices: tuple[np.ndarray, np.ndarray],
) -> None:
    pictures, labels = slices
    dark, grey, white = (pictures[labels == label].mean() for label in range(3))
    assert dark < 50 < grey < white


def test_tissues_are_averaged_before_the_largest_share_is_taken(files: Mapping[str, Path]) -> None:
    grey, white = (template.voxels(files[name])[:, 100, 60:64].T[::-1] for name in ("grey", "white"))
    scan = template.read("mni152", files, "coronal", (80, 40))
    _, labels = list(scan.slices())[100]
    g, w = (shares.reshape(2, 2, 40, 2).sum(axis=(1, 3)) for shares in (grey, white))
    expected = np.stack([4 * 255 - g - w, g, w]).argmax(axis=0)
    assert len(np.unique(expected)) == 3
    assert labels[48:50].tolist() == expected.tolist()  # rows 96 to 99 from above are voxels 63 to 60 from below


def test_it_can_be_cut_by_other_planes_and_not_be_enlarged(files: Mapping[str, Path]) -> None:
    assert [template.read("mni152", files, plane, None).length for plane in ("sagittal", "axial")] == [80, 160]
    with pytest.raises(BadInput, match=r"mni152: invalid size 160 x 80 .* at least resize \[80, 81\]"):
        template.read("mni152", files, "coronal", (80, 81))
