import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bakeoff.data.examples import SPLITS, Examples, Split
from bakeoff.settings import BadInput

GENERATOR = np.random.default_rng(0)


def labels(*shape: int) -> np.ndarray:
    return GENERATOR.integers(0, 2, shape).astype(np.uint8)


def digits(n: int) -> Split:
    return Split(GENERATOR.integers(0, 256, (n, 1, 4, 3)).astype(np.uint8), labels(n))


def scans(n: int) -> Split:
    return Split(GENERATOR.standard_normal((n, 1, 4, 3)).astype(np.float32), labels(n, 4, 3))


def rows(n: int) -> Split:
    """Two columns of numbers around two of zeros and ones."""
    numbers, bits = GENERATOR.standard_normal((n, 2)), labels(n, 2)
    return Split(np.stack([numbers[:, 0], *bits.T, numbers[:, 1]], axis=1).astype(np.float32), labels(n))


@pytest.mark.parametrize("kind", [digits, scans, rows])
def test_what_is_saved_is_loaded(tmp_path: Path, kind: type) -> None:
    made = Examples(kind(7), kind(3), kind(2), ("no", "yes"))
    made.save(tmp_path / "made")
    loaded = Examples.load(tmp_path / "made")
    assert loaded.classes == ("no", "yes")
    for name in SPLITS:
        for array in ("x", "y"):
            before, after = (getattr(getattr(examples, name), array) for examples in (made, loaded))
            assert after.dtype == before.dtype
            assert np.array_equal(after, before)


def test_zeros_and_ones_of_a_table_take_a_byte_each(tmp_path: Path) -> None:
    Examples(rows(7), rows(3), rows(2), ("no", "yes")).save(tmp_path / "table")
    with np.load(tmp_path / "table") as arrays:
        assert arrays["bits"].tolist() == [False, True, True, False]
        assert arrays["train.bits"].dtype == np.uint8


def test_a_column_with_another_number_in_one_split_only_is_kept_whole(tmp_path: Path) -> None:
    test = Split(np.array([[0.5]], np.float32), np.zeros(1, np.uint8))
    bits = Split(np.array([[0], [1]], np.float32), np.zeros(2, np.uint8))
    Examples(bits, bits, test, ("no", "yes")).save(tmp_path / "table")
    assert Examples.load(tmp_path / "table").test.x.tolist() == [[0.5]]


def test_the_bytes_are_equal_whenever_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Examples(digits(7), digits(3), digits(2), ("no", "yes"))
    made.save(tmp_path / "now")
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    made.save(tmp_path / "later")
    first, second = (hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("now", "later"))
    assert first == second
    with zipfile.ZipFile(tmp_path / "now") as members:
        assert {member.date_time for member in members.infolist()} == {(1980, 1, 1, 0, 0, 0)}


X = np.zeros((2, 1, 4, 3), np.uint8)
Y = np.zeros(2, np.uint8)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        (Split(X, np.full(2, 2, np.uint8)), "validation: label 2 where there are 2 classes"),
        (Split(X, np.zeros(3, np.uint8)), r"validation: y is \(3,\) where x is \(2, 1, 4, 3\)"),
        (Split(X, np.zeros((2, 3, 4), np.uint8)), "one label an example, or one a pixel"),
        (Split(X[:, :, :3], Y), "the same as in train"),
        (Split(X.astype(np.float64), Y), "x is float64 and y uint8"),  # type: ignore[arg-type]
        (Split(X, Y.astype(np.int64)), "x is uint8 and y int64"),  # type: ignore[arg-type]
        (Split(X[:0], Y[:0]), "validation: holds no examples"),
        (Split(np.full_like(X, np.nan, np.float32), Y), "values that are not finite"),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(split: Split, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Examples(Split(X, Y), split, Split(X, Y), ("no", "yes"))


def test_damaged_and_foreign_files_are_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "made.npz"
    made = Examples(digits(70), digits(3), digits(2), ("no", "yes"))
    made.save(path)
    whole = path.read_bytes()

    def refusal() -> str:
        with pytest.raises(BadInput) as refused:
            Examples.load(path)
        assert "\n" not in str(refused.value)
        return str(refused.value)

    path.write_bytes(whole[:-100])
    assert "made.npz" in refusal()
    flipped = bytearray(whole)
    flipped[len(whole) // 3] ^= 1
    path.write_bytes(flipped)
    assert "Bad CRC-32" in refusal()
    path.write_bytes(b"no archive at all")
    assert "made.npz" in refusal()
    np.savez(path, classes=np.array(["no", "yes"]))
    assert "has no array 'train.x'" in refusal()
    np.savez(path, **{f"{name}.{array}": np.array([{}]) for name in SPLITS for array in "xy"}, classes=np.array(["a"]))
    assert "allow_pickle=False" in refusal()
