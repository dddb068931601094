import re
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from bakeoff.base.settings import BadInput
from bakeoff.data.sources.availability import packaged_files
from bakeoff.embedding.evaluate import (
    Analogies,
    Judged,
    Likeness,
    Vectors,
    hubness,
    purity,
    rank_correlation,
    read_test,
    scored,
)

# Angles in degrees, and lengths that a cosine must not see.
ANGLES = {"UNK": (41, 1), "one": (0, 5), "two": (10, 0.1), "three": (25, 3), "cat": (90, 2), "dog": (80, 40)}
WORDS = list(ANGLES)
VECTORS = Vectors.of(
    np.array([[r * np.cos(np.radians(a)), r * np.sin(np.radians(a))] for a, r in ANGLES.values()], np.float32), WORDS
)


def test_neighbours_are_the_nearest_by_angle_without_the_unknown() -> None:
    assert VECTORS.neighbours("one") == ["two", "three", "dog", "cat"]


def test_cosines() -> None:
    pairs = [("one", "cat"), ("cat", "dog"), ("three", "three")]
    assert VECTORS.cosines(pairs) == pytest.approx([0.0, np.cos(np.radians(10)), 1.0], abs=1e-6)  # float32 vectors


def test_likeness_is_the_correlation_of_ranks_over_known_pairs() -> None:
    scores = {"two": 9.0, "three": 8.9, "dog": 0.2, "cat": 0.3, "cow": 5.0}
    found = Likeness([Judged("one", word, score) for word, score in scores.items()]).measure(VECTORS, "test/people")
    # Ranks 4 3 2 1 of the cosines against 4 3 1 2: 1 - 6 (1 + 1) / (4 (16 - 1)) = 0.8.
    assert found["test/people"] == pytest.approx(0.8)
    assert found["test/people.pairs"] == 4
    assert found["test/people.coverage"] == 0.8
    # Of samples of four from these: two equal pairs may be swapped, or all be in order.
    assert found["test/people.low"] < 0.8 <= found["test/people.high"] <= 1.0


@pytest.mark.parametrize(
    "pairs", [[], [("one", "two")], [("one", "two"), ("one", "cat")], [("cow", "hen")], [("one", "two")] * 3]
)
def test_without_ranks_there_is_no_correlation(pairs: list[tuple[str, str]]) -> None:
    found = Likeness([Judged(*pair, 1.0) for pair in pairs]).measure(VECTORS, "people")
    assert found.keys() == {"people.pairs", "people.coverage"}
    assert found["people.pairs"] == sum("cow" not in pair for pair in pairs)


@pytest.mark.parametrize("again", [("one", "two", 8.5), ("two", "one", 8.5), ("one", "two", 9.0)])
@pytest.mark.parametrize("known", [True, False])
def test_a_pair_that_is_listed_twice_counts_twice(again: tuple[str, str, float], known: bool) -> None:
    judged = [Judged("one", "two", 9.0), Judged("one", "dog", 1.0), Judged("cat", "dog", 8.0), Judged(*again)]
    found = Likeness(judged if known else [*judged, Judged("one", "cow", 2.0)]).measure(VECTORS, "people")
    cosines = VECTORS.cosines([(pair.left, pair.right) for pair in judged])
    assert found["people.pairs"] == 4
    assert found["people.coverage"] == (1.0 if known else 0.8)
    assert found["people"] == pytest.approx(spearmanr(cosines, [pair.score for pair in judged]).statistic)


def test_rank_correlation_is_scipys() -> None:
    rng = np.random.default_rng(0)
    samples = rng.integers(8, size=(20, 2, 30)).astype(float)  # with ties
    expected = [spearmanr(*sample).statistic for sample in samples]
    assert rank_correlation(samples) == pytest.approx(expected)


def test_a_bootstrap_interval_of_a_mean_is_as_wide_as_theory_says() -> None:
    answers = (np.arange(400) < 120).astype(float)[None]
    found = scored("x", answers, lambda drawn: drawn[:, 0].mean(axis=1))
    assert found["x"] == 0.3
    # 1.96 sqrt(0.3 0.7 / 400) = 0.045 on each side; percentiles of 1,000 resamples are good to a tenth of it.
    assert found["x.high"] - 0.3 == pytest.approx(0.045, abs=0.006)
    assert 0.3 - found["x.low"] == pytest.approx(0.045, abs=0.006)


def test_an_analogy_is_answered_by_the_nearest_of_the_other_words() -> None:
    words = ["UNK", "man", "king", "woman", "queen", "apple"]
    plane = np.array([[9, 9, 9], [1, 0, 0.1], [1, 0.3, 0.1], [0, 0, 1], [0, 1, 1], [-1, -1, 0]], np.float32)
    vectors = Vectors.of(plane, words)  # king - man + woman is nearer to woman than to queen
    assert vectors.analogy("man", "king", "woman", 1)[0][0] == "queen"
    asked = [("man", "king", "woman", "queen"), ("man", "king", "woman", "apple"), ("man", "king", "sun", "moon")]
    found = Analogies(asked).measure(vectors, "test/analogies")
    assert found["test/analogies"] == 0.5
    assert found["test/analogies.questions"] == 2
    assert found["test/analogies.coverage"] == pytest.approx(2 / 3)
    assert Analogies([asked[2]]).measure(vectors, "x") == {"x.questions": 0, "x.coverage": 0.0}


def test_hubness_is_the_skewness_of_how_often_words_are_near(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    # In many dimensions the points nearest to the mean of a Gaussian cloud are near to many; on a circle none is.
    cloud = Vectors.of(rng.normal(size=(400, 60)).astype(np.float32) + 0.3, [str(n) for n in range(400)])
    angles = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    circle = Vectors.of(np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32), cloud.words)
    whole = hubness(cloud, "hubs")
    assert whole["hubs"] > 1
    monkeypatch.setattr("bakeoff.embedding.evaluate.CHUNK", 64)
    assert hubness(cloud, "hubs") == whole
    assert abs(hubness(circle, "hubs").get("hubs", 0)) < 0.5
    assert hubness(VECTORS, "hubs") == {}


def test_purity_is_the_share_of_neighbours_inside_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bakeoff.embedding.evaluate.NEIGHBOURS", 2)
    # one: two three; two: one three; three: two one. cat: dog three.
    assert purity(VECTORS, ["one", "two", "three", "four"], "numbers") == {"numbers": 1.0}
    assert purity(VECTORS, ["cat", "dog"], "pets") == {"pets": 0.5}
    assert purity(VECTORS, ["sun"], "stars") == {}


def test_every_line_of_wordsim_353_counts() -> None:
    """As gensim's `evaluate_word_pairs` counts them: money and cash are there twice, with two scores."""
    test = read_test(packaged_files("word-similarity")["wordsim"])
    assert isinstance(test, Likeness)
    words = ["UNK", *sorted({word for pair in test.judged for word in (pair.left, pair.right)})]
    vectors = Vectors.of(np.random.default_rng(0).normal(size=(len(words), 8)).astype(np.float32), words)
    assert [pair.score for pair in test.judged if {pair.left, pair.right} == {"money", "cash"}] == [9.15, 9.08]
    assert test.measure(vectors, "wordsim")["wordsim.pairs"] == 353


def test_judgements_are_read_in_lower_case(tmp_path: Path) -> None:
    path = tmp_path / "judged.tsv"
    lines = "# who\tsaid\twhat\nstock\tCD\t1.31\n\ntiger\ttiger\t10.00\nStock\tcd\t2\n"
    for text in (lines, "\ufeff" + lines, lines.replace("\n", "\r\n")):
        path.write_text(text, encoding="utf-8", newline="")
        expected = [Judged("stock", "cd", 1.31), Judged("tiger", "tiger", 10.0), Judged("stock", "cd", 2.0)]
        assert read_test(path) == Likeness(expected)


@pytest.mark.parametrize(
    "bad", ["stock CD 1.31", "stock\tCD", "stock\tCD\tmuch", "stock\tCD\tnan", "stock\tCD\tinf", "a\tb\t1\t2"]
)
def test_a_line_that_is_no_judgement_is_refused(tmp_path: Path, bad: str) -> None:
    path = tmp_path / "judged.tsv"
    path.write_text(f"# comment\n{bad}\n", encoding="utf-8")
    with pytest.raises(
        BadInput, match=re.escape(f"invalid line {bad!r} (line 2): expected two words and a score, with tabs")
    ):
        read_test(path)


def test_analogies_are_read_in_lower_case(tmp_path: Path) -> None:
    path = tmp_path / "questions.txt"
    path.write_text(": capitals\nAthens Greece Baghdad Iraq\n: family\nboy girl man woman\n", encoding="utf-8")
    assert read_test(path) == Analogies([("athens", "greece", "baghdad", "iraq"), ("boy", "girl", "man", "woman")])
    path.write_text(": capitals\nAthens Greece Iraq\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"invalid line 'Athens Greece Iraq' \(line 2\): expected four words"):
        read_test(path)


def test_a_test_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "judged.tsv"
    path.write_bytes("caf\u00e9\tbar\t1.5\n".encode("latin-1"))
    with pytest.raises(
        BadInput, match=r"judged\.tsv: invalid byte 0x[0-9a-f]{2} \(byte 3\): expected UTF-8; save the file as UTF-8"
    ):
        read_test(path)
