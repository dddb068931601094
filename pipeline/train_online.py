"""Learns the table row by row in the order of time, under one optimizer and schedule, without a drift and with some."""

from typing import get_args

from bakeoff.base import paths
from bakeoff.data.encoding.settings import EncodingSettings
from bakeoff.data.table.reading import Reading
from bakeoff.data.table.settings import TableSettings
from bakeoff.harness.stage import Stage, run
from bakeoff.online.settings import LearnerName, ScheduleName
from bakeoff.online.stream import Stream
from bakeoff.online.train import Training


def train_online(stage: Stage, optimizer: LearnerName, schedule: ScheduleName) -> None:
    name = f"{optimizer}-{schedule}"
    training = Training.read(stage.settings, optimizer=optimizer, schedule=schedule, data=paths.TABLE)
    table = stage.settings("data.table", TableSettings)
    encoding = stage.settings("data.encoding", EncodingSettings)
    warmup, interval = training.stream.warmup, training.evaluation.interval
    reading = Reading.load(stage.input(paths.READING))
    stream = Stream.of(stage.input(paths.TABLE), table, encoding, reading, warmup, interval)
    with stage.progress(stream.pieces) as progress:
        trained = training.train(stream, stage.watch, progress)
    stage.output(paths.weights("online", name), trained.stored(table.target).save)
    stage.record(paths.record("online", name), "online", trained.runs)
    stage.metrics(paths.metrics("online", name), trained.summary())


if __name__ == "__main__":
    choices = {"optimizer": get_args(LearnerName), "schedule": get_args(ScheduleName)}
    run(train_online, "train_online@{optimizer}-{schedule}", **choices)
