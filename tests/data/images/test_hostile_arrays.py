"""IDX files, .npz files and pickles whose few bytes ask for much memory: refused before it is taken."""

import gzip
import io
import pickle
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.images import arrays, idx, unpickle
from bakeoff.data.images.source_tree import Place
from bakeoff.data.limits import Limits

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "limits", Limits)
MEGABYTE = 1 << 20


def refused(read: Callable[[Place], object], path: Path, limits: Limits = LIMITS, most: int = 4 * MEGABYTE) -> str:
    """The one line; and how much memory it took."""
    tracemalloc.start()
    try:
        with pytest.raises(BadInput) as caught:
            read(Place(path, "x", limits))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < most
    line = str(caught.value)
    assert line.startswith("x: ") and line.isprintable() and len(line) < 400
    return line


def put(folder: Path, content: bytes) -> Path:
    (folder / "x").write_bytes(content)
    return folder / "x"


def images(place: Place) -> object:
    return idx.array(place, 3)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((10**9, 28, 28), "expected at most 16000000000 (params.yaml: limits.array_bytes)"),
        ((2**32 - 1, 2**32 - 1, 2**32 - 1), "expected at most 16000000000"),
        (
            (10**7, 28, 28),
            "only 1000 bytes follow the header: expected 7840000000, for its dimensions are (10000000, 28, 28)",
        ),
        ((2, 28, 28), "only 1000 bytes follow the header"),
        ((1, 28, 28), "more than 784 bytes follow the header"),
        ((0, 28, 28), "invalid dimensions (0, 28, 28) in the header"),
        ((10**9, 0, 28), "invalid dimensions (1000000000, 0, 28) in the header"),
    ],
)
def test_an_idx_header_is_compared_with_the_bytes(
    tmp_path: Path, shape: tuple[int, int, int], said: str, pack: Callable[[bytes], bytes]
) -> None:
    content = b"\0\0\x08\x03" + struct.pack(">III", *shape) + bytes(1000)
    assert said in refused(images, put(tmp_path, pack(content)))


@pytest.mark.parametrize("cut", [0, 3, 4, 8, 15])
def test_an_idx_header_that_is_cut_is_refused(tmp_path: Path, cut: int) -> None:
    refused(images, put(tmp_path, (b"\0\0\x08\x03" + struct.pack(">III", 1, 28, 28))[:cut]))


@pytest.mark.parametrize("kind", [0x09, 0x0B, 0x0C, 0x0D, 0x0E, 0xFF])
def test_an_idx_file_of_other_numbers_is_refused(tmp_path: Path, kind: int) -> None:
    content = bytes([0, 0, kind, 3]) + struct.pack(">III", 1, 2, 2) + bytes(32)
    assert "invalid magic number" in refused(images, put(tmp_path, content))


def npy(shape: object, descr: str = "|u1", content: bytes = b"") -> bytes:
    head = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    head = head.ljust(118 + max(0, len(head) - 118)) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + content


def npz(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return made.getvalue()


Y = npy((6,), content=bytes(range(6)))


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
@pytest.mark.parametrize(
    ("x", "said"),
    [
        (npy((10**9, 28, 28)), "claims 784000000000 bytes by its shape (1000000000, 28, 28), and the file has 0"),
        (npy((2**62, 2**62)), "claims 21267647932558653966460912964485513216 bytes"),
        (npy((6, 2, 2), content=bytes(20)), "claims 24 bytes by its shape (6, 2, 2), and the file has 20"),
        (npy((6, 2, 2), content=bytes(30)), "claims 24 bytes by its shape (6, 2, 2), and the file has 30"),
        (npy((-1, 2, 2), content=bytes(24)), "the file cannot be read"),
        (npy("(6, 2, 2", content=bytes(24)), "the file cannot be read"),
        (npy("((((((" * 500, content=bytes(24)), "the file cannot be read"),
        (npy((6,), "|O", pickle.dumps([print] * 6)), "allow_pickle"),
        (b"", "the file cannot be read"),
        (b"\x93NUMPY\x09\x00", "the file cannot be read"),
        (npy((6, 2, 2), content=bytes(24))[:50], "the file cannot be read"),
    ],
    ids=lambda value: value if isinstance(value, str) else "x",
)
def test_an_npy_header_is_compared_with_the_bytes(tmp_path: Path, x: bytes, said: str, method: int) -> None:
    assert said in refused(arrays.read, put(tmp_path, npz({"x.npy": x, "y.npy": Y}, method)))


def test_arrays_of_more_bytes_than_the_limit_are_refused(tmp_path: Path) -> None:
    x = npy((6, 1000, 1000), content=bytes(6_000_000))
    path = put(tmp_path, npz({"x.npy": x, "y.npy": Y}))
    limits = LIMITS.model_copy(update={"array_bytes": 5_000_000})
    assert "more than 5000000 bytes of arrays, params.yaml: limits" in refused(arrays.read, path, limits)
    assert len(arrays.read(Place(path, "x", LIMITS)).y) == 6


def test_a_member_that_claims_more_than_deflate_can_do_is_refused(tmp_path: Path) -> None:
    content = bytearray(npz({"x.npy": npy((6, 2, 2), content=bytes(24)), "y.npy": Y}))
    at = content.index(b"PK\1\2")
    content[at + 24 : at + 28] = struct.pack("<I", 4_000_000_000)
    assert "claims 4000000000 bytes" in refused(arrays.read, put(tmp_path, bytes(content)))


PICKLES = {
    "empty dicts": b"\x80\x02(" + b"}" * 500_000 + b"l.",
    "empty lists": b"\x80\x02(" + b"]" * 500_000 + b"l.",
    "memo": b"\x80\x04N" + b"\x94" * 500_000 + b".",
    "marks": b"\x80\x02" + b"(" * 500_000 + b".",
    "nested tuples": b"\x80\x02N" + b"\x85" * 500_000 + b".",
    "arrays": b"\x80\x02cnumpy\nndarray\nq\0" + b"h\0)R" * 200_000 + b".",
    "types": b"\x80\x02cnumpy\ndtype\nq\0" + b"h\0U\2u1\x85R" * 200_000 + b".",
    "numbers": b"\x80\x02(" + b"J\xff\xff\xff\x7f" * 200_000 + b"l.",
    "texts": b"\x80\x02(" + b"U\1a" * 300_000 + b"l.",
}


@pytest.mark.parametrize("name", PICKLES)
def test_a_pickle_of_more_values_than_the_limit_is_refused(tmp_path: Path, name: str) -> None:
    limits = LIMITS.model_copy(update={"pickle_values": 1000})
    line = refused(unpickle.load, put(tmp_path, PICKLES[name]), limits, MEGABYTE)
    assert "it has more than 1000 values (params.yaml: limits.pickle_values)" in line


# One more copy of the text, as bytes.
COPY = b"h\0h\1h\2\x86R"
ENCODE = b"\x80\x02c_codecs\nencode\nq\0X" + struct.pack("<I", MEGABYTE) + b"a" * MEGABYTE + b"q\1X\6\0\0\0latin1q\2"


def test_a_text_becomes_bytes_once(tmp_path: Path) -> None:
    line = refused(unpickle.load, put(tmp_path, ENCODE + COPY * 10_000 + b"."), most=16 * MEGABYTE)
    assert "it decodes to more bytes than the file has" in line


@pytest.mark.parametrize("number", [2**63, -(2**64), 10**4000, 256**10_000], ids=["64 bits", "65", "13,288", "80,000"])
def test_a_whole_number_of_many_digits_is_refused(tmp_path: Path, number: int) -> None:
    content = pickle.dumps({"data": number}, protocol=2)
    assert "a whole number has more than 64 bits" in refused(unpickle.load, put(tmp_path, content))


@pytest.mark.parametrize("shape", [(10**9,), (10**9, 10**9), (-1,), (0, 10**18)])
def test_an_array_in_a_pickle_has_its_bytes(tmp_path: Path, shape: tuple[int, ...]) -> None:
    plain = pickle.dumps({"data": np.frombuffer(b"abcd", np.uint8)}, protocol=2)
    one = pickle.dumps((4,), protocol=2)[2:-1].rpartition(b"q")[0]
    other = pickle.dumps(shape, protocol=2)[2:-1].rpartition(b"q")[0]
    assert one in plain
    refused(unpickle.load, put(tmp_path, plain.replace(one, other, 1)))


def test_an_honest_pickle_has_fewer_values_than_the_limit(tmp_path: Path) -> None:
    """As many as CIFAR-100's part for training."""
    names = [f"{n}.png" for n in range(50_000)]
    held = {"fine_labels": list(range(50_000)), "coarse_labels": [1] * 50_000, "filenames": names}
    path = put(tmp_path, pickle.dumps(held, protocol=2))
    assert unpickle.load(Place(path, "x", LIMITS)).keys() == held.keys()
