"""A rule over a whole stream: what is chosen, what is run, and that nothing but the settings decides."""

import json
import math
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bakeoff.base import record, settings
from bakeoff.base.progress import Progress
from bakeoff.base.settings import BadInput
from bakeoff.data.encoding.settings import TableData
from bakeoff.data.table.reading import Reading
from bakeoff.online import train
from bakeoff.online.settings import OnlineSettings
from bakeoff.online.stored import Stored
from bakeoff.online.stream import Stream
from bakeoff.online.train import Trained, Training

PARAMS = settings.load(Path(__file__).parents[2] / "params.yaml")
READING = Reading.model_validate(dict.fromkeys(Reading.model_fields) | {"missing": ("NA",), "numbers": ()})
ROWS = 4000
CHANGES = {
    "data.table.numeric": ["a", "b"],
    "data.table.categorical": ["c"],
    "data.table.leaks": [],
    "data.table.order": [],
    "data.table.encoding.minimum_frequency": 5,
    "data.table.encoding.hashed": {},
    "budgets.standard.online.seeds": 3,
    "online.stream.delay": 5,
    "online.search.trials": 5,
    "online.evaluation": {"window": 200, "interval": 100, "fading": 0.99, "averaged": [1, 10]},
    "online.drift": {"between": [0.3, 0.5], "within": 0.02, "window": 50, "holds": 200},
}


def params(**changes: Any) -> dict[str, Any]:
    document = json.loads(json.dumps(PARAMS))
    for key, value in (CHANGES | changes).items():
        *sections, last = key.split(".")
        section = document
        for name in sections:
            section = section[name]
        assert last in section, key
        section[last] = value
    return document


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Labels that follow from a number, and a little from a category."""
    draw = np.random.default_rng(0)
    a, b = draw.normal(size=(2, ROWS))
    c = draw.choice(["x", "y", "z"], ROWS)
    label = (a + (c == "x") + 0.3 * draw.normal(size=ROWS) > 0.8).astype(np.uint8)
    frame = pd.DataFrame({"a": a, "b": b, "c": c, "target": label, "split": "train"})
    path = tmp_path_factory.mktemp("table") / "table.parquet"
    made = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata({b"classes": b'["no", "yes"]'})
    pq.write_table(made, path)
    return path


class Ran:
    def __init__(self, table: Path, optimizer: Any = "sgd", schedule: Any = "constant", **changes: Any) -> None:
        document = params(**changes)

        def read(key: str, kind: Any) -> Any:
            return settings.validate(document, key, kind)

        self.training = Training.read(read, optimizer=optimizer, schedule=schedule, data=str(table))
        roles = read("data.table", TableData)
        encoding = roles.encoding
        self.target = roles.target
        interval = self.training.evaluation.interval
        self.stream = Stream.of(table, roles, encoding, READING, self.training.stream.warmup, interval)
        self.live: dict[str, list[Any]] = {}
        self.progress = Progress(self.stream.pieces, "test", StringIO())

    def train(self) -> Trained:
        return self.training.train(self.stream, lambda name, _: self.live.setdefault(name, []).append, self.progress)


@pytest.fixture(scope="module")
def ran(table: Path) -> tuple[Ran, Trained]:
    made = Ran(table)
    return made, made.train()


def test_a_search_and_then_every_seed_in_every_world(ran: tuple[Ran, Trained]) -> None:
    made, trained = ran
    names = [run.name for run in trained.runs]
    assert names == [
        "sgd-constant-search",
        *(f"sgd-constant{drift}-s{seed}" for drift in ("", "-labels", "-features") for seed in range(3)),
    ]
    assert len(made.live) == 3 and made.live["sgd-constant-s1"] == trained.runs[2].history
    assert made.progress.done == made.progress.total == 40
    for run in trained.runs[1:]:
        assert [row["step"] for row in run.history] == list(range(100, 3401, 100))
        assert {"window/accuracy", "window/auc", "window/loss", "faded/accuracy"} <= set(run.history[-1])
        # All windows but the first are whole, and two of them lie side by side over all rows.
        assert run.metrics["stream/accuracy"] == pytest.approx(
            np.mean([row["window/accuracy"] for row in run.history[1::2]])
        )
    assert all(run.metrics["stream/accuracy"] > 0.85 for run in trained.runs[1:4])


def test_the_rate_is_the_one_with_the_least_cost_of_the_warmup(ran: tuple[Ran, Trained]) -> None:
    search, *runs = ran[1].runs
    costs = {row["learning_rate"]: row["warmup/loss"] for row in search.history}
    assert list(costs) == [1e-4, pytest.approx(0.00177828), pytest.approx(0.0316228), pytest.approx(0.562341), 10.0]
    best = min(costs, key=lambda rate: costs[rate])
    assert {run.parameters["optimizer.learning_rate"] for run in (search, *runs)} == {best}
    assert search.parameters["edge"] is None


def test_a_choice_at_the_end_of_the_search_is_said(table: Path) -> None:
    made = Ran(table, **{"online.search": {"low": 1e-6, "high": 1e-5, "trials": 2}})
    edge = made.training.choose(made.stream)[1].parameters["edge"]
    assert edge == "learning_rate 1e-05 is online.search.high; widen the search"


def test_worlds_are_one_until_their_drift(ran: tuple[Ran, Trained]) -> None:
    runs = {(run.parameters["drift"], run.parameters["seed"]): run for run in ran[1].runs[1:]}
    moments = set()
    for (drift, seed), run in runs.items():
        if drift == "none":
            assert "drift.row" not in run.parameters
            continue
        since, unchanged = run.parameters["drift.row"], runs["none", seed]
        assert 0.3 * 3400 - 100 <= since <= 0.5 * 3400 + 100 and since % 100 == 0
        same = since // 100
        assert run.history[:same] == unchanged.history[:same]
        assert run.history[same]["window/accuracy"] < unchanged.history[same]["window/accuracy"]
        assert run.metrics["drift/errors"] == round(
            3400 * (unchanged.metrics["stream/accuracy"] - run.metrics["stream/accuracy"])
        )
        assert runs["labels", seed].parameters["drift.row"] == runs["features", seed].parameters["drift.row"]
        moments.add(since)
    assert len(moments) > 1


def test_a_constant_rate_gets_over_a_drift_and_a_falling_one_does_not(table: Path, ran: tuple[Ran, Trained]) -> None:
    falling = Ran(table, schedule="inverse_time", **{"online.inverse_time.half": 5.0}).train()
    for trained, recovers in ((ran[1], 1.0), (falling, 0.0)):
        runs = [run for run in trained.runs if run.parameters.get("drift") == "labels"]
        assert [run.metrics["drift/recovered"] for run in runs] == [recovers] * 3
        assert all(("drift/rows" in run.metrics) == bool(recovers) for run in runs)
    summary = falling.summary()
    assert summary["labels/drift/errors"] > 5 * ran[1].summary()["labels/drift/errors"]
    assert "labels/drift/rows" not in summary


def test_neither_threads_nor_chunks_leave_a_trace(table: Path, ran: tuple[Ran, Trained], monkeypatch: Any) -> None:
    monkeypatch.setattr(train.os, "sched_getaffinity", lambda _: {0})
    monkeypatch.setattr("bakeoff.online.stream.CHUNK", 700)
    assert Ran(table).train().runs == ran[1].runs


def test_seeds_learn_from_shares_of_their_own(table: Path) -> None:
    alike = Ran(table, **{"online.stream.learnt": 1.0, "networks.softmax.initial_sigma": 0.0}).train()
    first, second, _ = (run.metrics for run in alike.runs[1:4])
    assert first == second
    apart = Ran(table, **{"networks.softmax.initial_sigma": 0.0}).train()
    assert len({run.metrics["stream/loss"] for run in apart.runs[1:4]}) == 3


def test_a_learner_that_diverges_says_when_and_nothing_more(table: Path, monkeypatch: Any) -> None:
    made = Ran(table)
    with monkeypatch.context() as patch:
        patch.setattr(Training, "choose", lambda *_: (1e308, record.Run("search", {}, {})))
        runs = made.train().runs[1:]
    assert all(run.diverged == 0 and run.metrics == {} and run.history == [] for run in runs)
    # Rates that params.yaml may not name: no smaller one leads out of float64 within these few rows.
    far = made.training.search.model_copy(update={"low": 1e307, "high": 1e308, "trials": 2})
    with pytest.raises(BadInput, match=r"online\.search: sgd-constant diverges at every rate from 1e\+307 on"):
        replace(made.training, search=far).choose(made.stream)


def test_the_record_is_finite_and_flat(ran: tuple[Ran, Trained]) -> None:
    for run in ran[1].runs:
        assert all(not isinstance(value, dict) for value in run.parameters.values())
        assert all(math.isfinite(value) for row in (run.metrics, *run.history) for value in row.values())
    assert (
        ran[1].runs[1].parameters.items()
        >= {
            "model": "softmax",
            "optimizer": "sgd",
            "schedule": "constant",
            "rule": "sgd-constant",
            "role": "final",
            "stream.delay": 5,
            "evaluation.window": 200,
            "network.initial_sigma": 0.01,
        }.items()
    )


def test_a_stored_learner_is_the_one_that_was(ran: tuple[Ran, Trained], tmp_path: Path) -> None:
    made, trained = ran
    stored = trained.stored(made.target)
    for name in ("a", "b"):
        stored.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    back = Stored.load(tmp_path / "a")
    assert (back.encoder, back.classes, back.target) == (made.stream.encoder, ("no", "yes"), made.target)
    assert back.learner.rule == trained.learner.rule and back.learner.step == 4000
    assert all(np.array_equal(a, b) for a, b in zip(back.learner.weights, trained.learner.weights, strict=True))
    assert np.array_equal(back.learner.starts, trained.learner.starts)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda path: path.unlink(), "No such file"),
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), "dvc repro"),
        (
            lambda path: path.write_bytes(path.read_bytes().replace(b"version", b"fashion")),
            "another version of bakeoff",
        ),
    ],
)
def test_a_file_that_is_no_learner_is_refused(ran: tuple[Ran, Trained], tmp_path: Path, spoil: Any, says: str) -> None:
    path = tmp_path / "learner.safetensors"
    ran[1].stored(ran[0].target).save(path)
    spoil(path)
    with pytest.raises(BadInput, match=rf"learner\.safetensors: .*{says}") as refused:
        Stored.load(path)
    assert "\n" not in str(refused.value)


def test_pieces_are_whole_batches() -> None:
    document = params(**{"online.stream.batch_size": 7})
    with pytest.raises(BadInput, match=r"online.*interval is 100, and should be a multiple of stream\.batch_size, 7"):
        settings.validate(document, "online", OnlineSettings)
