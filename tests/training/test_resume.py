"""A training that was killed goes on, and its weights are to the bit those of one that was left alone."""

import os
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from bakeoff.base import settings
from bakeoff.base.checkpoint import Checkpoint
from bakeoff.data.examples import Examples, Split
from bakeoff.networks.registry import NETWORKS
from bakeoff.networks.wide_resnet import WideResnetSettings
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.optimizers.schedules import Constant, OneCycle
from bakeoff.optimizers.settings import RegularisationSettings
from bakeoff.training.fit import Outcome, fit
from bakeoff.training.settings import AugmentationSettings, EarlyStopSettings, EmaSettings, TrainingSettings, plain
from bakeoff.training.supervised import Classification

HYPERPARAMETERS: dict[str, dict[str, Any]] = {
    name: section["defaults"]
    for name, section in settings.load(Path(__file__).parents[2] / "params.yaml")["optimizers"].items()
}
CPU = torch.device("cpu")
WIDE = WideResnetSettings(
    depth=10, widening=1, dropout=0.3, normalisation="batch", activation="relu", initialisation="he"
)
STEPS = 4  # of an epoch: 30 examples in batches of 8
STEEP = Constant(kind="constant", warmup=0.9)
EVERYTHING = plain(epochs=3, batch_size=8).model_copy(
    update={
        "schedule": OneCycle(kind="one_cycle", warmup=0.3, start=0.1, end=0.0),
        "regularisation": RegularisationSettings(l1=1e-4, l2=1e-3, weight_decay=1e-2, clip=1.0),
        "augmentation": AugmentationSettings(
            shift=1, crop=1, flip=True, cutout=3, rotation=0.0, elastic=None, intensity=None, window=0
        ),
        "label_smoothing": 0.1,
        "norms": True,
        "evaluations": 5,  # after the steps 3, 5, 8, 10, 12
        "evaluation_share": 0.25,  # 4 of 9 examples
    }
)


def examples() -> Examples:
    draw = np.random.default_rng(0)
    train, validation, test = (
        Split(draw.integers(256, size=(n, 1, 8, 8), dtype=np.uint8), np.arange(n, dtype=np.uint8) % 3)
        for n in (30, 9, 9)
    )
    return Examples(train, validation, test, ("a", "b", "c"))


class Killed(Exception):
    pass


class Stopping(Checkpoint):
    """Saves after some steps; the process is killed some steps later, or right behind the save."""

    def __init__(self, folder: Path, after: int, lost: int = 0) -> None:
        super().__init__("stage", "recipe", folder)
        self.after, self.lost, self.steps = after, lost, 0

    @property
    def due(self) -> bool:
        self.steps += 1
        if self.steps == self.after + self.lost and self.lost:
            raise Killed
        return self.steps == self.after

    def settle(self, *parts: bytes | memoryview) -> None:
        super().settle(*parts)
        if not self.lost:
            raise Killed


def train(
    optimizer: str, asked: TrainingSettings, checkpoint: Checkpoint | None, until: int | None = None
) -> tuple[nn.Module, Outcome]:
    """All made anew, as a new process does."""
    generator = torch.Generator().manual_seed(0)
    workload = Classification(examples(), asked, CPU)
    network = NETWORKS["wide_resnet"].build(WIDE, workload.shape, 3, generator)
    rule = OPTIMIZERS[optimizer]
    update = rule.build(network.parameters(), rule.settings.model_validate(HYPERPARAMETERS[optimizer]))
    seen: list[Any] = []
    outcome = fit(
        network, workload, update, asked, generator=generator, watch=seen.append, checkpoint=checkpoint, until=until
    )
    assert seen == outcome.history
    if outcome.diverged is None:  # the weights that are left are those that were measured
        measured = workload.evaluate(network, "validation")
        assert {f"val/{name}": value for name, value in measured.items()}.items() <= outcome.final.items()
    return network, outcome


@cache
def alone(optimizer: str) -> tuple[nn.Module, Outcome]:
    return train(optimizer, EVERYTHING, None)


def equal(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


# In the first epoch; before and behind a moment; after the last batch of an epoch; in the last. And by how many steps
# the kill is behind the save: what they had changed must be forgotten.
@pytest.mark.parametrize(
    ("after", "lost"), [(1, 2), (3, 0), (3, 1), (STEPS, 0), (STEPS, 1), (2 * STEPS - 2, 1), (3 * STEPS - 1, 1)]
)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_weights_are_those_of_an_undisturbed_run(optimizer: str, after: int, lost: int, tmp_path: Path) -> None:
    whole, undisturbed = alone(optimizer)
    with pytest.raises(Killed):
        train(optimizer, EVERYTHING, Stopping(tmp_path, after, lost))
    checkpoint = Checkpoint("stage", "recipe", tmp_path)
    assert checkpoint.load()
    resumed, outcome = train(optimizer, EVERYTHING, checkpoint)
    assert undisturbed.diverged is None and len(undisturbed.history) == 5
    assert outcome == undisturbed
    assert equal(whole.state_dict(), resumed.state_dict())


def test_a_run_killed_again_and_again_ends_the_same(tmp_path: Path) -> None:
    whole, undisturbed = alone("adam")
    for _ in range(3 * STEPS - 1):
        with pytest.raises(Killed):
            train("adam", EVERYTHING, Stopping(tmp_path, 1))
    resumed, outcome = train("adam", EVERYTHING, Checkpoint("stage", "recipe", tmp_path))
    assert outcome == undisturbed
    assert equal(whole.state_dict(), resumed.state_dict())


def test_the_best_epoch_is_remembered_across_a_kill(tmp_path: Path) -> None:
    """The first epoch has the least loss of validation; the weights of later ones, at a large rate, are worse."""
    asked = EVERYTHING.model_copy(update={"early_stop": EarlyStopSettings(patience=2), "schedule": STEEP})
    whole, undisturbed = train("sgd", asked, None)
    assert undisturbed.best is not None and undisturbed.best < 3 * STEPS
    with pytest.raises(Killed):
        train("sgd", asked, Stopping(tmp_path, 3 * STEPS - 1))
    resumed, outcome = train("sgd", asked, Checkpoint("stage", "recipe", tmp_path))
    assert outcome == undisturbed
    assert equal(whole.state_dict(), resumed.state_dict())


@pytest.mark.parametrize("lost", [0, 2])
def test_the_average_of_the_weights_is_remembered_across_a_kill(lost: int, tmp_path: Path) -> None:
    asked = EVERYTHING.model_copy(update={"ema": EmaSettings(decay=0.9)})
    whole, undisturbed = train("adam", asked, None)
    assert not equal(whole.state_dict(), alone("adam")[0].state_dict())
    with pytest.raises(Killed):
        train("adam", asked, Stopping(tmp_path, STEPS, lost))
    resumed, outcome = train("adam", asked, Checkpoint("stage", "recipe", tmp_path))
    assert outcome == undisturbed
    assert equal(whole.state_dict(), resumed.state_dict())


def test_from_the_state_before_where_the_last_is_damaged(tmp_path: Path) -> None:
    whole, _ = alone("adam")
    for after in (5, 2):
        with pytest.raises(Killed):
            train("adam", EVERYTHING, Stopping(tmp_path, after))
    checkpoint = Checkpoint("stage", "recipe", tmp_path)
    checkpoint.path.write_bytes(checkpoint.path.read_bytes()[:-1])
    resumed, _ = train("adam", EVERYTHING, checkpoint)
    assert equal(whole.state_dict(), resumed.state_dict())


class Untouched(Checkpoint):
    @property
    def due(self) -> bool:
        raise AssertionError("a run that has ended takes no step")


@pytest.mark.parametrize(
    "changes",
    [{}, {"early_stop": EarlyStopSettings(patience=1)}, {"diverged_above": 1.0001}, {"ema": EmaSettings(decay=0.9)}],
)
def test_a_run_that_has_ended_is_not_run_again(changes: dict[str, Any], tmp_path: Path) -> None:
    asked = EVERYTHING.model_copy(update=changes)
    whole, ended = train("sgd", asked, Checkpoint("stage", "recipe", tmp_path))
    assert (ended.diverged is not None) == ("diverged_above" in changes)
    assert ended.diverged or (ended.best == 3 * STEPS) == ("early_stop" not in changes)
    again, outcome = train("sgd", asked, Untouched("stage", "recipe", tmp_path))
    assert outcome == ended
    assert equal(whole.state_dict(), again.state_dict())


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_process_leaves_what_another_goes_on_from(sent: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, __file__, str(tmp_path / "states"), str(tmp_path / "weights")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        steps = 0
        for line in process.stdout:  # one a step, or one a saved state
            steps += line == "step\n"
            if steps >= 6:
                process.send_signal(sent)
                break
    assert process.returncode in (-sent, 128 + sent)
    assert list((tmp_path / "states").rglob("recipe")) and not (tmp_path / "weights").exists()
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("step\n") < 3 * STEPS  # it did go on
    whole, _ = alone("adam")
    assert equal(load_file(tmp_path / "weights"), {name: w.contiguous() for name, w in whole.state_dict().items()})


class Spoken(Checkpoint):
    """Saves at every second step, and says each."""

    steps = 0

    @property
    def due(self) -> bool:
        self.steps += 1
        print("step", flush=True)
        return super().due or self.steps % 2 == 0


if __name__ == "__main__":
    torch.set_num_threads(1)
    with Spoken("stage", "recipe", Path(sys.argv[1])) as spoken:
        trained, _ = train("adam", EVERYTHING, spoken)
        save_file({name: weight.contiguous() for name, weight in trained.state_dict().items()}, sys.argv[2])


EARLY = EVERYTHING.model_copy(update={"early_stop": EarlyStopSettings(patience=1), "epochs": 6})
AVERAGED = EVERYTHING.model_copy(update={"ema": EmaSettings(decay=0.9)})
AT_THE_END = EVERYTHING.model_copy(update={"evaluations": 1, "norms": False})


@pytest.mark.parametrize(
    ("optimizer", "asked"),
    [
        ("adam", AT_THE_END),
        ("momentum", EVERYTHING),
        ("adam", AVERAGED),
        ("schedule_free", AT_THE_END),
        ("sgd", EARLY),
    ],
)
def test_a_run_that_pauses_and_goes_on_is_one_that_never_paused(
    optimizer: str, asked: TrainingSettings, tmp_path: Path
) -> None:
    checkpoint = Checkpoint("stage", "recipe", tmp_path)
    for until in (1, 2, asked.epochs):
        network, outcome = train(optimizer, asked, checkpoint, until)
        whole, uninterrupted = train(optimizer, asked, None, until)
        assert outcome == uninterrupted
        assert equal(network.state_dict(), whole.state_dict())
    full, ended = train(optimizer, asked, None)
    assert outcome == ended
    assert equal(network.state_dict(), full.state_dict())


def test_a_run_that_goes_on_takes_only_the_steps_that_are_left(tmp_path: Path) -> None:
    train("adam", EVERYTHING, Checkpoint("stage", "recipe", tmp_path), until=2)
    rest = Stopping(tmp_path, after=STEPS, lost=1)  # killed in a step beyond the third epoch
    train("adam", EVERYTHING, rest)
    assert rest.steps == STEPS


def test_a_pause_shortens_no_schedule() -> None:
    short = EVERYTHING.model_copy(update={"epochs": 1})
    paused, _ = train("adam", EVERYTHING, None, until=1)
    ended, _ = train("adam", short, None)
    assert not equal(paused.state_dict(), ended.state_dict())


@pytest.mark.parametrize("after", [5, None])
def test_a_state_from_beyond_the_pause_is_ignored(after: int | None, tmp_path: Path) -> None:
    """As a kill leaves it whose log has lost the shorter training: in the second epoch, or at its end."""
    if after:
        with pytest.raises(Killed):
            train("adam", EVERYTHING, Stopping(tmp_path, after))
    else:
        train("adam", EVERYTHING, Checkpoint("stage", "recipe", tmp_path), until=2)
    network, outcome = train("adam", EVERYTHING, Checkpoint("stage", "recipe", tmp_path), until=1)
    whole, uninterrupted = train("adam", EVERYTHING, None, until=1)
    assert outcome == uninterrupted
    assert equal(network.state_dict(), whole.state_dict())


def test_a_divergence_in_the_first_step_beyond_the_pause_is_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    taken, loss = 0, Classification.loss

    def overflowing(self: Classification, network: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        nonlocal taken
        taken += 1
        return loss(self, network, batch) * (float("inf") if taken > STEPS else 1.0)

    with monkeypatch.context() as patch:
        patch.setattr(Classification, "loss", overflowing)
        _, diverged = train("sgd", EVERYTHING, Checkpoint("stage", "recipe", tmp_path))
    assert diverged.diverged == STEPS + 1
    network, outcome = train("sgd", EVERYTHING, Checkpoint("stage", "recipe", tmp_path), until=1)
    whole, uninterrupted = train("sgd", EVERYTHING, None, until=1)
    assert outcome == uninterrupted
    assert equal(network.state_dict(), whole.state_dict())
