"""Evaluation of word vectors: nearest neighbours, word similarity, analogies.

V words, D dimensions, P pairs, Q questions.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata, skew

from bakeoff.base.settings import BadInput

NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
NEIGHBOURS = 5
CHUNK = 512  # rows of cosines held at once
HUBS_AMONG = 5000  # most frequent words that are searched for hubs
RESAMPLES, CONFIDENCE = 1000, 0.95  # of the bootstrap

Floats = NDArray[np.float64]
Question = tuple[str, str, str, str]  # a is to b as c is to d


class Judged(NamedTuple):
    """A pair of words and its similarity in the judgement of people."""

    left: str
    right: str
    score: float


@dataclass(frozen=True)
class Vectors:
    """Unit vectors (V, D) and their words, unknown words (UNK) first."""

    unit: Floats
    words: Sequence[str]

    @classmethod
    def of(cls, vectors: NDArray[np.float32], words: Sequence[str]) -> "Vectors":
        exact = vectors.astype(np.float64)
        return cls(exact / np.maximum(np.linalg.norm(exact, axis=1, keepdims=True), np.finfo(float).tiny), words)

    @cached_property
    def index(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.words)}

    def neighbours(self, word: str, count: int = NEIGHBOURS) -> list[str]:
        """The words nearest by cosine, the nearest first, without the word itself and UNK."""
        own = self.index[word]
        return [near for near, _ in self.nearest(self.unit[own], {own}, count)]

    def nearest(self, point: Floats, without: Iterable[int], count: int) -> list[tuple[str, float]]:
        """The words nearest to a point (D,), the nearest first, with their products; without UNK and `without`."""
        products = self.unit @ point
        left_out = [0, *without]
        products[left_out] = -math.inf
        order = np.argsort(-products, kind="stable")[: min(count, len(self.words) - len(left_out))]
        return [(self.words[place], float(products[place])) for place in order]

    def analogy(self, a: str, b: str, c: str, count: int = NEIGHBOURS) -> list[tuple[str, float]]:
        """Words d with a : b = c : d, those nearest to b - a + c. Source: Mikolov, Yih & Zweig 2013, NAACL."""
        places = [self.index[word] for word in (a, b, c)]
        return self.nearest(np.array([-1.0, 1.0, 1.0]) @ self.unit[places], set(places), count)

    def cosines(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        left, right = (self.unit[[self.index[pair[side]] for pair in pairs]] for side in (0, 1))
        return (left * right).sum(axis=1)  # type: ignore[no-any-return]


class Test(Protocol):
    def measure(self, vectors: Vectors, name: str) -> dict[str, float]:
        """The score as `name`, a bootstrap interval as `name.low` and `name.high`, and `name.coverage`.

        The coverage is the share of the test whose words the vocabulary has. Where that is too little, or the
        vectors are level, there is no score.
        """


@dataclass(frozen=True)
class Likeness:
    """Spearman's rank correlation of cosine similarities with human judgements of pairs.

    A pair that a test lists twice counts twice, each time with its own score: WordSim-353 has money and cash with 9.08
    and with 9.15, and its published results are over all 353 lines.
    """

    judged: Sequence[Judged]

    def measure(self, vectors: Vectors, name: str) -> dict[str, float]:
        found = [pair for pair in self.judged if vectors.index.keys() >= {pair.left, pair.right}]
        measured: dict[str, float] = {f"{name}.pairs": len(found), f"{name}.coverage": share(found, self.judged)}
        cosines = vectors.cosines([(pair.left, pair.right) for pair in found])
        both = np.stack([cosines, [pair.score for pair in found]])  # (2, P)
        level = any(len(set(side)) < 2 for side in both.tolist())
        return measured if level else measured | scored(name, both, rank_correlation)


@dataclass(frozen=True)
class Analogies:
    """The share of questions answered right: b - a + c is nearest to d, of all words but a, b and c."""

    questions: Sequence[Question]

    def measure(self, vectors: Vectors, name: str) -> dict[str, float]:
        found = [question for question in self.questions if vectors.index.keys() >= set(question)]
        measured = {f"{name}.questions": len(found), f"{name}.coverage": share(found, self.questions)}
        places = np.array([[vectors.index[word] for word in question] for question in found], int).reshape(-1, 4)
        right = [answer for part in chunks(places) for answer in answered(vectors.unit, part)]
        return measured | scored(name, np.array([right]), lambda drawn: drawn[:, 0].mean(axis=1)) if right else measured


def answered(unit: Floats, questions: NDArray[np.int_]) -> list[bool]:
    """Return whether each question (Q, 4) is answered correctly."""
    a, b, c, d = questions.T
    products = (unit[b] - unit[a] + unit[c]) @ unit.T  # (Q, V)
    products[:, 0] = -math.inf
    np.put_along_axis(products, questions[:, :3], -math.inf, axis=1)
    return (products.argmax(axis=1) == d).tolist()  # type: ignore[no-any-return]


def scored(name: str, sample: Floats, statistic: Callable[[Floats], Floats]) -> dict[str, float]:
    """Return a statistic of a sample (values, size), and its percentiles over bootstrap samples.

    Source: Efron 1979, Annals of Statistics 7.
    """
    draws = np.random.default_rng(0).integers(sample.shape[1], size=(RESAMPLES, sample.shape[1]))
    drawn = statistic(sample[:, draws].swapaxes(0, 1))
    low, high = np.nanquantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return {name: float(statistic(sample[None])[0]), f"{name}.low": float(low), f"{name}.high": float(high)}


def rank_correlation(samples: Floats) -> Floats:
    """Spearman's correlation of each (2, P) of samples (N, 2, P); NaN if one side is level."""
    ranks = rankdata(samples, axis=2)
    centred = ranks - ranks.mean(axis=2, keepdims=True)
    spread = np.sqrt((centred**2).sum(axis=2).prod(axis=1))
    with np.errstate(invalid="ignore"):
        return centred.prod(axis=1).sum(axis=1) / spread  # type: ignore[no-any-return]


def share(part: Sequence[object], whole: Iterable[object]) -> float:
    return len(part) / max(len(list(whole)), 1)


def chunks(rows: NDArray[np.int_]) -> list[NDArray[np.int_]]:
    return [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]


def purity(vectors: Vectors, group: Iterable[str], name: str) -> dict[str, float]:
    """Return the share of the neighbours of a group's words in the group; none if the vocabulary lacks the group."""
    members = set(group)
    near = [
        near in members for word in vectors.words if word in members for near in vectors.neighbours(word, NEIGHBOURS)
    ]
    return {name: sum(near) / len(near)} if near else {}


def hubness(vectors: Vectors, name: str) -> dict[str, float]:
    """Skewness, over words, of how many others have a word among their nearest: 0 without hubs, large with some.

    Of the HUBS_AMONG most frequent words. Source: Radovanovic, Nanopoulos & Ivanovic 2010, JMLR 11.
    """
    unit = vectors.unit[1 : 1 + HUBS_AMONG]
    if len(unit) <= NEIGHBOURS:
        return {}
    met = np.zeros(len(unit), int)
    for rows in chunks(np.arange(len(unit))):
        cosines = unit[rows] @ unit.T
        cosines[np.arange(len(rows)), rows] = -math.inf
        nearest = np.argpartition(-cosines, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
        met += np.bincount(nearest.ravel(), minlength=len(unit))
    return {name: float(skew(met))} if len(set(met.tolist())) > 1 else {}


def read_test(path: Path) -> Test:
    """Return a test of either kind: analogies where a line is `: name of a section`, else judged pairs.

    Raises:
        BadInput: a line is like neither, or the file is not UTF-8.
    """
    lines = numbered(path)
    analogies = any(line.startswith(":") for _, line in lines)
    return Analogies(read_analogies(path, lines)) if analogies else Likeness(read_judged(path, lines))


def numbered(path: Path) -> list[tuple[int, str]]:
    """Return the lines that are not blank, each with its number from 1.

    Raises:
        BadInput: the file is not UTF-8.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{path}: invalid byte {error.object[error.start]:#04x} (byte {error.start}): expected UTF-8; "
            "save the file as UTF-8"
        ) from None
    return [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]


def read_judged(path: Path, lines: Iterable[tuple[int, str]]) -> list[Judged]:
    """Return the pairs of lines of two words and a score, with tabs between, in lower case; # begins a comment.

    Raises:
        BadInput: a line is not like that.
    """
    judged = []
    for number, line in lines:
        if line.startswith("#"):
            continue
        try:
            left, right, text = line.lower().split("\t")
            score = float(text)
        except ValueError:
            score = math.nan
        if not math.isfinite(score):
            raise BadInput(
                f"{path}: invalid line {line[:80]!r} (line {number}): expected two words and a score, with tabs "
                "between them; correct or remove it"
            )
        judged.append(Judged(left.strip(), right.strip(), score))
    return judged


def read_analogies(path: Path, lines: Iterable[tuple[int, str]]) -> list[Question]:
    """Return the questions of lines of four words, in lower case, with a line `: name` above each section.

    Raises:
        BadInput: a line is not like that.
    """
    questions: list[Question] = []
    for number, line in lines:
        if line.startswith(":"):
            continue
        try:
            a, b, c, d = line.lower().split()
        except ValueError:
            raise BadInput(
                f"{path}: invalid line {line[:80]!r} (line {number}): expected four words; correct or remove it"
            ) from None
        questions.append((a, b, c, d))
    return questions
