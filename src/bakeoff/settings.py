"""Reads params.yaml: YAML 1.2, strictly, into the settings classes that live beside the code they control."""

import difflib
import re
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

PATH = Path("params.yaml")
T = TypeVar("T")


class Settings(BaseModel):
    """A section of params.yaml: frozen, strict, and without defaults."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class BadInput(Exception):
    """What a user can mend: one line that names the place, the value found, the rule and the way out."""


def load(path: Path = PATH) -> dict[str, Any]:
    """The whole file as plain values. YAML 1.2: `1e-3` is a number, `no` is a word; duplicate keys are refused.

    Raises:
        BadInput: the file is missing, is not UTF-8, is not YAML, or holds no sections.
    """
    try:
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(f"{path}: not found; run this in the project's root folder") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}: " if mark else ""
        problem = " ".join((error.problem or error.context or "not YAML").split())
        raise BadInput(f"{path}: {place}{problem}") from None
    except YAMLError as error:
        raise BadInput(f"{path}: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict):
        raise BadInput(f"{path}: holds {document!r}, not sections with keys")
    return document


def at(document: Mapping[str, Any], key: str, path: Path = PATH) -> Any:
    """The value under a dotted key.

    Raises:
        BadInput: there is no such key; the nearest one is suggested.
    """
    value: Any = document
    names = key.split(".")
    for depth, name in enumerate(names):
        if not isinstance(value, Mapping) or name not in value:
            known = map(str, value) if isinstance(value, Mapping) else ()
            raise BadInput(f"{path}: {'.'.join(names[: depth + 1])} is missing{hint(name, known)}")
        value = value[name]
    return value


def validate(document: Mapping[str, Any], key: str, kind: type[T], path: Path = PATH) -> T:
    """The value under a dotted key ("" for the whole document), checked to be a `kind`.

    Raises:
        BadInput: names every key that is unknown, missing, ill-typed or out of range.
    """
    value = at(document, key, path) if key else document
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        problems = [explain(key, kind, **problem) for problem in error.errors(include_url=False)]
        raise BadInput(f"{path}: {'; '.join(dict.fromkeys(problems))}") from None


def explain(key: str, kind: Any, *, type: str, loc: tuple[str | int, ...], msg: str, input: Any, **_: Any) -> str:
    """One pydantic error in the user's terms; the keywords are those of pydantic's error details."""
    place = ".".join([*([key] if key else []), *(str(part) for part in loc if part != "[key]")])
    if type == "extra_forbidden":
        return f"{place} is not a setting{hint(str(loc[-1]), fields(kind, loc[:-1]))}"
    if type == "missing":
        return f"{place} is missing"
    if type == "value_error":  # ours, which names what it found
        return f"{place}: {msg.removeprefix('Value error, ')}" if key or loc else msg.removeprefix("Value error, ")
    rule = msg[0].lower() + msg[1:].replace("Input should be", "should be", 1)
    nearest = difflib.get_close_matches(str(input), re.findall("'([^']+)'", msg), n=1)
    return f"{place} is {input!r}, and {rule.removeprefix('input ')}" + (
        f"; did you mean '{nearest[0]}'?" if nearest else ""
    )


def fields(kind: Any, loc: Iterable[str | int]) -> list[str]:
    """Names of the settings at a place inside `kind`; none where the place holds no settings class."""
    for part in loc:
        arguments = typing.get_args(kind)
        if isinstance(kind, type) and issubclass(kind, Settings):
            kind = kind.model_fields[str(part)].annotation
        elif arguments:  # dict[str, X] and tuple[X, ...]
            kind = arguments[-1] if arguments[-1] is not Ellipsis else arguments[0]
    return list(kind.model_fields) if isinstance(kind, type) and issubclass(kind, Settings) else []


def hint(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?`, or what there is when nothing is near."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f" (there is: {', '.join(names)})" if names else ""
