"""The whole graph on a small params.yaml, from nothing, through both engines."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bakeoff.base import opened, provenance, record
from bakeoff.base.files import PARTIAL
from bakeoff.harness.code_dependencies import is_code

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.xdist_group("tiny graph")

CONTEST = {"trials": 2, "finalists": 1, "reruns": 1}

# Dotted keys of params.yaml: as little work as every stage can do.
TINY: Mapping[str, Any] = {
    "data.images.split": {"validation": 100, "test": 200, "seed": 0},
    "embedding.word2vec.epochs": 1,
    "embedding.word2vec.dimension": 16,
    "images.models": ["softmax", "cnn"],
    "images.optimizers": ["sgd", "adam"],
    "images.training.epochs": 1,
    "images.training.batch_size": 256,
    "images.contest": CONTEST | {"seeds": {"softmax": 3, "cnn": 2}},
    "table.models": ["softmax"],
    "table.optimizers": ["adagrad", "rmsprop"],
    "table.training.epochs": 1,
    "table.training.batch_size": 8192,
    "table.contest": CONTEST | {"seeds": {"softmax": 2}},
    "scans.optimizers": ["momentum", "adadelta"],
    "scans.training.epochs": 1,
    "scans.training.batch_size": 8,
    "scans.contest": CONTEST | {"seeds": {"unet": 2}},
    "networks.cnn.channels": [4, 4],
    "networks.unet.channels": 4,
    "recipes.seeds": 2,
    "recipes.images": ["softmax"],
    "recipes.book.images.softmax.training.epochs": 1,
    "recipes.book.table.mlp.training.epochs": 1,
    "recipes.book.table.mlp.training.batch_size": 8192,
    "baselines.boosting.trees": 2,
    "online.stream.seeds": 1,
    "online.schedules": ["constant"],
    "online.search.trials": 2,
    "online.evaluation.interval": 10_000,
    "tuning.study.trials": 4,
    "tuning.study.batch": 2,
    "tuning.study.confirmations": 1,
    "tuning.study.training": {"examples": 200, "epochs": 1, "batch_size": 64},
    "comparison.resamples": 1000,
}


def environment() -> dict[str, str]:
    """One in which the tools find this Python first."""
    user = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    return user | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def run(project: Path, *command: str, **variables: str) -> str:
    """Output of a command that must succeed."""
    done = subprocess.run(command, cwd=project, text=True, capture_output=True, env=environment() | variables)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def copy_of_the_project(folder: Path) -> Path:
    """What git would commit of the working tree, with the small settings and no lock, in a repository of its own."""
    listed = run(ROOT, "git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, listed.split("\0")):
        if name != "dvc.lock" and not name.startswith("reports/") and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    run(folder, "git", "init", "--quiet")
    write(folder, TINY)
    (folder / "reports").mkdir()
    (folder / "reports/costs.json").write_text('{"processor": "none", "seconds": {}}')  # the benchmark's, not a stage's
    return folder


def write(project: Path, values: Mapping[str, Any]) -> None:
    """Set dotted keys that params.yaml has."""
    yaml = YAML()
    settings = yaml.load((project / "params.yaml").read_text(encoding="utf-8"))
    for key, value in values.items():
        *sections, last = key.split(".")
        section = settings
        for name in sections:
            section = section[name]
        assert last in section, key
        section[last] = value
    with (project / "params.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(settings, file)


@contextmanager
def changed(project: Path, key: str, value: Any) -> Iterator[None]:
    """A setting changed for a while."""
    before = (project / "params.yaml").read_bytes()
    write(project, {key: value})
    try:
        yield
    finally:
        (project / "params.yaml").write_bytes(before)


@pytest.fixture(scope="module")
def by_dvc(tmp_path_factory: pytest.TempPathFactory, preloaded: Callable[[str], Any]) -> Path:
    """The stages run in forks of a process that has imported third-party packages, and nothing of the project."""
    project = copy_of_the_project(tmp_path_factory.mktemp("by dvc"))
    (project / ".bakeoff/opened").mkdir(parents=True)
    path = f"{preloaded('pipeline').path}{os.pathsep}{environment()['PATH']}"
    run(project, "dvc", "repro", BAKEOFF_OPENED=str(project / ".bakeoff/opened"), PATH=path)
    return project


@pytest.fixture(scope="module")
def by_snakemake(by_dvc: Path, tmp_path_factory: pytest.TempPathFactory, preloaded: Callable[[str], Any]) -> Path:
    """The same from nothing but the cache: Snakemake brings back what DVC made, and runs what no cache holds.

    `make verify` lets Snakemake run every stage, at full size.
    """
    project = copy_of_the_project(tmp_path_factory.mktemp("by snakemake"))
    shutil.copytree(by_dvc / ".dvc/cache", project / ".dvc/cache", copy_function=os.link)
    jobs = preloaded("bakeoff.harness.engine").path  # what Snakemake's jobs call
    path = f"{jobs}{os.pathsep}{environment()['PATH']}"
    done = preloaded("snakemake").run("--cores", "2", cwd=project, env=environment() | {"PATH": path})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return project


def lock(project: Path) -> dict[str, Any]:
    return dict(YAML(typ="safe").load((project / "dvc.lock").read_text())["stages"])


def settings(name: str, stage: Mapping[str, Any]) -> dict[str, Any]:
    """What a stage of the lock reads of params.yaml."""
    declared = dict(stage.get("params", {}).get("params.yaml", {}))
    if name.startswith("train_embedding"):  # dvc.yaml has no way to declare by the sampler's name what notes reads
        del declared["optimizers.adagrad"]
    return declared


def test_both_engines_write_the_same_lock_to_the_byte(by_dvc: Path, by_snakemake: Path) -> None:
    differing = [name for name, stage in lock(by_dvc).items() if lock(by_snakemake).get(name) != stage]
    assert differing == []
    assert (by_dvc / "dvc.lock").read_bytes() == (by_snakemake / "dvc.lock").read_bytes()


def test_afterwards_neither_engine_finds_anything_to_do(by_dvc: Path, by_snakemake: Path) -> None:
    for project in (by_dvc, by_snakemake):
        assert "Data and pipelines are up to date" in run(project, "dvc", "status")
        assert "Nothing to be done" in run(project, "snakemake", "-n", "--cores", "1")


def test_each_stage_reads_exactly_what_dvc_yaml_declares(by_dvc: Path) -> None:
    for name, stage in lock(by_dvc).items():
        read = json.loads((by_dvc / f".bakeoff/ended/{name}.json").read_text())
        assert read["settings"] == sorted(settings(name, stage)), name
        # Own data are read where params.yaml says; a stage that ingests them writes no record of inputs.
        declared = [item["path"] for item in stage["deps"] if not is_code(item["path"]) and "raw" not in item["path"]]
        unread = [path for path in declared if not any(Path(one).is_relative_to(path) for one in read["inputs"])]
        undeclared = [one for one in read["inputs"] if not any(Path(one).is_relative_to(path) for path in declared)]
        assert (unread, undeclared) == ([], []), name


def test_no_stage_opens_a_file_of_the_project_that_dvc_yaml_does_not_declare(by_dvc: Path) -> None:
    stages, lists = lock(by_dvc), opened.read(by_dvc / ".bakeoff/opened")
    assert lists.keys() == stages.keys()
    gates = [path for gate in provenance.GATES for path in provenance.sources(module(gate), ROOT)]
    for name, stage in stages.items():
        script = module(stage["cmd"].split()[2])
        code = {path.as_posix() for path in (*provenance.sources(script, ROOT), *gates)}
        allowed = [*OPENED_BY_ALL, *code, *(item["path"] for item in (*stage["deps"], *stage.get("outs", [])))]
        assert undeclared(lists[name]["read"] | lists[name]["write"], allowed) == [], name
        written = [*OPENED_BY_ALL[1:], *code, *(item["path"] for item in stage.get("outs", []))]
        assert undeclared(lists[name]["write"], written) == [], name


# The settings, of which each stage reads its own, and what no engine knows of: live histories, what was trained, the
# store and the links into it.
OPENED_BY_ALL = ("params.yaml", ".bakeoff", ".checkpoints", "mlflow.db", "mlflow.db.lock", "mlruns", "mlartifacts")


def module(name: str) -> Path:
    """The project's file that holds a module."""
    found = provenance.PACKAGES[name.split(".")[0]].joinpath(*name.split(".")[1:])
    return found.with_suffix(".py")


def undeclared(paths: Iterable[str], allowed: Sequence[str]) -> list[str]:
    """Files that are none of those allowed, nor lie in such a folder; empty modules can't change a result."""
    found = []
    for path in paths:
        file = Path(path)
        if file.parent.name == "__pycache__":  # what Python and Numba made of a module: MODULE.ITS-KIND.pyc
            file = file.parents[1] / f"{file.name.partition('.')[0]}.py"
        hidden = [parent for parent in (file, *file.parents) if parent.name.startswith(PARTIAL)]
        beside = hidden and any(
            Path(one).parent == hidden[-1].parent for one in allowed
        )  # to become an output, or to help
        empty = file.suffix == ".py" and (ROOT / file).exists() and not (ROOT / file).stat().st_size
        if not empty and not beside and not any(file.is_relative_to(one) for one in allowed):
            found.append(path)
    return sorted(found)


def test_each_record_holds_the_settings_and_inputs_of_its_stage(by_dvc: Path) -> None:
    stages = lock(by_dvc)
    made = [record.read(path) for path in (by_dvc / "reports/records").rglob("*.json")]
    assert len(made) == 2 + 4 + 2 + 2 + 5 + 2 + 2 + 2  # the last are the recipes'
    for one in made:
        assert one.settings == settings(one.stage, stages[one.stage])
        assert sorted(one.data) == [item["path"] for item in stages[one.stage]["deps"] if not is_code(item["path"])]


def test_every_training_of_a_cell_is_a_run_with_its_history(by_dvc: Path) -> None:
    made = record.read(by_dvc / "reports/records/images/cnn-adam.json")
    head, *trained = made.runs
    picked = head.parameters["point"]
    names = ["t1", "t2", f"t{picked}-s1001", "s0", "s1", "default-s0"]
    assert [head.name, *(run.name for run in trained)] == [f"cnn-adam-{name}" for name in ("search", *names)]
    assert [row["epoch"] for run in trained for row in run.history] == [1] * 6
    assert all({"val/loss", "val/accuracy"} <= set(run.metrics) for run in trained)
    assert [run.name for run in trained if "test/accuracy" in run.metrics] == [f"cnn-adam-{n}" for n in names[3:]]


def test_weights_have_a_card_beside_them(by_dvc: Path) -> None:
    networks = ("images", "table", "scans", "recipes")
    weights = [path for task in networks for path in (by_dvc / "models" / task).glob("*.safetensors")]
    assert len(weights) == 4 + 2 + 2 + 2
    for path in weights:
        card = json.loads(path.with_suffix(".json").read_text())
        assert len(card["seeds"]) == (3 if path.stem.startswith("softmax") and path.parent.name == "images" else 2)


def test_mlflow_has_every_current_run(by_dvc: Path) -> None:
    code = (
        "from mlflow import MlflowClient; c = MlflowClient('sqlite:///mlflow.db');"
        "print(sorted(r.info.run_name for e in c.search_experiments(filter_string=\"name = 'images'\")"
        " for r in c.search_runs([e.experiment_id])))"
    )
    made = [record.read(path) for path in (by_dvc / "reports/records/images").glob("*.json")]
    assert run(by_dvc, "python", "-c", code).strip() == str(sorted(run.name for one in made for run in one.runs))


def test_every_record_of_the_graph_is_tracked(by_dvc: Path) -> None:
    tracked = json.loads((by_dvc / "reports/tracked.json").read_text())["experiments"]
    stages = {stage for experiment in tracked.values() for stage in experiment}
    assert stages == {name for name in lock(by_dvc) if name.startswith(("train_", "tune@"))}


@pytest.mark.parametrize(
    ("key", "value", "cells"),
    [
        ("spaces.adam.learning_rate", [0.01, 0.02], ["softmax-adam", "cnn-adam"]),
        ("images.contest.seeds.cnn", 3, ["cnn-sgd", "cnn-adam"]),
        ("images.contest.trials", 3, ["softmax-sgd", "softmax-adam", "cnn-sgd", "cnn-adam"]),
    ],
)
def test_a_setting_of_the_contest_makes_exactly_its_cells_stale(
    by_dvc: Path, key: str, value: Any, cells: Sequence[str]
) -> None:
    with changed(by_dvc, key, value):
        dry = run(by_dvc, "dvc", "repro", "--dry", "--force-downstream")
    stale = [line.split("'")[1] for line in dry.splitlines() if line.startswith("Running stage")]
    assert stale == [*(f"train_images@{cell}" for cell in cells), "compare", "report", "track"]


@pytest.mark.parametrize("engine", [("dvc", "repro", "ingest_corpus"), ("snakemake", "--cores", "1")])
def test_a_stage_that_refuses_its_input_leaves_its_earlier_outputs(by_dvc: Path, engine: tuple[str, ...]) -> None:
    made = {path: path.read_bytes() for path in (by_dvc / "data/corpus").iterdir()}
    with changed(by_dvc, "data.corpus.minimum_count", 10**9):
        refused = subprocess.run(engine, cwd=by_dvc, env=environment(), text=True, capture_output=True)
    assert refused.returncode != 0
    assert "error: params.yaml: data.corpus.minimum_count is 1000000000" in refused.stdout + refused.stderr
    assert {path: path.read_bytes() for path in (by_dvc / "data/corpus").iterdir()} == made
    assert "Data and pipelines are up to date" in run(by_dvc, "dvc", "status")
