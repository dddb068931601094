"""A training in several processes is, to the byte, the one that a single process makes of the same shards."""

import os
import signal
import socket
import subprocess
import sys
import time
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from bakeoff.base.checkpoint import Checkpoint
from bakeoff.base.settings import BadInput
from bakeoff.contest.finished_runs import FinishedRuns
from bakeoff.data.examples import Examples, Split
from bakeoff.networks.registry import NETWORKS
from bakeoff.networks.wide_resnet import WideResnetSettings
from bakeoff.optimizers.adam import AdamSettings
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.training.fit import Outcome, Watch, fit
from bakeoff.training.parallel import join
from bakeoff.training.settings import AugmentationSettings, TrainingSettings, plain
from bakeoff.training.supervised import Classification

CPU = torch.device("cpu")
SHARDS = 4
# Batches of 7, 7 and 2: shards of one and two examples, and in the last batch two that are empty.
ASKED = plain(epochs=2, batch_size=7).model_copy(
    update={
        "shards": SHARDS,
        "augmentation": AugmentationSettings(
            shift=1, crop=0, flip=True, cutout=0, rotation=0.0, elastic=None, intensity=None, window=0
        ),
    }
)


def examples() -> Examples:
    draw = np.random.default_rng(0)
    train, validation, test = (
        Split(draw.integers(256, size=(n, 1, 8, 8), dtype=np.uint8), np.arange(n, dtype=np.uint8) % 3)
        for n in (16, 9, 9)
    )
    return Examples(train, validation, test, ("a", "b", "c"))


def build(generator: torch.Generator, normalisation: str = "batch", dropout: float = 0.3) -> nn.Module:
    settings = WideResnetSettings.model_validate(
        {
            "depth": 10,
            "widening": 1,
            "dropout": dropout,
            "normalisation": normalisation,
            "activation": "relu",
            "initialisation": "he",
        }
    )
    return NETWORKS["wide_resnet"].build(settings, (1, 8, 8), 3, generator)


def train(
    asked: TrainingSettings = ASKED, checkpoint: Checkpoint | None = None, watch: Watch = lambda _: None
) -> tuple[dict[str, Tensor], Outcome]:
    generator = torch.Generator().manual_seed(0)
    network = build(generator)
    settings = AdamSettings(learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8)
    adam = OPTIMIZERS["adam"].build(network.parameters(), settings)
    workload = Classification(examples(), asked, CPU)
    outcome = fit(network, workload, adam, asked, generator=generator, watch=watch, checkpoint=checkpoint)
    return {name: weight.contiguous() for name, weight in network.state_dict().items()}, outcome


@cache
def alone() -> tuple[dict[str, Tensor], Outcome]:
    return train()


class Killed(Exception):
    pass


class Stopping(Checkpoint):
    """Saves after the fourth step; then all processes are killed."""

    steps = 0

    @property
    def due(self) -> bool:
        self.steps += 1
        return self.steps == 4

    def settle(self, *parts: bytes | memoryview) -> None:
        super().settle(*parts)
        raise Killed


def process(rank: int, size: int, port: int, folder: Path, checkpoint: Checkpoint | None) -> None:
    """What torchrun sets, and then a training."""
    torch.set_num_threads(1)
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    try:
        weights, outcome = train(checkpoint=checkpoint)
    except Killed:
        os._exit(7)
    save_file(weights, folder / f"{size}-{rank}")
    (folder / f"{size}-{rank}.history").write_text(repr(outcome))
    dist.destroy_process_group()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def start(size: int, folder: Path, checkpoint: Checkpoint | None = None) -> list[int | None]:
    """Train in so many forked processes; their exit codes."""
    port = free_port()
    context = get_context("fork")
    started = [context.Process(target=process, args=(rank, size, port, folder, checkpoint)) for rank in range(size)]
    for one in started:
        one.start()
    for one in started:
        one.join(120)
    return [one.exitcode for one in started]


@pytest.mark.parametrize("size", [2, 4])
def test_the_bytes_depend_on_the_shards_and_not_on_the_processes(size: int, tmp_path: Path) -> None:
    weights, outcome = alone()
    assert start(size, tmp_path) == [0] * size
    for rank in range(size):
        assert (tmp_path / f"{size}-{rank}.history").read_text() == repr(outcome)
        made = load_file(tmp_path / f"{size}-{rank}")
        assert made.keys() == weights.keys()
        assert all(torch.equal(made[name], weights[name]) for name in weights)


@pytest.mark.parametrize(("first", "then"), [(2, 4), (4, 1)])
def test_a_checkpoint_goes_on_in_another_number_of_processes(first: int, then: int, tmp_path: Path) -> None:
    codes = start(first, tmp_path, Stopping("stage", "recipe", tmp_path))
    assert codes == [7] + [143] * (first - 1)  # the others lose the first, and end
    checkpoint = Checkpoint("stage", "recipe", tmp_path)
    assert checkpoint.load()
    if then == 1:
        made, _ = train(checkpoint=checkpoint)
    else:
        assert start(then, tmp_path, checkpoint) == [0] * then
        made = load_file(tmp_path / f"{then}-0")
    weights, _ = alone()
    assert all(torch.equal(made[name], weights[name]) for name in weights)


def gradients(shards: int, normalisation: str) -> dict[str, Tensor]:
    """Of the full batch, by one step of plain descent at rate 1 from the same weights."""
    generator = torch.Generator().manual_seed(0)
    network = build(generator, normalisation, dropout=0.0)
    before = {name: weight.detach().clone() for name, weight in network.named_parameters()}
    sgd, asked = torch.optim.SGD(network.parameters(), 1.0), plain(1, "full").model_copy(update={"shards": shards})
    workload = Classification(examples(), asked, CPU)
    fit(network, workload, sgd, asked, generator=generator, watch=lambda _: None)
    return {name: before[name] - weight.detach() for name, weight in network.named_parameters()}


@pytest.mark.parametrize("shards", [2, 3, 8, 16])
def test_the_gradient_of_the_shards_is_that_of_the_batch(shards: int) -> None:
    whole, mapped = gradients(1, "none"), gradients(shards, "none")
    for name in whole:
        # Sums of float32 in another order, and weights that are stored to 6e-8 of themselves.
        torch.testing.assert_close(mapped[name], whole[name], rtol=1e-4, atol=1e-6)


def test_under_batch_norm_it_is_not() -> None:
    whole, mapped = gradients(1, "batch"), gradients(2, "batch")
    assert max((mapped[name] - whole[name]).abs().max().item() for name in whole) > 1e-3


def test_running_statistics_are_the_mean_over_the_shards() -> None:
    generator = torch.Generator().manual_seed(0)
    norm = nn.BatchNorm2d(1)
    network = nn.Sequential(norm, nn.Flatten(), nn.Linear(64, 3))
    asked = plain(1, "full").model_copy(update={"shards": 2})
    workload = Classification(examples(), asked, CPU)
    ((x, _),) = workload.batches(torch.Generator().manual_seed(0))
    generator.manual_seed(0)
    sgd = torch.optim.SGD(network.parameters(), 0.1)
    fit(network, workload, sgd, asked, generator=generator, watch=lambda _: None)
    halves = x.split(8)
    mean = sum(half.mean() for half in halves) / 2
    variance = sum(half.var() for half in halves) / 2  # unbiased
    assert norm.running_mean is not None and norm.running_var is not None
    assert norm.running_mean.item() == pytest.approx(0.1 * mean.item(), rel=1e-5)
    assert norm.running_var.item() == pytest.approx(0.9 + 0.1 * variance.item(), rel=1e-5)
    assert norm.num_batches_tracked is not None and norm.num_batches_tracked.item() == 1


@pytest.mark.parametrize(("shards", "size"), [(1, 2), (4, 3), (2, 4)])
def test_processes_that_cannot_share_the_shards_are_refused(
    shards: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", str(size))
    with pytest.raises(BadInput, match=rf"run.shards is {shards}, and torchrun started {size} processes"):
        join(shards, CPU)


def test_torchrun_starts_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", __file__]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([*command, str(tmp_path)], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    weights, _ = alone()
    for rank in range(2):
        made = load_file(tmp_path / str(rank))
        assert all(torch.equal(made[name], weights[name]) for name in weights)


@pytest.mark.parametrize("size", [2, 4])
def test_a_signal_ends_all_of_them_quietly_and_the_first_saves(size: int, tmp_path: Path) -> None:
    common = {"WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    started = [
        subprocess.Popen(
            [sys.executable, __file__, str(tmp_path), "on and on"],
            env=os.environ | common | {"RANK": str(rank), "PYTHONPATH": os.pathsep.join(sys.path)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(size)
    ]
    deadline = time.monotonic() + 60
    while not all((tmp_path / f"{rank} runs").exists() for rank in range(size)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    for one in started:  # as torchrun does
        one.terminate()
    ended = [(*one.communicate(timeout=30), one.returncode) for one in started]
    assert ended == [(None, "", 143)] * size
    assert FinishedRuns("stage", "recipe", tmp_path).checkpoints().run("run").load()


def on_and_on(folder: Path) -> None:
    """A training of a stage, until a signal ends it."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with FinishedRuns("stage", "recipe", folder).checkpoint("run") as checkpoint:
        rank = os.environ["RANK"]
        train(
            ASKED.model_copy(update={"epochs": 10**6, "evaluations": 10**6}),
            checkpoint,
            lambda _: (folder / f"{rank} runs").touch(),
        )


if __name__ == "__main__":
    torch.set_num_threads(1)
    if sys.argv[2:]:
        on_and_on(Path(sys.argv[1]))
    save_file(train()[0], Path(sys.argv[1]) / os.environ["RANK"])
    dist.destroy_process_group()
