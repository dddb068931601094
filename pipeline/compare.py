"""Compares the runs of all records that params.yaml lists; other files in the folders are ignored."""

from operator import methodcaller

from bakeoff.base import paths
from bakeoff.base.record import Record, read
from bakeoff.data.card import read_card
from bakeoff.data.examples import Examples
from bakeoff.harness.stage import Stage, run
from bakeoff.results import record_names
from bakeoff.results.compare import TaskRecords, compare
from bakeoff.results.curves import curves
from bakeoff.results.deciding import deciding
from bakeoff.results.references import HeldOut, held_out
from bakeoff.results.settings import ComparisonSettings


def compare_records(stage: Stage) -> None:
    settings = stage.settings("comparison", ComparisonSettings)

    def record(group: str, name: str) -> Record:
        return read(stage.input(paths.record(group, name)))

    def against(task: record_names.Task) -> HeldOut:
        scans = Examples.load(stage.input(paths.examples(task.data, "scans"))) if task.kind == "scans" else None
        return held_out(task.metric, read_card(stage.input(paths.data_card(task.data))), scans)

    tasks = {
        name: TaskRecords(
            task.kind, task.metric, {cell: record(name, "-".join(cell)) for cell in task.cells}, against(task)
        )
        for name, task in record_names.tasks(stage.settings).items()
    }
    embeddings = {
        corpus: {architecture: record("embedding", name) for architecture, name in names.items()}
        for corpus, names in record_names.embeddings(stage.settings).items()
    }
    studies = {
        study: {method: record("tuning", name) for method, name in names.items()}
        for study, names in record_names.studies(stage.settings).items()
    }
    baselines = [record("baselines", name) for name in record_names.baselines(stage.settings)]
    recipes = [record("recipes", name) for name in record_names.recipes(stage.settings)]
    comparison = compare(tasks, embeddings, studies, baselines, recipes, settings)
    stage.output(paths.COMPARISON, methodcaller("write_text", comparison.dumped(), encoding="utf-8"), cached=False)
    stage.output(paths.CURVES, methodcaller("write_text", curves(tasks), encoding="utf-8"))
    for name, task in comparison.tasks.items():
        stage.metrics(paths.task_metrics(name), deciding(task))


if __name__ == "__main__":
    run(compare_records, "compare")
