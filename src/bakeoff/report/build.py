"""Builds the report: its figures side by side on the machine's processors, then its pages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain, product
from pathlib import Path
from typing import Any

from bakeoff.base.record import Record
from bakeoff.base.workers import answering, count
from bakeoff.data.examples import Examples
from bakeoff.data.sources.settings import Source
from bakeoff.embedding.evaluate import Vectors
from bakeoff.embedding.maps import MAPS, MapName
from bakeoff.optimizers.settings import Optimizers
from bakeoff.report import pages
from bakeoff.report.figures import contest, example_figures, overview
from bakeoff.report.intensities import intensity_baseline
from bakeoff.report.sections import online
from bakeoff.results.step_costs import Costs


@dataclass(frozen=True)
class Segmenter:
    """The weights of all seeds of the winner of the scans, and the settings of its network."""

    weights: Path
    settings: Any


@dataclass(frozen=True)
class Material:
    """The inputs of the report.

    Attributes:
        data: by task, {"images": ..., "table": ..., "scans": ...}.
        sources: by kind of data, the corpus included.
        vocabulary: the number of words, UNK included.
        vectors: by architecture.
        streams: the record of each training on the stream, by optimizer and schedule.
        segmenter: None if every training on the scans diverged.
    """

    comparison: Mapping[str, Any]
    curves: Any
    data: Mapping[str, Examples]
    sources: Mapping[str, Source]
    encoding: Mapping[str, Any]
    vocabulary: int
    vectors: Mapping[str, Vectors]
    costs: Costs
    streams: Mapping[str, Record]
    optimizers: Optimizers
    segmenter: Segmenter | None


def figures(material: Material) -> dict[str, bytes]:
    """Draw the figures; return them as PNG, by file name."""
    comparison, data = material.comparison, material.data
    drawings: list[Callable[[], dict[str, bytes]]] = [  # what takes longest first
        lambda: contest.of_comparison(comparison, material.curves),
        lambda: {"trajectories.png": overview.trajectories(comparison, material.optimizers)},
        lambda: overview.of_comparison(comparison, material.costs),
        lambda: {"samples-images.png": example_figures.draw_samples(data["images"])},
        lambda: online.figures(material.streams),
    ]
    drawings += [
        partial(words, name, material.vectors[name], method) for name, method in product(material.vectors, MAPS)
    ]
    if material.segmenter is not None:
        drawings.append(partial(predictions, material, material.segmenter))

    def drawing(number: int) -> dict[str, bytes]:
        return drawings[number]()

    with answering(drawing, count(example_figures.CPU)) as draw:
        return dict(chain.from_iterable(drawn.items() for drawn in draw(range(len(drawings)))))


def words(name: str, vectors: Vectors, method: MapName) -> dict[str, bytes]:
    return {f"words-{name}-{method}.png": example_figures.draw_words(vectors, method)}


def predictions(material: Material, segmenter: Segmenter) -> dict[str, bytes]:
    winner = material.comparison["tasks"]["scans"]["winner"]
    drawn = example_figures.draw_predictions(material.data["scans"], segmenter.weights, winner, segmenter.settings)
    return {"predictions-scans.png": drawn}


def texts(material: Material, drawn: Mapping[str, bytes]) -> dict[str, str]:
    """Write the pages, with these figures in the HTML file; return them by file name."""
    shown = pages.Exhibits(
        origins={kind: example_figures.origin(source) for kind, source in material.sources.items()},
        encoding=material.encoding,
        sizes={task: example_figures.sizes(examples) for task, examples in material.data.items()},
        classes={task: example_figures.classes(examples) for task, examples in material.data.items()},
        baseline=intensity_baseline(material.data["scans"]),
        vocabulary=material.vocabulary,
        neighbours={name: example_figures.neighbours(vectors) for name, vectors in material.vectors.items()},
        costs=material.costs,
    )
    page = pages.report(material.comparison, shown, online.section(material.streams, material.comparison["confidence"]))
    return {
        "report.md": page,
        "report.html": pages.as_html(page, drawn),
        "results.md": pages.results(material.comparison),
    }
