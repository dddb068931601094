"""The interface of samplers that train word vectors, and their result."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.checkpoint import Checkpoint
from bakeoff.base.progress import Progress
from bakeoff.data.corpus.corpus import Corpus
from bakeoff.training.fit import Watch


@dataclass(frozen=True)
class Fitted:
    """The result of a training of word vectors.

    Attributes:
        history: one row a moment, for word2vec an epoch; finite throughout.
        diverged: the step at which the loss gave out; for word2vec the epoch.
        vectors: `input` and `output` (V, D) of each word; none if it diverged.
        final: the metrics of these vectors; none if it diverged.
    """

    history: list[dict[str, float]]
    diverged: int | None
    vectors: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    final: Mapping[str, float] = field(default_factory=dict)


class Sampler(Protocol):
    @property
    def name(self) -> str:
        """The name of its runs: `word2vec-s0`."""

    def parameters(self) -> dict[str, Any]:
        """Return all settings of a run, flat, with `optimizer` and `seed`, but without text and architecture."""

    def steps(self, corpus: Corpus) -> int:
        """The number of steps of a training's progress bar."""

    def fit(self, corpus: Corpus, watch: Watch, progress: Progress, checkpoint: Checkpoint) -> Fitted:
        """One training; `watch` is called with each row of the history."""
