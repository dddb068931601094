import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from bakeoff.base import record
from bakeoff.base.progress import Progress
from bakeoff.base.record import Record, Run
from bakeoff.base.settings import BadInput, Settings
from bakeoff.contest.cell import Cell
from bakeoff.contest.combination import Combination
from bakeoff.contest.finished_runs import FinishedRuns, Trained
from bakeoff.contest.protocol import Budget, PlannedRun
from bakeoff.contest.result import Result
from bakeoff.data.examples import Examples, Split
from bakeoff.networks.cnn import CnnSettings
from bakeoff.optimizers.adam import AdamSettings
from bakeoff.optimizers.gradient_descent import SgdSettings
from bakeoff.training.fit import Watch
from bakeoff.training.settings import plain
from bakeoff.training.supervised import Classification, Supervised

Row = Mapping[str, float]
Seen = dict[str, list[Row]]

BUDGET = Budget(trials=4, finalists=2, reruns=2, defaults=2, seeds=3, search_seed=1000)
RATES = (1e-3, 1.0)


def cell(optimizer: str = "adam", rate: float = 0.01, space: tuple[float, float] = RATES, **more: Any) -> Cell:
    sgd, adam = SgdSettings(learning_rate=rate), AdamSettings(learning_rate=rate, beta1=0.9, beta2=0.999, epsilon=1e-8)
    hyperparameters: Settings = sgd if optimizer == "sgd" else adam
    combination = Combination(
        task="images",
        data="data/images/images.npz",
        model="cnn",
        optimizer=optimizer,
        network=CnnSettings(
            channels=(3, 4),
            kernel=3,
            hidden=5,
            normalisation="none",
            activation="relu",
            initialisation="he",
            dropout=0.0,
        ),
        hyperparameters=hyperparameters,
        training=TRAINING,
    )
    made = Cell(combination, {"learning_rate": space}, BUDGET, metric="val/accuracy", device="cpu")
    return replace(made, **more)


TRAINING = plain(3, 8).model_copy(update={"evaluations": 3, "evaluation_share": 0.2})  # on 6 of 9 examples


class Watched(Classification):
    """Random images; notes which splits are read."""

    def __init__(self) -> None:
        draw = np.random.default_rng(0)
        train, validation, test = (
            Split(draw.integers(256, size=(n, 1, 9, 9), dtype=np.uint8), np.arange(n, dtype=np.uint8) % 3)
            for n in (30, 9, 12)
        )
        super().__init__(Examples(train, validation, test, ("a", "b", "c")), TRAINING, torch.device("cpu"))
        self.read: list[str] = []

    def evaluate(self, network: torch.nn.Module, split: Any) -> dict[str, float]:
        self.read.append(split)
        return super().evaluate(network, split)


class Watchers(Seen):
    """What was seen of each run while it ran."""

    def __call__(self, run: str, _: Mapping[str, Any]) -> Watch:
        self[run] = []
        return self[run].append


def hold(what: Cell, folder: Path, workload: Supervised | None = None, workers: int = 1) -> tuple[Result, Watchers]:
    watchers, progress = Watchers(), Progress(what.budget.trainings, "cell", StringIO())
    with FinishedRuns("train_images@cnn-adam", "c0de", folder) as kept:
        result = what.run(workload or Watched(), watchers, progress, kept, workers)
    assert progress.done == progress.total
    return result, watchers


def named(result: Result) -> dict[str, Run]:
    return {run.name: run for run in result.runs}


def of_role(result: Result, role: str) -> list[Run]:
    return [run for run in result.runs if run.parameters["role"] == role]


def test_each_role_has_its_runs_its_seeds_and_its_place(tmp_path: Path) -> None:
    result, watchers = hold(cell(), tmp_path)
    head, *others = result.runs
    picked = head.parameters["point"]
    finalists = list(dict.fromkeys(run.parameters["point"] for run in of_role(result, "rerun")))
    assert len(finalists) == 2 and picked in finalists
    names = [f"t{n}" for n in (1, 2, 3, 4)] + [f"t{n}-s{seed}" for n in finalists for seed in (1001, 1002)]
    names += ["s0", "s1", "s2", "default-s0", "default-s1"]
    assert [run.name for run in result.runs] == ["cnn-adam-search", *(f"cnn-adam-{name}" for name in names)]
    assert {run.parameters["seed"] for run in of_role(result, "trial")} == {1000} == {head.parameters["seed"]}
    assert [run.parameters["seed"] for run in result.final] == [0, 1, 2]
    assert {run.parameters["point"] for run in result.final} == {picked}
    assert [run.parameters["point"] for run in of_role(result, "default")] == [None, None]
    for run in others:
        searching = run.parameters["role"] in ("trial", "rerun")
        assert run.parent == ("cnn-adam-search" if searching else None)
        assert run.parameters["seed"] == int(run.name.split("s")[-1]) if "-s" in run.name else 1000
    assert {run.name: run.history for run in others} == watchers
    assert BUDGET.trainings == len(others)


def test_only_final_and_default_runs_read_the_test_split_once_each_at_their_end(tmp_path: Path) -> None:
    workload = Watched()
    result, _ = hold(cell(), tmp_path, workload)
    searched, tested = BUDGET.trials + BUDGET.finalists * BUDGET.reruns, BUDGET.seeds + BUDGET.defaults
    read = ["validation_subset", "validation_subset", "validation", "validation_subset"]
    assert workload.read == read * searched + [*read, "test"] * tested
    for run in result.runs:
        known = {name for name in run.metrics if name.startswith("test/")}
        final = {"test/loss", "test/accuracy", "test/auc"}
        assert known == (final if run.parameters["role"] in ("final", "default") else set())


def test_metrics_are_of_all_validation_data_and_the_history_of_the_subset(tmp_path: Path) -> None:
    workload = Watched()
    result, _ = hold(cell(), tmp_path, workload)
    for run in result.final:
        assert [row["step"] for row in run.history] == [4, 8, 12]
        assert ["val/accuracy" in row for row in run.history] == [False, False, True]
        assert run.metrics["val/accuracy"] == run.history[-1]["val/accuracy"]
        assert run.metrics["val_subset/accuracy"] == run.history[-1]["val_subset/accuracy"]
        # Sixths of six examples, ninths of nine.
        assert all(
            6 * row["val_subset/accuracy"] == pytest.approx(round(6 * row["val_subset/accuracy"]))
            for row in run.history
        )
        assert 9 * run.metrics["val/accuracy"] == pytest.approx(round(9 * run.metrics["val/accuracy"]))
        assert run.parameters["validation_subset"] == 6
        assert run.parameters["training.evaluations"] == 3


def test_every_optimizer_gets_as_many_trainings_epochs_and_the_same_seeds(tmp_path: Path) -> None:
    def spent(optimizer: str) -> Counter[tuple[str, int, int]]:
        runs = hold(cell(optimizer), tmp_path)[0].runs
        return Counter((run.parameters["role"], run.parameters["seed"], len(run.history)) for run in runs)

    assert spent("adam") == spent("sgd")


def test_optimizers_meet_the_same_start_and_the_same_order(tmp_path: Path) -> None:
    """A rate of nearly 0 leaves the start as it is: then both see the same losses, batch by batch."""
    adam, sgd = (
        [
            [row["train/loss"] for row in run.history]
            for run in of_role(hold(cell(name, rate=1e-12), tmp_path)[0], "default")
        ]
        for name in ("adam", "sgd")
    )
    assert adam == sgd
    assert adam[0] != adam[1]


def test_parameters_are_flat_and_complete(tmp_path: Path) -> None:
    result, _ = hold(cell(), tmp_path)
    run = result.final[1]
    point = run.parameters["point"]
    rate = named(result)[f"cnn-adam-t{point}"].parameters["optimizer.learning_rate"]
    assert RATES[0] <= rate <= RATES[1] and rate != 0.01
    expected = {
        "task": "images",
        "data": "data/images/images.npz",
        "model": "cnn",
        "optimizer": "adam",
        "seed": 1,
        "role": "final",
        "point": point,
        "refit": False,
        "validation_subset": 6,
        "optimizer.learning_rate": rate,
        "optimizer.beta1": 0.9,
        "optimizer.beta2": 0.999,
        "optimizer.epsilon": 1e-8,
        "optimizer.state": 2,
        "network.channels": [3, 4],
        "network.kernel": 3,
        "network.hidden": 5,
        "network.normalisation": "none",
        "network.activation": "relu",
        "network.initialisation": "he",
        "network.dropout": 0.0,
        "network.parameters": (9 + 1) * 3 + (27 + 1) * 4 + (2 * 2 * 4 + 1) * 5 + (5 + 1) * 3,
    }
    training = {name: value for name, value in run.parameters.items() if name.startswith("training.")}
    assert run.parameters == expected | training
    assert training["training.epochs"] == 3 and training["training.schedule.kind"] == "constant"
    default = named(result)["cnn-adam-default-s1"].parameters
    assert default == run.parameters | {"role": "default", "point": None, "optimizer.learning_rate": 0.01}


class Scripted(Combination):
    """A combination whose trainings come out as a table says: accuracy by point and seed, None where one diverges."""

    scores: Mapping[tuple[int | None, int], float | None]
    losses: Mapping[tuple[int | None, int], float]

    def train(self, planned: PlannedRun, *_: Any) -> Trained:
        place = (planned.point, planned.seed)
        score, loss = self.scores.get(place, 0.5), self.losses.get(place, 1.0)
        parameters = {"role": planned.role, "seed": planned.seed, "point": planned.point}
        if score is None:
            return Trained(Run(planned.name, parameters, {}, [], 7), {})
        return Trained(Run(planned.name, parameters, {"val/accuracy": score, "val/loss": loss}), {})


def scripted(
    folder: Path,
    scores: Mapping[tuple[int | None, int], float | None],
    losses: Mapping[tuple[int | None, int], float] | None = None,
) -> tuple[Run, list[int]]:
    """The search as a run, and the finalists."""
    Scripted.scores, Scripted.losses = scores, losses or {}
    made = cell()
    made = replace(made, combination=Scripted(**vars(made.combination)))
    result, _ = hold(made, folder)
    return result.runs[0], list(dict.fromkeys(run.parameters["point"] for run in of_role(result, "rerun")))


def trials(*scores: float | None) -> dict[tuple[int | None, int], float | None]:
    return {(number, 1000): score for number, score in enumerate(scores, start=1)}


def test_the_pick_has_the_best_mean_of_the_reruns_not_the_best_run(tmp_path: Path) -> None:
    """Point 2 has the best trial and the best rerun; point 1 is better on average."""
    reruns = {(1, 1001): 0.8, (1, 1002): 0.8, (2, 1001): 0.99, (2, 1002): 0.5}
    head, finalists = scripted(tmp_path, trials(0.9, 0.95, 0.1, 0.2) | reruns)
    assert finalists == [2, 1]
    assert head.parameters["point"] == 1
    assert head.metrics["val/accuracy"] == pytest.approx(0.8)


def test_a_point_of_which_a_rerun_diverged_stands_behind_all_others(tmp_path: Path) -> None:
    reruns = {(1, 1001): 0.3, (1, 1002): 0.3, (2, 1001): 0.99, (2, 1002): None}
    head, _ = scripted(tmp_path, trials(0.9, 0.95, 0.1, 0.2) | reruns)
    assert head.parameters["point"] == 1


def test_diverged_trials_are_counted_and_no_finalists_while_others_ended(tmp_path: Path) -> None:
    head, finalists = scripted(tmp_path, trials(None, 0.1, None, 0.2))
    assert finalists == [4, 2]
    assert (head.metrics["trials"], head.metrics["trials.diverged"]) == (4, 2)


def test_the_smaller_loss_decides_between_equal_trials(tmp_path: Path) -> None:
    _, finalists = scripted(tmp_path, trials(0.7, 0.9, 0.9, 0.9), {(3, 1000): 0.2, (4, 1000): 0.1})
    assert finalists == [4, 3]


def test_the_search_says_when_its_pick_lies_at_an_edge(tmp_path: Path) -> None:
    rates = [trial.hyperparameters.model_dump()["learning_rate"] for trial in cell().trials()]
    first, middle = rates.index(min(rates)) + 1, rates.index(sorted(rates)[2]) + 1

    def said(point: int) -> str | None:
        wins = {(point, seed): 0.99 for seed in (1000, 1001, 1002)}
        edge: str | None = scripted(tmp_path, wins)[0].parameters["edge"]
        return edge

    assert said(middle) is None
    # The lowest of four points lies in the first quarter of the scale; the edge is a tenth.
    share = np.log(min(rates) / RATES[0]) / np.log(RATES[1] / RATES[0])
    assert (said(first) is None) == (share >= 0.1)


def write(result: Result, folder: Path) -> tuple[bytes, bytes]:
    folder.mkdir(exist_ok=True)
    result.save(folder / "weights")
    record.write(Record("train_images@cnn-adam", "images", "", {}, {}, "", result.runs), folder / "record")
    return (folder / "weights").read_bytes(), (folder / "record").read_bytes()


def test_two_workers_give_the_bytes_of_one(tmp_path: Path) -> None:
    one, two = (write(hold(cell(), tmp_path, workers=workers)[0], tmp_path / str(workers)) for workers in (1, 2))
    assert one == two
    weights = load_file(tmp_path / "2/weights")
    assert {key.split(".")[0] for key in weights} == {"s0", "s1", "s2"}
    assert not torch.equal(weights["s0.0.weight"], weights["s1.0.weight"])


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_cell_goes_on_and_ends_with_the_same_bytes(tmp_path: Path, workers: int) -> None:
    undisturbed = write(hold(cell(), tmp_path / "a")[0], tmp_path / "whole")
    folder = tmp_path / "b"
    killed = get_context("fork").Process(target=hold, args=(cell(), folder, None, workers))
    killed.start()
    ended = folder / "train_images@cnn-adam/c0de"
    deadline = time.monotonic() + 60
    while len(list(ended.glob("*.ended"))) < 6:
        assert time.monotonic() < deadline and killed.is_alive()
        time.sleep(0.002)
    assert killed.pid is not None
    os.kill(killed.pid, signal.SIGKILL)
    killed.join()
    kept = len(list(ended.glob("*.ended")))
    assert kept < BUDGET.trainings, "killed too late to see anything"
    result, watchers = hold(cell(), folder)
    assert len(watchers) <= BUDGET.trainings - 6
    assert write(result, tmp_path / "again") == undisturbed
    assert len(list(ended.glob("*.ended"))) == BUDGET.trainings  # they stay until the outputs of the stage stand


def stop_at(name: str, epoch: int) -> Any:
    """A watcher that asks its own process to end, once the run of that name has ended that epoch."""

    def watch(run: str, _: Mapping[str, Any]) -> Watch:
        def see(row: Row) -> None:
            if (run, row["epoch"]) == (name, epoch):
                signal.raise_signal(signal.SIGTERM)

        return see

    return watch


@pytest.mark.parametrize("workers", [1, 2])
def test_a_cell_that_is_asked_to_end_goes_on_in_the_middle_of_a_training(tmp_path: Path, workers: int) -> None:
    undisturbed = write(hold(cell(), tmp_path / "a")[0], tmp_path / "whole")
    folder, progress = tmp_path / "b", Progress(BUDGET.trainings, "cell", StringIO())
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        with pytest.raises((SystemExit, BadInput)), FinishedRuns("train_images@cnn-adam", "c0de", folder) as kept:
            cell().run(Watched(), stop_at("cnn-adam-t3", 2), progress, kept, workers)
    finally:
        signal.signal(signal.SIGTERM, before)
    saved = {path.name for path in (folder / "train_images@cnn-adam/c0de").iterdir()}
    assert "cnn-adam-t3" in saved and "cnn-adam-t3.ended" not in saved
    workload = Watched()
    result, watchers = hold(cell(), folder, workload)
    assert "cnn-adam-t1" not in watchers and len(watchers["cnn-adam-t3"]) == 3
    searched = BUDGET.trainings - BUDGET.seeds - BUDGET.defaults
    assert workload.read.count("validation") <= 3 * (searched - 2) - 2 + 3 * (BUDGET.seeds + BUDGET.defaults)
    assert write(result, tmp_path / "again") == undisturbed


def test_saved_weights_are_those_that_were_measured(tmp_path: Path) -> None:
    """Channels-last weights saved in their order in memory would come back scrambled."""
    from bakeoff.networks.registry import NETWORKS

    workload = Watched()
    result, _ = hold(cell(), tmp_path, workload)
    network = NETWORKS["cnn"].build(cell().combination.network, workload.shape, 3, torch.Generator())
    network.load_state_dict({key[3:]: w for key, w in result.weights.items() if key.startswith("s1.")})
    assert workload.evaluate(network, "test")["loss"] == result.final[1].metrics["test/loss"]


def test_where_all_diverge_the_cell_says_so_and_has_no_numbers(tmp_path: Path) -> None:
    result, _ = hold(cell("sgd", rate=1e30, space=(1e29, 1e30)), tmp_path)
    assert all(run.diverged for run in result.runs[1:])
    assert all(run.metrics == {} and run.history == [] for run in result.runs[1:])
    assert result.runs[0].metrics == {"trials": 4, "trials.diverged": 4}
    assert result.weights == {}
    assert result.summary() == {"diverged": 3}
    result.save(tmp_path / "none.safetensors")
    assert load_file(tmp_path / "none.safetensors") == {}


def test_summary_is_over_the_final_runs_that_ended() -> None:
    final, trial = {"role": "final"}, {"role": "trial"}
    runs = [
        Run("t1", trial, {"test/loss": 9.0}),
        Run("a", final, {"test/loss": 1.0}),
        Run("b", final, {"test/loss": 4.0}),
        Run("c", final, {}, diverged=2),
    ]
    expected = {"diverged": 1, "test/loss": 2.5, "test/loss.std": 4.5**0.5}
    assert Result(runs, {}).summary() == pytest.approx(expected)
    assert Result(runs[:2], {}).summary() == {"diverged": 0, "test/loss": 1.0}


def test_the_card_says_what_the_weights_are(tmp_path: Path) -> None:
    workload, what = Watched(), cell()
    result, _ = hold(what, tmp_path, workload)
    what.combination.save_card(result, workload, {"data/images/images.npz": "ab"}, tmp_path / "card.json")
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["title"] == "convolutional network under adam on images"
    assert (card["shape"], card["classes"]) == ([1, 9, 9], ["a", "b", "c"])
    assert card["data"] == {"data/images/images.npz": "ab"}
    assert card["optimizer"]["learning_rate"] == result.final[0].parameters["optimizer.learning_rate"]
    assert card["network"] == what.combination.network.model_dump(mode="json")
    assert card["seeds"] == {str(run.parameters["seed"]): run.metrics for run in result.final}


def test_progress_tells_the_best_so_far_and_what_diverged(tmp_path: Path) -> None:
    Scripted.scores, Scripted.losses = trials(0.3, None, 0.6, 0.2), {}
    what = cell()
    what = replace(what, combination=Scripted(**vars(what.combination)))
    progress = Progress(what.budget.trainings, "cell", StringIO())
    with FinishedRuns("stage", "c0de", tmp_path) as kept:
        what.run(Watched(), Watchers(), progress, kept)
    assert progress.line().endswith("; best val/accuracy 0.6000 by cnn-adam-t3, 1 diverged")
    assert "13/13" in progress.line()
