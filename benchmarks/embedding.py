"""Word vectors beside gensim's and plain torch's: speed, quality, bytes, memory; and what the notes say of them.

    python -m benchmarks.embedding [PART ...] [--text IDS VOCABULARY]

reads what ingest_corpus wrote, or any pair of such files. gensim gets the same words in the same order, in sentences of
1,000, with the same settings. Runs alternate, so that what else the machine does falls on both; ratios are of medians.
"""

import argparse
import hashlib
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from typing import Any

import pipeline  # noqa: F401  first: it sets the environment that the pipeline computes in

# isort: split

import numpy as np
import torch
import torch.nn.functional as F
from gensim.models import Word2Vec
from torch import nn

from bakeoff.base.checkpoint import Checkpoint
from bakeoff.base.progress import Progress
from bakeoff.data.corpus.corpus import Corpus
from bakeoff.data.sources.availability import files
from bakeoff.embedding.evaluate import NUMBERS, Test, Vectors, hubness, purity, read_test
from bakeoff.embedding.settings import ArchitectureName, Word2vecSettings
from bakeoff.embedding.shards import Shards
from bakeoff.embedding.windows import places_of, skipgram
from bakeoff.embedding.word2vec import Word2vec
from bakeoff.embedding.word2vec_state import State

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


DAMPING = {1: 0.0, 2: 0.0, 4: 0.25, 8: 0.5, 16: 1.0}  # by the number of shards
LENGTHS = (1_000_000, 10_000_000, 50_000_000)  # of the texts whose memory is measured, made by repeating this one
FLAT = 1.1  # times the memory of the shortest text is what the longest may take
CONTENDERS_BATCH, NOISE, BATCHES = 128, 64, 1000  # of the notes' formulation: TensorFlow's word2vec_basic

Sentences = list[list[str]]


def ours(corpus: Corpus, architecture: ArchitectureName, threads: int = THREADS, **changes: Any) -> np.ndarray:
    """Vectors (V, D)."""
    settings = Word2vecSettings.model_validate(SETTINGS | changes)
    with tempfile.TemporaryDirectory() as folder, Checkpoint("benchmark", "none", Path(folder) / "none") as checkpoint:
        fitted = Word2vec(architecture, settings, "cpu", threads).fit(
            corpus, _unseen, Progress(1, "", StringIO()), checkpoint
        )
    return fitted.vectors["input"]


def gensims(sentences: Sentences, architecture: ArchitectureName, **changes: Any) -> Any:
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


def speed(corpus: Corpus, sentences: Sentences) -> bool:
    """An epoch's time, tables and vocabulary made before, on both sides."""
    words, well = sum(map(len, sentences)), True
    for (architecture, dimension), aim in AIMS.items():
        model = gensims(sentences, architecture, dimension=dimension)
        settings = Word2vecSettings.model_validate(SETTINGS | {"dimension": dimension})
        made = Shards(corpus, architecture, settings, THREADS)
        state = made.start()
        with made.at(state):
            epoch(made, state)  # compiles
            mine, theirs = alternating(
                lambda: epoch(made, state),  # noqa: B023  called before the loop goes on
                lambda: model.train(sentences, total_examples=len(sentences), epochs=1),  # noqa: B023
            )
        well &= theirs / mine >= aim
        print(
            f"{architecture:<9} {dimension:>4}  {words / mine / 1e6:5.2f}M words/s  "
            f"gensim {words / theirs / 1e6:5.2f}M  {theirs / mine:4.1f} x  (at least {aim} x)",
            flush=True,
        )
    return well


def alternating(*contenders: Callable[[], object]) -> list[float]:
    """The median time of each, in seconds, of runs that take turns."""
    times: list[list[float]] = [[] for _ in contenders]
    for _ in range(RUNS):
        for run, taken in zip(contenders, times, strict=True):
            started = time.perf_counter()
            run()
            taken.append(time.perf_counter() - started)
    return [statistics.median(taken) for taken in times]


def plain(corpus: Corpus, _: Sentences) -> bool:
    """Examples a second of the notes' formulation: batches of pairs, a sampled softmax, gradients by autograd."""
    made = Shards(corpus, "skipgram", Word2vecSettings.model_validate(SETTINGS), THREADS)
    state = made.start()
    text, rng = np.asarray(corpus.ids), np.random.default_rng(0)
    middles = places_of(text, 1)
    tables = [nn.Embedding(len(corpus.words), SETTINGS["dimension"], sparse=True) for _ in range(2)]
    optimizer = torch.optim.SGD([table.weight for table in tables], lr=0.1)

    def batches() -> None:
        for start in range(0, BATCHES * CONTENDERS_BATCH // 2, CONTENDERS_BATCH // 2):
            places = middles[start : start + CONTENDERS_BATCH // 2]
            inputs, targets = (torch.from_numpy(ids.astype(np.int64)) for ids in skipgram(text, places, 2, 1, rng))
            noise = torch.from_numpy(rng.integers(len(corpus.words), size=NOISE))
            hidden = tables[0](inputs[:, 0])
            scores = torch.cat([(hidden * tables[1](targets)).sum(1, keepdim=True), hidden @ tables[1](noise).T], dim=1)
            optimizer.zero_grad()
            F.cross_entropy(scores, torch.zeros(len(scores), dtype=torch.long)).backward()
            optimizer.step()

    with made.at(state):
        epoch(made, state)
        examples = state.examples
        mine, theirs = alternating(lambda: epoch(made, state), batches)
    mine, theirs = examples / mine, BATCHES * CONTENDERS_BATCH / theirs
    print(
        f"skipgram       {mine / 1e6:5.2f}M examples/s  plain torch {theirs / 1e6:.3f}M  {mine / theirs:.0f} x",
        flush=True,
    )
    return True


def quality(corpus: Corpus, sentences: Sentences) -> bool:
    well = True
    for architecture in ("skipgram", "cbow"):
        found: dict[str, list[Vectors]] = {"ours": [], "gensim": []}
        for seed in range(1, SEEDS + 1):
            model = gensims(sentences, architecture, seed=seed, epochs=5)
            model.train(sentences, total_examples=len(sentences), epochs=5)
            theirs = np.stack([np.ones(model.vector_size, np.float32), *(model.wv[w] for w in corpus.words[1:])])
            found["gensim"].append(Vectors.of(theirs, corpus.words))
            found["ours"].append(Vectors.of(ours(corpus, architecture, seed=seed, epochs=5), corpus.words))
        mine, theirs = (scores(found[who]) for who in ("ours", "gensim"))
        for name, slack in SLACK.items():
            well &= mine[name] >= theirs[name] - slack
            print(
                f"{architecture:<9} {name:<9}  {mine[name]:.3f}  gensim {theirs[name]:.3f}  (at most {slack} below)",
                flush=True,
            )
    return well


def scores(made: Iterable[Vectors]) -> dict[str, float]:
    """The mean over seeds of each test, and of purity and hubness."""
    tests: dict[str, Test] = {name: read_test(path) for name, path in files("word-similarity").items()}
    each = [
        {name: test.measure(vectors, name).get(name, 0.0) for name, test in tests.items()}
        | purity(vectors, NUMBERS, "numbers")
        | hubness(vectors, "hubness")
        for vectors in made
    ]
    return {name: statistics.mean(score[name] for score in each) for name in each[0]}


def bytes_(corpus: Corpus, _: Sentences) -> bool:
    """Of 1, 2 and 4 threads."""
    made = {threads: hashlib.sha256(ours(corpus, "skipgram", threads).tobytes()).hexdigest() for threads in (1, 2, 4)}
    print(*(f"{threads} threads: sha256 {digest[:16]}" for threads, digest in made.items()), sep="\n", flush=True)
    return len(set(made.values())) == 1


def shards(corpus: Corpus, _: Sentences) -> bool:
    """Speed, loss and quality of skip-gram by the number of shards, over five epochs of one seed."""
    print("shards  damping   words/s  val/loss  wordsim  simlex  analogies")
    for number, damping in DAMPING.items():
        changes = {"shards": number, "damping": damping, "epochs": 5}
        made = Shards(corpus, "skipgram", Word2vecSettings.model_validate(SETTINGS | changes), THREADS)
        state, took = made.start(), 0.0
        with made.at(state):
            for done in range(1, 6):
                started = time.perf_counter()
                while state.offset < made.longest:
                    made.round(state)
                took += time.perf_counter() - started
                state = State(state.vectors, done)
            loss = made.validate(state)
        score = scores([Vectors.of(state.vectors[0, :, : SETTINGS["dimension"]], corpus.words)])
        print(
            f"{number:>6} {damping:>8} {5 * len(made.text) / took / 1e6:>8.2f}M {loss:>9.3f} {score['wordsim']:>8.3f} "
            f"{score['simlex']:>7.3f} {score['analogies']:>10.3f}",
            flush=True,
        )
    return True


def memory(corpus: Corpus, _: Sentences) -> bool:
    """Of an epoch, in a process of its own, by the length of the text; what is mapped, the system may take back."""
    own = []
    with tempfile.TemporaryDirectory() as folder:
        for length in LENGTHS:
            path = Path(folder) / "ids.npy"
            text = np.lib.format.open_memmap(path, "w+", np.int32, (length,))
            for start in range(0, length, len(corpus.ids)):
                part = text[start : start + len(corpus.ids)]
                part[:] = corpus.ids[: len(part)]
            del text
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                kept, mapped = pool.apply(
                    taken, (path, corpus.words, corpus.counts * max(1, length // len(corpus.ids)))
                )
            own.append(kept)
            print(f"{length / 1e6:>4.0f}M words: {kept:.0f} MB of its own, {mapped:.0f} MB mapped", flush=True)
    return own[-1] <= FLAT * own[0]


def taken(ids: Path, words: tuple[str, ...], counts: np.ndarray) -> tuple[float, float]:
    """The most memory that an epoch takes at the end of any round, its own and mapped, in MB."""
    corpus = Corpus(np.load(ids, mmap_mode="r"), words, counts)
    made = Shards(corpus, "skipgram", Word2vecSettings.model_validate(SETTINGS | {"dimension": 32}), THREADS)
    state, most = made.start(), (0.0, 0.0)
    with made.at(state):
        while state.offset < made.longest:
            made.round(state)
            most = max(most, tuple(resident()))  # type: ignore[assignment]
    return most


def resident() -> Iterator[float]:
    status = dict(line.split(":\t") for line in Path("/proc/self/status").read_text().splitlines())
    for name in ("RssAnon", "RssFile"):
        yield int(status[name].split()[0]) / 1024


def claims(corpus: Corpus, _: Sentences) -> bool:
    """The notes' claims 40 and 41: like words come together, and very frequent words say little."""
    shuffled = Corpus(np.random.default_rng(0).permutation(corpus.ids), corpus.words, corpus.counts)
    variants: dict[str, tuple[Corpus, dict[str, Any]]] = {
        "the text": (corpus, {}),
        "shuffled": (shuffled, {}),
        "not thinned": (corpus, {"subsample": 0.0}),
    }
    print("skipgram      numbers  hubness  wordsim  simlex  analogies")
    well = {}
    for name, (text, changes) in variants.items():
        made = (ours(text, "skipgram", seed=seed, epochs=5, **changes) for seed in range(1, SEEDS + 1))
        score = well[name] = scores([Vectors.of(vectors, corpus.words) for vectors in made])
        print(
            f"{name:<12} {score['numbers']:>8.2f} {score.get('hubness', 0.0):>8.2f} {score['wordsim']:>8.3f} "
            f"{score['simlex']:>7.3f} {score['analogies']:>10.3f}",
            flush=True,
        )
    return well["the text"]["numbers"] > well["shuffled"]["numbers"]


PARTS: dict[str, Callable[[Corpus, Sentences], bool]] = {
    "speed": speed,
    "plain": plain,
    "quality": quality,
    "bytes": bytes_,
    "memory": memory,
    "shards": shards,
    "claims": claims,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.embedding", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"default: all of {', '.join(PARTS)}")
    parser.add_argument("--text", nargs=2, type=Path, metavar=("IDS", "VOCABULARY"), default=(TEXT, VOCABULARY))
    asked = parser.parse_args()
    if unknown := [part for part in asked.parts if part not in PARTS]:
        parser.error(f"{unknown[0]} is no part; there are {', '.join(PARTS)}")
    corpus = Corpus.load(*map(Path, asked.text))
    words = np.array(corpus.words)[np.asarray(corpus.ids)[np.asarray(corpus.ids) > 0]].tolist()
    sentences = [words[start : start + 1000] for start in range(0, len(words), 1000)]
    print(f"{len(corpus.ids):,} words of text, {len(corpus.words):,} of vocabulary; gensim {version('gensim')}")
    missed = [part for part in asked.parts or PARTS if not PARTS[part](corpus, sentences)]
    if missed:
        sys.exit(f"error: below what was aimed at: {', '.join(missed)}")


def _unseen(_: object) -> None:
    pass


if __name__ == "__main__":
    main()
