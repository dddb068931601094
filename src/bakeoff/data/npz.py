"""An .npz file that NumPy's `load` reads, whose arrays may come in pieces: none has to fit in memory.

Members are stored uncompressed and dated 1980, so that equal arrays give equal bytes, whatever the version of Python.
"""

import struct
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

MOST_EXPANSION = 1100  # of a member; deflate does 1032-fold at most
DATED = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file knows


@dataclass(frozen=True)
class Pieces:
    """An array of a known shape, in pieces along its first axis."""

    shape: tuple[int, ...]
    dtype: DTypeLike
    pieces: Iterable[NDArray[np.generic]]


def save(path: Path, arrays: Mapping[str, NDArray[np.generic] | Pieces]) -> None:
    """Write the file; members stand in the order of `arrays`.

    Raises:
        ValueError: pieces do not add up to their array, or an array holds objects.
    """
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            pieces = array if isinstance(array, Pieces) else Pieces(array.shape, array.dtype, [array])
            head = heading(name, pieces)
            member = zipfile.ZipInfo(f"{name}.npy", DATED)
            # A size known beforehand tells zipfile whether it takes 64 bits. `savez` gives none and always takes them,
            # in bytes that changed with Python 3.11.4 (python/cpython 103861).
            member.file_size = len(head) + prod(array.shape) * np.dtype(array.dtype).itemsize
            with archive.open(member, "w") as file:
                file.write(head)
                write(file, name, pieces)


def heading(name: str, array: Pieces) -> bytes:
    """Return what stands before the values in an .npy file."""
    dtype = np.dtype(array.dtype)
    if dtype.hasobject:
        raise ValueError(f"{name} contains objects, which are not written")
    head = BytesIO()
    described = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": array.shape}
    np.lib.format.write_array_header_1_0(head, described)
    return head.getvalue()


def write(file: IO[bytes], name: str, array: Pieces) -> None:
    dtype = np.dtype(array.dtype)
    length, *rest = array.shape
    for piece in array.pieces:
        if piece.dtype != dtype or piece.shape[1:] != tuple(rest):
            raise ValueError(f"{name}: a piece is {piece.dtype} {piece.shape} of an array {dtype} {array.shape}")
        file.write(np.ascontiguousarray(piece).data)
        length -= len(piece)
    if length:
        raise ValueError(f"{name}: {array.shape[0] - length} rows came for an array of {array.shape[0]}")


def check(path: Path, most: int) -> None:
    """Compare what the arrays' headers claim with what the file has, and with a limit, before any memory is taken.

    Args:
        most: bytes of all arrays together.

    Raises:
        ValueError: a header claims more or less than the file has, there is more than the limit, or arrays share bytes.
        zipfile.BadZipFile: the file is damaged.
    """
    total, size = 0, path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.flag_bits & 1:
                raise ValueError(f"{member.filename!a} is encrypted")
            if member.compress_size > size or member.file_size > MOST_EXPANSION * member.compress_size:
                raise ValueError(f"{member.filename!a} claims {member.file_size} bytes, and the file has {size}")
            total += member.file_size
            if total > most:
                raise ValueError(f"it has more than {most} bytes of arrays, params.yaml: limits.array_bytes")
            if not member.filename.endswith(".npy"):
                continue
            with archive.open(member) as content:
                shape, _, dtype = header(content)
                claimed, there = prod(shape) * dtype.itemsize, member.file_size - content.tell()
            if claimed != there and not dtype.hasobject:
                raise ValueError(
                    f"{member.filename!a} claims {claimed} bytes by its shape {shape}, and the file has {there}"
                )


def header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, "np.dtype[Any]"]:
    """Shape, whether it is in Fortran's order, and type, as the header of an .npy file tells them."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(file)
    return shape, fortran, dtype


def mapped(path: Path) -> dict[str, NDArray[np.generic]]:
    """The arrays as they lie in the file, which is read again where they are used: none has to fit in memory.

    Their checksums are compared once, here.

    Raises:
        ValueError: an array is compressed, or holds objects.
        zipfile.BadZipFile: the file is damaged.
    """
    arrays: dict[str, NDArray[np.generic]] = {}
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        for member in archive.infolist():
            if member.compress_type != zipfile.ZIP_STORED:
                raise ValueError(f"{member.filename} is compressed, and larger than memory; store it as it is")
            with archive.open(member) as content:
                while content.read(1 << 20):
                    pass
            # A local header: 26 bytes, the lengths of a name and of a field that follow it, these two, the content.
            file.seek(member.header_offset + 26)
            file.seek(sum(struct.unpack("<HH", file.read(4))), 1)
            shape, fortran, dtype = header(file)
            if dtype.hasobject:
                raise ValueError(f"{member.filename} contains objects, which are not loaded")
            name = member.filename.removesuffix(".npy")
            if 0 in shape:  # of nothing there is no map
                arrays[name] = np.empty(shape, dtype)
            else:
                arrays[name] = np.memmap(path, dtype, "r", file.tell(), shape, "F" if fortran else "C")
    return arrays
