import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Image
from nibabel.nifti2 import Nifti2Image
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.images.source_tree import Place
from bakeoff.data.limits import Limits
from bakeoff.data.remarks import Remarks
from bakeoff.data.scans import volumes
from bakeoff.data.scans.settings import Plane, VolumeSettings

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "limits", Limits)

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
    with pytest.raises(BadInput, match=r"b\.nii: invalid value 0\.5 \(voxel 1, 2, 3\): expected a whole number"):
        slices(whole, save(tmp_path, "b.nii", volume), "axial")


def test_volumes_that_cannot_be_scaled_are_refused(tmp_path: Path) -> None:
    volume = VOLUME.astype(np.float32)
    mask = save(tmp_path, "m.nii", VOLUME)
    volume[0, 0, 0] = np.nan
    with pytest.raises(BadInput, match=r"a\.nii: 1 voxels are NaN or infinite"):
        slices(save(tmp_path, "a.nii", volume), mask, "axial")
    with pytest.raises(BadInput, match=r"a\.nii: percentiles \[0\.0, 100\.0\] of its voxels are both 7"):
        slices(save(tmp_path, "a.nii", np.full_like(volume, 7)), mask, "axial")
    with pytest.raises(BadInput, match=r"a\.nii: invalid voxel type complex64"):
        slices(save(tmp_path, "a.nii", VOLUME.astype(np.complex64)), mask, "axial")


def test_a_mask_that_lies_elsewhere_is_refused(tmp_path: Path) -> None:
    image, mask = save(tmp_path, "a.nii", VOLUME), save(tmp_path, "b.nii", VOLUME, RAS + np.eye(4, k=3))
    with pytest.raises(BadInput, match=r"b\.nii: the affine differs from that of a\.nii"):
        slices(image, mask, "axial")


def header(volume: np.ndarray, affine: np.ndarray = RAS, unit: str = "mm", **fields: object) -> Nifti1Image:
    image = Nifti1Image(volume, affine)
    image.header.set_xyzt_units(unit)
    for name, value in fields.items():
        image.header[name] = value
    return image


def stored(folder: Path, name: str, image: Nifti1Image) -> Place:
    image.to_filename(folder / name)
    return Place(folder / name, name, LIMITS)


def opened(image: Place, mask: Place, plane: Plane = "axial") -> Remarks:
    remarks = Remarks()
    volumes.read(image, mask, VolumeSettings(plane=plane, window=(0, 100)), remarks)
    return remarks


def moved(affine: np.ndarray, *voxels: float) -> np.ndarray:
    """The affine, moved by so many voxels along each axis."""
    result = affine.copy()
    result[:3, 3] += affine[:3, :3] @ np.array(voxels)
    return result


SPACES: dict[str, np.ndarray] = {
    "millimetres": RAS,
    "micrometres written as millimetres": np.diag([0.0005, 0.0005, 0.0005, 1]),
    "metres written as millimetres": np.diag([500.0, 500.0, 500.0, 1]),
    "thick slices": np.diag([0.4, 0.4, 6.0, 1]),
    "far from the origin": RAS + 1000 * np.eye(4, k=3),
}


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("axis", range(3))
def test_a_mask_lies_on_its_image_within_a_part_of_a_voxel_whatever_its_size(
    space: str, axis: int, tmp_path: Path
) -> None:
    affine = SPACES[space]
    image = stored(tmp_path, "a.nii", header(VOLUME, affine))
    for name, part in (("near", 0.05), ("half", 0.5), ("one", 1.0), ("flipped", -1.0)):
        mask = stored(tmp_path, f"{name}.nii", header(VOLUME, moved(affine, *(part * np.eye(3)[axis]))))
        if part == 0.05:
            opened(image, mask)
        else:
            with pytest.raises(BadInput, match=rf"{name}\.nii: the affine differs from that of a\.nii \(by"):
                opened(image, mask)


@pytest.mark.parametrize("apart", [1e-6, 1e-4, 3e-3, 2e-2])
def test_affines_that_writers_round_are_one_place(apart: float, tmp_path: Path) -> None:
    image = stored(tmp_path, "a.nii", header(VOLUME))
    opened(image, stored(tmp_path, "b.nii", header(VOLUME, RAS + apart * np.eye(4, k=3))))
    opened(image, stored(tmp_path, "c.nii", header(VOLUME, RAS + apart * np.diag([1.0, 1.0, 1.0, 0.0]))))


def test_voxels_of_another_size_are_another_place(tmp_path: Path) -> None:
    image = stored(tmp_path, "a.nii", header(VOLUME))
    with pytest.raises(BadInput, match="the affine differs from that of"):
        opened(image, stored(tmp_path, "b.nii", header(VOLUME, RAS @ np.diag([1.1, 1, 1, 1]))))
    with pytest.raises(BadInput, match="the affine differs from that of"):
        opened(image, stored(tmp_path, "c.nii", header(VOLUME, RAS @ np.diag([-1, 1, 1, 1]))))


@pytest.mark.parametrize("axes", ["RAS", "LAS", "LPS", "RAI", "SPR"])
def test_image_and_mask_may_order_their_axes_each_in_its_own_way(axes: str, tmp_path: Path) -> None:
    there = ornt_transform(io_orientation(RAS), axcodes2ornt(axes))
    image = stored(tmp_path, "a.nii.gz", Nifti1Image(VOLUME, RAS))
    mask = stored(tmp_path, "b.nii.gz", Nifti1Image(VOLUME, RAS).as_reoriented(there))
    pictures, masks = slices(image, mask, "coronal")
    assert np.array_equal(pictures[:, 0].ravel().argsort(), masks.ravel().argsort())
    shorter = stored(tmp_path, "c.nii.gz", Nifti1Image(VOLUME[:-1], RAS).as_reoriented(there))
    with pytest.raises(
        BadInput, match=r"c\.nii\.gz: invalid shape 2 x 4 x 5: expected 3 x 4 x 5, the shape of a\.nii\.gz"
    ):
        opened(image, shorter)


@pytest.mark.parametrize(
    ("one", "other", "factor"),
    [
        ("micron", "mm", 1e3),
        ("meter", "mm", 1e-3),
        ("micron", "micron", 1),
        ("micron", "unknown", 1),
        ("unknown", "mm", 1),
    ],
)
def test_affines_of_two_units_are_compared_in_one(one: str, other: str, factor: float, tmp_path: Path) -> None:
    scale = np.diag([factor, factor, factor, 1])
    image = stored(tmp_path, "a.nii", header(VOLUME, scale @ RAS, one))
    opened(image, stored(tmp_path, "b.nii", header(VOLUME, RAS, other)))
    if factor != 1:
        with pytest.raises(BadInput, match="the affine differs from that of"):
            opened(image, stored(tmp_path, "c.nii", header(VOLUME, scale @ RAS, other)))


def test_an_affine_that_puts_all_into_a_plane_is_refused(tmp_path: Path) -> None:
    image = Nifti1Image(VOLUME, RAS)
    image.header["srow_z"] = 0
    image.header["sform_code"] = 2
    content = bytearray(image.to_bytes())
    content[312:328] = bytes(16)  # srow_z
    (tmp_path / "a.nii").write_bytes(content)
    place = Place(tmp_path / "a.nii", "a.nii", LIMITS)
    with pytest.raises(BadInput, match=r"^a\.nii: "):
        opened(place, place)


@pytest.mark.parametrize(("plane", "sides"), [("axial", None), ("coronal", "6 x 0.5 mm"), ("sagittal", "6 x 0.5 mm")])
def test_pixels_that_are_not_square_are_said(plane: Plane, sides: str | None, tmp_path: Path) -> None:
    image = stored(tmp_path, "a.nii", header(VOLUME, np.diag([0.5, 0.5, 6, 1])))
    lines = opened(image, image, plane).lines()
    assert len(lines) == (sides is not None)
    if sides:
        assert lines[0].startswith(
            f"a.nii ({sides}, height x width): the {plane} slices have pixels that are not square"
        )


@pytest.mark.parametrize("further", [(1,), (1, 1)])
def test_further_axes_of_length_1_are_left_out(further: tuple[int, ...], tmp_path: Path) -> None:
    plain = stored(tmp_path, "a.nii", header(VOLUME))
    longer = stored(tmp_path, "b.nii.gz", header(VOLUME.reshape(*VOLUME.shape, *further)))
    for image, mask in ((plain, longer), (longer, plain), (longer, longer)):
        assert np.array_equal(slices(image, mask, "axial")[1], slices(plain, plain, "axial")[1])


@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 5, 2), (3, 4, 5, 1, 3)])
def test_volumes_of_several_channels_and_flat_ones_are_refused(shape: tuple[int, ...], tmp_path: Path) -> None:
    image = stored(tmp_path, "a.nii", header(np.zeros(shape, np.uint8)))
    with pytest.raises(BadInput, match=rf"a\.nii: invalid shape {' x '.join(map(str, shape))}: expected three axes"):
        opened(image, image)


@pytest.mark.parametrize("value", [0.99999994, 1.0000000591, 0.9991, 1.0009])
def test_labels_within_a_thousandth_of_whole_numbers_are_rounded_and_said(value: float, tmp_path: Path) -> None:
    labels = (VOLUME % 2 * value).astype(np.float64)
    place = stored(tmp_path, "a.nii", header(labels))
    remarks = Remarks()
    scan = volumes.read(place, place, VolumeSettings(plane="axial", window=(0, 100)), remarks)
    masks = np.stack([values for _, values in scan.slices()])
    assert masks.dtype.kind == "i" and sorted(np.unique(masks)) == [0, 1]
    assert remarks.lines() == ["a.nii: its labels are fractions within 0.001 of whole numbers, and are rounded"]


@pytest.mark.parametrize("value", [0.99, 0.9882, 1.0011, 0.5])
def test_labels_further_from_whole_numbers_are_refused(value: float, tmp_path: Path) -> None:
    place = stored(tmp_path, "a.nii", header((VOLUME % 2 * value).astype(np.float64)))
    with pytest.raises(BadInput, match=r"a\.nii: invalid value [0-9.]+ \(voxel 0, 0, 1\)"):
        slices(place, place, "axial")


@pytest.mark.parametrize(("slope", "inter", "scale"), [(1 / 255, 0, 255), (0.5, 0, 2), (1, 3, 1), (2, -1, 1)])
def test_labels_are_scaled_as_the_header_says(slope: float, inter: float, scale: int, tmp_path: Path) -> None:
    image = header((VOLUME % 3 * scale).astype(np.int16))
    content = bytearray(image.to_bytes())
    content[112:120] = np.array([slope, inter], "<f4").tobytes()
    (tmp_path / "m.nii").write_bytes(content)
    mask = Place(tmp_path / "m.nii", "m.nii", LIMITS)
    plain = stored(tmp_path, "a.nii", header(VOLUME % 3))
    expected = np.rint(slices(plain, plain, "axial")[1] * slope * scale + inter)
    assert np.array_equal(slices(plain, mask, "axial")[1], expected)


def test_labels_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    labels = (VOLUME % 2).astype(np.float32)
    labels[0, 0, 1] = np.nan
    image = stored(tmp_path, "a.nii", header(VOLUME))
    with pytest.raises(BadInput, match=r"m\.nii: invalid value nan \(voxel 0, 0, 1\)"):
        slices(image, stored(tmp_path, "m.nii", header(labels)), "axial")


def test_a_header_that_promises_more_than_the_memory_is_refused_before_it_is_read(tmp_path: Path) -> None:
    content = bytearray(header(VOLUME).to_bytes())
    content[42:48] = np.array([30000] * 3, "<i2").tobytes()
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(bytes(content)))
    place = Place(tmp_path / "a.nii.gz", "a.nii.gz", LIMITS)
    with pytest.raises(
        BadInput, match=r"30000 x 30000 x 30000 voxels take \d+ bytes of memory: expected at most \d+ \(params"
    ):
        opened(place, place)


@pytest.mark.parametrize("suffix", [".NII", ".NII.GZ", ".Nii.gz"])
def test_suffixes_may_be_in_either_case(suffix: str, tmp_path: Path) -> None:
    image = header(VOLUME).to_bytes()
    (tmp_path / f"a{suffix}").write_bytes(gzip.compress(image) if suffix.lower().endswith("gz") else image)
    place = Place(tmp_path / f"a{suffix}", "a", LIMITS)
    assert volumes.is_volume(place)
    assert slices(place, place, "axial")[1].shape == (Z, Y, X)


def written(folder: Path, name: str, content: bytes) -> Place:
    (folder / name).write_bytes(content)
    return Place(folder / name, name, LIMITS)


PLAIN = Nifti1Image(VOLUME, RAS).to_bytes()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.nii", gzip.compress(PLAIN)),
        ("a.nii.gz", PLAIN),
        ("a.nii.gz", gzip.compress(PLAIN[:400]) + gzip.compress(PLAIN[400:]) + bytes(512)),
        ("a.nii", Nifti2Image(VOLUME, RAS).to_bytes()),
        ("a.nii.gz", gzip.compress(Nifti2Image(VOLUME, RAS).to_bytes())),
    ],
    ids=["packed, named .nii", "plain, named .nii.gz", "two members, padded", "NIfTI-2", "NIfTI-2, packed"],
)
def test_what_a_volume_is_its_content_says(name: str, content: bytes, tmp_path: Path) -> None:
    mask = save(tmp_path, "mask.nii", VOLUME)
    pictures, masks = slices(written(tmp_path, name, content), mask, "axial")
    assert np.array_equal(masks, slices(mask, mask, "axial")[1])
    assert pictures[:, 0].ravel().argsort().tolist() == masks.ravel().argsort().tolist()


def test_the_checksum_of_a_packed_volume_is_read(tmp_path: Path) -> None:
    packed = gzip.compress(PLAIN)
    damaged = written(tmp_path, "a.nii.gz", packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:])
    with pytest.raises(BadInput, match=r"a\.nii\.gz: the volume cannot be read: CRC check failed"):
        slices(damaged, damaged, "axial")


@pytest.mark.parametrize("magic", [b"ni1", b"ni2"])
def test_the_header_of_a_pair_holds_no_voxels(magic: bytes, tmp_path: Path) -> None:
    kind, at = (Nifti1Image, 344) if magic == b"ni1" else (Nifti2Image, 4)
    content = bytearray(kind(VOLUME, RAS).to_bytes())
    content[at : at + 3] = magic
    pair = written(tmp_path, "a.nii", bytes(content))
    with pytest.raises(BadInput, match=r"a\.nii: the header is of a volume in two files .*save both as one \.nii file"):
        slices(pair, pair, "axial")


def test_a_negative_length_of_an_axis_is_refused(tmp_path: Path) -> None:
    content = bytearray(PLAIN)
    content[42:44] = struct.pack("<h", -X)
    place = written(tmp_path, "a.nii", bytes(content))
    with pytest.raises(BadInput, match=r"a\.nii: invalid shape -3 x 4 x 5"):
        slices(place, place, "axial")


@pytest.mark.parametrize(("moved", "said"), [(0.0, 0), (0.01, 0), (2.0, 1)])
def test_two_orientations_in_one_header_are_said(moved: float, said: int, tmp_path: Path) -> None:
    other = RAS.copy()
    other[0, 3] = moved
    image = Nifti1Image(VOLUME, RAS)
    image.set_qform(other, 1)
    image.set_sform(RAS, 1)
    image.to_filename(tmp_path / "a.nii")
    remarks = Remarks()
    place = Place(tmp_path / "a.nii", "a.nii", LIMITS)
    volumes.read(place, place, VolumeSettings(plane="axial", window=(0, 100)), remarks)
    assert sum("qform" in line for line in remarks.lines()) == said


def test_a_quaternion_that_is_no_rotation_is_passed_over_and_said(tmp_path: Path) -> None:
    content = bytearray(PLAIN)
    content[252:256] = struct.pack("<2h", 1, 1)  # both orientations are there
    content[256:268] = struct.pack("<3f", 1, 1, 1)  # of a unit quaternion the squares add up to 1 at most
    content[280:328] = RAS[:3].astype("<f4").tobytes()
    place, remarks = written(tmp_path, "a.nii", bytes(content)), Remarks()
    found = volumes.header(place)
    assert np.array_equal(found.affine, RAS)
    volumes.read(place, place, VolumeSettings(plane="axial", window=(0, 100)), remarks)
    assert sum("sform counts" in line for line in remarks.lines()) == 1
