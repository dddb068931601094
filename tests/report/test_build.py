"""The whole report of contests that nobody held: pages and figures fit together, whatever tasks there are."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from simulated_contest import SETTINGS, TASKS, baseline, contests, search, vectors
from simulated_stream import RECORDS as STREAM

from bakeoff.base.settings import load, validate
from bakeoff.data.card import Card, CorpusCard, Part
from bakeoff.data.encoding.report import Encoding
from bakeoff.data.examples import Examples, Split
from bakeoff.embedding.evaluate import Vectors
from bakeoff.networks.registry import SEGMENTERS
from bakeoff.networks.unet import UnetSettings
from bakeoff.optimizers.registry import Optimizers
from bakeoff.report import build
from bakeoff.report.build import Material, Segmenter, Text, drawn_by, texts
from bakeoff.report.figures import contest, overview, word_maps
from bakeoff.report.sections import online
from bakeoff.results.compare import compare
from bakeoff.results.curves import curves, read_curves
from bakeoff.results.step_costs import Costs

UNET = UnetSettings(channels=2, depth=1, activation="relu")
OPTIMIZERS = ("sgd", "adam")
ROWS = Part(examples=90, labels=(50, 40))
ENCODING = Encoding(before={}, after={}, missing={}, categories={}, rows={"train": 1}, columns=1)


def examples(*shape: int, pixels: bool) -> Examples:
    generator = np.random.default_rng(0)

    def split() -> Split:
        x = generator.integers(0, 256, (9, *shape), dtype=np.uint8)
        return Split(x, generator.integers(0, 3, (9, *shape[1:]) if pixels else (9,), dtype=np.uint8))

    return Examples(split(), split(), split(), classes=("background", "grey", "white"))


def card(task: str) -> Card:
    kind = TASKS[task][0]
    if kind == "table":
        return Card(
            kind=kind,
            source=f"data/raw/table/{task}.csv",
            taken=None,
            classes=("no", "yes"),
            shape=(4,),
            train=ROWS,
            validation=ROWS,
            test=ROWS,
            samples=None,
        )
    source = {"images": "mnist-5k", "scans": "mni152"}.get(task, f"data/raw/{kind}/{task}")
    return Card.of(examples(1, 8, 8, pixels=kind == "scans"), kind, source)


def material(
    folder: Path,
    tasks: Sequence[str],
    *,
    methods: Sequence[str] = (),
    corpora: Sequence[str] = (),
    tables: Sequence[str] = (),
) -> Material:
    """The inputs of a report on these tasks, texts and streams."""
    records = contests(tasks, OPTIMIZERS)
    comparison = compare(
        records,
        {corpus: {"cbow": vectors(corpus)} for corpus in corpora},
        {method: search(method, 0.5) for method in methods},
        [baseline("boosting", 0.9, task) for task in tasks if TASKS[task][0] == "table"],
        [],
        SETTINGS,
    )
    (folder / "curves.csv").write_text(curves(records))
    words = ["UNK", "the", "of", "and", *(f"w{n}" for n in range(20))]
    placed = Vectors.of(np.random.default_rng(0).normal(size=(len(words), 4)).astype(np.float32), words)
    scans = [task for task in tasks if TASKS[task][0] == "scans"]
    network = SEGMENTERS["unet"].build(UNET, (1, 8, 8), 3, torch.Generator().manual_seed(0))
    segmenters = {}
    for task in scans:
        winner = comparison.tasks[task].winner
        assert winner is not None
        state = {f"s{winner.seed}.{name}": w.contiguous() for name, w in network.state_dict().items()}
        save_file(state, folder / f"{task}.safetensors")
        segmenters[task] = Segmenter(winner, folder / f"{task}.safetensors", UNET)
    return Material(
        comparison=comparison,
        curves=read_curves(folder / "curves.csv"),
        data={task: task for task in tasks},
        cards={task: card(task) for task in tasks},
        scans={task: examples(1, 8, 8, pixels=True) for task in scans},
        encodings={task: ENCODING for task in tasks if TASKS[task][0] == "table"},
        texts={
            corpus: Text(CorpusCard.of(tuple(words), (9,) * len(words), "text8"), {"cbow": placed})
            for corpus in corpora
        },
        costs=Costs("Abacus", {}),
        streams=dict.fromkeys(tables, STREAM),
        optimizers=validate(load(Path(__file__).parents[2] / "params.yaml"), "optimizers", Optimizers),
        segmenters=segmenters,
    )


REPORTS = {
    "all of the default": {
        "tasks": ("images", "table", "scans"),
        "methods": ("grid", "bayes"),
        "corpora": ("corpus",),
        "tables": ("table",),
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
}


@pytest.mark.parametrize("asked", REPORTS.values(), ids=REPORTS.keys())
def test_each_figure_is_on_the_page_and_each_picture_is_drawn(
    asked: dict[str, tuple[str, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (contest, overview, word_maps, online):
        monkeypatch.setattr(module, "png", lambda _: b"drawn")  # most of the time goes into the pixels
    monkeypatch.setattr(overview, "trajectories", lambda *_: b"drawn")
    monkeypatch.setattr(build, "words", lambda name, _, method: {f"words-{name}-{method}.png": b"drawn"})
    found = material(tmp_path, **asked)  # type: ignore[arg-type]
    drawn = {name: picture for draw in drawn_by(found) for name, picture in draw().items()}
    pages = texts(found, drawn)
    assert set(re.findall(r"\(figures/([^)]+)\)", pages["report.md"])) == drawn.keys()
    assert pages["report.html"].count('src="data:image/png;base64,') == len(drawn)
    for task in asked["tasks"]:
        assert f"## {task}\n" in pages["report.md"] and f"| {task} |" in pages["results.md"]
    data = pages["report.md"].partition("## Data")[2]
    for name in (*asked["tasks"], *asked.get("corpora", ())):
        assert f"| {name} | `" in data
