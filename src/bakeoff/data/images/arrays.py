"""Images in an .npz file, without pickles: x and y, images and labels, or Keras' x_train, y_train, x_test, y_test.

N images; C, H, W channels, height and width.
"""

import tokenize
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput
from bakeoff.data import npz
from bakeoff.data.images.labelled import Labelled, Part, from_arrays
from bakeoff.data.images.source_tree import Place
from bakeoff.data.normal_form import nfc
from bakeoff.data.sources.addresses import said

KEYS = (("x_train", "y_train"), ("x", "y"), ("images", "labels"))
TEST = ("x_test", "y_test")
WHOLE = 2.0**53  # float64 has each whole number up to here


def read(place: Place) -> Labelled:
    """The images of the file, those of test apart where Keras' names are used.

    Raises:
        BadInput: the file is damaged, holds objects, or no arrays of images and labels that belong together.
    """
    try:
        npz.check(place.path, place.limits.array_bytes)
        with np.load(place.path, allow_pickle=False) as held:
            keys = next((keys for keys in KEYS if set(keys) <= set(held)), None)
            if keys is None:
                known = "; ".join(" and ".join(keys) for keys in KEYS)
                raise BadInput(
                    f"{place}: invalid names of arrays, {said(', '.join(held))}: expected {known}; save them under "
                    "such names"
                )
            train = part(place, held, keys)
            test = part(place, held, TEST) if keys == KEYS[0] and set(TEST) <= set(held) else None
    except (
        ValueError,
        TypeError,
        OSError,
        EOFError,
        MemoryError,
        SyntaxError,
        tokenize.TokenError,  # of NumPy, which reads a header that is no Python as if Python 2 wrote it
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise BadInput(
            f"{place}: the file cannot be read: {said(error) or type(error).__name__}; save plain arrays with "
            "numpy.savez"
        ) from None
    if test and test[0].dtype != train[0].dtype:
        raise BadInput(f"{place}: x_train is {train[0].dtype} but x_test is {test[0].dtype}; save both as one type")
    return from_arrays(str(place), train, test, None)


def part(place: Place, held: np.lib.npyio.NpzFile, keys: tuple[str, str]) -> Part:
    """Images (N, C, H, W) and labels (N,) under two keys."""
    x, y = (held[key] for key in keys)
    if y.ndim == 2 and y.shape[1] == 1:  # as Keras has CIFAR's
        y = y[:, 0]
    if y.dtype.kind == "f" and np.array_equal(y, np.rint(y)) and (np.abs(y) < WHOLE).all():  # as MATLAB has them
        y = y.astype(np.int64)
    if y.dtype.kind == "U":
        y = np.array([nfc(name.strip()) for name in y.ravel()], np.str_).reshape(y.shape)
        if not y.all():
            raise BadInput(
                f"{place}: {keys[1]} has an empty class name (image {int((y == '').argmax())}); name its class"
            )
    if y.ndim != 1 or y.dtype.kind not in "iuU" or not len(y):
        raise BadInput(
            f"{place}: {keys[1]} is {y.dtype} of shape {y.shape}: expected (N,), one whole number or class name for "
            "each image"
        )
    if x.dtype not in (np.uint8, np.uint16):
        raise BadInput(f"{place}: {keys[0]} is {x.dtype}: expected uint8 or uint16; scale and convert it")
    if len(x) != len(y):
        raise BadInput(
            f"{place}: {keys[0]} has {len(x)} images but {keys[1]} has {len(y)} labels; save one label for each image"
        )
    fits = x.ndim == 3 or (x.ndim == 4 and {x.shape[1], x.shape[3]} & {1, 3})
    if not fits or 0 in x.shape:
        raise BadInput(
            f"{place}: {keys[0]} has the shape {x.shape}: expected (N, H, W), (N, H, W, C) or (N, C, H, W), where C is "
            "1 or 3"
        )
    return channels_first(x), y


def channels_first(x: NDArray[Any]) -> NDArray[Any]:
    """(N, C, H, W). If both ends could be channels, the last are."""
    if x.ndim == 3:
        return x[:, np.newaxis]
    return np.moveaxis(x, 3, 1) if x.shape[3] in (1, 3) else x
