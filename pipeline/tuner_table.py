"""Trains a study at every combination of some levels of its hyperparameters, for `tuner_contest`."""

from operator import methodcaller

from bakeoff.base import paths
from bakeoff.base.cluster import answers
from bakeoff.base.workers import count
from bakeoff.contest.task_data import examples
from bakeoff.data.examples import Examples
from bakeoff.harness.stage import Stage, run
from bakeoff.tuner_contest.build_table import TableTrainings
from bakeoff.tuning.objective import CPU
from bakeoff.tuning.trained import Asked, Trained
from bakeoff.tuning.trial_log import TrialLog


def tuner_table(stage: Stage, study: str) -> None:
    trainings = TableTrainings.read(stage.settings, stage.file_settings, study)
    whole = Examples.load(stage.input(examples(stage.settings, trainings.settings.task)))
    objective = trainings.objective(whole)
    log = TrialLog(stage.name, {"code": stage.code, "data": stage.inputs})
    finished = trainings.logged(objective, log)
    with stage.progress(len(trainings.asked)) as progress:

        def keep(asked: Asked, trained: Trained) -> None:
            finished.keep(asked, trained)
            progress.advance()

        with log, answers(trainings.train(objective), count(CPU), keep) as train:
            found = finished.around(train)(trainings.asked)
    if log.taken:
        stage.say([f"{stage.name}: {log.taken} of {len(found)} trainings are from {log.path}"])
    table = trainings.written(found)
    stage.output(paths.tuner_table(study), methodcaller("write_text", table, encoding="utf-8"))


if __name__ == "__main__":
    run(tuner_table, "tuner_table_{study}", study=None)
