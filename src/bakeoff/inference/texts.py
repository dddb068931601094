"""Word vectors of a text: of its words, or the means of its documents. Words are separated as those of the corpus were.

D dimensions.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput
from bakeoff.data.corpus import dump
from bakeoff.data.corpus.corpus import UNKNOWN
from bakeoff.data.corpus.letters import Letters
from bakeoff.data.corpus.settings import CorpusSettings
from bakeoff.data.corpus.text import Text, document
from bakeoff.data.corpus.tokens import rewritten
from bakeoff.data.sources.find import Found

Vectors = NDArray[np.float32]


def words(path: Path, name: str, settings: CorpusSettings) -> list[str]:
    """Return the words of a file, a plain text or a dump of Wikipedia.

    Args:
        name: of the file, for messages.

    Raises:
        BadInput: it is damaged, no text in its encoding, or of letters that the rule of the corpus drops.
    """
    blocks = Text(Found(name, None, {"data": path}), settings.encoding).words(settings.tokens, settings.cleaning)
    return b"".join(block.tobytes() for block in blocks).decode().split()


def lines(path: Path, name: str, settings: CorpusSettings) -> Iterator[list[str]]:
    """Yield the words of each line of a plain text.

    Raises:
        BadInput: as `words` says; or it is a dump.
    """
    blocks = Text(Found(name, None, {"data": path}), settings.encoding).blocks(lambda _: None)
    text = b"".join(Letters(name).counted(blocks) if settings.tokens == "text8" else blocks)
    if dump.is_dump(name, text):
        raise BadInput(
            f"{name}: found a MediaWiki dump: expected one document in each line; write each page as a line or a file"
        )
    if what := document(text):
        raise BadInput(f"{name}: {what}")
    for line in text.splitlines():
        yield b"".join(block.tobytes() for block in rewritten(settings.tokens, [line])).decode().split()


def known(vocabulary: Sequence[str]) -> dict[str, int]:
    """Return the places of the words that have a vector of their own."""
    return {word: place for place, word in enumerate(vocabulary) if word != UNKNOWN}


def of_words(
    found: Iterable[str], places: Mapping[str, int], vectors: Vectors
) -> tuple[list[str], list[list[object]], int]:
    """Return a header, a row for each different word with its count and vector, and how many words have no vector.

    Words are in the order in which they first occur; those outside the vocabulary have no row.
    """
    counts = Counter(found)
    rows = [[word, count, *vectors[places[word]].tolist()] for word, count in counts.items() if word in places]
    return ["word", "count", *dimensions(vectors)], rows, len(counts) - len(rows)


def of_documents(
    documents: Iterable[tuple[object, Sequence[str]]], places: Mapping[str, int], vectors: Vectors
) -> tuple[list[str], list[list[object]], int]:
    """Return a header, a row for each document with its mean vector, and how many documents have no vector.

    The mean is over the words of the vocabulary, each as often as it occurs; a document without such words has empty
    fields.
    """
    rows, empty = [], 0
    for name, found in documents:
        inside = [places[word] for word in found if word in places]
        mean = vectors[inside].mean(axis=0, dtype=np.float64).tolist() if inside else [""] * vectors.shape[1]
        empty += not inside
        rows.append([name, len(found), len(inside), *mean])
    return ["document", "words", "known", *dimensions(vectors)], rows, empty


def dimensions(vectors: Vectors) -> list[str]:
    """Return the names of the columns: `dimension.0`, `dimension.1`, ..."""
    return [f"dimension.{place}" for place in range(vectors.shape[1])]
