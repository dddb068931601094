"""The source files of a stage, and their hashes."""

import ast
import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from bakeoff.base import paths
from bakeoff.base.files import PARTIAL

PACKAGES = {"bakeoff": Path("src/bakeoff"), "pipeline": Path("pipeline")}

# It checks the whole params.yaml before any work. It refuses or lets pass, and gives no stage a value: were it a
# dependency, each stage would depend on the settings of all others.
GATES = {"bakeoff.harness.params"}

DIGESTS = paths.DIGESTS


def scripts(root: Path = Path()) -> list[str]:
    """Return the names of the scripts that stages run, except the one that digests the others."""
    found = (path.stem for path in (root / PACKAGES["pipeline"]).glob("*.py"))
    return sorted(name for name in found if name not in ("__init__", "digest_code"))


def digests(script: str) -> str:
    """Return the source files of a script of `pipeline/`, in the form that `sha256sum --check` reads."""
    made_of = sources(PACKAGES["pipeline"] / f"{script}.py")
    return "".join(f"{sha256(path)}  {path.as_posix()}\n" for path in made_of)


def sources(script: Path, root: Path = Path()) -> list[Path]:
    """Return the files of the project that a script imports, with itself, sorted; imports inside functions count too.

    Empty files (the packages' `__init__.py`) are left out: they can't change a result.
    """
    seen: set[Path] = set()
    queue = [script]
    while queue:
        path = queue.pop()
        if path in seen:
            continue
        seen.add(path)
        names = {name for imported in imports(root / path) for name in parents(imported)}
        if path.parts[0] == "pipeline":
            names.add("pipeline")  # run as `python -m pipeline.STAGE`
        queue += [found for name in sorted(names) if (found := locate(name, root))]
    return sorted(path for path in seen if (root / path).stat().st_size > 0)


def imports(path: Path) -> tuple[str, ...]:
    """Return the dotted names that a file imports; `from a import b` gives a and a.b, because b may be a module."""
    return imported(path.read_bytes(), path)


@lru_cache(maxsize=1024)  # the scripts of the stages have most of their modules in common
def imported(content: bytes, path: Path) -> tuple[str, ...]:
    names = []
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level or node.module is None:
                raise ValueError(f"{path}:{node.lineno}: relative import; write the full name")
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return tuple(names)


def parents(name: str) -> list[str]:
    """Return a, a.b and a.b.c for `a.b.c`, because Python also runs the packages."""
    parts = name.split(".")
    return [".".join(parts[: n + 1]) for n in range(len(parts))]


def locate(name: str, root: Path) -> Path | None:
    """Return the project's file of a module; None if the module is not in the project."""
    package, *rest = name.split(".")
    if package not in PACKAGES or name in GATES:
        return None
    base = PACKAGES[package].joinpath(*rest)
    candidates = (base.with_suffix(".py"), base / "__init__.py")
    return next((path for path in candidates if (root / path).is_file()), None)


def sha256(path: Path) -> str:
    """Return the hex digest of a file, or of the names and digests of the files in a folder."""
    if path.is_dir():
        files = (file for file in path.rglob("*") if file.is_file() and not file.name.startswith(PARTIAL))
        return combined(sorted(files), base=path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def combined(paths: Iterable[Path], base: Path = Path()) -> str:
    """Return one digest of several files: of their names relative to `base`, and of their bytes."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(base).as_posix()} {sha256(path)}\n".encode())
    return digest.hexdigest()
