"""Changes values in the text of a recipe, and keeps the order of its keys, its layout and its comments."""

import io
import json
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import RoundTripRepresenter

WIDE = 10**6  # characters: no line is wrapped


class Representer(RoundTripRepresenter):
    """Writes null explicitly."""


def null(representer: Representer, _: None) -> ScalarNode:
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")


Representer.add_representer(type(None), null)


def rewritten(text: str, document: Mapping[str, Any]) -> str:
    """Return the text with the values of a document with the same keys."""
    yaml = YAML(typ="rt")
    yaml.Representer = Representer
    yaml.width = WIDE
    yaml.preserve_quotes = True
    out = io.StringIO()
    yaml.dump(replaced(yaml.load(text), document), out)
    return out.getvalue()


def replaced(old: Any, new: Any) -> Any:
    """Return a new value for an old one. Equal values stay; lists and sections are replaced part by part."""
    if isinstance(old, CommentedMap) and isinstance(new, Mapping) and old.keys() == new.keys():
        for key in old:
            old[key] = replaced(old[key], new[key])
        return old
    if json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True):
        return old
    if isinstance(new, dict | list):
        made = CommentedMap(new) if isinstance(new, dict) else CommentedSeq(new)
        made.fa.set_flow_style()
        return made
    return new
