"""The settings of the training at a point: those of params.yaml or a recipe, with what a study fixes and searches."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff.base.quoting import quoted
from bakeoff.base.record import flat
from bakeoff.base.settings import BadInput, Settings, hint, validate
from bakeoff.networks.registry import NETWORKS
from bakeoff.networks.settings import NetworkSettings
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.training.settings import PlanSettings
from bakeoff.tuning.settings import OPTIMIZER, PenaltySettings, Range, StudySettings, owner
from bakeoff.tuning.space import Space

SECTIONS = ("network", "optimizer", "training", "penalty")
EPOCHS = "training.epochs"


class Unknown(ValueError):
    """A dotted name that is not a setting of the training."""


@dataclass(frozen=True)
class Candidate:
    """The checked settings of one training.

    Attributes:
        rule: the name of its optimizer.
    """

    rule: str
    network: NetworkSettings
    optimizer: Settings
    training: PlanSettings
    penalty: PenaltySettings

    def document(self) -> dict[str, Any]:
        """Return the settings as plain values, by section."""
        return {name: getattr(self, name).model_dump(mode="json") for name in SECTIONS}


@dataclass(frozen=True)
class Base:
    """What all trainings of a study share.

    Attributes:
        place: where the study stands.
        optimizers: those that are searched.
        values: the settings by section, as plain values; with several optimizers those of each under its name.
    """

    place: str
    model: str
    optimizers: tuple[str, ...]
    values: Mapping[str, Any]

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
        return cls(place, study.model, study.optimizers, fixed)

    def at(self, point: Mapping[str, Any]) -> Candidate:
        """Return the settings at a point.

        Raises:
            BadInput: their classes refuse them.
        """
        rule = point.get(OPTIMIZER, self.optimizers[0])
        document = placed(self.values, {name: value for name, value in point.items() if name != OPTIMIZER})
        file = Path(self.place)
        return Candidate(
            rule=rule,
            network=validate(document, "network", NETWORKS[self.model].settings, file),
            optimizer=validate(document, self.section(rule), OPTIMIZERS[rule].settings, file),
            training=validate(document, "training", PlanSettings, file),
            penalty=validate(document, "penalty", PenaltySettings, file),
        )

    def section(self, rule: str) -> str:
        """Return the place of an optimizer's settings among the values."""
        return f"{OPTIMIZER}.{rule}" if len(self.optimizers) > 1 else OPTIMIZER

    def named(self, candidate: Candidate) -> dict[str, Any]:
        """Return the settings of a training under their dotted names."""
        places = {OPTIMIZER: self.section(candidate.rule)}
        sections = candidate.document().items()
        return {key: value for name, of in sections for key, value in flat(places.get(name, name), of).items()}

    def space(self, study: StudySettings) -> Space:
        """Return the space of the study.

        A range has whole values where the setting has one; where it has no number (`null`, or a word), if both ends are
        whole and the setting takes no fraction.

        Raises:
            Unknown: a name is not a setting.
        """
        integers = set()
        for name, dimension in study.space.items():
            now = found(self.values, name)
            if isinstance(dimension, Range) and (
                isinstance(now, int)
                if isinstance(now, int | float) and not isinstance(now, bool)
                else whole_ends(dimension) and not self.takes(name, dimension.low + 0.5)
            ):
                integers.add(name)
        return Space(study.searched, frozenset(integers))

    def takes(self, name: str, value: float) -> bool:
        """Return whether a setting may have a value."""
        rule = owner(name) if len(self.optimizers) > 1 else None
        try:
            self.at({name: value} | ({OPTIMIZER: rule} if rule else {}))
        except BadInput:
            return False
        return True


def whole_ends(dimension: Range) -> bool:
    return dimension.low == int(dimension.low) and dimension.high == int(dimension.high)


def placed(values: Mapping[str, Any], point: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of the values with those of a point, whose names are dotted.

    Raises:
        Unknown: a name is not a setting.
    """
    document: dict[str, Any] = deepcopy(dict(values))
    for name, value in point.items():
        found(document, name)
        *folders, last = name.split(".")
        inside: Any = document
        for part in folders:
            inside = inside[int(part)] if isinstance(inside, list) else inside[part]
        inside[int(last) if isinstance(inside, list) else last] = deepcopy(value)
    return document


def found(values: Mapping[str, Any], name: str) -> Any:
    """Return the value of a setting.

    Raises:
        Unknown: there is none of this name.
    """
    inside: Any = values
    parts = name.split(".")
    if len(parts) < 2:
        raise Unknown(f"{legible(name)} is not a setting of a training (sections: {', '.join(SECTIONS)})")
    for depth, part in enumerate(parts):
        known = dict(inside) if isinstance(inside, Mapping) else {}
        if isinstance(inside, list):
            known = {str(number): one for number, one in enumerate(inside)}
        if part not in known:
            raise Unknown(
                f"{legible('.'.join(parts[: depth + 1]) if part else name)} is not a setting{hint(part, known)}"
            )
        inside = known[part]
    return inside


def legible(name: str) -> str:
    """Return a dotted name; in quotes where a part of it is empty or has a blank."""
    return name if all(part and part.split() == [part] for part in name.split(".")) else quoted(name)
