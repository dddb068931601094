"""Archives made to take memory, disk or time, or to write elsewhere: each is refused in one line, in little memory."""

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.limits import Limits
from bakeoff.data.sources import archive
from bakeoff.data.sources.archive import folder

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "limits", Limits)
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": lambda data: gzip.compress(data, 1),
    ".bz2": bz2.compress,
    ".xz": lambda data: lzma.compress(data, preset=0),
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def block(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0) -> bytes:
    header = tarfile.TarInfo(name)
    header.type, header.size = kind, size
    return header.tobuf(tarfile.GNU_FORMAT)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


END = bytes(1024)
PICTURE = block("cat/0.png", size=1) + padded(b"x")


def long_name(size: int, kind: bytes = tarfile.GNUTYPE_LONGNAME) -> bytes:
    return block("././@LongLink", kind, size) + padded(b"a" * size) + PICTURE + END


def pax(records: dict[str, str], kind: bytes = tarfile.XHDTYPE) -> bytes:
    body = b""
    for key, value in records.items():
        record = f" {key}={value}\n".encode()
        length = len(record) + len(str(len(record)))
        body += str(length + (len(str(length + 1)) > len(str(len(record))))).encode() + record
    return block("pax", kind, len(body)) + padded(body)


SPARSE_CHAIN = block("hole", tarfile.GNUTYPE_SPARSE)[:482] + b"\1" + bytes(29)
CHAINS = {
    "GNU long names": block("././@LongLink", tarfile.GNUTYPE_LONGNAME, 2) + padded(b"a\0"),
    "GNU long links": block("././@LongLink", tarfile.GNUTYPE_LONGLINK, 2) + padded(b"a\0"),
    "empty long names": block("././@LongLink", tarfile.GNUTYPE_LONGNAME, 0),
    "PAX headers": pax({"comment": "a"}),
    "global PAX headers": pax({"comment": "a"}, tarfile.XGLTYPE),
    "Solaris headers": pax({"comment": "a"}, tarfile.SOLARIS_XHDTYPE),
}
TARS: dict[str, bytes] = {
    f"{name}, {n} in a row": one * n + PICTURE + END for name, one in CHAINS.items() for n in (40, 3000)
}
TARS |= {
    "long name of 8 MB": long_name(8 << 20),
    "long link of 8 MB": long_name(8 << 20, tarfile.GNUTYPE_LONGLINK),
    "PAX header of 8 MB": pax({"path": "a" * (8 << 20)}) + PICTURE + END,
    "PAX name of 1 MB less a few": pax({"path": "a/" * 500_000}) + PICTURE + END,
    "name of 300 bytes": long_name(300),
    "path of 5000 bytes": block("././@LongLink", tarfile.GNUTYPE_LONGNAME, 5000) + padded(b"a/" * 2500) + PICTURE + END,
    "many global values": pax({f"k{n}": "v" for n in range(200)}, tarfile.XGLTYPE) + PICTURE * 2 + END,
    "sparse map of 20,000 blocks": SPARSE_CHAIN.ljust(512, b"\0") + (bytes(504) + b"\1" + bytes(7)) * 20_000,
    "sparse map of PAX 1.0": pax({"GNU.sparse.major": "1", "GNU.sparse.minor": "0"})
    + block("hole", size=8 << 20)
    + b"4000000\n"
    + b"0\n" * (4 << 20),
    "negative size": block("cat/0.png").replace(b"00000000000\0", b"\xff" * 12, 1) + END,
}


def refused(path: Path, limits: Limits = LIMITS) -> str:
    with pytest.raises(BadInput) as caught:
        folder(path, limits)
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert line.isprintable() and len(line) < len(str(path)) + 400
    assert not list(path.parent.glob("cache/unpacked/[!.]*[!k]"))
    return line


@pytest.mark.parametrize(
    ("name", "packer"),
    [*((name, "") for name in TARS), *((name, ".gz") for name in TARS if "8 MB" in name or "3000" in name)],
)
def test_headers_that_take_memory_are_refused(tmp_path: Path, name: str, packer: str) -> None:
    path = tmp_path / f"x.tar{packer}"
    path.write_bytes(PACKERS[packer](TARS[name]))
    tracemalloc.start()
    try:
        refused(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20  # the largest content is 8 MB


@pytest.mark.parametrize("packer", ["", ".bz2"])
@pytest.mark.parametrize("longest", [99, 101, 255])
@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_honest_long_names_are_read(tmp_path: Path, packer: str, longest: int, form: int) -> None:
    made = io.BytesIO()
    names = [f"{'d' * longest}/{'f' * (longest - 4)}.png", "a/é.png"]
    with tarfile.open(fileobj=made, mode="w", format=form, pax_headers={"comment": "by a test"}) as tar:
        for name in names:
            tar.addfile(tarfile.TarInfo(name))
    path = tmp_path / f"x.tar{packer}"
    path.write_bytes(PACKERS[packer](made.getvalue()))
    assert all((folder(path, LIMITS) / name).is_file() for name in names)


def zipped(names: list[str], data: bytes = b"x", **attributes: int) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name in names:
            entry = zipfile.ZipInfo(name)
            for key, value in attributes.items():
                setattr(entry, key, value)
            file.writestr(entry, data)
    return made.getvalue()


def tarred(names: list[str]) -> bytes:
    return b"".join(map(block, names)) + END


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.bz2"])
def test_members_are_counted_against_the_limit(tmp_path: Path, kind: str) -> None:
    names = [f"cat/{n}.png" for n in range(30)]
    content = zipped(names) if kind == "zip" else PACKERS[kind.removeprefix("tar")](tarred(names))
    (tmp_path / "x").write_bytes(content)
    line = refused(tmp_path / "x", LIMITS.model_copy(update={"archive_members": 29}))
    assert "has more than 29 members; raise params.yaml: limits.archive_members" in line
    assert len(list((folder(tmp_path / "x", LIMITS) / "cat").iterdir())) == 30


def test_more_members_than_so_few_bytes_can_hold_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "FEW", 20)
    (tmp_path / "x").write_bytes(bz2.compress(tarred([f"cat/{n}.png" for n in range(500)])))
    assert "as malicious archives have" in refused(tmp_path / "x")


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_unpacked_bytes_are_counted_against_the_limit(tmp_path: Path, kind: str) -> None:
    members = block("a", size=5000) + padded(bytes(5000)) + END
    content = zipped(["a"], bytes(5000)) if kind == "zip" else PACKERS[kind.removeprefix("tar")](members)
    (tmp_path / "x").write_bytes(content)
    line = refused(tmp_path / "x", LIMITS.model_copy(update={"archive_bytes": 4999}))
    assert "unpacks to more than 4999 bytes; raise params.yaml: limits.archive_bytes" in line


def test_a_stated_number_of_members_is_refused_before_they_are_read(tmp_path: Path) -> None:
    content = bytearray(zipped(["a"]))
    at = content.rindex(b"PK\5\6")
    content[at + 8 : at + 12] = struct.pack("<HH", 60_000, 60_000)
    (tmp_path / "x").write_bytes(content)
    assert "has more than 59000 members" in refused(
        tmp_path / "x", LIMITS.model_copy(update={"archive_members": 59_000})
    )


def test_members_that_share_bytes_are_refused(tmp_path: Path) -> None:
    """As in a bomb of overlapping files: Fifield 2019, A better zip bomb."""
    content = bytearray(zipped(["a", "b"], b"the same bytes " * 9))
    second = content.rindex(b"PK\1\2")
    content[second + 42 : second + 46] = bytes(4)
    (tmp_path / "x").write_bytes(content)
    assert "members 'a' and 'b' overlap in the file" in refused(tmp_path / "x")


DANGEROUS = [
    "/etc/x",
    "../x",
    "a/../../x",
    "..",
    "C:/x",
    "C:x",
    "a\x00b"[:1] + "\x07",
    "a\nb",
    "a\x1b[31m",
    "..\\x",
    "\\x",
    "\\\\host\\x",
]
DANGEROUS += ["../.hidden", "../Thumbs.db", "n" * 256, "d/" * 2500 + "x"]


@pytest.mark.parametrize("name", DANGEROUS)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str, kind: str) -> None:
    made = tarfile.TarInfo(name).tobuf(tarfile.PAX_FORMAT) + END
    (tmp_path / "x").write_bytes(zipped([name]) if kind == "zip" else made)
    refused(tmp_path / "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "x"]


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_what_is_no_file_in_a_zip_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "x").write_bytes(zipped(["a"], b"/etc/passwd", external_attr=(mode | 0o644) << 16))
    assert "is a link or a device" in refused(tmp_path / "x")


@pytest.mark.parametrize("kind", [tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_what_is_no_file_in_a_tar_is_refused(tmp_path: Path, kind: bytes) -> None:
    (tmp_path / "x").write_bytes(PICTURE + block("a", kind) + END)
    assert "is a link or a device" in refused(tmp_path / "x")


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_member_that_is_there_twice_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.warns(UserWarning, match="Duplicate") if kind == "zip" else pytest.MonkeyPatch.context():
        (tmp_path / "x").write_bytes(zipped(["a", "a"]) if kind == "zip" else tarred(["a", "a"]))
    assert "member 'a' has the same path as another member" in refused(tmp_path / "x")


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_names_that_differ_by_case_are_two_files(tmp_path: Path, kind: str) -> None:
    names = ["cat/a.png", "cat/A.png", "Cat/a.png"]
    (tmp_path / "x").write_bytes(zipped(names) if kind == "zip" else tarred(names))
    assert sum(path.is_file() for path in folder(tmp_path / "x", LIMITS).rglob("*")) == 3


LITTER = ["__MACOSX/cat/._0.png", ".DS_Store", "cat/.DS_Store", "cat/._0.png", "cat/Thumbs.db", "cat/THUMBS.DB"]
LITTER += ["Desktop.ini", "@eaDir/0.png/x@SynoEAStream", "cat/@eaDir/0.png", "cat/Icon\r", "lost+found/x", "README.md"]


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("litter", LITTER)
def test_litter_is_left_out(tmp_path: Path, kind: str, litter: str) -> None:
    names = ["cat/0.png", litter]
    (tmp_path / "x").write_bytes(zipped(names) if kind == "zip" else tarred(names))
    made = folder(tmp_path / "x", LIMITS)
    assert [path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()] == ["cat/0.png"]


@pytest.mark.parametrize("litter", LITTER)
def test_a_file_beside_litter_is_a_stream(tmp_path: Path, litter: str) -> None:
    (tmp_path / "x").write_bytes(zipped(["t/", "t/t.csv", litter], b"a,b\n"))
    with archive.stream(tmp_path / "x") as file:
        assert file.read() == b"a,b\n"


def windows(names: list[str]) -> bytes:
    """A .zip whose names have backslashes, which zipfile itself writes on no system."""
    content = zipped([name.replace("\\", "/") for name in names])
    for name in names:
        content = content.replace(name.replace("\\", "/").encode(), name.encode())
    return content


@pytest.mark.parametrize(
    "names", [["cat\\0.png", "dog\\0.png"], ["a\\cat\\", "a\\cat\\0.png"], ["a/b\\0.png"], ["é\\0.png"]]
)
def test_backslashes_of_windows_are_slashes(tmp_path: Path, names: list[str]) -> None:
    (tmp_path / "x").write_bytes(windows(names))
    made = folder(tmp_path / "x", LIMITS)
    files = sorted(path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file())
    assert files == [name.replace("\\", "/") for name in names if not name.endswith("\\")]


@pytest.mark.parametrize("name", ["é.png", "Café/ü.png", "猫/0.png", "кот.png"])
def test_names_in_utf_8_without_the_mark_are_read_as_macos_writes_them(tmp_path: Path, name: str) -> None:
    content = zipped([name])
    for signature, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        start = content.index(signature)
        content = content[: start + at] + b"\0\0" + content[start + at + 2 :]
    (tmp_path / "x").write_bytes(content)
    assert (folder(tmp_path / "x", LIMITS) / name).is_file()


OFFICE = {
    "xlsx": (
        ["[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"],
        "the file is an Excel workbook; save it as CSV",
    ),
    "xlsm": (
        ["[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin"],
        "the file is an Excel workbook; save it as CSV",
    ),
    "docx": (["[Content_Types].xml", "word/document.xml"], "the file is a Word document"),
    "ods": (["mimetype", "content.xml", "META-INF/manifest.xml"], "the file is an OpenDocument file; save it as CSV"),
}


@pytest.mark.parametrize("kind", OFFICE)
def test_a_workbook_is_named_as_such(tmp_path: Path, kind: str) -> None:
    names, said = OFFICE[kind]
    (tmp_path / "x").write_bytes(zipped(names))
    with pytest.raises(BadInput, match=said):
        archive.stream(tmp_path / "x")


def test_a_workbook_of_excel_97_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(archive.OFFICE + bytes(2000))
    with pytest.raises(BadInput, match="the file is an Excel workbook; save it as CSV"):
        archive.stream(tmp_path / "x")


def test_an_archive_in_an_archive_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(block("inner.zip", size=1) + padded(b"x") + END)
    assert (folder(tmp_path / "x", LIMITS) / "inner.zip").read_bytes() == b"x"
