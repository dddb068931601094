"""A text to word ids and a vocabulary: in one pass, and in as much memory for 100 GB of text as for one.

T words of text, V of the vocabulary, N distinct words of a run.
"""

import csv
import errno
import itertools
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

from bakeoff.base.files import PARTIAL
from bakeoff.base.settings import BadInput
from bakeoff.data.corpus.corpus import UNKNOWN
from bakeoff.data.corpus.hashing import SPACE, Bytes, Numbers, Table, Words
from bakeoff.data.corpus.text import Text
from bakeoff.data.corpus.tokens import LONGEST

# A run ends when its table is full: so many distinct words, or so many bytes of them. Such a table takes 0.4 GB, and as
# much again while it is written down.
TYPES = 1 << 23
SIZE = 1 << 27
PARTS = 1 << 12  # the words of a run are parted by their hash: what is equal meets again in the same part
MERGED = 1 << 21  # words of all runs that are added up at once, if they are in more than one part
CHUNK = 1 << 20  # numbers exchanged for ids at once; words looked at before the rarer ones are dropped


@dataclass(frozen=True)
class Run:
    """A stretch of the text with words numbered by first sight; a word of two runs has two numbers.

    Attributes:
        folder: holds the words of the parts, one part after another.
        length: how many words of text it has.
        parts: (PARTS + 1,) where each part begins, in words.
    """

    folder: Path
    length: int
    parts: Sequence[int]

    @classmethod
    def write(cls, folder: Path, length: int, table: Table) -> "Run":
        part = table.tags // ((1 << 31) // PARTS)  # by high bits, for low ones choose the slots
        order = np.argsort(part, kind="stable")
        words = table.words.taken(order)
        folder.mkdir()
        for name, array in (("text", words.text), ("bounds", words.bounds), ("counts", words.counts), ("order", order)):
            array.tofile(folder / name)
        return cls(folder, length, np.searchsorted(part[order], np.arange(PARTS + 1)).tolist())

    def words(self, start: int, end: int) -> Words:
        bounds = np.fromfile(self.folder / "bounds", np.int64, end - start + 1, offset=8 * start)
        text = np.fromfile(self.folder / "text", np.uint8, bounds[-1] - bounds[0], offset=bounds[0])
        return Words(
            text, bounds - bounds[0], np.fromfile(self.folder / "counts", np.int64, end - start, offset=8 * start)
        )

    def of_parts(self, start: int, end: int) -> Words:
        return self.words(self.parts[start], self.parts[end])

    def ids(self, vocabulary: Table) -> Numbers:
        """(N,) ids by number: UNK's, 0, for words that are not in the vocabulary."""
        ids = np.empty(self.parts[-1], np.int32)
        ids[np.fromfile(self.folder / "order", np.int64)] = vocabulary.numbers(self.words(0, self.parts[-1])) + 1
        return ids


@dataclass(frozen=True)
class Index:
    """A text that was read, and the words that are to get ids.

    Attributes:
        words: (V,) in the order of their ids; the first is UNK.
        counts: (V,) how often each stands in the text.
    """

    words: Sequence[str]
    counts: Sequence[int]
    numbers: Path
    runs: Sequence[Run]

    def save_ids(self, path: Path) -> None:
        """Exchanges numbers for ids where they stand, as np.save writes an array, and moves the file: so only once."""
        text = "".join(self.words[1:]).encode()
        bounds = np.cumsum([0, *(len(word.encode()) for word in self.words[1:])])
        vocabulary = Table(len(self.words), len(text))
        vocabulary.add(Words(np.frombuffer(text, np.uint8), bounds, np.ones(len(self.words) - 1, np.int64)))
        with self.numbers.open("r+b") as file:
            write_header(file, sum(run.length for run in self.runs))
            for run in self.runs:
                ids = run.ids(vocabulary)
                for start in range(0, run.length, CHUNK):
                    numbers = np.empty(min(CHUNK, run.length - start), np.int32)
                    file.seek(-file.readinto(numbers.data), os.SEEK_CUR)
                    file.write(ids[numbers].data)
        self.numbers.replace(path)

    def remark(self, minimum_count: int) -> str | None:
        """Return a line on a text of which most words are too rare for the vocabulary, as small texts are."""
        unknown, total = self.counts[0], sum(self.counts)
        if 2 * unknown <= total:
            return None
        return (
            f"{unknown:,} of {total:,} words become {UNKNOWN}: they are rarer than data.corpus.minimum_count "
            f"{minimum_count}, or beyond data.corpus.vocabulary_size; lower the minimum count for a small text"
        )

    def save_vocabulary(self, path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("word", "count"))
            writer.writerows(zip(self.words, self.counts, strict=True))


@contextmanager
def indexed(
    text: Text,
    blocks: Iterable[Bytes],
    folder: Path,
    vocabulary_size: int,
    minimum_count: int,
    types: int = TYPES,
    size: int = SIZE,
) -> Iterator[Index]:
    """Ids count down from the most frequent word, ties in the order of code points; a word UNK of the text is UNK.

    Args:
        text: for messages.
        blocks: its words between spaces, in UTF-8; a block may end inside a word.
        folder: where temporary files may lie: 4 bytes a word of text, and the distinct words of every run but one.
        vocabulary_size: V at most, UNK included.
        minimum_count: rarer words become UNK.
        types, size: distinct words in memory at a time, and their bytes.

    Raises:
        BadInput: the text has no words, a word that is too long, or none that is frequent; the disk is full.
    """
    work = folder / f"{PARTIAL}index"
    shutil.rmtree(work, ignore_errors=True)  # of a stage that was killed
    work.mkdir(parents=True)
    try:
        numbers = work / "numbers"
        with numbers.open("wb") as file:
            write_header(file, 0)
            runs = list(numbered(text, blocks, file, work, types, size))
        length = sum(run.length for run in runs)
        if not length:
            raise BadInput(
                f"{text.name}: no words found in {text.position} bytes{text.census}; name another file, or another "
                "rule under data.corpus.tokens (text8 keeps a to z only)"
            )
        frequent = most_frequent(runs, vocabulary_size - 1, minimum_count)
        if not frequent:
            negative, word = next(iter(most_frequent(runs, 1, 1)), (0, b""))
            raise BadInput(
                f"params.yaml: data.corpus.minimum_count is {minimum_count}, but the most frequent word of "
                f"{text.name}, {word.decode()!r}, occurs {-negative} times; lower it"
            )
        words = (UNKNOWN, *(word.decode() for _, word in frequent))
        counts = [-negative for negative, _ in frequent]
        yield Index(words, (length - sum(counts), *counts), numbers, runs)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise BadInput(
            f"{folder}: {error.strerror} after {text.position} bytes of {text.name}; free some space (4 bytes for each "
            "word)"
        ) from None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def numbered(text: Text, blocks: Iterable[Bytes], file: BinaryIO, folder: Path, types: int, size: int) -> Iterator[Run]:
    """Writes the words' numbers to a file; a run ends where the table is full."""
    table, length, run = Table(types, size), 0, itertools.count()
    for block in whole_words(blocks):
        numbers, at = np.empty(len(block) // 2 + 1, np.int32), 0
        while at < len(block):
            at, written = table.count(block, at, LONGEST, numbers)
            file.write(numbers[:written].data)
            length += written
            if at < len(block):
                word = block[at:].tobytes().partition(b" ")[0]
                if len(word) > LONGEST:
                    raise BadInput(
                        f"{text.name}: a word before byte {text.position} has more than {LONGEST} bytes (it begins "
                        f"{word[:20].decode(errors='replace')!r}); put spaces between the words"
                    )
                yield Run.write(folder / str(next(run)), length, table)
                table, length = Table(types, size), 0
    yield Run.write(folder / str(next(run)), length, table)


def whole_words(blocks: Iterable[Bytes]) -> Iterator[Bytes]:
    """The blocks cut again, after a space; what is too long for a word too."""
    space = np.array([SPACE], np.uint8)
    rest = space[:0]
    for block in blocks:
        cut = block.tobytes().rfind(b" ") + 1
        if cut:
            yield np.concatenate((rest, block[:cut]))
            rest = block[cut:]
        else:
            rest = np.concatenate((rest, block))
        if len(rest) > LONGEST:
            yield np.concatenate((rest, space))
            rest = rest[:0]
    yield np.concatenate((rest, space))


def most_frequent(runs: Sequence[Run], words: int, minimum_count: int) -> list[tuple[int, bytes]]:
    """At most so many words, with their counts made negative, in the order of ids.

    Exact: a part holds all that the runs counted of a word, and nothing is left out before they are added up.
    """
    found: list[tuple[int, bytes]] = []
    least, last = minimum_count, (0, b"")  # what stands behind `last` has no chance any more
    for start, end in stretches(runs):
        merged = total([run.of_parts(start, end) for run in runs])
        text = merged.text.tobytes()
        for first in range(0, len(merged), CHUNK):
            chosen = first + np.flatnonzero(merged.counts[first : first + CHUNK] >= least)
            bounds = zip(merged.bounds[chosen].tolist(), merged.bounds[chosen + 1].tolist(), strict=True)
            spelled = (text[at:stop] for at, stop in bounds)
            candidates = zip((-merged.counts[chosen]).tolist(), spelled, strict=True)
            found += [one for one in candidates if one < last and one[1] != UNKNOWN.encode()]
            if len(found) > 2 * words:
                found = sorted(found)[:words]
                last = found[-1]
                least = -last[0]
    return sorted(found)[:words]


def stretches(runs: Sequence[Run]) -> Iterator[tuple[int, int]]:
    """From which part to which, so that runs hold MERGED words there at most, or there is one part."""
    start, held = 0, 0
    for part, size in enumerate(np.diff([run.parts for run in runs], axis=1).sum(axis=0).tolist()):
        if held and held + size > MERGED:
            yield start, part
            start, held = part, 0
        held += size
    yield start, PARTS


def total(pieces: Sequence[Words]) -> Words:
    """The words of all pieces, each once, with the sum of its counts."""
    if len(pieces) == 1:
        return pieces[0]
    table = Table(sum(map(len, pieces)), sum(len(piece.text) for piece in pieces))
    for piece in pieces:
        table.add(piece)
    return table.words


def write_header(file: BinaryIO, length: int) -> None:
    """Return the header of an array (T,) in .npy format, padded to a fixed number of bytes."""
    npy.write_array_header_1_0(file, {"descr": "<i4", "fortran_order": False, "shape": (length,)})
