"""Reads from dvc.lock the settings and files with which the training data of a model were made."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bakeoff.base.provenance import sha256
from bakeoff.base.quoting import WIDTH, cut, quoted
from bakeoff.base.settings import PATH, BadInput
from bakeoff.harness.inputs import leaves
from bakeoff.inference.models import Trained

LOCK = Path("dvc.lock")
MISSING = object()  # a setting that one side lacks

Entry = Mapping[str, Any]


def entry(model: Trained, data: str) -> Entry | None:
    """Return the entry in dvc.lock of the stage that made the data of a model; None if no such entry is known.

    The card of the model leads there: its entry has the hash of the data that the stage read. A card that is not in
    dvc.lock has the sha256 of the data, and the file of the data leads on.

    Raises:
        BadInput: the data were made again after the training, or dvc.lock cannot be read.
    """
    entries = stages()
    made, trained, file = written_by(entries, data), written_by(entries, model.card), Path(data)
    if made is not None and trained is not None and md5(Path(model.card)) == digest(trained, "outs", model.card):
        if digest(trained, "deps", data) != digest(made, "outs", data):
            raise anew(model, data)
        return made
    if not file.is_file():
        return None
    if model.data.get(data) != sha256(file):
        raise anew(model, data)
    return made if made is not None and md5(file) == digest(made, "outs", data) else None


def check_settings(model: Trained, data: str, document: Mapping[str, Any], keys: Iterable[str]) -> str | None:
    """Refuse settings that are not those with which the data of a model were made.

    Args:
        data: the path of the data.
        document: params.yaml.
        keys: dotted, those that say how new data are prepared.

    Returns:
        a line that says what is not checked; None if all is.

    Raises:
        BadInput: names the setting, its value now and that of the training.
    """
    found = entry(model, data)
    if found is None:
        return unchecked(f"{PATH} has the settings of the training ({', '.join(keys)})", model)
    refuse_others(found, document, keys, model.name, model.stage)
    return None


def check_made(path: str, document: Mapping[str, Any], keys: Iterable[str], name: str, stage: str) -> str | None:
    """Refuse settings that are not those with which a file of the pipeline was made.

    Args:
        name: of what was trained on it; stage: that trains it.

    Returns:
        a line that says what is not checked; None if all is.

    Raises:
        BadInput: names the setting, its value now and that of the training.
    """
    found = written_by(stages(), path)
    if found is None or digest(found, "outs", path) != md5(Path(path)):
        return f"note: not checked: whether {PATH} has the settings of the training ({', '.join(keys)})"
    refuse_others(found, document, keys, name, stage)
    return None


def refuse_others(found: Entry, document: Mapping[str, Any], keys: Iterable[str], name: str, stage: str) -> None:
    """Refuse settings of params.yaml that differ from those that an entry records."""
    before, now = dict(leaves("", found.get("params", {}).get(str(PATH), {}))), dict(leaves("", document))
    for key in keys:
        for leaf in sorted({leaf for leaf in (*before, *now) if leaf == key or leaf.startswith(f"{key}.")}):
            if (value := now.get(leaf, MISSING)) != (was := before.get(leaf, MISSING)):
                raise BadInput(
                    f"{PATH}: {leaf} is {shown(value)}, and {name} was trained with {shown(was)}; change that back, or "
                    f"`dvc repro {stage}` trains it again"
                )


def check_file(model: Trained, data: str, path: str) -> str | None:
    """Refuse a file that differs from the one that was written together with the data of a model.

    Returns:
        a line that says what is not checked; None if all is.

    Raises:
        BadInput: the file is another one.
    """
    found = entry(model, data)
    recorded = None if found is None else digest(found, "outs", path)
    if recorded is None:
        return unchecked(f"{path} is the one of the training", model)
    if md5(Path(path)) != recorded:
        raise BadInput(
            f"{path}: is not the one with which {model.name} was trained; `dvc checkout {path}`, or "
            f"`dvc repro {model.stage}` trains it again"
        )
    return None


def unchecked(what: str, model: Trained) -> str:
    return f"note: not checked: whether {what}, for {LOCK} has no entry of the data of {model.name}"


def anew(model: Trained, data: str) -> BadInput:
    """Return the error for data that are not those of the training."""
    return BadInput(
        f"{data}: is not what {model.name} was trained on, so its settings may be others; "
        f"`dvc repro {model.stage}` trains it again"
    )


def stages() -> list[Entry]:
    """Return the entries of dvc.lock; none if there is no such file.

    Raises:
        BadInput: DVC did not write it so.
    """
    if not LOCK.is_file():
        return []
    from dvc.exceptions import DvcException

    from bakeoff.harness import lock_parser

    fault = BadInput(
        f"{LOCK}: is truncated or was not written by DVC; `bakeoff tidy` repairs it, or: git checkout {LOCK}"
    )
    try:
        document = lock_parser.parse_once(LOCK.read_text(encoding="utf-8"), str(LOCK))
    except (UnicodeDecodeError, DvcException):
        raise fault from None
    if document is None:
        return []
    found = document.get("stages", {}) if isinstance(document, dict) else None
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        raise fault
    return [*found.values()]


def written_by(entries: Iterable[Entry], path: str) -> Entry | None:
    """Return the entry that has a path among its outputs."""
    return next((one for one in entries if any(file.get("path") == path for file in files(one, "outs"))), None)


def files(one: Entry, kind: str) -> Iterator[Mapping[str, Any]]:
    """Yield the outputs (`outs`) or the inputs (`deps`) of an entry."""
    yield from one.get(kind) or ()


def digest(one: Entry, kind: str, path: str) -> str | None:
    """Return the md5 that an entry records of a file; None if it has none."""
    return next((file.get("md5") for file in files(one, kind) if file.get("path") == path), None)


def md5(path: Path) -> str:
    """Return the hash by which DVC knows a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def shown(value: Any) -> str:
    """Return a value for a message."""
    if value is MISSING:
        return "missing"
    return cut(value, WIDTH) if isinstance(value, str) else quoted(value)
