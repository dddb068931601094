"""The examples that the notes print, and what they leave open."""

from collections import Counter

import numpy as np
import pytest

from bakeoff.embedding.windows import Ids, cbow, offsets, places_of, skipgram

SENTENCE = "anarchism originated as a term of abuse first used against early working class radicals including the"
TEXT = SENTENCE.split()
IDS = np.arange(len(TEXT), dtype=np.int32)


def spelled(ids: Ids) -> list[str]:
    return [TEXT[word] for word in ids.reshape(-1)]


def test_offsets_leave_out_the_middle() -> None:
    assert offsets(2).tolist() == [-2, -1, 1, 2]


def test_places_have_a_whole_window_on_each_side() -> None:
    assert places_of(IDS[:5], 2).tolist() == [2]
    assert places_of(IDS[:4], 1).tolist() == [1, 2]
    assert len(places_of(IDS[:4], 2)) == 0


@pytest.mark.parametrize(
    ("num_skips", "skip_window", "batch", "labels"),
    [
        (
            2,
            1,
            "originated originated as as a a term term",
            "as anarchism a originated as term of a",
        ),
        (
            4,
            2,
            "as as as as a a a a",
            "a anarchism term originated as of originated term",
        ),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_skipgram_makes_the_batch_of_the_notes(
    num_skips: int, skip_window: int, batch: str, labels: str, seed: int
) -> None:
    text = IDS[:8]  # the notes' data: anarchism ... first
    first = places_of(text, skip_window)[: 8 // num_skips]  # batch_size 8
    inputs, targets = skipgram(text, first, num_skips, skip_window, np.random.default_rng(seed))
    assert inputs.shape == (8, 1)
    assert targets.shape == (8,)
    assert spelled(inputs) == batch.split()
    # The order of a place's labels is free: the notes print one draw of it.
    for start in range(0, 8, num_skips):
        part = slice(start, start + num_skips)
        assert sorted(spelled(targets)[part]) == sorted(labels.split()[part])


def test_skipgram_draws_every_subset_of_the_window_equally() -> None:
    places = np.full(6000, 5)
    _, targets = skipgram(IDS, places, 2, 2, np.random.default_rng(0))
    counts = Counter(tuple(sorted(pair)) for pair in targets.reshape(-1, 2).tolist())
    assert set(counts) == {(3, 4), (3, 6), (3, 7), (4, 6), (4, 7), (6, 7)}
    # 1000 each are expected, with a standard deviation of 29: five of these are 145.
    assert all(abs(count - 1000) < 145 for count in counts.values())


@pytest.mark.parametrize(
    ("radius", "contexts", "labels"),
    [
        (
            1,
            [
                "anarchism as",
                "originated a",
                "as term",
                "a of",
                "term abuse",
                "of first",
                "abuse used",
                "first against",
            ],
            "originated as a term of abuse first used",
        ),
        (
            2,
            [
                "anarchism originated a term",
                "originated as term of",
                "as a of abuse",
                "a term abuse first",
                "term of first used",
                "of abuse used against",
                "abuse first against early",
                "first used early working",
            ],
            "as a term of abuse first used against",
        ),
    ],
)
def test_cbow_makes_the_batch_of_the_notes(radius: int, contexts: list[str], labels: str) -> None:
    inputs, targets = cbow(IDS, places_of(IDS, radius)[:8], radius)  # batch_size 8
    assert [" ".join(spelled(row)) for row in inputs] == contexts
    assert spelled(targets) == labels.split()


def test_cuts_keep_the_ids_and_their_type() -> None:
    text = (IDS * 7 + 3).astype(np.int32)
    for inputs, targets in (
        cbow(text, places_of(text, 3), 3),
        skipgram(text, places_of(text, 3), 3, 3, np.random.default_rng(0)),
    ):
        assert inputs.dtype == targets.dtype == np.int32
        assert set(inputs.reshape(-1)) | set(targets) <= set(text)
