from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from bakeoff.embedding.evaluate import (
    Analogies,
    Likeness,
    Vectors,
    hubness,
    purity,
    rank_correlation,
    read_test,
    scored,
)
from bakeoff.settings import BadInput

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
    judged = {("one", "two"): 9.0, ("one", "three"): 8.9, ("one", "dog"): 0.2, ("one", "cat"): 0.3, ("one", "cow"): 5.0}
    found = Likeness(judged).measure(VECTORS, "test/people")
    # Ranks 4 3 2 1 of the cosines against 4 3 1 2: 1 - 6 (1 + 1) / (4 (16 - 1)) = 0.8.
    assert found["test/people"] == pytest.approx(0.8)
    assert found["test/people.pairs"] == 4
    assert found["test/people.coverage"] == 0.8
    # Of samples of four from these: two equal pairs may be swapped, or all be in order.
    assert found["test/people.low"] < 0.8 <= found["test/people.high"] <= 1.0


@pytest.mark.parametrize(
    "judged", [{}, {("one", "two"): 1.0}, {("one", "two"): 1.0, ("one", "cat"): 1.0}, {("cow", "hen"): 1.0}]
)
def test_without_ranks_there_is_no_correlation(judged: dict[tuple[str, str], float]) -> None:
    found = Likeness(judged).measure(VECTORS, "people")
    assert found.keys() == {"people.pairs", "people.coverage"}
    assert found["people.pairs"] == sum("cow" not in pair for pair in judged)


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


def test_judgements_are_read_in_small_letters(tmp_path: Path) -> None:
    path = tmp_path / "judged.tsv"
    path.write_text("# who\tsaid\twhat\nstock\tCD\t1.31\n\ntiger\ttiger\t10.00\n", encoding="utf-8")
    assert read_test(path) == Likeness({("stock", "cd"): 1.31, ("tiger", "tiger"): 10.0})
    path.write_text("# comment\nstock CD 1.31\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"line 2 is 'stock CD 1.31', and should be two words and a score"):
        read_test(path)


def test_analogies_are_read_in_small_letters(tmp_path: Path) -> None:
    path = tmp_path / "questions.txt"
    path.write_text(": capitals\nAthens Greece Baghdad Iraq\n: family\nboy girl man woman\n", encoding="utf-8")
    assert read_test(path) == Analogies([("athens", "greece", "baghdad", "iraq"), ("boy", "girl", "man", "woman")])
    path.write_text(": capitals\nAthens Greece Iraq\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"line 2 is 'Athens Greece Iraq', and should be four words"):
        read_test(path)
