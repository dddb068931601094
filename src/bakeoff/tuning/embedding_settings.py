"""A study of word vectors in the section `tuning` of params.yaml."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from bakeoff.base.settings import Settings
from bakeoff.base.values import DISTINCT, Amount, Positive, Seed
from bakeoff.embedding.settings import ArchitectureName
from bakeoff.tuning.evaluation import OfSeeds
from bakeoff.tuning.settings import BatchOrWindow, Dimension, MethodName, StopSettings, StudySettings

TestName = Literal["wordsim", "simlex", "analogies"]
EmbeddingObjective = Literal["loss", TestName]


class EmbeddingStudySettings(Settings):
    """A training of word vectors with the sampler word2vec whose settings are searched.

    Names of settings are dotted: embedding.NAME as under `embedding.word2vec`, where learning_rate is that of the
    architecture. Settings that neither `fixed` nor `space` names have their value in params.yaml.

    Attributes:
        corpus: a text under `data`.
        objective: the loss on the held-out text (lower is better), or the score in a test of words (higher is better).
        trials: trainings that a method may spend, or their share of those that the budget has; None: all of these.
        batch: trials asked for at a time, and told together; or the window in which they are asked for one by one.
        examples: words of the training text, from its beginning, or their share; None: all.
        evaluation: the trainings of a trial, whose mean is its value.
        seed: of the trials; confirmations have those that follow.
    """

    corpus: str
    architecture: ArchitectureName
    objective: EmbeddingObjective
    methods: Annotated[tuple[MethodName, ...], Field(strict=False), DISTINCT]
    trials: Amount | None
    batch: BatchOrWindow
    evaluation: OfSeeds
    stop: StopSettings
    epochs: Positive
    examples: Amount | None
    seed: Seed
    fixed: dict[str, Any]
    space: Annotated[dict[str, Dimension], Field(min_length=1)]

    def points(self, trainings: int) -> int:
        """Return the number of trials that a number of trainings is enough for."""
        return trainings // self.evaluation.cost

    @property
    def start(self) -> Literal["params"]:
        return "params"

    @property
    def subject(self) -> dict[str, str]:
        """The subject of the training, as parameters of a run."""
        return {"task": "embedding", "model": self.architecture, "optimizer": "sgd", "sampler": "word2vec"}

    @property
    def optimizers(self) -> tuple[str, ...]:
        return ("sgd",)

    @property
    def objectives(self) -> tuple[EmbeddingObjective]:
        return (self.objective,)

    @property
    def searched(self) -> dict[str, Dimension]:
        return self.space


def of_one_subject(study: Any) -> Any:
    """Raises:
    ValueError: a study names a task and a corpus.
    """
    if isinstance(study, Mapping) and {"task", "corpus"} <= study.keys():
        raise ValueError("has both task and corpus, and trains either a network on a task or word vectors; remove one")
    return study


def subject_of(study: Any) -> str:
    """Return the tag of the class that fits the keys of a study."""
    keys = study if isinstance(study, Mapping) else ()
    embedding = isinstance(study, EmbeddingStudySettings) or "corpus" in keys
    return "of word vectors" if embedding else "of a network"


AnyStudy = StudySettings | EmbeddingStudySettings
DeclaredStudy = Annotated[
    Annotated[StudySettings, Tag("of a network")] | Annotated[EmbeddingStudySettings, Tag("of word vectors")],
    Discriminator(subject_of),
    BeforeValidator(of_one_subject),
]
