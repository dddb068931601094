"""The settings of a training of word vectors at a point: those of params.yaml, changed by those of the study."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff.base.record import flat
from bakeoff.base.settings import BadInput, validate
from bakeoff.embedding.settings import ArchitectureName, Word2vecSettings
from bakeoff.tuning.dotted import Unknown, paused, placed, whole_names
from bakeoff.tuning.embedding_settings import EmbeddingStudySettings
from bakeoff.tuning.space import Space

OWN = ("epochs", "gpu", "seed")  # of word2vec's settings: a study has its own epochs and seed, and trains on processors


@dataclass(frozen=True)
class EmbeddingCandidate:
    """The checked settings of one training.

    Attributes:
        values: as plain values, by section.
        until: epochs after which it pauses; None: it does not.
    """

    settings: Word2vecSettings
    values: Mapping[str, Any]
    until: int | None

    @property
    def rule(self) -> str:
        return "sgd"

    def document(self) -> dict[str, Any]:
        return dict(self.values)


@dataclass(frozen=True)
class EmbeddingBase:
    """The settings that all trainings of a study of word vectors share.

    Attributes:
        place: the place of the study, for messages.
        word2vec: the settings of params.yaml, for those that the study does not set.
        values: the settings by section, as plain values; the learning rate is that of the architecture.
        resume: whether a training with fewer epochs than these is one of them all that pauses.
    """

    place: str
    architecture: ArchitectureName
    word2vec: Word2vecSettings
    values: Mapping[str, Any]
    resume: bool

    @classmethod
    def read(cls, name: str, study: EmbeddingStudySettings, word2vec: Word2vecSettings) -> "EmbeddingBase":
        """Return the settings of params.yaml with the epochs and the fixed values of the study.

        Raises:
            BadInput: a fixed value has a name that is not a setting.
        """
        place = f"params.yaml: tuning.studies.{name}"
        named = word2vec.model_dump(mode="json", exclude=set(OWN))
        named["learning_rate"] = getattr(word2vec.learning_rate, study.architecture)
        try:
            fixed = placed({"embedding": named, "training": {"epochs": study.epochs}}, study.fixed)
        except Unknown as error:
            raise BadInput(f"{place}.fixed: {error}") from None
        return cls(place, study.architecture, word2vec, fixed, study.stop.resume)

    @property
    def model(self) -> str:
        return self.architecture

    def at(self, point: Mapping[str, Any]) -> EmbeddingCandidate:
        """Return the settings at a point.

        Raises:
            BadInput: their class refuses them.
        """
        point, until = paused(point, self.values["training"]["epochs"]) if self.resume else (point, None)
        document = placed(self.values, point)
        whole = self.word2vec.model_dump(mode="json") | document["embedding"] | document["training"]
        rates = self.word2vec.learning_rate.model_dump(mode="json")
        whole["learning_rate"] = rates | {self.architecture: whole["learning_rate"]}
        settings = validate({"embedding": whole}, "embedding", Word2vecSettings, Path(self.place))
        return EmbeddingCandidate(settings, document, until)

    def named_at(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """Return all settings of the training at a point under their dotted names."""
        return {key: value for name, of in self.at(point).document().items() for key, value in flat(name, of).items()}

    def space(self, study: EmbeddingStudySettings) -> Space:
        """Return the space of the study.

        Raises:
            Unknown: a name is not a setting.
        """
        return Space(study.searched, whole_names(self.values, study.space, self.takes))

    def takes(self, name: str, value: float) -> bool:
        """Return whether a setting may have a value."""
        try:
            self.at({name: value})
        except BadInput:
            return False
        return True
