"""A small text, and courses of word2vec over it, from the first state to the last."""

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bakeoff.data.corpus.corpus import Corpus
from bakeoff.embedding.batches import Batches
from bakeoff.embedding.settings import Word2vecSettings
from bakeoff.embedding.shards import Shards
from bakeoff.embedding.word2vec_state import State

SETTINGS: dict[str, Any] = {
    "dimension": 12,
    "window": 3,
    "negatives": 3,
    "noise_exponent": 0.75,
    "subsample": 1e-2,
    "validation": 0.1,
    "learning_rate": {"skipgram": 0.05, "cbow": 0.1},
    "epochs": 2,
    "shards": 3,
    "round": 300,
    "damping": 0.5,
    "gpu": {"batch": 120, "damping": 1.0},
    "seed": 4,
}


def text(size: int = 4000, words: int = 60) -> Corpus:
    """Words by Zipf's law, each second one near to the one before."""
    rng = np.random.default_rng(0)
    ids = rng.zipf(1.3, size).clip(max=words).astype(np.int32) - 1
    ids[1::2] = (ids[::2] + 1) % words
    return Corpus(ids, tuple(f"w{n}" for n in range(words)), np.bincount(ids, minlength=words))


def changed(**changes: Any) -> Word2vecSettings:
    return Word2vecSettings.model_validate(SETTINGS | changes)


def gone_through(course: Batches | Shards, state: State | None = None) -> State:
    """The last state; a row of the history for each epoch has its loss and that of the held-out text."""
    state = state or course.start()
    with course.at(state):
        while state.epoch < course.settings.epochs:
            while state.offset < course.longest:
                course.round(state)
            row = {"loss": state.loss / state.examples, "held": course.validate(state)}
            state = State(state.vectors, state.epoch + 1, history=[*state.history, row])
        course.fetch(state)
    return state


def hashed(state: State) -> str:
    return hashlib.sha256(b"".join(map(bytes, state.pack()))).hexdigest()


@pytest.fixture
def corpus() -> Callable[..., Corpus]:
    return text


@pytest.fixture
def settings() -> Callable[..., Word2vecSettings]:
    return changed


@pytest.fixture
def trained() -> Callable[..., State]:
    return gone_through


@pytest.fixture
def digest() -> Callable[[State], str]:
    return hashed
