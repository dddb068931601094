"""The commands on the trained word vectors: `bakeoff words neighbours one`.

V words, D dimensions.
"""

import argparse
import difflib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from bakeoff.base import paths, settings
from bakeoff.base.quoting import quoted
from bakeoff.base.settings import BadInput, hint
from bakeoff.data.card import language
from bakeoff.data.corpus.corpus import read_vocabulary
from bakeoff.embedding.evaluate import Vectors
from bakeoff.embedding.formats import Format, write
from bakeoff.embedding.maps import MAPS
from bakeoff.embedding.settings import ArchitectureName

SUFFIXES: dict[Format, str] = {
    "safetensors": ".vectors.safetensors",  # not the name of the pipeline's own output
    "text": ".txt",
    "binary": ".bin",
    "tsv": ".tsv",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands and their options."""
    questions = parser.add_subparsers(required=True, metavar="QUESTION")

    def question(ask: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
        added = questions.add_parser(ask.__name__.rstrip("_"), help=ask.__doc__, description=ask.__doc__)
        added.set_defaults(ask=ask)
        added.add_argument(
            "--corpus",
            metavar="NAME",
            help="name of a corpus under `data` in params.yaml (default: the first one that is trained)",
        )
        if ask is not context:
            added.add_argument("--architecture", choices=get_args(ArchitectureName), help="default: the first trained")
        if ask not in (export, map_):
            added.add_argument("--count", type=int, default=10, help="number of answers (default: 10)")
        return added

    question(neighbours).add_argument("word")
    asked = question(analogy)
    for name in ("a", "b", "c"):
        asked.add_argument(name)
    question(context).add_argument("words", nargs="+", metavar="word")
    exported = question(export)
    exported.add_argument("--format", choices=get_args(Format), required=True, dest="kind")
    exported.add_argument("--to", type=Path, help="file (default: beside the vectors)")
    drawn = question(map_)
    drawn.add_argument("--method", choices=MAPS, default="tsne", help="default: tsne")
    drawn.add_argument("--count", type=int, default=300, help="number of most frequent words (default: 300)")
    drawn.add_argument("--to", type=Path, help="file (default: beside the vectors)")


def neighbours(asked: argparse.Namespace) -> None:
    """list the words nearest to a word, by cosine similarity"""
    _, _, vectors = trained(asked)
    (place,) = known(vectors, [asked.word])
    show(vectors.nearest(vectors.unit[place], {place}, asked.count))


def analogy(asked: argparse.Namespace) -> None:
    """solve an analogy: a is to b as c is to the answer (man king woman)"""
    _, _, vectors = trained(asked)
    known(vectors, [asked.a, asked.b, asked.c])
    show(vectors.analogy(asked.a, asked.b, asked.c, asked.count))


def context(asked: argparse.Namespace) -> None:
    """list the words that CBOW predicts between the given ones, with their scores, the most likely first"""
    _, tables, vectors = trained(asked, "cbow")
    mean = tables["input"][known(vectors, asked.words)].mean(axis=0, dtype=np.float64)
    output = Vectors(tables["output"].astype(np.float64), vectors.words)  # their lengths count: not of length 1
    show(output.nearest(mean, (), asked.count))


def export(asked: argparse.Namespace) -> None:
    """export the vectors: safetensors, word2vec's text or binary format, or TensorBoard's projector"""
    path, tables, vectors = trained(asked)
    to = asked.to or path.with_suffix(SUFFIXES[asked.kind])
    if to.resolve() == path.resolve():
        raise BadInput(
            f"{to}: this file is an output of the pipeline and would be overwritten; name another file after --to"
        )
    written = write(tables["input"], vectors.words, asked.kind, to)
    print(*written, sep="\n")


def map_(asked: argparse.Namespace) -> None:
    """draw a map of the most frequent words and of groups of similar words, with neighbours near each other"""
    from bakeoff.report.figures.example_figures import (
        draw_words,  # comes with torch and matplotlib, which no other question needs
    )

    path, _, vectors = trained(asked)
    to = asked.to or path.with_suffix(f".{asked.method}.png")
    to.write_bytes(draw_words(vectors, language(vectors.words), asked.method, asked.count))
    print(to)


def trained(
    asked: argparse.Namespace, architecture: ArchitectureName | None = None
) -> tuple[Path, dict[str, NDArray[np.float32]], Vectors]:
    """Return file, tables and unit vectors of a corpus and an architecture; by default the first ones in params.yaml.

    Raises:
        BadInput: they are missing.
    """
    document = settings.load()
    corpora = settings.at(document, "embedding.corpora")
    if not corpora:
        raise BadInput("params.yaml: embedding.corpora is empty; list a data set of the kind corpus, and train on it")
    corpus = asked.corpus or corpora[0]
    if corpus not in corpora:
        raise BadInput(f"params.yaml: embedding.corpora does not list {quoted(corpus)}{hint(corpus, corpora)}")
    name = f"{corpus}-{architecture or asked.architecture or settings.at(document, 'embedding.architectures')[0]}"
    path, vocabulary = Path(paths.weights("embedding", name)), Path(paths.vocabulary(corpus))
    for needed in (path, vocabulary):
        if not needed.exists():
            raise BadInput(f"{needed}: not found; `dvc repro train_embedding@{name}` makes it")
    tables = load_file(path)
    if not tables:
        raise BadInput(
            f"{path}: contains no vectors, because the training diverged; lower its learning rate and train again"
        )
    return path, tables, Vectors.of(tables["input"], list(read_vocabulary(vocabulary)))


def known(vectors: Vectors, words: Sequence[str]) -> list[int]:
    """Return the indices of the words.

    Raises:
        BadInput: the vocabulary does not have all of them.
    """
    for word in words:
        if word not in vectors.index:
            alike = difflib.get_close_matches(word, vectors.words, n=1)
            remedy = f"did you mean '{alike[0]}'?" if alike else "choose a word that is more frequent in the corpus"
            raise BadInput(f"the vocabulary has no word '{word}'; {remedy}")
    return [vectors.index[word] for word in words]


def show(answers: Iterable[tuple[str, float]]) -> None:
    print(*(f"{word}\t{score:.3f}" for word, score in answers), sep="\n")
