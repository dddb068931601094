"""Reads plain values from a pickle, without unpickling it.

A pickle is a program. Python's own machine for it can call what it likes, and can be made to take all memory or time
by a few bytes; here its instructions are listed, by `pickletools`, and only those that build plain values are followed:
dicts with text as keys, lists, tuples, text, bytes, numbers, and NumPy arrays of plain numbers, which are put together
from the bytes and the shape that the pickle states. Nothing of NumPy or of any other module is named by a pickle.
"""

import pickletools
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput
from bakeoff.data.images.source_tree import Place
from bakeoff.data.sources.addresses import said

LARGEST = 1 << 63  # of whole numbers: no label and no length is beyond
PLAIN = {f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)} | {"f4", "f8", "b1"}


def text(value: Any) -> str:
    """Python 2 wrote text as bytes.

    Raises:
        ValueError: it is neither.
    """
    if not isinstance(value, bytes | str):
        raise ValueError(f"found {type(value).__name__} where text was expected")
    return str(value, "latin-1") if isinstance(value, bytes) else value


class Type:
    """Stands for a NumPy type."""

    def __init__(self, name: Any, *_: Any) -> None:
        word = text(name)
        if word not in PLAIN:
            raise ValueError(f"invalid array type {word!r}: expected plain numbers")
        self.dtype: np.dtype[Any] = np.dtype(word)

    def build(self, state: Any) -> None:
        self.dtype = self.dtype.newbyteorder(">" if text(state[1]) == ">" else "<")


class Array:
    """Stands for a NumPy array: `value`, once its state is set."""

    def __init__(self, *_: Any) -> None:
        self.value: NDArray[Any] = np.empty(0)

    def build(self, state: Any) -> None:
        _, shape, kind, columns_first, content = state
        if isinstance(content, str):  # Python 2 wrote bytes as text
            content = content.encode("latin-1")
        if not isinstance(content, bytes) or not all(isinstance(length, int) for length in shape):
            raise ValueError("an array has no bytes or no shape")
        if len(content) != prod(shape) * kind.dtype.itemsize:
            raise ValueError(f"an array of shape {shape} has {len(content)} bytes, which is not its size")
        self.value = np.frombuffer(content, kind.dtype).reshape(shape, order="F" if columns_first else "C")


class Text:
    """Decodes bytes that Python 3 wrote for Python 2 as text. One text may stand for bytes many times.

    Attributes:
        left: characters that may still become bytes; an honest pickle has each of its own once.
    """

    def __init__(self, left: int) -> None:
        self.left = left

    def encode(self, characters: Any, encoding: Any) -> bytes:
        if text(encoding) not in ("latin1", "latin-1"):
            raise ValueError(f"invalid encoding {text(encoding)[:20]!r} of bytes: expected latin-1")
        self.left -= len(characters)
        if self.left < 0:
            raise ValueError("it decodes to more bytes than the file has")
        return text(characters).encode("latin-1")


ARRAYS: dict[str, Callable[..., Any]] = {
    "numpy.core.multiarray._reconstruct": Array,  # NumPy 1
    "numpy._core.multiarray._reconstruct": Array,  # NumPy 2
    "numpy.ndarray": Array,
    "numpy.dtype": Type,
}


def known(functions: Mapping[str, Callable[..., Any]], module: Any, name: Any) -> Callable[..., Any]:
    wanted = f"{text(module)}.{text(name)}"
    if wanted not in functions:
        raise ValueError(f"unsupported object {wanted}: expected plain values and NumPy arrays only")
    return functions[wanted]


def whole(number: Any) -> Any:
    """A number, unless it is a whole one of many digits."""
    if isinstance(number, int) and abs(number) >= LARGEST:
        raise ValueError("a whole number has more than 64 bits")
    return number


def put(held: Any, items: list[Any]) -> None:
    """Adds keys and values, which take turns, to a dict."""
    if not isinstance(held, dict):
        raise ValueError("keys are added to an object that is not a dict")
    held.update({text(key): value for key, value in zip(items[::2], items[1::2], strict=True)})


def value_of(instructions: Iterable[tuple[Any, Any, Any]], length: int) -> Any:
    """Return the value that the instructions build.

    Args:
        length: bytes of the pickle.

    Raises:
        ValueError, IndexError, ...: they are no pickle, or build what is not plain.
    """
    stack: list[Any] = []
    marks: list[int] = []
    memo: dict[int, Any] = {}
    functions = ARRAYS | {"_codecs.encode": Text(2 * length).encode}

    def since_mark() -> list[Any]:
        start = marks.pop()
        items = stack[start:]
        del stack[start:]
        return items

    for instruction, argument, _ in instructions:
        match instruction.name:
            case "PROTO" | "FRAME":
                pass
            case "STOP":
                break
            case "INT" | "BININT" | "BININT1" | "BININT2" | "LONG" | "LONG1" | "LONG4" | "FLOAT" | "BINFLOAT":
                stack.append(whole(argument))
            case "UNICODE" | "SHORT_BINUNICODE" | "BINUNICODE" | "BINUNICODE8":
                stack.append(argument)
            case "SHORT_BINBYTES" | "BINBYTES" | "BINBYTES8":
                stack.append(argument)
            case "STRING" | "BINSTRING" | "SHORT_BINSTRING":  # Python 2's, which pickletools gives as text
                stack.append(argument.encode("latin-1"))
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[instruction.name])
            case "MARK":
                marks.append(len(stack))
            case "EMPTY_LIST":
                stack.append([])
            case "LIST":
                stack.append(since_mark())
            case "APPEND":
                stack[-2].append(stack.pop())
            case "APPENDS":
                items = since_mark()
                stack[-1].extend(items)
            case "EMPTY_TUPLE":
                stack.append(())
            case "TUPLE":
                stack.append(tuple(since_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                length = int(instruction.name[-1])
                stack[-length:] = [tuple(stack[-length:])]
            case "EMPTY_DICT":
                stack.append({})
            case "DICT":
                items = since_mark()
                stack.append({})
                put(stack[-1], items)
            case "SETITEM":
                value, key = stack.pop(), stack.pop()
                put(stack[-1], [key, value])
            case "SETITEMS":
                items = since_mark()
                put(stack[-1], items)
            case "PUT" | "BINPUT" | "LONG_BINPUT":
                memo[argument] = stack[-1]
            case "MEMOIZE":
                memo[len(memo)] = stack[-1]
            case "GET" | "BINGET" | "LONG_BINGET":
                stack.append(memo[argument])
            case "GLOBAL":
                stack.append(known(functions, *argument.split(" ", 1)))
            case "STACK_GLOBAL":
                name, module = stack.pop(), stack.pop()
                stack.append(known(functions, module, name))
            case "REDUCE":
                arguments, function = stack.pop(), stack.pop()
                if function not in functions.values():
                    raise ValueError("an object is called that is not the type of an array")
                stack.append(function(*arguments))
            case "BUILD":
                state = stack.pop()
                if not isinstance(stack[-1], Array | Type):
                    raise ValueError("the state of an object is set that is not an array")
                stack[-1].build(state)
            case name:
                raise ValueError(
                    f"unsupported instruction {name}: expected those of plain values and NumPy arrays only"
                )
    (value,) = stack
    return value


def limited(instructions: Iterable[tuple[Any, Any, Any]], most: int) -> Iterator[tuple[Any, Any, Any]]:
    """So many instructions, each of which makes one value at most.

    Raises:
        ValueError: there are more.
    """
    for count, instruction in enumerate(instructions):
        if count >= most:
            raise ValueError(f"it has more than {most} values (params.yaml: limits.pickle_values)")
        yield instruction


def load(place: Place) -> dict[str, Any]:
    """The dict that a file holds; keys as text, arrays as NumPy's, bytes as bytes.

    Raises:
        BadInput: it holds, or does, anything else, or is damaged.
    """
    try:
        length = place.path.stat().st_size
        with place.path.open("rb") as file:
            value = value_of(limited(pickletools.genops(file), place.limits.pickle_values), length)
    except Exception as error:  # what a broken or hostile pickle leads to is without end
        problem = said(error) or type(error).__name__
        raise BadInput(f"{place}: the pickle cannot be read: {problem}; download it again") from None
    if not isinstance(value, dict):
        raise BadInput(f"{place}: the pickle contains {type(value).__name__}: expected a dict; download it again")
    return {key: one.value if isinstance(one, Array) else one for key, one in value.items()}
