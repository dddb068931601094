"""Trains one classifier on labelled examples under one optimizer, once for each seed."""

from bakeoff.data.examples import Examples
from bakeoff.networks.registry import CLASSIFIERS
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.stage import Stage, run
from bakeoff.training.cell import Cell
from bakeoff.training.device import resolve
from bakeoff.training.supervised import Classification

DATA = {"images": "data/images/images.npz", "table": "data/table/encoded.npz"}


def train_classifier(stage: Stage, task: str, model: str, optimizer: str) -> None:
    cell = Cell.read(stage.settings, task=task, data=DATA[task], model=model, optimizer=optimizer)
    examples = Examples.load(stage.input(cell.data))
    workload = Classification(examples, cell.training, resolve(cell.device))
    with stage.progress(cell.epochs) as progress:
        trained = cell.train(workload, stage.watch, progress)
    stage.output(f"models/{task}/{model}-{optimizer}.safetensors", trained.save)
    stage.record(f"reports/records/{task}/{model}-{optimizer}.json", task, trained.runs)
    stage.metrics(f"reports/metrics/{task}/{model}-{optimizer}.json", trained.summary())


if __name__ == "__main__":
    run(train_classifier, "train_{task}@{model}-{optimizer}", task=DATA, model=CLASSIFIERS, optimizer=OPTIMIZERS)
