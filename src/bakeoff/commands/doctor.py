"""Checks whether this machine has everything that the pipeline needs, and names the remedy for what is missing."""

import importlib.metadata
import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff.base import paths, record, settings
from bakeoff.base.machine import differing, flags, processor
from bakeoff.base.record import parsed
from bakeoff.base.settings import BadInput
from bakeoff.harness import lockfile
from bakeoff.harness.verify import MACHINE, REQUIREMENTS


@dataclass(frozen=True)
class Finding:
    """One line: the subject, the finding, and a remedy if there is a problem."""

    thing: str
    found: str
    remedy: str = ""

    @property
    def well(self) -> bool:
        return not self.remedy

    def __str__(self) -> str:
        mark = "ok" if self.well else "!!"
        return f"{mark}  {self.thing:<12} {self.found}" + (f"\n    {'':<12} -> {self.remedy}" if self.remedy else "")


def examine() -> list[Finding]:
    """Return all findings, in the order in which a new user would meet them."""
    examinations: list[Callable[[], Iterator[Finding]]] = [
        python,
        moved,
        cpu,
        torch_and_gpu,
        tools,
        params,
        data,
        lock,
        records,
        stores,
    ]
    return [finding for examination in examinations for finding in examination()]


def python() -> Iterator[Finding]:
    old = sys.version_info < (3, 11)
    yield Finding("python", f"{platform.python_version()} at {sys.executable}", "use 3.11 or newer" if old else "")
    active = shutil.which("python")
    elsewhere = active is None or Path(active).parent.resolve() != Path(sys.executable).parent.resolve()
    remedy = f"stages run `python`: activate this environment (. {Path(sys.prefix).name}/bin/activate) or use make"
    yield Finding("environment", f"`python` is {active}", remedy if elsewhere else "")


def moved() -> Iterator[Finding]:
    """Yield a finding if the environment was moved: its commands contain its old path."""
    script = Path(sys.prefix) / "bin" / "dvc"
    first = script.read_bytes()[:500].decode(errors="replace") if script.exists() else ""
    if first.startswith("#!") and str(Path(sys.prefix)) not in first and sys.prefix != sys.base_prefix:
        found = f"its commands start {first.splitlines()[0][2:].strip()}, because it was moved or copied"
        yield Finding("environment", found, "make clean repro")


def cpu() -> Iterator[Finding]:
    level = "AVX2" if "avx2" in flags() else "no AVX2"
    remedy = (
        ""
        if "avx2" in flags()
        else "results will differ from the committed ones, which need an x86-64 processor with AVX2"
    )
    yield Finding("processor", f"{processor()}; {level}; {os.cpu_count()} cores", remedy)
    if MACHINE.exists():
        try:
            recorded = parsed(MACHINE)["processor"]
        except BadInput as error:
            yield of("lock", error)
            return
        same = "this one" if recorded == processor() else recorded
        yield Finding("lock", f"dvc.lock was made on {same}")


def torch_and_gpu() -> Iterator[Finding]:
    try:
        import torch
    except ImportError as error:
        yield Finding("torch", str(error), "make clean repro")
        return
    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU build"
    yield Finding("torch", f"{torch.__version__}, {build}")
    if torch.cuda.is_available():
        yield Finding("gpu", ", ".join(torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())))
    else:
        yield Finding(
            "gpu",
            "none; `run.device: cpu` runs everything"
            + ("" if torch.version.cuda else " (TORCH=cuda make clean repro for a GPU build)"),
        )


def tools() -> Iterator[Finding]:
    for name in ("dvc", "snakemake", "mlflow"):
        try:
            yield Finding(name, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, "missing", "pip install -r requirements.lock")
    others = [f"{name} {found}, not {locked}" for name, locked, found in differing(REQUIREMENTS)]
    yield Finding("versions", "; ".join(others) or "as locked", "pip install -r requirements.lock" if others else "")
    git = shutil.which("git")
    yield Finding("git", git or "missing", "" if git else "install git: DVC works inside a git repository")


def unreadable(database: Path) -> str | None:
    """Return why a SQLite database cannot be read, or None."""
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        return str(error)
    return None if said == "ok" else str(said).splitlines()[-1]


def params() -> Iterator[Finding]:
    from bakeoff.harness.params import check

    try:
        check()
        yield Finding("params.yaml", "every setting is known, present and in range")
    except BadInput as error:
        yield Finding("params.yaml", str(error), "correct params.yaml")


def data() -> Iterator[Finding]:
    """Check the data that params.yaml names; nothing is downloaded."""
    from bakeoff.data.sources.addresses import said
    from bakeoff.data.sources.availability import overview, packaged_files
    from bakeoff.data.sources.catalogue import SOURCES, Kind, Remote
    from bakeoff.data.sources.find import local
    from bakeoff.data.sources.settings import SOURCE_OF

    try:
        document = settings.load()
        named: dict[str, tuple[Kind, Any]] = {
            name: (section["kind"], section["source"]) for name, section in document["data"].items()
        }
    except (BadInput, KeyError, TypeError):
        return  # `params` reports the error
    fetched = {name for name, spec in SOURCES.items() if any(isinstance(f, Remote) for f in spec.files.values())}
    here = {entry.name: entry for entry in overview()}
    for name, (kind, source) in named.items():
        try:
            if isinstance(source, dict):
                yield Finding(name, f"{said(source.get('url'))}, fetched once and kept")
            elif source in fetched and not here[source].present:
                yield Finding(name, f"{source} (from {here[source].where}): {here[source].title}; not fetched yet")
            elif source in SOURCES:
                packaged_files(source)
                yield Finding(name, f"{source} (in {here[source].where}): {here[source].title}")
            else:
                checked = settings.validate(document, f"data.{name}.source", SOURCE_OF[kind])
                yield Finding(name, str(local(checked, kind)))
        except BadInput as error:
            yield of(name, error)


def lock() -> Iterator[Finding]:
    fault = lockfile.fault()
    if fault:
        yield of("dvc.lock", fault)
    else:
        yield Finding("dvc.lock", "complete" if lockfile.LOCK.exists() else "missing until the first run")


def records() -> Iterator[Finding]:
    """Yield a finding for each run record that cannot be read."""
    found = sorted(Path(paths.RECORDS).rglob("*.json"))
    for path in found:
        try:
            record.read(path)
        except BadInput as error:
            yield of("records", error)
    yield Finding("records", f"{len(found)} in {paths.RECORDS}")


def of(thing: str, error: BadInput | str) -> Finding:
    """Return an error as a finding, with the end of its message as the remedy."""
    found, _, remedy = str(error).partition("; ")
    return Finding(thing, found, remedy)


def stores() -> Iterator[Finding]:
    cache = Path(".dvc/cache")
    if cache.exists() and not os.access(cache, os.R_OK | os.W_OK | os.X_OK):
        yield Finding("DVC cache", f"{cache} cannot be read and written", f"chmod -R u+rwX {cache}")
    else:
        yield Finding("DVC cache", str(cache) if cache.exists() else f"{cache}, empty until the first run")
    database = Path("mlflow.db")
    if database.exists() and (fault := unreadable(database)):
        yield Finding(
            "MLflow", f"{database}: {fault}", f"rename it (mv {database} {database}.old), then run: bakeoff track"
        )
    tracking = os.environ.get("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    yield Finding(
        "MLflow",
        tracking
        + (
            "" if Path("mlflow.db").exists() or "MLFLOW_TRACKING_URI" in os.environ else ", missing until the first run"
        ),
    )
    free = shutil.disk_usage(".").free / 2**30
    yield Finding("disk", f"{free:.0f} GiB free", "a full run needs 2 GiB" if free < 2 else "")
