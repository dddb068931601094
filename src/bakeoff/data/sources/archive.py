"""Opens what is packed: one file as a stream of its bytes, many as a folder.

Told apart by the first bytes, for names lie. A packed file of a few bytes can expand without end, so expansion is
limited; an archive can name files outside the folder it is unpacked into, so every name is checked first.
"""

import bz2
import errno
import io
import lzma
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, Protocol, Self

from bakeoff.data.limits import Limits
from bakeoff.data.sources import cache
from bakeoff.provenance import sha256
from bakeoff.settings import BadInput

BLOCK = 1 << 18  # bytes read at a time

# Text expands under 20-fold; a mask with one pixel in 20,000 set 900-fold, and an empty one 1030-fold, the most that
# deflate can do. bzip2 and xz can do a million-fold.
EXPANSION = 1000
HARMLESS = 256 << 20  # bytes, however few they came from: an empty mask of 512 x 512 x 1000 voxels is honest

XZ_MEMORY = 128 << 20  # bytes; `xz -9` needs 65 MB to unpack, and a header can ask for 4 GB

ZIP = b"PK\x03\x04", b"PK\x05\x06"  # with and without members
UNREAD = {b"\x28\xb5\x2f\xfd": "zstd", b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "rar", b"\x1f\x9d": "compress"}
# Beside OSError, which bz2 raises without a number, and zipfile with EINVAL where a header points before the file.
DAMAGE = zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, ValueError

WAY_OUT = "unpack it yourself, if you trust it, and name what was in it"


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
        raise BadInput(f"{path}: cannot be opened: {error.strerror}; name a file that can be read") from None
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
    """What `Stream` buffers.

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
        elif packer := next((name for start, name in UNREAD.items() if magic.startswith(start)), None):
            raise BadInput(f"{path}: is packed by {packer}, which is not read here; {WAY_OUT}")
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
    """What bz2 and lzma call a decompressor: of one part of a file that may have many."""

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
                raise EOFError("it breaks off; fetch it again")


def only_member(path: Path, file: BinaryIO) -> IO[bytes]:
    """The one file in a .zip, open; folders and what macOS adds are not counted."""
    with named(path, file):
        archive = zipfile.ZipFile(file)
        members = [
            member
            for member in archive.infolist()
            if not member.is_dir() and not member.filename.startswith("__MACOSX/")
        ]
        if len(members) != 1:
            names = ", ".join(ascii(member.filename) for member in members[:3])
            raise BadInput(
                f"{path}: holds {len(members)} files{f' ({names}, …)' if members else ''}, and one is read as a "
                "stream; unpack it and name one of them"
            )
        check_readable(path, members[0])
        return archive.open(members[0])


@dataclass(frozen=True)
class Member:
    """A file or a folder in an archive, with a file's bytes."""

    name: str
    content: IO[bytes] | None


def unpack(path: Path, target: Path, limits: Limits) -> None:
    """Writes every member of an archive below `target`, which must not exist."""
    size, made, count = path.stat().st_size, 0, 0
    target.mkdir(parents=True)
    with path.open("rb") as file, named(path, file):
        members = zip_members if file.read(4) in ZIP else tar_members
        file.seek(0)
        for member in members(path, file):
            place = target / checked(path, member.name)
            try:
                if member.content is None:
                    place.mkdir(parents=True, exist_ok=True)
                    continue
                place.parent.mkdir(parents=True, exist_ok=True)
                written = place.open("xb")
            except (FileExistsError, NotADirectoryError):
                raise BadInput(f"{path}: member {member.name!a} stands where another one does; {WAY_OUT}") from None
            with written:
                while block := member.content.read(BLOCK):
                    made += len(block)
                    check_expansion(path, made, size)
                    written.write(block)
            count += 1
    if not count:
        raise BadInput(f"{path}: holds no files; name an archive that does")


def zip_members(path: Path, file: BinaryIO) -> Iterator[Member]:
    archive = zipfile.ZipFile(file)
    for entry in archive.infolist():
        check_readable(path, entry)
        yield Member(entry.filename, None if entry.is_dir() else archive.open(entry))


def tar_members(path: Path, file: BinaryIO) -> Iterator[Member]:
    unpacked = Stream(path, file)
    try:
        tarfile.TarInfo.frombuf(unpacked.peek()[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        raise BadInput(f"{path}: is neither a folder nor a .zip or .tar archive; name one of these") from None
    with tarfile.open(fileobj=unpacked, mode="r|", tarinfo=Header, errorlevel=2) as tar:
        for header in tar:
            if not header.isreg() and not header.isdir():
                raise BadInput(f"{path}: member {header.name!a} is a link or a device; {WAY_OUT}")
            yield Member(header.name, tar.extractfile(header))
    while unpacked.read(BLOCK):  # to the checksum at its end
        pass


class Header(tarfile.TarInfo):
    """A header of a member. A cut or broken one is an error: tarfile takes any but the first for the archive's end."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if buf.count(0) == tarfile.BLOCKSIZE:  # the archive's end
                raise
            raise tarfile.ReadError(f"{error}; fetch it again") from None


def check_readable(path: Path, entry: zipfile.ZipInfo) -> None:
    """Refuses a member of a .zip that is locked, or neither a file nor a folder."""
    if entry.flag_bits & 1:
        raise BadInput(f"{path}: member {entry.filename!a} is encrypted; {WAY_OUT}")
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise BadInput(f"{path}: member {entry.filename!a} is a link or a device; {WAY_OUT}")


def checked(path: Path, name: str) -> PurePosixPath:
    """A member's name, as a path that stays in the folder that it is joined to."""
    place = PurePosixPath(name)
    if place.is_absolute() or ".." in place.parts or re.search(r"[\x00-\x1f\x7f\\]|^[A-Za-z]:", name):
        raise BadInput(f"{path}: member {name!a} would land outside the folder it is unpacked into; {WAY_OUT}")
    return place


def check_expansion(path: Path, made: int, size: int) -> None:
    if made > HARMLESS and made > EXPANSION * size:
        raise BadInput(
            f"{path}: its first {size} bytes expand to over {made >> 20} MB, more than {EXPANSION} times as much; "
            f"bombs do that; {WAY_OUT}"
        )


@contextmanager
def named(path: Path, file: BinaryIO) -> Iterator[None]:
    """What the libraries raise for damage, as one line with the file and the place in it."""
    try:
        yield
    except (*DAMAGE, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise BadInput(f"{path}: damaged near byte {file.tell()}: {' '.join(str(error).split())}") from None
