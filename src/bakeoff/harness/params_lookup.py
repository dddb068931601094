"""Lets DVC look up a stage's settings by their keys. DVC itself compares every key of params.yaml with each pattern.

`params:` of dvc.yaml may contain patterns such as `train.*`. For these, and for unusual documents, dpath is still used.
"""

from collections.abc import Sequence
from typing import Any

import dpath
from dvc.dependency import param

PATTERN = set("*?[")  # begin what fnmatch takes for a pattern


def get(document: Any, key: str, separator: str) -> Any:
    """Return the value under a dotted key, as `dpath.get` does.

    Raises:
        KeyError: there is none.
    """
    if not key.strip(separator + "/") or not PATTERN.isdisjoint(key):
        return dpath.get(document, key, separator=separator)
    value = document
    for part in key.lstrip(separator).split(separator):
        if not isinstance(value, dict):
            return dpath.get(document, key, separator=separator)  # items of a list are found by their numbers
        value = value[part]
    return value


def plain(value: Any) -> bool:
    """Return whether a document consists of lists, scalars, and dictionaries whose keys are text and not empty."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and key and plain(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(map(plain, value))
    return not isinstance(value, (tuple, set, frozenset))


def read_param_file(
    fs: Any, path: str, key_paths: Sequence[str] | None = None, flatten: bool = False, **options: Any
) -> Any:
    """Return the settings in a file, as DVC's function of this name does."""
    if not key_paths or not flatten:
        return in_dvc(fs, path, key_paths, flatten, **options)
    document = param.load_path(path, fs, **options)
    look_up = get if plain(document) else dpath.get
    found = {}
    for key in key_paths:
        try:
            found[key] = look_up(document, key, separator=".")
        except KeyError:
            continue
    return found


in_dvc = param.read_param_file


def install() -> None:
    """Replace DVC's function by `read_param_file`; DVC looks it up at each call."""
    param.read_param_file = read_param_file
