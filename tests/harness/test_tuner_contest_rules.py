"""What the gate says of the contest of the methods of search, before any work."""

from pathlib import Path
from typing import Any

import pytest

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.harness import params

PARAMS = Path(__file__).parents[2] / "params.yaml"
LEVELS = {"optimizer.learning_rate": 4, "optimizer.beta": 3, "penalty.weight_decay": 2}


def check(monkeypatch: pytest.MonkeyPatch, contest: dict[str, Any], study: dict[str, Any] | None = None) -> None:
    """Check params.yaml as it ships with some changes of the contest, and of the study mlp."""
    document = settings.load(PARAMS)
    document["tuner_contest"] |= contest
    document["tuning"]["studies"]["mlp"] |= study or {}
    monkeypatch.chdir(PARAMS.parent)
    monkeypatch.setattr(params, "load", lambda path: document if path.name == PARAMS.name else settings.load(path))
    params.check(graph=False)


def of(levels: dict[str, Any], name: str = "mlp") -> dict[str, Any]:
    return {"tables": {name: {"levels": levels, "epochs": 1, "examples": 100, "checks": 2}}}


@pytest.mark.parametrize(
    "contest",
    [{}, {"methods": []}, {"tables": {}}, {"functions": []}, {"methods": ["random"]}, {"resamples": 40}, of(LEVELS)],
)
def test_a_contest_that_can_be_held_passes(monkeypatch: pytest.MonkeyPatch, contest: dict[str, Any]) -> None:
    check(monkeypatch, contest)


@pytest.mark.parametrize(
    ("contest", "says"),
    [
        ({"methods": ["bayes"]}, r"tuner_contest: methods has no 'random', which the others are compared with; add it"),
        ({"methods": ["random", "gradient"]}, r"tuner_contest.methods"),
        ({"functions": [], "tables": {}}, r"functions and tables are empty, and there is nothing to search; add one"),
        ({"functions": ["rosenbrock"]}, r"tuner_contest.functions"),
        (of(LEVELS, "mpl"), r"tables.mpl is not under tuning.studies; did you mean 'mlp'\?"),
        (of(LEVELS, "tradeoff"), r"tables.tradeoff: the study has two objectives, and a table has one; take a study"),
        (of({"optimizer.beta": 3}), r"tables.mlp: levels.optimizer.learning_rate is missing, a range of the study"),
        (of(LEVELS | {"optimizer.rho": 3}), r"levels.optimizer.rho is not a range of the study"),
        (of(LEVELS | {"optimizer.beta": 1}), r"levels.optimizer.beta"),
        (
            of(dict.fromkeys(LEVELS, 99)),
            r"levels make 99 x 99 x 99 = 970,299 trainings, and should make at most 10,000",
        ),
        (
            {"tables": {"mlp": {"levels": LEVELS, "epochs": 1, "examples": 100, "checks": 9_977}}},
            r"tables.mlp: checks is 9977, and levels make 4 x 3 x 2 = 24 trainings; both together should be",
        ),
        ({"seed": 2**32 - 1}, r"tuner_contest.seed is 4294967295, and the seeds of 30 searches"),
        ({"resamples": 39}, r"tuner_contest.resamples is 39, and comparison.confidence is 0.95: .* need 40 resamples"),
    ],
)
def test_a_contest_that_cannot_be_held_is_refused(
    monkeypatch: pytest.MonkeyPatch, contest: dict[str, Any], says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        check(monkeypatch, contest)


def test_a_study_that_is_gone_is_named_wherever_it_was_used(monkeypatch: pytest.MonkeyPatch) -> None:
    document = settings.load(PARAMS)
    del document["tuning"]["studies"]["mlp"]
    monkeypatch.chdir(PARAMS.parent)
    monkeypatch.setattr(params, "load", lambda path: document if path.name == PARAMS.name else settings.load(path))
    with pytest.raises(
        BadInput, match=r"tuning.grid.levels.mlp is not under .*; tuner_contest.tables.mlp is not under"
    ):
        params.check(graph=False)


def test_a_table_needs_a_space_without_conditions(monkeypatch: pytest.MonkeyPatch) -> None:
    study = {
        "optimizer": ["momentum", "adam"],
        "methods": ["random"],
        "space": {
            f"optimizer.{name}.learning_rate": {"low": 1.0e-3, "high": 1.0, "scale": "log"}
            for name in ("momentum", "adam")
        },
    }
    with pytest.raises(BadInput, match=r"tables.mlp: .*learning_rate of the study is searched only under a condition"):
        check(monkeypatch, of({}), study)


def test_a_table_needs_a_range(monkeypatch: pytest.MonkeyPatch) -> None:
    study = {"methods": ["random"], "space": {"network.activation": {"choices": ["relu", "gelu"]}}}
    with pytest.raises(BadInput, match=r"tables.mlp: the study searches choices alone, .*; take a study with a range"):
        check(monkeypatch, of({}), study)


def test_a_table_has_not_the_name_of_a_function(monkeypatch: pytest.MonkeyPatch) -> None:
    document = settings.load(PARAMS)
    document["tuning"]["studies"]["branin"] = document["tuning"]["studies"]["mlp"] | {"methods": ["random"]}
    document["tuner_contest"] |= of(LEVELS, "branin")
    monkeypatch.chdir(PARAMS.parent)
    monkeypatch.setattr(params, "load", lambda path: document if path.name == PARAMS.name else settings.load(path))
    with pytest.raises(BadInput, match=r"tables.branin: functions has this name, too; take the function off"):
        params.check(graph=False)


def test_a_range_of_whole_numbers_has_no_more_levels_than_these(monkeypatch: pytest.MonkeyPatch) -> None:
    space = {"network.hidden.0": {"low": 4, "high": 6, "scale": "linear"}}
    study = {"methods": ["random"], "space": space}
    check(monkeypatch, of({"network.hidden.0": 3}), study)
    with pytest.raises(
        BadInput, match=r"levels.network.hidden.0 is 4, and its range has 3 whole numbers; take at most"
    ):
        check(monkeypatch, of({"network.hidden.0": 4}), study)


@pytest.mark.parametrize("trials", [[8, 8], [16, 8]])
def test_budgets_ascend(monkeypatch: pytest.MonkeyPatch, trials: list[int]) -> None:
    document = settings.load(PARAMS)
    document["budgets"]["standard"]["tuner_contest"]["trials"] = trials
    monkeypatch.chdir(PARAMS.parent)
    monkeypatch.setattr(params, "load", lambda path: document if path.name == PARAMS.name else settings.load(path))
    with pytest.raises(BadInput, match=r"and should ascend; order it, each number once"):
        params.check(graph=False)


def test_a_table_is_of_trainings_of_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    document = settings.load(PARAMS)
    unlike = ("task", "model", "optimizer", "start")
    study = {key: value for key, value in document["tuning"]["studies"]["mlp"].items() if key not in unlike}
    space = {"embedding.learning_rate": {"low": 0.01, "high": 0.1, "scale": "log"}}
    study |= {"corpus": "corpus", "architecture": "cbow", "methods": ["random"], "fixed": {}, "space": space}
    document["tuning"]["studies"]["words"] = study
    document["tuner_contest"] |= of({"embedding.learning_rate": 3}, "words")
    monkeypatch.chdir(PARAMS.parent)
    monkeypatch.setattr(params, "load", lambda path: document if path.name == PARAMS.name else settings.load(path))
    with pytest.raises(BadInput, match=r"tables.words: the study trains word vectors, and a table has trainings of"):
        params.check(graph=False)
