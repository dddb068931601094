"""Replaces slow functions of DVC in the project's own processes by faster ones. A plain `dvc` command is not changed.

    lock_parser     dvc.lock is read by libyaml, and each YAML text once
    lock_entries    one stage's lines of dvc.lock are written, not the whole file
    params_lookup   settings are looked up by their keys
    nested_locks    files that are locked are not locked again

Each is tested against the function that it replaces. These functions are internals of DVC, so the tested versions are
pinned: with another version of DVC or of its YAML library, or with changed code, DVC's own functions are used.
"""

import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

TESTED = {"dvc": "3.67.1", "dpath": "2.2.0", "ruamel.yaml": "0.19.1", "ruamel.yaml.clib": "0.2.15"}

# sha256 of the files that hold the replaced functions.
CODE = {
    "dependency/param.py": "c8f63952ca9576e03dbfb226ad106be8acfd025c3b5f80673e2156a8db2cbd4e",
    "dvcfile.py": "9826cd9d8533fdf45ab1694c1756696914ed9f13280edacdba353c5555685128",
    "rwlock.py": "2cab25800069c68150c31b243c1913890fd93793d7826988f81f300902697edd",
    "stage/decorators.py": "33e8ead91389484be478fce1f9b29e13cad851fe90f73a4ffc12ea138bd39fc2",
    "stage/serialize.py": "e855fc26150b8d29591ae3eb0f085f6656926dabe8c8b563cec324ebcfcfc3f9",
    "utils/serialize/_common.py": "4c61151880c09016062b0a8e833e494bbaa6c7a686fc8097c6ede9a8829972ad",
    "utils/serialize/_yaml.py": "e094dd65fc28fdd2b8442dff61ad2de6b9f782d560d37c54d206909013f04eae",
    "utils/strictyaml.py": "011a73f3d12e564adc0a744166777ed4ab22f51beee28ba57a565c07f305e9b5",
}


def install() -> str | None:
    """Replace the functions in this process, or return why DVC's own are kept."""
    if said := difference():
        return f"using DVC's own functions for dvc.lock, which are slower: {said}"
    from bakeoff.harness import lock_entries, lock_parser, nested_locks, params_lookup

    for module in (lock_parser, lock_entries, params_lookup, nested_locks):
        module.install()
    return None


def difference() -> str | None:
    """Return the first difference between the installed and the tested versions."""
    for package, tested in TESTED.items():
        try:
            found = version(package)
        except PackageNotFoundError:
            return f"{package} is not installed, and {tested} was tested"
        if found != tested:
            return f"{package} is {found}, and {tested} was tested"
    import dvc

    for name, digest in CODE.items():
        if hashlib.sha256((Path(dvc.__file__).parent / name).read_bytes()).hexdigest() != digest:
            return f"dvc/{name} is not that of DVC {TESTED['dvc']}"
    return None
