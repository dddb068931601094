"""Scans in NIfTI volumes, cut into slices that stand upright.

Slices are cut along the voxels and not resampled. An image and its mask are compared where they lie in space, whatever
the order of their axes in the files.

X, Y, Z voxels from left to right, back to front, and up, whatever the order in the file; N slices of H x W pixels.
"""

import gzip
import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, BinaryIO, Literal, cast

import numpy as np
from nibabel.fileholders import FileHolder
from nibabel.funcs import as_closest_canonical
from nibabel.imageglobals import logger
from nibabel.nifti1 import Nifti1Image
from nibabel.nifti2 import Nifti2Image
from nibabel.orientations import inv_ornt_aff, io_orientation
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput
from bakeoff.data.images.masks import Mask, whole
from bakeoff.data.images.pixels import Picture
from bakeoff.data.images.source_tree import Place
from bakeoff.data.remarks import Remarks
from bakeoff.data.scans.sequence import Scan
from bakeoff.data.scans.settings import Plane, VolumeSettings
from bakeoff.data.sources.addresses import said

logger.handlers[:] = [logging.NullHandler()]  # otherwise nibabel's messages would be printed too

SUFFIXES = (".nii", ".nii.gz")
PAIR = (".hdr", ".img")  # of one volume: the header and the voxels
MILLIMETRES = {"meter": 1e3, "mm": 1.0, "micron": 1e-3}
# Voxels. Writers round affines, each in its own way; a mask of another scan or grid is half a voxel off, or more.
APART = 0.1
FLOAT64 = 8  # bytes: scaled voxels become fractions
GZIP = b"\x1f\x8b"  # first bytes
HEADER = 348  # bytes; a header of NIfTI-1 states its own size
NIFTI_2 = 540
ORDERS: tuple[Literal["little", "big"], ...] = ("little", "big")
BLOCK = 1 << 18  # bytes read at a time
SQUARE = 1.05  # the longer side of a pixel by the shorter one, at most
PLANES: dict[Plane, int] = {"sagittal": 0, "coronal": 1, "axial": 2}  # the axis that it is at right angles to


@dataclass(frozen=True)
class Grid:
    """The grid of a volume.

    Attributes:
        shape: (X, Y, Z).
        affine: from voxels, in the order X, Y, Z, to space.
        unit: of space, as the header names it.
        disputed: whether the header has two orientations that differ.
    """

    shape: tuple[int, ...]
    affine: NDArray[np.float64]
    unit: str
    disputed: bool


def is_volume(file: Place) -> bool:
    return file.name.lower().endswith(SUFFIXES)


def read(image: Place, mask: Place, settings: VolumeSettings, remarks: Remarks) -> Scan:
    """A pair of volumes, their headers read.

    Raises:
        BadInput: one cannot be read or is no volume of three axes, or they do not lie voxel upon voxel.
    """
    x, y = header(image), header(mask)
    if x.shape != y.shape:
        raise BadInput(
            f"{mask}: invalid shape {by(y.shape)}: expected {by(x.shape)}, the shape of {image}; resample the mask to "
            "the image"
        )
    apart = distance(x, y, image, mask)
    if not apart <= APART:
        raise BadInput(
            f"{mask}: the affine differs from that of {image} (by {apart:.3g} voxels at a corner); resample the mask "
            "to the image"
        )
    remark_on_pixels(x, settings.plane, str(image), remarks)
    unit = unit_of(x, y)
    if unit is None:
        remarks.add("its header names no unit of length; its voxel sizes are taken as millimetres", str(image))

    for grid, place in ((x, image), (y, mask)):
        if grid.disputed:
            remarks.add("its header has two orientations that differ, sform and qform; sform counts", str(place))

    def slices() -> Iterator[tuple[Picture, Mask]]:
        volume = voxels(image)
        low, high = window(volume, settings, image)
        masks = upright(whole(voxels(mask), mask, remarks), settings.plane)
        for picture, values in zip(upright(volume, settings.plane), masks, strict=True):
            grey = np.rint(255 * np.clip((picture - low) / (high - low), 0, 1))
            yield grey[np.newaxis].astype(np.uint8), values

    extent = extent_of(x, settings.plane, MILLIMETRES[unit or "mm"])
    return Scan(str(image), str(mask), x.shape[PLANES[settings.plane]], slices, extent=extent)


def upright(volume: NDArray[Any], plane: Plane) -> NDArray[Any]:
    """Slices (N, H, W) of a volume (X, Y, Z), one after another to the right, forward, or up.

    What is up, or for axial slices in front, is above; left, or for sagittal slices behind, is at the left.
    """
    return np.moveaxis(volume, PLANES[plane], 0).swapaxes(1, 2)[:, ::-1]


def window(volume: NDArray[Any], settings: VolumeSettings, place: Place) -> tuple[float, float]:
    """The intensities that become 0 and 255, two percentiles of all voxels; what lies outside is cut.

    Raises:
        BadInput: some voxels are not finite, or all in the window are the same.
    """
    if not np.isfinite(volume).all():
        raise BadInput(f"{place}: {np.count_nonzero(~np.isfinite(volume))} voxels are NaN or infinite; set them to 0")
    low, high = map(float, np.percentile(volume, settings.window))
    if low == high:
        raise BadInput(
            f"{place}: percentiles {list(settings.window)} of its voxels are both {low:g}, so no contrast is left; "
            "params.yaml: widen data.scans.volumes.window, or take the file away"
        )
    return low, high


def distance(image: Grid, mask: Grid, image_place: Place, mask_place: Place) -> float:
    """Return how far apart the same voxel of two volumes lies at most, in voxels of the image.

    The map from one to the other is affine, so the largest distance is that of a corner.

    Raises:
        BadInput: an affine cannot be inverted, or is not finite.
    """
    x, y = placed(image, mask), placed(mask, image)
    for affine, place in ((x, image_place), (y, mask_place)):
        if not np.isfinite(affine).all() or np.linalg.matrix_rank(affine) < 4:
            raise BadInput(
                f"{place}: the affine is singular or not finite; set the voxel sizes, and export the volume again"
            )
    return corners_apart(x, y, image.shape)


def corners_apart(x: NDArray[np.float64], y: NDArray[np.float64], shape: tuple[int, ...]) -> float:
    """Return how far a corner lies from itself at most under two affines, in voxels of the first."""
    corners = np.array(list(product(*((0, length - 1) for length in shape)))).T
    there = np.linalg.solve(x, y @ np.vstack([corners, np.ones(corners.shape[1])]))[:3]
    return float(np.abs(there - corners).max())


def placed(volume: Grid, other: Grid) -> NDArray[np.float64]:
    """Return the affine in millimetres; a file that names no unit has that of the other one."""
    scaled = np.array(volume.affine, np.float64)
    scaled[:3] *= MILLIMETRES[unit_of(volume, other) or "mm"]
    return scaled


def unit_of(volume: Grid, other: Grid) -> str | None:
    """Return the unit of length of a volume, or of the other one where it names none; None if neither does."""
    return next((found.unit for found in (volume, other) if found.unit in MILLIMETRES), None)


def extent_of(volume: Grid, plane: Plane, millimetres: float) -> tuple[float, float]:
    """Return height and width of a slice, in millimetres.

    Args:
        millimetres: of a unit of the affine.
    """
    sides = np.linalg.norm(volume.affine[:3, :3], axis=0) * volume.shape * millimetres
    width, height = map(float, np.delete(sides, PLANES[plane]))
    return height, width


def remark_on_pixels(volume: Grid, plane: Plane, place: str, remarks: Remarks) -> None:
    """Say where the pixels of a slice are not square, for slices are not resampled."""
    sides = np.delete(np.linalg.norm(volume.affine[:3, :3], axis=0), PLANES[plane])
    if sides.max() > SQUARE * sides.min():
        width, height = sides
        unit = f" {volume.unit}" if volume.unit in MILLIMETRES else ""
        remarks.add(
            f"the {plane} slices have pixels that are not square, and are not resampled; another params.yaml: "
            "data.scans.volumes.plane may have square ones",
            f"{place} ({height:.4g} x {width:.4g}{unit}, height x width)",
        )


def voxels(place: Place) -> NDArray[Any]:
    """The volume (X, Y, Z), in the order and direction of its axes in the patient; further axes have a length of 1.

    Raises:
        BadInput: it cannot be read, or its voxels are complex or colours.
    """
    with opened(place), unpacked(place) as file:
        canonical = as_closest_canonical(loaded(place, file))  # type: ignore[no-untyped-call]
        volume: NDArray[Any] = np.asanyarray(canonical.dataobj)
        check_end(file, place)
        volume = volume.reshape(volume.shape[:3])
    if volume.dtype.kind not in "iuf":
        raise BadInput(
            f"{place}: invalid voxel type {volume.dtype}: expected one real number for each voxel; save the magnitude"
        )
    return volume


def header(place: Place) -> Grid:
    """Return where the voxels of a volume lie; they are not read.

    Raises:
        BadInput: it cannot be read, has more than three axes, or needs more memory than the settings allow.
    """
    with opened(place), unpacked(place) as file:
        found = loaded(place, file)
    if len(found.shape) < 3 or min(found.shape) < 1 or any(length > 1 for length in found.shape[3:]):
        raise BadInput(
            f"{place}: invalid shape {by(found.shape)}: expected three axes; save one volume and one channel in each "
            "file"
        )
    scaled = (found.dataobj.slope, found.dataobj.inter) != (1, 0)
    needed = prod(found.shape) * (FLOAT64 if scaled else found.get_data_dtype().itemsize)
    if needed > place.limits.volume_bytes:
        raise BadInput(
            f"{place}: {by(found.shape)} voxels take {needed} bytes of memory: expected at most "
            f"{place.limits.volume_bytes} (params.yaml: limits.volume_bytes); cut the volume into parts, or raise the "
            "limit"
        )
    with opened(place):
        axes = io_orientation(found.affine)  # type: ignore[no-untyped-call]
        affine = found.affine @ inv_ornt_aff(axes, found.shape[:3])  # type: ignore[no-untyped-call]
        lengths = tuple(found.shape[list(axes[:, 0]).index(axis)] for axis in range(3))
        return Grid(lengths, affine, found.header.get_xyzt_units()[0], disputed(found))


def disputed(volume: Any) -> bool:
    """Return whether a header has two orientations, of which a corner lies apart by more than a mask may.

    A quaternion that is no rotation differs from every orientation. The reader takes the sform if there are two.
    """
    s, of_s = volume.get_sform(coded=True)
    if not (of_s and volume.header["qform_code"]) or not np.isfinite(s).all() or np.linalg.matrix_rank(s) < 4:
        return False
    try:
        q = volume.get_qform()
    except ValueError:
        return True
    return not corners_apart(s, q, volume.shape[:3]) <= APART


@contextmanager
def unpacked(place: Place) -> Iterator[BinaryIO]:
    """Open a file, through gzip where its content is packed, whatever its name says."""
    with place.path.open("rb") as raw:
        packed = raw.read(len(GZIP)) == GZIP
        raw.seek(0)
        if not packed:
            yield raw
            return
        with gzip.GzipFile(fileobj=raw) as file:
            yield cast(BinaryIO, file)


def loaded(place: Place, file: BinaryIO) -> Any:
    """Return the volume of a file, its voxels not yet read.

    Raises:
        BadInput: its header says that its voxels are in another file.
    """
    start = file.read(HEADER)
    file.seek(0)
    second = NIFTI_2 in (int.from_bytes(start[:4], order) for order in ORDERS)
    if (start[4:7] if second else start[344:347]) in (b"ni1", b"ni2"):
        raise BadInput(
            f"{place}: the header is of a volume in two files (.hdr and .img), and the voxels are in the other one; "
            "save both as one .nii file"
        )
    kind = Nifti2Image if second else Nifti1Image
    return kind.from_file_map({"image": FileHolder(fileobj=file)})  # type: ignore[no-untyped-call, arg-type]


def check_end(file: BinaryIO, place: Place) -> None:
    """Read a packed file to its end, where its checksum is.

    Raises:
        ValueError: more follows the voxels than the settings allow.
    """
    left = place.limits.volume_bytes
    while isinstance(file, gzip.GzipFile) and (block := file.read(BLOCK)):
        left -= len(block)
        if left < 0:
            raise ValueError("more bytes follow the voxels than params.yaml: limits.volume_bytes allows")


def by(shape: Iterable[int]) -> str:
    return " x ".join(map(str, shape))


@contextmanager
def opened(place: Place) -> Iterator[None]:
    """Return nibabel's error for a file that it cannot read, as one line.

    Raises:
        BadInput: whatever it was.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except BadInput:
        raise
    except Exception as error:  # a damaged file leads readers to raise whatever there is
        words = said(str(error) or type(error).__name__)
        raise BadInput(f"{place}: the volume cannot be read: {words}; copy or export it again") from None
