"""Imports the run records and the ranking into MLflow and registers the winners; writes the list of tracked runs."""

from operator import methodcaller

from bakeoff.base import paths
from bakeoff.base.record import dump
from bakeoff.harness.stage import Stage, run
from bakeoff.results import step_costs
from bakeoff.results.model import Comparison
from bakeoff.results.record_names import metrics
from bakeoff.tracking.sync import attach_figures, listed, register_winners, stamp, summary, update_store


def track(stage: Stage) -> None:
    records = [stage.input(str(path)) for path in listed(stage.settings)]
    comparison = stage.input(paths.COMPARISON)
    compared, costs = Comparison.read(comparison), step_costs.read(stage.input(step_costs.measured()))
    tasks = update_store(records, metrics(stage.settings), compared, costs)
    # Champions are made of weights, of the data on which they were trained, and of the encoders of tables.
    tables = {paths.data_name(task.data) for task in compared.tasks.values() if task.kind == "table"}
    data = (task.data for task in compared.tasks.values())
    for path in ("models", *data, *sorted(map(paths.encoder, tables))):
        stage.input(path)
    attach_figures(tasks, stage.input(paths.FIGURES), compared)
    won = register_winners(tasks, comparison, stage.settings)
    tracked = dump(summary(tasks, won))
    stamp(tasks, tracked)
    stage.output(paths.TRACKED, methodcaller("write_text", tracked, encoding="utf-8"), cached=False)


if __name__ == "__main__":
    run(track, "track")
