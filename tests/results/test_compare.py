import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bakeoff.base.record import Record, Run
from bakeoff.report.pages import study_part
from bakeoff.results.compare import Cell, Records, TaskRecords, compare, limits_of, no_winner, standings, tuning
from bakeoff.results.model import CellName, Comparison, Reference, RunCount, Search, TaskComparison, Winner
from bakeoff.results.power import level, seeds_needed
from bakeoff.results.references import HeldOut
from bakeoff.results.settings import ComparisonSettings
from bakeoff.results.significance import student

NAN = math.nan
SETTINGS = ComparisonSettings(confidence=0.95, unstable_above=0.1, resamples=1000, seed=0)
CHANCE = HeldOut((250, 250), (Reference(name="the majority class", validation=0.5, test=0.5),))


def contender(name: str, *scores: float) -> Cell[str]:
    return Cell(name, tuple(range(len(scores))), np.array(scores), np.array(scores))


def names(cells: Sequence[Cell[str]]) -> list[str]:
    return [standing.cell.name for standing in standings(cells, 0.95, math.inf)]


def group(cells: Sequence[Cell[str]]) -> set[str]:
    """The leader and its ties."""
    placed = standings(cells, 0.95, math.inf)
    return {standing.cell.name for standing in placed if standing.tied} | {placed[0].cell.name}


def test_a_clear_difference_parts_and_a_small_one_ties() -> None:
    cells = [
        contender("bad", 0.80, 0.81, 0.80),
        contender("good", 0.90, 0.91, 0.905),
        contender("near", 0.91, 0.90, 0.90),
    ]
    assert names(cells) == ["good", "near", "bad"]
    assert group(cells) == {"good", "near"}


def test_a_diverged_run_outweighs_every_mean() -> None:
    cells = [
        contender("two lost", 0.99, NAN, NAN),
        contender("one lost", 0.95, 0.95, NAN),
        contender("none", 0.1, 0.2, 0.1),
    ]
    assert names(cells) == ["none", "one lost", "two lost"]
    assert group(cells) == {"none"}


def test_where_every_cell_lost_a_run_the_means_decide_over_the_seeds_both_ended() -> None:
    cells = [contender("a", 0.90, NAN, 0.92, 0.91), contender("b", NAN, 0.99, 0.95, 0.95)]
    leader, other = standings(cells, 0.95, math.inf)
    assert leader.cell.name == "b"
    assert other.difference.tolist() == pytest.approx([-0.03, -0.04])


def test_nobody_leads_where_all_diverged() -> None:
    placed = standings([contender("a", NAN, NAN), contender("b", NAN, NAN)], 0.95, math.inf)
    assert [standing.tied for standing in placed] == [False, False]
    assert placed[0].cell.best_seed is None


def test_a_share_of_diverged_runs_counts_whatever_the_number_of_seeds() -> None:
    cells = [
        contender("one of five lost", 0.99, 0.99, 0.99, 0.99, NAN),
        contender("one of ten lost", *[0.5] * 9, NAN),
        contender("two of ten lost", *[0.9] * 8, NAN, NAN),
    ]
    assert names(cells) == ["one of ten lost", "one of five lost", "two of ten lost"]


def test_cells_with_more_and_with_fewer_seeds_are_paired_over_those_that_both_have() -> None:
    many = contender("many", 0.80, 0.82, 0.81, 0.99, 0.70)
    few = Cell("few", (2, 0, 1), np.array([0.91, 0.90, 0.92]), np.array([0.9, 0.9, 0.9]))
    leader, other = standings([many, few], 0.95, math.inf)
    assert leader.cell is few
    assert other.difference.tolist() == pytest.approx([-0.1, -0.1, -0.1])


def test_other_seeds_cannot_be_paired() -> None:
    strange = Cell("strange", (3, 4), np.array([0.5, 0.6]), np.array([0.5, 0.6]))
    with pytest.raises(ValueError, match=r"strange.*not paired"):
        standings([contender("a", 0.7, 0.8), strange], 0.95, math.inf)


@pytest.mark.parametrize("seeds", [(3,), (5,), (5, 10)], ids=["3", "5", "5 and 10 in turns"])
@pytest.mark.parametrize(
    "means",
    [np.zeros(18), np.repeat([0.0, -50.0], [2, 16]), np.linspace(0, -3, 8)],
    ids=["all equal", "two and many bad ones", "a slope"],
)
def test_the_group_of_ties_keeps_the_truly_best(means: np.ndarray[Any, Any], seeds: tuple[int, ...]) -> None:
    """The promise behind a tie: in at least 95 of 100 contests the best is the leader or tied, although the leader is
    picked after seeing the scores.
    """
    rng = np.random.default_rng(0)
    contests = rng.normal(means[:, None], 1.0, size=(100, len(means), max(seeds)))
    kept = [
        "0" in group([contender(str(n), *scores[: seeds[n % len(seeds)]]) for n, scores in enumerate(contest)])
        for contest in contests
    ]
    # Measured .99 or more over 4,000 contests by benchmarks/significance.py.
    assert np.mean(kept) >= 0.95


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ([("a", NAN, NAN, NAN), ("b", NAN, NAN, NAN)], "all diverged"),
        ([("a", 0.9, 0.91, 0.92)], "alone"),
        ([("a", 0.9, 0.91), ("b", 0.1, 0.11)], "too few seeds"),
        ([("a", 0.9, 0.91, NAN), ("b", 0.1, 0.11, NAN)], "too few seeds"),
        ([("a", 0.9), ("b", 0.1)], "too few seeds"),
        ([("a", 0.9, 0.91, 0.92), ("b", 0.8, 0.8, NAN)], "diverged rivals"),
        ([("a", 0.1, 0.11, 0.1), ("b", 0.99, NAN, 0.99), ("c", NAN, NAN, NAN)], "diverged rivals"),
        # One is worse, but another is behind because of its diverged run alone.
        ([("a", 0.5, 0.51, 0.5), ("b", 0.1, 0.1, 0.11), ("c", 0.99, NAN, 0.99)], "diverged rivals"),
        ([("a", 0.9, 0.91, 0.92), ("b", 0.9, 0.91, 0.91)], "tied"),
        ([("a", 0.99, 0.4, 0.99), ("b", 0.1, 0.11, 0.1)], "unstable"),
        ([("a", 0.9, 0.91, 0.92), ("b", 0.99, 0.2, 0.9)], "unstable"),
        ([("a", 0.9, 0.91, 0.92), ("b", 0.99, 0.2, 0.9), ("c", 0.9, 0.9, 0.91)], "tied"),
        ([("a", 0.9, 0.91, 0.92), ("b", 0.1, 0.11, 0.1)], None),
        ([("a", 0.9, 0.91, 0.92), ("b", 0.1, 0.11, 0.1), ("c", 0.5, NAN, 0.5)], None),
        ([("a", 0.9, 0.91, 0.92, 0.9), ("b", 0.1, 0.11, 0.1, 0.1), ("c", 0.2, 0.2, 0.2, 0.21)], None),
    ],
)
def test_why_a_leader_does_not_win(cells: Sequence[tuple[Any, ...]], reason: str | None) -> None:
    placed = standings([contender(name, *scores) for name, *scores in cells], 0.95, 0.1)
    assert no_winner(placed, None) == reason


@pytest.mark.parametrize("rivals", [[("b", 0.1, 0.11, 0.1)], [("b", 0.9, 0.91, 0.91)], []])
def test_a_leader_that_is_no_better_than_a_reference_wins_nothing(rivals: Sequence[tuple[Any, ...]]) -> None:
    cells = [contender(name, *scores) for name, *scores in [("a", 0.9, 0.91, 0.92), *rivals]]
    assert no_winner(standings(cells, 0.95, 0.1), "the majority class") == "no better than the reference"


def test_a_leader_by_its_own_seeds_alone_wins_nothing() -> None:
    """Over the first three seeds the other is better; the leader owes its mean to three more."""
    few = contender("few", 0.80, 0.81, 0.805)
    many = contender("many", 0.75, 0.761, 0.756, 0.95, 0.95, 0.95)
    placed = standings([few, many], 0.95, 0.2)
    assert [place.cell.name for place in placed] == ["many", "few"]
    assert [place.may_be_best for place in placed] == [False, True]
    assert no_winner(placed, None) == "tied"  # the other may be the best


def test_an_unstable_cell_is_not_tied_and_not_counted_among_the_best() -> None:
    cells = [
        contender("good", 0.90, 0.91, 0.92, 0.91, 0.90),
        contender("near", 0.90, 0.90, 0.92, 0.91, 0.90),
        contender("wild", 0.99, 0.10, 0.98, 0.20, 0.97),
    ]
    good, near, wild = standings(cells, 0.95, 0.1)
    assert (wild.unstable, wild.may_be_best, wild.tied) == (True, True, False)
    assert (near.unstable, near.may_be_best, near.tied) == (False, True, True)
    assert good.behind is not None and good.behind[1] < 0.1
    stable = standings(cells, 0.95, math.inf)
    assert stable[2].tied and stable[0].behind is not None and stable[0].behind[1] > 0.5


def test_the_leader_too_has_a_p_and_limits() -> None:
    leader, other = standings([contender("a", 0.9, 0.91, 0.92), contender("b", 0.1, 0.11, 0.1)], 0.95, 0.1)
    assert leader.p is not None and leader.p > 0.99 and leader.adjusted == leader.p
    assert (leader.may_be_best, leader.tied) == (True, False)
    assert leader.behind is not None and leader.behind[0] == 0
    assert other.behind is not None and 0 < other.behind[0] < 0.8066 < other.behind[1]
    assert other.p is not None and other.adjusted is not None and 0 < other.p < other.adjusted < 0.05


def test_a_cell_with_more_diverged_runs_is_not_compared() -> None:
    placed = standings([contender("a", 0.9, 0.91, 0.92), contender("b", 0.1, NAN, 0.1)], 0.95, 0.1)
    assert [(place.p, place.behind, place.may_be_best) for place in placed] == [(None, None, True), (None, None, False)]


def made(
    model: str, optimizer: str, scores: Sequence[float | None], test: float = 0.5, default: Sequence[float | None] = ()
) -> Record:
    """A record whose final seeds reach these accuracies after three epochs; None diverges in the third.

    Beside them a search of two trials, the second of which diverged, and runs at the default hyperparameters that reach
    `default` on test data.
    """
    rate = "optimizer.learning_rate"
    shared = {"task": "images", "data": "data/images/images.npz", "model": model, "optimizer": optimizer}
    shared |= {
        "network.parameters": 7850,
        "optimizer.state": 2,
        "validation_subset": 140,
        "training.epochs": 3,
        "training.schedule.kind": "constant",
        "training.batch_size": 32,
        "training.evaluations": 12,
        rate: 0.25,
    }

    def run(name: str, role: str, seed: int, score: float | None, more: Mapping[str, Any], test: float | None) -> Run:
        reached = 0.5 if score is None else score
        history = [
            {
                "epoch": e / 3,
                "step": 7 * e,
                "val_subset/loss": 1 / e + seed,
                "val_subset/accuracy": reached * e / 3,
            }
            for e in (1, 2, 3)
        ]
        parameters = shared | {"seed": seed, "role": role} | more
        if score is None:
            return Run(f"{model}-{optimizer}-{name}", parameters, {}, history[:2], 20)
        metrics = {"val/accuracy": reached, "val_subset/accuracy": reached} | (
            {} if test is None else {"test/accuracy": test}
        )
        return Run(f"{model}-{optimizer}-{name}", parameters, metrics, history)

    head = Run(f"{model}-{optimizer}-search", shared | {"role": "search", "edge": None}, {"trials": 2.0})
    trials = [run("t1", "trial", 1000, 0.6, {}, None), run("t2", "trial", 1000, None, {rate: 8.0}, None)]
    final = [run(f"s{seed}", "final", seed, score, {}, test) for seed, score in enumerate(scores)]
    usual = [
        run(f"default-s{seed}", "default", seed, 0.5 if score else None, {rate: 0.1}, score)
        for seed, score in enumerate(default)
    ]
    settings = {f"optimizers.{optimizer}": {"search": {"learning_rate": [0.01, 10.0]}}}
    settings |= {"budget": "b"} | {
        f"budgets.b.contest.{name}": 2 for name in ("trials", "finalists", "reruns", "defaults")
    }
    stage = f"train_images@{model}-{optimizer}"
    return Record(stage, "images", "", settings, {}, "", [head, *trials, *final, *usual])


def found(method: str, confirmed: Sequence[float], trials: Sequence[float]) -> Record:
    """A search's record: validation losses of its trials and of its best on fresh seeds."""
    study, shared = f"{method}-s0", {"method": method, "seed": 0, "optimizer": "momentum", "grid.levels": {"beta": 2}}
    shared |= {"task": "images", "data": "data/images/images.npz", "model": "mlp", "study.objective": "loss"}
    shared |= {"study": "mlp", "study.space": "optimizer.learning_rate"}
    history = [{"epoch": n, "best/val/loss": min(trials[:n])} for n in range(1, 1 + len(trials))]
    told = {"optimizer.learning_rate": 0.25, "study.best": "t001", "study.ended": "budget"}
    head = Run(study, shared | told, {"trials": 2.0}, history)
    tried = [
        Run(f"{study}-t{n}", shared | {"optimizer.learning_rate": n / 4}, {"val/loss": loss}, parent=study)
        for n, loss in enumerate(trials, start=1)
    ]
    fresh = [
        Run(f"{study}-c{n}", shared | {"seed": n}, {"val/loss": loss, "test/accuracy": 0.9}, parent=study)
        for n, loss in enumerate(confirmed, start=1)
    ]
    space = {"optimizer.learning_rate": {"low": 0.01, "high": 10.0, "scale": "log"}}
    settings = {"tuning.studies.mlp": {"optimizer": "momentum", "space": space}}
    return Record(f"tune_mlp@{method}", "tuning", "", settings, {}, "", [head, *tried, *fresh])


STUDIES = {
    "grid": found("grid", [0.5, 0.52, 0.51], [0.4, 0.3]),
    "bayes": found("bayes", [0.3, 0.31, 0.3], [0.2, 0.1]),
}


def whole(cells: Records, *, baselines: Sequence[Record] = (), recipes: Sequence[Record] = ()) -> Comparison:
    tasks = {"images": TaskRecords("images", "accuracy", cells, CHANCE)}
    return compare(tasks, {}, {"mlp": STUDIES}, baselines, recipes, SETTINGS)


def images(cells: Records, **more: Sequence[Record]) -> TaskComparison:
    return whole(cells, **more).tasks["images"]


RECORDS: Records = {
    ("mlp", "sgd"): made("mlp", "sgd", [0.90, 0.91, 0.90], test=0.99),
    ("mlp", "adam"): made("mlp", "adam", [0.94, None, 0.95]),
    ("cnn", "sgd"): made("cnn", "sgd", [0.950, 0.961, 0.954]),
    ("cnn", "adam"): made("cnn", "adam", [0.956, 0.955, 0.958]),
}


def test_the_winner_is_chosen_on_validation_never_on_test() -> None:
    task = images(RECORDS)
    assert task.winner == Winner(model="cnn", optimizer="adam", seed=2)
    assert task.tied_with == (CellName(model="cnn", optimizer="sgd"),)
    assert [(cell.model, cell.optimizer) for cell in task.cells] == [
        ("cnn", "adam"),
        ("cnn", "sgd"),
        ("mlp", "sgd"),
        ("mlp", "adam"),
    ]
    assert task.leader == task.cells[0]


def test_a_diverged_seed_is_named_and_its_cell_kept() -> None:
    cell = images(RECORDS).cells[-1]
    assert cell.diverged == (1,)
    assert cell.validation.values == (0.94, None, 0.95)
    assert cell.validation.mean == 0.945
    assert not cell.tied


def test_each_model_has_a_contest_of_its_own() -> None:
    models = images(RECORDS).models
    assert models["mlp"].leader == "sgd"
    assert models["mlp"].tied_with == ()
    assert (models["cnn"].leader, models["cnn"].tied_with) == ("adam", ("sgd",))


def test_no_interval_reaches_beyond_the_scale() -> None:
    interval = images({("cnn", "adam"): made("cnn", "adam", [0.99, 0.999, 0.97])}).leader.validation.interval
    assert interval is not None and interval[1] == 1.0


def test_the_share_of_the_range_above_which_a_cell_is_unstable_depends_on_the_metric() -> None:
    """A standard deviation of .07 is 7 % of the range of an accuracy, and 14 % of that of an area under the curve."""
    records = {("cnn", "adam"): made("cnn", "adam", [0.83, 0.90, 0.97]), ("cnn", "sgd"): made("cnn", "sgd", [0.9] * 3)}
    for run in (run for record in records.values() for run in record.runs):
        for split in ("val", "val_subset", "test"):
            if f"{split}/accuracy" in run.metrics:
                run.metrics[f"{split}/auc"] = run.metrics[f"{split}/accuracy"]  # type: ignore[index]
        for row in run.history:
            row["val_subset/auc"] = row["val_subset/accuracy"]  # type: ignore[index]
    found = {
        metric: compare({"x": TaskRecords("table", metric, records, CHANCE)}, {}, {}, [], [], SETTINGS).tasks["x"]
        for metric in ("accuracy", "auc")
    }
    unstable = {
        metric: {cell.optimizer for cell in task.cells if cell.unstable and not cell.tied}
        for metric, task in found.items()
    }
    assert unstable == {"accuracy": set(), "auc": {"adam"}}
    assert {cell.optimizer: cell.unstable for cell in found["auc"].models["cnn"].cells} == {"adam": True, "sgd": False}


def test_a_contest_at_chance_level_has_no_winner() -> None:
    task = images({("cnn", name): made("cnn", name, [s, s]) for name, s in (("adam", 0.51), ("sgd", 0.3))})
    assert {cell.optimizer: cell.no_better_than for cell in task.cells} == dict.fromkeys(
        ("adam", "sgd"), "the majority class"
    )
    assert task.no_winner == task.models["cnn"].no_winner == "no better than the reference"
    assert task.winner is not None and task.references == CHANCE.references


def test_a_contest_from_two_seeds_has_no_winner() -> None:
    task = images({("cnn", name): made("cnn", name, s) for name, s in (("adam", [0.9, 0.91]), ("sgd", [0.8, 0.81]))})
    assert task.no_winner == task.models["cnn"].no_winner == "too few seeds"


def test_each_family_says_what_it_can_show() -> None:
    task = images(RECORDS)
    assert [needed.effect for needed in task.seeds_needed] == [0.5, 1.0, 2.0]
    assert [needed.seeds for needed in task.seeds_needed] == [seeds_needed(e, level(3, 0.95)) for e in (0.5, 1, 2)]
    assert task.models["mlp"].seeds_needed == ()  # the other lost a run: nothing is compared
    assert [needed.seeds for needed in task.models["cnn"].seeds_needed] == [34, 10, 5]
    tuning = whole(RECORDS).tuning["mlp"]
    assert len(tuning.seeds_needed) == 3 and tuning.no_winner is None


def test_no_limit_of_what_a_cell_is_behind_exceeds_the_scale() -> None:
    task = images({("cnn", name): made("cnn", name, s) for name, s in (("adam", [0.95, 0.9]), ("sgd", [0.8, 0.91]))})
    assert [cell.behind for cell in task.cells] == [(0.0, 0.946996), (0.0, 1.0)]


def test_a_single_seed_has_no_intervals_and_ties_with_all() -> None:
    task = images({("cnn", name): made("cnn", name, [score]) for name, score in (("adam", 0.9), ("sgd", 0.5))})
    assert task.leader.validation.interval is None
    assert task.tied_with == (CellName(model="cnn", optimizer="sgd"),)
    assert task.detectable is None


def test_searches_are_ranked_by_the_loss_on_fresh_seeds() -> None:
    tuning = whole(RECORDS).tuning["mlp"]
    assert (tuning.winner, tuning.tied_with) == ("bayes", ())
    assert tuning.data == "data/images/images.npz" and "task" not in tuning.model_dump()
    bayes, grid = tuning.cells
    assert bayes.validation.values == (0.3, 0.31, 0.3)
    assert bayes.best == {"optimizer.learning_rate": 0.25}
    assert bayes.best_so_far == ((1, 0.2), (2, 0.1))
    assert (bayes.trials, bayes.trials_full, bayes.trials_diverged) == (2, 2, 0)
    assert '"best_so_far":[[1,' in whole(RECORDS).dumped().replace(" ", "").replace("\n", "")
    assert bayes.optimism.mean == pytest.approx(0.91 / 3 - 0.1, rel=1e-5)
    assert grid.difference.mean == pytest.approx(0.51 - 0.91 / 3, rel=1e-5)  # worse: its loss is larger


def test_of_a_halved_search_the_epochs_are_no_hyperparameter_and_shares_of_trainings_stay() -> None:
    record = found("grid", [0.5, 0.52, 0.51], [0.4, 0.3, 0.35])
    head, *children = record.runs
    for run in record.runs:
        run.parameters["training.epochs"] = 9  # type: ignore[index]
    for trial, epochs in zip(children, (3, 3, 9), strict=False):
        trial.parameters["training.epochs"] = epochs  # type: ignore[index]
    head.history[:] = [{"epoch": 5 / 3, "best/val/loss": 0.35}]  # type: ignore[index]
    (cell,) = compare({}, {}, {"mlp": {"grid": record}}, [], [], SETTINGS).tuning["mlp"].cells
    assert cell.best == {"optimizer.learning_rate": 0.25}
    assert cell.best_so_far == ((1.66667, 0.35),)
    assert (cell.trials, cell.trials_full) == (3, 1)


def test_the_same_records_give_the_same_bytes_in_any_order_of_the_cells() -> None:
    assert whole(RECORDS).dumped() == whole(dict(reversed(RECORDS.items()))).dumped()


def test_what_is_compared_is_what_is_read_back() -> None:
    comparison = whole(RECORDS)
    assert Comparison.parsed(comparison.dumped()) == comparison
    assert list(Comparison.parsed(comparison.dumped()).tasks["images"].models) == list(
        comparison.tasks["images"].models
    )


def by_accuracy(method: str, confirmed: Sequence[float], best: float) -> Record:
    """A search's record whose objective is the accuracy; its best trial had the given one."""
    record = found(method, confirmed, [0.5, 0.4])
    for run in record.runs:
        run.parameters["study.objective"] = "accuracy"  # type: ignore[index]
        if "val/loss" in run.metrics:
            run.metrics["val/accuracy"] = run.metrics.pop("val/loss")  # type: ignore[attr-defined, index]
        for row in run.history:
            row["best/val/accuracy"] = best if row["epoch"] == 2 else best / 2  # type: ignore[index]
    return record


def test_of_a_study_by_a_metric_the_highest_wins() -> None:
    studies = {
        "grid": by_accuracy("grid", [0.8, 0.81, 0.8], 0.85),
        "bayes": by_accuracy("bayes", [0.9, 0.92, 0.91], 0.95),
    }
    tuning = compare({}, {}, {"cnn": studies}, [], [], SETTINGS).tuning["cnn"]
    assert (tuning.metric, tuning.tested, tuning.winner, tuning.tied_with) == ("accuracy", "accuracy", "bayes", ())
    bayes, grid = tuning.cells
    assert (bayes.method, grid.method) == ("bayes", "grid")
    assert bayes.validation.mean == pytest.approx(0.91)
    assert bayes.optimism.mean == pytest.approx(0.95 - 0.91)
    assert grid.difference.mean == pytest.approx(np.mean([0.8, 0.81, 0.8]) - 0.91, rel=1e-5)
    assert grid.best_so_far == ((1, 0.425), (2, 0.85))


@pytest.mark.parametrize(
    ("measured", "tested", "column"),
    [
        ({}, None, None),
        ({"test/simlex": -0.9, "test/wordsim": -0.99}, "wordsim", "test rank correlation on WordSim-353"),
    ],
)
def test_a_study_of_word_vectors_is_tested_by_a_test_of_words_that_fits_the_vocabulary(
    measured: dict[str, float], tested: str | None, column: str | None
) -> None:
    record = found("bayes", [0.4, 0.5, 0.6], [0.5, 0.4])
    for run in record.runs:
        run.parameters.update(task="embedding", sampler="word2vec")  # type: ignore[attr-defined]
        if run.metrics.pop("test/accuracy", None):  # type: ignore[attr-defined]
            run.metrics.update(measured)  # type: ignore[attr-defined]
    del record.settings["tuning.studies.mlp"]["optimizer"]
    tuning = compare({}, {}, {"vectors": {"bayes": record}}, [], [], SETTINGS).tuning["vectors"]
    assert tuning.tested == tested
    assert tuning.cells[0].test.mean == measured.get("test/wordsim")
    page = study_part("vectors", tuning, None)
    assert (f"| {column}, new seeds |" in page) == bool(column)
    assert ("test" in page) == bool(column)


def test_the_limits_of_a_score_are_those_of_its_kind() -> None:
    assert limits_of("wordsim") == limits_of("simlex") == (-1, 1)
    assert limits_of("analogies") == limits_of("accuracy") == (0, 1)
    assert limits_of("loss") == (0, math.inf)


def test_tuning_gains_what_the_tuned_runs_have_over_the_default_ones_of_the_same_seeds() -> None:
    record = made("cnn", "adam", [0.9, 0.8, 0.9, 0.7], test=0.6, default=[0.5, 0.4])
    (cell,) = images({("cnn", "adam"): record}).cells
    assert cell.default.test.values == (0.5, 0.4)
    assert cell.gain.mean == pytest.approx(0.15)
    assert cell.gain.interval == pytest.approx(student([0.1, 0.2], 0.95), rel=1e-5)


def test_a_default_run_that_diverged_is_not_paired() -> None:
    record = made("cnn", "adam", [0.9, 0.8], test=0.6, default=[None, 0.4])
    (cell,) = images({("cnn", "adam"): record}).cells
    assert (cell.gain.mean, cell.gain.interval) == (pytest.approx(0.2), None)
    assert cell.default.test.values == (None, 0.4)


def test_the_search_lists_its_trials_by_rate_with_what_diverged() -> None:
    cell = images(RECORDS).leader
    assert cell.search == Search(
        trials=((0.25, 0.6), (8.0, None)),
        best=0.6,
        median=None,  # between .6 and one that diverged
        pick={"learning_rate": 0.25},
        default_rate=None,
        edge=None,
    )
    assert cell.runs.trial == RunCount(runs=2, diverged=1)
    assert cell.runs.final == RunCount(runs=3, diverged=0)
    assert cell.runs.total == RunCount(runs=5, diverged=1)


def test_the_target_is_what_half_of_the_leaders_runs_end_at() -> None:
    """Runs rise by thirds of what they end at: in step 14 two thirds of it, in step 21 all."""
    records: Records = {
        ("cnn", "adam"): made("cnn", "adam", [0.9, 0.8, 0.7]),
        ("cnn", "sgd"): made("cnn", "sgd", [0.6, 0.85, 0.6]),
        ("cnn", "lion"): made("cnn", "lion", [0.9, 0.9, None]),  # the best mean, but one was lost
    }
    target = images(records).models["cnn"].target
    assert target is not None and (target.value, target.of) == (0.8, "adam")
    found = {optimizer: (arrival.values, arrival.median, arrival.share) for optimizer, arrival in target.steps.items()}
    two_thirds, third = pytest.approx(2 / 3, rel=1e-5), pytest.approx(1 / 3, rel=1e-5)
    assert found == {
        "adam": ((21, 21, None), 21, two_thirds),
        "sgd": ((None, 21, None), None, third),
        "lion": ((21, 21, None), 21, two_thirds),
    }


def test_the_target_is_on_the_subset_and_the_ranks_are_on_all_validation_data() -> None:
    """On the subset, adam is worse than sgd, and by so much that only a target on the subset is reached."""

    def on_the_subset(record: Record, shift: float) -> Record:
        name = "val_subset/accuracy"

        def moved(run: Run) -> Run:
            rows = [row | {name: row[name] + shift} for row in run.history]
            return replace(run, history=rows, metrics=run.metrics | {name: rows[-1][name]} if run.metrics else {})

        return replace(record, runs=[moved(run) if run.history else run for run in record.runs])

    records: Records = {
        ("cnn", "adam"): on_the_subset(made("cnn", "adam", [0.9, 0.9, 0.9]), -0.3),
        ("cnn", "sgd"): on_the_subset(made("cnn", "sgd", [0.6, 0.6, 0.6]), 0.25),
    }
    family = images(records).models["cnn"]
    assert family.leader == "adam" and family.target is not None
    assert family.target.value == pytest.approx(0.6)
    assert {name: arrival.median for name, arrival in family.target.steps.items()} == {"adam": 21, "sgd": 14}
    assert [cell.optimizer for cell in images(records).cells] == ["adam", "sgd"]
    assert images(records).validation_subset == 140


def test_ranks_and_profile_are_over_all_problems() -> None:
    comparison = whole(RECORDS)
    assert comparison.ranks is not None and comparison.profile is not None
    assert comparison.ranks.problems == ("images: cnn", "images: mlp")
    # Of the mlp adam loses a seed; of the cnn adam, sgd, adam lead: ranks of adam 1 2 1 and 1 2 1.
    assert comparison.ranks.mean == {
        "sgd": pytest.approx(5 / 3, rel=1e-5),
        "adam": pytest.approx(4 / 3, rel=1e-5),
    }
    assert comparison.profile.problems == ("images: cnn", "images: mlp")


def test_a_baseline_stands_beside_the_cells_of_its_task() -> None:
    run = Run("logistic", {"task": "images", "model": "logistic"}, {"val/accuracy": 0.7, "test/accuracy": 0.6})
    elsewhere = Run("logistic", {"task": "flights", "model": "logistic"}, {"val/auc": 0.7, "test/auc": 0.6})
    records = [Record("train_baseline", "baselines", "", {}, {}, "", [run]) for run in (run, elsewhere)]
    (row,) = images(RECORDS, baselines=records).baselines
    assert (row.model, row.validation, row.test) == ("logistic", 0.7, 0.6)


def test_a_recipe_stands_beside_the_cells_and_is_ranked_with_none() -> None:
    runs = [
        Run(
            f"images-cnn-s{seed}",
            {
                "task": "images",
                "model": "cnn",
                "optimizer": "lion",
                "seed": seed,
                "refit": False,
                "training.epochs": 40,
            },
            metrics,
            [],
            lost,
        )
        for seed, metrics, lost in ((0, {"val/accuracy": 0.99, "test/accuracy": 0.98}, None), (1, {}, 7))
    ]
    record = Record("train_recipe_images@cnn", "recipes", "", {}, {}, "", runs)
    task = images(RECORDS, recipes=[record])
    (row,) = task.recipes
    assert (row.model, row.optimizer, row.runs, row.diverged) == ("cnn", "lion", 2, (1,))
    assert row.validation is not None
    assert (row.validation.mean, row.test.mean) == (0.99, 0.98)
    assert len(task.cells) == len(RECORDS)
    assert task.winner is not None and task.winner.optimizer == "adam"


def test_a_recipe_that_learnt_from_the_validation_data_has_no_score_on_them() -> None:
    shared = {"task": "images", "model": "cnn", "optimizer": "lion", "refit": True, "training.epochs": 40}
    runs = [Run(f"images-cnn-s{seed}", shared | {"seed": seed}, {"test/accuracy": 0.98}) for seed in range(2)]
    record = Record("train_recipe_images@cnn", "recipes", "", {}, {}, "", runs)
    (row,) = images(RECORDS, recipes=[record]).recipes
    assert (row.refit, row.validation, row.test.mean) == (True, None, 0.98)


@pytest.mark.parametrize("steps", [999_999, 1_234_567, 20_000_001])
def test_steps_beyond_six_digits_are_kept_whole(steps: int) -> None:
    record = made("cnn", "adam", [0.9, 0.9])
    for run in record.runs:
        for row in run.history:
            row["step"] = steps  # type: ignore[index]
    target = images({("cnn", "adam"): record}).models["cnn"].target
    assert target is not None
    assert target.steps["adam"].median == steps and target.steps["adam"].values == (steps, steps)


def test_nothing_but_a_task_is_needed() -> None:
    comparison = compare({"cifar": TaskRecords("images", "accuracy", RECORDS, CHANCE)}, {}, {}, [], [], SETTINGS)
    assert comparison.tuning == {} and comparison.embeddings == {} and list(comparison.tasks) == ["cifar"]
    empty = compare({}, {}, {}, [], [], SETTINGS)
    assert empty.ranks is None and empty.profile is None and empty.tasks == {}


def test_a_study_keeps_its_trials_with_all_epochs_on_the_axes_of_its_space() -> None:
    record = found("grid", [0.5, 0.52, 0.51], [0.4, 0.3, 0.2])
    head, first, second, third, *_ = record.runs
    for run, epochs in ((head, 9), (first, 3), (second, 9), (third, 9)):
        run.parameters["training.epochs"] = epochs  # type: ignore[index]
    del third.metrics["val/loss"]  # type: ignore[attr-defined]
    made = tuning({"grid": record}, SETTINGS)
    assert [(axis.name, axis.scale, axis.ends) for axis in made.space] == [
        ("optimizer.learning_rate", "log", (0.01, 10.0))
    ]
    assert [(point.values, point.objective) for point in made.cells[0].points] == [((0.5,), 0.3), ((0.75,), None)]
    assert not made.importance.independent  # some ended early
