from pathlib import Path

import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Image
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

from bakeoff import settings
from bakeoff.data.images.places import Place
from bakeoff.data.limits import Limits
from bakeoff.data.remarks import Remarks
from bakeoff.data.scans import volumes
from bakeoff.data.scans.settings import Plane, VolumeSettings
from bakeoff.settings import BadInput

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "data.limits", Limits)

X, Y, Z = 3, 4, 5
VOLUME = np.arange(X * Y * Z, dtype=np.int16).reshape(X, Y, Z)
RAS = np.diag([2.0, 2.0, 2.0, 1.0])


def save(folder: Path, name: str, volume: np.ndarray, affine: np.ndarray = RAS) -> Place:
    Nifti1Image(volume, affine).to_filename(folder / name)
    return Place(folder / name, name, LIMITS)


def slices(image: Place, mask: Place, plane: Plane, window: tuple[float, float] = (0, 100)) -> tuple[np.ndarray, ...]:
    scan = volumes.read(image, mask, VolumeSettings(plane=plane, window=window), Remarks())
    pairs = list(scan.slices())
    assert len(pairs) == scan.length
    return np.stack([picture for picture, _ in pairs]), np.stack([values for _, values in pairs])


@pytest.mark.parametrize(
    ("plane", "shape", "corner"),
    # The upper left pixel of the first slice, the leftmost, rearmost or lowest: on top at the back, on top at the left,
    # in front at the left.
    [
        ("sagittal", (X, Z, Y), VOLUME[0, 0, -1]),
        ("coronal", (Y, Z, X), VOLUME[0, 0, -1]),
        ("axial", (Z, Y, X), VOLUME[0, -1, 0]),
    ],
)
@pytest.mark.parametrize("stored", ["RAS", "LPI", "SRA"])
def test_slices_stand_upright_however_the_file_stores_them(
    plane: Plane, shape: tuple[int, ...], corner: int, stored: str, tmp_path: Path
) -> None:
    there = ornt_transform(io_orientation(RAS), axcodes2ornt(stored))
    Nifti1Image(VOLUME, RAS).as_reoriented(there).to_filename(tmp_path / "a.nii.gz")
    place = Place(tmp_path / "a.nii.gz", "a.nii.gz", LIMITS)
    pictures, masks = slices(place, place, plane)
    assert masks.shape == shape
    assert masks[0, 0, 0] == corner
    assert sorted(masks.ravel()) == list(range(X * Y * Z))
    assert pictures[:, 0].ravel().argsort().tolist() == masks.ravel().argsort().tolist()


def test_the_window_s_percentiles_become_0_and_255(tmp_path: Path) -> None:
    volume = np.arange(101, dtype=np.float32).reshape(101, 1, 1)
    image, mask = save(tmp_path, "a.nii", volume), save(tmp_path, "b.nii", volume.astype(np.uint8))
    grey = slices(image, mask, "sagittal", (10, 60))[0].ravel()
    assert grey[[0, 10, 11, 35, 60, 100]].tolist() == [0, 0, 5, 128, 255, 255]  # 255 / 50 a step; 127.5 to even


def test_a_mask_of_whole_fractions_is_read_and_others_are_refused(tmp_path: Path) -> None:
    volume = VOLUME.astype(np.float32)
    whole = save(tmp_path, "a.nii", volume)
    assert slices(whole, whole, "axial")[1].dtype.kind == "i"
    volume[1, 2, 3] = 0.5
    with pytest.raises(BadInput, match=r"b\.nii: voxel \[1, 2, 3\] is 0\.5, and labels are whole numbers"):
        slices(whole, save(tmp_path, "b.nii", volume), "axial")


def test_volumes_that_cannot_be_scaled_are_refused(tmp_path: Path) -> None:
    volume = VOLUME.astype(np.float32)
    mask = save(tmp_path, "m.nii", VOLUME)
    volume[0, 0, 0] = np.nan
    with pytest.raises(BadInput, match=r"a\.nii: 1 voxels are not finite"):
        slices(save(tmp_path, "a.nii", volume), mask, "axial")
    with pytest.raises(BadInput, match=r"a\.nii: percentiles \[0\.0, 100\.0\] of its voxels are both 7"):
        slices(save(tmp_path, "a.nii", np.full_like(volume, 7)), mask, "axial")
    with pytest.raises(BadInput, match=r"a\.nii: its voxels are complex64"):
        slices(save(tmp_path, "a.nii", VOLUME.astype(np.complex64)), mask, "axial")


def test_a_mask_that_lies_elsewhere_is_refused(tmp_path: Path) -> None:
    image, mask = save(tmp_path, "a.nii", VOLUME), save(tmp_path, "b.nii", VOLUME, RAS + np.eye(4, k=3))
    with pytest.raises(BadInput, match=r"b\.nii: lies elsewhere in space than a\.nii"):
        slices(image, mask, "axial")
