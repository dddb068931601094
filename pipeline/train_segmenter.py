"""Trains one segmenter on labelled pixels under one optimizer, once for each seed."""

from bakeoff.data.examples import Examples
from bakeoff.networks.registry import SEGMENTERS
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.stage import Stage, run
from bakeoff.training.cell import Cell
from bakeoff.training.device import resolve
from bakeoff.training.supervised import Segmentation

DATA = {"scans": "data/scans/scans.npz"}


def train_segmenter(stage: Stage, task: str, model: str, optimizer: str) -> None:
    cell = Cell.read(stage.settings, task=task, data=DATA[task], model=model, optimizer=optimizer)
    examples = Examples.load(stage.input(cell.data))
    workload = Segmentation(examples, cell.training, resolve(cell.device))
    with stage.progress(cell.epochs) as progress:
        trained = cell.train(workload, stage.watch, progress)
    stage.output(f"models/{task}/{model}-{optimizer}.safetensors", trained.save)
    stage.record(f"reports/records/{task}/{model}-{optimizer}.json", task, trained.runs)
    stage.metrics(f"reports/metrics/{task}/{model}-{optimizer}.json", trained.summary())


if __name__ == "__main__":
    run(train_segmenter, "train_{task}@{model}-{optimizer}", task=DATA, model=SEGMENTERS, optimizer=OPTIMIZERS)
