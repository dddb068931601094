"""Fits one classifier of scikit-learn to the table, as a yardstick for the networks."""

from bakeoff.contest.baselines import BASELINES, fit
from bakeoff.data.examples import Examples
from bakeoff.harness.stage import Stage, run

DATA = "data/table/encoded.npz"


def train_baseline(stage: Stage, baseline: str) -> None:
    settings = stage.settings(f"baselines.{baseline}", BASELINES[baseline].settings)
    examples = Examples.load(stage.input(DATA))
    fitted, metrics = fit(baseline, settings, examples, task="table", data=DATA)
    stage.record(f"reports/records/baselines/{baseline}.json", "baselines", [fitted])
    stage.metrics(f"reports/metrics/baselines/{baseline}.json", metrics)


if __name__ == "__main__":
    run(train_baseline, "train_baseline@{baseline}", baseline=BASELINES)
