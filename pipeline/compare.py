"""Compares the runs of every record that params.yaml asks for; what else lies in the folders takes no part."""

from itertools import product
from operator import methodcaller

from bakeoff.base import paths
from bakeoff.base.record import Record, dump, read
from bakeoff.harness.stage import Stage, run
from bakeoff.results.compare import compare, curves
from bakeoff.results.settings import ComparisonSettings


def compare_records(stage: Stage) -> None:
    settings = stage.settings("comparison", ComparisonSettings)

    def record(group: str, name: str) -> Record:
        return read(stage.input(paths.record(group, name)))

    def listed(key: str) -> list[str]:
        return stage.settings(key, list[str])

    tasks = {
        task: {
            (model, optimizer): record(task, f"{model}-{optimizer}")
            for model, optimizer in product(listed(f"{task}.models"), listed(f"{task}.optimizers"))
        }
        for task in settings.metric
    }
    embeddings = {architecture: record("embedding", architecture) for architecture in listed("embedding.architectures")}
    studies = {method: record("tuning", method) for method in listed("tuning.methods")}
    baselines = {method: record("baselines", method) for method in listed("baselines.methods")}
    recipes = {
        f"{task}-{model}": record("recipes", f"{task}-{model}")
        for task in ("images", "table")
        for model in listed(f"recipes.{task}")
    }
    comparison = dump(compare(tasks, embeddings, studies, baselines, recipes, settings))
    stage.output(paths.COMPARISON, methodcaller("write_text", comparison, encoding="utf-8"), cached=False)
    stage.output(paths.CURVES, methodcaller("write_text", curves(tasks, settings), encoding="utf-8"))


if __name__ == "__main__":
    run(compare_records, "compare")
