"""Trains word vectors with one architecture on a text, and tests them against human judgements."""

from bakeoff.base import paths
from bakeoff.base.checkpoint import Checkpoint
from bakeoff.data.corpus.corpus import Corpus
from bakeoff.data.sources.availability import packaged_files
from bakeoff.embedding.architectures import ARCHITECTURES
from bakeoff.embedding.evaluate import read_test
from bakeoff.embedding.settings import ArchitectureName
from bakeoff.embedding.train import Training
from bakeoff.harness.stage import Stage, run


def train_embedding(stage: Stage, corpus: str, architecture: ArchitectureName) -> None:
    name = f"{corpus}-{architecture}"
    training = Training.read(stage.settings, architecture=architecture, data=paths.tokens(corpus))
    text = Corpus.load(stage.input(paths.tokens(corpus)), stage.input(paths.vocabulary(corpus)))
    tests = {name: read_test(path) for name, path in packaged_files("word-similarity").items()}
    with stage.progress(training.sampler.steps(text)) as progress, Checkpoint(stage.name, stage.digest) as checkpoint:
        trained = training.train(text, tests, stage.watch, progress, checkpoint)
    print(*(f"{word}: {', '.join(near)}" for word, near in trained.neighbours.items()), sep="\n")
    stage.output(paths.weights("embedding", name), trained.save)
    stage.record(paths.record("embedding", name), "embedding", [trained.run])
    stage.metrics(paths.metrics("embedding", name), trained.run.metrics)


if __name__ == "__main__":
    run(
        train_embedding,
        "train_embedding@{corpus}-{architecture}",
        about=("corpus", "corpus"),
        corpus=None,
        architecture=ARCHITECTURES,
    )
