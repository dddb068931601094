"""Writes the pages of results and draws their figures."""

from operator import methodcaller

from bakeoff.base import paths, record
from bakeoff.data.card import read_card, read_corpus_card
from bakeoff.data.corpus.corpus import read_vocabulary
from bakeoff.data.encoding.report import Encoding
from bakeoff.data.examples import Examples
from bakeoff.harness.stage import Stage, run
from bakeoff.networks.registry import SEGMENTERS
from bakeoff.optimizers.registry import Optimizers
from bakeoff.report.build import Material, Segmenter, Text, figures, found_cases, texts
from bakeoff.report.figures.example_figures import read_vectors
from bakeoff.results import record_names
from bakeoff.results.curves import read_curves
from bakeoff.results.model import Comparison, EmbeddingComparison, TaskKind, Winner
from bakeoff.results.step_costs import measured, read
from bakeoff.tuner_contest.model import TunerContest


def report(stage: Stage) -> None:
    comparison = Comparison.read(stage.input(paths.COMPARISON))

    def data_of(*kinds: TaskKind) -> dict[str, str]:
        return {name: task.data for name, task in comparison.tasks.items() if task.kind in kinds}

    data = {name: paths.data_name(task.data) for name, task in comparison.tasks.items()}
    searched = {paths.data_name(data): data for data in comparison.searched.values()}
    searched_texts = [name for name, data in searched.items() if data == paths.tokens(name)]
    streams = {
        table: {rule: record.read(stage.input(paths.record("online", name))) for rule, name in names.items()}
        for table, names in record_names.streams(stage.settings).items()
    }
    winners = {name: comparison.tasks[name].winner for name in data_of("scans")}
    scans = {name: Examples.load(stage.input(path)) for name, path in data_of("scans").items()}
    segmenters = {name: segmenter(stage, name, winner) for name, winner in winners.items() if winner}
    material = Material(
        comparison=comparison,
        curves=read_curves(stage.input(paths.CURVES)),
        data=data,
        cards={
            name: read_card(stage.input(paths.data_card(name)))
            for name in dict.fromkeys([*data.values(), *streams, *searched])
            if name not in searched_texts
        },
        scans=scans,
        encodings={task: Encoding.read(stage.input(paths.encoding(data[task]))) for task in data_of("table")},
        searched_texts={name: read_corpus_card(stage.input(paths.data_card(name))) for name in searched_texts},
        texts={corpus: text(stage, corpus, found) for corpus, found in comparison.embeddings.items()},
        costs=read(stage.input(measured())),
        streams=streams,
        optimizers=stage.settings("optimizers", Optimizers),
        segmenters=segmenters,
        cases=found_cases(scans, segmenters),
        contest=contest(stage),
    )
    drawn = figures(material)
    for name, picture in drawn.items():
        stage.output(paths.figure(name), methodcaller("write_bytes", picture), cached=False)
    for name, page in texts(material, drawn).items():
        stage.output(
            f"{paths.REPORTS}/{name}", methodcaller("write_text", page, encoding="utf-8"), cached=name == "report.html"
        )


def text(stage: Stage, corpus: str, found: EmbeddingComparison) -> Text:
    vocabulary = list(read_vocabulary(stage.input(paths.vocabulary(corpus))))
    weights = {name: stage.input(paths.weights("embedding", f"{corpus}-{name}")) for name in found.architectures}
    card = read_corpus_card(stage.input(paths.data_card(corpus)))
    return Text(card, read_vectors(weights, vocabulary))


def contest(stage: Stage) -> TunerContest | None:
    """Return the contest of the methods of search, where params.yaml has one."""
    if not stage.settings("tuner_contest.methods", tuple[str, ...]):
        return None
    return TunerContest.read(stage.input(paths.TUNER_CONTEST))


def segmenter(stage: Stage, task: str, winner: Winner) -> Segmenter:
    weights = stage.input(paths.weights(task, f"{winner.model}-{winner.optimizer}"))
    settings = stage.settings(f"networks.{winner.model}", SEGMENTERS[winner.model].settings)
    return Segmenter(winner, weights, settings)


if __name__ == "__main__":
    run(report, "report")
