import csv
import errno
import random
import resource
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from bakeoff.base.settings import BadInput
from bakeoff.data.corpus import reference
from bakeoff.data.corpus.corpus import Corpus
from bakeoff.data.corpus.index import indexed
from bakeoff.data.corpus.text import Text
from bakeoff.data.sources.find import Found

TEXT = b"b b b a a a c c d c c d e d"  # c 4; a, b, d 3; e 1


@pytest.fixture
def text(tmp_path: Path) -> Text:
    (tmp_path / "text").write_bytes(b"")
    return Text(Found("a text", None, {"data": tmp_path / "text"}), "utf-8")


def ingested(
    text: Text, blocks: Sequence[bytes], folder: Path, vocabulary_size: int, minimum_count: int, types: int, size: int
) -> tuple[Corpus, int]:
    """The corpus, and in how many runs it was read."""
    arrays = (np.frombuffer(block, np.uint8) for block in blocks)
    with indexed(text, arrays, folder, vocabulary_size, minimum_count, types, size) as index:
        index.save_ids(folder / "tokens.npy")
        index.save_vocabulary(folder / "vocabulary.csv")
        runs = len(index.runs)
    assert not list(folder.glob(".partial-*"))
    return Corpus.load(folder / "tokens.npy", folder / "vocabulary.csv"), runs


def test_ids_count_down_from_the_most_frequent_word_and_ties_go_by_code_points(text: Text, tmp_path: Path) -> None:
    corpus, runs = ingested(text, [TEXT], tmp_path, vocabulary_size=100, minimum_count=1, types=100, size=100)
    assert corpus.words == ("UNK", "c", "a", "b", "d", "e") and runs == 1
    assert corpus.counts.tolist() == [0, 4, 3, 3, 3, 1]
    assert corpus.ids.dtype == np.int32
    assert b" ".join(corpus.words[n].encode() for n in corpus.ids) == TEXT


@pytest.mark.parametrize(
    ("vocabulary_size", "minimum_count", "words"),
    [(3, 1, ("UNK", "c", "a")), (100, 3, ("UNK", "c", "a", "b", "d")), (100, 4, ("UNK", "c")), (2, 4, ("UNK", "c"))],
)
def test_rare_words_become_unk(
    text: Text, tmp_path: Path, vocabulary_size: int, minimum_count: int, words: tuple[str, ...]
) -> None:
    corpus, _ = ingested(text, [TEXT], tmp_path, vocabulary_size, minimum_count, types=100, size=100)
    assert corpus.words == words
    assert corpus.counts.tolist() == np.bincount(corpus.ids).tolist()


@pytest.mark.parametrize("types", [1, 3, 20, 1000])
def test_counts_are_exact_however_few_words_fit_into_memory(
    text: Text, tmp_path: Path, types: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bakeoff.data.corpus.index.PARTS", 8)
    monkeypatch.setattr("bakeoff.data.corpus.index.MERGED", 40)
    monkeypatch.setattr("bakeoff.data.corpus.index.CHUNK", 7)
    monkeypatch.setattr("bakeoff.data.corpus.hashing.MOST", 100)
    choice = random.Random(types)
    for _ in range(12):
        words = [f"{choice.choice('aéकUNK')}{int(choice.paretovariate(0.7))}" for _ in range(choice.randint(2, 200))]
        words += choice.choices(["UNK", "x"], k=5)
        whole, blocks = " ".join(words).encode(), []
        while whole:  # cut anywhere, inside characters too
            cut = choice.randint(1, 40)
            blocks.append(whole[:cut])
            whole = whole[cut:]
        size, least = choice.choice([2, 10, 500]), choice.choice([1, 2])
        expected = reference.index(words, size, least)
        if len(expected.words) == 1:
            continue
        corpus, runs = ingested(text, blocks, tmp_path, size, least, types, size=600)
        assert runs >= len(set(words)) / types
        assert corpus.words == expected.words
        assert corpus.counts.tolist() == expected.counts.tolist()
        assert np.array_equal(corpus.ids, expected.ids)


def test_words_of_all_lengths_are_told_apart_wherever_they_stand(text: Text, tmp_path: Path) -> None:
    choice = random.Random(0)
    letters = "a!Aé\xa0\U00020020"  # with bytes that hold a space's bit, or lie 1 or 128 from a space
    words = ["".join(choice.choices(letters, k=choice.randint(1, 6))) for _ in range(3000)]
    assert {len(word.encode()) for word in words} >= set(range(1, 15))
    spaced = "".join(word + " " * choice.randint(1, 10) for word in words)
    corpus, _ = ingested(text, [spaced.encode()], tmp_path, 10_000, 1, types=10_000, size=100_000)
    assert [corpus.words[n] for n in corpus.ids] == words


def test_a_table_is_full_by_bytes_as_well_as_by_words(text: Text, tmp_path: Path) -> None:
    words = [f"{n:08}" for n in range(50)] * 2
    corpus, runs = ingested(text, [" ".join(words).encode()], tmp_path, 100, 1, types=1000, size=80)
    assert runs == 10
    assert corpus.counts.tolist() == [0] + [2] * 50


def test_the_files_are_those_that_others_write_and_read(text: Text, tmp_path: Path) -> None:
    words = ["a,b", '"quoted"', "'x'", ";", "é", "a,b"]
    corpus, _ = ingested(text, [" ".join(words).encode()], tmp_path, 100, 1, types=10, size=100)
    np.save(tmp_path / "others.npy", np.array(corpus.ids))
    assert (tmp_path / "tokens.npy").read_bytes() == (tmp_path / "others.npy").read_bytes()
    with (tmp_path / "vocabulary.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["word"] for row in rows] == ["UNK", "a,b", '"quoted"', "'x'", ";", "é"]
    assert (tmp_path / "vocabulary.csv").read_bytes().startswith(b'word,count\nUNK,0\n"a,b",2\n"""quoted""",1\n')


def test_ids_are_mapped_and_a_vocabulary_of_another_text_is_refused(text: Text, tmp_path: Path) -> None:
    corpus, _ = ingested(text, [TEXT], tmp_path, 3, 1, types=100, size=100)
    assert isinstance(corpus.ids, np.memmap)
    for wrong in (corpus.ids[1:], corpus.ids + 1):
        np.save(tmp_path / "wrong.npy", wrong)
        with pytest.raises(
            BadInput, match=r"vocabulary\.csv: the counts differ from those of the words in .*wrong\.npy"
        ):
            Corpus.load(tmp_path / "wrong.npy", tmp_path / "vocabulary.csv")


@contextmanager
def room(bytes_: int) -> Iterator[None]:
    """Files end at so many bytes: for the program that writes, a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_is_reported_in_a_line_and_nothing_stays_behind(text: Text, tmp_path: Path) -> None:
    with (
        room(10_000),
        pytest.raises(BadInput, match=r"after 0 bytes of a text; free some space \(4 bytes for each word\)"),
    ):
        ingested(text, [b"a b c " * 10_000], tmp_path, 10, 1, types=100, size=100)
    assert not list(tmp_path.glob(".partial-*"))


def test_other_failures_of_the_disk_keep_their_name_and_nothing_stays_behind(text: Text, tmp_path: Path) -> None:
    def blocks() -> Iterator[bytes]:
        yield b"a b c "
        raise OSError(errno.EIO, "Input/output error")

    arrays = (np.frombuffer(block, np.uint8) for block in blocks())
    with pytest.raises(OSError, match="Input/output error"), indexed(text, arrays, tmp_path, 10, 1):
        pass
    assert not list(tmp_path.glob(".partial-*"))
