"""A whole contest, from params.yaml to its results and its part of the page."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from pydantic import TypeAdapter

from bakeoff.base.settings import PATH, BadInput, load
from bakeoff.data.examples import Examples, Split
from bakeoff.report.figures.tuner_contest import draw_contest, draw_problem
from bakeoff.report.sections import tuner_contest
from bakeoff.tuner_contest.build_table import TableTrainings
from bakeoff.tuner_contest.contest import Key, Searches, compared, searches
from bakeoff.tuner_contest.entries import Entries
from bakeoff.tuner_contest.functions import function_problem
from bakeoff.tuner_contest.model import TunerContest
from bakeoff.tuner_contest.settings import TunerContestBudget
from bakeoff.tuner_contest.statistics import Bootstrap
from bakeoff.tuning.trained import Trained

DOCUMENT = load(PATH)
LEVELS = {"optimizer.learning_rate": 3, "optimizer.beta": 2, "penalty.weight_decay": 2}
TABLE = {"levels": LEVELS, "epochs": 1, "examples": 12, "checks": 3}
CONTEST = DOCUMENT["tuner_contest"] | {"methods": ["grid", "random", "bayes"], "functions": ["branin"], "resamples": 50}
BUDGET = {"repeats": 3, "trials": [2, 5]}
RNG = np.random.default_rng(0)
SPLIT = Split(RNG.random((30, 1, 4, 4)).astype(np.float32), np.arange(30, dtype=np.uint8) % 3)
EXAMPLES = Examples(SPLIT, SPLIT, SPLIT, classes=("a", "b", "c"))


def reader(**contest: Any) -> Any:
    budgets = {"standard": DOCUMENT["budgets"]["standard"] | {"tuner_contest": BUDGET}}
    document = DOCUMENT | {"budget": "standard", "budgets": budgets, "tuner_contest": CONTEST | contest}

    def read(key: str, kind: Any) -> Any:
        value: Any = document
        for part in key.split("."):
            value = value[part]
        return TypeAdapter(kind).validate_python(value)

    return read


def no_file(path: str, _: Any) -> Any:
    raise AssertionError(f"{path} is no recipe of the study")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of twelve small trainings and three checks."""
    trainings = TableTrainings.read(reader(tables={"mlp": TABLE}), no_file, "mlp")
    train = trainings.train(trainings.objective(EXAMPLES))
    path = tmp_path_factory.mktemp("table") / "mlp.csv"
    path.write_text(trainings.written([train(asked) for asked in trainings.asked]))
    return path


def held(table: Path | None, **contest: Any) -> TunerContest:
    entries = Entries.read(reader(tables={"mlp": TABLE} if table else {}, **contest), lambda _: table or Path())
    found = entries.searches([entries.search(key) for key in entries.keys])
    return compared(found, entries.tables, entries.bootstrap)


def test_a_table_has_the_trainings_of_its_study_at_the_levels(table: Path) -> None:
    header, *rows = table.read_text().splitlines()
    assert header == "role,optimizer.learning_rate,optimizer.beta,penalty.weight_decay,loss,diverged,interpolated"
    assert [row.split(",")[0] for row in rows] == ["level"] * 12 + ["check"] * 3
    trainings = TableTrainings.read(reader(tables={"mlp": TABLE}), no_file, "mlp")
    objective = trainings.objective(EXAMPLES)
    assert (trainings.settings.epochs, len(objective.examples.train.x)) == (1, 12)
    for place in (0, 7, 13):
        values = [float(value) for value in rows[place].split(",")[1:5] if value]
        point = dict(zip(trainings.space.dimensions, values, strict=False))
        assert objective(point) == Trained(objective(point).metrics, None)
        assert values[3] == objective(point).metrics["val/loss"]


def test_a_table_with_more_examples_than_there_are_names_its_own_setting() -> None:
    trainings = TableTrainings.read(reader(tables={"mlp": TABLE | {"examples": 31}}), no_file, "mlp")
    with pytest.raises(
        BadInput, match=r"^params.yaml: tuner_contest.tables.mlp.examples is 31, and the training split"
    ):
        trainings.objective(EXAMPLES)


def test_a_contest_has_every_search_once_and_comes_back_from_its_file(table: Path, tmp_path: Path) -> None:
    contest = held(table)
    assert list(contest.problems) == ["branin", "mlp"]
    assert {name: len(of.curve) for name, of in contest.problems["mlp"].methods.items()} == {
        "grid": 0,
        "random": 5,
        "bayes": 5,
    }
    for of in contest.problems.values():
        random = of.methods["random"]
        assert random.regrets == (random.curve[1], random.curve[4])
    assert contest.tables["mlp"].trainings == 12
    path = tmp_path / "results.json"
    path.write_text(contest.dumped())
    assert TunerContest.read(path).dumped() == contest.dumped()
    path.write_text(contest.dumped()[:-20])
    with pytest.raises(
        BadInput, match=r"is truncated or of another version of bakeoff; `dvc repro tuner_contest` writes it"
    ):
        TunerContest.read(path)


def test_the_same_seeds_make_the_same_contest(table: Path) -> None:
    assert held(table) == held(table)
    assert held(table) != held(table, seed=7)


def test_a_grid_is_searched_anew_at_each_budget_and_others_once() -> None:
    budget = TunerContestBudget(repeats=2, trials=(2, 5))
    keys = list(searches(["grid", "random"], ["a"], budget, 3))
    assert keys == [
        *(Key("grid", "a", 2, 3), Key("grid", "a", 5, 3), Key("random", "a", 5, 3)),
        *(Key("grid", "a", 2, 4), Key("grid", "a", 5, 4), Key("random", "a", 5, 4)),
    ]


def test_a_method_that_is_always_better_wins_and_diverged_trials_are_counted() -> None:
    budget, problem = TunerContestBudget(repeats=4, trials=(2, 3)), function_problem("branin")
    values = {Key("random", "branin", 3, seed): [9.0, 8.0 + seed, math.inf] for seed in range(4)}
    values |= {Key("bayes", "branin", 3, seed): [4.0 + seed, 3.0, 2.0] for seed in range(4)}
    found = Searches(values, {"branin": problem}, budget, 0)
    contest = compared(found, {}, Bootstrap(0.95, 100))
    better = contest.methods["bayes"]
    assert [share.value for share in better.wins] == [1.0, 1.0]
    assert better.ratios[1].value == pytest.approx((2.0 - problem.least) / (9.0 - problem.least), rel=1e-4)
    assert better.ratios[1].interval[1] < 1
    assert (better.ranks, contest.methods["random"].ranks) == ((1.0, 1.0), (2.0, 2.0))
    assert found.regrets("random", "branin", 3)[0].tolist() == sorted(
        found.regrets("random", "branin", 3)[0], reverse=True
    )
    assert "With 3 trials, `bayes` has less regret than random search" in tuner_contest.section(contest)


def test_the_page_says_what_was_searched_and_what_came_of_it(table: Path) -> None:
    page = tuner_contest.section(held(table))
    assert "1 function with a known minimum (`branin`) and 1 table of real trainings (`mlp`), each 3 times" in page
    assert "The table `mlp` has 12 trainings of `mlp` under `momentum` on `images`" in page
    assert "At 3 random points the difference between the interpolated loss and that of a real training is" in page
    assert "| method | 2 trials | 5 trials | diverged |" in page
    assert page.count("\n| random |") == 1  # among the ranks


def test_a_contest_of_random_search_alone_and_one_without_tables_have_a_page_and_a_figure() -> None:
    alone, functions = held(None, methods=["random"]), held(None, functions=["branin", "valley"])
    assert "Comparison of search methods" in tuner_contest.section(alone)
    assert "ratio" not in tuner_contest.section(alone)
    assert "diverged" not in tuner_contest.section(functions)
    assert all(draw_contest(contest)[:4] == b"\x89PNG" for contest in (alone, functions))


def test_a_contest_of_one_trial_has_a_figure_with_a_mark_for_each_method() -> None:
    contest = held(None, methods=["random", "bayes"], functions=["branin"])
    one = {
        name: of.model_copy(update={"curve": of.curve[:1]}) for name, of in contest.problems["branin"].methods.items()
    }
    panel = Figure().subplots()
    problem = contest.problems["branin"].model_copy(update={"methods": one})
    draw_problem(panel, "branin", problem, contest.model_copy(update={"trials": (1,)}))
    assert [line.get_marker() for line in panel.get_lines()] == ["o", "o"]
    assert panel.get_xlim() == (1, 2)
