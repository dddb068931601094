"""Word vectors by one architecture and one sampler: trained, tested, and recorded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from bakeoff.base.checkpoint import Checkpoint
from bakeoff.base.progress import Progress
from bakeoff.base.record import Run
from bakeoff.data.corpus.corpus import Corpus
from bakeoff.embedding.evaluate import NUMBERS, Test, Vectors, hubness, purity
from bakeoff.embedding.sampled_batches import Notes
from bakeoff.embedding.sampler import Sampler
from bakeoff.embedding.settings import ArchitectureName, SamplerName
from bakeoff.embedding.word2vec import Word2vec
from bakeoff.training.fit import Watch

SAMPLERS: Mapping[SamplerName, Callable[[Callable[[str, Any], Any], ArchitectureName], Sampler]] = {
    "word2vec": Word2vec.read,
    "notes": Notes.read,
}


@dataclass(frozen=True)
class Trained:
    """A finished run: unless it diverged, its vectors `input` and `output`, and the neighbours of the number words."""

    run: Run
    vectors: Mapping[str, NDArray[np.float32]]
    neighbours: Mapping[str, list[str]]

    def save(self, path: Path) -> None:
        save_file(dict(self.vectors), path)


@dataclass(frozen=True)
class Training:
    """One training of word vectors.

    Attributes:
        data: path of the text.
    """

    architecture: ArchitectureName
    data: str
    sampler_name: SamplerName
    sampler: Sampler

    @classmethod
    def read(cls, settings: Callable[[str, Any], Any], *, architecture: ArchitectureName, data: str) -> Self:
        """Return the training of params.yaml; `settings` gives the value of a dotted key, checked by a type."""
        name = settings("embedding.sampler", SamplerName)
        return cls(architecture, data, name, SAMPLERS[name](settings, architecture))

    @property
    def name(self) -> str:
        return f"{self.architecture}-{self.sampler.name}"

    def parameters(self) -> dict[str, Any]:
        """Everything that determines the run, flat."""
        named = {"task": "embedding", "data": self.data, "model": self.architecture, "sampler": self.sampler_name}
        return named | self.sampler.parameters()

    def train(
        self,
        corpus: Corpus,
        tests: Mapping[str, Test],
        watch: Callable[[str, Mapping[str, Any]], Watch],
        progress: Progress,
        checkpoint: Checkpoint,
    ) -> Trained:
        """Trains once, then puts the vectors to the tests, by name, and looks at the number words and at hubs."""
        parameters = self.parameters()
        fitted = self.sampler.fit(corpus, watch(self.name, parameters), progress, checkpoint)
        if fitted.diverged:
            return Trained(Run(self.name, parameters, {}, fitted.history, fitted.diverged), {}, {})
        vectors = Vectors.of(fitted.vectors["input"], corpus.words)
        metrics = dict(fitted.final)
        for name, test in tests.items():
            metrics |= test.measure(vectors, f"test/{name}")
        metrics |= purity(vectors, NUMBERS, "test/numbers") | hubness(vectors, "test/hubness")
        neighbours = {word: vectors.neighbours(word) for word in NUMBERS if word in vectors.index}
        return Trained(Run(self.name, parameters, metrics, fitted.history), fitted.vectors, neighbours)
