"""Fits a classifier of scikit-learn to a table, as a reference baseline."""

from bakeoff.base import paths
from bakeoff.contest.baselines import BASELINES, fit
from bakeoff.contest.task_data import examples
from bakeoff.data.examples import Examples
from bakeoff.harness.stage import Stage, run


def train_baseline(stage: Stage, task: str, baseline: str) -> None:
    settings = stage.settings(f"baselines.{baseline}", BASELINES[baseline].settings)
    data, name = examples(stage.settings, task), f"{task}-{baseline}"
    fitted, metrics = fit(baseline, settings, Examples.load(stage.input(data)), task=task, data=data)
    stage.record(paths.record("baselines", name), "baselines", [fitted])
    stage.metrics(paths.metrics("baselines", name), metrics)


if __name__ == "__main__":
    run(train_baseline, "train_baseline_{task}@{baseline}", task=None, baseline=BASELINES)
