"""Makes word ids and a vocabulary of a text, plain or a dump of Wikipedia."""

from pathlib import Path

from bakeoff.base import paths
from bakeoff.data.corpus.index import indexed
from bakeoff.data.corpus.settings import CorpusSettings
from bakeoff.data.corpus.text import Text
from bakeoff.data.limits import Limits
from bakeoff.data.sources.find import find
from bakeoff.harness.stage import Stage, run


def ingest_corpus(stage: Stage) -> None:
    stage.watched(paths.raw("corpus"))
    limits = stage.settings("data.limits", Limits)
    settings = stage.settings("data.corpus", CorpusSettings)
    text = Text(find(settings.source, "corpus", limits), settings.encoding)
    with stage.progress(text.size, unit="bytes") as progress:
        words = text.words(settings.tokens, settings.cleaning, progress.advance)
        with indexed(text, words, Path(paths.CORPUS), settings.vocabulary_size, settings.minimum_count) as index:
            stage.output(paths.TOKENS, index.save_ids)
            stage.output(paths.VOCABULARY, index.save_vocabulary)
    print(*text.notes(), sep="\n", flush=True)


if __name__ == "__main__":
    run(ingest_corpus, "ingest_corpus")
