"""Word vectors by one architecture: trained, tested, and recorded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from safetensors.torch import save_file
from torch import Tensor

from bakeoff.data.corpus.corpus import Corpus
from bakeoff.embedding.architectures import ARCHITECTURES
from bakeoff.embedding.evaluate import NUMBERS, Judged, Vectors, agreement, purity
from bakeoff.embedding.network import Embedding
from bakeoff.embedding.settings import EmbeddingTrainingSettings
from bakeoff.embedding.workload import NegativeSampling
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.progress import Progress
from bakeoff.record import Run
from bakeoff.settings import Settings
from bakeoff.training.device import resolve
from bakeoff.training.fit import Watch, fit
from bakeoff.training.settings import Device


@dataclass(frozen=True)
class Trained:
    """The run; unless it diverged its weights `input` and `output`, and what lies near to the number words."""

    run: Run
    weights: Mapping[str, Tensor]
    neighbours: Mapping[str, list[str]]

    def save(self, path: Path) -> None:
        save_file(dict(self.weights), path)


@dataclass(frozen=True)
class Training:
    """One training of word vectors.

    Attributes:
        windows: settings of the architecture.
        constants: of the optimizer.
        data: path of the text.
    """

    architecture: str
    data: str
    windows: Settings
    settings: EmbeddingTrainingSettings
    constants: Settings
    device: Device

    @classmethod
    def read(cls, settings: Callable[[str, Any], Any], *, architecture: str, data: str) -> Self:
        """What params.yaml says of it: `settings` returns what stands there under a dotted key, checked by a type."""
        training = settings("embedding.training", EmbeddingTrainingSettings)
        return cls(
            architecture=architecture,
            data=data,
            windows=settings(f"embedding.{architecture}", ARCHITECTURES[architecture].settings),
            settings=training,
            constants=settings(f"optimizers.{training.optimizer}", OPTIMIZERS[training.optimizer].settings),
            device=settings("device", Device),
        )

    @property
    def name(self) -> str:
        return f"{self.architecture}-{self.settings.optimizer}-s{self.settings.seed}"

    def parameters(self) -> dict[str, Any]:
        """Everything that determines the run, flat."""
        settings = self.settings.model_dump(mode="json")
        named = {"task": "embedding", "data": self.data, "model": self.architecture}
        named |= {name: settings.pop(name) for name in ("optimizer", "seed")}
        named["optimizer.learning_rate"] = settings.pop("learning_rate")
        sections = {
            "optimizer": self.constants.model_dump(),
            "network": self.windows.model_dump(),
            "training": settings,
        }
        return named | {f"{name}.{key}": value for name, part in sections.items() for key, value in part.items()}

    def train(
        self,
        corpus: Corpus,
        judged: Mapping[str, Judged],
        watch: Callable[[str, Mapping[str, Any]], Watch],
        progress: Progress,
    ) -> Trained:
        """Trains once, then tests against people's judgements, by name, and on the number words.

        Weights, then text and noise words, are drawn from the seed.
        """
        device = resolve(self.device)
        cut = ARCHITECTURES[self.architecture].build(self.windows)
        workload = NegativeSampling(corpus, cut, self.settings, device)
        show = watch(self.name, self.parameters())

        def see(row: Mapping[str, float]) -> None:
            show(row)
            progress.advance(note=f"val/loss {row['val/loss']:.3f}")

        generator = torch.Generator().manual_seed(self.settings.seed)
        network = Embedding(len(corpus.words), self.settings.dimension, generator).to(device)
        rule = OPTIMIZERS[self.settings.optimizer]
        optimizer = rule.build(network.parameters(), self.settings.learning_rate, self.constants)
        outcome = fit(network, workload, optimizer, epochs=self.settings.epochs, generator=generator, watch=see)
        if outcome.diverged:
            run = Run(self.name, self.parameters(), {}, outcome.history, outcome.diverged)
            return Trained(run, {}, {})
        weights = {name: weight.cpu().contiguous() for name, weight in network.state_dict().items()}
        vectors = Vectors.of(weights["input"].numpy(), corpus.words)
        metrics = {name: value for name, value in outcome.history[-1].items() if name != "epoch"}
        for name, judgements in judged.items():
            metrics |= agreement(vectors, judgements, f"test/{name}")
        metrics |= purity(vectors, NUMBERS, "test/numbers")
        neighbours = {word: vectors.neighbours(word) for word in NUMBERS if word in corpus.words}
        return Trained(Run(self.name, self.parameters(), metrics, outcome.history), weights, neighbours)
