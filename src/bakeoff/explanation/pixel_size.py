"""The size of a pixel, by which distances are measured: given by the user, known from the data, or unknown."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bakeoff.data.card import Spacings, read_card
from bakeoff.explanation.surfaces import PIXEL, Spacing


@dataclass(frozen=True)
class PixelSize:
    """The size of a pixel of the prepared pictures.

    Attributes:
        spacing: its height and width in millimetres; None for distances in pixels.
        source: `option` where the user gave it, `data` where the card of the data has it.
        several: the least and the largest of the data, where they differ; then none is assumed.
    """

    spacing: Spacing | None
    source: Literal["option", "data"] | None = None
    several: Spacings | None = None

    @classmethod
    def of(cls, given: Spacing | None, card: Path) -> "PixelSize":
        """Return the given pixel size; without one, that in the data card.

        Raises:
            BadInput: the card is not one.
        """
        if given is not None:
            return cls(given, "option")
        found = read_card(card).spacings if card.is_file() else None
        if found is None:
            return cls(None)
        least, largest = found
        return cls(least, "data") if least == largest else cls(None, several=found)

    @property
    def unit(self) -> Literal["pixels", "mm"]:
        return "pixels" if self.spacing is None else "mm"

    @property
    def measured(self) -> Spacing:
        """The spacing of distances in `unit`."""
        return self.spacing or PIXEL

    def description(self) -> str:
        """Return a sentence on the size of a pixel."""
        if self.several:
            least, largest = map(by, self.several)
            return (
                f"The data have pixels of several sizes, {least} to {largest} mm (height x width), and none is "
                "assumed; --spacing takes one size for all."
            )
        if self.spacing is None:
            return "The size of a pixel is not known; --spacing gives it."
        source = "as --spacing gives it" if self.source == "option" else "from the voxel sizes of the volumes"
        return f"A pixel is {by(self.spacing)} mm (height x width), {source}."


def by(spacing: Spacing) -> str:
    return f"{spacing[0]:g} x {spacing[1]:g}"
