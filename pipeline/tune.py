"""Searches the hyperparameters of one training by one method, and confirms the best of what it finds on fresh seeds."""

from functools import partial

from bakeoff.base import paths
from bakeoff.base.budget import budgeted, of_budget
from bakeoff.base.workers import answering, count
from bakeoff.data.examples import Examples
from bakeoff.harness.stage import Stage, run
from bakeoff.networks.mlp import MlpSettings
from bakeoff.tuning.hypergradient import Hypergradient
from bakeoff.tuning.objective import CPU, Objective, thinned
from bakeoff.tuning.registry import SEARCHERS
from bakeoff.tuning.searcher import Problem
from bakeoff.tuning.settings import SearchBudget, StudySettings
from bakeoff.tuning.space import Space
from bakeoff.tuning.study import Study


def tune(stage: Stage, method: str) -> None:
    settings = stage.settings("tuning.study", StudySettings)
    budget = of_budget(stage.settings, "tuning", SearchBudget)
    hyperparameters = stage.settings(f"tuning.{method}", SEARCHERS[method].settings)
    network = stage.settings("networks.mlp", MlpSettings)
    data = paths.examples(settings.data, "images")
    whole = Examples.load(stage.input(data))
    examples = thinned(whole, settings.training.examples, settings.seed)
    if isinstance(share := settings.training.examples, float):
        taken = f"{len(examples.train.x):,} of {len(whole.train.x):,} images"
        stage.say([f"{stage.name}: tuning.study.training.examples: {share:g} = {taken}"])
    training = budgeted(stage.settings, settings.training)
    objective = Objective(examples, network, training, settings.seed)
    problem = Problem(Space.read(settings.space), budget.trials, settings.seed, partial(Hypergradient, objective))
    searcher = SEARCHERS[method].build(problem, hyperparameters)
    study = Study(method, data, budget, settings, hyperparameters, objective, searcher)
    with answering(study.train, count(CPU)) as train, stage.progress(study.trainings) as progress:
        runs = study.run(train, stage.watch, progress)
    stage.record(paths.record("tuning", method), "tuning", runs)
    stage.metrics(paths.metrics("tuning", method), runs[0].metrics)


if __name__ == "__main__":
    run(tune, "tune@{method}", method=SEARCHERS)
