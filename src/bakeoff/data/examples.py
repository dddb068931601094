"""Examples to train on, held out to choose by, and to test on; one .npz file without pickles and with equal bytes.

N examples; C, H, W channels, height and width; D features.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bakeoff.settings import BadInput

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """Inputs and labels.

    Attributes:
        x: (N, C, H, W) uint8 or float32, or (N, D) float32.
        y: uint8: (N,), one label an example, or (N, H, W), one a pixel.
    """

    x: NDArray[np.uint8] | NDArray[np.float32]
    y: NDArray[np.uint8]


@dataclass(frozen=True)
class Examples:
    """Three splits and the names of the classes that their labels index.

    Raises:
        ValueError: shapes, types or labels do not fit together.
    """

    train: Split
    validation: Split
    test: Split
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in SPLITS:
            check(name, getattr(self, name), self.train, len(self.classes))

    def save(self, path: Path) -> None:
        """Write the file. Columns of a table that hold only 0 and 1 take a byte a value instead of four."""
        arrays: dict[str, NDArray[np.generic]] = {"classes": np.array(self.classes)}
        bits = self._bits()
        for name in SPLITS:
            split: Split = getattr(self, name)
            arrays[f"{name}.y"] = split.y
            if bits is None:
                arrays[f"{name}.x"] = split.x
            else:
                arrays[f"{name}.numbers"] = split.x[:, ~bits]
                arrays[f"{name}.bits"] = split.x[:, bits].astype(np.uint8)
        if bits is not None:
            arrays["bits"] = bits
        # np.savez dates every member 1980-01-01. It leaves a given file's name alone, and would append .npz to a path.
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> "Examples":
        """Read the file.

        Raises:
            BadInput: it is damaged, incomplete, or holds arrays that do not fit together.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                splits = {name: Split(inputs(arrays, name), arrays[f"{name}.y"]) for name in SPLITS}
                return cls(**splits, classes=tuple(map(str, arrays["classes"])))
        except KeyError as error:
            raise BadInput(f"{path}: has no array {error.args[0].split()[0]!r}; make the file again") from None
        except (ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise BadInput(f"{path}: {error}; make the file again") from None

    def _bits(self) -> NDArray[np.bool_] | None:
        """Which columns of a table hold only 0 and 1; None for images."""
        if self.train.x.ndim != 2:
            return None
        bits = np.ones(self.train.x.shape[1], np.bool_)
        for name in SPLITS:
            x = getattr(self, name).x
            bits &= ((x == 0) | (x == 1)).all(axis=0)
        return bits


def inputs(arrays: np.lib.npyio.NpzFile, name: str) -> NDArray[np.uint8] | NDArray[np.float32]:
    """The inputs of a split, with a table's columns put together again."""
    if "bits" not in arrays:
        return arrays[f"{name}.x"]
    bits, numbers, flags = arrays["bits"], arrays[f"{name}.numbers"], arrays[f"{name}.bits"]
    x = np.empty((len(numbers), len(bits)), np.float32)
    x[:, ~bits], x[:, bits] = numbers, flags
    return x


def check(name: str, split: Split, train: Split, classes: int) -> None:
    """Refuse a split whose arrays do not fit one another, the training split, or the number of classes.

    Raises:
        ValueError: says which array, what it holds, and what it should.
    """
    x, y = split.x, split.y
    if x.dtype not in (np.uint8, np.float32) or y.dtype != np.uint8:
        raise ValueError(f"{name}: x is {x.dtype} and y {y.dtype}; x should be uint8 or float32, y uint8")
    if x.ndim not in (2, 4) or x.shape[1:] != train.x.shape[1:]:
        raise ValueError(f"{name}: x is {x.shape}, and should be (N, C, H, W) or (N, D), the same as in train")
    if y.shape != (len(x),) and (x.ndim != 4 or y.shape != (len(x), *x.shape[2:])):
        raise ValueError(f"{name}: y is {y.shape} where x is {x.shape}; one label an example, or one a pixel")
    if not len(x):
        raise ValueError(f"{name}: holds no examples")
    if y.max() >= classes:
        raise ValueError(f"{name}: label {y.max()} where there are {classes} classes, 0 to {classes - 1}")
    if x.dtype == np.float32 and not np.isfinite(x).all():
        raise ValueError(f"{name}: x holds values that are not finite")
