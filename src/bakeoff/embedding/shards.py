"""word2vec in shards: each trains by itself on its part of the text, and after every round their moves are merged.

The text is cut into S shards, a setting. A round takes some words of each, on as many threads as there are; threads
change the speed and never a byte, for shards share nothing within a round, and rows are merged one by one in a fixed
order. Draws are keyed by seed, shard, epoch and place: a training can stop after any round, and go on from there.

V words of vocabulary, D dimensions filled up to whole LANES, S shards.
"""

import math
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Self

import numpy as np

from bakeoff.data.corpus.corpus import Corpus
from bakeoff.embedding.kernels import Floats, Ids, Language, Tables, compiled, merge
from bakeoff.embedding.prefetch import LINE
from bakeoff.embedding.settings import ArchitectureName, Word2vecSettings
from bakeoff.embedding.word2vec_state import Lesson, State, first, keyed, rate

LANES = 16  # floats that the compiled loops take at once, and that a LINE holds


class Shards:
    """A course on the processor's cores."""

    def __init__(
        self, corpus: Corpus, architecture: ArchitectureName, settings: Word2vecSettings, threads: int | None = None
    ) -> None:
        """Raises:
        BadInput: the text does not do.
        """
        self.lesson, self.settings = Lesson(corpus, architecture, settings), settings
        self.threads = threads or len(os.sched_getaffinity(0))
        self.text, self.held, self.language = self.lesson.text, self.lesson.held, self.lesson.language
        self.bounds = [len(self.text) * s // settings.shards for s in range(settings.shards + 1)]
        self.longest = int(np.diff(self.bounds).max())
        self.shape = (2, len(corpus.counts), -(-settings.dimension // LANES) * LANES)
        self.work = compiled(architecture, self.shape[2], settings.negatives)

    def start(self) -> State:
        return first(self.shape, self.settings.dimension, self.settings.seed)

    @contextmanager
    def at(self, state: State) -> Iterator[Self]:
        shards = self.settings.shards
        self.own = lined_up((shards, *self.shape))  # (S, 2, V, D)
        self.own[:] = state.vectors
        self.met = np.zeros(self.own.shape[:3], np.uint32)
        self.room = np.empty((shards, self.settings.round), np.int32)
        self.run(self.text[:0], 0, self.language, (0.0, 0.0), (0,))  # compiles, before anyone looks at the clock
        with ThreadPoolExecutor(self.threads) as self.pool:
            yield self

    def round(self, state: State) -> int:
        """Trains every shard on its next words, and merges."""
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

    def fetch(self, state: State) -> None:
        """Nothing to do: a merge leaves the vectors in the state."""

    def validate(self, state: State) -> float:
        """Rounds at rate 0."""
        whole = self.language._replace(stays=self.lesson.whole)
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
        return self.work(
            ids, language, tables, self.settings.window, *map(np.float32, rates), keyed(*key), self.room[shard]
        )

    def done(self, state: State) -> int:
        return state.epoch * len(self.text) + sum(min(state.offset, int(size)) for size in np.diff(self.bounds))

    def rate(self, epoch: int, offset: int) -> float:
        """Return the learning rate after a number of words of each shard."""
        return rate(self.lesson.first_rate, (epoch + min(offset / self.longest, 1)) / self.settings.epochs)


def lined_up(shape: tuple[int, ...]) -> Floats:
    """Room whose rows begin where a line of the cache does: none reaches into one line more than it fills."""
    room = np.empty(math.prod(shape) + LANES, np.float32)
    start = -room.ctypes.data % LINE // room.itemsize
    return room[start : start + math.prod(shape)].reshape(shape)
