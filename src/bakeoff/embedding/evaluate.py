"""What word vectors know: who lies near whom, and how far they agree with people on the likeness of words.

V words, D dimensions, P pairs.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from bakeoff.settings import BadInput

NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
NEIGHBOURS = 5


@dataclass(frozen=True)
class Vectors:
    """Unit vectors (V, D) and their words, unknown words (UNK) first."""

    unit: NDArray[np.float64]
    words: Sequence[str]

    @classmethod
    def of(cls, vectors: NDArray[np.float32], words: Sequence[str]) -> "Vectors":
        exact = vectors.astype(np.float64)
        return cls(exact / np.linalg.norm(exact, axis=1, keepdims=True), words)

    def neighbours(self, word: str) -> list[str]:
        """The words nearest by cosine, the nearest first, without the word itself and UNK."""
        own = self.words.index(word)
        cosines = self.unit @ self.unit[own]
        cosines[[0, own]] = -math.inf
        nearest = np.argsort(-cosines, kind="stable")[: min(NEIGHBOURS, len(self.words) - 2)]
        return [self.words[near] for near in nearest]

    def cosines(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        index = {word: place for place, word in enumerate(self.words)}
        left, right = (self.unit[[index[pair[side]] for pair in pairs]] for side in (0, 1))
        return (left * right).sum(axis=1)  # type: ignore[no-any-return]


Judged = dict[tuple[str, str], float]  # what people said of pairs of words: more is more alike


def read_judged(path: Path) -> Judged:
    """Lines of two words and a score, with tabs between; # begins a comment. Words come out in small letters.

    Raises:
        BadInput: a line is not like that.
    """
    judged: Judged = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("#") or not line.strip():
            continue
        try:
            left, right, score = line.split("\t")
            judged[left.lower(), right.lower()] = float(score)
        except ValueError:
            raise BadInput(
                f"{path}: line {number} is {line!r}, and should be two words and a score, with tabs"
            ) from None
    return judged


def agreement(vectors: Vectors, judged: Judged, name: str) -> dict[str, float]:
    """Spearman's rank correlation of cosines and scores as `name`, and as `name.pairs` over how many pairs.

    A pair counts if the vocabulary has both words. Below two pairs, or where all are level, there is no correlation.
    """
    known = set(vectors.words)
    found = [pair for pair in judged if known.issuperset(pair)]
    measured: dict[str, float] = {f"{name}.pairs": len(found)}
    cosines, scores = vectors.cosines(found), [judged[pair] for pair in found]
    if len(set(cosines.tolist())) > 1 and len(set(scores)) > 1:
        measured[name] = float(spearmanr(cosines, scores).statistic)
    return measured


def purity(vectors: Vectors, group: Iterable[str], name: str) -> dict[str, float]:
    """Share of the neighbours of a group's words that belong to the group; nothing where the vocabulary has none."""
    members = set(group)
    near = [near in members for word in vectors.words if word in members for near in vectors.neighbours(word)]
    return {name: sum(near) / len(near)} if near else {}
