"""Converts a text, plain or a dump of Wikipedia, to word ids and a vocabulary."""

from pathlib import Path

from bakeoff.base import paths
from bakeoff.data.card import CorpusCard
from bakeoff.data.corpus.first import First
from bakeoff.data.corpus.index import indexed
from bakeoff.data.corpus.settings import CorpusSettings
from bakeoff.data.corpus.text import Text
from bakeoff.data.limits import Limits
from bakeoff.data.portion import portion
from bakeoff.data.sources.find import find
from bakeoff.harness.stage import Stage, run


def ingest_corpus(stage: Stage, data: str) -> None:
    stage.watched(paths.raw("corpus"))
    limits = stage.settings("limits", Limits)
    settings = stage.settings(f"data.{data}", CorpusSettings)
    text = Text(find(settings.source, "corpus", limits), settings.encoding)
    with stage.progress(text.size, unit="bytes") as progress:
        words = text.words(settings.tokens, settings.cleaning, progress.advance)
        first = First(settings.take) if settings.take else None
        words = first.of(words) if first else words
        folder = Path(paths.data(data))
        with indexed(text, words, folder, settings.vocabulary_size, settings.minimum_count) as index:
            stage.output(paths.tokens(data), index.save_ids)
            stage.output(paths.vocabulary(data), index.save_vocabulary)
            remark = index.remark(settings.minimum_count)
            part = portion(settings.take, "words") if settings.take and first and first.cut else None
            card = CorpusCard.of(tuple(index.words), tuple(index.counts), settings.source, part)
            stage.output(paths.data_card(data), card.save)
    stage.say([f"{stage.name}: data.corpus.take: {part}"] if part else [])
    stage.say([f"{stage.name}: {remark}"] if remark else [])
    stage.say(text.notes())


if __name__ == "__main__":
    run(ingest_corpus, "ingest_{data}", about=("data", "corpus"), data=None)
