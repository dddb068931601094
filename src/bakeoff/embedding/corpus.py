"""Reads a text and its vocabulary."""

import csv
from pathlib import Path

import numpy as np

from bakeoff.data.corpus.corpus import Corpus
from bakeoff.settings import BadInput


def load(ids: Path, vocabulary: Path) -> Corpus:
    """What `Corpus.save_ids` and `Corpus.save_vocabulary` wrote.

    Raises:
        BadInput: the two do not belong together.
    """
    text = np.load(ids, allow_pickle=False)
    with vocabulary.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    counts = np.array([int(row["count"]) for row in rows], np.int64)
    if not np.array_equal(np.bincount(text, minlength=len(rows)), counts):
        raise BadInput(f"{vocabulary}: its counts are not those of the words in {ids}; make both again")
    return Corpus(text, tuple(row["word"] for row in rows), counts)
