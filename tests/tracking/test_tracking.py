"""What stands in MLflow after tracking, whatever happened on the way."""

import base64
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from safetensors.torch import save_file
from simulated_contest import SETTINGS, contests

from bakeoff.base import record, settings
from bakeoff.base.provenance import sha256
from bakeoff.base.record import Record, Run
from bakeoff.base.settings import BadInput
from bakeoff.commands import tracking
from bakeoff.data.examples import Examples, Split
from bakeoff.networks.registry import NETWORKS
from bakeoff.networks.softmax import SoftmaxSettings
from bakeoff.results.compare import compare as compare_records
from bakeoff.results.model import Comparison, Winner
from bakeoff.tracking import live, owner, presence, run_table, sync, views
from bakeoff.tracking.location import located

ROOT = Path(__file__).parents[2]
DATA = "data/images/images.npz"
DATA_SHA = "ab" * 32
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

IMAGES = settings.load(ROOT / "params.yaml")["tasks"]["images"] | {
    "models": ["softmax"],
    "optimizers": ["sgd", "adam"],
    "recipes": [],
}
PARAMS = {
    "data": {"images": {"kind": "images", "colour": "grey", "resize": None, "bits": None}},
    "limits": settings.load(ROOT / "params.yaml")["limits"],
    "tasks": {"images": IMAGES},
    "embedding": {"corpora": [], "architectures": []},
    "online": {"tables": ["table"], "optimizers": ["sgd"], "schedules": ["constant", "inverse_time"]},
    "tuning": {"studies": {"mlp": {"methods": ["random"]}}},
}


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store without runs: MLflow takes seconds to make one."""
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_store: Path) -> Path:
    """A folder with two images records of two seeds each, a search of two trials, and a store."""
    folder = tmp_path / "my project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("MLFLOW_TRACKING_URI", "DVC_EXP_NAME"):
        monkeypatch.delenv(name, raising=False)
    shutil.copy(empty_store, "mlflow.db")
    Path("params.yaml").write_text(json.dumps(PARAMS), encoding="utf-8")
    train("sgd", 0.1)
    train("adam", 0.003)
    tune()
    return folder


def train(optimizer: str, rate: float, code: str = "c0de", diverged: bool = False) -> None:
    """Write a record of final runs alone; its numbers depend on the settings alone."""
    runs = []
    for seed in (0, 1):
        history: list[dict[str, float]] = [
            {
                "epoch": n / 2,
                "step": 28 * n,
                "train/loss": rate / n,
                "val_subset/loss": rate + seed / n,
                "val_subset/accuracy": 1 - rate / n,
            }
            for n in (1, 2, 3)
        ]
        history[-1] |= {"val/loss": rate + seed, "val/accuracy": 1 - rate / 3}
        parameters = {"task": "images", "data": DATA, "model": "softmax", "optimizer": optimizer, "seed": seed}
        parameters |= {"role": "final", "optimizer.learning_rate": rate, "network.hidden": [16, 8]}
        lost = 3 if diverged and seed == 1 else None
        kept = history[:2] if lost else history
        final = (
            {}
            if lost
            else {name: kept[-1][name] for name in kept[-1] if name not in ("epoch", "step")}
            | {"test/accuracy": 1 - rate}
        )
        runs.append(Run(f"softmax-{optimizer}-s{seed}", parameters, final, kept, lost))
    write(f"train_images@softmax-{optimizer}", "images", f"softmax-{optimizer}", {"rate": rate}, code, runs)


def search() -> None:
    """Add a search and the default settings to adam's record."""
    made = record.read(sync.RECORDS / "images/softmax-adam.json")
    shared = {name: value for name, value in made.runs[0].parameters.items() if name != "seed"}
    history = [
        {"epoch": 0.5, "step": 5, "val_subset/loss": 0.5, "val_subset/accuracy": 0.8},
        {"epoch": 1.0, "step": 10, "val_subset/loss": 0.4, "val_subset/accuracy": 0.9, "val/loss": 0.4},
    ]

    def run(name: str, role: str, seed: int, rate: float, parent: str | None = "softmax-adam-search") -> Run:
        parameters = shared | {"role": role, "seed": seed, "point": 1, "optimizer.learning_rate": rate}
        return Run(f"softmax-adam-{name}", parameters, {"val/loss": 0.4, "val/accuracy": 0.9}, history, None, parent)

    head = run("search", "search", 1000, 0.003, None)
    head = replace(
        head, parameters=head.parameters | {"edge": None}, metrics={"trials": 2, "val/accuracy": 0.9}, history=[]
    )
    tried = [run("t1", "trial", 1000, 0.003), run("t2", "trial", 1000, 0.3), run("t1-s1001", "rerun", 1001, 0.003)]
    runs = [head, *tried, *made.runs, run("default-s0", "default", 0, 0.001, None)]
    write(made.stage, "images", "softmax-adam", {"rate": 0.003}, "c0de", runs)


def tune() -> None:
    shared = {"task": "images", "model": "mlp", "optimizer": "momentum", "method": "random", "seed": 0}
    trials = [
        Run(f"random-s0-t{n:03}", shared | {"optimizer.beta": n / 10}, {"val/loss": 1 / n}, [], None, "random-s0")
        for n in (1, 2)
    ]
    confirmed = Run("random-s0-c1", shared | {"seed": 1}, {"val/loss": 0.6}, [], None, "random-s0")
    write(
        "tune_mlp@random",
        "tuning",
        "mlp-random",
        {},
        "c0de",
        [*trials, Run("random-s0", shared, {"val/loss": 0.6}), confirmed],
    )


def trade_off() -> None:
    """Make the search one of two objectives."""
    shared = {"task": "images", "model": "mlp", "optimizer": "adam", "method": "random", "seed": 0}
    trials = [
        Run(f"random-s0-t{n:03}", shared, {"val/accuracy": n / 4, "parameters": 9, "front": n // 2}, parent="random-s0")
        for n in (1, 2)
    ]
    metrics = {"front": 1, "hypervolume": 0.0, "reference/val/accuracy": 0.25, "reference/parameters": 9}
    head = Run("random-s0", shared | {"study.front": "t002"}, metrics)
    write("tune_mlp@random", "tuning", "mlp-random", {}, "c0de", [head, *trials])


def write(stage: str, task: str, item: str, settings: dict[str, Any], code: str, runs: list[Run]) -> None:
    settings = settings | {"networks.softmax": {"initial_sigma": 0.01}}
    data = {DATA: sha256(Path(DATA)) if Path(DATA).is_file() else DATA_SHA}
    path = sync.RECORDS / task / f"{item}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    record.write(Record(stage, task, record.digest(stage, settings, data, code), settings, data, code, runs), path)


def store(experiment: str = "images", **conditions: str) -> dict[str, Any]:
    """Runs of an experiment by name, those whose tags are as given; a name that stands twice is an error."""
    client = MlflowClient(located().uri)
    found = client.get_experiment_by_name(experiment)
    runs = client.search_runs([found.experiment_id], max_results=1000)
    tags = {f"bakeoff.{name}": value for name, value in conditions.items()}
    kept = [run for run in runs if tags.items() <= run.data.tags.items()]
    assert len({run.info.run_name for run in kept}) == len(kept), "a run stands there twice"
    return {run.info.run_name: run for run in kept}


def python(code: str, **environment: str) -> "subprocess.Popen[str]":
    """A process in the project's folder."""
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment}
    return subprocess.Popen(
        [sys.executable, "-c", code], env=env, text=True, stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )


TRACK = "from bakeoff.tracking import sync; sync.refresh()"


@pytest.mark.usefixtures("project")
class TestRuns:
    def test_a_run_says_what_its_record_says(self) -> None:
        sync.refresh()
        assert set(store()) == {f"softmax-{optimizer}-s{seed}" for optimizer in ("sgd", "adam") for seed in (0, 1)}
        run = store()["softmax-adam-s1"]
        assert run.data.params["optimizer.learning_rate"] == "0.003"
        assert run.data.params["network.hidden"] == "[16, 8]"
        assert run.data.metrics["test/accuracy"] == 0.997
        assert run.data.tags["mlflow.runColor"] == "#0072b2"
        assert "`dvc repro --force --single-item train_images@softmax-adam`" in run.data.tags["mlflow.note.content"]
        digest = record.read(sync.RECORDS / "images/softmax-adam.json").digest
        assert (run.data.tags["bakeoff.digest"], run.data.tags["bakeoff.stage"]) == (
            digest,
            "train_images@softmax-adam",
        )
        assert (run.info.status, run.info.end_time) == ("FINISHED", run.info.start_time)  # it knows no duration
        dataset = run.inputs.dataset_inputs[0].dataset
        assert (dataset.name, dataset.digest) == ("images/images.npz", DATA_SHA[:36])
        assert json.loads(dataset.source)["sha256"] == DATA_SHA
        client = MlflowClient(located().uri)
        curve = client.get_metric_history(run.info.run_id, "val_subset/loss")
        assert [(point.step, point.value) for point in curve] == [(28, 1.003), (56, 0.503), (84, 0.003 + 1 / 3)]
        # The value on all validation data is another, and stands there once.
        (final,) = client.get_metric_history(run.info.run_id, "val/loss")
        assert (final.step, final.value) == (84, 1.003)
        assert run.data.metrics["val/loss"] == 1.003

    def test_a_diverged_run_carries_no_final_metrics(self) -> None:
        train("sgd", 0.1, diverged=True)
        sync.refresh()
        metrics = store()["softmax-sgd-s1"].data.metrics
        assert metrics["diverged"] == 1
        assert "test/accuracy" not in metrics
        assert "diverged" not in store()["softmax-sgd-s0"].data.metrics

    def test_trials_hang_under_their_study(self) -> None:
        sync.refresh()
        runs = store("tuning")
        study = runs.pop("random-s0")
        assert set(runs) == {"random-s0-t001", "random-s0-t002", "random-s0-c1"}
        assert {run.data.tags["mlflow.parentRunId"] for run in runs.values()} == {study.info.run_id}
        assert set(store("tuning", kind="trial")) == {"random-s0-t001", "random-s0-t002"}
        assert set(store("tuning", kind="confirmation")) == {"random-s0-c1"}

    def test_trials_of_two_objectives_have_both_and_whether_they_are_on_the_front(self) -> None:
        trade_off()
        sync.refresh()
        trials = store("tuning", kind="trial")
        assert {name: run.data.metrics for name, run in trials.items()} == {
            "random-s0-t001": {"val/accuracy": 0.25, "parameters": 9, "front": 0},
            "random-s0-t002": {"val/accuracy": 0.5, "parameters": 9, "front": 1},
        }
        (study,) = store("tuning", kind="study").values()
        assert study.data.metrics["reference/val/accuracy"] == 0.25

    def test_maps_of_words_lie_beside_their_run(self) -> None:
        parameters = {
            "task": "embedding",
            "data": "data/german/tokens.npy",
            "model": "cbow",
            "optimizer": "sgd",
            "seed": 0,
        }
        made = Run("cbow-word2vec-s0", parameters, {"val/loss": 2.0})
        write("train_embedding@cbow", "embedding", "cbow", {}, "c0de", [made])
        sync.FIGURES.mkdir(parents=True)
        for name in (
            "words-german-cbow-pca",
            "words-german-cbow-tsne",
            "words-german-skipgram-pca",
            "words-english-cbow-pca",
            "metric-images",
        ):
            (sync.FIGURES / f"{name}.png").write_bytes(name.encode())
        tasks = sync.update_store([sync.RECORDS / "embedding/cbow.json"], {})
        nobody = compare_records({}, {}, {}, [], [], SETTINGS)
        for drawn in (b"first", b"second"):
            (sync.FIGURES / "words-german-cbow-tsne.png").write_bytes(drawn)
            sync.attach_figures(tasks, sync.FIGURES, nobody)
            client, run = MlflowClient(located().uri), store("embedding")["cbow-word2vec-s0"].info.run_id
            paths = [found.path for found in client.list_artifacts(run, "maps")]
            assert paths == ["maps/words-german-cbow-pca.png", "maps/words-german-cbow-tsne.png"]
            assert Path(client.download_artifacts(run, paths[1], ".")).read_bytes() == drawn

    def test_the_cases_of_a_task_lie_beside_its_winning_run_alone(self) -> None:
        compare(0.003)
        sync.FIGURES.mkdir(parents=True)
        for name in ("cases-images", "cases-other", "samples-images"):
            (sync.FIGURES / f"{name}.png").write_bytes(name.encode())
        sync.attach_figures(sync.refresh(), sync.FIGURES, Comparison.read(sync.COMPARISON))
        client = MlflowClient(located().uri)
        lying = {
            name: [found.path for found in client.list_artifacts(run.info.run_id, "cases")]
            for name, run in store().items()
        }
        assert lying.pop("softmax-adam-s1") == ["cases/cases-images.png"]
        assert not any(lying.values())

    def test_a_second_time_changes_nothing(self) -> None:
        sync.refresh()
        before = {name: run.to_dictionary() for name, run in store().items()}
        sync.refresh()
        assert {name: run.to_dictionary() for name, run in store().items()} == before

    def test_the_same_result_from_other_code_is_the_same_run(self) -> None:
        sync.refresh()
        before = {name: run.info.run_id for name, run in store().items()}
        train("adam", 0.003, code="with a comment more")
        sync.refresh()
        assert {name: run.info.run_id for name, run in store().items()} == before
        digest = record.read(sync.RECORDS / "images/softmax-adam.json").digest
        assert store()["softmax-adam-s0"].data.tags["bakeoff.digest"] == digest

    def test_a_changed_rate_leaves_the_old_run_as_history_until_it_returns(self) -> None:
        def rates(current: str) -> list[str]:
            return [run.data.params["optimizer.learning_rate"] for run in store(current=current).values()]

        for rate in (0.003, 0.01, 0.003):
            train("adam", rate)
            sync.refresh()
        assert sorted(rates("true")) == ["0.003", "0.003", "0.1", "0.1"]
        assert rates("false") == ["0.01", "0.01"]

    def test_a_record_that_params_no_longer_ask_for_is_history(self) -> None:
        sync.refresh()
        fewer = PARAMS | {"tasks": {"images": IMAGES | {"optimizers": ["sgd"]}}}
        Path("params.yaml").write_text(json.dumps(fewer), encoding="utf-8")
        sync.refresh()
        assert set(store(current="true")) == {"softmax-sgd-s0", "softmax-sgd-s1"}

    def test_the_summary_knows_neither_ids_nor_times(self) -> None:
        first = sync.summary(sync.refresh(), {})
        Path("mlflow.db").unlink()
        for path in sync.RECORDS.rglob("*.json"):
            os.utime(path, (1, 1))
        assert sync.summary(sync.refresh(), {}) == first
        assert first["experiments"]["images"]["train_images@softmax-sgd"]["runs"] == [
            "softmax-sgd-s0",
            "softmax-sgd-s1",
        ]


@pytest.mark.usefixtures("project")
class TestContest:
    def test_trials_and_reruns_hang_under_their_search_without_curves(self) -> None:
        search()
        sync.refresh()
        runs = store()
        parents = {name: run.data.tags.get("mlflow.parentRunId") for name, run in runs.items()}
        head = runs["softmax-adam-search"].info.run_id
        nested = {"softmax-adam-t1", "softmax-adam-t2", "softmax-adam-t1-s1001"}
        assert {name for name, parent in parents.items() if parent == head} == nested
        assert {parent for name, parent in parents.items() if name not in nested} == {None}
        client = MlflowClient(located().uri)
        for name, points in (("softmax-adam-t2", []), ("softmax-adam-default-s0", [(5, 0.5), (10, 0.4)])):
            curve = client.get_metric_history(runs[name].info.run_id, "val_subset/loss")
            assert [(point.step, point.value) for point in curve] == points
            (final,) = client.get_metric_history(runs[name].info.run_id, "val/loss")
            assert (final.step, final.value) == (10, 0.4)
            assert runs[name].data.metrics["val/accuracy"] == 0.9

    def test_each_view_shows_the_runs_of_its_kind(self) -> None:
        search()
        sync.refresh()
        client = MlflowClient(located().uri)
        experiment = client.get_experiment_by_name("images")

        def shown(name: str) -> set[str]:
            key = f"mlflow.sharedViewState.bakeoff-{owner.current().digest}-{name.lower().replace(' ', '-')}"
            packed = json.loads(experiment.tags[key])["state"].removeprefix("deflate;")
            state = json.loads(zlib.decompress(base64.b64decode(packed)))
            runs = client.search_runs([experiment.experiment_id], state["searchFilter"])
            return {run.info.run_name.removeprefix("softmax-") for run in runs}

        final = {"adam-s0", "adam-s1", "sgd-s0", "sgd-s1"}
        assert shown("Final runs") == shown("Curves of softmax") == shown("History") == final
        assert shown("Default settings") == {"adam-default-s0"}
        assert shown("Searches") == {"adam-search"}
        assert shown("Search of softmax") == {"adam-t1", "adam-t2"}

    def test_a_training_that_runs_is_of_its_kind(self) -> None:
        path = live.FOLDER / "train_images@softmax-adam/softmax-adam-t1.jsonl"
        path.parent.mkdir(parents=True)
        parameters = {"task": "images", "optimizer": "adam", "role": "trial"}
        path.write_text(json.dumps({"parameters": parameters}) + "\n")
        live.feed()
        assert set(store(live="true", kind="trial")) == {"softmax-adam-t1"}


class TestDeletedAndRestored:
    """Whatever is deleted in MLflow's pages and tracked again: every run once, every child under its parent."""

    @pytest.fixture(autouse=True)
    def tracked(self, project: Path) -> None:
        assert Path.cwd() == project
        search()
        sync.refresh()

    @pytest.fixture
    def client(self) -> MlflowClient:
        return MlflowClient(located().uri)

    def nested(self) -> dict[str, str]:
        """The name of each run's parent, by the run's name; the search of images and the study."""
        runs = store() | store("tuning")
        names = {run.info.run_id: name for name, run in runs.items()}
        return {
            name: names[run.data.tags["mlflow.parentRunId"]]
            for name, run in runs.items()
            if "mlflow.parentRunId" in run.data.tags
        }

    @pytest.mark.parametrize(
        "names",
        [
            ["softmax-adam-search"],  # a parent
            ["softmax-adam-t1"],  # a child
            ["softmax-adam-search", "softmax-adam-t1", "softmax-adam-t2"],
            ["softmax-sgd-s0", "softmax-adam-s1", "softmax-adam-default-s0"],
        ],
    )
    def test_a_deleted_run_comes_back_as_itself(self, names: list[str], client: MlflowClient) -> None:
        before, nested = {name: run.info.run_id for name, run in store().items()}, self.nested()
        for name in names:
            client.delete_run(before[name])
        sync.refresh()
        assert {name: run.info.run_id for name, run in store(current="true").items()} == before
        assert self.nested() == nested and len(nested) == 3 + 3
        for name in names:  # restored by hand what is there already
            client.restore_run(before[name])
        sync.refresh()
        assert {name: run.info.run_id for name, run in store().items()} == before

    def test_children_of_a_parent_that_is_gone_for_good_follow_the_new_one(self, client: MlflowClient) -> None:
        nested = self.nested()
        parent = store()["softmax-adam-search"].info.run_id
        client.delete_run(parent)
        with sqlite3.connect("mlflow.db") as database:  # what `mlflow gc` does
            for table in ("tags", "metrics", "latest_metrics", "params", "runs"):
                database.execute(f"DELETE FROM {table} WHERE run_uuid = ?", (parent,))
        database.close()
        sync.refresh()
        assert store()["softmax-adam-search"].info.run_id != parent
        assert self.nested() == nested

    def test_a_run_that_was_made_twice_is_one_again(self, client: MlflowClient) -> None:
        """A version before this one made a deleted run again; then the first was restored."""
        (experiment,) = {run.info.experiment_id for run in store().values()}
        nested, twice, child = self.nested(), store()["softmax-adam-search"], store()["softmax-adam-t1"].info.run_id
        again = client.create_run(experiment, tags=twice.data.tags, run_name=twice.info.run_name)
        client.set_terminated(again.info.run_id)
        client.set_tag(child, "mlflow.parentRunId", again.info.run_id)
        sync.refresh()
        assert self.nested() == nested  # store() takes no name twice
        sync.refresh()
        assert self.nested() == nested

    def test_a_parent_of_the_past_comes_back_to_its_children_but_not_alone(self, client: MlflowClient) -> None:
        train("adam", 0.01)
        sync.refresh()
        past = {name: run.info.run_id for name, run in store(current="false").items()}
        assert {"softmax-adam-search", "softmax-adam-t1"} <= past.keys()
        client.delete_run(past["softmax-adam-search"])
        client.delete_run(past["softmax-adam-default-s0"])
        sync.refresh()
        left = {name: run.info.run_id for name, run in store(current="false").items()}
        assert left == {name: run for name, run in past.items() if name != "softmax-adam-default-s0"}
        for run in past.values():
            if client.get_run(run).info.lifecycle_stage == "active":
                client.delete_run(run)
        sync.refresh()
        assert not store(current="false")

    def test_a_deleted_experiment_comes_back_with_every_run_once(self, client: MlflowClient) -> None:
        before, nested = {name: run.info.run_id for name, run in store().items()}, self.nested()
        client.delete_run(before["softmax-adam-search"])
        client.delete_experiment(client.get_experiment_by_name("images").experiment_id)
        sync.refresh()
        assert {name: run.info.run_id for name, run in store().items()} == before
        assert self.nested() == nested

    def test_a_renamed_run_keeps_the_name_that_the_user_gave_it(self, client: MlflowClient) -> None:
        renamed = store()["softmax-sgd-s0"].info.run_id
        client.update_run(renamed, name="my favourite <b>")
        client.set_tag(renamed, "mlflow.note.content", "mine")
        sync.refresh()
        run = client.get_run(renamed)
        assert (run.info.run_name, run.data.tags["mlflow.note.content"]) == ("my favourite <b>", "mine")
        assert "softmax-sgd-s0" not in store()

    @pytest.mark.parametrize("status", ["RUNNING", "FAILED", "FINISHED"])
    def test_runs_of_the_users_own_are_never_touched(self, status: str, client: MlflowClient) -> None:
        experiment = client.get_experiment_by_name("images").experiment_id
        parent = store()["softmax-adam-search"].info.run_id
        made = []
        for name in ("softmax-adam-s0", "mine", "nested"):
            run = client.create_run(experiment, run_name=name, tags={"note": "mine"})
            if name == "nested":
                client.set_tag(run.info.run_id, "mlflow.parentRunId", parent)
            if status != "RUNNING":
                client.set_terminated(run.info.run_id, status)
            made.append(run.info.run_id)
        client.delete_run(made[1])
        client.set_experiment_tag(experiment, "mlflow.sharedViewState.mine", "{}")
        before = [client.get_run(run).to_dictionary() for run in made]
        sync.refresh()
        live.feed()
        train("adam", 0.01)
        sync.refresh()
        assert [client.get_run(run).to_dictionary() for run in made] == before
        assert client.get_experiment(experiment).tags["mlflow.sharedViewState.mine"] == "{}"


def views_of(experiment: str = "images") -> dict[str, set[str]]:
    """The rate of each run that a saved view of this clone shows, by the view's name."""
    client = MlflowClient(located().uri)
    found = client.get_experiment_by_name(experiment)
    shown: dict[str, set[str]] = {}
    for tag, value in found.tags.items():
        if tag.startswith(f"mlflow.sharedViewState.bakeoff-{owner.current().digest}-"):
            view = json.loads(value)
            state = json.loads(zlib.decompress(base64.b64decode(view["state"].removeprefix("deflate;"))))
            runs = client.search_runs([found.experiment_id], state["searchFilter"])
            shown[view["name"]] = {run.data.params["optimizer.learning_rate"] for run in runs}
    return shown


class TestClones:
    """Two clones of the project with one store, which track in turn."""

    @pytest.fixture
    def clones(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
        """Goes into one of them, `a` or `b`."""
        shutil.copytree(project, project.with_name("b"), ignore=shutil.ignore_patterns("mlflow.db"))
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{project}/mlflow.db")
        folders = {"a": project, "b": project.with_name("b")}
        return lambda name: monkeypatch.chdir(folders[name])

    def rates(self, name: str | None = None, current: str = "true") -> list[str]:
        clone = {} if name is None else {"clone": owner.current().clone}
        client = MlflowClient(located().uri)
        found = client.get_experiment_by_name("images")
        tags = {"bakeoff.current": current} | {f"bakeoff.{key}": value for key, value in clone.items()}
        runs = client.search_runs([found.experiment_id])
        return sorted(
            run.data.params["optimizer.learning_rate"] for run in runs if tags.items() <= run.data.tags.items()
        )

    def test_each_keeps_its_current_runs(self, clones: Callable[[str], None]) -> None:
        for _ in range(2):  # in turn
            clones("a")
            train("adam", 0.003)
            sync.refresh()
            clones("b")
            train("adam", 0.01)
            sync.refresh()
        assert self.rates("b") == ["0.01", "0.01", "0.1", "0.1"]
        clones("a")
        assert self.rates("a") == ["0.003", "0.003", "0.1", "0.1"]
        assert not self.rates(current="false")
        assert len(self.rates()) == 8

    def test_each_has_views_of_its_own_runs(self, clones: Callable[[str], None]) -> None:
        sync.refresh()
        assert views_of().keys() == {"Final runs", "Curves of softmax", "Default settings", "Searches", "History"}
        clones("b")
        train("adam", 0.01)
        sync.refresh()
        clones("a")
        sync.refresh()
        for name, rate in (("a", "0.003"), ("b", "0.01")):
            clones(name)
            shown = views_of()
            assert shown[f"Final runs ({owner.current()})"] == {"0.1", rate}
            assert shown[f"History ({owner.current()})"] == {"0.1", rate}
        tags = MlflowClient(located().uri).get_experiment_by_name("images").tags
        note = tags["mlflow.note.content"]
        for name in ("a", "b"):
            clones(name)
            assert f"- {owner.current()}: [Final runs](#/experiments/" in note
            assert f"viewStateShareKey=bakeoff-{owner.current().digest}-final-runs&" in note

    def test_one_never_deletes_what_runs_in_the_other(self, clones: Callable[[str], None]) -> None:
        for name in ("a", "b"):
            clones(name)
            path = live.FOLDER / f"train_images@softmax-{name}/softmax-{name}-s0.jsonl"
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps({"parameters": {"task": "images", "optimizer": "adam"}}) + "\n")
            live.feed()
        client = MlflowClient(located().uri)
        half = client.create_run(client.get_experiment_by_name("images").experiment_id, tags=owned("half"))
        clones("a")
        live.feed()
        sync.refresh()
        assert set(store(live="true")) == {"softmax-a-s0", "softmax-b-s0"}
        shutil.rmtree(live.FOLDER)
        live.feed()
        sync.refresh()
        assert set(store(live="true")) == {"softmax-b-s0"}
        assert client.get_run(half.info.run_id).info.lifecycle_stage == "active"  # b is still writing it
        clones("b")
        sync.refresh()
        assert client.get_run(half.info.run_id).info.lifecycle_stage == "deleted"

    def test_branches_keep_their_current_runs_too(self, monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
        monkeypatch.setattr(owner, "branch", lambda: "main")
        sync.refresh()
        monkeypatch.setattr(owner, "branch", lambda: "faster")
        train("adam", 0.01)
        sync.refresh()
        assert project and set(store(branch="main", current="true")) == set(store(branch="faster", current="true"))
        assert not store(current="false")
        assert views_of()[f"Final runs ({owner.current()})"] == {"0.1", "0.01"}

    def test_a_store_of_an_earlier_version_is_taken_over(self, project: Path) -> None:
        sync.refresh()
        before = {name: run.info.run_id for name, run in store().items()}
        with sqlite3.connect(project / "mlflow.db") as database:
            database.execute("DELETE FROM tags WHERE key IN ('bakeoff.clone', 'bakeoff.branch')")
            database.execute(
                "UPDATE experiment_tags SET key = 'mlflow.sharedViewState.bakeoff-final-runs'"
                " WHERE key LIKE 'mlflow.sharedViewState.bakeoff-%-final-runs'"
            )
        database.close()
        sync.refresh()
        assert {name: run.info.run_id for name, run in store(**owned_as(owner.current())).items()} == before
        tags = MlflowClient(located().uri).get_experiment_by_name("images").tags
        assert "mlflow.sharedViewState.bakeoff-final-runs" not in tags
        assert "Final runs" in views_of()


def owned_as(whose: owner.Owner) -> dict[str, str]:
    return {"clone": whose.clone, "branch": whose.branch}


def owned(key: str) -> dict[str, str]:
    """Tags of a run of this clone."""
    return {"bakeoff.key": key} | owner.current().tags


@pytest.mark.usefixtures("winner")
class TestLeaderboard:
    def test_a_row_stands_for_a_cell_with_its_numbers_of_the_comparison(self) -> None:
        search()
        compared = Comparison.read(sync.COMPARISON).tasks["images"]
        Path("reports/costs.json").write_text(
            json.dumps({"processor": "x", "seconds": {"images": {"softmax": {"adam": 0.25}}}}), encoding="utf-8"
        )
        sync.refresh()
        rows = store(kind="cell", current="true")
        assert set(rows) == {"softmax-adam", "softmax-sgd"}
        metrics, cell = rows["softmax-adam"].data.metrics, compared.cells[0]
        shown = [metrics[name] for name in ("val/accuracy", "std dev", "rank", "diverged", "s/step", "test/accuracy")]
        assert shown == [cell.validation.mean, cell.validation.deviation, 1, 0, 0.25, cell.test.mean]
        assert (metrics["CI low"], metrics["CI high"]) == cell.validation.interval
        assert "s/step" not in rows["softmax-sgd"].data.metrics
        tags = {name: row.data.tags for name, row in rows.items()}
        assert [tags[name]["standing"] for name in ("softmax-adam", "softmax-sgd")] == ["leader", "tied"]
        assert [tags[name]["mlflow.runColor"] for name in ("softmax-adam", "softmax-sgd")] == ["#0072b2", "#5f5f5f"]
        rate = cell.search.pick["learning_rate"]
        assert rows["softmax-adam"].data.params["optimizer.learning_rate"] == str(rate)

    def test_the_first_view_is_sorted_by_rank_with_the_metrics_first(self) -> None:
        entries = sync.refresh()["images"]
        top, curves, *_ = views.views("images", entries, "accuracy", owner.current())
        assert (top.name, top.order, top.ascending) == ("Leaderboard", "metrics.`rank`", True)
        assert top.columns[:4] == [
            "metrics.`val/accuracy`",
            "metrics.`std dev`",
            "metrics.`CI low`",
            "metrics.`CI high`",
        ]
        first = top.columns[: top.columns.index("metrics.`s/step`")]
        widths = top.state()["columnWidths"]
        assert sum(map(views.width, first)) + sum(views.NARROW.values()) < 700  # beside MLflow's two panels
        assert list(widths)[:2] == list(views.NARROW)
        assert curves.name == "Curves of softmax" and curves.group is None

    def test_no_view_is_sorted_by_test_data(self) -> None:
        search()
        for task, entries in sync.refresh().items():
            for view in views.views(task, entries, "accuracy" if task == "images" else None, owner.current()):
                assert "test/" not in view.order, (task, view.name)

    def test_a_ranking_older_than_the_records_is_not_shown(self) -> None:
        sync.refresh()
        train("adam", 0.01)
        sync.refresh()
        assert not store(kind="cell", current="true")
        assert "Leaderboard" not in views_of()

    def test_a_search_has_an_axis_of_logarithms(self) -> None:
        search()
        entries = sync.refresh()["images"]
        assert store()["softmax-adam-t2"].data.params["log10 learning rate"] == "-0.5229"
        shown = {view.name: view for view in views.views("images", entries, "accuracy", owner.current())}
        scatter, parallel = shown["Search of softmax"].charts
        assert scatter["xaxis"] == {"key": "log10 learning rate", "type": "PARAM"}
        assert parallel["selectedParams"] == ["optimizer", "log10 learning rate"]


@pytest.mark.parametrize(
    ("values", "lower", "log", "expected"),
    [
        ([0.1, 0.9, 0.92, 0.94, 0.96], False, False, (0.897, 0.963)),
        ([1.0, 10.0, 100.0, 1000.0, 1e6], True, True, (-0.15, 3.15)),
        ([0.0, -1.0, 10.0, 10.0], True, True, None),
        ([0.5, 0.5, 0.5], False, False, None),
        ([0.5], False, False, None),
        ([], True, False, None),
    ],
)
def test_a_range_shows_differences(
    values: list[float], lower: bool, log: bool, expected: tuple[float, float] | None
) -> None:
    found = views.display_range(values, lower=lower, log=log)
    wanted = {"yMin": expected[0], "yMax": expected[1]} if expected else {}
    assert found == pytest.approx(wanted)


TABLES = ("runs", "tags", "params", "metrics", "latest_metrics", "datasets", "inputs", "input_tags")


def rows(database: str) -> dict[str, list[str]]:
    """Return the rows of each table in order, with the name of a run, an input and a data set in place of its id."""
    with closing(sqlite3.connect(database)) as connection:
        named = dict(connection.execute("SELECT run_uuid, name FROM runs"))
        named |= dict(connection.execute("SELECT dataset_uuid, name FROM datasets"))
        for key, of, to in connection.execute("SELECT input_uuid, source_id, destination_id FROM inputs").fetchall():
            named[key] = f"{named[of]} of {named[to]}"
        made = {}
        for table in TABLES:
            text = [repr(row) for row in connection.execute(f"SELECT * FROM {table}")]
            made[table] = sorted(
                re.sub(r"[0-9a-f]{32}(?![0-9a-f])", lambda m: named.get(m[0], m[0]), row) for row in text
            )
        return made


def test_rows_are_those_that_mlflows_calls_write(
    project: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    train("sgd", 0.1, diverged=True)
    search()
    sync.refresh()
    in_bulk = rows("mlflow.db")
    assert all(in_bulk.values()) and capsys.readouterr().err == ""
    shutil.copy(empty_store, project / "mlflow.db")
    monkeypatch.setattr(run_table, "SCHEMA", "another")
    sync.refresh()
    assert rows("mlflow.db") == in_bulk
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and "another (MLflow 3.17)" in line


def test_a_value_that_mlflow_refuses_is_refused_in_bulk(project: Path) -> None:
    assert project
    sync.refresh()
    bulk = run_table.SqliteRuns(Path("mlflow.db"))
    bad = run_table.NewRun("x", 1, {}, {"a(b)": "1"}, [], [])
    with pytest.raises(MlflowException, match="Invalid"):
        bulk.create("1", [bad])
    assert "x" not in store()


@pytest.mark.parametrize("cut", ["true", "false"])
def test_a_tag_that_is_too_long_is_cut_or_refused(cut: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert project
    sync.refresh()
    client = MlflowClient(located().uri)
    bulk, calls = run_table.SqliteRuns(Path("mlflow.db")), run_table.ClientRuns(client)
    (made,) = bulk.create("1", [run_table.NewRun("x", 1, {}, {}, [], [])])
    monkeypatch.setenv("MLFLOW_TRUNCATE_LONG_VALUES", cut)
    long = {"note": "a" * 9000}
    if cut == "true":
        for runs, name in ((bulk, "bulk"), (calls, "calls")):
            runs.tag({made: {name: long["note"]}})
        tags = client.get_run(made).data.tags
        assert tags["bulk"] == tags["calls"] == "a" * len(tags["bulk"]) and len(tags["bulk"]) < 9000
        (new,) = bulk.create("1", [run_table.NewRun("y", 1, long, {}, [], [])])
        assert client.get_run(new).data.tags["note"] == tags["bulk"]
    else:
        for runs in (bulk, calls):
            with pytest.raises(MlflowException):
                runs.tag({made: long})
        with pytest.raises(MlflowException):
            bulk.create("1", [run_table.NewRun("y", 1, long, {}, [], [])])


@pytest.mark.usefixtures("winner")
class TestPresence:
    """When the list of what was tracked is no longer true."""

    @pytest.fixture(autouse=True)
    def listed(self, winner: Any) -> None:
        assert winner
        made = sync.refresh()
        text = record.dump(sync.summary(made, {}))
        sync.stamp(made, text)
        presence.LISTED.parent.mkdir(exist_ok=True)
        presence.LISTED.write_text(text, encoding="utf-8")
        assert not presence.lost() and presence.forget() is None

    def test_a_store_that_was_deleted(self) -> None:
        Path("mlflow.db").unlink()
        assert presence.stale(["mlartifacts/tracked.json"]) and not presence.stale(["reports/report.md"])
        assert "`track` imports them" in str(presence.forget())
        assert not presence.LISTED.exists() and not presence.lost()

    @pytest.mark.parametrize("content", [b"", b"not a database" * 100])
    def test_a_store_that_is_damaged(self, content: bytes) -> None:
        Path("mlflow.db").write_bytes(content)
        assert presence.lost()

    def test_a_store_that_another_program_keeps_locked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(presence, "WAIT", 0.01)
        with closing(sqlite3.connect("mlflow.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(BadInput, match="is locked by another program; end it, or try again"):
                presence.forget()
        assert presence.LISTED.exists() and not presence.lost()

    def test_an_empty_store_in_its_place(self, empty_store: Path) -> None:
        shutil.copy(empty_store, "mlflow.db")
        assert presence.lost()

    def test_another_branch_until_it_is_left_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as there:
            there.setattr(owner, "branch", lambda: "another")
            assert presence.lost()
        assert not presence.lost()

    def test_another_store(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mine.db")
        assert presence.lost()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://localhost:1")
        assert not presence.lost()  # a server is not asked

    def test_an_experiment_that_was_deleted(self) -> None:
        client = MlflowClient(located().uri)
        client.delete_experiment(client.get_experiment_by_name("images").experiment_id)
        assert presence.lost()

    def test_a_list_of_other_runs(self) -> None:
        presence.LISTED.write_text(presence.LISTED.read_text() + "\n", encoding="utf-8")
        assert presence.lost()


@pytest.mark.usefixtures("project")
class TestStore:
    def test_four_processes_on_a_fresh_store_bring_in_each_run_once(self) -> None:
        Path("mlflow.db").unlink()
        processes = [python(TRACK) for _ in range(4)]
        errors = [process.communicate(timeout=180)[1] for process in processes]
        assert [process.returncode for process in processes] == [0] * 4, errors
        assert len(store()) == 4
        assert len(store("tuning")) == 4

    def test_runs_that_a_kill_left_half_written_are_made_again(self) -> None:
        """Killed after a run was created and before its metrics came: the point at which most is missing."""
        kill = "import os; from bakeoff.tracking import run_table; run_table.SCHEMA = 'another'; "
        kill += "run_table.log = lambda *a: os.kill(os.getpid(), 9); "
        process = python(kill + TRACK)
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        assert [run.info.status for run in store().values()] == ["RUNNING"]
        sync.refresh()
        runs = store()
        assert len(runs) == 4
        assert all("test/accuracy" in run.data.metrics and run.info.status == "FINISHED" for run in runs.values())

    def test_a_server_that_is_down_costs_one_line_and_seconds(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            uri = f"http://127.0.0.1:{unused.getsockname()[1]}"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        started = time.monotonic()
        with pytest.raises(BadInput, match=f"MLFLOW_TRACKING_URI is {uri}") as raised:
            sync.refresh()
        assert time.monotonic() - started < 10  # MLflow's default takes minutes
        assert "\n" not in str(raised.value)

    def test_another_store_may_be_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mine.db")
        before = Path("mlflow.db").read_bytes()
        sync.refresh()
        assert len(store()) == 4
        assert Path("mlflow.db").read_bytes() == before
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/nowhere/mine.db")
        with pytest.raises(BadInput, match="nowhere"):
            sync.refresh()

    def test_a_damaged_store_is_named(self) -> None:
        Path("mlflow.db").write_bytes(b"not a database" * 100)
        with pytest.raises(
            BadInput, match=r"project/mlflow\.db: this is not a SQLite database, or it is damaged; .*move it away"
        ):
            sync.refresh()

    def test_an_experiment_that_was_deleted_comes_back(self) -> None:
        sync.refresh()
        client = MlflowClient(located().uri)
        client.delete_experiment(client.get_experiment_by_name("images").experiment_id)
        sync.refresh()
        assert len(store()) == 4

    def test_nothing_is_reported_to_anyone(self) -> None:
        ask = (
            "import bakeoff.tracking.store, mlflow.telemetry.utils as utils; utils._IS_IN_CI_ENV_OR_TESTING = False; "
            "print(utils.is_telemetry_disabled())"
        )
        assert python(ask).communicate(timeout=60)[0].strip() == "True"


@pytest.fixture
def winner(project: Path) -> Callable[[Examples], torch.Tensor]:
    """Data, weights and comparison of images, won by adam's second seed; returns what its network says."""
    generator = np.random.default_rng(0)
    splits = [
        Split(generator.integers(0, 256, (6, 1, 4, 5), np.uint8), np.arange(6, dtype=np.uint8) % 3) for _ in range(3)
    ]
    Path(DATA).parent.mkdir(parents=True)
    Examples(*splits, classes=("a", "b", "c")).save(Path(DATA))
    for path in (project / sync.RECORDS).rglob("*.json"):
        path.write_text(path.read_text().replace(DATA_SHA, sha256(Path(DATA))))
    networks = [
        NETWORKS["softmax"].build(SoftmaxSettings(initial_sigma=1.0), (1, 4, 5), 3, torch.Generator().manual_seed(seed))
        for seed in (0, 1)
    ]
    weights = {
        f"s{seed}.{name}": w for seed, network in enumerate(networks) for name, w in network.state_dict().items()
    }
    path = project / "models/images/softmax-adam.safetensors"
    path.parent.mkdir(parents=True)
    save_file(weights, path)
    compare(0.003)
    return lambda examples: networks[1](torch.from_numpy(examples.test.x) / 255).softmax(1)


def compare(rate: float) -> None:
    """Write a comparison as the stage does, of records with this rate under adam."""
    simulated = compare_records(contests(["cifar"], ["adam"]), {}, {}, [], [], SETTINGS)
    task = simulated.tasks["cifar"]
    cell = next(cell for cell in task.cells if cell.model == "softmax")
    cells = []
    for rank, (optimizer, of) in enumerate((("adam", rate), ("sgd", 0.1)), start=1):
        score = cell.validation.model_copy(update={"values": (round(1 - of / 3, 6),) * 2, "mean": round(1 - of / 3, 6)})
        named = {"optimizer": optimizer, "rank": rank, "tied": rank > 1, "seeds": (0, 1), "diverged": ()}
        cells.append(cell.model_copy(update=named | {"validation": score}))
    winner = Winner(model="softmax", optimizer="adam", seed=1)
    task = task.model_copy(update={"data": DATA, "winner": winner, "cells": tuple(cells)})
    comparison = simulated.model_copy(update={"tasks": {"images": task}})
    sync.COMPARISON.write_text(comparison.dumped(), encoding="utf-8")


class TestChampion:
    def test_it_predicts_as_the_network_did(self, winner: Callable[[Examples], torch.Tensor], capsys: Any) -> None:
        tracking.track()
        client = MlflowClient(located().uri)
        version = client.get_model_version_by_alias("images", "champion")
        assert version.run_id == store()["softmax-adam-s1"].info.run_id
        # Left to itself, MLflow's registry misses a folder with a space in its name.
        said = predicted(MLFLOW_TRACKING_URI="sqlite:///mlflow.db")
        # A batch of another size may round differently.
        torch.testing.assert_close(said, winner(Examples.load(Path(DATA))), rtol=0, atol=1e-6)
        assert not [
            path for path in Path("mlartifacts").rglob("*") if path.suffix in (".pkl", ".pickle", ".pt", ".pth")
        ]
        modules = {path.stem for path in Path("mlartifacts").rglob("code/bakeoff/**/*.py")}
        assert {"predictor", "registered", "registry"} <= modules
        assert not modules & {"sync", "verify", "engine", "cli"}  # it carries what a prediction imports, and no more
        assert "10 runs in 2 experiments" in capsys.readouterr().out

    @pytest.mark.usefixtures("winner")
    def test_a_second_time_adds_no_version_and_another_winner_does(self) -> None:
        for rate, versions in ((0.003, ["1"]), (0.003, ["1"]), (0.01, ["1", "2"]), (0.003, ["1", "2"])):
            train("adam", rate)
            compare(rate)
            tracking.track()
            client = MlflowClient(located().uri)
            found = sorted(version.version for version in client.search_model_versions("name = 'images'"))
            assert [str(version) for version in found] == versions
            champion = client.get_model_version_by_alias("images", "champion")
            assert str(champion.version) == ("1" if rate == 0.003 else "2")

    @pytest.mark.usefixtures("winner")
    def test_a_comparison_older_than_the_records_crowns_nobody(self) -> None:
        train("adam", 0.01)
        with pytest.raises(BadInput, match="dvc repro compare"):
            tracking.track()
        assert not MlflowClient(located().uri).search_registered_models()

    @pytest.mark.usefixtures("winner")
    def test_it_is_found_after_the_project_moved(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        tracking.track()
        moved = project.rename(project.with_name("moved"))
        monkeypatch.chdir(moved)
        sync.refresh()
        assert predicted().shape == (6, 3)
        assert len(store()) == 6
        for table in ("experiments", "runs", "logged_models", "model_versions"):
            with sqlite3.connect("mlflow.db") as database:
                assert f"{project}/" not in str(database.execute(f"SELECT * FROM {table}").fetchall())
            database.close()


def predicted(**environment: str) -> torch.Tensor:
    """What the champion says of the test split, loaded as a user would: in a process that knows only its name."""
    code = (
        "import io, mlflow, numpy as np, pandas as pd\n"
        "from PIL import Image\n"
        "def png(x): image = io.BytesIO(); Image.fromarray(x[0]).save(image, 'PNG'); return image.getvalue()\n"
        f"x = pd.DataFrame({{'picture': list(map(png, np.load('{DATA}')['test.x']))}})\n"
        "said = mlflow.pyfunc.load_model('models:/images@champion').predict(x)\n"
        "assert list(said) == ['predicted', 'probability.a', 'probability.b', 'probability.c']\n"
        "np.save('predicted.npy', said.iloc[:, 1:].to_numpy(np.float32))"
    )
    process = python(code, **environment)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return torch.from_numpy(np.load("predicted.npy"))


@pytest.mark.usefixtures("project")
class TestLive:
    def append(self, *rows: dict[str, Any]) -> Path:
        """Lines of the live history of a training at another rate."""
        path = live.FOLDER / "train_images@softmax-adam/softmax-adam-s0.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
        return path

    def test_curves_grow_and_give_way_to_the_finished_run(self) -> None:
        sync.refresh()
        start = {"parameters": {"task": "images", "model": "softmax", "optimizer": "adam", "seed": 0}}
        path = self.append(start, {"epoch": 0.5, "step": 7, "val/loss": 0.5})
        fed = live.feed()
        self.append({"epoch": 1.0, "step": 14, "val/loss": 0.25}, {"epoch": 1.5, "step": 21, "val/loss": 0.125})
        path.write_text(path.read_text() + '{"epoch": 4, "val/l')  # caught in the middle of a line
        live.feed(fed)
        live.feed()  # a second watcher, which knows nothing
        run = store(live="true")["softmax-adam-s0"]
        assert run.info.status == "RUNNING"
        curve = MlflowClient(located().uri).get_metric_history(run.info.run_id, "val/loss")
        assert [(point.step, point.value) for point in curve] == [(7, 0.5), (14, 0.25), (21, 0.125)]
        sync.refresh()
        assert "softmax-adam-s0" in store(live="true"), "a tracking beside takes it for half-written"
        path.unlink()
        live.feed()
        assert not store(live="true")

    def test_a_restart_with_other_parameters_replaces_the_run(self) -> None:
        for rate in (1, 2):
            start = {"parameters": {"task": "images", "optimizer": "adam", "optimizer.learning_rate": rate}}
            self.append(start, {"epoch": 1, "val/loss": rate})
            live.feed()
            self.append().unlink()
        self.append(start)
        live.feed()
        assert store(live="true")["softmax-adam-s0"].data.params["optimizer.learning_rate"] == "2"

    def test_watching_ends_cleanly_on_ctrl_c(self) -> None:
        self.append({"parameters": {"task": "images"}}, {"epoch": 1, "val/loss": 0.5})
        watch = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        watch += "from bakeoff.commands.tracking import track\ntry: track(watch=True)\nexcept KeyboardInterrupt: pass"
        process = python(watch)
        until(lambda: Path("mlflow.db").exists() and ready() and bool(store(live="true")))
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        assert (process.returncode, errors) == (0, "")
        assert not store(live="true")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(("measured", "order"), [("val/loss", "metrics.`val/loss`"), ("test/loss", "params.`model`")])
def test_trainings_that_nothing_compares_are_never_ordered_by_test_data(measured: str, order: str) -> None:
    """Recipes that learnt from the validation data have none on them."""
    known = PARAMS | {"tasks": {"images": IMAGES | {"recipes": ["softmax"]}}}
    Path("params.yaml").write_text(json.dumps(known), encoding="utf-8")
    parameters = {"task": "images", "model": "softmax", "optimizer": "sgd", "seed": 0}
    write(
        "train_recipe_images@softmax", "recipes", "images-softmax", {}, "c0de", [Run("a", parameters, {measured: 0.5})]
    )
    leaderboard = views.views("recipes", sync.refresh()["recipes"], None, owner.current())[0]
    assert leaderboard.order == order and leaderboard.ascending


@pytest.mark.usefixtures("project")
def test_streams_are_seen_by_their_drifts() -> None:
    for schedule in ("constant", "inverse_time"):
        shared = {"model": "softmax", "optimizer": "sgd", "rule": f"sgd-{schedule}", "seed": 0}
        rows = [{"epoch": n, "step": 100 * n, "window/accuracy": n / 4, "faded/loss": 1 / n} for n in (1, 2)]
        runs = [Run(f"{shared['rule']}-search", shared | {"role": "search"}, {"warmup/loss": 0.5})]
        for drift in ("none", "labels"):
            metrics = {"stream/loss": 0.5} | ({} if drift == "none" else {"drift/errors": 7.0})
            runs.append(Run(f"{shared['rule']}-{drift}", shared | {"drift": drift}, metrics, rows))
        name = f"table-{shared['rule']}"
        write(f"train_online@{name}", "online", name, {}, "c0de", runs)
    entries = sync.refresh()["online"]
    tracked = store("online")
    assert tracked.keys() == {entry.run.name for entry in entries}
    # What says when is no metric.
    assert tracked["sgd-constant-none"].data.metrics == {"window/accuracy": 0.5, "faded/loss": 0.5, "stream/loss": 0.5}
    shown = {view.name: view for view in views.views("online", entries, None, owner.current())}
    assert list(shown) == ["Leaderboard", "No drift", "Drift of labels", "History"]
    assert shown["Leaderboard"].order == "metrics.`stream/loss`" and shown["Leaderboard"].ascending
    assert {"params.`rule`", "params.`drift`", "metrics.`drift/errors`"} <= set(shown["Leaderboard"].columns)
    assert shown["Drift of labels"].where[1] == "params.`drift` = 'labels'" and shown["Drift of labels"].group == "rule"
    assert [chart["metricKey"] for chart in shown["Drift of labels"].charts] == ["window/accuracy"]


def ready() -> bool:
    """Whether the store of another process has its experiment."""
    with sqlite3.connect("mlflow.db") as database:
        rows = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'experiment_tags'").fetchall()
        found = rows and database.execute("SELECT 1 FROM experiment_tags WHERE key LIKE 'bakeoff.views.%'").fetchall()
    database.close()
    return bool(found)


def until(condition: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.3)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here to open the pages with")
@pytest.mark.usefixtures("project")
def test_saved_views_open_with_their_rows_columns_and_curves(tmp_path: Path) -> None:
    train("adam", 0.5)
    sync.refresh()
    train("adam", 0.003)
    sync.refresh()
    with tracking.served(tracking.free(5000)) as address:
        links = views.addresses(MlflowClient(located().uri), owner.current())["images"]
        leaderboard, curves, history = (
            page(f"{address}/{links[name]}", tmp_path) for name in ("Final runs", "Curves of softmax", "History")
        )
    for run in store(current="true"):
        assert run in leaderboard
    for column in ("optimizer", "seed", "optimizer.learning_rate", "test/accuracy", "val/accuracy", "val/loss"):
        assert f">{column}<" in leaderboard
    assert ">network.hidden<" not in leaderboard  # the same in all runs
    assert "<strong>4</strong> matching runs" in leaderboard
    assert "<strong>6</strong> matching runs" in history
    for line in (
        "softmax-sgd-s0 (val_subset/accuracy)",
        "softmax-adam-s1 (val_subset/accuracy)",
        "softmax-adam-s0 (val_subset/loss)",
    ):
        assert line in curves


def page(address: str, folder: Path) -> str:
    """The document at an address after its scripts have run."""
    assert CHROMIUM is not None
    quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    alone = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={folder}/browser",
        "--window-size=2400,1200",
    ]
    wait = "--virtual-time-budget=20000"
    command = [CHROMIUM, *alone, *quiet, wait, "--dump-dom", address]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
