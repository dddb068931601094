"""The sampler of the notes: batches of a fixed number of examples, trained under one of the optimizers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from bakeoff.base.budget import budgeted
from bakeoff.base.checkpoint import Checkpoint
from bakeoff.base.progress import Progress
from bakeoff.base.record import SUBSET, flat
from bakeoff.base.settings import Settings
from bakeoff.data.corpus.corpus import Corpus
from bakeoff.embedding.architectures import ARCHITECTURES
from bakeoff.embedding.network import Embedding
from bakeoff.embedding.sampler import Fitted
from bakeoff.embedding.settings import ArchitectureName, NotesPlanSettings, NotesTrainingSettings
from bakeoff.embedding.workload import Neighbours
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.training.device import resolve
from bakeoff.training.fit import Watch
from bakeoff.training.job import Job
from bakeoff.training.settings import Device, RunSettings


@dataclass(frozen=True)
class Notes:
    """Word vectors trained by batches of a fixed size, with any objective and optimizer.

    Attributes:
        windows: settings of the architecture.
        hyperparameters: of the optimizer, at the rate of the training.
    """

    architecture: ArchitectureName
    windows: Settings
    settings: NotesTrainingSettings
    hyperparameters: Settings
    device: Device

    @classmethod
    def read(cls, settings: Callable[[str, Any], Any], architecture: ArchitectureName) -> Self:
        run = settings("run", RunSettings)
        training = budgeted(settings, settings("embedding.notes.training", NotesPlanSettings)).under(run)
        hyperparameters = settings(f"optimizers.{training.optimizer}.defaults", OPTIMIZERS[training.optimizer].settings)
        return cls(
            architecture=architecture,
            windows=settings(f"embedding.notes.{architecture}", ARCHITECTURES[architecture].settings),
            settings=training,
            hyperparameters=hyperparameters.model_copy(update={"learning_rate": training.learning_rate}),
            device=run.device,
        )

    @property
    def name(self) -> str:
        return f"{self.settings.optimizer}-s{self.settings.seed}"

    def parameters(self) -> dict[str, Any]:
        settings = self.settings.model_dump(mode="json")
        named = {name: settings.pop(name) for name in ("optimizer", "seed")}
        del settings["learning_rate"]  # it is one of the optimizer's hyperparameters
        sections = {"optimizer": self.hyperparameters.model_dump(), "network": self.windows.model_dump()}
        for name, part in (sections | {"training": settings}).items():
            named |= flat(name, part)
        return named

    def steps(self, _: Corpus) -> int:
        return self.settings.evaluations

    def fit(self, corpus: Corpus, watch: Watch, progress: Progress, checkpoint: Checkpoint) -> Fitted:
        """Weights, then text and noise words, are drawn from the seed. Goes on from the checkpoint, if there is one."""

        def see(row: Mapping[str, float]) -> None:
            watch(row)
            done = round(row["epoch"] * self.settings.evaluations / self.settings.epochs)
            progress.advance(done - progress.done, note=f"{SUBSET}/loss {row[f'{SUBSET}/loss']:.3f}")

        device = resolve(self.device)
        cut = ARCHITECTURES[self.architecture].build(self.windows)
        workload = Neighbours(corpus, cut, self.settings, device)
        size = len(corpus.words), self.settings.dimension
        started = Job(
            workload,
            lambda generator: Embedding(*size, generator).to(device),
            self.settings.optimizer,
            self.hyperparameters,
            self.settings,
            self.settings.seed,
        ).start()
        outcome = started.fit(see, checkpoint)
        if progress.done < self.settings.evaluations:  # it ended early
            progress.advance(self.settings.evaluations - progress.done)
        if outcome.diverged:
            return Fitted(outcome.history, outcome.diverged)
        weights = {name: weight.cpu().contiguous().numpy() for name, weight in started.network.state_dict().items()}
        return Fitted(outcome.history, None, weights, outcome.final)
