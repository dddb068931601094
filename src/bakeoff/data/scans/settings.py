"""Settings of a data set of scans: `data.<name>` of the kind `scans` in params.yaml."""

import math
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from bakeoff.base.quoting import quoted
from bakeoff.base.settings import Settings
from bakeoff.base.values import Amount, Positive, Seed, Share
from bakeoff.data.images.settings import Bits, Colour, Resize
from bakeoff.data.portion import check_rest
from bakeoff.data.sources.settings import ScansSource

Plane = Literal["sagittal", "coronal", "axial"]
Value = Annotated[int, Field(ge=0, le=2**32 - 1)]
Percent = Annotated[float, Field(ge=0, le=100)]


def rising(window: tuple[float, float]) -> tuple[float, float]:
    if window[0] >= window[1]:
        raise ValueError(f"{quoted(list(window))} should rise, as [0.5, 99.5] does")
    return window


class VolumeSettings(Settings):
    """Settings of NIfTI volumes: the plane of the slices, and the percentiles that become 0 and 255."""

    plane: Plane
    window: Annotated[tuple[Percent, Percent], Field(strict=False), AfterValidator(rising)]


class SlabSettings(Settings):
    """Stretches of the sequence of all slices, in the order of the files' names, with gaps between them.

    Each length is a number of slices, or a share of all.
    """

    by: Literal["slabs"]
    slices: Annotated[tuple[Amount, Amount, Amount], Field(strict=False)]
    gap: Annotated[int, Field(ge=0, le=10**9)] | Share

    @model_validator(mode="after")
    def fits_the_sequence(self) -> Self:
        shares = [one for one in (*self.slices, self.gap, self.gap) if isinstance(one, float)]
        if (needed := math.fsum(shares)) > 1 + 1e-9:
            raise ValueError(
                f"slices and two gaps take {needed:g} of the slices, and should take at most 1; shorten them"
            )
        return self


class FileSplitSettings(Settings):
    """Whole files, a number or a share of them: no two slices of one volume stand in two parts."""

    by: Literal["file"]
    validation: Amount
    test: Amount
    seed: Seed

    @model_validator(mode="after")
    def leaves_files_to_train_on(self) -> Self:
        check_rest(self.validation, self.test)
        return self


class ScansSettings(Settings):
    """`labels` is a list, for the order of its classes counts: the first is the background.

    `background` names it again, so that a list in another order is noticed; null says that no class is a background.
    A class has one value of the masks, a list of them, or `rest`: all that are not listed, as the numbers of instances.
    """

    kind: Literal["scans"]
    source: ScansSource
    take: Positive | None
    labels: Annotated[
        tuple[
            dict[str, Value | Literal["rest"] | Annotated[tuple[Value, ...], Field(strict=False, min_length=1)]], ...
        ],
        Field(strict=False, min_length=2, max_length=256),
    ]
    background: str | None
    colour: Colour
    resize: Resize
    bits: Bits | None
    volumes: VolumeSettings
    split: Annotated[SlabSettings | FileSplitSettings, Field(discriminator="by")]
    bias_field: Annotated[float, Field(ge=0, lt=1)]
    noise: Annotated[float, Field(ge=0, le=100)]
    seed: Seed

    @model_validator(mode="after")
    def each_class_and_each_value_stands_once(self) -> Self:
        if lumped := next((entry for entry in self.labels if len(entry) != 1), None):
            raise ValueError(
                f"labels has the entry {quoted(lumped)}; write a list with one class an entry: [cell: 255, edge: 0]"
            )
        for what, listed in (("class", self.classes), ("value", tuple(str(value) for value, _ in self.values))):
            if twice := [item for item in listed if listed.count(item) > 1]:
                raise ValueError(f"labels has the {what} {twice[0]} twice; write it once")
        if len(resting := [name for name, given in self._given() if given == "rest"]) > 1:
            raise ValueError(f"labels gives the rest of the values to {resting[0]} and to {resting[1]}; write it once")
        if not self.values:
            raise ValueError("labels lists no value; write that of the background: [background: 0, cell: rest]")
        if self.background is not None and self.background != self.classes[0]:
            raise ValueError(
                f"background is {quoted(self.background)}, and the first class of labels is {quoted(self.classes[0])}; "
                "list the background first, or write background: null where no class is one"
            )
        return self

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(name for entry in self.labels for name in entry)

    @property
    def values(self) -> list[tuple[int, int]]:
        """Values of the masks, each with the number of its class."""
        return [
            (value, k)
            for k, (_, given) in enumerate(self._given())
            if given != "rest"
            for value in (given if isinstance(given, tuple) else (given,))
        ]

    @property
    def rest(self) -> int | None:
        """The number of the class of all values that are not listed, if there is one."""
        return next((k for k, (_, given) in enumerate(self._given()) if given == "rest"), None)

    def _given(self) -> list[tuple[str, int | Literal["rest"] | tuple[int, ...]]]:
        return [item for entry in self.labels for item in entry.items()]
