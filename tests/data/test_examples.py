import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bakeoff.base.settings import BadInput
from bakeoff.data.examples import SPLITS, Examples, Split, TableSplit, one_hot, save_table
from bakeoff.data.npz import Pieces

GENERATOR = np.random.default_rng(0)


def labels(*shape: int) -> np.ndarray:
    return GENERATOR.integers(0, 2, shape).astype(np.uint8)


def digits(n: int) -> Split:
    return Split(GENERATOR.integers(0, 256, (n, 1, 4, 3)).astype(np.uint8), labels(n))


def scans(n: int) -> Split:
    return Split(GENERATOR.standard_normal((n, 1, 4, 3)).astype(np.float32), labels(n, 4, 3))


def rows(n: int) -> Split:
    return Split(GENERATOR.standard_normal((n, 2)).astype(np.float32), labels(n))


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


@pytest.mark.parametrize("left", [0, 10**12])  # mapped, and read
def test_scans_without_a_background_stay_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: int) -> None:
    monkeypatch.setattr("bakeoff.base.memory.available", lambda: left)
    for background, scored in ((True, [1]), (False, [0, 1])):
        Examples(scans(7), scans(3), scans(2), ("road", "car"), background).save(tmp_path / "made")
        assert list(Examples.load(tmp_path / "made").scored) == scored


def coded(n: int) -> TableSplit:
    """Two numbers, and two categories of 3 and 2 values."""
    arrays = (rows(n).x, np.stack([GENERATOR.integers(0, 3, n), labels(n)], axis=1).astype(np.uint8), labels(n))
    return TableSplit(*(Pieces(array.shape, array.dtype, [array[:1], array[1:]]) for array in arrays))


def test_a_table_is_stored_as_codes_and_loaded_with_one_hot_columns(tmp_path: Path) -> None:
    splits = {"train": coded(7), "validation": coded(3), "test": coded(2)}
    save_table(splits, [3, 2], ["no", "yes"], tmp_path / "table")
    loaded = Examples.load(tmp_path / "table")
    for name, split in splits.items():
        numbers, codes, y = (np.concatenate(list(array.pieces)) for array in (split.numbers, split.codes, split.y))
        x = getattr(loaded, name).x
        assert np.array_equal(
            x, np.hstack([numbers, np.eye(3)[codes[:, 0]], np.eye(2)[codes[:, 1]]]).astype(np.float32)
        )
        assert x.dtype == np.float32
        assert np.array_equal(getattr(loaded, name).y, y)


NUMBERS, CODES, WIDTHS = np.zeros((2, 1), np.float32), np.zeros((2, 2), np.uint8), np.array([3, 2])


@pytest.mark.parametrize(
    ("numbers", "codes", "widths", "message"),
    [
        (NUMBERS.astype(np.float64), CODES, WIDTHS, "numbers are float64"),
        (NUMBERS[:, 0], CODES, WIDTHS, r"numbers are float32 \(2,\)"),
        (NUMBERS, CODES.astype(np.int64), WIDTHS, "codes int64"),
        (NUMBERS, CODES[:, :1], WIDTHS, r"codes are \(2, 1\)"),
        (NUMBERS[:1], CODES, WIDTHS, r"codes are \(2, 2\) beside numbers \(1, 1\)"),
        (NUMBERS, CODES, WIDTHS.astype(np.float64), "widths float64"),
        (NUMBERS, CODES + np.array([0, 2], np.uint8), WIDTHS, r"codes reach \[0, 2\] in blocks of \[3, 2\] columns"),
        (NUMBERS, CODES, np.array([3, 10**15]), "should be 1 to 65,536"),
    ],
)
def test_codes_that_do_not_fit_their_columns_are_refused(numbers, codes, widths, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        one_hot(numbers, codes, widths)


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
