"""The whole graph on a small params.yaml, from nothing, through both engines."""

import copy
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from ruamel.yaml import YAML

from bakeoff.base import opened, provenance, record
from bakeoff.base.files import PARTIAL
from bakeoff.harness.code_dependencies import is_code

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.xdist_group("tiny graph")

# Dotted keys of params.yaml, and of recipes: as little work as every stage can do.
TINY: Mapping[str, Any] = {
    "data.corpus.take": 60_000,
    "data.table.take": 12_000,
    "data.images.split": {"validation": 100, "test": 200, "seed": 0},
    "embedding.word2vec.epochs": 1,
    "embedding.word2vec.dimension": 16,
    "budgets.standard.contest": {
        "trials": 2,
        "finalists": 1,
        "reruns": 1,
        "defaults": 1,
        "recipes": 2,
        "finals": {"softmax": 3, "cnn": 2, "unet": 2},
    },
    "budgets.standard.tuning": {"trials": 4, "confirmations": 1},
    "budgets.standard.online": {"seeds": 1},
    "budgets.standard.tuner_contest": {"repeats": 2, "trials": [2, 4]},
    "tasks.images.models": ["softmax", "cnn"],
    "tasks.images.optimizers": ["sgd", "adam"],
    "tasks.images.recipes": ["softmax"],
    "tasks.images.training.epochs": 1,
    "tasks.images.training.batch_size": 256,
    "tasks.table.models": ["softmax"],
    "tasks.table.optimizers": ["adagrad", "rmsprop"],
    "tasks.table.training.epochs": 1,
    "tasks.table.training.batch_size": 8192,
    "tasks.scans.optimizers": ["momentum", "adadelta"],
    "tasks.scans.training.epochs": 1,
    "tasks.scans.training.batch_size": 8,
    "networks.cnn.channels": [4, 4],
    "networks.unet.channels": 4,
    "recipes/images/softmax.yaml:training.epochs": 1,
    "recipes/table/mlp.yaml:training.epochs": 1,
    "recipes/table/mlp.yaml:training.batch_size": 8192,
    "baselines.boosting.trees": 2,
    "online.schedules": ["constant"],
    "online.search.trials": 2,
    "online.evaluation.interval": 10_000,
    "tuning.studies.mlp.batch": 2,
    "tuning.studies.mlp.examples": 200,
    "tuning.studies.mlp.epochs": 1,
    "tuning.studies.cnn.methods": ["random"],
    "tuning.studies.cnn.optimizer": "adamw",
    "tuning.studies.cnn.start": "recipe",
    "tuning.studies.cnn.evaluation": {"folds": 2},
    "tuning.studies.cnn.trials": 2,
    "tuning.studies.cnn.examples": 300,
    "tuning.studies.tradeoff.methods": ["nsga2"],
    "tuning.studies.tradeoff.trials": 4,
    "tuning.studies.tradeoff.examples": 300,
    "tuning.studies.tradeoff.epochs": 1,
    "tuning.studies.unet.methods": ["bayes"],
    "tuning.studies.unet.trials": 2,
    "tuning.studies.unet.examples": 8,
    "tuning.studies.unet.epochs": 1,
    "tuner_contest.functions": ["branin"],
    "tuner_contest.tables.mlp.levels": {"optimizer.learning_rate": 2, "optimizer.beta": 2, "penalty.weight_decay": 2},
    "tuner_contest.tables.mlp.epochs": 1,
    "tuner_contest.tables.mlp.examples": 100,
    "tuner_contest.tables.mlp.checks": 2,
    "tuner_contest.resamples": 40,
    "comparison.resamples": 1000,
}


def environment() -> dict[str, str]:
    """One in which the tools find this Python first."""
    user = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    return user | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def second_data(project: Path) -> None:
    """Add a second data set of images and a second table, both small, and a task on each, to the settings."""
    draw = np.random.default_rng(0)
    for name, brightest in (("dark", 60), ("light", 250)):
        folder = project / "data/raw/images/shades" / name
        folder.mkdir(parents=True)
        for n in range(30):
            Image.fromarray(draw.integers(0, brightest, (8, 8), np.uint8)).save(folder / f"{n}.png")
    lines = [f"{n % 3},{draw.normal():.3f},{'abc'[n % 3]}" for n in range(344)]
    (project / "data/raw/table/species.csv").write_text("\n".join(["species,length,island", *lines, ""]))
    yaml = YAML()
    path = project / "params.yaml"
    params = yaml.load(path.read_text(encoding="utf-8"))
    data, tasks = params["data"], params["tasks"]
    data["shades"] = copy.deepcopy(data["images"]) | {"source": "data/raw/images/shades"}
    data["shades"]["split"] = {"validation": 0.1, "test": 0.2, "seed": 0}
    data["species"] = copy.deepcopy(data["table"]) | {
        "source": "data/raw/table/species.csv",
        "target": {"column": "species", "above": None, "classes": None},
        "numeric": ["length"],
        "categorical": ["island"],
        "leaks": [],
        "order": [],
        "split": {"by": "random", "column": None, "validation": 0.15, "test": 0.15, "seed": 0},
    }
    small = {"models": ["softmax"], "optimizers": ["sgd"], "recipes": [], "baselines": []}
    tasks["shades"] = copy.deepcopy(tasks["images"]) | copy.deepcopy(small) | {"data": "shades"}
    tasks["species"] = copy.deepcopy(tasks["table"]) | copy.deepcopy(small) | {"data": "species"}
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(params, file)
    run(project, "bakeoff", "deps")


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
    second_data(folder)
    (folder / "reports").mkdir()
    (folder / "reports/costs.json").write_text('{"processor": "none", "seconds": {}}')  # the benchmark's, not a stage's
    return folder


def write(project: Path, values: Mapping[str, Any]) -> None:
    """Set dotted keys that params.yaml has, or another file (FILE:KEY)."""
    yaml = YAML()
    documents: dict[str, Any] = {}
    for key, value in values.items():
        file, _, dotted = key.rpartition(":")
        path = file or "params.yaml"
        section = documents.setdefault(path, yaml.load((project / path).read_text(encoding="utf-8")))
        *sections, last = dotted.split(".")
        for name in sections:
            section = section[name]
        assert last in section, key
        section[last] = value
    for path, document in documents.items():
        with (project / path).open("w", encoding="utf-8") as file:
            yaml.dump(document, file)


@contextmanager
def changed(project: Path, key: str, value: Any) -> Iterator[None]:
    """A setting changed for a while."""
    before = (project / "params.yaml").read_bytes()
    write(project, {key: value})
    try:
        yield
    finally:
        (project / "params.yaml").write_bytes(before)


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def engine(preloaded: Callable[[str], Any]) -> Run:
    """Runs DVC, Snakemake and what its jobs call in forks of processes that have imported what these need."""

    def run(project: Path, command: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        jobs = {"PATH": f"{preloaded('bakeoff.harness.engine').path}{os.pathsep}{environment()['PATH']}"}
        asked = environment() | jobs | variables
        done: subprocess.CompletedProcess[str] = preloaded(command).run(*arguments, cwd=project, env=asked)
        return done

    return run


def output(done: subprocess.CompletedProcess[str]) -> str:
    """Output of a command that must succeed."""
    assert done.returncode == 0, f"{done.args}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def by_dvc(tmp_path_factory: pytest.TempPathFactory, preloaded: Callable[[str], Any], engine: Run) -> Path:
    """The stages run in forks of a process that has imported third-party packages, and nothing of the project."""
    project = copy_of_the_project(tmp_path_factory.mktemp("by dvc"))
    (project / ".bakeoff/opened").mkdir(parents=True)
    path = f"{preloaded('pipeline').path}{os.pathsep}{environment()['PATH']}"
    output(engine(project, "dvc", "repro", BAKEOFF_OPENED=str(project / ".bakeoff/opened"), PATH=path))
    return project


@pytest.fixture(scope="module")
def by_snakemake(by_dvc: Path, tmp_path_factory: pytest.TempPathFactory, engine: Run) -> Path:
    """The same from nothing but the cache: Snakemake brings back what DVC made, and runs what no cache holds.

    `make verify` lets Snakemake run every stage, at full size.
    """
    project = copy_of_the_project(tmp_path_factory.mktemp("by snakemake"))
    shutil.copytree(by_dvc / ".dvc/cache", project / ".dvc/cache", copy_function=os.link)
    output(engine(project, "snakemake", "--cores", "2"))
    return project


def lock(project: Path) -> dict[str, Any]:
    return dict(YAML(typ="safe").load((project / "dvc.lock").read_text())["stages"])


def settings(name: str, stage: Mapping[str, Any]) -> dict[str, Any]:
    """What a stage of the lock reads of params.yaml, and of other files of settings, each as a whole."""
    files = stage.get("params", {})
    declared = dict(files.get("params.yaml", {})) | {path: files[path] for path in files if path != "params.yaml"}
    if name.startswith("train_embedding"):  # dvc.yaml has no way to declare by the sampler's name what notes reads
        del declared["optimizers.adagrad.defaults"]
    return declared


def test_both_engines_write_the_same_lock_to_the_byte(by_dvc: Path, by_snakemake: Path) -> None:
    differing = [name for name, stage in lock(by_dvc).items() if lock(by_snakemake).get(name) != stage]
    assert differing == []
    assert (by_dvc / "dvc.lock").read_bytes() == (by_snakemake / "dvc.lock").read_bytes()


def test_afterwards_neither_engine_finds_anything_to_do(by_dvc: Path, by_snakemake: Path, engine: Run) -> None:
    for project in (by_dvc, by_snakemake):
        assert "Data and pipelines are up to date" in output(engine(project, "dvc", "status"))
        assert "Nothing to be done" in output(engine(project, "snakemake", "-n", "--cores", "1"))


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
        written = [*OPENED_BY_ALL[len(NOT_WRITTEN) :], *code, *(item["path"] for item in stage.get("outs", []))]
        assert undeclared(lists[name]["write"], written) == [], name


# The settings, of which each stage reads its own, what the check of all settings reads beside them, and what no engine
# knows of: live histories, what was trained, the store and the links into it.
OPENED_BY_ALL = (
    "params.yaml",
    *("recipes", "pipeline/stages.yaml", "dvc.yaml"),
    *(".bakeoff", ".checkpoints", "mlflow.db", "mlflow.db.lock", "mlruns", "mlartifacts"),
)
NOT_WRITTEN = OPENED_BY_ALL[:4]


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
    assert len(made) == 2 + 4 + 2 + 2 + 8 + 2 + 2 + 2 + 2  # the last are the recipes'
    for one in made:
        assert one.settings == settings(one.stage, stages[one.stage])
        assert sorted(one.data) == [item["path"] for item in stages[one.stage]["deps"] if not is_code(item["path"])]


def test_every_training_of_a_cell_is_a_run_with_its_history(by_dvc: Path) -> None:
    made = record.read(by_dvc / "reports/records/images/cnn-adam.json")
    head, *trained = made.runs
    picked = head.parameters["point"]
    names = ["t1", "t2", f"t{picked}-s1001", "s0", "s1", "default-s0"]
    assert [head.name, *(run.name for run in trained)] == [f"cnn-adam-{name}" for name in ("search", *names)]
    assert [run.history[-1]["epoch"] for run in trained] == [1] * 6
    for of in trained:
        steps = [row["step"] for row in of.history]
        assert len(steps) > 1 and steps == sorted(set(steps))
    assert all({"val/loss", "val/accuracy"} <= set(run.metrics) for run in trained)
    assert [run.name for run in trained if "test/accuracy" in run.metrics] == [f"cnn-adam-{n}" for n in names[3:]]


def test_the_notebook_runs_and_its_training_is_that_of_the_pipeline(by_dvc: Path) -> None:
    """It asserts the equality itself. DVC finds nothing to do in it."""
    notebook = json.loads((by_dvc / "examples/first_training.ipynb").read_text(encoding="utf-8"))
    code = "\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")
    lock = (by_dvc / "dvc.lock").read_bytes()
    printed = run(by_dvc / "examples", sys.executable, "-c", code, MPLBACKEND="Agg")
    assert "cnn-adam-default-s0" in printed
    assert (by_dvc / "dvc.lock").read_bytes() == lock


def test_weights_have_a_card_beside_them(by_dvc: Path) -> None:
    networks = ("images", "table", "scans", "recipes")
    weights = [path for task in networks for path in (by_dvc / "models" / task).glob("*.safetensors")]
    assert len(weights) == 4 + 2 + 2 + 2
    for path in weights:
        card = json.loads(path.with_suffix(".json").read_text())
        assert len(card["seeds"]) == (3 if path.stem.startswith("softmax") else 2)


def test_mlflow_has_every_current_run(by_dvc: Path) -> None:
    code = (
        "from mlflow import MlflowClient; c = MlflowClient('sqlite:///mlflow.db');"
        "print(sorted(r.info.run_name for e in c.search_experiments(filter_string=\"name = 'images'\")"
        " for r in c.search_runs([e.experiment_id])))"
    )
    made = [record.read(path) for path in (by_dvc / "reports/records/images").glob("*.json")]
    cells = [f"{model}-{optimizer}" for model in ("softmax", "cnn") for optimizer in ("sgd", "adam")]
    runs = sorted([*cells, *(run.name for one in made for run in one.runs)])
    assert run(by_dvc, "python", "-c", code).strip() == str(runs)


def test_every_record_of_the_graph_is_tracked(by_dvc: Path) -> None:
    tracked = json.loads((by_dvc / "mlartifacts/tracked.json").read_text())["experiments"]
    stages = {stage for experiment in tracked.values() for stage in experiment}
    assert stages == {"compare"} | {name for name in lock(by_dvc) if name.startswith(("train_", "tune_"))}


@pytest.mark.parametrize(
    ("key", "value", "cells"),
    [
        ("optimizers.adam.search.learning_rate", [0.01, 0.02], ["softmax-adam", "cnn-adam"]),
        ("budgets.standard.contest.finals.cnn", 3, ["cnn-sgd", "cnn-adam"]),
        ("tasks.images.training.label_smoothing", 0.5, ["softmax-sgd", "softmax-adam", "cnn-sgd", "cnn-adam"]),
    ],
)
def test_a_setting_of_the_contest_makes_exactly_its_cells_stale(
    by_dvc: Path, engine: Run, key: str, value: Any, cells: Sequence[str]
) -> None:
    with changed(by_dvc, key, value):
        dry = output(engine(by_dvc, "dvc", "repro", "--dry", "--force-downstream"))
    stale = [line.split("'")[1] for line in dry.splitlines() if line.startswith("Running stage")]
    searches = [name for name in stale if name.startswith(("tune_", "tuner_"))]
    assert [name for name in stale if name not in searches] == [
        *(f"train_images@{cell}" for cell in cells),
        "compare",
        "report",
        "track",
    ]
    # The study cnn starts from a recipe, and reads no training of the task.
    of_images = {name for name in lock(by_dvc) if name.startswith(("tune_mlp", "tune_tradeoff", "tuner_"))}
    assert set(searches) == (of_images if key.startswith("tasks.images.training") else set())


@pytest.mark.parametrize("command", [("dvc", "repro", "ingest_corpus"), ("snakemake", "--cores", "1")])
def test_a_stage_that_refuses_its_input_leaves_its_earlier_outputs(
    by_dvc: Path, engine: Run, command: tuple[str, ...]
) -> None:
    made = {path: path.read_bytes() for path in (by_dvc / "data/corpus").iterdir()}
    with changed(by_dvc, "data.corpus.minimum_count", 10**9):
        refused = engine(by_dvc, *command)
    assert refused.returncode != 0
    assert "error: params.yaml: data.corpus.minimum_count is 1000000000" in refused.stdout + refused.stderr
    assert {path: path.read_bytes() for path in (by_dvc / "data/corpus").iterdir()} == made
    assert "Data and pipelines are up to date" in output(engine(by_dvc, "dvc", "status"))
