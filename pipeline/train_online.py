"""Learns a table row by row in its order, with one optimizer and schedule, with and without concept drift."""

from typing import get_args

from bakeoff.base import paths
from bakeoff.data.encoding.settings import TableData
from bakeoff.data.table.reading import Reading
from bakeoff.harness.stage import Stage, run
from bakeoff.online.settings import LearnerName, ScheduleName
from bakeoff.online.stream import Stream, rows
from bakeoff.online.train import Training


def train_online(stage: Stage, table: str, optimizer: LearnerName, schedule: ScheduleName) -> None:
    name = f"{table}-{optimizer}-{schedule}"
    training = Training.read(stage.settings, optimizer=optimizer, schedule=schedule, data=paths.table(table))
    settings = stage.settings(f"data.{table}", TableData)
    path = stage.input(paths.table(table))
    training, remarks = training.fitted(rows(path))
    stage.say(f"{stage.name}: {line}" for line in remarks)
    warmup, interval = training.stream.warmup, training.evaluation.interval
    reading = Reading.load(stage.input(paths.reading(table)))
    stream = Stream.of(path, settings, settings.encoding, reading, warmup, interval)
    with stage.progress(stream.pieces) as progress:
        trained = training.train(stream, stage.watch, progress)
    stage.output(paths.weights("online", name), trained.stored(settings.target).save)
    stage.record(paths.record("online", name), "online", trained.runs)
    stage.metrics(paths.metrics("online", name), trained.summary())


if __name__ == "__main__":
    learners, schedules = get_args(LearnerName), get_args(ScheduleName)
    run(
        train_online,
        "train_online@{table}-{optimizer}-{schedule}",
        about=("table", "table"),
        table=None,
        optimizer=learners,
        schedule=schedules,
    )
