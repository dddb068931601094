"""What the gate says of studies of word vectors, before any work."""

from pathlib import Path
from typing import Any

import pytest

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.sources.catalogue import SOURCES
from bakeoff.harness import params
from bakeoff.tuning.embedding_settings import EmbeddingStudySettings

PARAMS = Path(__file__).parents[2] / "params.yaml"
RATE = {"embedding.learning_rate": {"low": 5.0e-3, "high": 0.1, "scale": "log"}}
STUDY: dict[str, Any] = {
    "corpus": "corpus",
    "architecture": "skipgram",
    "objective": "loss",
    "methods": ["random", "bayes"],
    "trials": 8,
    "batch": 4,
    "evaluation": {"seeds": 1},
    "stop": {"target": None, "patience": None, "halving": None},
    "epochs": 2,
    "examples": 0.25,
    "seed": 0,
    "fixed": {},
    "space": RATE,
}
WINDOW = {"embedding.window": {"low": 2, "high": 10, "scale": "linear"}}
HALVING = {"target": None, "patience": None, "halving": {"kind": "halving", "first": 1, "factor": 2, "resume": True}}


def check(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], embedding: dict[str, Any] | None = None
) -> params.Params:
    """Check params.yaml as it ships with one study in place of all others.

    Args:
        embedding: changes of this section.
    """
    document = settings.load(PARAMS)
    study = {key: value for key, value in (STUDY | changes).items() if value != "left out"}
    document["tuning"] |= {"studies": {"own": study}, "grid": {"levels": {}}}
    document["tuner_contest"]["tables"] = {}
    document["embedding"] |= embedding or {}
    monkeypatch.chdir(PARAMS.parent)
    monkeypatch.setattr(params, "load", lambda path: document if path.name == PARAMS.name else settings.load(path))
    return params.check(graph=False)


def spans(low: float, high: float, scale: str = "linear") -> dict[str, Any]:
    return {"low": low, "high": high, "scale": scale}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"architecture": "cbow", "examples": None},
        {"examples": 1000, "trials": None},
        {"objective": "wordsim", "space": RATE | WINDOW},
        {"objective": "analogies", "space": {"embedding.negatives": spans(2, 15)}},
        {"objective": "loss", "fixed": {"embedding.window": 3}},
        {"space": RATE | {"embedding.subsample": spans(1e-4, 1e-2, "log"), "embedding.dimension": spans(50, 200)}},
        {"space": {"embedding.shards": {"choices": [1, 2]}}},
        {"methods": ["random", "sobol", "bayes", "gp", "cma", "evolution", "nsga2"]},
        {"stop": HALVING, "epochs": 4},
        {"stop": {"target": 0.5, "patience": 3, "halving": None}, "objective": "simlex"},
    ],
)
def test_studies_of_word_vectors_are_let_pass(changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(check(monkeypatch, changes).tuning.studies["own"], EmbeddingStudySettings)


REFUSED = [
    ({"corpus": "corpse"}, "corpus is 'corpse', which is not under data; did you mean 'corpus'?"),
    ({"corpus": "images"}, "corpus is 'images', which has the kind images, and word vectors are trained on a corpus"),
    ({"task": "images"}, "tuning.studies.own: has both task and corpus, and trains either a network"),
    ({"model": "mlp"}, "tuning.studies.own has corpus, and model of a study of networks; remove it"),
    ({"model": "mlp", "start": "params"}, "has corpus, and model, start of a study of networks; remove them"),
    ({"corpus": "left out"}, "has architecture of a study of word vectors, and no corpus; remove it, or add corpus"),
    ({"evaluation": {"folds": 3}}, "own.evaluation has folds, and word vectors are tuned by seeds alone; take"),
    ({"architecture": "skipgrams"}, "should be 'skipgram' or 'cbow'; did you mean 'skipgram'?"),
    ({"objective": "accuracy"}, "objective is 'accuracy', and should be 'loss', 'wordsim', 'simlex' or 'analogies'"),
    ({"objective": ["loss", "wordsim"]}, "objective is "),
    ({"methods": ["gradient"]}, "methods has gradient, which differentiates the loss of a network"),
    ({"epoch": 3}, "tuning.studies.own.epoch is not a setting; did you mean 'epochs'?"),
    ({"seed": "left out"}, "tuning.studies.own.seed is missing"),
    ({"space": {"embedding.windows": spans(2, 10)}}, "embedding.windows is not a setting; did you mean 'window'?"),
    ({"space": {"network.dropout": spans(0, 0.5)}}, "network is not a setting (there is: embedding, training)"),
    ({"fixed": {"embedding.windows": 3}}, "own.fixed: embedding.windows is not a setting; did you mean 'window'?"),
    ({"fixed": {"embedding.window": 0}}, "embedding.window is 0, and should be at least 1; change what is fixed"),
    ({"space": {"embedding.seed": spans(0, 9)}}, "space.embedding.seed: a study has its seed under `seed`"),
    ({"space": {"embedding.epochs": spans(1, 9)}}, "space.embedding.epochs: a study has its epochs under `epochs`"),
    ({"space": {"training.epochs": spans(1, 9)}}, "space.training.epochs: a study has its epochs under `epochs`"),
    ({"fixed": {"embedding.gpu.batch": 9}}, "fixed.embedding.gpu.batch: the trainings of a study run on the processor"),
    ({"space": WINDOW}, "space.embedding.window: it changes how the loss on the held-out text is measured"),
    ({"space": {"embedding.negatives": spans(2, 9)}}, "negatives: it changes how the loss on the held-out text is mea"),
    ({"space": {"embedding.noise_exponent": spans(0, 1)}}, "noise_exponent: it changes how the loss on the held-out"),
    ({"space": {"embedding.round": {"choices": [100, 200]}}}, "round: it changes how the loss on the held-out text"),
    ({"objective": "wordsim", "space": {"embedding.validation": spans(0.1, 0.2)}}, "it decides which text is held out"),
    ({"space": {"embedding.learning_rate": spans(0, 0.1)}}, "should be greater than 0.0; this is at the corner"),
    ({"space": {"embedding.shards": spans(1, 4)}}, "damping is 0, and should be above 0 for 4 shards"),
    ({"space": {"embedding.window": spans(2.5, 9)}, "objective": "simlex"}, "take whole numbers for both ends"),
    ({"space": RATE, "fixed": {"embedding.learning_rate": 0.1}}, "embedding.learning_rate is fixed, too"),
    ({"stop": HALVING, "epochs": 1}, "stop.halving leaves one rung"),
    ({"stop": HALVING, "epochs": 4, "batch": {"window": 2}}, "ranks a rung once all of it is trained, and batch is"),
    ({"stop": {"target": 1.5, "patience": None, "halving": None}, "objective": "simlex"}, "above 0 and at most 1"),
    ({"methods": ["grid"]}, "tuning.grid.levels.own is missing"),
    ({"examples": 0}, "tuning.studies.own.examples is 0"),
    ({"evaluation": {"seeds": 5}, "trials": 4}, "evaluation is 5 seeds, so that a trial costs 5 trainings, and trials"),
]


@pytest.mark.parametrize(("changes", "said"), REFUSED)
def test_a_study_of_word_vectors_that_could_not_run_is_refused(
    changes: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput) as refused:
        check(monkeypatch, changes)
    line = str(refused.value)
    assert said in line
    assert line.startswith("params.yaml: ") and "\n" not in line
    assert "tuning.studies.own" in line or "tuning.grid.levels.own" in line


def test_a_sampler_that_is_not_tuned_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match=r"own\.corpus: word vectors are tuned with the sampler word2vec, and embedding"):
        check(monkeypatch, {}, {"sampler": "notes"})


def test_the_objectives_are_the_loss_and_the_tests_of_words_in_the_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("loss", *SOURCES["word-similarity"].files):
        check(monkeypatch, {"objective": name})
