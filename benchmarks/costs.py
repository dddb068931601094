"""What a step of each network under each optimizer takes on one core of this machine: writes reports/costs.json.

    python -m benchmarks.costs [--seconds 0.3] [--rounds 7]

Run it from the root once the data stand under data/, and with nothing else at work. Of every network of params.yaml,
its optimizers take turns, round after round, so that what slows the machine down for a while slows all of them; the
median over the rounds is written, to three digits. The steps are those of the training loop itself, with the task's
batches, at the default hyperparameters; what an epoch costs beside its steps (the evaluation) is left out.
"""

import argparse
import math
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice, repeat
from pathlib import Path

import pipeline  # noqa: F401  first: it sets the environment that the pipeline computes in

# isort: split
import torch
from torch import Tensor, nn

from bakeoff.base import paths
from bakeoff.base.machine import processor
from bakeoff.base.record import dump
from bakeoff.base.settings import Settings
from bakeoff.data.examples import Examples
from bakeoff.harness.params import Params, check
from bakeoff.networks.registry import NETWORKS, SEGMENTERS
from bakeoff.results.step_costs import PATH
from bakeoff.training.job import Job
from bakeoff.training.settings import TrainingSettings
from bakeoff.training.supervised import Classification, Segmentation, Supervised
from bakeoff.training.workload import Held

FEWEST = 5  # steps of a round
DIGITS = 3


@dataclass
class Portion:
    """So many batches of a workload as one epoch, and no evaluation."""

    whole: Supervised
    steps: int

    def batches(self, generator: torch.Generator, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        epochs = (self.whole.batches(generator) for _ in repeat(None))
        return islice(chain.from_iterable(epochs), start, self.steps)

    def loss(self, network: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        return self.whole.loss(network, batch)

    def evaluate(self, _network: nn.Module, _split: Held) -> dict[str, float]:
        return {"loss": 0.0}


@dataclass(frozen=True)
class Timed:
    """A network of a task."""

    model: str
    network: Settings
    workload: Supervised
    training: TrainingSettings

    def seconds(self, optimizer: str, hyperparameters: Settings, steps: int) -> float:
        """Of one step, the mean over so many in a row from the same weights."""
        shape, classes = self.workload.shape, len(self.workload.classes)
        portion = Portion(self.workload, steps)
        started = Job(
            portion,
            lambda generator: NETWORKS[self.model].build(self.network, shape, classes, generator),
            optimizer,
            hyperparameters,
            self.training,
            seed=0,
        ).start()
        begin = time.perf_counter()
        started.fit()
        return (time.perf_counter() - begin) / steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=0.3, help="of each measurement, about")
    parser.add_argument("--rounds", type=int, default=7, help="measurements of each pair")
    arguments = parser.parse_args()
    params = check()
    found: dict[str, dict[str, dict[str, float]]] = {}
    for task, settings in params.tasks.items():
        found[task] = {}
        data = paths.examples(settings.data, params.data[settings.data].kind)
        for timed in networks(params, task, Examples.load(Path(data))):
            found[task][timed.model] = alternate(timed, params, task, arguments.seconds, arguments.rounds)
            for optimizer, cost in found[task][timed.model].items():
                print(f"{task:8} {timed.model:12} {optimizer:18} {1000 * cost:9.3f} ms", flush=True)
    Path(PATH).parent.mkdir(exist_ok=True)
    Path(PATH).write_text(dump({"processor": processor(), "seconds": found}), encoding="utf-8")
    print(PATH)


def networks(params: Params, task: str, examples: Examples) -> Iterator[Timed]:
    section = params.tasks[task]
    # A run of one epoch to its end, whatever the task's rules for that are.
    whole = section.training.under(params.run)
    training = whole.model_copy(update={"epochs": 1, "early_stop": None, "diverged_above": None, "evaluations": 1})
    for model in section.models:
        kind = Segmentation if model in SEGMENTERS else Classification
        workload = kind(examples, training, torch.device("cpu"))
        yield Timed(model, getattr(params.networks, model), workload, training)


def alternate(timed: Timed, params: Params, task: str, seconds: float, rounds: int) -> dict[str, float]:
    """The median over the rounds, by optimizer."""
    hyperparameters = {name: getattr(params.optimizers, name).defaults for name in params.tasks[task].optimizers}
    first, settings = next(iter(hyperparameters.items()))
    timed.seconds(first, settings, FEWEST)  # what is done once in a process is not counted
    steps = max(FEWEST, math.ceil(seconds / timed.seconds(first, settings, FEWEST)))
    taken: dict[str, list[float]] = {name: [] for name in hyperparameters}
    for _ in range(rounds):
        for name, of in hyperparameters.items():
            taken[name].append(timed.seconds(name, of, steps))
    return {name: float(f"{statistics.median(costs):.{DIGITS}g}") for name, costs in taken.items()}


if __name__ == "__main__":
    main()
