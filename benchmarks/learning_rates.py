"""Finds the learning rate of each cell: one grid for every optimizer, judged on validation loss; test is not read.

    python -m benchmarks.learning_rates [images table scans]

Run it from the root once the data stand under data/. It prints every loss, then learning_rate sections for params.yaml.
A best rate at an end of the grid is marked, for a better one may lie beyond.
"""

import argparse
import dataclasses
import math
from functools import partial
from pathlib import Path

import pipeline  # noqa: F401  first: it sets the environment that the pipeline computes in
from bakeoff import settings
from bakeoff.data.examples import Examples
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.training.cell import Cell
from bakeoff.training.device import resolve
from bakeoff.training.supervised import Classification, Segmentation, Supervised
from pipeline import train_classifier, train_segmenter

# Half decades, the same for all: 12 trainings for each optimizer.
RATES = (1.0e-4, 3.0e-4, 1.0e-3, 3.0e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
SEED = 1000  # the pipeline counts its seeds from 0: none of its runs has a say in its rate

TASKS: dict[str, tuple[str, type[Supervised]]] = {
    **{task: (data, Classification) for task, data in train_classifier.DATA.items()},
    **{task: (data, Segmentation) for task, data in train_segmenter.DATA.items()},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", metavar="task", help=f"of {', '.join(TASKS)}; all by default")
    chosen = parser.parse_args().tasks or [*TASKS]
    if unknown := [task for task in chosen if task not in TASKS]:
        parser.error(f"{unknown[0]!r} is not a task; there is: {', '.join(TASKS)}")
    for task in chosen:
        print(f"\n{task}: validation loss at each rate; - where the training diverged")
        print(f"{'':17}" + "".join(f"{rate:>9g}" for rate in RATES))
        sections = search(task)
        print(f"\n{task}:\n  learning_rate:")
        for model, rates in sections.items():
            print(f"    {model}: {{{', '.join(f'{optimizer}: {rate:g}' for optimizer, rate in rates.items())}}}")


def search(task: str) -> dict[str, dict[str, float]]:
    """The best rate of each model and optimizer; prints what it finds on the way."""
    document = settings.load()
    read = partial(settings.validate, document)
    data, kind = TASKS[task]
    examples = Examples.load(Path(data))
    sections: dict[str, dict[str, float]] = {}
    for model in settings.at(document, f"{task}.models"):
        sections[model] = {}
        for optimizer in OPTIMIZERS:
            cell = Cell.read(read, task=task, data=data, model=model, optimizer=optimizer)
            workload = kind(examples, cell.training, resolve(cell.device))
            losses = {rate: loss(dataclasses.replace(cell, learning_rate=rate), workload) for rate in RATES}
            best = sections[model][optimizer] = min(losses, key=losses.__getitem__)
            shown = "".join(f"{value:9.3g}" if math.isfinite(value) else f"{'-':>9}" for value in losses.values())
            warning = "  at an end of the grid" if best in (RATES[0], RATES[-1]) else ""
            print(f"{model:8} {optimizer:8}{shown}  best {best:g}{warning}", flush=True)
    return sections


def loss(cell: Cell, workload: Supervised) -> float:
    """Validation loss after the last epoch; infinite if the training diverged."""
    _, outcome = cell.fit(workload, SEED, watch=lambda _: None)
    return math.inf if outcome.diverged else outcome.history[-1]["val/loss"]


if __name__ == "__main__":
    main()
