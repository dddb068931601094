"""The state and the schedule of a word2vec training, independent of the backend.

T words of text, V words of vocabulary, D dimensions.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput
from bakeoff.data.corpus.corpus import Corpus
from bakeoff.embedding.kernels import Floats, Language, alias
from bakeoff.embedding.settings import ArchitectureName, Word2vecSettings

LEAST_RATE = 1e-4  # of the first learning rate, as in the program word2vec


@dataclass
class State:
    """All that the rest of a training depends on.

    Attributes:
        vectors: (2, V, D) inputs and outputs, D as wide as whatever computes wants it.
        epoch: how many are over.
        offset: words that are done in this one: of each shard, or of the whole text.
        loss, examples: sums over this epoch.
        history: a row an epoch.
    """

    vectors: Floats
    epoch: int = 0
    offset: int = 0
    loss: float = 0.0
    examples: int = 0
    history: list[dict[str, float]] = field(default_factory=list)

    def pack(self) -> tuple[bytes, memoryview]:
        """A line of JSON, which keeps every bit of a float, and the vectors."""
        counts = {name: value for name, value in vars(self).items() if name != "vectors"}
        return json.dumps(counts).encode() + b"\n", self.vectors.data.cast("B")

    @classmethod
    def unpack(cls, packed: bytes, shape: tuple[int, ...]) -> Self:
        counts, _, vectors = packed.partition(b"\n")
        return cls(np.frombuffer(vectors, np.float32).reshape(shape).copy(), **json.loads(counts))


class Course(Protocol):
    """A training at work, to be used inside `with course.at(state):`."""

    shape: tuple[int, int, int]  # of a state's vectors
    longest: int  # the offset at which an epoch is over

    def start(self) -> State:
        """The first state."""

    @contextmanager
    def at(self, state: State) -> Iterator[Self]:
        """Ready to go on from a state."""

    def round(self, state: State) -> int:
        """Trains on the next words of the text; returns how many these were.

        Raises:
            FloatingPointError: a vector is no longer finite.
        """

    def fetch(self, state: State) -> None:
        """Brings the state's vectors up to date, wherever they were trained."""

    def validate(self, state: State) -> float:
        """Return the mean loss per example on the held-out text, without subsampling, with fixed random draws."""

    def done(self, state: State) -> int:
        """Words of text behind a state."""


class Lesson:
    """The inputs of word2vec on any backend.

    Attributes:
        text, held: (T,) ids to train on, and those held out: views of the mapped file.
        first_rate: the learning rate at the start.
        language: who stays, and the table of the noise.
    """

    def __init__(self, corpus: Corpus, architecture: ArchitectureName, settings: Word2vecSettings) -> None:
        """Raises:
        BadInput: the text is too short to hold a part out, or knows too few words to draw the noise.
        """
        counts = np.where(np.arange(len(corpus.counts)) > 0, corpus.counts, 0)  # the first are the unknown words
        held, known = round(len(corpus.ids) * settings.validation), np.count_nonzero(counts)
        if min(held, len(corpus.ids) - held) <= 2 * settings.window:
            raise BadInput(
                f"params.yaml: embedding.word2vec.validation is {settings.validation}, which parts the "
                f"{len(corpus.ids)} words of text so that one part is shorter than a window, "
                f"{2 * settings.window + 1}; take a longer text, or another share"
            )
        if known <= settings.negatives:
            raise BadInput(
                f"params.yaml: embedding.word2vec.negatives is {settings.negatives}, and should be less than the "
                f"{known} words of the vocabulary; lower it, or data.corpus.minimum_count"
            )
        self.first_rate: float = getattr(settings.learning_rate, architecture)
        self.text, self.held = np.split(np.asarray(corpus.ids), [len(corpus.ids) - held])
        noise = np.where(counts > 0, counts**settings.noise_exponent, 0)
        self.language = Language(stays(counts, settings.subsample), *alias(noise))

    @property
    def whole(self) -> Floats:
        """Return (V,) 1 for each word of the training text, 0 for others: `stays` without subsampling."""
        return np.ceil(self.language.stays)


def first(shape: tuple[int, int, int], dimension: int, seed: int) -> State:
    """Inputs drawn uniformly from [-1 / 2D, 1 / 2D], outputs at 0, as in the program word2vec."""
    vectors = np.zeros(shape, np.float32)
    drawn = np.random.default_rng(seed).random((shape[1], dimension), np.float32)
    vectors[0, :, :dimension] = (drawn - np.float32(0.5)) / np.float32(dimension)
    return State(vectors)


def rate(first: float, done: float) -> float:
    """The learning rate when the share `done` of all epochs is over: falls linearly."""
    return first * max(1 - done, LEAST_RATE)


def keyed(*key: int) -> np.uint64:
    """64 bits of a key: of seed, shard, epoch and place."""
    return np.random.SeedSequence(key).generate_state(1, np.uint64)[0]  # type: ignore[no-any-return]


def stays(counts: NDArray[np.int64], threshold: float) -> Floats:
    """Return the probability (V,) that an occurrence with frequency f is kept: sqrt(t / f) + t / f; 1 if t is 0.

    Source: the program word2vec; the paper has the square root alone. What has no count never stays.
    """
    frequency = np.where(counts > 0, counts, 1) / counts.sum()
    kept = np.sqrt(threshold / frequency) + threshold / frequency if threshold else np.ones(len(counts))
    return np.where(counts > 0, np.minimum(kept, 1), 0).astype(np.float32)
