"""Searches the settings of a study's training by one method, and confirms the best of what it finds on fresh seeds."""

from operator import methodcaller

from bakeoff.base import paths
from bakeoff.base.workers import answering, count
from bakeoff.data.examples import Examples
from bakeoff.harness.stage import Stage, run
from bakeoff.tuning.objective import CPU
from bakeoff.tuning.registry import SEARCHERS
from bakeoff.tuning.setup import Setup
from bakeoff.tuning.trial import Trial
from bakeoff.tuning.trial_log import TrialLog
from bakeoff.tuning.trial_table import trial_table


def tune(stage: Stage, study: str, method: str) -> None:
    setup = Setup.read(stage.settings, study, method, stage.file_settings)
    whole = Examples.load(stage.input(setup.data))
    objective = setup.objective(whole)
    stage.say(f"{stage.name}: {line}" for line in setup.taken(objective, whole))
    log = TrialLog(stage.name, {"code": stage.code, "data": stage.inputs})
    finished = setup.logged(objective, log)
    search = setup.search(objective, finished)
    trials: list[Trial] = []
    training = answering(search.train, count(CPU), finished.keep)
    with log, training as train, stage.progress(search.trainings) as progress:
        runs = search.run(finished.around(train), stage.watch, progress, trials.append)
    if log.taken:
        stage.say([f"{stage.name}: {log.taken} of {finished.asked} trainings are from {log.path}"])
    stage.record(paths.record("tuning", f"{study}-{method}"), "tuning", runs)
    stage.metrics(paths.metrics("tuning", f"{study}-{method}"), runs[0].metrics)
    table = trial_table(trials, setup.settings.searched, search.goal)
    stage.output(paths.trials(f"{study}-{method}"), methodcaller("write_text", table, encoding="utf-8"))


if __name__ == "__main__":
    run(tune, "tune_{study}@{method}", study=None, method=SEARCHERS)
