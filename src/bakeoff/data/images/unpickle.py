"""Unpickles plain values and nothing else: a pickle is a program, and this runs none that calls anything.

Dicts, lists, tuples, text, bytes, numbers, and NumPy arrays of plain numbers. Arrays are put together here from the
bytes and the shape that the pickle states; NumPy's own reading of pickled types is never reached.
"""

import codecs
import pickle
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.images.places import Place
from bakeoff.settings import BadInput

PLAIN = {f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)} | {"f4", "f8", "b1"}


def text(value: Any) -> str:
    """Python 2 wrote text as bytes."""
    return str(value, "latin-1") if isinstance(value, bytes) else str(value)


class Type:
    """Stands for a NumPy type."""

    def __init__(self, name: Any, *_: Any) -> None:
        word = text(name)
        if word not in PLAIN:
            raise pickle.UnpicklingError(f"it holds an array of type {word!r}, which is not plain numbers")
        self.dtype: np.dtype[Any] = np.dtype(word)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.dtype = self.dtype.newbyteorder(">" if text(state[1]) == ">" else "<")


class Array:
    """Stands for a NumPy array: `value`, once its state is set."""

    def __init__(self, *_: Any) -> None:
        self.value: NDArray[Any] = np.empty(0)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, columns_first, content = state
        dtype = kind.dtype
        if isinstance(content, str):  # Python 2 wrote bytes as text
            content = content.encode("latin-1")
        if not isinstance(content, bytes) or len(content) != prod(shape) * dtype.itemsize:
            raise pickle.UnpicklingError(f"an array of shape {shape} does not have its bytes")
        self.value = np.frombuffer(content, dtype).reshape(shape, order="F" if columns_first else "C")


def encoded(text: Any, encoding: Any) -> bytes:
    """How Python 3 writes bytes for Python 2."""
    return codecs.encode(str(text), {"latin1": "latin-1", "latin-1": "latin-1"}[encoding])


ARRAYS = ("numpy.core.multiarray", "numpy._core.multiarray")  # NumPy 1 and 2
KNOWN: dict[tuple[str, str], Any] = {
    **{(module, "_reconstruct"): Array for module in ARRAYS},
    ("numpy", "ndarray"): Array,
    ("numpy", "dtype"): Type,
    ("_codecs", "encode"): encoded,
}


class Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in KNOWN:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, and only plain values and arrays are read")
        return KNOWN[module, name]


def load(place: Place) -> dict[str, Any]:
    """The dict that a file holds; keys as text, arrays as NumPy's, bytes as bytes.

    Raises:
        BadInput: it holds, or does, anything else, or is damaged.
    """
    with place.path.open("rb") as file:
        try:
            value = Unpickler(file, encoding="bytes").load()
        except Exception as error:  # what a broken or hostile pickle leads to is without end
            said = " ".join(str(error).split()) or type(error).__name__
            raise BadInput(f"{place}: is a pickle that is not read: {said}; get it again from its authors") from None
    if not isinstance(value, dict):
        raise BadInput(f"{place}: holds {type(value).__name__}, and should hold a dict; get it again from its authors")
    return {text(key): one.value if isinstance(one, Array) else one for key, one in value.items()}
