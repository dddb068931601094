"""Lets DVC read dvc.lock before a change by libyaml, in a sixth of the time that ruamel.yaml's parser in Python takes.

DVC reads and writes the whole file at the end of every stage.
"""

from pathlib import Path
from typing import Any

from _ruamel_yaml import CParser  # of ruamel.yaml.clib
from dvc.utils.serialize import _yaml
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.resolver import VersionedResolver

KEPT_IN_PYTHON = set("#&!")  # of comments, anchors and tags libyaml leaves something out; DVC writes none into dvc.lock

in_python = _yaml.parse_yaml_for_update


class Loader(CParser, RoundTripConstructor, VersionedResolver):  # type: ignore[misc]  # ruamel.yaml has no types for C
    """libyaml's events as the documents that ruamel.yaml writes back."""

    comment_handling = None

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        self._parser = self._composer = self._scanner = self
        RoundTripConstructor.__init__(self, loader=self)
        VersionedResolver.__init__(self, loadumper=self)


def parse(text: str, path: str) -> Any:
    """Return a YAML file as DVC's own function does; it alone reads other files, and refuses what is damaged."""
    loader = Loader(text)
    try:
        if Path(path).name == "dvc.lock" and not KEPT_IN_PYTHON.intersection(text):
            return loader.get_single_data() or {}
    except YAMLError:
        pass  # refused below, in DVC's words
    finally:
        loader.dispose()
    return in_python(text, path)


def install() -> None:
    """Put `parse` in the place of DVC's function, which looks it up anew at each call."""
    _yaml.parse_yaml_for_update = parse
