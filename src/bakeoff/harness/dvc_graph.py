"""The graph of stages as DVC resolves it from dvc.yaml, for Snakemake, and the order of dvc.lock."""

import argparse
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import networkx
from dvc.dependency import ParamsDependency
from dvc.dvcfile import LOCK_FILE, PROJECT_FILE, ProjectFile
from dvc.exceptions import DvcException
from dvc.lock import LockError
from dvc.output import Output
from dvc.repo import Repo, lock_repo
from dvc.repo.reproduce import get_active_graph, plan_repro
from dvc.stage import PipelineStage
from dvc.stage import Stage as DvcStage
from dvc.utils.serialize import dumps_yaml

from bakeoff.base import paths
from bakeoff.base.settings import BadInput
from bakeoff.harness import lockfile
from bakeoff.harness.restore_outputs import recorded
from bakeoff.harness.stage import fail
from bakeoff.tracking import presence

# Rewritten whenever the graph is read, and an input of every stale stage: newer than any output, it is Snakemake's
# reason to run what DVC calls stale, whatever the clock says of other files. It holds the time, for Snakemake takes a
# small input with the same content for the same input.
MARK = Path(".snakemake/stale")


@dataclass(frozen=True)
class Stage:
    """The properties of a stage that Snakemake needs.

    Attributes:
        name: as DVC has it, `train_images@cnn-adam`.
        title: the name, and the description in dvc.yaml.
        inputs: files and folders; for a folder that other stages write into, the outputs in it.
        outputs: paths; one without a suffix is a folder.
        stale: whether DVC, by content, would run it or a stage upstream of it.
        device: whether it reads the section `run`, which has the device, so that it may use a GPU.
    """

    name: str
    title: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    stale: bool
    device: bool
    threads: int
    resources: Mapping[str, Any]


def load(judge: bool = True) -> list[Stage]:
    """Return all stages, each after those that it depends on.

    Args:
        judge: whether to ask DVC which stages are stale, and write it to `MARK`; only the scheduling process does so.

    Raises:
        BadInput: DVC cannot make sense of dvc.yaml or dvc.lock, or a file is missing that no stage makes (Snakemake
            would go on with what was made of it before).
    """
    with _refused_in_one_line(), Repo(_wait_for_lock=True) as repo, lock_repo(repo):
        graph = get_active_graph(repo.index.graph)  # edges: consumer -> producer
        changed = {stage for stage in graph if judge and (stage.changed() or presence.stale(map(_path, stage.outs)))}
        stale = changed.union(*(networkx.ancestors(graph, stage) for stage in changed))
        stages = [_stage(stage, graph, stage in stale) for stage in plan(repo)]
    made = {path for stage in stages for path in stage.outputs}
    for stage in stages:
        for path in stage.inputs:
            if path not in made and not Path(path).exists():
                raise BadInput(f"{path}: not found; '{stage.name}' reads it, and no stage writes it")
    if judge:
        MARK.parent.mkdir(exist_ok=True)
        names = [stage.name for stage in stages if stage.stale]
        MARK.write_text("\n".join([f"stale at {time.time_ns()}:", *names, ""]), encoding="utf-8")
    return stages


def plan(repo: Repo) -> list[DvcStage]:
    """Return the stages in the order in which a plain `dvc repro` runs them and adds them to dvc.lock."""
    targets = [stage for stage in repo.index.stages if stage.path_in_repo == PROJECT_FILE]
    return list(plan_repro(get_active_graph(repo.index.graph), targets))


def _stage(stage: DvcStage, graph: networkx.DiGraph, stale: bool) -> Stage:
    params = [dep for dep in stage.deps if isinstance(dep, ParamsDependency)]
    products = [_path(out) for producer in graph.successors(stage) for out in producer.outs]
    inputs = [
        path
        for dep in stage.deps
        if dep not in params and not stage.frozen
        for path in [product for product in products if _within(product, _path(dep))] or [_path(dep)]
    ]
    meta = stage.meta or {}
    return Stage(
        name=stage.addressing,
        title=f"{stage.addressing}: {stage.desc}" if stage.desc else stage.addressing,
        inputs=tuple(inputs),
        outputs=tuple(_path(out) for out in stage.outs),
        stale=stale,
        device=any("run" in dep.params for dep in params),
        threads=meta.get("threads", 1),
        resources=meta.get("resources", {}),
    )


def _path(item: Output) -> str:
    return str(os.path.relpath(item.fs_path, item.repo.root_dir))


def _within(path: str, folder: str) -> bool:
    return Path(path).is_relative_to(folder)


def order() -> None:
    """Sort dvc.lock in the order of `plan`, and write each entry as a run of the whole pipeline would.

    DVC appends the entries of new stages and rewrites only those of stages that it runs. So the text depends on the
    engine, on the number of cores and on the sequence of edits. After this it depends only on dvc.yaml, params.yaml and
    the files.
    """
    with _locked() as (stages, project):
        entries = project.lockfile_contents.get("stages", {})
        ordered = {stage.name: _entry(stage, entries[stage.name]) for stage in stages if stage.name in entries}
        _write(project, ordered | {name: entry for name, entry in entries.items() if name not in ordered})


def prune() -> Iterator[str]:
    """Remove items that are no longer in dvc.yaml: entries of dvc.lock, outputs as DVC recorded them, logs of searches.

    DVC keeps them when an item is removed from a list, and stages that depend on the folder still read the files.

    Yields:
        one line for each output and each log that exists.
    """
    with _locked() as (stages, project):
        names = {stage.name for stage in stages}
        for log in sorted(Path(paths.TRIALS).glob("*.jsonl")):
            if log.stem not in names:
                log.unlink()
                yield f"{log}: removed; '{log.stem}' is no longer in {PROJECT_FILE}"
        entries = project.lockfile_contents.get("stages", {})
        products = [_path(out) for stage in stages for out in stage.outs]
        kept = set(names)
        for name in entries.keys() - names:
            for out in recorded(project, name, entries[name]):
                path = _path(out)
                if not out.exists or any(_within(path, product) or _within(product, path) for product in products):
                    continue
                if out.changed_checksum():
                    kept.add(name)
                    yield f"{path}: kept, because it is not from '{name}', which is no longer in {PROJECT_FILE}"
                else:
                    out.remove(ignore_remove=True)
                    yield f"{path}: removed; '{name}' is no longer in {PROJECT_FILE}"
        _write(project, {name: entry for name, entry in entries.items() if name in kept})


@contextmanager
def _refused_in_one_line() -> Iterator[None]:
    """Turn errors of DVC into one line.

    Raises:
        BadInput: dvc.lock cannot be read, another run is at work, or DVC refuses, in its own words.
    """
    if fault := lockfile.fault():
        raise BadInput(fault)
    try:
        yield
    except LockError as error:
        owners = ", ".join(dict.fromkeys(re.findall(r"\(PID (\d+)\)", str(error))))
        who = f"another run (process {owners})" if owners else "another run"
        raise BadInput(
            f"{who} is running in this folder; wait until it has ended, then run the same command again"
        ) from error
    except DvcException as error:
        said = " ".join(str(error).split())
        remedy = f"git checkout {LOCK_FILE} restores the committed one" if LOCK_FILE in said else "see `dvc status`"
        raise BadInput(f"{said}; {remedy}") from error


@contextmanager
def _locked() -> Iterator[tuple[list[PipelineStage], ProjectFile]]:
    """Yield the stages of dvc.yaml in the order of `plan`, and the file, while no other DVC process writes."""
    with _refused_in_one_line(), Repo(_wait_for_lock=True) as repo, lock_repo(repo):
        stages = [stage for stage in plan(repo) if isinstance(stage, PipelineStage)]
        yield stages, ProjectFile(repo, PROJECT_FILE)


def _write(project: ProjectFile, entries: Mapping[str, Any]) -> None:
    """Replace dvc.lock atomically, if that changes it."""
    old = project.lockfile_contents
    new = {**old, "stages": entries}
    if json.dumps(new, default=str) != json.dumps(old | {"stages": old.get("stages", {})}, default=str):
        lockfile.replace(Path(project.repo.root_dir, LOCK_FILE), dumps_yaml(new))


def _entry(stage: PipelineStage, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry of dvc.lock as DVC would write it now, without what is no longer in dvc.yaml.

    DVC does not rewrite an entry for a removed dependency, another order of keys, or 1.0 instead of 1.
    """
    paths = {item.def_path for item in (*stage.deps, *stage.outs)}
    listed = {kind: [item for item in entry.get(kind, []) if item["path"] in paths] for kind in ("deps", "outs")}
    params: dict[str, dict[str, Any]] = {}
    for dep in stage.deps:
        if isinstance(dep, ParamsDependency):
            now, recorded = dep.read_params(), entry.get("params", {}).get(dep.def_path, {})
            kept = sorted(key for key in recorded if key in dep.params or not dep.params)  # none: the whole file
            params[dep.def_path] = {key: now[key] if now.get(key) == recorded[key] else recorded[key] for key in kept}
    parts = {**listed, "params": {path: values for path, values in params.items() if values}}
    return {key: parts.get(key, value) for key, value in entry.items() if parts.get(key, value)}


def gpus() -> int:
    """Return how many NVIDIA GPUs this process may use, without the second that it takes to import torch."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([device for device in visible.split(",") if device])
    return len(list(Path("/dev").glob("nvidia[0-9]*")))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["tidy"], help="remove items that are no longer in dvc.yaml, sort dvc.lock")
    parser.parse_args()
    try:
        for line in chain(lockfile.heal(), prune()):
            print(line)
        order()
    except BadInput as error:
        fail(error)
