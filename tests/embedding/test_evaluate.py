from pathlib import Path

import numpy as np
import pytest

from bakeoff.embedding.evaluate import Vectors, agreement, purity, read_judged
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


def test_agreement_is_the_correlation_of_ranks_over_known_pairs() -> None:
    judged = {("one", "two"): 9.0, ("one", "three"): 8.9, ("one", "dog"): 0.2, ("one", "cat"): 0.3, ("one", "cow"): 5.0}
    # Ranks 4 3 2 1 of the cosines against 4 3 1 2: 1 - 6 (1 + 1) / (4 (16 - 1)) = 0.8.
    assert agreement(VECTORS, judged, "test/people") == pytest.approx({"test/people": 0.8, "test/people.pairs": 4})


@pytest.mark.parametrize(
    "judged", [{}, {("one", "two"): 1.0}, {("one", "two"): 1.0, ("one", "cat"): 1.0}, {("cow", "hen"): 1.0}]
)
def test_without_ranks_there_is_no_correlation(judged: dict[tuple[str, str], float]) -> None:
    found = agreement(VECTORS, judged, "people")
    assert found == {"people.pairs": sum("cow" not in pair for pair in judged)}


def test_purity_is_the_share_of_neighbours_inside_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bakeoff.embedding.evaluate.NEIGHBOURS", 2)
    # one: two three; two: one three; three: two one. cat: dog three.
    assert purity(VECTORS, ["one", "two", "three", "four"], "numbers") == {"numbers": 1.0}
    assert purity(VECTORS, ["cat", "dog"], "pets") == {"pets": 0.5}
    assert purity(VECTORS, ["sun"], "stars") == {}


def test_judgements_are_read_in_small_letters(tmp_path: Path) -> None:
    path = tmp_path / "judged.tsv"
    path.write_text("# who\tsaid\twhat\nstock\tCD\t1.31\n\ntiger\ttiger\t10.00\n", encoding="utf-8")
    assert read_judged(path) == {("stock", "cd"): 1.31, ("tiger", "tiger"): 10.0}
    path.write_text("# comment\nstock CD 1.31\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"line 2 is 'stock CD 1.31', and should be two words and a score"):
        read_judged(path)
