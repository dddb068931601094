"""The base class of settings, and functions that read params.yaml and validate it."""

import difflib
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from bakeoff.base import strict_yaml
from bakeoff.base.quoting import listed, one_line, quoted

PATH = Path("params.yaml")
UNKNOWN = object()  # a value that was not kept
T = TypeVar("T")


class Settings(BaseModel):
    """A section of params.yaml: frozen, strict, and without defaults."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class BadInput(Exception):
    """An error that a user can fix: one line with the place, the value found, the rule and the remedy."""

    def __init__(self, line: str) -> None:
        super().__init__(one_line(line))


def load(path: Path = PATH) -> dict[str, Any]:
    """Return the whole file as plain values. It is YAML 1.2: `1e-3` is a number, `no` is text; keys are unique.

    Raises:
        BadInput: the file is missing, is not UTF-8, is not YAML of plain values, or contains no sections.
    """
    try:
        document = strict_yaml.read(path)
    except FileNotFoundError:
        remedy = (
            "run this in the project's root folder" if path.name == PATH.name else f"git checkout {path}, or write it"
        )
        raise BadInput(f"{path}: not found; {remedy}") from None
    except strict_yaml.Unreadable as error:
        raise BadInput(f"{path}: {error}") from None
    if not isinstance(document, dict):
        found = "nothing" if document is None else quoted(document)
        raise BadInput(f"{path}: contains {found}, and should have sections with keys; git checkout {path}")
    return document


def at(document: Mapping[str, Any], key: str, path: Path = PATH) -> Any:
    """Return the value under a dotted key.

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
    """Return the value under a dotted key ("" for the whole document), checked to be a `kind`.

    Raises:
        BadInput: names the keys that are unknown, missing, ill-typed or out of range.
    """
    value = at(document, key, path) if key else document
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise BadInput(f"{path}: {listed(faults(error, kind, value, key))}") from None


def faults(error: ValidationError, kind: Any, value: Any = UNKNOWN, key: str = "") -> Iterator[str]:
    """Yield the errors that pydantic found in a value, in the user's terms. Without the value, places are pydantic's.

    If a value may have several types, pydantic has an error for each; they are combined into one sentence.
    """
    several: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for problem in error.errors(include_url=False):
        parts = real(problem["loc"], value, missing=problem["type"] == "missing")
        several.setdefault(parts, []).append(problem)
    for parts, problems in several.items():
        place = ".".join([*([key] if key else []), *parts])
        # Where an entry of a list is at fault, pydantic counts the list without it.
        ranges = [one for one in problems if one["type"] in RULES and not miscounted(one)]
        if ranges:
            found, wanted = ranges[0]["input"], " or ".join(dict.fromkeys(map(rule, ranges)))
            yield f"{place or 'the file'} is {quoted(found)}, and should {wanted}{likely(found, wanted)}"
        yield from (fault(one, place, parts, kind) for one in problems if one["type"] not in RULES)


def miscounted(problem: Mapping[str, Any]) -> bool:
    return bool(problem["type"] == "too_short" and len(problem["input"]) >= problem["ctx"]["min_length"])


def likely(found: Any, wanted: str) -> str:
    """Return `; did you mean 'x'?` if one of the quoted names is similar."""
    near = difflib.get_close_matches(found[:100], wanted.split("'")[1::2], n=1) if isinstance(found, str) else []
    return f"; did you mean '{near[0]}'?" if near else ""


# What follows "and should", by pydantic's name of the error and with its context.
RULES = {
    **dict.fromkeys(("int_type", "int_from_float", "int_parsing", "int_parsing_size"), "be a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "be a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "be true or false"),
    **dict.fromkeys(("string_type", "string_unicode"), "be text"),
    **dict.fromkeys(("list_type", "tuple_type"), "be a list"),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "be a section of keys with values"),
    "finite_number": "be a finite number",
    "none_required": "be null",
    "greater_than": "be greater than {gt}",
    "greater_than_equal": "be at least {ge}",
    "less_than": "be less than {lt}",
    "less_than_equal": "be at most {le}",
    "too_short": "have at least {min_length} entries",
    "too_long": "have at most {max_length} entries",
    "literal_error": "be {expected}",
}


def rule(problem: Mapping[str, Any]) -> str:
    """Return the rule of one of pydantic's errors about types and ranges: what the value should be."""
    return RULES[problem["type"]].format(**problem.get("ctx", {}))


def fault(problem: Mapping[str, Any], place: str, parts: Sequence[str], kind: Any) -> str:
    """Return the message of an error that is not about a type or a range."""
    message = problem["msg"].removeprefix("Value error, ")
    match problem["type"]:
        case "extra_forbidden":
            return f"{place} is not a setting{hint(parts[-1], fields(kind, parts[:-1]))}"
        case "missing" if parts and parts[-1].isdigit():
            return f"{place.rpartition('.')[0]} is {quoted(problem['input'])}, and should have more entries"
        case "missing":
            return f"{place} is missing"
        case "union_tag_invalid":
            name = problem["ctx"]["discriminator"].strip("'")
            value = problem["input"].get(name)
            return f"{place}.{name} is {quoted(value)}, and should be one of {problem['ctx']['expected_tags']}"
        case "union_tag_not_found":
            return f"{place}.{problem['ctx']['discriminator'].strip(chr(39))} is missing"
        case "value_error":  # ours, which names the value
            return f"{place}: {message}" if place else message
        case _:
            return f"{place} is {quoted(problem['input'])}: {message[0].lower()}{message[1:]}"


def real(loc: Sequence[str | int], value: Any, *, missing: bool) -> tuple[str, ...]:
    """Return the parts of a place that are in the document, without the names of types that pydantic inserts."""
    if value is UNKNOWN:
        return tuple(str(part) for part in loc if part != "[key]")
    parts: list[str] = []
    for index, part in enumerate(loc):
        inside: Any = value  # a section by its keys, a list by its places
        if isinstance(value, list | tuple):
            inside = dict(enumerate(value))
        if isinstance(inside, Mapping) and part in inside:
            value = inside[part]
        elif not (missing and index == len(loc) - 1):
            continue
        parts.append(str(part))
    return tuple(parts)


def fields(kind: Any, parts: Iterable[str]) -> list[str]:
    """Return the names of the settings at a place inside `kind`; none if the place has no settings class."""
    for part in parts:
        kind, arguments = bare(kind), typing.get_args(bare(kind))
        if of := sections(kind):
            kind = next((one.model_fields[part].annotation for one in of if part in one.model_fields), None)
        elif arguments:  # dict[str, X] and tuple[X, ...]
            kind = arguments[-1] if arguments[-1] is not Ellipsis else arguments[0]
    return list(dict.fromkeys(name for one in sections(kind) for name in one.model_fields))


def bare(kind: Any) -> Any:
    """Return a type without its `Annotated` metadata."""
    return bare(typing.get_args(kind)[0]) if typing.get_origin(kind) is typing.Annotated else kind


def sections(kind: Any) -> list[type[Settings]]:
    """Return the possible settings classes of a section."""
    kind = bare(kind)
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return [section for one in typing.get_args(kind) for section in sections(one)]
    return [kind] if isinstance(kind, type) and issubclass(kind, Settings) else []


def hint(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?`, or the list of all names if none is similar."""
    names = list(known)
    near = difflib.get_close_matches(name[:100], names, n=1)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f" (there is: {', '.join(names)})" if names else ""
