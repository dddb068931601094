"""Opens what is packed: one file as a stream of its bytes, many as a folder.

Told apart by the first bytes, for names lie. A packed file of a few bytes can expand without end, so expansion is
limited; an archive can name files outside the folder it is unpacked into, so every name is checked first.
"""

import bz2
import errno
import io
import lzma
import os
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, Protocol, Self, cast

from bakeoff.base.provenance import sha256
from bakeoff.base.settings import BadInput
from bakeoff.data.limits import Limits
from bakeoff.data.sources import cache
from bakeoff.data.sources.litter import in_litter

BLOCK = 1 << 18  # bytes read at a time

# Text expands under 20-fold; a mask with one pixel in 20,000 set 900-fold, and an empty one 1030-fold, the most that
# deflate can do. bzip2 and xz can do a million-fold.
EXPANSION = 1000
HARMLESS = 256 << 20  # bytes, however few they came from: an empty mask of 512 x 512 x 1000 voxels is honest

XZ_MEMORY = 128 << 20  # bytes; `xz -9` needs 65 MB to unpack, and a header can ask for 4 GB

ZIP = b"PK\x03\x04", b"PK\x05\x06"  # with and without members
EXCEL = "the file is an Excel workbook; save it as CSV"
OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # of Excel and Word until 2003
UNREAD = {b"\x28\xb5\x2f\xfd": "zstd", b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "rar", b"\x1f\x9d": "compress"}
# Beside OSError, which bz2 raises without a number, and zipfile with EINVAL where a header points before the file.
DAMAGE = zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, ValueError

UTF8 = 1 << 11  # a member's flag: its name is UTF-8
LOCAL_HEADER = 30  # bytes before a member of a .zip, without its name
END_OF_ZIP = 22 + 20 + 56 + (1 << 16)  # bytes: the end of a .zip, in both its forms, and the longest comment

HEADERS = 1 << 18  # bytes before one member of a .tar; a name and its attributes take a few thousand
DEEPEST = 16  # headers before one member of a .tar; GNU's long name and link, and PAX's two, are 4
PAX_HEADERS = 100  # values that hold for all members of a .tar
NESTED = "the name or the headers of a member are too long"

FEW = 10_000  # members that any archive may have
LEAST_MEMBER = 10  # bytes of a packed archive for each of more members; a tiny picture takes 60
ICON = re.compile(r"(?<![^/])Icon\r$")  # macOS gives one name a control character
LONGEST_NAME, LONGEST_PATH = 255, 4096  # bytes that Linux takes
SHOWN = 60  # characters of a name in a message

WAY_OUT = "unpack it yourself, if you trust it, and name the unpacked file or folder"


class Stream(io.BufferedReader):
    """Bytes of a file, unpacked, in order and in constant memory.

    Raises:
        BadInput: from any read, where the file breaks off, is damaged, or expands without measure.
    """

    raw: "Unpacker"

    def __init__(self, path: Path, file: BinaryIO) -> None:
        super().__init__(Unpacker(path, file), BLOCK)

    @property
    def compressed(self) -> int:
        """Bytes of the file itself that were read until now, in which progress is told."""
        return self.raw.position


def stream(path: Path) -> Stream:
    """Opens a plain, .gz, .bz2 or .xz file, all its parts in a row, or the only file in a .zip.

    Raises:
        BadInput: the file cannot be opened, or is a .zip of no file or of many.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise BadInput(f"{path}: the file cannot be opened: {error.strerror}; name a file that you may read") from None
    try:
        return Stream(path, file)
    except BaseException:
        file.close()
        raise


def folder(path: Path, limits: Limits) -> Path:
    """The folder itself; for a .zip or a .tar, packed or not, the folder in the cache into which it was unpacked.

    Folders and plain files only: links, devices, and names that lead elsewhere are refused.

    Raises:
        BadInput: it is no archive, is damaged, holds such members or none, or expands without measure.
    """
    if path.is_dir():
        return path
    made = cache.folder() / "unpacked" / sha256(path)
    with cache.making(made):
        if not made.is_dir():
            partial = made.with_name(f".partial-{made.name}")
            shutil.rmtree(partial, ignore_errors=True)
            try:
                unpack(path, partial, limits)
                partial.rename(made)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
    return made


class Unpacker(io.RawIOBase):
    """The raw bytes that `Stream` buffers.

    Attributes:
        position: bytes of the file that were read.
        made: bytes that came of them.
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path, self._file = path, file
        self.position = self.made = 0
        magic = file.read(16)
        file.seek(0)
        self._read: Callable[[int], bytes]
        if magic.startswith(ZIP):
            self._read = only_member(path, file).read
        elif decoder := next((decoder for start, decoder in DECODERS.items() if start.match(magic)), None):
            self._read = Parts(file, decoder).read
        elif magic.startswith(OFFICE):
            raise BadInput(f"{path}: {EXCEL}, or as plain text if it is another office document")
        elif packer := next((name for start, name in UNREAD.items() if magic.startswith(start)), None):
            raise BadInput(f"{path}: the file is packed by {packer}: expected gzip, bzip2, xz, zip or tar; {WAY_OUT}")
        else:
            self._read = file.read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with named(self.path, self._file):
            data = self._read(len(buffer))
        buffer[: len(data)] = data
        self.position, self.made = self._file.tell(), self.made + len(data)
        check_expansion(self.path, self.made, self.position)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


class Decoder(Protocol):
    """The decompressor interface of bz2 and lzma: for one part of a file that may have many."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class Inflater:
    """zlib's decompressor of a gzip member, its CRC and length included, in the manner of bz2's and lzma's."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def needs_input(self) -> bool:
        return not self._inflate.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inflate.decompress(self._inflate.unconsumed_tail + data, max_length)


DECODERS: dict[re.Pattern[bytes], Callable[[], Decoder]] = {
    re.compile(rb"\x1f\x8b\x08"): Inflater,
    re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"): bz2.BZ2Decompressor,
    re.compile(rb"\xfd7zXZ\x00"): lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY),
}


class Parts:
    """Decompressed bytes of gzip members or of bzip2 or xz streams, in a row: Wikipedia's dumps are made of many.

    The libraries' own readers take whatever follows the last part for the end; here it must be zeros or nothing.
    """

    def __init__(self, file: BinaryIO, decoder: Callable[[], Decoder]) -> None:
        self._file, self._new, self._decoder = file, decoder, decoder()

    def read(self, size: int) -> bytes:
        """At most so many bytes; none at the end."""
        while True:
            if self._decoder.eof:
                packed = self._decoder.unused_data.lstrip(b"\0")
                while not packed:
                    if not (block := self._file.read(BLOCK)):
                        return b""
                    packed = block.lstrip(b"\0")
                self._decoder, ended = self._new(), False
            else:
                packed = self._file.read(BLOCK) if self._decoder.needs_input else b""
                ended = self._decoder.needs_input and not packed
            if data := self._decoder.decompress(packed, size):
                return data
            if ended and not self._decoder.eof:
                raise EOFError("the file ends early; fetch it again")


def only_member(path: Path, file: BinaryIO) -> IO[bytes]:
    """The one file in a .zip, open; folders and what systems leave behind are not counted."""
    with named(path, file):
        archive = zipfile.ZipFile(file)
        names = {entry.filename: spelled(entry) for entry in archive.infolist()}
        check_workbook(path, names)
        members = [
            entry
            for entry in archive.infolist()
            if not is_folder(entry) and not in_litter(PurePosixPath(names[entry.filename]), folder=False)
        ]
        if len(members) != 1:
            shown = ", ".join(quoted(names[member.filename]) for member in members[:3])
            raise BadInput(
                f"{path}: the archive contains {len(members)} files{f' ({shown}, …)' if members else ''}: expected "
                "one; unpack it and name one of them"
            )
        check_readable(path, members[0])
        return archive.open(members[0])


def check_workbook(path: Path, names: Collection[str]) -> None:
    """Refuse a .zip that is a document of an office program."""
    if "[Content_Types].xml" in names:
        kinds = {"xl/": EXCEL, "word/": "the file is a Word document; save it as plain text"}
        for folder, problem in kinds.items():
            if any(name.startswith(folder) for name in names):
                raise BadInput(f"{path}: {problem}")
    if {"mimetype", "content.xml"} <= set(names):
        raise BadInput(f"{path}: the file is an OpenDocument file; save it as CSV, or as plain text")


@dataclass(frozen=True)
class Member:
    """A file or a folder in an archive, with a file's bytes."""

    name: str
    content: IO[bytes] | None


def unpack(path: Path, target: Path, limits: Limits) -> None:
    """Write every member of an archive below `target`, which must not exist; what systems leave behind is left out."""
    size, made, files = path.stat().st_size, 0, 0
    target.mkdir(parents=True)
    with path.open("rb") as file, named(path, file):
        zipped = file.read(4) in ZIP
        file.seek(0)
        members = zip_members(path, file, limits) if zipped else tar_members(path, file)
        for count, member in enumerate(members, 1):
            check_members(path, count, limits)
            relative = checked(path, ICON.sub("Icon", member.name))
            if in_litter(relative, folder=member.content is None):
                continue
            place = target / relative
            try:
                if member.content is None:
                    place.mkdir(parents=True, exist_ok=True)
                    continue
                place.parent.mkdir(parents=True, exist_ok=True)
                written = place.open("xb")
            except (FileExistsError, NotADirectoryError):
                raise BadInput(
                    f"{path}: member {quoted(member.name)} has the same path as another member; {WAY_OUT}"
                ) from None
            with written:
                while block := member.content.read(BLOCK):
                    made += len(block)
                    check_expansion(path, made, size)
                    if made > limits.archive_bytes:
                        raise BadInput(
                            f"{path}: the archive unpacks to more than {limits.archive_bytes} bytes; raise "
                            "params.yaml: limits.archive_bytes, if you trust it"
                        )
                    written.write(block)
            files += 1
    if not files:
        raise BadInput(f"{path}: the archive contains no files; name another archive")


def zip_members(path: Path, file: BinaryIO, limits: Limits) -> Iterator[Member]:
    check_members(path, stated_members(file), limits)
    archive = zipfile.ZipFile(file)
    check_members(path, len(archive.infolist()), limits)
    check_overlap(path, archive)
    for entry in archive.infolist():
        check_readable(path, entry)
        yield Member(spelled(entry), None if is_folder(entry) else archive.open(entry))


def stated_members(file: BinaryIO) -> int:
    """How many members a .zip says that it has, read before its list is; 0 if it says nothing.

    Source: APPNOTE.TXT 6.3.10, 4.3.14 and 4.3.16.
    """
    length = file.seek(0, io.SEEK_END)
    file.seek(max(0, length - END_OF_ZIP))
    end = file.read()
    file.seek(0)
    at, at64 = end.rfind(b"PK\5\6"), end.rfind(b"PK\6\6")
    if at64 >= 0:
        return int.from_bytes(end[at64 + 32 : at64 + 40], "little")
    return int.from_bytes(end[at + 10 : at + 12], "little") if at >= 0 else 0


def check_overlap(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse a .zip of which members share bytes: a few of them can stand for any number."""
    entries = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
    for entry, following in pairwise(entries):
        if entry.header_offset + LOCAL_HEADER + entry.compress_size > following.header_offset:
            raise BadInput(
                f"{path}: members {quoted(entry.filename)} and {quoted(following.filename)} overlap in the file; "
                f"{WAY_OUT}"
            )


def spelled(entry: zipfile.ZipInfo) -> str:
    """The name of a member of a .zip, with slashes; older programs of Windows write backslashes.

    A name without the mark of UTF-8 is UTF-8 all the same where its bytes are, as macOS writes them; else cp437.
    """
    name = entry.filename
    if not entry.flag_bits & UTF8 and not name.isascii():
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def is_folder(entry: zipfile.ZipInfo) -> bool:
    return spelled(entry).endswith("/")


def tar_members(path: Path, file: BinaryIO) -> Iterator[Member]:
    unpacked = Stream(path, file)
    try:
        tarfile.TarInfo.frombuf(unpacked.peek()[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        raise BadInput(f"{path}: expected a folder or a .zip or .tar archive; name one of these") from None
    metered = Metered(unpacked)
    with Tar.open(fileobj=cast(IO[bytes], metered), mode="r|", tarinfo=Header, errorlevel=2) as tar:
        while header := tar.next():
            tar.members.clear()  # or each of a million members would stay in memory
            if not header.isreg() and not header.isdir():
                raise BadInput(f"{path}: member {quoted(header.name)} is a link or a device; {WAY_OUT}")
            metered.left = None
            yield Member(header.name, tar.extractfile(header))
            metered.left = HEADERS
    while unpacked.read(BLOCK):  # to the checksum at its end
        pass


class Metered:
    """The bytes of a .tar, of which the headers before one member may take only so many.

    `tarfile` reads a long name, and all headers that a member has, into memory, however large they are.

    Attributes:
        left: bytes that may be read until the next member; None for any number.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.left: int | None = HEADERS

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        if self.left is not None:
            self.left -= len(data)
            if self.left < 0:
                raise ValueError(f"{NESTED}; {WAY_OUT}")
        return data


class Tar(tarfile.TarFile):
    """An archive that counts how deep its headers are nested at the moment."""

    members: list[tarfile.TarInfo]  # those read until now
    nested = 0


class Header(tarfile.TarInfo):
    """A header of a member. A cut or broken one is an error: tarfile takes any but the first for the archive's end."""

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        """A member, with the headers before it that give it a long name.

        Raises:
            ValueError: there are more than a few, which only an attack has.
        """
        assert isinstance(tarfile, Tar)
        tarfile.nested += 1
        try:
            if tarfile.nested > DEEPEST or len(tarfile.pax_headers) > PAX_HEADERS:
                raise ValueError(f"{NESTED}; {WAY_OUT}")
            return super().fromtarfile(tarfile)
        finally:
            tarfile.nested -= 1

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if buf.count(0) == tarfile.BLOCKSIZE:  # the archive's end
                raise
            raise tarfile.ReadError(f"{error}; fetch it again") from None


def check_readable(path: Path, entry: zipfile.ZipInfo) -> None:
    """Refuse a member of a .zip that is locked, or neither a file nor a folder."""
    if entry.flag_bits & 1:
        raise BadInput(f"{path}: member {quoted(entry.filename)} is encrypted; {WAY_OUT}")
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise BadInput(f"{path}: member {quoted(entry.filename)} is a link or a device; {WAY_OUT}")


def checked(path: Path, name: str) -> PurePosixPath:
    """A member's name, as a path that stays in the folder that it is joined to."""
    place = PurePosixPath(name)
    if max((len(os.fsencode(part)) for part in place.parts), default=0) > LONGEST_NAME or len(name) > LONGEST_PATH:
        raise BadInput(f"{path}: the name of member {quoted(name)} is too long for a file system; {WAY_OUT}")
    if place.is_absolute() or ".." in place.parts or re.search(r"[\x00-\x1f\x7f\\]|^[A-Za-z]:", name):
        raise BadInput(f"{path}: member {quoted(name)} would be written outside of the target folder; {WAY_OUT}")
    return place


def quoted(name: str) -> str:
    """A name in ASCII and cut, for a message."""
    return ascii(name if len(name) <= SHOWN else f"{name[:SHOWN]}…")


def check_members(path: Path, count: int, limits: Limits) -> None:
    """Refuse more members than the limit, or than so small an archive has for an honest reason."""
    if count > limits.archive_members:
        raise BadInput(
            f"{path}: the archive has more than {limits.archive_members} members; raise params.yaml: "
            "limits.archive_members, if you trust it"
        )
    if count > FEW and count * LEAST_MEMBER > (size := path.stat().st_size):
        raise BadInput(
            f"{path}: the archive has more than {count - 1} members in {size} bytes, as malicious archives have; "
            f"{WAY_OUT}"
        )


def check_expansion(path: Path, made: int, size: int) -> None:
    if made > HARMLESS and made > EXPANSION * size:
        raise BadInput(
            f"{path}: the first {size} bytes expand to over {made >> 20} MB, more than {EXPANSION} times as much, as "
            f"in a decompression bomb; {WAY_OUT}"
        )


@contextmanager
def named(path: Path, file: BinaryIO) -> Iterator[None]:
    """Turn the libraries' errors for damage into one line with the file and the place in it."""
    try:
        yield
    except (*DAMAGE, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise BadInput(f"{path}: the file is damaged near byte {file.tell()}: {' '.join(str(error).split())}") from None
