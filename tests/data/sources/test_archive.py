import bz2
import gzip
import io
import lzma
import stat
import tarfile
import threading
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.limits import Limits
from bakeoff.data.sources import archive
from bakeoff.data.sources.archive import BLOCK, folder, stream

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "limits", Limits)

TEXT = b"".join(b"%d green bottles hanging on the wall\n" % n for n in range(60_000))  # 2 MB, several blocks
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lambda data: lzma.compress(data, preset=1),
    "zip": lambda data: zipped({"text": data}),
}
TARS = {"tar": "w", "tar.gz": "w:gz", "tar.bz2": "w:bz2", "tar.xz": "w:xz"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, **attributes: int) -> bytes:
    """A .zip; `attributes` of its members as zipfile.ZipInfo names them."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = method
            for key, value in attributes.items():
                setattr(entry, key, value)
            made.writestr(entry, data)
    return file.getvalue()


def locked(archive: bytes) -> bytes:
    """The same .zip, all of its members marked as encrypted."""
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        parts = archive.split(signature)
        archive = signature.join([parts[0], *(part[: flags - 4] + b"\1" + part[flags - 3 :] for part in parts[1:])])
    return archive


def misplaced(archive: bytes) -> bytes:
    """The same .zip, whose list of members says that it lies a hundred bytes further on."""
    end = archive.rindex(b"PK\5\6")
    offset = int.from_bytes(archive[end + 16 : end + 20], "little") + 100
    return archive[: end + 16] + offset.to_bytes(4, "little") + archive[end + 20 :]


def greedy(packed: bytes) -> bytes:
    """The same .xz, which asks for 4 GB to unpack it; see The .xz File Format 1.0.4, 3.1."""
    header = b"\2\0\x21\1\x28\0\0\0"  # of 12 bytes; one filter, LZMA2, with one byte of properties, 40
    return packed[:12] + header + zlib.crc32(header).to_bytes(4, "little") + packed[24:]


def tarred(members: dict[str, bytes], mode: str = "w", *others: tarfile.TarInfo) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as made:  # type: ignore[call-overload]
        for name, data in members.items():
            header = tarfile.TarInfo(name)
            header.size = len(data)
            made.addfile(header, io.BytesIO(data))
        for header in others:
            made.addfile(header)
    return file.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.type, header.linkname = kind, target
    return header


def put(folder: Path, content: bytes, name: str = "data.bin") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def read(path: Path, size: int = BLOCK) -> bytes:
    with stream(path) as unpacked:
        return b"".join(iter(lambda: unpacked.read(size), b""))


def opened(path: Path) -> Path:
    return folder(path, LIMITS)


def refusal(open_and_read: Callable[[Path], object], path: Path) -> str:
    with pytest.raises(BadInput) as refused:
        open_and_read(path)
    line = str(refused.value)
    assert "\n" not in line
    assert line.startswith(f"{path}: ")
    return line.removeprefix(f"{path}: ")


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("data", [TEXT, b"a", b""], ids=["long", "short", "empty"])
def test_a_file_is_unpacked_whatever_its_name(tmp_path: Path, packer: str, data: bytes) -> None:
    path = put(tmp_path, PACKERS[packer](data))
    assert read(path) == data
    assert read(path, size=1000) == data


@pytest.mark.parametrize("packer", PACKERS)
def test_progress_ends_with_the_file(tmp_path: Path, packer: str) -> None:
    path = put(tmp_path, PACKERS[packer](TEXT))
    with stream(path) as unpacked:
        told = [unpacked.compressed]
        while unpacked.read(BLOCK):
            told.append(unpacked.compressed)
    assert told[0] == 0
    assert told == sorted(told)
    directory = 120 if packer == "zip" else 0  # the list of members behind the only one
    assert told[-1] >= path.stat().st_size - directory


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_method_of_zip_is_read(tmp_path: Path, method: int) -> None:
    assert read(put(tmp_path, zipped({"text": TEXT}, method))) == TEXT


def test_folders_and_what_macos_adds_are_not_counted(tmp_path: Path) -> None:
    path = put(tmp_path, zipped({"text/": b"", "text/text8": TEXT, "__MACOSX/text/._text8": b"?"}))
    assert read(path) == TEXT


@pytest.mark.parametrize("packer", ["gz", "bz2", "xz"])
def test_all_parts_are_read_in_a_row(tmp_path: Path, packer: str) -> None:
    parts = [TEXT[start : start + 10_000] for start in range(0, len(TEXT), 10_000)]
    assert read(put(tmp_path, b"".join(map(PACKERS[packer], parts)))) == TEXT


@pytest.mark.parametrize("packer", ["gz", "bz2", "xz"])
@pytest.mark.parametrize("zeros", [8, 3 * BLOCK])
def test_zeros_may_follow_as_on_tapes(tmp_path: Path, packer: str, zeros: int) -> None:
    assert read(put(tmp_path, PACKERS[packer](TEXT) + bytes(zeros))) == TEXT


@pytest.mark.parametrize("packer", ["gz", "bz2", "xz", "zip"])
@pytest.mark.parametrize("missing", [1, 9, 1000])
def test_a_file_that_breaks_off_is_refused(tmp_path: Path, packer: str, missing: int) -> None:
    packed = PACKERS[packer](TEXT)
    line = refusal(read, put(tmp_path, packed[:-missing]))
    assert line.startswith("the file is damaged near byte ")
    assert line.endswith("is not a zip file" if packer == "zip" else "the file ends early; fetch it again")


@pytest.mark.parametrize("packer", ["gz", "bz2", "xz", "zip"])
def test_one_flipped_bit_is_refused(tmp_path: Path, packer: str) -> None:
    packed = bytearray(PACKERS[packer](TEXT))
    packed[len(packed) // 2] ^= 1
    assert refusal(read, put(tmp_path, packed)).startswith("the file is damaged near byte ")


@pytest.mark.parametrize("packer", ["gz", "zip"])
def test_a_wrong_checksum_is_refused(tmp_path: Path, packer: str) -> None:
    packed = bytearray(PACKERS[packer](TEXT))
    packed[packed.rindex(b"PK\1\2") + 16 if packer == "zip" else -8] ^= 1
    assert ("Bad CRC-32" if packer == "zip" else "incorrect data check") in refusal(read, put(tmp_path, packed))


@pytest.mark.parametrize("packer", ["gz", "bz2", "xz"])
@pytest.mark.parametrize("behind", [0, BLOCK])
def test_what_follows_the_end_and_is_no_part_is_refused(tmp_path: Path, packer: str, behind: int) -> None:
    path = put(tmp_path, PACKERS[packer](TEXT) + bytes(behind) + b"and so on, and so on, and so on")
    assert refusal(read, path).startswith("the file is damaged near byte ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (zipped({}), "the archive contains 0 files"),
        (zipped({"a": b"", "b": b""}), "the archive contains 2 files ('a', 'b', …): expected one; unpack it"),
        (locked(zipped({"a": b"a"})), "member 'a' is encrypted"),
        (
            b"7z\xbc\xaf\x27\x1c\0\4",
            "the file is packed by 7z: expected gzip, bzip2, xz, zip or tar; unpack it yourself",
        ),
        (b"\x28\xb5\x2f\xfd\0", "the file is packed by zstd"),
        (b"Rar!\x1a\x07\x01\0", "the file is packed by rar"),
        (greedy(lzma.compress(b"a")), "the file is damaged near byte 60: Memory usage limit exceeded"),
    ],
    ids=["empty-zip", "two-in-zip", "encrypted-zip", "7z", "zstd", "rar", "xz-that-asks-for-4-GB"],
)
def test_what_cannot_be_a_stream_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    assert refusal(read, put(tmp_path, content)).startswith(message)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "cannot be opened: No such file or directory" in refusal(stream, tmp_path / "gone")


@pytest.mark.parametrize("packer", ["gz", "bz2", "xz", "zip"])
def test_a_bomb_is_refused_in_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packer: str) -> None:
    monkeypatch.setattr(archive, "HARMLESS", 30_000_000)
    path = put(tmp_path, PACKERS[packer](bytes(40_000_000)))

    def drain(path: Path) -> None:
        with stream(path) as unpacked:
            while unpacked.read(BLOCK):
                pass

    tracemalloc.start()
    line = refusal(drain, path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "more than 1000 times as much" in line
    assert line.endswith("unpack it yourself, if you trust it, and name the unpacked file or folder")
    assert peak < (12 << 20 if packer == "xz" else 8 * BLOCK)  # xz looks back over 8 MB


def test_a_large_empty_mask_is_no_bomb(tmp_path: Path) -> None:
    size = 512 * 512 * 1000
    path = put(tmp_path, gzip.compress(bytes(size)))
    assert size / path.stat().st_size > archive.EXPANSION
    with stream(path) as unpacked:
        assert sum(len(block) for block in iter(lambda: unpacked.read(BLOCK), b"")) == size


@pytest.mark.parametrize("kind", [*TARS, "zip"])
def test_an_archive_is_unpacked_once(tmp_path: Path, cache: Path, kind: str) -> None:
    members = {"train/cat/1.txt": TEXT, "train/dog/1.txt": b"", "./test/è.txt": b"a"}
    path = put(tmp_path, tarred(members, TARS[kind]) if kind in TARS else zipped(members))
    unpacked = folder(path, LIMITS)
    assert unpacked.is_relative_to(cache)
    assert {name: (unpacked / name).read_bytes() for name in members} == members
    assert sum(path.is_file() for path in unpacked.rglob("*")) == 3
    (unpacked / "train/cat/1.txt").chmod(0o400)
    assert folder(put(tmp_path, path.read_bytes(), "again.bin"), LIMITS) == unpacked
    assert stat.S_IMODE((unpacked / "train/cat/1.txt").stat().st_mode) == 0o400


def test_a_folder_is_itself(tmp_path: Path) -> None:
    assert folder(tmp_path, LIMITS) == tmp_path


def test_two_at_once_get_the_same_folder(tmp_path: Path) -> None:
    path = put(tmp_path, tarred({f"{n}.txt": TEXT for n in range(20)}))
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(len(list(opened(path).iterdir())))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [20, 20, 20, 20]


MEMBER = {"a.txt": TEXT}
LINK = (stat.S_IFLNK | 0o777) << 16
EVIL = {
    "zip-slip": (zipped({"a.txt": b"", "../../evil": b""}), "member '../../evil' would be written outside"),
    "zip-absolute": (zipped({"/proc/evil": b""}), "member '/proc/evil' would be written outside"),
    "zip-backslashes": (zipped({"..\\evil": b""}), "member '../evil' would be written outside"),
    "zip-drive": (zipped({"C:evil": b""}), "member 'C:evil' would be written outside"),
    "zip-new-line": (zipped({"a\nb": b""}), r"member 'a\nb' would be written outside"),
    "zip-link": (zipped({"link": b"/etc/passwd"}, external_attr=LINK), "member 'link' is a link or a device"),
    "zip-encrypted": (locked(zipped({"a": b"", "b": b""})), "member 'a' is encrypted"),
    "zip-file-as-folder": (zipped({"a": b"", "a/b": b""}), "member 'a/b' has the same path as another member"),
    "zip-empty": (zipped({}), "the archive contains no files"),
    "zip-of-folders": (zipped({"a/": b""}), "the archive contains no files"),
    "zip-of-bad-utf-8": (zipped({"é": b""}).replace("é".encode(), b"\xc3("), "the file is damaged near byte"),
    "zip-pointing-before-itself": (misplaced(zipped(MEMBER)), "the file is damaged near byte"),
    "zip-cut": (zipped(MEMBER)[:-30], "the file is damaged near byte"),
    "tar-slip": (tarred({"a/../../evil": b""}), "member 'a/../../evil' would be written outside"),
    "tar-absolute": (tarred({"/proc/evil": b""}), "member '/proc/evil' would be written outside"),
    "tar-link": (tarred(MEMBER, "w", special("l", tarfile.SYMTYPE, "/etc")), "member 'l' is a link or a device"),
    "tar-hard-link": (tarred(MEMBER, "w", special("l", tarfile.LNKTYPE, "../a")), "member 'l' is a link or a device"),
    "tar-device": (tarred(MEMBER, "w", special("d", tarfile.CHRTYPE)), "member 'd' is a link or a device"),
    "tar-pipe": (tarred(MEMBER, "w", special("p", tarfile.FIFOTYPE)), "member 'p' is a link or a device"),
    "tar-twice": (
        tarred(MEMBER, "w", special("a.txt", tarfile.REGTYPE)),
        "member 'a.txt' has the same path as another member",
    ),
    "tar-empty": (tarred({}), "expected a folder or a .zip or .tar archive"),
    "tar-cut-in-a-file": (tarred(MEMBER)[:100_000], "the file is damaged near byte 100000: unexpected end of data"),
    "tar-cut-behind-a-file": (tarred(MEMBER)[: 512 + -(-len(TEXT) // 512) * 512], "the file is damaged near byte"),
    "tar-cut-in-a-header": (tarred({"a": b"", "b": b""})[:700], "the file is damaged near byte 700: "),
    "tar-broken-header": (tarred({"a": b"", "b": b""}).replace(b"\0b\0", b"\0c\0", 1), "the file is damaged near byte"),
    "tar-gz-cut": (tarred(MEMBER, "w:gz")[:-1], "the file is damaged near byte"),
    "text": (TEXT, "expected a folder or a .zip or .tar archive; name one of these"),
    "text-gz": (gzip.compress(TEXT), "expected a folder or a .zip or .tar archive"),
    "nothing": (b"", "expected a folder or a .zip or .tar archive"),
}


@pytest.mark.parametrize("name", EVIL)
def test_an_archive_that_is_damaged_or_does_harm_is_refused(tmp_path: Path, cache: Path, name: str) -> None:
    content, message = EVIL[name]
    assert refusal(opened, put(tmp_path, content)).startswith(message)
    assert [path for path in cache.rglob("*") if path.suffix != ".lock"] == [cache / "unpacked"]
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("kind", ["zip", "tar.bz2"])
def test_an_archive_that_expands_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(archive, "HARMLESS", 30_000_000)
    members = {f"{n}.txt": bytes(10_000_000) for n in range(4)}
    path = put(tmp_path, tarred(members, TARS[kind]) if kind in TARS else zipped(members, zipfile.ZIP_BZIP2))
    assert "more than 1000 times as much" in refusal(opened, path)


def test_a_sparse_member_is_counted_by_what_it_expands_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "HARMLESS", 1 << 20)
    header = tarfile.TarInfo("hole")
    header.pax_headers = {"GNU.sparse.map": "0,0", "GNU.sparse.size": str(1 << 40)}
    content = tarred({"a.txt": b"a"}, "w", header)
    assert "more than 1000 times as much" in refusal(opened, put(tmp_path, content))


def test_what_an_earlier_run_left_half_unpacked_is_done_again(tmp_path: Path) -> None:
    path = put(tmp_path, zipped({"a.txt": TEXT}))
    made = folder(path, LIMITS)
    made.rename(made.with_name(f".partial-{made.name}"))
    (made.with_name(f".partial-{made.name}") / "a.txt").write_bytes(b"half")
    assert (folder(path, LIMITS) / "a.txt").read_bytes() == TEXT
