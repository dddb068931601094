"""Brings the run records into MLflow and the winners into its registry; writes down what is there."""

from operator import methodcaller

from bakeoff.base import paths
from bakeoff.base.record import dump
from bakeoff.harness.stage import Stage, run
from bakeoff.tracking.sync import bring, crown, illustrate, listed, summary

# What champions are made of: weights, and the data on which they were trained.
CHAMPIONS = ("models", *(paths.EXAMPLES[task] for task in ("images", "scans", "table")))


def track(stage: Stage) -> None:
    records = [stage.input(str(path)) for path in listed(stage.settings)]
    tasks = bring(records, stage.settings("comparison.metric", dict[str, str]))
    for path in CHAMPIONS:
        stage.input(path)
    illustrate(tasks, stage.input(paths.FIGURES))
    won = crown(tasks, stage.input(paths.COMPARISON))
    tracked = dump(summary(tasks, won))
    stage.output(paths.TRACKED, methodcaller("write_text", tracked, encoding="utf-8"), cached=False)


if __name__ == "__main__":
    run(track, "track")
