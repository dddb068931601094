"""A text as word ids."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput

UNKNOWN = "UNK"  # every word without an id
CHUNK = 1 << 24  # words counted at once


@dataclass(frozen=True)
class Corpus:
    """T words of text, of a vocabulary of V.

    Attributes:
        ids: (T,) int32; mapped from the file, so a part is in memory only while it is used.
        words: (V,) in the order of their ids; the first is UNK.
        counts: (V,) how often each stands in the text.
    """

    ids: NDArray[np.int32]
    words: tuple[str, ...]
    counts: NDArray[np.int64]

    @classmethod
    def load(cls, ids: Path, vocabulary: Path) -> "Corpus":
        """Load the files that `ingest_corpus` wrote.

        Raises:
            BadInput: the two do not belong together.
        """
        text = np.load(ids, mmap_mode="r", allow_pickle=False)
        counted = read_vocabulary(vocabulary)
        counts = np.array(list(counted.values()), np.int64)
        found = np.zeros(len(counted) + 1, np.int64)  # ids that no word has fall into the last
        for start in range(0, len(text), CHUNK):
            part = np.minimum(text[start : start + CHUNK], len(counted))
            found += np.bincount(part, minlength=len(found))
        if found.tolist() != [*counts, 0]:
            raise BadInput(f"{vocabulary}: the counts differ from those of the words in {ids}; make both files again")
        return cls(text, tuple(counted), counts)


def read_vocabulary(path: Path) -> dict[str, int]:
    """Each word and how often it stands in the text, in the order of ids: UNK, then the most frequent first."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["word"]: int(row["count"]) for row in csv.DictReader(file)}
