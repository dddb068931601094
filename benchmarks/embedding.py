"""Word vectors beside gensim's: words a second, quality, and the bytes under other numbers of threads.

    python -m benchmarks.embedding [IDS VOCABULARY]

reads what ingest_corpus wrote, or any pair of such files. gensim gets the same words in the same order, in sentences of
1,000, with the same settings. Runs alternate, so that what else the machine does falls on both; ratios are of medians.
"""

import hashlib
import statistics
import sys
import tempfile
import time
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from typing import Any

import pipeline  # noqa: F401  first: it sets the environment that the pipeline computes in

# isort: split

import numpy as np
from gensim.models import Word2Vec

from bakeoff.data.corpus.corpus import Corpus
from bakeoff.data.sources.holdings import files
from bakeoff.embedding.course import State
from bakeoff.embedding.evaluate import Vectors, read_test
from bakeoff.embedding.settings import ArchitectureName, Word2vecSettings
from bakeoff.embedding.shards import Shards
from bakeoff.embedding.word2vec import Word2vec
from bakeoff.progress import Progress
from bakeoff.training.checkpoint import Checkpoint

RUNS, SEEDS, THREADS = 5, 3, 2
TEXT, VOCABULARY = "data/corpus/tokens.npy", "data/corpus/vocabulary.csv"
AIMS = {("skipgram", 100): 3.0, ("skipgram", 300): 3.0, ("cbow", 100): 1.8, ("cbow", 300): 1.8}  # times gensim's speed
SLACK = {"wordsim": 0.02, "simlex": 0.015, "analogies": 0.01}  # below gensim's quality
SETTINGS: dict[str, Any] = {
    "dimension": 100,
    "window": 5,
    "negatives": 5,
    "noise_exponent": 0.75,
    "subsample": 1e-3,
    "validation": 1e-3,  # gensim holds nothing out
    "learning_rate": {"skipgram": 0.025, "cbow": 0.05},
    "epochs": 1,
    "shards": 2,
    "round": 20_000,
    "damping": 0.0,
    "gpu": {"batch": 2048, "damping": 1.0},
    "seed": 0,
}


def ours(corpus: Corpus, architecture: ArchitectureName, threads: int = THREADS, **changes: Any) -> np.ndarray:
    """Vectors (V, D)."""
    settings = Word2vecSettings.model_validate(SETTINGS | changes)
    with tempfile.TemporaryDirectory() as folder, Checkpoint("benchmark", "none", Path(folder) / "none") as checkpoint:
        fitted = Word2vec(architecture, settings, "cpu", threads).fit(
            corpus, _unseen, Progress(1, "", StringIO()), checkpoint
        )
    return fitted.vectors["input"]


def gensims(sentences: list[list[str]], architecture: ArchitectureName, **changes: Any) -> Any:
    settings = SETTINGS | changes
    model = Word2Vec(
        vector_size=settings["dimension"],
        window=settings["window"],
        negative=settings["negatives"],
        ns_exponent=settings["noise_exponent"],
        sample=settings["subsample"],
        alpha=settings["learning_rate"][architecture],
        sg=architecture == "skipgram",
        min_count=1,
        workers=THREADS,
        seed=settings["seed"],
        epochs=settings["epochs"],
    )
    model.build_vocab(sentences)
    return model


def epoch(shards: Shards, state: State) -> None:
    state.offset = 0
    while state.offset < shards.longest:
        shards.round(state)
    shards.validate(state)


def speed(corpus: Corpus, sentences: list[list[str]]) -> bool:
    """An epoch's time, tables and vocabulary made before, on both sides."""
    words, well = sum(map(len, sentences)), True
    for (architecture, dimension), aim in AIMS.items():
        model = gensims(sentences, architecture, dimension=dimension)
        settings = Word2vecSettings.model_validate(SETTINGS | {"dimension": dimension})
        shards = Shards(corpus, architecture, settings, THREADS)
        state = shards.start()
        times: dict[str, list[float]] = {"ours": [], "gensim": []}
        with shards.at(state):
            epoch(shards, state)  # compiles
            for _ in range(RUNS):
                started = time.perf_counter()
                epoch(shards, state)
                between = time.perf_counter()
                model.train(sentences, total_examples=len(sentences), epochs=1)
                times["ours"].append(between - started)
                times["gensim"].append(time.perf_counter() - between)
        mine, theirs = (words / statistics.median(times[who]) for who in ("ours", "gensim"))
        well &= mine / theirs >= aim
        print(
            f"{architecture:<9} {dimension:>4}  {mine / 1e6:5.2f}M words/s  gensim {theirs / 1e6:5.2f}M  "
            f"{mine / theirs:4.1f} x  (at least {aim} x)",
            flush=True,
        )
    return well


def quality(corpus: Corpus, sentences: list[list[str]]) -> bool:
    tests, well = {name: read_test(path) for name, path in files("word-similarity").items()}, True
    for architecture in ("skipgram", "cbow"):
        scores: dict[str, list[dict[str, float]]] = {"ours": [], "gensim": []}
        for seed in range(1, SEEDS + 1):
            model = gensims(sentences, architecture, seed=seed, epochs=5)
            model.train(sentences, total_examples=len(sentences), epochs=5)
            theirs = np.stack([np.ones(model.vector_size, np.float32), *(model.wv[w] for w in corpus.words[1:])])
            mine = ours(corpus, architecture, seed=seed, epochs=5)
            for who, vectors in (("ours", mine), ("gensim", theirs)):
                known = Vectors.of(vectors, corpus.words)
                scores[who].append({name: test.measure(known, name).get(name, 0.0) for name, test in tests.items()})
        for name in tests:
            mine, theirs = (statistics.mean(score[name] for score in scores[who]) for who in ("ours", "gensim"))
            well &= mine >= theirs - SLACK[name]
            print(
                f"{architecture:<9} {name:<9}  {mine:.3f}  gensim {theirs:.3f}  (at most {SLACK[name]} below)",
                flush=True,
            )
    return well


def bytes_of_threads(corpus: Corpus) -> bool:
    made = {threads: hashlib.sha256(ours(corpus, "skipgram", threads).tobytes()).hexdigest() for threads in (1, 2, 4)}
    print(*(f"{threads} threads: sha256 {digest[:16]}" for threads, digest in made.items()), sep="\n", flush=True)
    return len(set(made.values())) == 1


def main() -> None:
    ids, vocabulary = map(Path, sys.argv[1:] or (TEXT, VOCABULARY))
    corpus = Corpus.load(ids, vocabulary)
    words = np.array(corpus.words)[np.asarray(corpus.ids)[np.asarray(corpus.ids) > 0]].tolist()
    sentences = [words[start : start + 1000] for start in range(0, len(words), 1000)]
    print(f"{len(corpus.ids):,} words of text, {len(corpus.words):,} of vocabulary; gensim {version('gensim')}")
    if not all([speed(corpus, sentences), quality(corpus, sentences), bytes_of_threads(corpus)]):
        sys.exit("error: below what was aimed at")


def _unseen(_: object) -> None:
    pass


if __name__ == "__main__":
    main()
