"""Categories as one-hot columns: one for each known value, or one for each bucket of a hash.

A code is the place of the one: N codes stand for (N, width) zeros and ones, where width is the number of values.
"""

import zlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from bakeoff.data.encoding.rows import Texts
from bakeoff.data.encoding.settings import Buckets
from bakeoff.data.table.table import MISSING
from bakeoff.settings import Settings

OTHER = "other"  # the value that rare and unseen categories share


def distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) < len(values):
        raise ValueError("lists a value twice")
    return values


Values = Annotated[tuple[str, ...], Field(strict=False), AfterValidator(distinct)]


class OneHot(Settings):
    """A column for each known value, and a last one for `other`.

    Attributes:
        known: in the order of code points.
        rare: what training rows had too seldom to be known; what is in neither is unseen. A category that is itself
            named `other` is among them, however frequent.
        missing: the category of a row that has none; None refuses it.
    """

    known: Values
    rare: Values
    missing: str | None

    @cached_property
    def values(self) -> list[str]:
        return [*self.known, OTHER]

    @cached_property
    def codes(self) -> dict[str, int]:
        return {value: code for code, value in enumerate(self.known)}

    @cached_property
    def seen(self) -> frozenset[str]:
        return frozenset((*self.known, *self.rare))

    def code(self, value: str) -> int:
        return self.codes.get(value, len(self.known))

    def encode(self, texts: Texts) -> NDArray[np.int64]:
        """Codes, -1 where a missing value is refused."""
        absent = -1 if self.missing is None else self.code(self.missing)
        return looked_up([*map(self.code, texts.distinct), absent], texts)


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

    def encode(self, texts: Texts) -> NDArray[np.int64]:
        """Codes, -1 where a missing value is refused."""
        absent = -1 if self.missing is None else self.missing
        return looked_up([*(bucket(value, self.buckets) for value in texts.distinct), absent], texts)


def looked_up(codes: Sequence[int], texts: Texts) -> NDArray[np.int64]:
    """The code of each row; the last one is that of a missing value, whose index is -1."""
    return np.array(codes, np.int64)[texts.index]


def bucket(value: str, buckets: int) -> int:
    return zlib.crc32(value.encode()) % buckets


def most_frequent(counts: Mapping[str, int]) -> str:
    """Of equally frequent ones the first in the order of code points; of none, the word for a missing one."""
    return min(counts, key=lambda value: (-counts[value], value), default=MISSING)
