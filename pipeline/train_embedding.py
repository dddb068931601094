"""Trains word vectors by one architecture on a text, and tests them against people's judgement of words."""

from bakeoff.base.checkpoint import Checkpoint
from bakeoff.data.corpus.corpus import Corpus
from bakeoff.data.sources.availability import packaged_files
from bakeoff.embedding.architectures import ARCHITECTURES
from bakeoff.embedding.evaluate import read_test
from bakeoff.embedding.settings import ArchitectureName
from bakeoff.embedding.train import Training
from bakeoff.harness.stage import Stage, run

TEXT, VOCABULARY = "data/corpus/tokens.npy", "data/corpus/vocabulary.csv"


def train_embedding(stage: Stage, architecture: ArchitectureName) -> None:
    training = Training.read(stage.settings, architecture=architecture, data=TEXT)
    corpus = Corpus.load(stage.input(TEXT), stage.input(VOCABULARY))
    tests = {name: read_test(path) for name, path in packaged_files("word-similarity").items()}
    with stage.progress(training.sampler.steps(corpus)) as progress, Checkpoint(stage.name, stage.recipe) as checkpoint:
        trained = training.train(corpus, tests, stage.watch, progress, checkpoint)
    print(*(f"{word}: {', '.join(near)}" for word, near in trained.neighbours.items()), sep="\n")
    stage.output(f"models/embedding/{architecture}.safetensors", trained.save)
    stage.record(f"reports/records/embedding/{architecture}.json", "embedding", [trained.run])
    stage.metrics(f"reports/metrics/embedding/{architecture}.json", trained.run.metrics)


if __name__ == "__main__":
    run(train_embedding, "train_embedding@{architecture}", architecture=ARCHITECTURES)
