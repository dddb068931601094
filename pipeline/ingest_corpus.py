"""Makes word ids and a vocabulary of Wikipedia's text."""

from bakeoff.data.corpus import corpus
from bakeoff.data.corpus.settings import CorpusSettings
from bakeoff.data.sources import catalogue as sources
from bakeoff.stage import Stage, run


def ingest_corpus(stage: Stage) -> None:
    settings = stage.settings("data.corpus", CorpusSettings)
    texts = corpus.articles(sources.files(settings.source)["dump"])
    indexed = corpus.index(texts, settings.vocabulary_size, settings.minimum_count)
    stage.output("data/corpus/tokens.npy", indexed.save_ids)
    stage.output("data/corpus/vocabulary.csv", indexed.save_vocabulary)


if __name__ == "__main__":
    run(ingest_corpus, "ingest_corpus")
