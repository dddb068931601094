"""Builds the report: its figures in parallel on the machine's cores, then its pages."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from bakeoff.base import paths
from bakeoff.base.record import Record
from bakeoff.base.workers import answering, count
from bakeoff.data.card import Card, CorpusCard, Language
from bakeoff.data.encoding.report import Encoding
from bakeoff.data.examples import Examples
from bakeoff.data.samples import Samples
from bakeoff.data.sources.catalogue import SOURCES
from bakeoff.embedding.evaluate import Vectors
from bakeoff.embedding.maps import MAPS, MapName
from bakeoff.optimizers.registry import Optimizers
from bakeoff.report import pages, web_page
from bakeoff.report.figures import contest, example_figures, overview
from bakeoff.report.figures.cases import Cases, cases, draw_cases
from bakeoff.report.figures.pareto import draw_fronts
from bakeoff.report.figures.slices import draw_slices
from bakeoff.report.figures.trials import draw_trials
from bakeoff.report.figures.tuner_contest import draw_contest
from bakeoff.report.sections import online, tuner_contest
from bakeoff.results.curves import CurvePoint
from bakeoff.results.model import Comparison, FrontComparison, TuningComparison, Winner
from bakeoff.results.step_costs import Costs
from bakeoff.tuner_contest.model import TunerContest


@dataclass(frozen=True)
class Segmenter:
    """The winner of a task on scans, the weights of all its seeds, and the settings of its network."""

    winner: Winner
    weights: Path
    settings: Any


@dataclass(frozen=True)
class Text:
    """A corpus and its word vectors, by architecture."""

    card: CorpusCard
    vectors: Mapping[str, Vectors]


@dataclass(frozen=True)
class Material:
    """The inputs of the report.

    Attributes:
        data: the name of each task's data set.
        cards: of each data set of a task, a stream or a search, by its name.
        scans: the examples of each task on scans.
        encodings: by the name of each task on a table.
        texts: by the name of the corpus.
        searched_texts: by the name of the corpus, the card of each that studies of word vectors train on.
        streams: by table and by rule (`sgd-constant`) the record of a training on its stream.
        segmenters: by task on scans; without tasks in which every training diverged.
        cases: of each task with a segmenter.
        contest: the comparison of search methods; None if params.yaml has none.
    """

    comparison: Comparison
    curves: Sequence[CurvePoint]
    data: Mapping[str, str]
    cards: Mapping[str, Card]
    scans: Mapping[str, Examples]
    encodings: Mapping[str, Encoding]
    texts: Mapping[str, Text]
    searched_texts: Mapping[str, CorpusCard]
    costs: Costs
    streams: Mapping[str, Mapping[str, Record]]
    optimizers: Optimizers
    segmenters: Mapping[str, Segmenter]
    cases: Mapping[str, Cases]
    contest: TunerContest | None


def found_cases(scans: Mapping[str, Examples], segmenters: Mapping[str, Segmenter]) -> dict[str, Cases]:
    """Return the best, the median and the worst case of each task with a segmenter."""

    def found(task: str) -> Cases:
        segmenter = segmenters[task]
        return cases(scans[task], segmenter.weights, segmenter.winner, segmenter.settings)

    # In processes of their own: a process whose torch has run several threads should not be forked for the figures.
    with answering(found, count(example_figures.CPU)) as ask:
        return dict(zip(segmenters, ask(list(segmenters)), strict=True))


def figures(material: Material) -> dict[str, bytes]:
    """Draw the figures; return them as PNG, by file name."""
    drawings = list(drawn_by(material))

    def drawing(number: int) -> dict[str, bytes]:
        return drawings[number]()

    with answering(drawing, count(example_figures.CPU)) as draw:
        return dict(chain.from_iterable(drawn.items() for drawn in draw(range(len(drawings)))))


def drawn_by(material: Material) -> Iterator[Callable[[], dict[str, bytes]]]:
    """Yield the functions that draw the figures, the slowest first."""
    comparison = material.comparison
    yield partial(contest.of_comparison, comparison, material.curves)
    if comparison.tasks:
        yield lambda: {"trajectories.png": overview.trajectories(comparison, material.optimizers)}
    yield partial(overview.of_comparison, comparison, material.costs)
    for name, study in comparison.tuning.items():
        yield partial(trials, name, study)
    for name, fronts in comparison.fronts.items():
        yield partial(pareto, name, fronts)
    if material.contest:
        yield partial(contest_of_methods, material.contest)
    for task, name in material.data.items():
        card = material.cards[name]
        if card.samples is not None:
            yield partial(pictures, task, card.samples, card.classes)
    for table, streams in material.streams.items():
        yield partial(online.figures, table, streams)
    for corpus, text in material.texts.items():
        for architecture, vectors in text.vectors.items():
            for method in MAPS:
                yield partial(words, f"{corpus}-{architecture}", vectors, text.card.language, method)
    for task, segmenter in material.segmenters.items():
        yield partial(predictions, task, material.scans[task], segmenter)
    for task, found in material.cases.items():
        if found.shown:
            yield partial(extremes, task, found)


def trials(name: str, study: TuningComparison) -> dict[str, bytes]:
    return {f"trials-{name}.png": draw_trials(study), f"slices-{name}.png": draw_slices(study)}


def pareto(name: str, study: FrontComparison) -> dict[str, bytes]:
    return {f"pareto-{name}.png": draw_fronts(study)}


def contest_of_methods(results: TunerContest) -> dict[str, bytes]:
    return {tuner_contest.FIGURE: draw_contest(results)}


def pictures(task: str, samples: Samples, classes: Sequence[str]) -> dict[str, bytes]:
    return {f"samples-{task}.png": example_figures.draw_samples(samples, classes)}


def words(name: str, vectors: Vectors, language: Language | None, method: MapName) -> dict[str, bytes]:
    return {f"words-{name}-{method}.png": example_figures.draw_words(vectors, language, method)}


def predictions(task: str, examples: Examples, segmenter: Segmenter) -> dict[str, bytes]:
    drawn = example_figures.draw_predictions(examples, segmenter.weights, segmenter.winner, segmenter.settings)
    return {f"predictions-{task}.png": drawn}


def extremes(task: str, found: Cases) -> dict[str, bytes]:
    return {f"cases-{task}.png": draw_cases(found)}


def texts(material: Material, drawn: Mapping[str, bytes]) -> dict[str, str]:
    """Write the pages, with these figures in the HTML file; return them by file name."""
    comparison = material.comparison
    described: dict[str, Card | CorpusCard] = {**material.cards, **material.searched_texts}
    searched = {name: described[paths.data_name(data)] for name, data in comparison.searched.items()}
    shown = pages.Exhibits(
        origins=origins(material),
        cards={task: material.cards[name] for task, name in material.data.items()},
        searched_parts={name: card.taken for name, card in searched.items()},
        encodings=material.encodings,
        texts={corpus: text.card for corpus, text in material.texts.items()},
        neighbours={
            corpus: {
                name: example_figures.neighbours(vectors, text.card.language) for name, vectors in text.vectors.items()
            }
            for corpus, text in material.texts.items()
        },
        costs=material.costs,
        curves=material.curves,
        cases=material.cases,
    )
    compared = [tuner_contest.section(material.contest)] if material.contest else []
    streams = [
        online.section(
            table,
            records,
            comparison.confidence,
            part=material.cards[table].taken,
            alone=len(material.streams) == 1,
        )
        for table, records in material.streams.items()
    ]
    page = pages.report(comparison, shown, *compared, *streams)
    return {
        "report.md": page,
        "report.html": web_page.as_html(page, drawn),
        "results.md": pages.results(comparison),
    }


def origins(material: Material) -> dict[str, pages.Origin]:
    """Return the origin of each data set that is used for training, by name, the corpora first."""
    cards = {corpus: text.card for corpus, text in material.texts.items()} | dict(material.cards)
    return {name: replace(origin(card.source), taken=card.taken or "") for name, card in cards.items()}


def origin(source: str) -> pages.Origin:
    """Return the catalogue's entry of a source; for own data only the path."""
    if source not in SOURCES:
        return pages.Origin(source, "", "", "")
    spec = SOURCES[source]
    return pages.Origin(source, spec.title, spec.licence, spec.citation)
