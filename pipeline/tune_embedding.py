"""Searches the settings of word vectors with one method, and confirms the best trial with new seeds."""

import torch

from bakeoff.base.workers import count
from bakeoff.data.sources.availability import packaged_files
from bakeoff.embedding.evaluate import read_test
from bakeoff.harness.stage import Stage, run
from bakeoff.tuning.conduct import conduct
from bakeoff.tuning.embedding_setup import EmbeddingSetup
from bakeoff.tuning.searchers.registry import SEARCHERS
from bakeoff.tuning.trial_log import TrialLog


def tune_embedding(stage: Stage, study: str, method: str) -> None:
    setup = EmbeddingSetup.read(stage.settings, study, method)
    whole = setup.load(stage.input)
    tests = {name: read_test(path) for name, path in packaged_files("word-similarity").items()}
    trainings = setup.trainings(whole, tests)
    stage.say(f"{stage.name}: {line}" for line in setup.taken(trainings, whole))
    log = TrialLog(stage.name, {"code": stage.code, "data": stage.inputs})
    conduct(stage, setup.search(trainings), setup.logged(trainings, log), count(torch.device("cpu")))


if __name__ == "__main__":
    run(tune_embedding, "tune_{study}@{method}", study=None, method=SEARCHERS)
