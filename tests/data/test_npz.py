import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bakeoff.data import npz
from bakeoff.data.npz import Pieces

ARRAYS = {
    "classes": np.array(["no", "ä"]),
    "x": np.arange(30, dtype=np.float32).reshape(10, 3),
    "y": np.arange(10, dtype=np.uint8),
    "empty": np.empty((0, 4), np.uint16),
}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# Of the file with ARRAYS, by Python 3.11.2, 3.11.7, 3.12 and 3.13 alike; those of `savez` differ between them.
DIGEST = "19a594021c375d2341c402e14739c1174ede7292bd9c04588a1a4c7fbdfe55af"


@pytest.mark.parametrize("piece", [1, 3, 10, 100])
def test_the_bytes_depend_on_the_arrays_alone_however_they_are_cut(tmp_path: Path, piece: int) -> None:
    cut = {
        name: Pieces(array.shape, array.dtype, [array[start : start + piece] for start in range(0, len(array), piece)])
        for name, array in ARRAYS.items()
    }
    npz.save(tmp_path / "whole", ARRAYS)
    npz.save(tmp_path / "cut", cut)
    assert digest(tmp_path / "whole") == digest(tmp_path / "cut") == DIGEST
    with np.load(tmp_path / "cut") as arrays:
        assert list(arrays) == list(ARRAYS)
        for name, array in ARRAYS.items():
            assert arrays[name].dtype == array.dtype and np.array_equal(arrays[name], array)


def test_arrays_that_do_not_lie_in_a_row_are_written_as_they_are_meant(tmp_path: Path) -> None:
    across = np.arange(12, dtype=np.float32).reshape(3, 4).T
    cuts = {"one": [across], "two": [across[:2], across[2:]]}
    pieces = {name: Pieces(across.shape, across.dtype, cut) for name, cut in cuts.items()}
    npz.save(tmp_path / "made", {"whole": across, **pieces})
    with np.load(tmp_path / "made") as arrays:
        assert all(np.array_equal(arrays[name], across) for name in ("whole", "one", "two"))


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        ([np.zeros((2, 3), np.float32)], "x: 2 rows came for an array of 5"),
        ([np.zeros((6, 3), np.float32)], "x: 6 rows came for an array of 5"),
        ([np.zeros((5, 3))], "x: a piece is float64"),
        ([np.zeros((5, 4), np.float32)], r"x: a piece is float32 \(5, 4\)"),
    ],
)
def test_pieces_that_do_not_add_up_are_refused(tmp_path: Path, pieces: list[np.ndarray], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        npz.save(tmp_path / "made", {"x": Pieces((5, 3), np.float32, pieces)})


def test_objects_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="x contains objects, which are not written"):
        npz.save(tmp_path / "made", {"x": np.array([{}])})


def test_arrays_are_mapped_as_they_lie_in_the_file(tmp_path: Path) -> None:
    with (tmp_path / "numpy").open("wb") as file:
        np.savez(file, allow_pickle=False, **ARRAYS, across=np.asfortranarray(np.arange(12).reshape(3, 4)))
    npz.save(tmp_path / "ours", ARRAYS)
    for name in ("numpy", "ours"):
        arrays = npz.mapped(tmp_path / name)
        with np.load(tmp_path / name) as expected:
            assert arrays.keys() == set(expected)
            for key, array in arrays.items():
                np.testing.assert_array_equal(array, expected[key])
                assert array.dtype == expected[key].dtype
                assert isinstance(array, np.memmap) or not array.size
                assert not array.size or not array.flags.writeable


def test_arrays_of_more_than_4_gb_are_read_and_mapped_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their sizes take 64 bits, which is tried here on small ones."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 64)
    npz.save(tmp_path / "large", ARRAYS)
    assert digest(tmp_path / "large") != DIGEST
    mapped = npz.mapped(tmp_path / "large")
    with np.load(tmp_path / "large") as arrays:
        for name, array in ARRAYS.items():
            assert np.array_equal(arrays[name], array) and np.array_equal(mapped[name], array)


def test_what_cannot_be_mapped_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "made"
    np.savez_compressed(path, x=np.zeros(9))
    with pytest.raises(ValueError, match=r"x\.npy is compressed, and larger than memory"):
        npz.mapped(path.with_suffix(".npz"))
    with path.open("wb") as file:
        np.savez(file, x=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match=r"x\.npy contains objects"):
        npz.mapped(path)
    npz.save(path, ARRAYS)
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 3] ^= 1
    path.write_bytes(whole)
    with pytest.raises(zipfile.BadZipFile, match="Bad CRC-32"):
        npz.mapped(path)
