"""The evaluation of a trial: one training, several seeds, or k-fold cross-validation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from bakeoff.base.settings import Settings

OF_TRIAL = "val/"  # before the metrics whose deviation a trial of several trainings has
DEVIATION = "sd/"


@dataclass(frozen=True)
class Part:
    """One of the several trainings of a trial.

    Attributes:
        seed: of the weights and the batches.
        fold: the number of the fold that is held out, from 0; None: the validation split is.
        folds: their number.
    """

    seed: int
    fold: int | None = None
    folds: int | None = None

    def document(self) -> dict[str, Any]:
        """Return the values that distinguish this training from others with the same settings."""
        held_out = {} if self.fold is None else {"fold": self.fold, "folds": self.folds}
        return {"seed": self.seed, "test": False, **held_out}


class OfSeeds(Settings):
    """Trainings from several seeds: that of the study, and those that follow it."""

    seeds: Annotated[int, Field(ge=1, le=100)]

    @property
    def cost(self) -> int:
        """Trainings that the budget is charged for a trial."""
        return self.seeds

    @property
    def last(self) -> int:
        """The last seed of a trial, counted from that of the study."""
        return self.seeds - 1

    @property
    def trainings(self) -> int:
        """The number of trainings of a trial."""
        return self.seeds

    def parts(self, seed: int) -> Sequence[Part | None]:
        """Return the trainings of a trial; None for the only one, from the seed of the study."""
        return [Part(seed + number) for number in range(self.seeds)] if self.seeds > 1 else [None]

    def __str__(self) -> str:
        return f"{self.seeds} {'seed' if self.seeds == 1 else 'seeds'}"


class OfFolds(Settings):
    """k-fold cross-validation on the training examples: each fold is held out once, all from the study's seed."""

    folds: Annotated[int, Field(ge=2, le=100)]

    @property
    def cost(self) -> int:
        """Trainings that the budget is charged for a trial: k of them, each with (k - 1) / k of the examples."""
        return self.folds - 1

    @property
    def last(self) -> int:
        """The last seed of a trial, counted from that of the study."""
        return 0

    @property
    def trainings(self) -> int:
        """The number of trainings of a trial."""
        return self.folds

    def parts(self, seed: int) -> Sequence[Part | None]:
        """Return the trainings of a trial."""
        return [Part(seed, fold, self.folds) for fold in range(self.folds)]

    def __str__(self) -> str:
        return f"{self.folds} folds"


def kind_of(value: Any) -> str:
    """Return the tag of the class of a value. It is not a key of the value, so that messages do not mention it."""
    folds = isinstance(value, OfFolds) or (isinstance(value, dict) and "folds" in value)
    return "of folds" if folds else "of seeds"


Evaluation = Annotated[
    Annotated[OfSeeds, Tag("of seeds")] | Annotated[OfFolds, Tag("of folds")], Discriminator(kind_of)
]


def merged(parts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each metric over several trainings, and the standard deviation (n - 1) of those in `val/`.

    Values that all trainings share, such as the number of weights, are unchanged.
    """
    columns = {name: [part[name] for part in parts] for name in parts[0]}
    means = {name: values[0] if len(set(values)) == 1 else fmean(values) for name, values in columns.items()}
    return means | {DEVIATION + name: stdev(of) for name, of in columns.items() if name.startswith(OF_TRIAL)}
