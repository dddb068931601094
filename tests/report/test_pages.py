import re
from typing import Any

import pytest

from bakeoff.report.pages import (
    DASH,
    PIPE,
    Exhibits,
    as_html,
    embed,
    estimate,
    listed,
    probability,
    report,
    results,
    verdict,
)


def measured(mean: float | None, half: float | None = None) -> dict[str, Any]:
    return {"mean": mean, "interval": half and mean and [mean - half, mean + half], "values": []}


def cell(rank: int, model: str, optimizer: str, mean: float, tied: bool = False, diverged: tuple[int, ...] = ()) -> Any:
    scores = {"validation": measured(mean, 0.01), "test": measured(mean - 0.02, 0.01)}
    place = {"model": model, "optimizer": optimizer, "rank": rank, "tied": tied, "diverged": list(diverged)}
    return place | scores | {"difference": measured(mean - 0.95, 0.01), "adjusted_p": None if rank == 1 else 0.2}


def contest(*cells: Any, metric: str = "accuracy") -> dict[str, Any]:
    leader = {"model": cells[0]["model"], "optimizer": cells[0]["optimizer"]}
    return {
        "metric": metric,
        "data": "data/images/images.npz",
        "seeds": [0, 1, 2],
        "parameters": {"cnn": 29000},
        "winner": leader | {"seed": 1},
        "tied_with": [{"model": c["model"], "optimizer": c["optimizer"]} for c in cells if c["tied"]],
        "detectable": 0.0123,
        "cells": list(cells),
        "models": {"cnn": {"leader": "adam", "tied_with": [], "detectable": None}},
    }


SEARCH = {"method": "bayes", "rank": 1, "tied": False, "trials": 24, "trials_diverged": 2, "best_so_far": [[24, 0.3]]}
COMPARISON: dict[str, Any] = {
    "confidence": 0.95,
    "tasks": {
        "images": contest(cell(1, "cnn", "adam", 0.95), cell(2, "cnn", "sgd", 0.94, tied=True)),
        "table": contest(cell(1, "mlp", "adam", 0.7), metric="auc"),
        "scans": contest(cell(1, "unet", "adam", 0.9), metric="dice"),
    },
    "embedding": {"cbow": [{"seed": 0, "metrics": {"val/loss": 2.5}}]},
    "tuning": {
        "winner": {"method": "bayes"},
        "seeds": [1, 2],
        "cells": [SEARCH | {"validation": measured(0.35, 0.02), "test": measured(0.9, 0.02), "best": {"a.beta": 0.9}}],
    },
}
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
    baseline={"val/dice": 0.5612, "test/dice": 0.5733},
    vocabulary=9068,
    neighbours={"cbow": {"five": ["six", "four"]}},
)


def test_a_tie_is_called_a_tie() -> None:
    said = verdict(COMPARISON["tasks"]["images"])
    assert said.startswith("**No winner.** cnn under adam has the best mean")
    assert "the others cannot be told apart from it with 3 seeds: cnn under sgd" in said


def test_a_winner_is_called_a_winner() -> None:
    said = verdict(contest(cell(1, "cnn", "adam", 0.95), cell(2, "cnn", "sgd", 0.7)))
    assert said.startswith("**cnn under adam wins**")
    assert "No winner" not in said


def test_diverged_runs_are_named() -> None:
    said = verdict(contest(cell(1, "cnn", "adam", 0.95), cell(2, "mlp", "sgd", 0.9, diverged=(0, 2))))
    assert "2 runs of 6 diverged: mlp under sgd (2)" in said
    assert "nothing can be ranked" in verdict(COMPARISON["tasks"]["images"] | {"winner": None})


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


def test_the_report_says_what_was_measured() -> None:
    page = report(COMPARISON, EXHIBITS)
    for said in (
        "3,500 train",
        "cnn (29,000 parameters)",
        "six, four",
        "0.561",
        "24 (2 diverged)",
        "p > 0.05",
        "LeCun 1998",
    ):
        assert said in page, said
    assert "None" not in page and "nan" not in page


def test_the_report_shows_the_table_before_and_after_encoding() -> None:
    lines = report(COMPARISON, EXHIBITS).splitlines()
    assert "| before | count | mean | std | min | 25% | 50% | 75% | max |" in lines
    assert "| humid | 3,500 | 61.25 | 17.5 | 10.04 | 48 | 62 | 75.5 | 100.04 |" in lines
    assert "| humid | 3,500 | 0 | 1 | 10.04 | 48 | 62 | 75.5 | 100.04 |" in lines
    assert "| carrier | 10 | 13 | 4 | 5 | 1,234 |" in lines
    assert f"| tail\\|num | 64 buckets | {DASH} | {DASH} | 5 | 1,234 |" in lines


def test_tables_have_as_many_cells_in_each_row_as_in_their_header() -> None:
    tables = re.findall(r"(?:^\|.*\n)+", report(COMPARISON, EXHIBITS) + results(COMPARISON), re.MULTILINE)
    assert len(tables) >= 6
    for found in tables:
        assert len({line.replace(PIPE, "").count("|") for line in found.splitlines()}) == 1, found


def test_the_html_needs_no_other_file_and_no_network() -> None:
    page = report(COMPARISON, EXHIBITS)
    names = re.findall(r"\(figures/([^)]+)\)", page)
    html = as_html(page, {name: name.encode() for name in names})
    sources = re.findall(r'src="([^"]*)"', html)
    assert len(sources) == len(names) > 3
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert "http" not in html and "<link" not in html and "<script" not in html
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
