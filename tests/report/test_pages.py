import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from simulated_contest import SETTINGS, all_diverged, baseline, contests, search, vectors

from bakeoff.base.values import Metric
from bakeoff.data.card import Card, CorpusCard, Part
from bakeoff.data.encoding.report import Buckets, Encoding, Grouped
from bakeoff.data.examples import Split
from bakeoff.data.samples import Samples
from bakeoff.report.figures.cases import Case, Cases
from bakeoff.report.formatting import (
    DASH,
    PIPE,
    estimate,
    listed,
    percent,
    plural,
    probability,
    seconds,
    settings,
    size,
    span,
    spanned,
)
from bakeoff.report.pages import (
    Exhibits,
    Origin,
    best_method,
    embed,
    predictions_caption,
    report,
    results,
    samples_caption,
    stopped,
    study_part,
)
from bakeoff.report.sections.contest import edges, held_out, overall, targets, tuned_table, verdict
from bakeoff.report.web_page import as_html
from bakeoff.results.compare import TaskRecords, compare
from bakeoff.results.model import (
    Arrival,
    Budget,
    CellName,
    CellResult,
    Comparison,
    EmbeddingComparison,
    Estimate,
    Family,
    Reference,
    RunCount,
    RunCounts,
    Scores,
    Search,
    SeedsNeeded,
    Summary,
    Target,
    TaskComparison,
    Training,
    VectorRun,
    Winner,
)
from bakeoff.results.step_costs import Costs


def measured(mean: float | None, half: float | None = None) -> Estimate:
    return Estimate(mean=mean, interval=None if half is None or mean is None else (mean - half, mean + half))


def summary(mean: float) -> Summary:
    return Summary(mean=mean, interval=(mean - 0.01, mean + 0.01), bootstrap=None, deviation=None, values=())


def cell(
    rank: int,
    model: str,
    optimizer: str,
    mean: float,
    tied: bool = False,
    diverged: tuple[int, ...] = (),
    test: float | None = None,
    p: float | None = None,
    unstable: bool = False,
    no_better_than: str | None = None,
) -> CellResult:
    """A cell; with three diverged runs it has no score."""
    if len(diverged) == 3:
        none = Summary(mean=None, interval=None, bootstrap=None, deviation=None, values=(None,) * 3)
        scores = {"validation": none, "test": none}
    else:
        scores = {"validation": summary(mean), "test": summary(mean - 0.02 if test is None else test)}
    no_runs = RunCount(runs=0, diverged=0)
    return CellResult(
        model=model,
        optimizer=optimizer,
        rank=rank,
        may_be_best=tied or rank == 1,
        tied=tied,
        unstable=unstable,
        diverged=diverged,
        seeds=(0, 1, 2),
        p=p,
        adjusted_p=p,
        behind=None,
        difference=measured(None),
        **scores,
        no_better_than=no_better_than,
        default=Scores(**scores),
        gain=measured(None),
        search=Search(trials=(), best=None, median=None, pick={}, default_rate=None, edge=None),
        runs=RunCounts(trial=no_runs, rerun=no_runs, final=no_runs, default=no_runs),
    )


def contest(*cells: CellResult, metric: Metric = "accuracy") -> TaskComparison:
    return TaskComparison(
        kind="images",
        metric=metric,
        data="data/images/images.npz",
        parameters={},
        validation_subset=140,
        training=Training.model_validate(
            {"epochs": 1, "batch_size": 32, "evaluations": 12, "schedule.kind": "constant"}
        ),
        budget=Budget(trials=8, finalists=3, reruns=3, defaults=3),
        spaces={},
        state={},
        winner=Winner(model=cells[0].model, optimizer=cells[0].optimizer, seed=1),
        tied_with=tuple(CellName(model=one.model, optimizer=one.optimizer) for one in cells if one.tied),
        no_winner="tied" if any(one.tied for one in cells) else "alone" if len(cells) == 1 else None,
        detectable=0.0123,
        seeds_needed=(SeedsNeeded(effect=0.5, seeds=86), SeedsNeeded(effect=2.0, seeds=11)),
        cells=cells,
        models={},
        references=(Reference(name="the majority class", validation=0.1, test=0.1),),
        baselines=(),
        recipes=(),
    )


TIED = contest(cell(1, "cnn", "adam", 0.95), cell(2, "cnn", "sgd", 0.94, tied=True))
DESCRIBED: dict[str, int | float] = {
    "25%": 48.0,
    "50%": 62.0,
    "75%": 75.5,
    "count": 3500,
    "max": 100.04,
    "mean": 61.25,
    "min": 10.04,
    "std": 17.5,
}
ENCODING = Encoding(
    before={"humid": DESCRIBED},
    after={"humid": DESCRIBED | {"mean": 0.0, "std": 1.0}},
    categories={
        "carrier": Grouped(known=9, grouped=7, rare={"test": 2, "train": 11}, unseen={"test": 4, "train": 0}),
        "tail|num": Buckets(buckets=64),
    },
    missing={name: {"test": 1234, "train": 5} for name in ("humid", "carrier", "tail|num")},
    rows={"train": 3500, "test": 1500},
    columns=75,
)


def card(kind: Literal["images", "table", "scans"], source: str, *labels: int) -> Card:
    return Card(
        kind=kind,
        source=source,
        taken=None,
        classes=tuple(f"class {k}" for k in range(len(labels))),
        shape=(1, 8, 8),
        train=Part(examples=3500, labels=labels),
        validation=Part(examples=500, labels=labels),
        test=Part(examples=1000, labels=labels),
        samples=None,
    )


def text(source: str = "wikipedia-sample", vocabulary: int = 9068) -> CorpusCard:
    return CorpusCard(
        kind="corpus", source=source, taken=None, words=500_000, vocabulary=vocabulary, language="english"
    )


EXHIBITS = Exhibits(
    origins={
        "images": Origin("mnist-5k", "digits", "none", "LeCun 1998"),
        "table": Origin("data/raw/table/my.csv", "", "", ""),
    },
    cards={
        "images": card("images", "mnist-5k", *[100] * 10),
        "table": card("table", "data/raw/table/my.csv", 38_000, 10_000),
        "scans": card("scans", "mni152", 60_000, 9_000, 7_800),
        "cifar": card("images", "cifar-10", *[100] * 10),
        "penguins": card("table", "data/raw/table/penguins.csv", 50, 40, 10),
    },
    searched_parts={"mlp": None},
    encodings={"table": ENCODING, "penguins": ENCODING.model_copy(update={"categories": {}, "columns": 1})},
    texts={"corpus": text()},
    neighbours={"corpus": {"cbow": {"five": ["six", "four"]}}},
    costs=Costs(
        "vendor_id Babbage, model name Abacus",
        {"images": {"cnn": {"adam": 0.002, "sgd": 0.001}, "mlp": {"adam": 0.0004}}},
    ),
    curves=(),
    cases={
        "scans": Cases(
            (Case("best", 5, 0.9, {"grey": 0.9}, np.zeros((1, 4, 4), np.float32), *[np.zeros((4, 4), np.int64)] * 2),),
            1,
            ("background", "grey"),
            True,
        )
    },
)
IMAGES = EXHIBITS.cards["images"]


def test_a_tie_is_called_a_tie() -> None:
    said = verdict(TIED)
    assert said.startswith("**No single winner.** cnn under adam has the best mean")
    assert "is statistically tied with all others (3 seeds): cnn under sgd" in said


def test_a_winner_is_called_a_winner() -> None:
    said = verdict(contest(cell(1, "cnn", "adam", 0.95), cell(2, "cnn", "sgd", 0.7, p=0.001)))
    assert said.startswith("**cnn under adam wins**: it is significantly better than all others.")
    assert "No single winner" not in said


@pytest.mark.parametrize(
    "rivals",
    [
        [cell(2, "cnn", "sgd", 0.96, diverged=(0,))],
        [cell(2, "cnn", "sgd", 0.9, p=0.01), cell(3, "mlp", "sgd", 0.96, diverged=(0, 2))],
        [cell(2, "cnn", "sgd", 0.9, p=0.01), cell(3, "mlp", "sgd", 0.9, diverged=(0, 1, 2))],
    ],
    ids=["one that was not tested", "one tested and one not", "one tested and one without an end"],
)
def test_who_wins_by_the_diverged_runs_of_others_is_not_called_significantly_better(rivals: list[CellResult]) -> None:
    said = verdict(contest(cell(1, "cnn", "adam", 0.95), *rivals))
    assert said.startswith(
        "**cnn under adam wins**: the others are significantly worse or had more diverged runs. A typical"
    )


@pytest.mark.parametrize(("near", "count"), [(0.931, "all others"), (0.92, None)])
def test_cells_whose_runs_all_diverged_are_not_counted_among_those_that_differ(near: float, count: str | None) -> None:
    lost = [cell(3, "mlp", "sgd", 0.9, diverged=(0, 1, 2)), cell(4, "mlp", "adam", 0.9, diverged=(0, 1, 2))]
    task = contest(cell(1, "cnn", "adam", 0.97, test=0.95), cell(2, "cnn", "sgd", 0.9, test=near), *lost)
    said = held_out(task, IMAGES, 0.95)
    assert said is not None
    assert said.endswith(" Left out, because every final run diverged: mlp under sgd, adam.")
    if count:
        assert f"too small to distinguish the leader from {count}**: cnn under sgd." in said
    else:
        assert "and all others differ by more." in said
    alone = held_out(contest(task.cells[0], *lost), IMAGES, 0.95)
    assert alone is not None and "differ by more" not in alone and "too small" not in alone
    assert alone.endswith("Left out, because every final run diverged: mlp under sgd, adam.")


def test_diverged_runs_are_named() -> None:
    said = verdict(contest(cell(1, "cnn", "adam", 0.95), cell(2, "mlp", "sgd", 0.9, diverged=(0, 2))))
    assert "2 final runs of 6 diverged: mlp under sgd (2)" in said
    assert "nothing can be ranked" in verdict(TIED.model_copy(update={"winner": None, "no_winner": "all diverged"}))


@pytest.mark.parametrize(
    ("mean", "half", "text"),
    [
        (0.98634, 0.00417, "0.9863 ± 0.0042"),
        (0.98634, 0.0417, "0.986 ± 0.042"),
        (0.98634, 0.417, "0.99 ± 0.42"),
        (12.34, 4.17, "12.3 ± 4.2"),
        (0.5, None, "0.5"),
        (None, None, "\N{EN DASH}"),
    ],
)
def test_a_number_has_the_digits_of_its_uncertainty(mean: float | None, half: float | None, text: str) -> None:
    assert estimate(measured(mean, half)) == text


def test_an_interval_cut_at_the_end_of_the_scale_keeps_its_width() -> None:
    assert estimate(Estimate(mean=0.98, interval=(0.95, 1.0))) == "0.980 ± 0.030"
    assert estimate(Estimate(mean=0.98, interval=(0.98, 0.98))) == "0.9800 ± 0.0000"


def test_words_and_probabilities() -> None:
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert [probability(p) for p in (None, 0.0004, 0.0123, 1.0)] == ["\N{EN DASH}", "< 0.001", "0.012", "1"]


def test_units_are_those_a_reader_thinks_in() -> None:
    assert [seconds(time) for time in (None, 0.0426, 12.34, 186.0)] == [DASH, "0.043 s", "12 s", "3.1 min"]
    assert [size(count) for count in (0, 999, 31_400, 1_234_567, 2e9)] == ["0 B", "999 B", "31.4 kB", "1.23 MB", "2 GB"]
    assert [span(numbers) for numbers in ([5, 5], [10, 5, 10])] == ["5", "5 to 10"]
    assert settings({"beta1": 0.91234, "learning_rate": 1.5e-3}) == "learning_rate 0.0015, beta1 0.912"


def test_the_report_says_what_was_measured(comparison: Comparison) -> None:
    page = report(comparison, EXHIBITS)
    for said in (
        "1,530 trainings on 3 tasks",  # 6 models, 9 optimizers, 8 + 9 + 3 and 5 or 10
        "3,500 train",
        "cnn (54,314 parameters)",
        "| images | cnn 5, mlp 10, softmax 10 | 9 | 8 | 3 x 3 | 3 | 8 | 32 | constant | 12 | 765 |",
        "| momentum | learning_rate 0.001 to 10, beta 0.5 to 0.99 |",
        "on one core of Abacus,",
        "six, four",
        "0.561",
        "none has p <= 0.05",
        "LeCun 1998",
    ):
        assert said in page, said
    assert "None" not in page and "nan" not in page and "inf" not in page.replace("infinite", "")


def test_baselines_stand_under_the_cells_of_their_task(comparison: Comparison) -> None:
    rows = [line for line in report(comparison, EXHIBITS).splitlines() if "scikit-learn |" in line]
    assert rows == [
        f"|  | logistic | {DASH} | {DASH} | 0.725 | 0.695 | {DASH} | {DASH} | baseline: scikit-learn |",
        f"|  | boosting | {DASH} | {DASH} | 0.764 | 0.734 | {DASH} | {DASH} | baseline: scikit-learn |",
    ]


def test_a_recipe_has_a_row_without_a_rank(comparison: Comparison) -> None:
    (row,) = [line for line in report(comparison, EXHIBITS).splitlines() if line.endswith("| recipe |")]
    assert row.startswith("|  | cnn | adamw | 3 | 0.984 ± 0.013 | 0.974 ± 0.013 |")


def test_a_recipe_that_learnt_from_the_validation_data_says_so(comparison: Comparison) -> None:
    images = comparison.tasks["images"]
    recipe = images.recipes[0].model_copy(update={"refit": True, "validation": None})
    refitted = comparison.tasks | {"images": images.model_copy(update={"recipes": (recipe,)})}
    page = report(comparison.model_copy(update={"tasks": refitted}), EXHIBITS)
    (row,) = [line for line in page.splitlines() if "| recipe, " in line]
    assert row.startswith(f"|  | cnn | adamw | 3 | {DASH} | 0.974 ± 0.013 |")
    assert row.endswith("| recipe, trained on training and validation data |")


def test_a_test_set_too_small_to_tell_is_called_so() -> None:
    """On 1,000 images at .95 a standard error is .0069, and 1.96 times that of a difference .0191."""
    near, far = cell(2, "cnn", "sgd", 0.9, test=0.9309 + 0.0002), cell(3, "mlp", "sgd", 0.9, test=0.92)
    said = held_out(contest(cell(1, "cnn", "adam", 0.97, test=0.95), near, far), IMAGES, 0.95)
    assert said is not None
    assert "has a standard error of 0.0069 (binomial)" in said
    assert "too small to distinguish the leader from 1 of the 2 others**: cnn under sgd." in said
    alone = held_out(contest(cell(1, "cnn", "adam", 0.97, test=0.95), far), IMAGES, 0.95)
    assert alone is not None and "too small" not in alone and "all others differ by more" in alone


def test_nothing_is_said_of_a_test_set_where_no_formula_is_sound() -> None:
    task = contest(cell(1, "unet", "adam", 0.9), cell(2, "unet", "sgd", 0.9), metric="dice")
    assert held_out(task, EXHIBITS.cards["scans"], 0.95) is None


def test_an_edge_is_warned_of_with_the_setting_to_widen(comparison: Comparison) -> None:
    images = comparison.tasks["images"]
    said = edges(images)
    assert "- cnn under lion: learning_rate" in said and "(`optimizers.lion.search`)" in said
    assert "lies at the upper edge of its space, 1e-05 to 0.001" in said
    searches = [one.search.model_copy(update={"edge": None}) for one in images.cells]
    cells = tuple(one.model_copy(update={"search": search}) for one, search in zip(images.cells, searches, strict=True))
    assert (
        edges(images.model_copy(update={"cells": cells}))
        == "No picked learning rate is at the edge of its search space."
    )


def test_what_tuning_was_worth_is_told_of_each_cell(comparison: Comparison) -> None:
    task = comparison.tasks["images"]
    lines = tuned_table(task).splitlines()
    assert len(lines) == 2 + 27
    found = next(c for c in task.cells if (c.model, c.optimizer) == ("cnn", "adam"))
    row = next(line for line in lines if line.startswith("| cnn | adam |"))
    lost = found.runs.total.diverged
    assert lost > 0 and f"| {lost} of {8 + 9 + 5 + 3} |" in row
    assert estimate(found.gain) in row and f"| learning_rate {found.search.pick['learning_rate']:.3g}, " in row


def test_times_are_steps_at_the_measured_cost_and_a_miss_is_never(comparison: Comparison) -> None:
    steps = {
        "adam": Arrival(values=(880, 880, None), median=880, share=2 / 3),
        "lion": Arrival(values=(None, None, None), median=None, share=0.0),
        "nadam": Arrival(values=(440,), median=440, share=1.0),
    }
    target = Target(value=0.98, of="adam", steps=steps, relaxed=())
    family = Family(
        leader="adam", tied_with=(), no_winner=None, detectable=None, seeds_needed=(), cells=(), target=target
    )
    task = comparison.tasks["images"].model_copy(update={"models": {"cnn": family}})
    _, table = targets("images", task, EXHIBITS.costs)
    assert table.splitlines()[2:] == [
        "| adam | 880 | 1.8 s | 2 of 3 |",
        f"| lion | never | {DASH} | 0 of 3 |",
        f"| nadam | 440 | {DASH} | 1 of 1 |",  # a step of which was not measured
    ]


def test_costs_are_multiples_of_the_cheapest_and_a_dash_where_nothing_was_measured(comparison: Comparison) -> None:
    lines = overall(comparison, EXHIBITS.costs).splitlines()
    problems = "images: cnn | images: mlp | images: softmax | scans: unet | table: mlp | table: softmax"
    assert f"| optimizer | {problems} |" in lines
    rest = f"{DASH} | {DASH} | {DASH} | {DASH}"
    assert f"| the cheapest step | 0.001 s | 0.0004 s | {rest} |" in lines
    assert f"| adam | 2.00 | 1.00 | {rest} |" in lines
    assert f"| sgd | 1.00 | {DASH} | {rest} |" in lines
    assert "| adam | 2 | 435 kB | 814 kB | 62.8 kB | 237 kB | 132 kB | 2.03 kB |" in lines
    assert "| sgd | 0 | 0 | 0 | 0 | 0 | 0 | 0 |" in lines


def test_ranks_are_told_with_their_test_and_a_draw_is_called_one(comparison: Comparison) -> None:
    said = overall(comparison, EXHIBITS.costs)
    assert "has the best mean rank and is statistically tied with" in said and "Nemenyi" in said
    assert comparison.ranks is not None
    drawn = comparison.model_copy(update={"ranks": comparison.ranks.model_copy(update={"p": 0.4})})
    assert "**No optimizer leads**" in overall(drawn, EXHIBITS.costs)


def test_the_report_shows_the_table_before_and_after_encoding(comparison: Comparison) -> None:
    lines = report(comparison, EXHIBITS).splitlines()
    assert "| before | count | mean | std | min | 25% | 50% | 75% | max |" in lines
    assert "| humid | 3,500 | 61.25 | 17.5 | 10.04 | 48 | 62 | 75.5 | 100.04 |" in lines
    assert "| humid | 3,500 | 0 | 1 | 10.04 | 48 | 62 | 75.5 | 100.04 |" in lines
    assert "| carrier | 10 | 13 | 4 | 5 | 1,234 |" in lines
    assert f"| tail\\|num | 64 buckets | {DASH} | {DASH} | 5 | 1,234 |" in lines


def test_tables_have_as_many_cells_in_each_row_as_in_their_header(comparison: Comparison) -> None:
    tables = re.findall(r"(?:^\|.*\n)+", report(comparison, EXHIBITS) + results(comparison), re.MULTILINE)
    assert len(tables) >= 15
    for found in tables:
        assert len({line.replace(PIPE, "").count("|") for line in found.splitlines()}) == 1, found


def test_the_html_needs_no_other_file_and_no_network(comparison: Comparison) -> None:
    page = report(comparison, EXHIBITS)
    names = re.findall(r"\(figures/([^)]+)\)", page)
    html = as_html(page, {name: name.encode() for name in names})
    sources = re.findall(r'src="([^"]*)"', html)
    assert len(sources) == len(names) > 3
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert "http:" not in html and "https:" not in html and "<link" not in html and "<script src" not in html
    assert html.count("<table>") == len(re.findall(r"^\| ---", page, re.MULTILINE))


def test_the_readme_gets_the_results_and_keeps_the_rest() -> None:
    readme = "# Title\n\n<!-- results -->\nold | \\1\n<!-- /results -->\n\nThe rest.\n"
    once = embed(readme, "new \\1 table\n")
    assert once == "# Title\n\n<!-- results -->\nnew \\1 table\n<!-- /results -->\n\nThe rest.\n"
    assert embed(once, "new \\1 table\n") == once


@pytest.mark.parametrize(
    "readme", ["", "<!-- results -->", "<!-- /results --> <!-- results -->", "<!-- results --><!-- /results -->" * 2]
)
def test_a_readme_without_its_markers_is_refused(readme: str) -> None:
    with pytest.raises(ValueError, match="README needs"):
        embed(readme, "table")


def test_no_name_of_the_users_does_anything_on_the_page(comparison: Comparison, every_hostile: list[str]) -> None:
    """In every place at once: words, columns, categories, sources. The tags are those of a page of harmless names."""

    def tags(names: list[str]) -> list[str]:
        shown = replace(
            EXHIBITS,
            origins={str(place): Origin(name, name, name, name) for place, name in enumerate(names)},
            encodings={
                "table": ENCODING.model_copy(
                    update={when: dict.fromkeys(names, DESCRIBED) for when in ("before", "after")}
                    | {"categories": {key: Buckets(buckets=64) for key in names}}
                    | {"missing": {key: {"test": 0, "train": 0} for key in names}}
                )
            },
            cards=EXHIBITS.cards
            | {task: EXHIBITS.cards[task].model_copy(update={"source": names[0]}) for task in ("images", "scans")},
            neighbours={"corpus": {"cbow": {name: [name, "four"] for name in names}}},
            costs=Costs(names[0], {}),
        )
        return re.findall("<[^>]*>", as_html(report(comparison, shown), defaultdict(bytes)))

    assert tags(every_hostile) == tags([f"x{place}" for place in range(len(every_hostile))])


def test_one_is_not_counted_as_many() -> None:
    assert [plural(count, "method") for count in (0, 1, 2, 1530)] == [
        "0 methods",
        "1 method",
        "2 methods",
        "1,530 methods",
    ]
    assert [spanned(numbers, "seed") for numbers in ([1], [5, 5], [1, 5])] == ["1 seed", "5 seeds", "1 to 5 seeds"]
    assert [percent(share) for share in (0.95, 0.999, 0.9, 1 - 0.95)] == ["95%", "99.9%", "90%", "5%"]


OPTIMIZERS = ("sgd", "adam")


def whole(*tasks: str, methods: Sequence[str] = (), corpora: Sequence[str] = ()) -> Comparison:
    """A comparison of some tasks, with searches and word vectors or without."""
    return compare(
        contests(tasks, OPTIMIZERS),
        {corpus: {"cbow": vectors(corpus)} for corpus in corpora},
        {"mlp": {method: search(method, 0.5) for method in methods}} if methods else {},
        [baseline("boosting", 0.9, task) for task in tasks if task in ("table", "penguins")],
        [],
        SETTINGS,
    )


def page_of(records: Mapping[str, TaskRecords], costs: Costs = EXHIBITS.costs) -> str:
    """The report on contests with these records."""
    return report(compare(records, {}, {}, [], [], SETTINGS), replace(EXHIBITS, costs=costs))


TASKS_OF_ALL_KINDS = ("images", "table", "scans")


@pytest.mark.parametrize("tasks", [TASKS_OF_ALL_KINDS, ("scans",), ("cifar",), ("images", "penguins")])
@pytest.mark.parametrize("defaults", [False, True])
def test_where_every_final_run_diverged_nothing_is_ranked(tasks: tuple[str, ...], defaults: bool) -> None:
    roles = ("final", "default") if defaults else ("final",)
    page = page_of(all_diverged(contests(tasks, OPTIMIZERS), *roles))
    assert "Every final run diverged, so optimizers are not ranked." in page
    for wrong in (
        "has the best mean rank",
        "No optimizer leads",
        "Friedman's",
        "(figures/ranks.png)",
        "fastest by steps",
    ):
        assert wrong not in page, wrong
    assert page.count("Every run diverged, so nothing can be ranked.") == len(tasks)
    assert f"has {DASH} and {DASH}" not in page and "with a single default run" not in page
    assert page.count("too few final and default runs of the same seed ended") == len(tasks)
    assert "None" not in page and "nan" not in page


def test_the_gain_is_untested_where_only_the_default_runs_diverged() -> None:
    page = page_of(all_diverged(contests(["cifar"], OPTIMIZERS), "default"))
    assert "cannot be tested of any cell: too few final and default runs of the same seed ended." in page
    assert "with a single default run" not in page and "has the best mean" in page


@pytest.mark.parametrize("tasks", [TASKS_OF_ALL_KINDS, ("cifar",), ("scans",)])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_one_optimizer_is_compared_with_none(optimizer: str, tasks: tuple[str, ...]) -> None:
    page = page_of(contests(tasks, [optimizer]))
    assert "There is only one optimizer, so optimizers are not ranked." in page
    for wrong in ("fastest", "(figures/profile.png)", "(figures/ranks.png)", "optimizers within each model"):
        assert wrong not in page, wrong


def test_optimizers_are_compared_within_models_where_there_are_several_of_both() -> None:
    assert page_of(contests(["cifar"], OPTIMIZERS)).count("optimizers within each model") == 1
    assert "optimizers within each model" not in page_of(contests(["scans"], OPTIMIZERS))


def test_costs_of_a_part_of_the_problems_are_shown_where_they_are() -> None:
    known = Costs("Abacus", {"cifar": {"cnn": {"adam": 0.002, "sgd": 0.001}}})
    lines = page_of(contests(["cifar", "penguins"], OPTIMIZERS), known).splitlines()
    assert f"| the cheapest step | 0.001 s | {DASH} | {DASH} |" in lines
    assert f"| adam | 2.00 | {DASH} | {DASH} |" in lines


def test_a_recipe_is_found_where_the_page_says(comparison: Comparison) -> None:
    page = report(comparison, EXHIBITS)
    assert "`recipes/<task>/<network>.yaml`" in page and "`recipes` in" not in page
    assert (Path(__file__).parents[2] / "recipes/images/cnn.yaml").exists()


def test_no_share_is_claimed_that_nothing_here_measures(comparison: Comparison) -> None:
    assert "simulations" not in report(comparison, EXHIBITS)


def headings(page: str) -> list[str]:
    return [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")]


def test_a_page_of_one_method_and_one_task_counts_one_of_each() -> None:
    page = report(whole("cifar", methods=["grid"], corpora=["corpus"]), EXHIBITS)
    trainings = 2 * 2 * (8 + 9 + 3) + 2 * (3 + 2)
    assert f"{trainings} trainings on 1 task: each network" in page
    assert "3 trials of 1 method of hyperparameter search. 1 architecture of word vectors." in page
    assert "grid is the only method." in page and "grid wins" not in page
    for wrong in ("1 tasks", "1 methods", "1 architectures", "1 seeds", "1 trainings"):
        assert wrong not in page, wrong


OPENING = ["Recommendations", "Results by task"]
SECTIONS = {
    "images alone": (("cifar",), ["cifar"]),
    "tables alone": (("table", "penguins"), ["penguins", "table"]),
    "no table": (("images", "scans"), ["images", "scans"]),
    "no scans": (("images", "table"), ["images", "table"]),
    "two of a kind": (
        ("images", "cifar", "table", "penguins", "scans"),
        ["cifar", "images", "penguins", "scans", "table"],
    ),
}


@pytest.mark.parametrize(("tasks", "shown"), SECTIONS.values(), ids=SECTIONS.keys())
def test_each_task_has_a_section_by_its_kind(tasks: tuple[str, ...], shown: list[str]) -> None:
    comparison = whole(*tasks)
    page = report(comparison, EXHIBITS)
    assert headings(page) == [*OPENING, "Protocol", "Over all problems", *shown, "Data", "Reproduce"]
    for task in tasks:
        kind = comparison.tasks[task].kind
        assert (f"(figures/samples-{task}.png)" in page) == (kind == "images")
        assert (f"### Encoding of {task}" in page) == (kind == "table")
        assert (f"(figures/predictions-{task}.png)" in page) == (kind == "scans")
        assert (f"(figures/cases-{task}.png)" in page) == (kind == "scans")
    assert page.count("baseline: scikit-learn") == sum(task in ("table", "penguins") for task in tasks)
    assert page.count("Baseline without a network") == tasks.count("scans")
    assert "Recipe" not in page and "nan" not in page and "None" not in page
    lines = results(comparison).splitlines()
    assert [line.split(" | ")[0] for line in lines[2 : 2 + len(shown)]] == [f"| {task}" for task in shown]


def test_a_comparison_without_anything_is_a_page() -> None:
    page = report(whole(), replace(EXHIBITS, origins={}))
    assert headings(page) == ["Data", "Reproduce"]
    assert "No task is in the comparison." in page


def test_over_many_problems_each_is_named() -> None:
    comparison = whole("images", "cifar", "table", "penguins", "scans")
    page = report(comparison, EXHIBITS)
    assert comparison.ranks is not None and len(comparison.ranks.problems) == 9
    assert "on 9 problems with 2 seeds each" in page and "there are few" not in page


def test_two_texts_have_sections_and_figures_of_their_own() -> None:
    exhibits = replace(
        EXHIBITS,
        texts={"german": text("data/raw/corpus/de.txt", 1), "english": text()},
        neighbours={"german": {"cbow": {"der": ["die"]}}, "english": {"cbow": {"the": ["a"]}}},
    )
    page = report(whole("cifar", corpora=["german", "english"]), exhibits)
    assert "Word vectors of english" in headings(page) and "Word vectors of german" in headings(page)
    assert "The vocabulary has 1 word." in page and "The vocabulary has 9,068 words." in page
    assert "(figures/words-german-cbow-pca.png)" in page and "(figures/words-english-cbow-tsne.png)" in page


@pytest.mark.parametrize("language", ["english", None])
def test_a_text_that_is_not_english_is_not_scored_on_english_words(language: Literal["english"] | None) -> None:
    english = ("test/wordsim", "test/wordsim.coverage", "test/simlex.low", "test/analogies.questions", "test/numbers")
    any_text = ("val/loss", "train/loss", "test/hubness")
    run = VectorRun(seed=0, metrics=dict.fromkeys((*english, *any_text), 0.04))
    found = EmbeddingComparison(data="data/mine/tokens.npy", architectures={"cbow": (run,)})
    comparison = whole().model_copy(update={"embeddings": {"corpus": found}})
    card = text("data/raw/corpus/mine.txt").model_copy(update={"language": language})
    page = report(comparison, replace(EXHIBITS, texts={"corpus": card}))
    shown = re.findall(r"^\| ((?:test|val|train)/\S+) \|", page, re.MULTILINE)
    assert set(shown) == {*any_text, *(english if language else ())}
    said = "Tests of English words are left out, because `the`, `of` and `and` are not all among the 20 most frequent"
    assert (said in page) == (language is None)
    assert "not English" not in page  # nobody has looked at more than three words


@pytest.mark.parametrize(
    ("kind", "source", "caption"),
    [
        ("scans", "mni152", "Brain slices, their labels, and the predictions of unet under adam"),
        ("scans", "oxford-iiit-pet", "Cats and dogs, their labels, and the predictions of unet under adam"),
        ("scans", "data/raw/scans/hearts", "Pictures of mine, their labels, and the predictions of unet under adam"),
        (
            "scans",
            "https://example.org/brain.zip",
            "Pictures of mine, their labels, and the predictions of unet under adam",
        ),
        ("images", "mnist-5k", "Handwritten digits: training pictures of each class"),
        ("images", "fashion-mnist", "Clothes: training pictures of each class"),
        ("images", "cifar-10", "Photographs in ten classes: training pictures of each class"),
        ("images", "data/raw/images/mni152", "Training pictures of each class of mine"),
    ],
)
def test_a_caption_names_what_the_source_shows(kind: Literal["images", "scans"], source: str, caption: str) -> None:
    shown, winner = card(kind, source, 1, 2), Winner(model="unet", optimizer="adam", seed=0)
    found = samples_caption("mine", shown) if kind == "images" else predictions_caption("mine", shown, winner)
    assert found == caption


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        (1, "each class"),
        (2, "each class"),
        (20, "each class"),
        (21, "the first 20 classes"),
        (99, "the first 20 classes"),
    ],
)
@pytest.mark.parametrize(
    ("source", "caption"),
    [("data/raw/images/mine", "Training pictures of {} of mine"), ("cifar-10", "{}: training pictures of {}")],
)
def test_a_caption_says_which_classes_are_shown(classes: int, words: str, source: str, caption: str) -> None:
    y = np.arange(classes, dtype=np.uint8)
    shown = Samples.of(Split(np.zeros((classes, 1, 2, 2), np.uint8), y), classes)
    found = card("images", source, *[1] * classes).model_copy(update={"samples": shown})
    subject = ["Photographs in ten classes"] * caption.count(": ")
    assert samples_caption("mine", found) == caption.format(*subject, words)


def test_brains_are_named_under_brains_alone() -> None:
    own = EXHIBITS.cards | {"scans": card("scans", "data/raw/scans/hearts", 5, 5)}
    comparison = whole("scans")
    assert "![Brain slices, their labels, and the predictions of unet under " in report(comparison, EXHIBITS)
    assert "brain" not in report(comparison, replace(EXHIBITS, cards=own)).lower()


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        ("target", "grid stopped after 3 trials, because its best value reached the target. "),
        ("patience", "grid stopped after 3 trials, because its best value had stopped improving. "),
        ("budget", ""),
    ],
)
def test_a_search_that_a_rule_ended_is_named(ended: str, said: str) -> None:
    cell = whole("cifar", methods=["grid"]).tuning["mlp"].cells[0]
    assert stopped([cell.model_copy(update={"ended": ended})]) == said


def test_a_halved_search_says_how_many_trials_had_all_epochs() -> None:
    tuning = whole("cifar", methods=["grid"]).tuning["mlp"]
    cell = tuning.cells[0]
    assert "halving" not in study_part("mlp", tuning, None)
    changes = {"trials": 31, "trials_full": 7, "trials_diverged": 2}
    text = study_part("mlp", tuning.model_copy(update={"cells": (cell.model_copy(update=changes),)}), None)
    assert "| 31 (7 with all epochs, 2 diverged) |" in text
    assert text.count("only the best are trained for more (successive halving). ") == 1


def test_methods_are_compared_only_where_there_are_several() -> None:
    one, two = whole("cifar", methods=["grid"]).tuning, whole("cifar", methods=["grid", "random"]).tuning
    assert best_method(one["mlp"]) == "grid is the only method."
    assert "statistically tied with" in best_method(two["mlp"])
