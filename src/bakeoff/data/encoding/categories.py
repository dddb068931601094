"""Categories as one-hot columns: one for each known value, or one for each bucket of a hash.

A code is the place of the one: N codes stand for (N, width) zeros and ones, where width is the number of values.
"""

import zlib
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from bakeoff.base.settings import Settings
from bakeoff.data.encoding.rows import Texts
from bakeoff.data.encoding.settings import Buckets
from bakeoff.data.table.faults import quoted
from bakeoff.data.table.table import MISSING, free

OTHER = "other"  # names the column that rare and unseen categories share
NO_TEXT = b"\xff"  # what is hashed where there is no value: no text has this as its UTF-8 bytes


def distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) < len(values):
        raise ValueError("lists a value twice")
    return values


Values = Annotated[tuple[str, ...], Field(strict=False), AfterValidator(distinct)]


class Filled(Settings):
    """A row without a value counts as one of this value."""

    value: str


class OneHot(Settings):
    """A column for each known value, one for rows without a value where these are frequent, and a last one for others.

    Attributes:
        known: in the order of code points.
        rare: values that too few training rows have to be known; a value in neither list is unseen.
        missing: how a row without a value is encoded. `column`: in a column of its own. `rare`, `unseen`: with others,
            for few training rows, or none, lack the value. `refuse`: not at all.
    """

    known: Values
    rare: Values
    missing: Literal["column", "rare", "unseen", "refuse"] | Filled

    @cached_property
    def values(self) -> list[str]:
        """The label of each column. A category may itself be called `missing` or `other`; it keeps its name."""
        gaps = [free(MISSING, self.known)] if self.missing == "column" else []
        return [*self.known, *gaps, free(OTHER, self.known)]

    @cached_property
    def decoded(self) -> list[str | None]:
        """The value that each column stands for."""
        gaps = [None] if self.missing == "column" else []
        return [*self.known, *gaps, free(OTHER, self.known)]

    @cached_property
    def codes(self) -> dict[str, int]:
        return {value: code for code, value in enumerate(self.known)}

    @cached_property
    def seen(self) -> frozenset[str]:
        return frozenset((*self.known, *self.rare))

    @property
    def other(self) -> int:
        """The code that rare and unseen values share."""
        return len(self.values) - 1

    def code(self, value: str) -> int:
        return self.codes.get(value, self.other)

    def encode(self, texts: Texts) -> NDArray[np.int64]:
        """Return the codes, -1 if a missing value is refused."""
        return self.value_codes(texts)[texts.index]

    def value_codes(self, texts: Texts) -> NDArray[np.int64]:
        """Return (len(texts.distinct) + 1,): the code of each value; the last one is that of a missing value."""
        if isinstance(self.missing, Filled):
            absent = self.code(self.missing.value)
        else:
            absent = {"column": len(self.known), "refuse": -1}.get(self.missing, self.other)
        return np.array([*map(self.code, texts.distinct), absent], np.int64)

    def unseen(self, texts: Texts) -> NDArray[np.bool_]:
        """Return (len(texts.distinct) + 1,): which values no training row has; the last one is a missing value."""
        return np.array([*(value not in self.seen for value in texts.distinct), self.missing == "unseen"], np.bool_)


class Hashed(Settings):
    """A column for each bucket, `#0`, `#1`, ...: the CRC-32 of the text's UTF-8 bytes modulo the number of buckets.

    Attributes:
        missing: the bucket of a row that has no category; None refuses it.
    """

    buckets: Buckets
    missing: Annotated[int, Field(ge=0)] | None

    @cached_property
    def values(self) -> list[str]:
        return [f"#{bucket}" for bucket in range(self.buckets)]

    @property
    def decoded(self) -> list[str]:
        return self.values

    def encode(self, texts: Texts) -> NDArray[np.int64]:
        """Return the codes, -1 if a missing value is refused."""
        absent = -1 if self.missing is None else self.missing
        codes = [*(bucket(value.encode(), self.buckets) for value in texts.distinct), absent]
        return np.array(codes, np.int64)[texts.index]  # the last one is that of a missing value, whose index is -1


def shown(value: str | None) -> str:
    """Return a category as messages quote it."""
    return "no value" if value is None else quoted(value)


def bucket(text: bytes, buckets: int) -> int:
    return zlib.crc32(text) % buckets


def most_frequent(counts: Mapping[str, int]) -> str:
    """Return the first in the order of code points of equally frequent values."""
    return min(counts, key=lambda value: (-counts[value], value))
