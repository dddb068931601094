"""Writes the pages of results and draws their figures."""

from itertools import product
from operator import methodcaller

from bakeoff.base import paths, record
from bakeoff.base.record import parsed
from bakeoff.data.corpus.corpus import read_vocabulary
from bakeoff.data.examples import Examples
from bakeoff.data.sources.settings import SOURCE_OF
from bakeoff.harness.stage import Stage, run
from bakeoff.networks.registry import SEGMENTERS
from bakeoff.optimizers.settings import Optimizers
from bakeoff.report.build import Material, Segmenter, figures, texts
from bakeoff.report.figures.example_figures import read_vectors
from bakeoff.results.compare import read_curves
from bakeoff.results.step_costs import read, there


def report(stage: Stage) -> None:
    comparison = parsed(stage.input(paths.COMPARISON))
    vocabulary = list(read_vocabulary(stage.input(paths.VOCABULARY)))
    architectures = stage.settings("embedding.architectures", list[str])
    weights = {name: stage.input(paths.weights("embedding", name)) for name in architectures}
    rules = product(stage.settings("online.optimizers", list[str]), stage.settings("online.schedules", list[str]))
    material = Material(
        comparison=comparison,
        curves=read_curves(stage.input(paths.CURVES)),
        data={task: Examples.load(stage.input(found["data"])) for task, found in comparison["tasks"].items()},
        sources={kind: stage.settings(f"data.{kind}.source", source) for kind, source in SOURCE_OF.items()},
        encoding=parsed(stage.input(paths.ENCODING)),
        vocabulary=len(vocabulary),
        vectors=read_vectors(weights, vocabulary),
        costs=read(stage.input(there())),
        streams={name: record.read(stage.input(paths.record("online", name))) for name in map("-".join, rules)},
        optimizers=stage.settings("optimizers", Optimizers),
        segmenter=segmenter(stage, comparison["tasks"]["scans"]["winner"]),
    )
    drawn = figures(material)
    for name, picture in drawn.items():
        stage.output(paths.figure(name), methodcaller("write_bytes", picture), cached=False)
    for name, text in texts(material, drawn).items():
        stage.output(
            f"{paths.REPORTS}/{name}", methodcaller("write_text", text, encoding="utf-8"), cached=name == "report.html"
        )


def segmenter(stage: Stage, winner: dict[str, str] | None) -> Segmenter | None:
    if winner is None:
        return None
    weights = stage.input(paths.weights("scans", f"{winner['model']}-{winner['optimizer']}"))
    settings = stage.settings(f"networks.{winner['model']}", SEGMENTERS[winner["model"]].settings)
    return Segmenter(weights, settings)


if __name__ == "__main__":
    run(report, "report")
