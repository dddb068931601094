"""The settings of a training at a point: those of params.yaml or a recipe, changed by those of the study."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff.base.record import flat
from bakeoff.base.settings import BadInput, Settings, validate
from bakeoff.networks.registry import NETWORKS
from bakeoff.networks.settings import NetworkSettings
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.training.settings import PlanSettings
from bakeoff.tuning.dotted import Unknown, paused, placed, whole_names
from bakeoff.tuning.settings import OPTIMIZER, PenaltySettings, StudySettings, owner
from bakeoff.tuning.space import Space

SECTIONS = ("network", "optimizer", "training", "penalty")


@dataclass(frozen=True)
class Candidate:
    """The checked settings of one training.

    Attributes:
        rule: the name of its optimizer.
        until: epochs after which it pauses; None: it does not.
    """

    rule: str
    network: NetworkSettings
    optimizer: Settings
    training: PlanSettings
    penalty: PenaltySettings
    until: int | None

    def document(self) -> dict[str, Any]:
        """Return the settings as plain values, by section."""
        return {name: getattr(self, name).model_dump(mode="json") for name in SECTIONS}


@dataclass(frozen=True)
class Base:
    """The settings that all trainings of a study share.

    Attributes:
        place: the place of the study, for messages.
        optimizers: those that are searched.
        values: the settings by section, as plain values; with several optimizers those of each under its name.
        resume: whether a training with fewer epochs than these is one of them all that pauses.
    """

    place: str
    model: str
    optimizers: tuple[str, ...]
    values: Mapping[str, Any]
    resume: bool

    @classmethod
    def read(
        cls,
        name: str,
        study: StudySettings,
        network: Settings,
        hyperparameters: Mapping[str, Settings],
        training: PlanSettings,
    ) -> "Base":
        """Return the settings with the epochs and the fixed values of the study.

        Args:
            network, training: of params.yaml or of a recipe, like the hyperparameters.
            hyperparameters: of each optimizer of the study.

        Raises:
            BadInput: a fixed value has a name that is not a setting.
        """
        place = f"params.yaml: tuning.studies.{name}"
        defaults = {rule: hyperparameters[rule].model_dump(mode="json") for rule in study.optimizers}
        values = {
            "network": network.model_dump(mode="json"),
            "optimizer": defaults if len(defaults) > 1 else defaults[study.optimizers[0]],
            "training": training.model_dump(mode="json") | {"epochs": study.epochs},
            "penalty": {"weight_decay": 0.0},
        }
        try:
            fixed = placed(values, study.fixed)
        except Unknown as error:
            raise BadInput(f"{place}.fixed: {error}") from None
        return cls(place, study.model, study.optimizers, fixed, study.stop.resume)

    def at(self, point: Mapping[str, Any]) -> Candidate:
        """Return the settings at a point.

        Raises:
            BadInput: their classes refuse them.
        """
        point, until = paused(point, self.values["training"]["epochs"]) if self.resume else (point, None)
        rule = point.get(OPTIMIZER, self.optimizers[0])
        document = placed(self.values, {name: value for name, value in point.items() if name != OPTIMIZER})
        file = Path(self.place)
        return Candidate(
            rule=rule,
            network=validate(document, "network", NETWORKS[self.model].settings, file),
            optimizer=validate(document, self.section(rule), OPTIMIZERS[rule].settings, file),
            training=validate(document, "training", PlanSettings, file),
            penalty=validate(document, "penalty", PenaltySettings, file),
            until=until,
        )

    def section(self, rule: str) -> str:
        """Return the place of an optimizer's settings among the values."""
        return f"{OPTIMIZER}.{rule}" if len(self.optimizers) > 1 else OPTIMIZER

    def named(self, candidate: Candidate) -> dict[str, Any]:
        """Return the settings of a training under their dotted names."""
        places = {OPTIMIZER: self.section(candidate.rule)}
        sections = candidate.document().items()
        return {key: value for name, of in sections for key, value in flat(places.get(name, name), of).items()}

    def named_at(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """Return all settings of the training at a point under their dotted names."""
        return self.named(self.at(point))

    def space(self, study: StudySettings) -> Space:
        """Return the space of the study.

        Raises:
            Unknown: a name is not a setting.
        """
        return Space(study.searched, whole_names(self.values, study.space, self.takes))

    def takes(self, name: str, value: float) -> bool:
        """Return whether a setting may have a value."""
        rule = owner(name) if len(self.optimizers) > 1 else None
        try:
            self.at({name: value} | ({OPTIMIZER: rule} if rule else {}))
        except BadInput:
            return False
        return True
