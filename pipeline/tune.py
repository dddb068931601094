"""Searches the settings of a study's training by one method, and confirms the best of what it finds on fresh seeds."""

from functools import partial
from operator import methodcaller

from bakeoff.base import paths
from bakeoff.base.budget import budgeted, of_budget
from bakeoff.base.workers import answering, count
from bakeoff.contest.task_data import examples as path_of
from bakeoff.data.examples import Examples
from bakeoff.harness.stage import Stage, run
from bakeoff.networks.registry import NETWORKS
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.training.settings import PlanSettings
from bakeoff.tuning.candidate import Base
from bakeoff.tuning.executor import Trial
from bakeoff.tuning.halving import halved
from bakeoff.tuning.hypergradient import Hypergradient
from bakeoff.tuning.objective import CPU, Objective, thinned
from bakeoff.tuning.registry import SEARCHERS
from bakeoff.tuning.searcher import Problem
from bakeoff.tuning.settings import SearchBudget, StudySettings
from bakeoff.tuning.study import Study
from bakeoff.tuning.trial_log import LoggedTrainings, TrialLog
from bakeoff.tuning.trial_table import trial_table


def tune(stage: Stage, study: str, method: str) -> None:
    settings = budgeted(stage.settings, stage.settings(f"tuning.studies.{study}", StudySettings))
    budget = of_budget(stage.settings, "tuning", SearchBudget).of(settings)
    hyperparameters = stage.settings(f"tuning.{method}", SEARCHERS[method].settings)
    network = stage.settings(f"networks.{settings.model}", NETWORKS[settings.model].settings)
    rules = settings.optimizers
    defaults = {rule: stage.settings(f"optimizers.{rule}.defaults", OPTIMIZERS[rule].settings) for rule in rules}
    plan = stage.settings(f"tasks.{settings.task}.training", PlanSettings)
    base = Base.read(study, settings, network, defaults, plan)
    data = path_of(stage.settings, settings.task)
    whole = Examples.load(stage.input(data))
    examples = thinned(whole, settings.examples, settings.seed, f"{base.place}.examples")
    if isinstance(share := settings.examples, float):
        taken = f"{len(examples.train.x):,} of {len(whole.train.x):,} training examples"
        stage.say([f"{stage.name}: tuning.studies.{study}.examples: {share:g} = {taken}"])
    objective = Objective(examples, base, settings.seed)
    log = TrialLog(stage.name, {"code": stage.code, "data": stage.inputs})
    finished = LoggedTrainings(log, objective, {"examples": settings.examples, "drawn": settings.seed})
    slope = partial(finished.slope, partial(Hypergradient, objective))
    problem = Problem(study, base.space(settings), budget.trials, settings.seed, slope)
    searcher = halved(settings.stop.halving, settings.epochs, problem, SEARCHERS[method].of(hyperparameters))
    search = Study(study, method, data, budget, settings, hyperparameters, objective, searcher)
    trials: list[Trial] = []
    training = answering(search.train, count(CPU), finished.keep)
    with log, training as train, stage.progress(search.trainings) as progress:
        runs = search.run(finished.around(train), stage.watch, progress, trials.append)
    if log.taken:
        stage.say([f"{stage.name}: {log.taken} of {len(runs) - 1} trainings are from {log.path}"])
    stage.record(paths.record("tuning", f"{study}-{method}"), "tuning", runs)
    stage.metrics(paths.metrics("tuning", f"{study}-{method}"), runs[0].metrics)
    table = trial_table(trials, settings.searched, settings.objective)
    stage.output(paths.trials(f"{study}-{method}"), methodcaller("write_text", table, encoding="utf-8"))


if __name__ == "__main__":
    run(tune, "tune_{study}@{method}", study=None, method=SEARCHERS)
