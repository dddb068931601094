"""Scans in NIfTI volumes, cut into slices that stand upright.

X, Y, Z voxels from left to right, back to front, and up, whatever the order in the file; N slices of H x W pixels.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from nibabel.funcs import as_closest_canonical
from nibabel.imageglobals import logger
from nibabel.nifti1 import Nifti1Image
from numpy.typing import NDArray

from bakeoff.data.images.pictures import Mask, Picture
from bakeoff.data.images.places import Place
from bakeoff.data.scans.sequence import Scan
from bakeoff.data.scans.settings import Plane, VolumeSettings
from bakeoff.settings import BadInput

logger.handlers[:] = [logging.NullHandler()]  # or nibabel's words would stand beside our one line

SUFFIXES = (".nii", ".nii.gz")
LARGEST = 2.0**31  # of labels
PLANES: dict[Plane, int] = {"sagittal": 0, "coronal": 1, "axial": 2}  # the axis that it is at right angles to


def is_volume(file: Place) -> bool:
    return file.name.lower().endswith(SUFFIXES)


def read(image: Place, mask: Place, settings: VolumeSettings) -> Scan:
    """A pair of volumes, their headers read.

    Raises:
        BadInput: one cannot be read or is no volume of three axes, or they do not lie voxel upon voxel.
    """
    x, y = header(image), header(mask)
    if x.shape != y.shape:
        raise BadInput(f"{mask}: has {shape(y)} voxels where {image} has {shape(x)}; a mask needs the same")
    if not np.allclose(x.affine, y.affine, atol=1e-3):  # millimetres; writers round
        raise BadInput(f"{mask}: lies elsewhere in space than {image} (their affines differ); resample it to the image")

    def slices() -> Iterator[tuple[Picture, Mask]]:
        volume = voxels(image)
        low, high = window(volume, settings, image)
        masks = upright(whole(voxels(mask), mask), settings.plane)
        for picture, values in zip(upright(volume, settings.plane), masks, strict=True):
            grey = np.rint(255 * np.clip((picture - low) / (high - low), 0, 1))
            yield grey[np.newaxis].astype(np.uint8), values

    return Scan(str(image), str(mask), x.shape[PLANES[settings.plane]], slices)


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
        raise BadInput(f"{place}: {np.count_nonzero(~np.isfinite(volume))} voxels are not finite; set them to 0")
    low, high = map(float, np.percentile(volume, settings.window))
    if low == high:
        raise BadInput(
            f"{place}: percentiles {list(settings.window)} of its voxels are both {low:g}, so no contrast is left; "
            "params.yaml: widen data.scans.volumes.window, or take the file away"
        )
    return low, high


def whole(volume: NDArray[Any], place: Place) -> NDArray[np.integer]:
    """The mask's values as whole numbers.

    Raises:
        BadInput: one is not.
    """
    if volume.dtype.kind in "iu":
        return volume
    wrong = np.argwhere((volume != np.rint(volume)) | ~(np.abs(volume) < LARGEST))
    if len(wrong):
        raise BadInput(
            f"{place}: voxel {wrong[0].tolist()} is {volume[tuple(wrong[0])]}, and labels are whole numbers; resample "
            "a mask by the nearest neighbour"
        )
    return volume.astype(np.int64)


def voxels(place: Place) -> NDArray[Any]:
    """The volume (X, Y, Z), in the order and direction of its axes in the patient.

    Raises:
        BadInput: it cannot be read, or its voxels are complex or colours.
    """
    with opened(place):
        volume: NDArray[Any] = np.asanyarray(canonical(place).dataobj)
    if volume.dtype.kind not in "iuf":
        raise BadInput(f"{place}: its voxels are {volume.dtype}, and should be one number each; save the magnitude")
    return volume


def header(place: Place) -> Any:
    """The volume, its voxels not yet read."""
    with opened(place):
        found = canonical(place)
    if len(found.shape) != 3 or 0 in found.shape:
        raise BadInput(f"{place}: has {shape(found)} voxels, and should have three axes; save one volume a file")
    return found


def canonical(place: Place) -> Any:
    """The volume, its axes brought into the order X, Y, Z."""
    return as_closest_canonical(Nifti1Image.from_filename(place.path))  # type: ignore[no-untyped-call]


def shape(volume: Any) -> str:
    return " x ".join(map(str, volume.shape))


@contextmanager
def opened(place: Place) -> Iterator[None]:
    """What nibabel says of a file that it cannot read, as one line.

    Raises:
        BadInput: whatever it was.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Exception as error:  # a damaged file leads readers to raise whatever there is
        said = " ".join(str(error).split()) or type(error).__name__
        raise BadInput(f"{place}: is no volume that can be read: {said}; copy or export it again") from None
