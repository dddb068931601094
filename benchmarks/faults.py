"""Kills and other faults on the small graph of the tests: what each leaves, and whether the same command goes on.

    python -m benchmarks.faults kills [--count 200] [--seed 0] [--jobs 2] [--project FOLDER]
    python -m benchmarks.faults classes [--only NAME ...] [--project FOLDER]
    python -m benchmarks.faults tuning [--count 42] [--seed 0]

Each prints a table, and writes it into docs/faults.md when all of it was run. The graph is run once from nothing, in
minutes, into FOLDER, and taken from there the next time. Everything else happens in copies. The kills of searches
(`tuning`, see tuning_kills.py) have a project of their own.

A kill takes one stage of one engine. Its entry in dvc.lock, its outputs and DVC's run cache are removed, the engine is
started, and at a random moment one of the processes gets SIGKILL, SIGTERM or SIGINT: the engine, the DVC below
Snakemake, the stage, or a worker that trains. Then nothing of it may live 10 s after the engine has ended, and the same
command, given once more, must end well with the bytes that the stage made before.
"""

import argparse
import contextlib
import hashlib
import importlib.util
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from ruamel.yaml import YAML

from benchmarks import fault_classes, tuning_kills

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs/faults.md"
TINY = ROOT / "tests/pipeline/test_tiny_graph.py"

ENGINES = {
    "dvc": ["dvc", "repro", "--single-item", "{stage}"],
    "snakemake": ["snakemake", "--cores", "2", "--until", "{stage}"],
}
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
VICTIMS = ("engine", "dvc", "stage", "worker")
PATIENCE = 10.0  # seconds within which the last process is gone
LONGEST = 600.0  # seconds of one command


@dataclass(frozen=True)
class Kill:
    """What came of one kill.

    Attributes:
        victim: what was asked for and alive; the process nearest above it otherwise; `none` where all had ended.
        faults: what was not as it should be; empty for a kill that was survived.
    """

    engine: str
    stage: str
    victim: str
    signal: str
    faults: tuple[str, ...]


class Project:
    """A finished run of the small graph."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def lock(self) -> dict[str, Any]:
        return dict(YAML(typ="safe").load((self.folder / "dvc.lock").read_text(encoding="utf-8"))["stages"])

    def copy(self, folder: Path) -> "Project":
        return Project(shutil.copytree(self.folder, folder, symlinks=True))

    def outputs(self, stage: str) -> dict[str, str]:
        """Path to sha256 of each file that a stage wrote."""
        files = [
            file
            for out in self.lock.get(stage, {}).get("outs", [])
            for path in [self.folder / out["path"]]
            for file in (sorted(path.rglob("*")) if path.is_dir() else [path])
            if file.is_file()
        ]
        return {str(file.relative_to(self.folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}

    def forget(self, stage: str) -> None:
        """Make a stage one that never ran."""
        for out in self.lock[stage]["outs"]:
            path = self.folder / out["path"]
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        text = (self.folder / "dvc.lock").read_text(encoding="utf-8")
        entry = re.compile(rf"^  {re.escape(stage)}:\n(?:    .*\n)+", re.MULTILINE)
        (self.folder / "dvc.lock").write_text(entry.sub("", text, count=1), encoding="utf-8")
        shutil.rmtree(self.folder / ".dvc/cache/runs", ignore_errors=True)

    def start(self, command: Sequence[str], **variables: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment() | variables,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / ".bakeoff/said").open("ab"),
            start_new_session=True,
        )

    def processes(self) -> list[psutil.Process]:
        """Whatever works in this folder, whoever its parent is."""
        found = []
        for process in psutil.process_iter():
            try:
                at_work = process.cwd() == str(self.folder) and process.status() != psutil.STATUS_ZOMBIE
            except psutil.Error:
                continue
            found += [process] if at_work else []
        return found


def environment() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"} | {"PATH": path}


def finished(folder: Path) -> Project:
    """The small graph, run into the folder unless it is there."""
    if not (folder / "dvc.lock").exists():
        spec = importlib.util.spec_from_file_location("tiny", TINY)
        assert spec and spec.loader
        tiny = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(tiny)
        folder.mkdir(parents=True, exist_ok=True)
        print(f"running the small graph once into {folder}", flush=True)
        tiny.run(tiny.copy_of_the_project(folder), sys.executable, "-m", "bakeoff.harness.engine", "repro")
    return Project(folder)


def kills(project: Project, count: int, seed: int, jobs: int) -> Iterator[Kill]:
    """So many kills, the same ones for a seed but for the moment's exact place in the work; some at a time."""
    generator = random.Random(seed)
    lock = project.lock
    families = sorted({stage.partition("@")[0].partition("_")[0] for stage in lock})
    durations = dict.fromkeys(ENGINES, 6.0)

    def plan() -> tuple[str, str, str, signal.Signals, float]:
        family = generator.choice(families)
        stage = generator.choice([name for name in lock if name.partition("@")[0].partition("_")[0] == family])
        engine, victim = generator.choice(sorted(ENGINES)), generator.choice(VICTIMS)
        return engine, stage, victim, generator.choice(SIGNALS), generator.random()

    def work(planned: tuple[str, str, str, signal.Signals, float]) -> Kill:
        engine, stage, victim, number, moment = planned
        with tempfile.TemporaryDirectory(prefix="bakeoff-") as parent:
            copied = project.copy(Path(parent) / "project")
            kill, seconds = killed(copied, engine, stage, victim, number, moment * durations[engine])
            durations[engine] += 0.2 * (seconds - durations[engine])  # what the machine's load makes of it
        return kill

    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(work, [plan() for _ in range(count)])


def killed(
    project: Project, engine: str, stage: str, victim: str, number: signal.Signals, after: float
) -> tuple[Kill, float]:
    """Kill, wait, go on, compare. Return how long the second command took too."""
    entry, outputs = project.lock[stage], project.outputs(stage)
    project.forget(stage)
    command = [word.format(stage=stage) for word in ENGINES[engine]]
    faults = []
    with project.start(command) as first:
        time.sleep(after)
        hit = strike(project, first, victim, number)
        try:
            first.wait(LONGEST)
        except subprocess.TimeoutExpired:
            faults.append("the engine went on for ever")
            first.kill()
    end = time.monotonic() + PATIENCE
    while (left := project.processes()) and time.monotonic() < end:
        time.sleep(0.1)
    faults += [f"orphan: {' '.join(process.cmdline())}" for process in left if process.is_running()]
    started = time.monotonic()
    with project.start(command) as second:
        status = second.wait(LONGEST)
    seconds = time.monotonic() - started
    if status:
        said = (project.folder / ".bakeoff/said").read_text(errors="replace").strip().splitlines()[-1:]
        faults.append(f"the same command ended with status {status}: {' '.join(said)}")
    else:
        faults += [
            f"{path}: other bytes" for path, digest in outputs.items() if project.outputs(stage).get(path) != digest
        ]
        faults += ["dvc.lock: another entry"] if project.lock.get(stage) != entry else []
    partial = [path for path in project.folder.rglob(".partial-*") if ".git" not in path.parts]
    faults += [f"left: {path.relative_to(project.folder)}" for path in partial]
    return Kill(engine, stage, hit, number.name, tuple(faults)), seconds


def strike(project: Project, engine: subprocess.Popen[bytes], victim: str, number: signal.Signals) -> str:
    """Send the signal to the victim, or to what is nearest above it."""
    found = {"engine": [engine.pid], "dvc": [], "stage": [], "worker": []}
    for process in project.processes():
        try:
            words, parent = process.cmdline(), process.parent()
            if process.pid != engine.pid and any(word in ("bakeoff.harness.engine",) for word in words):
                found["dvc"].append(process.pid)
            elif "-m" in words and any(word.startswith("pipeline.") for word in words) and parent and parent.pid != 1:
                inner = "pipeline." in " ".join(parent.cmdline()[:3]) and "-c" not in parent.cmdline()
                found["worker" if inner else "stage"].append(process.pid)
        except psutil.Error:
            continue
    if engine.poll() is not None:
        return "none"
    for name in VICTIMS[VICTIMS.index(victim) :: -1]:
        if found[name]:
            try:
                os.kill(found[name][-1], number)
            except ProcessLookupError:
                continue
            return name
    return "none"


def table(found: Sequence[Kill], seed: int) -> str:
    """The kills as a table: how many of which process by which signal, and how many of them had a fault."""
    counts = Counter((kill.engine, kill.victim, kill.signal) for kill in found)
    faulty = Counter((kill.engine, kill.victim, kill.signal) for kill in found if kill.faults)
    names = [number.name for number in SIGNALS]
    lines = [f"| engine | killed | {' | '.join(names)} | faults |", f"|---|---|{'---:|' * (len(names) + 1)}"]
    for engine in ENGINES:
        for victim in (*VICTIMS, "none"):
            cells = [counts[engine, victim, name] for name in names]
            if any(cells):
                bad = sum(faulty[engine, victim, name] for name in names)
                lines.append(f"| {engine} | {victim} | {' | '.join(map(str, cells))} | {bad} |")
    kinds = len({kill.stage.partition("@")[0] for kill in found})
    total = sum(bool(kill.faults) for kill in found)
    head = f"{len(found)} kills (seed {seed}) of {kinds} kinds of stage, {total} with a fault."
    return "\n".join([head, "", *lines])


def write(name: str, text: str) -> None:
    """Put a table between its markers."""
    document = DOCUMENT.read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, _, rest = document.partition(begin)
    _, _, after = rest.partition(end)
    DOCUMENT.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def searches(count: int, seed: int) -> tuple[str, bool]:
    """Kill searches; return the table, and whether something was wrong."""
    found = []
    with tempfile.TemporaryDirectory(prefix="bakeoff-") as folder:
        for stopped in tuning_kills.run(Path(folder).resolve() / "project", count, seed):
            found.append(stopped)
            kills = ", ".join(f"{kill.signal} at {kill.ended} by {kill.workers}" for kill in stopped.hits)
            print(f"{stopped.method:<10} {kills}: {'; '.join(stopped.faults) or 'survived'}", flush=True)
    return tuning_kills.table(found, seed), any(stopped.faults for stopped in found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["kills", "classes", "tuning"])
    parser.add_argument("--count", type=int, help="of kills; by default 200, of searches 42")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="kills at a time")
    parser.add_argument("--project", type=Path, default=Path(tempfile.gettempdir()) / "bakeoff-small-graph")
    parser.add_argument("--only", nargs="+", help="some of the classes; the table is then printed alone")
    arguments = parser.parse_args()
    if arguments.what == "tuning":
        text, bad = searches(arguments.count or 42, arguments.seed)
        print(text)
        write("tuning", text)
        sys.exit(bad)
    project = finished(arguments.project.resolve())
    if arguments.what == "classes":
        rows = list(fault_classes.run(project.folder, environment(), arguments.only))
        text, bad = fault_classes.table(rows), any(not row.well for row in rows)
    else:
        found = []
        with contextlib.suppress(KeyboardInterrupt):  # the table then has those until here
            for number, kill in enumerate(
                kills(project, arguments.count or 200, arguments.seed, arguments.jobs), start=1
            ):
                found.append(kill)
                said = "; ".join(kill.faults) or "survived"
                print(
                    f"{number:4} {kill.engine:<9} {kill.stage:<32} {kill.victim:<6} {kill.signal:<7} {said}", flush=True
                )
        text, bad = table(found, arguments.seed), any(kill.faults for kill in found)
    print(text)
    if not arguments.only:
        write(arguments.what, text)
    sys.exit(bad)


if __name__ == "__main__":
    main()
