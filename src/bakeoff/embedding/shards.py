"""word2vec in shards: each trains by itself on its part of the text, and after every round their moves are merged.

The text is cut into S shards, a setting. A round takes some words of each, on as many threads as there are; threads
change the speed and never a byte, for shards share nothing within a round, and rows are merged one by one in a fixed
order. Draws are keyed by seed, shard, epoch and place: a training can stop after any round, and go on from there.

T words of text, V words of vocabulary, D dimensions filled up to whole LANES, S shards.
"""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.corpus.corpus import Corpus
from bakeoff.embedding.kernels import Floats, Ids, Language, Tables, alias, compiled, merge
from bakeoff.embedding.settings import ArchitectureName, Word2vecSettings
from bakeoff.settings import BadInput

LEAST_RATE = 1e-4  # of the first learning rate, as in the program word2vec
LANES = 16  # floats that the compiled loops take at once


@dataclass
class State:
    """All that the rest of a training depends on.

    Attributes:
        vectors: (2, V, D) inputs and outputs, as of the last merge.
        epoch: how many are over.
        offset: words of each shard that are done in this one.
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


class Shards:
    """One training at work; use it inside `with shards.at(state):`, which gives it threads."""

    def __init__(
        self, corpus: Corpus, architecture: ArchitectureName, settings: Word2vecSettings, threads: int | None = None
    ) -> None:
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
        self.settings, self.threads = settings, threads or len(os.sched_getaffinity(0))
        self.first_rate: float = getattr(settings.learning_rate, architecture)
        self.text, self.held = np.split(np.asarray(corpus.ids), [len(corpus.ids) - held])  # views of the mapped file
        self.bounds = [len(self.text) * s // settings.shards for s in range(settings.shards + 1)]
        self.longest = int(np.diff(self.bounds).max())
        noise = np.where(counts > 0, counts**settings.noise_exponent, 0)
        self.language = Language(stays(counts, settings.subsample), *alias(noise))
        self.shape = (2, len(counts), -(-settings.dimension // LANES) * LANES)
        self.work = compiled(architecture, self.shape[2], settings.negatives)

    def start(self) -> State:
        """Inputs drawn uniformly from [-1 / 2D, 1 / 2D], outputs at 0, as in the program word2vec."""
        dimension, vectors = self.settings.dimension, np.zeros(self.shape, np.float32)
        drawn = np.random.default_rng(self.settings.seed).random((self.shape[1], dimension), np.float32)
        vectors[0, :, :dimension] = (drawn - np.float32(0.5)) / np.float32(dimension)
        return State(vectors)

    @contextmanager
    def at(self, state: State) -> Iterator[Self]:
        shards = self.settings.shards
        self.own = np.repeat(state.vectors[None], shards, axis=0)  # (S, 2, V, D)
        self.met = np.zeros(self.own.shape[:3], np.uint32)
        self.room = np.empty((shards, self.settings.round), np.int32)
        self.run(self.text[:0], 0, self.language, (0.0, 0.0), (0,))  # compiles, before anyone looks at the clock
        with ThreadPoolExecutor(self.threads) as self.pool:
            yield self

    def round(self, state: State) -> int:
        """Trains every shard on its next words, and merges; returns how many words these were.

        Raises:
            FloatingPointError: a vector is no longer finite.
        """
        span = state.offset, state.offset + self.settings.round
        rates = tuple(self.rate(state.epoch, offset) for offset in span)

        def train(shard: int) -> tuple[float, int, int]:
            start, end = (min(self.bounds[shard] + offset, self.bounds[shard + 1]) for offset in span)
            key = (self.settings.seed, 1 + shard, state.epoch, state.offset)
            return *self.run(self.text[start:end], shard, self.language, rates, key), end - start

        words = 0
        for loss, examples, length in self.pool.map(train, range(self.settings.shards)):
            state.loss += loss
            state.examples += examples
            words += length
        self.merge(state, self.settings.damping * rates[0])
        state.offset = span[1]
        return words

    def merge(self, state: State, curvature: float) -> None:
        rows = 2 * self.shape[1]
        base, own = state.vectors.reshape(rows, -1), self.own.reshape(len(self.own), rows, -1)
        met = self.met.reshape(len(self.met), rows)
        cuts = [rows * part // self.threads for part in range(self.threads + 1)]
        finite = self.pool.map(lambda start, stop: merge(base, own, met, start, stop, curvature), cuts[:-1], cuts[1:])
        if not all(list(finite)):
            raise FloatingPointError("a vector is no longer finite")

    def validate(self, state: State) -> float:
        """An example's mean loss on the held-out text, unthinned, with the same draws every time: rounds at rate 0."""
        whole = self.language._replace(stays=np.ceil(self.language.stays))
        loss, examples = 0.0, 0
        for start in range(0, len(self.held), self.settings.round):
            ids = self.held[start : start + self.settings.round]
            found = self.run(ids, 0, whole, (0.0, 0.0), (self.settings.seed, 0, 0, start))
            loss, examples = loss + found[0], examples + found[1]
        self.own[0], self.met[0] = state.vectors, 0
        return loss / max(examples, 1)

    def run(
        self, ids: Ids, shard: int, language: Language, rates: tuple[float, ...], key: tuple[int, ...]
    ) -> tuple[float, int]:
        tables = Tables(*self.own[shard], *self.met[shard])
        counter = np.random.SeedSequence(key).generate_state(1, np.uint64)[0]
        return self.work(
            ids, language, tables, self.settings.window, *map(np.float32, rates), counter, self.room[shard]
        )

    def done(self, state: State) -> int:
        """Words of text behind a state."""
        return state.epoch * len(self.text) + sum(min(state.offset, int(size)) for size in np.diff(self.bounds))

    def rate(self, epoch: int, offset: int) -> float:
        """The learning rate after so many words of each shard: falls linearly over all epochs."""
        left = 1 - (epoch + min(offset / self.longest, 1)) / self.settings.epochs
        return self.first_rate * max(left, LEAST_RATE)


def stays(counts: NDArray[np.int64], threshold: float) -> Floats:
    """The probability (V,) that an occurrence of frequency f stays: sqrt(t / f) + t / f; all where t is 0.

    Source: the program word2vec; the paper has the square root alone. What has no count never stays.
    """
    frequency = np.where(counts > 0, counts, 1) / counts.sum()
    kept = np.sqrt(threshold / frequency) + threshold / frequency if threshold else np.ones(len(counts))
    return np.where(counts > 0, np.minimum(kept, 1), 0).astype(np.float32)
