"""Texts and dumps to word ids, beside what one would write or take instead, and a memory curve over generated text."""

import bz2
import hashlib
import multiprocessing
import tempfile
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bakeoff.base import reproducible  # isort: skip  # before NumPy

import numpy as np
from numba import njit

from bakeoff.data.corpus.index import indexed
from bakeoff.data.corpus.text import Text
from bakeoff.data.sources.find import Found, find
from benchmarks.ingest.measure import measure, table

assert reproducible.applied()
V, LEAST = 50_000, 5
CURVE = 10_000_000, 100_000_000
WORDS = 1 << 18  # generated at a time

# Source: Gerlach & Altmann 2013, Stochastic model for the vocabulary growth in natural languages, Physical Review X 3,
# 021006: a word has a share of 1 / rank in a core of so many words, and beyond it by a steeper power, without end.
# Fitted to English books. 100 MB of such text hold 317,000 different words, those of text8 254,000.
CORE, STEEPNESS = 7873, 1.77
LONGEST = 20  # letters
LETTERS = np.frombuffer(b"etaoinshrdlucmfwypvbgkjqxz", np.uint8)
SPACE = ord(" ")


def ours(path: Path, folder: Path) -> str:
    """The work of the stage; the digest of the ids."""
    text = Text(Found(str(path), None, {"data": path}), "utf-8")
    with indexed(text, text.words("text8", "article"), folder, V, LEAST) as index:
        index.save_ids(folder / "ids.npy")
        index.save_vocabulary(folder / "vocabulary.csv")
    with (folder / "ids.npy").open("rb") as file:  # not mapped: pages of a file that were read count as memory
        file.seek(128)
        return hashlib.file_digest(file, "sha256").hexdigest()


def counter(path: Path) -> str:
    """The same ids by Counter and a dictionary, with the text in memory."""
    words = path.read_text(encoding="ascii").split()
    frequent = sorted((-count, word) for word, count in Counter(words).items() if count >= LEAST)
    ids = {word: number for number, (_, word) in enumerate(frequent[: V - 1], 1)}
    return digest(np.fromiter((ids.get(word, 0) for word in words), np.int32, len(words)))


def arrow(path: Path) -> str:
    """The same ids by pyarrow's dictionary encoding, with the text in memory."""
    import pyarrow as pa
    import pyarrow.compute as pc

    words = pc.ascii_split_whitespace(pa.array([path.read_text(encoding="ascii").strip()], pa.large_string()))
    encoded = pc.dictionary_encode(words.flatten())
    counts = np.bincount(encoded.indices)
    spelled = encoded.dictionary.to_pylist()
    frequent = sorted((-int(counts[n]), spelled[n], n) for n in np.flatnonzero(counts >= LEAST))
    ids = np.zeros(len(spelled), np.int32)
    for number, (_, _, n) in enumerate(frequent[: V - 1], 1):
        ids[n] = number
    return digest(ids[np.asarray(encoded.indices)])


def gensim(path: Path, processes: int | None) -> int:
    """How many articles WikiCorpus finds, each cleaned and cut into words, without ids."""
    warnings.simplefilter("ignore")
    from gensim.corpora.wikicorpus import WikiCorpus

    multiprocessing.set_start_method("fork", force=True)  # its workers get generators, which nothing else hands over

    return sum(1 for _ in WikiCorpus(str(path), dictionary={}, processes=processes).get_texts())


def digest(ids: np.ndarray) -> str:
    return hashlib.sha256(ids).hexdigest()


def ranks(rng: np.random.Generator) -> np.ndarray:
    """Of WORDS words as English has them; `CORE`."""
    share = rng.random(WORDS) * (np.log(CORE) + 1 / (STEEPNESS - 1))  # of all words up to a rank, by an integral
    beyond = np.maximum(share - np.log(CORE), 0) * (STEEPNESS - 1)
    found = np.where(beyond > 0, CORE * (1 - beyond) ** (-1 / (STEEPNESS - 1)), np.exp(share))
    return np.minimum(found, 3.0**LONGEST - 1).astype(np.int64)


def generate(path: Path, size: int) -> None:
    """A text of words of English frequencies, from a seed: the same for everyone.

    A word is its rank, written in base 3 with other letters at each place: the rarer the longer, 5.3 letters on average
    (text8: 4.9), a quarter of them more than 7 (text8: 17 %).
    """
    rng = np.random.default_rng(0)
    text = np.empty(WORDS * (LONGEST + 1), np.uint8)
    with path.open("wb") as file:
        while file.tell() < size:
            file.write(text[: spell(ranks(rng), text)].data)
        file.truncate(size)


@njit(cache=True)
def spell(ranks: np.ndarray, text: np.ndarray) -> int:
    """How many bytes were written to `text`."""
    end = 0
    for rank in ranks:
        place = 0
        while rank:
            text[end] = LETTERS[(3 * place + rank % 3) % 26]
            rank //= 3
            place += 1
            end += 1
        text[end] = SPACE
        end += 1
    return end


def repeated(source: Path, path: Path, times: int) -> int:
    """Writes a dump with the pages of another so many times, packed; returns its size unpacked."""
    dump = bz2.decompress(source.read_bytes())
    first, end = dump.index(b"  <page>"), dump.index(b"</mediawiki>")
    whole = dump[:first] + times * dump[first:end] + dump[end:]
    path.write_bytes(bz2.compress(whole))
    return len(whole)


def run(own: Path | None, curve: Sequence[int] = CURVE, size: int = 100_000_000, dumps: int = 5) -> None:
    """Prints the tables.

    Args:
        own: a text that the contenders read, such as text8; None for a generated one.
        curve: sizes of generated text, in bytes.
        size: of the text that is generated for the contenders.
        dumps: how often the sample of Wikipedia stands in the dump that they read.
    """
    with tempfile.TemporaryDirectory() as name:
        folder, text, dump = Path(name), Path(name) / "text", Path(name) / "dump.xml.bz2"
        if own is None:
            generate(text, size)
        read = own or text
        rows = [
            ("bakeoff: ids on disk", measure(ours, read, folder, runs=2)),
            ("Counter and a dictionary", measure(counter, read, runs=2)),
            ("pyarrow's dictionary_encode", measure(arrow, read, runs=2)),
        ]
        assert len({row.result for _, row in rows}) == 1, "the contenders' ids differ"
        print(table("Text to ids, the same for all", read.stat().st_size, rows), flush=True)
        unpacked = repeated(next(iter(find("wikipedia-sample", "corpus").files.values())), dump, dumps)
        rows = [
            ("bakeoff: articles, ids on disk", measure(ours, dump, folder, runs=2)),
            ("gensim's WikiCorpus, processes=1, no ids", measure(gensim, dump, 1)),
            ("gensim's WikiCorpus, its default, no ids", measure(gensim, dump, None)),
        ]
        print(table("A packed dump, by its size unpacked", unpacked, rows))
        for size in curve:
            generate(text, size)
            print(table("Memory", size, [("bakeoff: ids on disk", measure(ours, text, folder))]), flush=True)
