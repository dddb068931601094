"""The U-Net beside MONAI's networks: seconds a step, and Dice after as many steps.

    python -m benchmarks.segmentation [--python PATH] [--data data/scans/scans.npz] [--seeds 3] [--epochs 5]

reads what ingest_scans wrote. The contenders are the U-Net with the settings of params.yaml and three networks of MONAI
at about as many parameters, which the width of their first level decides:

- DynUNet is nearest in structure: two 3 x 3 convolutions a level, as many levels, the first at the full resolution. It
  halves by a stride, and enlarges by a learnt 2 x 2 up-convolution.
- UNet halves at its first convolution, so that it computes little at the full resolution; `num_res_units: 2`, as in
  MONAI's tutorials.
- BasicUNet has two 3 x 3 convolutions a level and max-pooling, and always five levels.

All have one thread, batch norm, ReLU, the same slices in the same batches and order, Adam, schedule and mean
cross-entropy, and the weights that their own library draws. Ours trains through `bakeoff.training.fit`; MONAI's in a
loop over tensors that lie ready, which no DataLoader slows down. Each contender is a process that waits its turn:
trainings take turns, seed by seed and learning rate by learning rate, and a step's seconds are those that the process
computes, the median over the trainings without the first. Dice is the mean over the classes on validation data after
the last step. The roofline is explained in training/roofline.py.

MONAI lives in an environment of its own, which is made in bakeoff's cache, or is that of the Python that --python
names.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import contender
from benchmarks.contender import ROOT

PACKAGES = ["monai>=1.6"]
RATES = (1e-3, 3e-3, 1e-2)
BATCH = 2
SCHEDULE: dict[str, Any] = {"kind": "cosine", "warmup": 0.1, "end": 0.0}
ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
OURS, PEERS = "bakeoff U-Net", ("MONAI DynUNet", "MONAI UNet", "MONAI BasicUNet")
WIDTHS = range(1, 65)
AIM = 1.5  # times the speed of MONAI's UNet


@dataclass(frozen=True)
class Run:
    """A training: seconds a step, and Dice on validation data."""

    seed: int
    rate: float
    seconds: float
    dice: float


@dataclass
class Process:
    """A contender that trains when it is asked to."""

    name: str
    process: subprocess.Popen[str]
    runs: list[Run] = field(default_factory=list)

    def ask(self, **asked: Any) -> dict[str, Any]:
        """Return its answer."""
        return contender.ask(self.process, json.dumps(asked))

    @property
    def seconds(self) -> float:
        return statistics.median(run.seconds for run in self.runs[1:])

    def dice(self, rate: float) -> dict[int, float]:
        """Return Dice by seed."""
        return {run.seed: run.dice for run in self.runs if run.rate == rate}


def width(parameters: Callable[[int], int], wanted: int, widths: Sequence[int] = WIDTHS) -> int:
    """Return the width whose number of parameters is nearest, the smaller of two."""
    return min(widths, key=lambda one: (abs(parameters(one) - wanted), one))


def with_spread(values: Sequence[float]) -> str:
    """Return mean and standard deviation over seeds."""
    spread = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.3f}{spread}"


def markdown(processes: Sequence[Process], parameters: dict[str, int], rates: Sequence[float]) -> str:
    """Return the table: one row for each contender, the first is compared with the others."""
    ours, *_ = processes
    header = [
        "",
        "parameters",
        "ms a step",
        "times ours",
        *(f"Dice, rate {rate:g}" for rate in rates),
        "best rate: ours less",
    ]
    lines = [header, ["---"] * len(header)]
    best = {one.name: max(rates, key=lambda rate: statistics.fmean(one.dice(rate).values())) for one in processes}
    for one in processes:
        mine, theirs = (who.dice(best[who.name]) for who in (ours, one))
        lines.append(
            [
                one.name,
                f"{parameters[one.name]:,}",
                f"{one.seconds * 1e3:.2f}",
                f"{one.seconds / ours.seconds:.2f}",
                *(with_spread(list(one.dice(rate).values())) for rate in rates),
                "" if one is ours else with_spread([mine[seed] - theirs[seed] for seed in mine]),
            ]
        )
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def start(name: str, python: Path, asked: argparse.Namespace, parameters: int) -> Process:
    train = ["--train", name, str(parameters), "--data", str(asked.data), "--epochs", str(asked.epochs)]
    return Process(name, contender.start(["benchmarks.segmentation", *train], None if name == OURS else python))


def compare(asked: argparse.Namespace) -> bool:
    """Print the table; whether the U-Net is as fast as was aimed at."""
    from bakeoff.base.machine import processor
    from benchmarks.training.environment import interpreter

    python = asked.python or interpreter(PACKAGES)
    ours = start(OURS, python, asked, 0)
    parameters = {OURS: ours.ask(what="size")["parameters"]}
    processes = [ours, *(start(name, python, asked, parameters[OURS]) for name in PEERS)]
    sizes = {one.name: one.ask(what="size") for one in processes[1:]}
    parameters |= {name: size["parameters"] for name, size in sizes.items()}
    found = [ours.ask(what="roofline")]
    for seed in range(asked.seeds):
        for rate in RATES:
            for one in processes:
                one.runs.append(Run(seed, rate, **one.ask(what="train", seed=seed, rate=rate)))
        found.append(ours.ask(what="roofline"))
    for one in processes:
        assert one.process.stdin
        one.process.stdin.close()
        one.process.wait()
    steps = found[0]["steps"]
    print(
        f"{processor()}, one thread, torch {version('torch')}, MONAI {sizes[PEERS[0]]['version']}; {steps} steps of "
        f"{BATCH} slices, {asked.seeds} seeds; seconds of processor time\n"
    )
    print(markdown(processes, parameters, RATES))
    best = statistics.median(answer["best"] for answer in found)
    reached = found[0]["operations"] / ours.seconds
    print(f"\n{reached / 1e9:.1f} of {best / 1e9:.1f} GFLOP/s: {reached / best:.0%} of its convolutions' roofline")
    faster = next(one for one in processes if one.name == "MONAI UNet").seconds / ours.seconds
    print(f"{faster:.2f} x MONAI's UNet (aimed at: {AIM} x)")
    return faster >= AIM


def answers(measure: dict[str, Callable[..., dict[str, Any]]]) -> None:
    """Answer each line until there are no more."""
    for line in sys.stdin:
        asked = json.loads(line)
        contender.answer(measure[asked.pop("what")](**asked))


def bakeoffs(data: Path, epochs: int) -> None:
    """Train the U-Net, as it is asked for."""
    from collections.abc import Iterator as Batches

    import torch
    from torch import Tensor, nn

    from bakeoff.base.strict_yaml import read
    from bakeoff.data.examples import Examples
    from bakeoff.networks.registry import NETWORKS
    from bakeoff.optimizers.registry import OPTIMIZERS
    from bakeoff.optimizers.schedules import Cosine
    from bakeoff.training.fit import fit
    from bakeoff.training.settings import plain
    from bakeoff.training.supervised import Segmentation
    from bakeoff.training.workload import Held
    from benchmarks.training.roofline import roofline

    examples, spec, rule = Examples.load(data), NETWORKS["unet"], OPTIMIZERS["adam"]
    shape = examples.train.x.shape[1:]
    settings = spec.settings.model_validate(read(ROOT / "params.yaml")["networks"]["unet"])
    plan = plain(epochs, BATCH).model_copy(update={"schedule": Cosine(**SCHEDULE)})

    class Timed(Segmentation):
        """Notes when the first epoch begins and when the last one has ended."""

        started = ended = 0.0

        def batches(self, generator: torch.Generator, start: int = 0) -> Batches[tuple[Tensor, Tensor]]:
            self.started = self.started or time.process_time()
            return super().batches(generator, start)

        def evaluate(self, network: nn.Module, split: Held) -> dict[str, float]:
            self.ended = self.ended or time.process_time()
            return super().evaluate(network, split)

    def build(generator: torch.Generator) -> nn.Module:
        return spec.build(settings, shape, len(examples.classes), generator)

    def train(seed: int, rate: float) -> dict[str, float]:
        network = build(torch.Generator().manual_seed(1000 + seed))
        workload = Timed(examples, plan, torch.device("cpu"))
        optimizer = rule.build(network.parameters(), rule.settings.model_validate({"learning_rate": rate, **ADAM}))
        order = torch.Generator().manual_seed(seed)
        outcome = fit(network, workload, optimizer, plan, generator=order, watch=lambda _: None)
        taken = workload.ended - workload.started
        return {"seconds": taken / (epochs * workload.steps), "dice": outcome.final["val/dice"]}

    def of_roofline() -> dict[str, float]:
        found = roofline(build(torch.Generator().manual_seed(0)), (BATCH, *shape))
        return found | {"steps": epochs * -(-len(examples.train.x) // BATCH)}

    size = sum(weight.numel() for weight in build(torch.Generator()).parameters())
    answers({"size": lambda: {"parameters": size}, "train": train, "roofline": of_roofline})


def monai(name: str, wanted: int, data: Path, epochs: int) -> None:
    """Train a network of MONAI with about so many parameters, as it is asked for."""
    import numpy as np
    import torch
    import torch.nn.functional as F
    from torch import Tensor, nn

    from bakeoff.optimizers.schedules import Cosine, factor
    from bakeoff.training.metrics import dice

    with np.load(data) as arrays:
        x, held = (torch.from_numpy(arrays[f"{split}.x"]).float() / 255 for split in ("train", "validation"))
        y, truth = (torch.from_numpy(arrays[f"{split}.y"]).long() for split in ("train", "validation"))
        classes = len(arrays["classes"])
    make = partial(NETWORKS_OF_MONAI[name], x.shape[1], classes)

    def parameters(channels: int) -> int:
        return sum(weight.numel() for weight in make(channels).parameters())

    channels = width(parameters, wanted)
    schedule, steps = Cosine(**SCHEDULE), -(-len(x) // BATCH)

    def batches(seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        generator = torch.Generator().manual_seed(seed)
        for _ in range(epochs):
            for rows in torch.randperm(len(x), generator=generator).split(BATCH):
                yield x[rows], y[rows]

    def train(seed: int, rate: float) -> dict[str, float]:
        torch.manual_seed(1000 + seed)
        network: nn.Module = make(channels).train()
        betas = (ADAM["beta1"], ADAM["beta2"])
        optimizer = torch.optim.Adam(network.parameters(), rate, betas=betas, eps=ADAM["epsilon"])
        started = time.process_time()
        for step, (images, labels) in enumerate(batches(seed)):
            optimizer.param_groups[0]["lr"] = rate * factor(schedule, step, epochs * steps)
            optimizer.zero_grad()
            loss = F.cross_entropy(network(images), labels)
            loss.backward()
            loss.item()
            optimizer.step()
        taken = time.process_time() - started
        network.eval()
        with torch.inference_mode():
            scores = dice(network(held).argmax(1), truth, classes)[1:]
        return {"seconds": taken / (epochs * steps), "dice": statistics.fmean(scores)}

    size = {"parameters": parameters(channels), "version": version("monai")}
    answers({"size": lambda: size, "train": train})


def dyn_unet(inputs: int, classes: int, channels: int) -> Any:
    from monai.networks.nets import DynUNet

    filters = [channels, 2 * channels, 4 * channels]
    return DynUNet(
        2, inputs, classes, [3, 3, 3], [1, 2, 2], [2, 2], filters=filters, norm_name="batch", act_name="relu"
    )


def unet(inputs: int, classes: int, channels: int) -> Any:
    from monai.networks.nets import UNet

    widths = (channels, 2 * channels, 4 * channels)
    return UNet(2, inputs, classes, widths, (2, 2), num_res_units=2, act="relu", norm="batch")


def basic_unet(inputs: int, classes: int, channels: int) -> Any:
    from monai.networks.nets import BasicUNet

    widths = tuple(channels << level for level in range(5))
    return BasicUNet(2, inputs, classes, (*widths, channels), act="relu", norm="batch")


NETWORKS_OF_MONAI = dict(zip(PEERS, (dyn_unet, unet, basic_unet), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.segmentation", description=__doc__)
    parser.add_argument("--python", type=Path, help="of an environment with MONAI and this project's torch")
    parser.add_argument("--data", type=Path, default=Path("data/scans/scans.npz"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--train", nargs=2, metavar=("NAME", "PARAMETERS"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.train is None:
        import pipeline  # noqa: F401  sets the environment that the pipeline computes in

        if not compare(asked):
            sys.exit("error: below what was aimed at")
        return
    import torch

    torch.set_num_threads(1)
    name, parameters = asked.train
    if name == OURS:
        bakeoffs(asked.data, asked.epochs)
    else:
        monai(name, int(parameters), asked.data, asked.epochs)


if __name__ == "__main__":
    main()
