"""The whole report of contests that nobody held: pages and figures fit together, whatever tasks there are."""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_networks
import torch
from safetensors.torch import save_file
from simulated_contest import SETTINGS, TASKS, all_diverged, baseline, contests, search, search_of_two, vectors
from simulated_stream import RECORDS as STREAM
from simulated_stream import record as stream

from bakeoff.base.settings import load, validate
from bakeoff.data.card import Card, CorpusCard, Part
from bakeoff.data.encoding.report import Encoding
from bakeoff.data.examples import Examples, Split
from bakeoff.embedding.evaluate import Vectors
from bakeoff.networks.registry import SEGMENTERS
from bakeoff.networks.unet import UnetSettings
from bakeoff.optimizers.registry import Optimizers
from bakeoff.report import build
from bakeoff.report.build import Material, Segmenter, Text, drawn_by, found_cases, texts
from bakeoff.report.figures import cases, contest, overview, word_maps
from bakeoff.report.sections import online
from bakeoff.results.compare import compare
from bakeoff.results.curves import curves, read_curves
from bakeoff.results.step_costs import Costs
from bakeoff.tuner_contest.contest import Searches, compared, searches
from bakeoff.tuner_contest.functions import function_problem
from bakeoff.tuner_contest.model import TunerContest
from bakeoff.tuner_contest.settings import TunerContestBudget
from bakeoff.tuner_contest.statistics import Bootstrap

UNET = UnetSettings(**small_networks.UNET)
NO_COSTS = Costs("Abacus", {})
# What two of a kind have on the page differs, so that a section with the data of another is noticed.
COUNTS = {task: 9 + place for place, task in enumerate(TASKS)}  # of the examples of a split
COLUMNS = {"table": 41, "penguins": 7}
STREAMS = {
    "table": STREAM,
    "penguins": {
        "sgd-constant": stream("sgd-constant", 0.25, [500.0, 510.0]),
        "adagrad-inverse_time": stream("adagrad-inverse_time", 0.35, [520.0, 530.0]),
    },
}
FREQUENT = {  # words of a text
    "corpus": ["the", "of", "and", "five"],
    "german": ["der", "die", "und", "das", "ein"],
    "english": ["and", "of", "the", "king", "water", "language"],
}


def encoding(table: str) -> Encoding:
    return Encoding(before={}, after={}, missing={}, categories={}, rows={"train": 1}, columns=COLUMNS[table])


def examples(count: int, *shape: int, pixels: bool) -> Examples:
    generator = np.random.default_rng(0)

    def split() -> Split:
        x = generator.integers(0, 256, (count, *shape), dtype=np.uint8)
        return Split(x, generator.integers(0, 3, (count, *shape[1:]) if pixels else (count,), dtype=np.uint8))

    return Examples(split(), split(), split(), classes=("background", "grey", "white"))


def card(task: str) -> Card:
    kind, count = TASKS[task][0], COUNTS[task]
    if kind == "table":
        rows = Part(examples=count, labels=(count - 5, 5))
        return Card(
            kind=kind,
            source=source(task),
            taken=part(task),
            classes=("no", "yes"),
            shape=(4,),
            train=rows,
            validation=rows,
            test=rows,
            samples=None,
        )
    return Card.of(examples(count, 1, 8, 8, pixels=kind == "scans"), kind, source(task), part(task))


def source(task: str) -> str:
    return {"images": "mnist-5k", "scans": "mni152"}.get(task, f"data/raw/{TASKS[task][0]}/{task}")


def part(task: str) -> str:
    return f"{COUNTS[task]} of 1,000 examples"


def words(corpus: str) -> list[str]:
    """The vocabulary of a text."""
    return ["UNK", *FREQUENT[corpus], *(f"w{n}" for n in range(20))]


def placed(corpus: str) -> Vectors:
    rng = np.random.default_rng(list(corpus.encode()))
    return Vectors.of(rng.normal(size=(len(words(corpus)), 4)).astype(np.float32), words(corpus))


def material(
    folder: Path,
    tasks: Sequence[str],
    *,
    methods: Sequence[str] = (),
    corpora: Sequence[str] = (),
    tables: Sequence[str] = (),
    optimizers: Sequence[str] = ("sgd", "adam"),
    duo: Sequence[str] = (),
    lost: Sequence[str] = (),
    costs: Costs = NO_COSTS,
    shared: bool = False,
    contested: bool = False,
) -> Material:
    """The inputs of a report on these tasks, texts and streams.

    Args:
        duo: the methods of a study of two objectives.
        lost: the roles whose runs all diverged.
        shared: the points of an optimizer are the same on every problem.
        contested: the methods of search are compared.
    """
    records = all_diverged(contests(tasks, optimizers, shared=shared), *lost)
    comparison = compare(
        records,
        {corpus: {"cbow": vectors(corpus)} for corpus in corpora},
        ({"mlp": {method: search(method, 0.5) for method in methods}} if methods else {})
        | ({"duo": {method: search_of_two(method, 0.9) for method in duo}} if duo else {}),
        [baseline("boosting", 0.9, task) for task in tasks if TASKS[task][0] == "table"],
        [],
        SETTINGS,
    )
    (folder / "curves.csv").write_text(curves(records))
    scans = [task for task in tasks if TASKS[task][0] == "scans"]
    network = SEGMENTERS["unet"].build(UNET, (1, 8, 8), 3, torch.Generator().manual_seed(0))
    segmenters = {}
    for task in scans:
        winner = comparison.tasks[task].winner
        if winner is None:
            continue
        state = {f"s{winner.seed}.{name}": w.contiguous() for name, w in network.state_dict().items()}
        save_file(state, folder / f"{task}.safetensors")
        segmenters[task] = Segmenter(winner, folder / f"{task}.safetensors", UNET)
    pictured = {task: examples(COUNTS[task], 1, 8, 8, pixels=True) for task in scans}
    return Material(
        comparison=comparison,
        curves=read_curves(folder / "curves.csv"),
        data={task: task for task in tasks},
        cards={name: card(name) for name in dict.fromkeys([*tasks, *tables, *["images"] * bool(methods or duo)])},
        scans=pictured,
        encodings={task: encoding(task) for task in tasks if TASKS[task][0] == "table"},
        texts={
            corpus: Text(
                CorpusCard.of(tuple(words(corpus)), (9,) * len(words(corpus)), "text8"), {"cbow": placed(corpus)}
            )
            for corpus in corpora
        },
        searched_texts={},
        costs=costs,
        streams={table: STREAMS[table] for table in tables},
        optimizers=validate(load(Path(__file__).parents[2] / "params.yaml"), "optimizers", Optimizers),
        segmenters=segmenters,
        cases=found_cases(pictured, segmenters),
        contest=contest_of_searchers() if contested else None,
    )


def contest_of_searchers() -> TunerContest:
    """A contest of random search and of a grid on one function."""
    budget, rng = TunerContestBudget(repeats=2, trials=(2, 4)), np.random.default_rng(0)
    keys = searches(["random", "grid"], ["branin"], budget, 0)
    values = {key: (0.5 + rng.random(key.budget)).tolist() for key in keys}
    found = Searches(values, {"branin": function_problem("branin")}, budget, 0)
    return compared(found, {}, Bootstrap(0.95, 20))


REPORTS = {
    "all of the default": {
        "tasks": ("images", "table", "scans"),
        "methods": ("grid", "bayes"),
        "corpora": ("corpus",),
        "tables": ("table",),
        "contested": True,
    },
    "two of a kind": {
        "tasks": ("images", "cifar", "table", "penguins", "scans"),
        "methods": ("grid",),
        "corpora": ("german", "english"),
        "tables": ("table", "penguins"),
    },
    "images alone": {"tasks": ("cifar",)},
    "a table alone": {"tasks": ("penguins",), "tables": ("penguins",)},
    "scans alone": {"tasks": ("scans",)},
    "a text alone": {"tasks": (), "corpora": ("german",)},
    "a stream alone": {"tasks": (), "tables": ("penguins",)},
    "searches alone": {"tasks": (), "methods": ("grid",)},
    "a search of two objectives alone": {"tasks": (), "duo": ("random", "bayes")},
    "searches of one and of two objectives": {"tasks": ("cifar",), "methods": ("grid",), "duo": ("nsga2",)},
    "streams and searches on data of no task": {
        "tasks": ("cifar",),
        "methods": ("grid",),
        "tables": ("penguins", "table"),
    },
    "every final run diverged": {"tasks": ("images", "table", "scans"), "lost": ("final",)},
    "every run diverged": {"tasks": ("cifar", "scans"), "lost": ("final", "default", "trial", "rerun")},
    "points that problems share": {"tasks": ("images", "table", "scans"), "shared": True},
    "points that problems share, of trials that diverged": {"tasks": ("cifar",), "lost": ("trial",), "shared": True},
    "one optimizer": {"tasks": ("images", "table", "scans"), "optimizers": ("adam",)},
    "one optimizer that diverged": {"tasks": ("cifar", "scans"), "optimizers": ("adam",), "lost": ("final",)},
    "costs of a part": {"tasks": ("cifar", "penguins"), "costs": Costs("Abacus", {"cifar": {"cnn": {"sgd": 0.001}}})},
}


@pytest.mark.parametrize("asked", REPORTS.values(), ids=REPORTS.keys())
def test_each_figure_is_on_the_page_and_each_picture_is_drawn(
    asked: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (cases, contest, overview, word_maps, online):
        monkeypatch.setattr(module, "png", lambda _: b"drawn")  # most of the time goes into the pixels
    monkeypatch.setattr(overview, "trajectories", lambda *_: b"drawn")
    monkeypatch.setattr(
        build, "words", lambda name, _vectors, _language, method: {f"words-{name}-{method}.png": b"drawn"}
    )
    found = material(tmp_path, **asked)
    drawn = {name: picture for draw in drawn_by(found) for name, picture in draw().items()}
    pages = texts(found, drawn)
    assert set(re.findall(r"\(figures/([^)]+)\)", pages["report.md"])) == drawn.keys()
    assert pages["report.html"].count('src="data:image/png;base64,') == len(drawn)
    for task in asked["tasks"]:
        assert f"## {task}\n" in pages["report.md"] and f"| {task} |" in pages["results.md"]
    assert "None" not in pages["report.md"] and "nan" not in pages["report.md"].replace("finance", "")


def sections(page: str) -> dict[str, str]:
    """The sections of a page by their headings."""
    return {text.partition("\n")[0]: text for text in page.split("\n## ")[1:]}


@pytest.mark.parametrize("asked", REPORTS.values(), ids=REPORTS.keys())
def test_each_section_is_of_its_own_data(asked: dict[str, Any], tmp_path: Path) -> None:
    found = material(tmp_path, **asked)
    shown = sections(texts(found, defaultdict(bytes))["report.md"])
    tasks, corpora, tables = asked["tasks"], asked.get("corpora", ()), asked.get("tables", ())
    for task in tasks:
        assert f"`data/{task}/examples.npz` ({part(task)}): {COUNTS[task]} train," in shown[task]
        if TASKS[task][0] == "table":
            assert f"\n{COLUMNS[task]} columns. The statistics" in shown[task]
    for table in tables:
        text = shown["Online learning" if len(tables) == 1 else f"Online learning on {table}"]
        assert f"rows of the table as a stream ({part(table)}), in their order" in text
        for record in STREAMS[table].values():
            loss = online.values(online.runs(record, "none"), "stream/loss")
            assert f" | {online.summary(loss, SETTINGS.confidence)} |  |" in text
    for corpus in corpora:
        text = shown["Word vectors" if len(corpora) == 1 else f"Word vectors of {corpus}"]
        assert f"The vocabulary has {len(words(corpus))} words." in text
        nearest = placed(corpus).neighbours(FREQUENT[corpus][-1])
        assert f"| {FREQUENT[corpus][-1]} | {', '.join(nearest)} |" in text
    if asked.get("methods") or asked.get("duo"):
        assert f"The trials train on `data/images/examples.npz` ({part('images')})." in shown["Hyperparameter search"]
    data = [line for line in shown["Data"].splitlines() if line.startswith("| ") and "`" in line]
    learnt_from = list(dict.fromkeys([*tasks, *tables, *["images"] * bool(asked.get("methods") or asked.get("duo"))]))
    assert [line.split(" | ")[0] for line in data] == [f"| {name}" for name in (*corpora, *learnt_from)]
    for name in learnt_from:
        assert any(line.startswith(f"| {name} | `{source(name)} ({part(name)})` |") for line in data)
