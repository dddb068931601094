"""Writes the pages of results and draws their figures."""

from collections.abc import Callable
from functools import partial
from itertools import chain, product
from operator import methodcaller

from bakeoff import record
from bakeoff.data.corpus.corpus import read_vocabulary
from bakeoff.data.examples import Examples
from bakeoff.data.sources.settings import SOURCE_OF
from bakeoff.embedding.evaluate import Vectors
from bakeoff.embedding.maps import MAPS, MapName
from bakeoff.networks.registry import SEGMENTERS
from bakeoff.optimizers.settings import Optimizers
from bakeoff.record import parsed
from bakeoff.report import exhibits, figures, online, overview, pages
from bakeoff.report.compare import read_curves
from bakeoff.report.costs import read, there
from bakeoff.report.intensities import intensity_baseline
from bakeoff.stage import Stage, run
from bakeoff.training.workers import answering, count


def words(name: str, vectors: Vectors, method: MapName) -> dict[str, bytes]:
    return {f"words-{name}-{method}.png": exhibits.draw_words(vectors, method)}


def report(stage: Stage) -> None:
    comparison = parsed(stage.input("reports/comparison.json"))
    curves = read_curves(stage.input("reports/curves.csv"))
    data = {task: Examples.load(stage.input(found["data"])) for task, found in comparison["tasks"].items()}
    vocabulary = list(read_vocabulary(stage.input("data/corpus/vocabulary.csv")))
    sources = {kind: stage.settings(f"data.{kind}.source", source) for kind, source in SOURCE_OF.items()}
    architectures = stage.settings("embedding.architectures", list[str])
    weights = {name: stage.input(f"models/embedding/{name}.safetensors") for name in architectures}
    vectors = exhibits.read_vectors(weights, vocabulary)
    costs = read(stage.input(there()))
    rules = product(stage.settings("online.optimizers", list[str]), stage.settings("online.schedules", list[str]))
    streams = {name: record.read(stage.input(f"reports/records/online/{name}.json")) for name in map("-".join, rules)}
    optimizers = stage.settings("optimizers", Optimizers)
    drawings: list[Callable[[], dict[str, bytes]]] = [  # what takes longest first
        lambda: figures.of_comparison(comparison, curves),
        lambda: {"trajectories.png": overview.trajectories(comparison, optimizers)},
        lambda: overview.of_comparison(comparison, costs),
        lambda: {"samples-images.png": exhibits.draw_samples(data["images"])},
        lambda: online.figures(streams),
    ]
    drawings += [partial(words, name, vectors[name], method) for name, method in product(vectors, MAPS)]
    winner = comparison["tasks"]["scans"]["winner"]
    if winner:
        settings = stage.settings(f"networks.{winner['model']}", SEGMENTERS[winner["model"]].settings)
        won = stage.input(f"models/scans/{winner['model']}-{winner['optimizer']}.safetensors")
        drawings.append(
            lambda: {"predictions-scans.png": exhibits.draw_predictions(data["scans"], won, winner, settings)}
        )

    def drawing(place: int) -> dict[str, bytes]:
        return drawings[place]()

    with answering(drawing, count(exhibits.CPU)) as draw:
        drawn = dict(chain.from_iterable(found.items() for found in draw(range(len(drawings)))))
    shown = pages.Exhibits(
        origins={kind: exhibits.origin(source) for kind, source in sources.items()},
        encoding=parsed(stage.input("reports/encoding.json")),
        sizes={task: exhibits.sizes(examples) for task, examples in data.items()},
        classes={task: exhibits.classes(examples) for task, examples in data.items()},
        baseline=intensity_baseline(data["scans"]),
        vocabulary=len(vocabulary),
        neighbours={name: exhibits.neighbours(found) for name, found in vectors.items()},
        costs=costs,
    )
    page = pages.report(comparison, shown, online.section(streams, comparison["confidence"]))
    for name, picture in drawn.items():
        stage.output(f"reports/figures/{name}", methodcaller("write_bytes", picture), cached=False)
    texts = {"report.md": page, "report.html": pages.as_html(page, drawn), "results.md": pages.results(comparison)}
    for name, text in texts.items():
        stage.output(
            f"reports/{name}", methodcaller("write_text", text, encoding="utf-8"), cached=name == "report.html"
        )


if __name__ == "__main__":
    run(report, "report")
