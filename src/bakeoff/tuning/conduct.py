"""One method's search as a stage: parallel trainings, the log and the outputs."""

from functools import partial
from operator import methodcaller

from bakeoff.base import paths
from bakeoff.base.cluster import answers
from bakeoff.harness.stage import Stage
from bakeoff.tuning.study import Study
from bakeoff.tuning.trial import Trial
from bakeoff.tuning.trial_log import LoggedTrainings
from bakeoff.tuning.trial_table import trial_table


def conduct(stage: Stage, search: Study, finished: LoggedTrainings, workers: int) -> None:
    """Search, and write the record, the metrics and the table of trials.

    Args:
        finished: the trainings of the search, with their log.
    """
    trials: list[Trial] = []
    log, name = finished.log, f"{search.study}-{search.method}"
    ask = partial(search.train, checkpoint=finished.checkpoint)
    training = answers(ask, workers, finished.keep)
    with log, training as train, stage.progress(search.trainings) as progress:
        runs = search.run(finished.around(train), stage.watch, progress, trials.append)
    if log.taken:
        stage.say([f"{stage.name}: {log.taken} of {finished.asked} trainings are from {log.path}"])
    stage.record(paths.record("tuning", name), "tuning", runs)
    stage.metrics(paths.metrics("tuning", name), runs[0].metrics)
    table = trial_table(trials, search.settings.searched, search.goal)
    stage.output(paths.trials(name), methodcaller("write_text", table, encoding="utf-8"))
