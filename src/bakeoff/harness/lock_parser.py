"""Lets DVC parse dvc.lock with libyaml, which is faster than ruamel.yaml, and parse each YAML text only once.

DVC reads the whole of dvc.lock twice for every stage, and params.yaml once for every stage that has settings.
"""

from functools import cache
from pathlib import Path
from typing import Any

from _ruamel_yaml import CParser  # of ruamel.yaml.clib
from dvc.utils import serialize, strictyaml
from dvc.utils.serialize import _yaml
from ruamel.yaml.constructor import RoundTripConstructor, SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.resolver import VersionedResolver

# Of comments, anchors, tags and directives libyaml leaves something out. DVC writes none into dvc.lock.
KEPT_IN_PYTHON = set("#&!%")

in_python = _yaml.parse_yaml_for_update
safe_in_python = _yaml.parse_yaml

_seen: dict[str, tuple[str, Any]] = {}  # by path its last text and the document in it, of which callers get copies


class Loader(CParser, RoundTripConstructor, VersionedResolver):  # type: ignore[misc]  # ruamel.yaml has no types for C
    """Constructs documents that ruamel.yaml can write from libyaml's events."""

    comment_handling = None

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        self._parser = self._composer = self._scanner = self
        RoundTripConstructor.__init__(self, loader=self)
        VersionedResolver.__init__(self, loadumper=self)


class SafeLoader(CParser, SafeConstructor, VersionedResolver):  # type: ignore[misc]
    """Constructs plain values from libyaml's events; ruamel.yaml resolves each spelling of a scalar once."""

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        self._parser = self._composer = self._scanner = self
        SafeConstructor.__init__(self, loader=self)
        VersionedResolver.__init__(self, loadumper=self)
        self.resolve = cache(self.resolve)  # type: ignore[method-assign]


def parse(text: str, path: str) -> Any:
    """Return a YAML file as DVC's `parse_yaml_for_update` does."""
    return _by_libyaml(Loader, text, path) or in_python(text, path)


def parse_once(text: str, path: str, typ: str = "safe") -> Any:
    """Return a YAML file as DVC's `parse_yaml` does, from a cache if the same text was parsed before."""
    if typ != "safe":
        return safe_in_python(text, path, typ)
    if path not in _seen or _seen[path][0] != text:
        _seen[path] = text, _by_libyaml(SafeLoader, text, path) or safe_in_python(text, path)
    return copied(_seen[path][1])


def copied(document: Any, copies: dict[int, Any] | None = None) -> Any:
    """Return a deep copy of a document; its scalars are immutable and are shared.

    An alias in the text stays the same object as its anchor, so that DVC writes it into dvc.lock as an alias again.
    """
    copies = {} if copies is None else copies
    if id(document) in copies:
        return copies[id(document)]
    if isinstance(document, dict):
        mapping = copies[id(document)] = {}
        mapping.update((key, copied(value, copies)) for key, value in document.items())
        return mapping
    if isinstance(document, list):
        sequence = copies[id(document)] = []
        sequence.extend(copied(value, copies) for value in document)
        return sequence
    return document


def _by_libyaml(kind: type[Loader] | type[SafeLoader], text: str, path: str) -> Any:
    """Return the document in a dvc.lock; None if DVC's own function must read it."""
    if Path(path).name != "dvc.lock" or not KEPT_IN_PYTHON.isdisjoint(text):
        return None
    loader = kind(text)
    try:
        return loader.get_single_data()
    except YAMLError:
        return None  # refused by DVC's function, in its words
    finally:
        loader.dispose()


def install() -> None:
    """Replace DVC's functions by these; DVC looks them up at each call."""
    _yaml.parse_yaml_for_update = parse
    for module in (_yaml, serialize, strictyaml):
        module.parse_yaml = parse_once
