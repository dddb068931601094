"""Kills of searches: whether each repeats no finished training, and ends in the bytes of one that was not killed.

A project of its own holds the images and one study of small trainings. Each method first searches undisturbed. Then a
search of it, by one or two workers, is killed at random moments, some times one after the other, and ends at last.
"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from ruamel.yaml import YAML

from bakeoff.base import paths
from bakeoff.tuning.searchers.registry import SEARCHERS

ROOT = Path(__file__).parents[1]
NEEDED = ("params.yaml", "dvc.yaml", "recipes", "src", "pipeline", "pyproject.toml")
STUDY = "mlp"
# Dotted keys of params.yaml: trainings that are short, but long enough to be hit.
SMALL = {
    f"tuning.studies.{STUDY}.methods": list(SEARCHERS),
    f"tuning.studies.{STUDY}.batch": 3,
    f"tuning.studies.{STUDY}.trials": 12,
    f"tuning.studies.{STUDY}.examples": 1000,
    f"tuning.studies.{STUDY}.epochs": 1,
    "budgets.standard.tuning.confirmations": 2,
    "tuning.gradient.steps": 3,
}
SIGNALS = (signal.SIGKILL, signal.SIGTERM)
LONGEST = 600.0  # seconds of one search
PATIENCE = 10.0  # seconds within which the last process is gone
TAKEN = re.compile(r": (\d+) of \d+ trainings are from ")


@dataclass(frozen=True)
class Kill:
    """What came of one kill.

    Attributes:
        ended: results in the log when the search was killed; None where it had ended before.
    """

    signal: str
    workers: int
    ended: int | None


@dataclass(frozen=True)
class Stopped:
    """A search that was killed some times and then went on to its end."""

    method: str
    kills: Sequence[Kill]
    faults: Sequence[str]

    @property
    def hits(self) -> list[Kill]:
        return [kill for kill in self.kills if kill.ended is not None]


class Searches:
    """The project in which the study is searched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def make(cls, folder: Path) -> "Searches":
        """Return a new project, with its images."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in NEEDED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(source, folder / name)
        yaml, path = YAML(), folder / "params.yaml"
        params = yaml.load(path.read_text(encoding="utf-8"))
        for key, value in SMALL.items():
            *sections, last = key.split(".")
            inside: Any = params
            for section in sections:
                inside = inside[section]
            inside[last] = value
        with path.open("w", encoding="utf-8") as file:
            yaml.dump(params, file)
        made = cls(folder)
        made.ended(made.start("ingest_images", "--data", "images"))
        return made

    def start(self, script: str, *words: str, workers: int = 1) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", f"pipeline.{script}", *words],
            cwd=self.folder,
            env=os.environ | {"BAKEOFF_WORKERS": str(workers), "PYTHONPATH": str(self.folder / "src")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def tune(self, method: str, workers: int) -> subprocess.Popen[str]:
        return self.start("tune", "--study", STUDY, "--method", method, workers=workers)

    def ended(self, process: subprocess.Popen[str]) -> str:
        """Return what a stage printed that ends well.

        Raises:
            RuntimeError: it does not.
        """
        printed = process.communicate(timeout=LONGEST)[0]
        if process.returncode:
            raise RuntimeError(f"{process.args} ended with status {process.returncode}: {printed}")
        return printed

    def outputs(self, method: str) -> dict[str, bytes]:
        """Return the bytes of each file that a search writes."""
        names = [make("tuning", f"{STUDY}-{method}") for make in (paths.record, paths.metrics)]
        names.append(paths.trials(f"{STUDY}-{method}"))
        return {name: (self.folder / name).read_bytes() for name in names}

    def forget(self, method: str) -> None:
        """Make a search one that never ran."""
        for name in self.outputs(method):
            (self.folder / name).unlink()
        self.log(method).unlink()

    def log(self, method: str) -> Path:
        return self.folder / paths.TRIALS / f"tune_{STUDY}@{method}.jsonl"

    def keys(self, method: str, trainings: bool = False) -> list[str]:
        """Return the keys of the whole lines of the log, or of those that are trainings."""
        log = self.log(method)
        whole = log.read_bytes().split(b"\n")[:-1] if log.exists() else []
        lines = [json.loads(line) for line in whole]
        return [line["key"] for line in lines if not trainings or "metrics" in line["result"]]

    def begun(self, method: str) -> bool:
        return (self.folder / paths.LIVE / f"tune_{STUDY}@{method}").exists()

    def kill(
        self, method: str, number: signal.Signals, workers: int, results: int, after: float
    ) -> tuple[Kill, list[str]]:
        """Kill a search so many seconds after its log has so many results; return what was wrong afterwards, too."""
        shutil.rmtree(self.folder / paths.LIVE, ignore_errors=True)  # a search that was killed has left its history
        with self.tune(method, workers) as search:
            while search.poll() is None and not (self.begun(method) and len(self.keys(method)) >= results):
                time.sleep(0.005)
            below = psutil.Process(search.pid).children() if search.poll() is None else []
            time.sleep(after)
            search.send_signal(number)
            search.communicate(timeout=LONGEST)
        _, alive = psutil.wait_procs(below, timeout=PATIENCE)
        faults = [f"orphan: {process.pid}" for process in alive]
        ended = None if search.returncode == 0 else len(self.keys(method))
        # A Python that has begun to end has no handlers any more.
        if search.returncode not in (0, -number, 128 + number):
            faults.append(f"ended with status {search.returncode} by {number.name}")
        return Kill(number.name, workers, ended), faults

    def stopped(
        self, method: str, times: int, generator: random.Random, whole: dict[str, bytes], total: int, seconds: float
    ) -> Stopped:
        """Kill a search that never ran so many times, let it end, and compare.

        Args:
            whole: the outputs of a search that was not killed.
            total: results in the log of such a search.
            seconds: that it takes, once it has begun.
        """
        self.forget(method)
        kills, faults = [], []
        for left in range(times, 0, -1):
            number, workers = generator.choice(SIGNALS), generator.choice((1, 2))
            known = len(self.keys(method))
            results = generator.randint(known, max(known, known + (total - 1 - known) // left))
            kill, wrong = self.kill(method, number, workers, results, generator.random() * seconds / total)
            kills.append(kill)
            faults += wrong
            if kill.ended is None:
                break
        known, trainings = self.keys(method), self.keys(method, trainings=True)
        printed = self.ended(self.tune(method, generator.choice((1, 2))))
        found = TAKEN.search(printed)
        taken = int(found[1]) if found else 0
        if taken < len(trainings):
            faults.append(f"{taken} of {len(trainings)} trainings were taken from the log")
        after = self.keys(method)
        if after[: len(known)] != known or max(Counter(after).values()) > 1:
            faults.append("a training was repeated")
        faults += [f"{name}: other bytes" for name, text in self.outputs(method).items() if whole[name] != text]
        faults += [f"left: {path}" for path in self.folder.rglob(".partial-*")]
        return Stopped(method, kills, faults)


def run(folder: Path, count: int, seed: int, times: int = 3) -> Iterator[Stopped]:
    """Yield stopped searches, of all methods in turn, until so many kills have hit one that was at work."""
    generator = random.Random(seed)
    searches = Searches.make(folder)
    whole, seconds, total, hits = {}, {}, {}, 0
    for method in SEARCHERS:
        search = searches.tune(method, 1)
        while search.poll() is None and not searches.begun(method):
            time.sleep(0.005)
        started = time.monotonic()
        searches.ended(search)
        seconds[method] = time.monotonic() - started
        whole[method], total[method] = searches.outputs(method), len(searches.keys(method))
    while hits < count:
        for method in SEARCHERS:
            stopped = searches.stopped(method, times, generator, whole[method], total[method], seconds[method])
            hits += len(stopped.hits)
            yield stopped


def table(found: Sequence[Stopped], seed: int) -> str:
    """Return the kills as a table: by method and signal, and the searches that had a fault."""
    names = [number.name for number in SIGNALS]
    hits = sum(len(stopped.hits) for stopped in found)
    faulty = sum(bool(stopped.faults) for stopped in found)
    lines = [f"{hits} kills (seed {seed}) of {len(found)} searches, {faulty} with a fault.", ""]
    lines += [f"| method | searches | {' | '.join(names)} | results in the log when killed | faults |"]
    lines += [f"|---|---:|{'---:|' * len(names)}---|---:|"]
    for method in SEARCHERS:
        own = [stopped for stopped in found if stopped.method == method]
        kills = [kill for stopped in own for kill in stopped.hits]
        cells = [str(sum(kill.signal == name for kill in kills)) for name in names]
        ended = ", ".join(str(kill.ended) for kill in kills)
        lines.append(
            f"| {method} | {len(own)} | {' | '.join(cells)} | {ended} | {sum(map(bool, (s.faults for s in own)))} |"
        )
    return "\n".join(lines)
