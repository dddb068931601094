"""Run records: the results of a stage as a JSON file with reproducible bytes."""

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bakeoff.base.settings import BadInput

SUBSET = "val_subset"  # in names of metrics: measured on a fixed subset of the validation data during training


@dataclass(frozen=True)
class Run:
    """One training, or one study of a search.

    Attributes:
        name: `cnn-adam-s0`; for a search the study `bayes-s0` and its trials `bayes-s0-t007`.
        parameters: flat, dotted names: model, optimizer, seed, task, data, optimizer.learning_rate, training.epochs.
        metrics: final values: train/loss, val/loss, val/accuracy, test/accuracy.
        history: one row for each evaluation, with `epoch` (may be fractional) and usually `step`, the number of updates
            so far. Names that begin with SUBSET were measured on a fixed subset of the validation data.
        diverged: the step, counted from 1, at which the loss was not finite or too large; for word2vec the epoch.
        parent: the study that a trial belongs to.
    """

    name: str
    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    history: Sequence[Mapping[str, float]] = field(default_factory=list)
    diverged: int | None = None
    parent: str | None = None

    def __post_init__(self) -> None:
        for row in [self.metrics, *self.history]:
            bad = [name for name, value in row.items() if not math.isfinite(value)]
            if bad:
                raise ValueError(
                    f"run {self.name}: {bad[0]} is {row[bad[0]]}; a diverged run must not contain such values"
                )


@dataclass(frozen=True)
class Record:
    """The settings, inputs and code of a stage, and its runs.

    Attributes:
        digest: sha256 of stage, settings, data and code: equal digests give equal runs.
        settings: dotted key of params.yaml to value.
        data: path to sha256 of each input.
        code: sha256 over the source files that the stage imports.
    """

    stage: str
    task: str
    digest: str
    settings: Mapping[str, Any]
    data: Mapping[str, str]
    code: str
    runs: Sequence[Run]


def digest(stage: str, settings: Mapping[str, Any], data: Mapping[str, str], code: str) -> str:
    """sha256 of everything in the project that determines a stage's runs; requirements.lock pins the libraries."""
    text = json.dumps([stage, settings, data, code], sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def flat(section: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a section and of its subsections under dotted names, as parameters of a run."""
    named: dict[str, Any] = {}
    for key, value in settings.items():
        named |= flat(f"{section}.{key}", value) if isinstance(value, Mapping) else {f"{section}.{key}": value}
    return named


def dump(document: Any) -> str:
    """Return JSON with sorted keys, one key per line; numbers must be finite."""
    return json.dumps(document, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"


def write(record: Record, path: Path) -> None:
    path.write_text(dump(dataclasses.asdict(record)), encoding="utf-8")


def read(path: Path) -> Record:
    """Return the record in a file.

    Raises:
        BadInput: the file is missing, cannot be read, or is not a record.
    """
    document = parsed(path)
    try:
        document["runs"] = [Run(**run) for run in document["runs"]]
        return Record(**document)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise BadInput(f"{path}: is not a run record; {remedy(path)}") from None


def parsed(path: Path) -> Any:
    """Return the JSON document that a stage wrote.

    Raises:
        BadInput: the file is missing, cannot be read, or is truncated.
    """
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}; {remedy(path)}") from None
    except (ValueError, RecursionError):
        raise BadInput(f"{path}: is truncated or is not JSON; {remedy(path)}") from None


def remedy(path: Path) -> str:
    return f"`dvc checkout {path}` restores it, or: rm {path} && make repro"
