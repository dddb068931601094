"""Fits one classifier of scikit-learn to the table, as a yardstick for the networks."""

from bakeoff.base import paths
from bakeoff.contest.baselines import BASELINES, fit
from bakeoff.data.examples import Examples
from bakeoff.harness.stage import Stage, run

DATA = paths.EXAMPLES["table"]


def train_baseline(stage: Stage, baseline: str) -> None:
    settings = stage.settings(f"baselines.{baseline}", BASELINES[baseline].settings)
    examples = Examples.load(stage.input(DATA))
    fitted, metrics = fit(baseline, settings, examples, task="table", data=DATA)
    stage.record(paths.record("baselines", baseline), "baselines", [fitted])
    stage.metrics(paths.metrics("baselines", baseline), metrics)


if __name__ == "__main__":
    run(train_baseline, "train_baseline@{baseline}", baseline=BASELINES)
