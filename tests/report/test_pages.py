import copy
import re
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest

from bakeoff.report.formatting import DASH, PIPE, estimate, listed, probability, seconds, settings, size, span
from bakeoff.report.pages import Exhibits, as_html, embed, report, results
from bakeoff.report.sections.contest import edges, held_out, overall, targets, tuned_table, verdict
from bakeoff.results.step_costs import Costs


def measured(mean: float | None, half: float | None = None) -> dict[str, Any]:
    return {"mean": mean, "interval": half and mean and [mean - half, mean + half], "values": []}


def cell(
    rank: int,
    model: str,
    optimizer: str,
    mean: float,
    tied: bool = False,
    diverged: tuple[int, ...] = (),
    test: float | None = None,
) -> Any:
    scores = {"validation": measured(mean, 0.01), "test": measured(mean - 0.02 if test is None else test, 0.01)}
    place = {"model": model, "optimizer": optimizer, "rank": rank, "tied": tied, "diverged": list(diverged)}
    return place | scores | {"seeds": [0, 1, 2]}


def contest(*cells: Any, metric: str = "accuracy") -> dict[str, Any]:
    leader = {"model": cells[0]["model"], "optimizer": cells[0]["optimizer"]}
    return {
        "metric": metric,
        "winner": leader | {"seed": 1},
        "tied_with": [{"model": c["model"], "optimizer": c["optimizer"]} for c in cells if c["tied"]],
        "detectable": 0.0123,
        "cells": list(cells),
    }


TIED = contest(cell(1, "cnn", "adam", 0.95), cell(2, "cnn", "sgd", 0.94, tied=True))
# Sorted, as they stand in encoding.json.
DESCRIBED = {
    "25%": 48.0,
    "50%": 62.0,
    "75%": 75.5,
    "count": 3500,
    "max": 100.04,
    "mean": 61.25,
    "min": 10.04,
    "std": 17.5,
}
EXHIBITS = Exhibits(
    origins={
        "images": {"source": "mnist-5k", "title": "digits", "licence": "none", "citation": "LeCun 1998"},
        "table": {"source": "data/raw/table/my.csv", "title": "", "licence": "", "citation": ""},
    },
    encoding={
        "before": {"humid": DESCRIBED},
        "after": {"humid": DESCRIBED | {"mean": 0.0, "std": 1.0}},
        "categories": {
            "carrier": {"known": 9, "grouped": 7, "rare": {"test": 2, "train": 11}, "unseen": {"test": 4, "train": 0}},
            "tail|num": {"buckets": 64},
        },
        "missing": {name: {"test": 1234, "train": 5} for name in ("humid", "carrier", "tail|num")},
        "rows": {"train": 3500, "test": 1500},
        "columns": 75,
    },
    sizes={task: {"train": 3500, "test": 1000} for task in ("images", "table", "scans")},
    classes={
        "images": {"test": [100] * 10},
        "table": {"test": [38_000, 10_000]},
        "scans": {"test": [60_000, 9_000, 7_800]},
    },
    baseline={"val/dice": 0.5612, "test/dice": 0.5733},
    vocabulary=9068,
    neighbours={"cbow": {"five": ["six", "four"]}},
    costs=Costs(
        "vendor_id Babbage, model name Abacus",
        {"images": {"cnn": {"adam": 0.002, "sgd": 0.001}, "mlp": {"adam": 0.0004}}},
    ),
)


def test_a_tie_is_called_a_tie() -> None:
    said = verdict(TIED)
    assert said.startswith("**No single winner.** cnn under adam has the best mean")
    assert "is statistically tied with all others (3 seeds): cnn under sgd" in said


def test_a_winner_is_called_a_winner() -> None:
    said = verdict(contest(cell(1, "cnn", "adam", 0.95), cell(2, "cnn", "sgd", 0.7)))
    assert said.startswith("**cnn under adam wins**")
    assert "No single winner" not in said


def test_diverged_runs_are_named() -> None:
    said = verdict(contest(cell(1, "cnn", "adam", 0.95), cell(2, "mlp", "sgd", 0.9, diverged=(0, 2))))
    assert "2 final runs of 6 diverged: mlp under sgd (2)" in said
    assert "nothing can be ranked" in verdict(TIED | {"winner": None})


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
    assert estimate({"mean": 0.98, "interval": [0.95, 1.0]}) == "0.980 ± 0.030"
    assert estimate({"mean": 0.98, "interval": [0.98, 0.98]}) == "0.9800 ± 0.0000"


def test_words_and_probabilities() -> None:
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert [probability(p) for p in (None, 0.0004, 0.0123, 1.0)] == ["\N{EN DASH}", "< 0.001", "0.012", "1"]


def test_units_are_those_a_reader_thinks_in() -> None:
    assert [seconds(time) for time in (None, 0.0426, 12.34, 186.0)] == [DASH, "0.043 s", "12 s", "3.1 min"]
    assert [size(count) for count in (0, 999, 31_400, 1_234_567, 2e9)] == ["0 B", "999 B", "31.4 kB", "1.23 MB", "2 GB"]
    assert [span(numbers) for numbers in ([5, 5], [10, 5, 10])] == ["5", "5 to 10"]
    assert settings({"beta1": 0.91234, "learning_rate": 1.5e-3}) == "learning_rate 0.0015, beta1 0.912"


def test_the_report_says_what_was_measured(comparison: dict[str, Any]) -> None:
    page = report(comparison, EXHIBITS)
    for said in (
        "1,530 trainings on 3 tasks",  # 6 models, 9 optimizers, 8 + 9 + 3 and 5 or 10
        "3,500 train",
        "cnn (54,314 parameters)",
        "| images | cnn 5, mlp 10, softmax 10 | 9 | 8 | 3 x 3 | 8 | 32 | constant | 765 |",
        "| momentum | learning_rate 0.001 to 10, beta 0.5 to 0.99 |",
        "on one core of Abacus,",
        "six, four",
        "0.561",
        "p > 0.05",
        "LeCun 1998",
    ):
        assert said in page, said
    assert "None" not in page and "nan" not in page and "inf" not in page.replace("infinite", "")


def test_baselines_stand_under_the_cells_of_their_task(comparison: dict[str, Any]) -> None:
    rows = [line for line in report(comparison, EXHIBITS).splitlines() if "scikit-learn |" in line]
    assert rows == [
        f"|  | logistic | {DASH} | {DASH} | 0.725 | 0.695 | {DASH} | {DASH} | baseline: scikit-learn |",
        f"|  | boosting | {DASH} | {DASH} | 0.764 | 0.734 | {DASH} | {DASH} | baseline: scikit-learn |",
    ]


def test_a_recipe_has_a_row_without_a_rank(comparison: dict[str, Any]) -> None:
    (row,) = [line for line in report(comparison, EXHIBITS).splitlines() if line.endswith("| recipe |")]
    assert row.startswith("|  | cnn | adamw | 3 | 0.984 ± 0.013 | 0.974 ± 0.013 |")


def test_a_recipe_that_learnt_from_the_validation_data_says_so(comparison: dict[str, Any]) -> None:
    refitted = copy.deepcopy(comparison)
    refitted["tasks"]["images"]["recipes"][0] |= {"refit": True, "validation": None}
    (row,) = [line for line in report(refitted, EXHIBITS).splitlines() if "| recipe, " in line]
    assert row.startswith(f"|  | cnn | adamw | 3 | {DASH} | 0.974 ± 0.013 |")
    assert row.endswith("| recipe, trained on training and validation data |")


def test_a_test_set_too_small_to_tell_is_called_so() -> None:
    """On 1,000 images at .95 a standard error is .0069, and 1.96 times that of a difference .0191."""
    near, far = cell(2, "cnn", "sgd", 0.9, test=0.9309 + 0.0002), cell(3, "mlp", "sgd", 0.9, test=0.92)
    said = held_out(contest(cell(1, "cnn", "adam", 0.97, test=0.95), near, far), {"test": [100] * 10}, 0.95)
    assert said is not None
    assert "has a standard error of 0.0069 (binomial)" in said
    assert "too small to distinguish the leader from 1 of the 2 others**: cnn under sgd." in said
    alone = held_out(contest(cell(1, "cnn", "adam", 0.97, test=0.95), far), {"test": [100] * 10}, 0.95)
    assert alone is not None and "too small" not in alone and "all others differ by more" in alone


def test_nothing_is_said_of_a_test_set_where_no_formula_is_sound() -> None:
    task = contest(cell(1, "unet", "adam", 0.9), cell(2, "unet", "sgd", 0.9), metric="dice")
    assert held_out(task, {"test": [9, 9, 9]}, 0.95) is None


def test_an_edge_is_warned_of_with_the_setting_to_widen(comparison: dict[str, Any]) -> None:
    said = edges(comparison["tasks"]["images"])
    assert "- cnn under lion: learning_rate" in said and "(`spaces.lion`)" in said
    assert "lies at the upper edge of its space, 1e-05 to 0.001" in said
    inside = copy.deepcopy(comparison["tasks"]["images"])
    for one in inside["cells"]:
        one["search"]["edge"] = None
    assert edges(inside) == "No picked learning rate lies at the edge of its search space."


def test_what_tuning_was_worth_is_told_of_each_cell(comparison: dict[str, Any]) -> None:
    task = comparison["tasks"]["images"]
    lines = tuned_table(task).splitlines()
    assert len(lines) == 2 + 27
    found = next(c for c in task["cells"] if (c["model"], c["optimizer"]) == ("cnn", "adam"))
    row = next(line for line in lines if line.startswith("| cnn | adam |"))
    lost = sum(counts["diverged"] for counts in found["runs"].values())
    assert lost > 0 and f"| {lost} of {8 + 9 + 5 + 3} |" in row
    assert estimate(found["gain"]) in row and f"| learning_rate {found['search']['pick']['learning_rate']:.3g}, " in row


def test_times_are_steps_at_the_measured_cost_and_a_miss_is_never(comparison: dict[str, Any]) -> None:
    task = copy.deepcopy(comparison["tasks"]["images"])
    steps = {"adam": {"values": [880, 880, None], "median": 880, "share": 2 / 3}}
    steps["lion"] = {"values": [None, None, None], "median": None, "share": 0.0}
    steps["nadam"] = {"values": [440], "median": 440, "share": 1.0}
    task["models"] = {"cnn": {"target": {"value": 0.98, "of": "adam", "steps": steps}}}
    _, table = targets("images", task, EXHIBITS.costs)
    assert table.splitlines()[2:] == [
        "| adam | 880 | 1.8 s | 2 of 3 |",
        f"| lion | never | {DASH} | 0 of 3 |",
        f"| nadam | 440 | {DASH} | 1 of 1 |",  # a step of which was not measured
    ]


def test_costs_are_multiples_of_the_cheapest_and_a_dash_where_nothing_was_measured(comparison: dict[str, Any]) -> None:
    lines = overall(comparison, EXHIBITS.costs).splitlines()
    problems = "images: cnn | images: mlp | images: softmax | scans: unet | table: mlp | table: softmax"
    assert f"| optimizer | {problems} |" in lines
    rest = f"{DASH} | {DASH} | {DASH} | {DASH}"
    assert f"| the cheapest step | 0.001 s | 0.0004 s | {rest} |" in lines
    assert f"| adam | 2.00 | 1.00 | {rest} |" in lines
    assert f"| sgd | 1.00 | {DASH} | {rest} |" in lines
    assert "| adam | 2 | 435 kB | 814 kB | 62.8 kB | 237 kB | 132 kB | 2.03 kB |" in lines
    assert "| sgd | 0 | 0 | 0 | 0 | 0 | 0 | 0 |" in lines


def test_ranks_are_told_with_their_test_and_a_draw_is_called_one(comparison: dict[str, Any]) -> None:
    said = overall(comparison, EXHIBITS.costs)
    assert "has the best mean rank and is statistically tied with" in said and "Nemenyi" in said
    drawn = comparison | {"ranks": comparison["ranks"] | {"p": 0.4}}
    assert "**No optimizer leads**" in overall(drawn, EXHIBITS.costs)


def test_the_report_shows_the_table_before_and_after_encoding(comparison: dict[str, Any]) -> None:
    lines = report(comparison, EXHIBITS).splitlines()
    assert "| before | count | mean | std | min | 25% | 50% | 75% | max |" in lines
    assert "| humid | 3,500 | 61.25 | 17.5 | 10.04 | 48 | 62 | 75.5 | 100.04 |" in lines
    assert "| humid | 3,500 | 0 | 1 | 10.04 | 48 | 62 | 75.5 | 100.04 |" in lines
    assert "| carrier | 10 | 13 | 4 | 5 | 1,234 |" in lines
    assert f"| tail\\|num | 64 buckets | {DASH} | {DASH} | 5 | 1,234 |" in lines


def test_tables_have_as_many_cells_in_each_row_as_in_their_header(comparison: dict[str, Any]) -> None:
    tables = re.findall(r"(?:^\|.*\n)+", report(comparison, EXHIBITS) + results(comparison), re.MULTILINE)
    assert len(tables) >= 15
    for found in tables:
        assert len({line.replace(PIPE, "").count("|") for line in found.splitlines()}) == 1, found


def test_the_html_needs_no_other_file_and_no_network(comparison: dict[str, Any]) -> None:
    page = report(comparison, EXHIBITS)
    names = re.findall(r"\(figures/([^)]+)\)", page)
    html = as_html(page, {name: name.encode() for name in names})
    sources = re.findall(r'src="([^"]*)"', html)
    assert len(sources) == len(names) > 3
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert "http:" not in html and "https:" not in html and "<link" not in html and "<script" not in html
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


def test_no_name_of_the_users_does_anything_on_the_page(comparison: dict[str, Any], every_hostile: list[str]) -> None:
    """In every place at once: words, columns, categories, sources. The tags are those of a page of harmless names."""

    def tags(names: list[str]) -> list[str]:
        shown = replace(
            EXHIBITS,
            origins={
                str(place): dict.fromkeys(("source", "title", "licence", "citation"), name)
                for place, name in enumerate(names)
            },
            encoding=EXHIBITS.encoding
            | {when: dict.fromkeys(names, DESCRIBED) for when in ("before", "after")}
            | {"categories": {key: {"buckets": 64} for key in names}}
            | {"missing": {key: {"test": 0, "train": 0} for key in names}},
            neighbours={"cbow": {name: [name, "four"] for name in names}},
            costs=Costs(names[0], {}),
        )
        return re.findall("<[^>]*>", as_html(report(comparison, shown), defaultdict(bytes)))

    assert tags(every_hostile) == tags([f"x{place}" for place in range(len(every_hostile))])
