"""The first words of a text."""

from collections.abc import Iterable, Iterator

import numpy as np

from bakeoff.data.corpus.hashing import SPACE, Bytes


class First:
    """Cuts a text after so many words.

    Attributes:
        left: words that are still to come.
        cut: whether there were more.
    """

    def __init__(self, words: int) -> None:
        self.left, self.cut = words, False

    def of(self, blocks: Iterable[Bytes]) -> Iterator[Bytes]:
        """Yield the blocks until the words end; a block may cut a word."""
        before = np.array([SPACE], np.uint8)
        for block in blocks:
            spaces = np.concatenate((before, block)) == SPACE
            starts = np.flatnonzero(spaces[:-1] & ~spaces[1:])
            if len(starts) > self.left:
                self.cut = True
                yield block[: starts[self.left]]
                return
            self.left -= len(starts)
            before = block[-1:] if len(block) else before
            yield block
