"""Searches the settings of a study's training with one method, and confirms the best trial with new seeds."""

from bakeoff.base.workers import count
from bakeoff.data.examples import Examples
from bakeoff.harness.stage import Stage, run
from bakeoff.tuning.conduct import conduct
from bakeoff.tuning.objective import CPU
from bakeoff.tuning.searchers.registry import SEARCHERS
from bakeoff.tuning.setup import Setup
from bakeoff.tuning.trial_log import TrialLog


def tune(stage: Stage, study: str, method: str) -> None:
    setup = Setup.read(stage.settings, study, method, stage.file_settings)
    whole = Examples.load(stage.input(setup.data))
    objective = setup.objective(whole)
    stage.say(f"{stage.name}: {line}" for line in setup.taken(objective, whole))
    finished = setup.logged(objective, TrialLog(stage.name, {"code": stage.code, "data": stage.inputs}))
    conduct(stage, setup.search(objective, finished), finished, count(CPU))


if __name__ == "__main__":
    run(tune, "tune_{study}@{method}", study=None, method=SEARCHERS)
