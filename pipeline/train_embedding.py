"""Trains word vectors by one architecture on a text, and tests them against people's judgement of likeness."""

from bakeoff.data.sources import catalogue as sources
from bakeoff.embedding.architectures import ARCHITECTURES
from bakeoff.embedding.corpus import load
from bakeoff.embedding.evaluate import read_judged
from bakeoff.embedding.train import Training
from bakeoff.stage import Stage, run

TEXT, VOCABULARY = "data/corpus/tokens.npy", "data/corpus/vocabulary.csv"


def train_embedding(stage: Stage, architecture: str) -> None:
    training = Training.read(stage.settings, architecture=architecture, data=TEXT)
    corpus = load(stage.input(TEXT), stage.input(VOCABULARY))
    judged = {name: read_judged(path) for name, path in sources.files("word-similarity").items()}
    with stage.progress(training.settings.epochs) as progress:
        trained = training.train(corpus, judged, stage.watch, progress)
    print(*(f"{word}: {', '.join(near)}" for word, near in trained.neighbours.items()), sep="\n")
    stage.output(f"models/embedding/{architecture}.safetensors", trained.save)
    stage.record(f"reports/records/embedding/{architecture}.json", "embedding", [trained.run])
    stage.metrics(f"reports/metrics/embedding/{architecture}.json", trained.run.metrics)


if __name__ == "__main__":
    run(train_embedding, "train_embedding@{architecture}", architecture=ARCHITECTURES)
