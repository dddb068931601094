"""Trains a network under an optimizer: a cell of the contest, with its search."""

from functools import partial

from bakeoff.base import paths
from bakeoff.base.workers import count
from bakeoff.contest.cell import Cell
from bakeoff.contest.finished_runs import FinishedRuns
from bakeoff.data.examples import Examples
from bakeoff.harness.stage import Stage, run
from bakeoff.networks.registry import NETWORKS
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.training.device import resolve


def train_network(stage: Stage, task: str, model: str, optimizer: str) -> None:
    cell = Cell.read(stage.settings, task=task, model=model, optimizer=optimizer)
    trained = cell.combination
    device = resolve(cell.device)  # first: data can take a while
    workload = trained.workload(Examples.load(stage.input(trained.data)), device)
    with stage.progress(cell.budget.trainings) as progress, FinishedRuns(stage.name, stage.digest) as finished:
        result = cell.run(workload, stage.watch, progress, finished, count(device))
    stage.output(paths.weights(task, cell.name), result.save)
    stage.output(paths.card(task, cell.name), partial(trained.save_card, result, workload, stage.inputs))
    stage.record(paths.record(task, cell.name), task, result.runs)
    stage.metrics(paths.metrics(task, cell.name), result.summary())


if __name__ == "__main__":
    run(train_network, "train_{task}@{model}-{optimizer}", task=None, model=NETWORKS, optimizer=OPTIMIZERS)
