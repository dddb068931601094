"""Masks of pictures, stacks and volumes: a label for each pixel or voxel, in a file of the same kind and size.

C, H, W channels, height and width; N slices; K classes.
"""

import gzip
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import tifffile
from nibabel.orientations import apply_orientation, io_orientation, ornt_transform
from numpy.typing import NDArray
from PIL import Image

from bakeoff.base.quoting import quoted
from bakeoff.base.settings import BadInput
from bakeoff.data.images import pictures
from bakeoff.data.images.pixels import Picture
from bakeoff.data.images.source_tree import Place
from bakeoff.data.scans import volumes
from bakeoff.data.scans.settings import Plane, ScansSettings, VolumeSettings
from bakeoff.inference.models import Trained
from bakeoff.inference.pictures import Preparation
from bakeoff.networks.registry import NETWORKS

RAS = ((0, 1), (1, 1), (2, 1))  # the axes as `volumes.voxels` orders them
SUFFIXES = {"picture": (".png",), "stack": (".tif", ".tiff"), "volume": (".nii", ".nii.gz")}
MOST = 65535  # the largest label of a PNG


@dataclass(frozen=True)
class Segmenter:
    """A network that labels pixels.

    Attributes:
        values: of the masks, by class.
        window: side of the windows in which larger pictures are seen; None for whole pictures.
    """

    model: Trained
    preparation: Preparation
    volumes: VolumeSettings
    values: NDArray[np.unsignedinteger]
    window: int | None

    def labels(self, picture: Picture, place: str) -> NDArray[np.unsignedinteger]:
        """Return the mask (H, W) of a picture (C, H, W).

        The network sees the picture in the size of its training; probabilities are interpolated to the picture's own.

        Raises:
            BadInput: the picture is too small.
        """
        import torch
        import torch.nn.functional as F

        old = (picture.shape[1], picture.shape[2])
        x = self.preparation.prepared(picture, place)
        height, width = x.shape[1:]
        settings = NETWORKS[self.model.network].settings.model_validate(self.model.settings)
        seen = min(height, self.window or height), min(width, self.window or width)
        if fault := settings.size_fault(*seen, f"{seen[0]} x {seen[1]} pixels"):
            raise BadInput(f"{place}: is too small for {self.model.name}: {fault}, or a larger picture")
        probabilities = torch.from_numpy(self.model.predictor.predict(x[np.newaxis]))
        if (height, width) != old:
            probabilities = F.interpolate(probabilities, size=old, mode="bilinear", align_corners=False)
        labelled: NDArray[np.unsignedinteger] = self.values[probabilities[0].numpy().argmax(axis=0)]
        return labelled

    def mask(self, place: Place) -> bytes:
        """Return a file of labels: of a volume NIfTI, of a TIFF file TIFF, of any other picture PNG.

        Raises:
            BadInput: the file cannot be read.
        """
        match kind(place):
            case "volume":
                return self.volume(place)
            case "stack":
                return tiff(self.labels(picture, str(place)) for picture in pictures.stack(place))
            case _:
                return png(self.labels(pictures.read(place), str(place)), place)

    def volume(self, place: Place) -> bytes:
        """Return a NIfTI file with the shape, the affine and the units of the image."""
        volumes.header(place)  # refuses a volume that is too large before it is read
        found = volumes.voxels(place)
        low, high = volumes.window(found, self.volumes, place)
        plane = self.volumes.plane
        masks = [
            self.labels(
                np.rint(255 * np.clip((one - low) / (high - low), 0, 1)).astype(np.uint8)[np.newaxis], str(place)
            )
            for one in volumes.upright(found, plane)
        ]
        return nifti(lying(np.stack(masks), plane), place)


def check_options(task: str, kind: str, options: Mapping[str, object]) -> None:
    """Refuse options that are for masks alone, where a task has none.

    Args:
        kind: of the task's data.
        options: the values given, by option; None for one that was not given.

    Raises:
        BadInput: names the option.
    """
    given = next((option for option, value in options.items() if value is not None), None)
    if given is not None and kind != "scans":
        raise BadInput(f"{given}: this option is for tasks with masks, and {quoted(task)} has no masks; leave it out")


def kind(place: Place) -> str:
    """Return the kind of a file: `volume` by its name, `stack` for TIFF or `picture` by its content."""
    if volumes.is_volume(place):
        return "volume"
    return "stack" if pictures.tiff_file(place) else "picture"


def label_values(settings: ScansSettings) -> NDArray[np.unsignedinteger]:
    """Return the value of each class in masks: the first that params.yaml lists, for `rest` the least that is free."""
    listed: dict[int, int] = {}
    for value, number in settings.values:
        listed.setdefault(number, value)
    taken = {value for value, _ in settings.values}
    free = next(value for value in range(len(taken) + 1) if value not in taken)
    values = [listed.get(number, free) for number in range(len(settings.classes))]
    return np.array(values, np.min_scalar_type(max(values)))


def lying(masks: NDArray[np.unsignedinteger], plane: Plane) -> NDArray[np.unsignedinteger]:
    """Return upright slices (N, H, W) as a volume (X, Y, Z), the inverse of `volumes.upright`."""
    return np.moveaxis(masks[:, ::-1].swapaxes(1, 2), 0, volumes.PLANES[plane])


def png(mask: NDArray[np.unsignedinteger], place: Place) -> bytes:
    if mask.dtype.itemsize > 2:
        raise BadInput(
            f"{place}: the mask has labels above {MOST}, the largest value of a PNG; save the picture as TIFF"
        )
    content = io.BytesIO()
    Image.fromarray(mask).save(content, format="PNG")
    return content.getvalue()


def tiff(masks: Iterable[NDArray[np.unsignedinteger]]) -> bytes:
    """Return a TIFF file with a page for each mask, without timestamps."""
    content = io.BytesIO()
    with tifffile.TiffWriter(content) as file:
        for mask in masks:
            file.write(mask, photometric="minisblack", compression="zlib", metadata=None, software=False)
    return content.getvalue()


def nifti(mask: NDArray[np.unsignedinteger], place: Place) -> bytes:
    """Return a mask (X, Y, Z) in the order of axes of its image's file, packed where that is."""
    with volumes.opened(place), volumes.unpacked(place) as file:
        image = volumes.loaded(place, file)
    back = ornt_transform(np.array(RAS), io_orientation(image.affine))  # type: ignore[no-untyped-call]
    values = apply_orientation(mask, back).reshape(image.shape)  # type: ignore[no-untyped-call]
    header = image.header.copy()
    header.set_data_dtype(values.dtype)
    header["cal_min"], header["cal_max"] = 0, 0  # the window of the image's intensities
    content: bytes = type(image)(values, image.affine, header).to_bytes()
    return gzip.compress(content, mtime=0) if place.name.lower().endswith(".gz") else content


def named(name: str, place: Place) -> str:
    """Return the name of a mask: that of its image, with the suffix of the kind in which it is written."""
    suffixes = SUFFIXES[kind(place)]
    if name.lower().endswith(suffixes):
        return name
    return str(PurePosixPath(name).with_suffix(suffixes[0]))


def check_suffix(to: str, place: Place) -> None:
    """Refuse a name of a mask that is of another kind than its file.

    Raises:
        BadInput: lists the suffixes that fit.
    """
    suffixes: Sequence[str] = SUFFIXES[kind(place)]
    if kind(place) == "volume":  # packed as the image is, for the content is
        suffixes = [".nii.gz"] if place.name.lower().endswith(".gz") else [".nii"]
    if not to.lower().endswith(tuple(suffixes)):
        raise BadInput(
            f"{to}: invalid suffix: expected {' or '.join(suffixes)}, the format of the mask of {place}; rename it"
        )
