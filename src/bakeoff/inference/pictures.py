"""Prepares pictures for the networks of a data set: colour, number of bits, size.

C, H, W channels, height and width.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput
from bakeoff.data.card import encodable
from bakeoff.data.images import area, pictures
from bakeoff.data.images.depth import Depth
from bakeoff.data.images.pixels import Picture, recolour
from bakeoff.data.images.settings import Bits, Colour, Resize, Size
from bakeoff.data.images.source_tree import Place
from bakeoff.data.remarks import Remarks
from bakeoff.inference import classes, output
from bakeoff.inference.models import Trained
from bakeoff.inference.refusals import Refusals

TOGETHER = 1024  # pictures that are held in memory
CHANNELS: Mapping[Colour, int] = {"grey": 1, "rgb": 3}


@dataclass(frozen=True)
class Preparation:
    """The settings of a data set for preparing its pictures.

    Attributes:
        data: the name of the data set.
    """

    data: str
    colour: Colour
    resize: Resize
    bits: Bits | None
    remarks: Remarks

    def check(self, model: Trained) -> None:
        """Refuse a model that was trained on pictures of other channels.

        Raises:
            BadInput: says what to do.
        """
        if CHANNELS[self.colour] != model.shape[0]:
            raise BadInput(
                f"params.yaml: data.{self.data}.colour is {self.colour}, but {model.name} was trained on pictures of "
                f"{model.shape[0]} channels; `dvc repro {model.stage}` trains it again, or change that back"
            )

    def prepared(self, picture: Picture, place: str) -> NDArray[np.uint8]:
        """Return a picture in the colour, number of bits and size of the data set.

        Raises:
            BadInput: its bits cannot be known, or it is smaller than the networks take.
        """
        if picture.dtype != np.uint8 and self.bits is None:
            raise BadInput(
                f"{place}: the picture has 16 bits, and params.yaml: data.{self.data}.bits is null, so the number of "
                "bits in use is unknown; set it to the number that the ingestion printed, or save the picture in 8 bits"
            )
        if len(picture) != CHANNELS[self.colour]:
            found = "grey" if len(picture) == 1 else "RGB"
            self.remarks.add(f"is {found}, and is read as {self.colour} (data.{self.data}.colour)", place)
        depth = Depth(f"data.{self.data}.bits", self.bits, lambda: iter(()), self.remarks)
        eight = recolour(depth.eight(picture, place), self.colour)
        old = (eight.shape[1], eight.shape[2])
        new = self.size(old)
        area.check(place, old, new)
        return np.ascontiguousarray(area.means(eight, new)) if new != old else np.array(eight)

    def size(self, old: Size) -> Size:
        """Return the size to which pictures of a size are brought."""
        return area.size(old, self.resize)


def predicted(
    model: Trained,
    preparation: Preparation,
    places: Sequence[tuple[str, Place]],
    refusals: Refusals,
    advance: Callable[[int], object],
) -> tuple[bytes | None, int]:
    """Return a CSV file with a line for each picture, and their number; None if every one is refused.

    Args:
        advance: called for each file that is done.
    """
    rows: list[list[object]] = []
    for start in range(0, len(places), TOGETHER):
        names: list[str] = []
        x: list[NDArray[Any]] = []
        for name, place in places[start : start + TOGETHER]:
            try:
                x.append(fitting(model, preparation, place))
            except BadInput as error:
                refusals.add(error)
            else:
                names.append(encodable(name))
            advance(1)
        if x:
            rows.extend(classes.lines(model, names, np.stack(x)))
    return (output.table(classes.header("file", model), rows) if rows else None), len(rows)


def fitting(model: Trained, preparation: Preparation, place: Place) -> NDArray[np.uint8]:
    """Return the picture of a file, (C, H, W) as the model takes it.

    Raises:
        BadInput: the file cannot be read, or is of another size.
    """
    picture = preparation.prepared(pictures.read(place), str(place))
    if picture.shape != model.shape:
        (h, w), (H, W) = picture.shape[1:], model.shape[1:]
        resized = "" if preparation.resize is None else " once it is resized"
        raise BadInput(
            f"{place}: invalid size {h} x {w} (height x width){resized}: expected {H} x {W}, the size of the pictures "
            f"of {model.name}; resize the picture"
        )
    return picture
