"""Pictures with their masks drawn over them, on request. C, H, W channels, height and width."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bakeoff.base.settings import BadInput
from bakeoff.data.images.pixels import Picture
from bakeoff.data.images.source_tree import Place
from bakeoff.inference import folders
from bakeoff.inference.masks import Segmenter, kind

# Okabe and Ito's palette (2008), which people with any of the common colour blindnesses tell apart; the classes after
# the first have them in turn.
COLOURS = np.array(
    [[230, 159, 0], [86, 180, 233], [0, 158, 115], [240, 228, 66], [0, 114, 178], [213, 94, 0], [204, 121, 167]],
    np.float64,
)
OPACITY = 0.45
SUFFIX = ".overlay.png"


@dataclass(frozen=True)
class Overlaying(Segmenter):
    """A network that labels pixels, and draws each mask over its picture once the mask of its file is whole.

    Attributes:
        background: whether the first class is the background, which gets no colour.
        folder: for the overlays.
        names: of the files, by how messages call them.
    """

    background: bool
    folder: Path
    names: Mapping[str, str]
    drawn: list[NDArray[np.uint8]] = field(default_factory=list)

    def labels(self, picture: Picture, place: str) -> NDArray[np.unsignedinteger]:
        labelled = super().labels(picture, place)
        self.drawn.append(overlay(picture, labelled, self.values, self.background))
        return labelled

    def mask(self, place: Place) -> bytes:
        self.drawn.clear()
        content = super().mask(place)
        name = self.names[str(place)]
        for number, picture in enumerate(self.drawn):
            page = "" if kind(place) == "picture" else f".{number:04d}"
            path = self.folder / f"{name}{page}{SUFFIX}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(path, format="PNG")
        return content


def overlay(
    picture: Picture, labelled: NDArray[np.unsignedinteger], values: NDArray[np.unsignedinteger], background: bool
) -> NDArray[np.uint8]:
    """Return a picture in colour (H, W, 3), with a transparent colour over each class but the background.

    Args:
        picture: (C, H, W); one of 16 bits is shown as bright as its largest value allows.
        labelled: (H, W) values of the mask.
        values: of the mask, by class.
        background: whether the first class is the background.
    """
    brightest = 255 if picture.dtype == np.uint8 else max(int(picture.max()), 1)
    colours = np.broadcast_to(picture.astype(np.float64) * (255 / brightest), (3, *picture.shape[1:]))
    shown = np.moveaxis(colours, 0, -1).copy()
    for number, value in enumerate(values[int(background) :]):
        where = labelled == value
        shown[where] = (1 - OPACITY) * shown[where] + OPACITY * COLOURS[number % len(COLOURS)]
    return np.rint(shown).astype(np.uint8)


def check_folder(folder: str, to: str, source: Path) -> None:
    """Refuse a folder for overlays that cannot be one.

    Raises:
        BadInput: the path cannot be used; the message says what to name instead.
    """
    folders.check("--overlay", folder, holds="overlays", source=source)
    path = Path(folder)
    if to != "-" and path.resolve().is_relative_to(Path(to).resolve()):
        raise BadInput(f"--overlay {folder}: is in {to}, where the masks go; name a folder elsewhere")
