"""Examples to train on, held out to choose by, and to test on; one .npz file without pickles and with equal bytes.

N examples; C, H, W channels, height and width; D features: M numbers, and one-hot columns of K categories.
"""

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.base import memory
from bakeoff.base.settings import BadInput
from bakeoff.data import npz
from bakeoff.data.npz import Pieces

ROWS = 4096  # examples that are looked at together
SPLITS = ("train", "validation", "test")

Codes = NDArray[np.uint8] | NDArray[np.uint16]
Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class Split:
    """Inputs and labels.

    Attributes:
        x: (N, C, H, W) uint8 or float32, or (N, D) float32.
        y: uint8: (N,), one label an example, or (N, H, W), one a pixel.
    """

    x: NDArray[np.uint8] | Float32
    y: NDArray[np.uint8]


@dataclass(frozen=True)
class Examples:
    """Three splits and the names of the classes that their labels index.

    Attributes:
        background: of labelled pixels, whether class 0 is the background, which is no class to be found.

    Raises:
        ValueError: shapes, types or labels do not fit together.
    """

    train: Split
    validation: Split
    test: Split
    classes: tuple[str, ...]
    background: bool = True

    def __post_init__(self) -> None:
        for name in SPLITS:
            check(name, getattr(self, name), self.train, len(self.classes))

    @property
    def scored(self) -> range:
        """The numbers of the classes over which the mean of a metric of pixels is: all but the background."""
        return range(int(self.background), len(self.classes))

    def save(self, path: Path) -> None:
        """Write the file. It says of a background only if there is none."""
        splits = {f"{name}.{array}": getattr(getattr(self, name), array) for name in SPLITS for array in ("y", "x")}
        flag = {} if self.background else {"background": np.array([False])}
        npz.save(path, {"classes": np.array(self.classes), **flag, **splits})

    @classmethod
    def load(cls, path: Path) -> "Examples":
        """Read the file; one that is larger than half of the memory that is left stays where it is, and is mapped.

        The one-hot columns of a table are written out in memory.

        Raises:
            BadInput: it is damaged, incomplete, or holds arrays that do not fit together.
        """
        try:
            if path.stat().st_size > memory.available() / 2:
                return cls.of(npz.mapped(path))
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return cls.of(arrays)
        except KeyError as error:
            raise BadInput(f"{path}: has no array {error.args[0].split()[0]!r}; make the file again") from None
        except (ValueError, TypeError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
            raise BadInput(f"{path}: {' '.join(str(error).split())}; make the file again") from None

    @classmethod
    def of(cls, arrays: Mapping[str, Any]) -> "Examples":
        splits = {name: Split(inputs(arrays, name), arrays[f"{name}.y"]) for name in SPLITS}
        background = "background" not in arrays or bool(arrays["background"][0])
        return cls(**splits, classes=tuple(map(str, arrays["classes"])), background=background)


@dataclass(frozen=True)
class TableSplit:
    """A split of a table on its way to the file. A one-hot block is kept as the place of its one, in a byte or two.

    Attributes:
        numbers: (N, M) float32.
        codes: (N, K) uint8 or uint16, as `one_hot` takes them.
        y: (N,) uint8.
    """

    numbers: Pieces
    codes: Pieces
    y: Pieces


def save_table(splits: Mapping[str, TableSplit], widths: Sequence[int], classes: Sequence[str], path: Path) -> None:
    """Write a file that `Examples.load` reads, without ever holding a table.

    Args:
        widths: of the K one-hot blocks.
    """
    arrays = {f"{name}.{array}": getattr(splits[name], array) for name in SPLITS for array in ("y", "numbers", "codes")}
    npz.save(path, {"classes": np.array(classes), "widths": np.array(widths, np.int64), **arrays})


def inputs(arrays: Mapping[str, Any], name: str) -> NDArray[np.uint8] | Float32:
    """The inputs of a split, with a table's one-hot columns written out."""
    if "widths" not in arrays:
        x: NDArray[np.uint8] | Float32 = arrays[f"{name}.x"]
        return x
    return one_hot(arrays[f"{name}.numbers"], arrays[f"{name}.codes"], arrays["widths"])


def one_hot(numbers: Float32, codes: Codes, widths: NDArray[np.int64]) -> Float32:
    """(N, D): the numbers, then a block for each code with a 1 at its place.

    Args:
        numbers: (N, M).
        codes: (N, K), each below its width.
        widths: (K,); D is M and their sum.

    Raises:
        ValueError: the arrays do not fit together.
    """
    if numbers.dtype != np.float32 or numbers.ndim != 2 or codes.dtype not in (np.uint8, np.uint16):
        raise ValueError(
            f"numbers are {numbers.dtype} {numbers.shape}, codes {codes.dtype}; should be float32, uint8 or 16"
        )
    if codes.shape != (len(numbers), *widths.shape) or widths.dtype != np.int64:
        raise ValueError(
            f"codes are {codes.shape} beside numbers {numbers.shape} and widths {widths.dtype} {widths.shape}"
        )
    if not ((widths >= 1) & (widths <= 1 << 16)).all():
        raise ValueError(f"widths are {widths.tolist()}; should be 1 to 65,536")
    if len(codes) and (codes.max(axis=0) >= widths).any():
        raise ValueError(f"codes reach {codes.max(axis=0).tolist()} in blocks of {widths.tolist()} columns")
    n, m = numbers.shape
    starts = m + np.cumsum(widths) - widths
    x = np.zeros((n, m + int(widths.sum())), np.float32)
    x[:, :m] = numbers
    rows = np.arange(n)
    for start, code in zip(starts, codes.T, strict=True):
        x[rows, start + code] = 1
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
    if x.dtype == np.float32 and not all(np.isfinite(x[i : i + ROWS]).all() for i in range(0, len(x), ROWS)):
        raise ValueError(f"{name}: x contains values that are not finite")
