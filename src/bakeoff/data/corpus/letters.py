"""How many letters of a text the rule text8 drops, which knows a to z alone."""

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput

CHARACTERS = 0x110000
MOST = 0.5  # share of letters that may be dropped
EARLY = 1 << 24  # letters after which a text is judged before it was read to its end


class Letters:
    """A count of letters.

    Attributes:
        kept: a to z and A to Z.
        dropped: all others.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.kept = self.dropped = 0

    def counted(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield UTF-8 unchanged, in blocks of whole characters, and count its letters.

        Raises:
            BadInput: the rule would drop most of them.
        """
        for block in blocks:
            kept, dropped = counts(np.frombuffer(block, np.uint8), letters())
            self.kept, self.dropped = self.kept + kept, self.dropped + dropped
            if self.kept + self.dropped >= EARLY:
                self._check()
            yield block
        self._check()

    def notes(self) -> list[str]:
        """Return a line if letters were dropped."""
        if not self.dropped:
            return []
        return [
            f"{self._name}: data.corpus.tokens is text8, which drops {self._share()} and splits words there; "
            "set data.corpus.tokens: unicode to keep them"
        ]

    def _share(self) -> str:
        total = self.kept + self.dropped
        percent = 100 * self.dropped / total
        share = f"{percent:.1f} %" if percent >= 0.1 else "under 0.1 %"
        return f"{share} of the letters ({self.dropped} of {total} are not a to z)"

    def _check(self) -> None:
        if self.dropped > MOST * (self.kept + self.dropped):
            raise BadInput(
                f"{self._name}: data.corpus.tokens is text8, which would drop {self._share()}; set data.corpus.tokens: "
                "unicode"
            )


@cache
def letters() -> NDArray[np.bool_]:
    """(CHARACTERS,) which code points are letters: Unicode's categories L."""
    return np.fromiter((unicodedata.category(chr(code))[0] == "L" for code in range(CHARACTERS)), np.bool_, CHARACTERS)


@njit(cache=True)
def counts(text: NDArray[np.uint8], letters: NDArray[np.bool_]) -> tuple[int, int]:
    """Return how many letters of UTF-8 are a to z in either case, and how many are others."""
    kept = dropped = at = 0
    while at < len(text):
        first = int(text[at])
        at += 1
        if first < 0x80:
            if 97 <= (first | 32) <= 122:  # in lower case
                kept += 1
            continue
        more = 3 if first >= 0xF0 else 2 if first >= 0xE0 else 1
        code = first & (0x3F >> more)
        for _ in range(more):
            if at < len(text) and text[at] & 0xC0 == 0x80:
                code = code << 6 | (int(text[at]) & 0x3F)
                at += 1
        if code < len(letters) and letters[code]:
            dropped += 1
    return kept, dropped
