"""Text tables, .csv and .tsv in all their dialects, brought to one: UTF-8 without a mark, lines that end with \\n.

The copy is checked byte by byte on the way, and lies on disk: what reads it may then look twice.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bakeoff.base.settings import BadInput
from bakeoff.data.normal_form import nfc
from bakeoff.data.sources import archive
from bakeoff.data.sources.tar import is_tar
from bakeoff.data.table.canonical import INVISIBLE, WHITESPACE, visible
from bakeoff.data.table.settings import AUTO, CsvSettings

BLOCK = 1 << 20  # bytes read at a time
SAMPLE = 1 << 20  # characters in which the line of names is looked for
SEPARATORS = (",", ";", "\t", "|")
ANNOUNCED = re.compile(r"""^"?sep=(\t|.)"?$""")  # the first line that Excel writes and reads
MARKS = {  # the longer ones first: UTF-32's begins with UTF-16's
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8",
}
OTHERS = {  # text that is no table of lines, by its start
    "JSON": re.compile(r"\s*(\{\s*[\"}]|\[\s*[\[{\"\d\]])"),
    "HTML or XML": re.compile(r"\s*<[!?a-z]", re.IGNORECASE),
    "ARFF": re.compile(r"\s*@relation\b", re.IGNORECASE),
}
BELOW = 100  # lines among which the names are looked for where the first has none
SURE = 2  # names that a line of them has, or all of fewer
KEY = "data.table.csv"  # in params.yaml

csv.field_size_limit(1 << 30)  # a quote that never closes makes one field of all that follows


@dataclass(frozen=True)
class Text:
    """A text table in the one dialect.

    Attributes:
        name: the user's file.
        copy: its text.
        header: names of the columns, trimmed; a wanted one in the spelling of the settings.
        above: lines of the file that the copy lacks: one that says `sep=;`.
        marks: the characters of white space, and those without width, that the copy has.
        left_out: lines on which records begin that are no rows, for they have too few or too many fields.
    """

    name: str
    copy: Path
    separator: str
    encoding: str
    header: tuple[str, ...]
    above: int
    marks: frozenset[str]
    left_out: frozenset[int]

    def lines(self, offsets: Collection[int]) -> dict[int, int]:
        """The line, counted from 1, on which each byte of the copy lies."""
        found, line, before = {}, 1 + self.above, 0
        ahead = sorted(offsets)
        with self.copy.open("rb") as file:
            for text in file:
                before += len(text)
                while ahead and ahead[0] < before:
                    found[ahead.pop(0)] = line
                line += 1
        return found | dict.fromkeys(ahead, line - 1)

    def blank(self, offsets: Collection[int]) -> frozenset[int]:
        """Those of the bytes of the copy that lie on a line of white space, or of DOS's end of a file, alone.

        A byte may be any of a line, or follow the last one: the reader of tables counts so.
        """
        found: set[int] = set()
        end, white = 0, False
        ahead = sorted(offsets)
        with self.copy.open("rb") as file:
            for line in file:
                end, white = end + len(line), not line.strip(b" \t\x1a\n")
                while ahead and ahead[0] < end:
                    at = ahead.pop(0)
                    found |= {at} if white else set()
        return frozenset(found | set(ahead if white else ()))

    def place(self, row: int) -> str:
        """Return the line on which a row ends; rows count from 0 after the header, without blank lines."""
        with self.copy.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, delimiter=self.separator)
            start, ahead = 1 + self.above, row + 1
            for record in reader:
                end = reader.line_num + self.above
                if record and start not in self.left_out:
                    if not ahead:
                        break
                    ahead -= 1
                start = end + 1
            return f"line {end}"


def read(
    path: Path, copy: Path, name: str, wanted: Collection[str], settings: CsvSettings, advance: Callable[[int], object]
) -> Text:
    """Copy a text table, and find its dialect.

    Args:
        wanted: columns that should be there; the separator is the one that finds most of them.
        advance: called with the number of bytes of the file that were read since the last call.

    Raises:
        BadInput: it is empty, is packed badly, holds bytes that are no text of its encoding, or has another
            separator than the settings say.
    """
    encoding = encoding_of(path, settings.encoding)
    announced = None
    marks: set[str] = set()
    with copy.open("wb") as file:
        for text in decoded(path, name, encoding, advance):
            rest = text
            if file.tell() == 0 and announced is None:
                announced, rest = without_announcement(text)
            marks.update(mark for mark in WHITESPACE + INVISIBLE if mark in rest)
            file.write(rest.encode())
    with copy.open(encoding="utf-8", newline="") as file:
        head = io.StringIO(file.read(SAMPLE), newline="").readlines()
    if not "".join(head).strip():
        raise BadInput(f"{name}: the file is empty: expected a line of column names, and rows below it")
    separator = chosen_separator(name, head, wanted, announced, settings)
    header = column_names(head, separator, wanted)
    if not set(header) & set(wanted):
        raise BadInput(f"{name}: {stranger(head, header, separator, wanted)}")
    above = 0 if announced is None else 1
    return Text(name, copy, separator, encoding, tuple(header), above, frozenset(marks), frozenset())


def encoding_of(path: Path, encoding: str) -> str:
    """The encoding that a byte-order mark tells; else that of the settings; else UTF-8."""
    with archive.stream(path) as stream:
        start = stream.read(4)
    mark = next((known for mark, known in MARKS.items() if start.startswith(mark)), None)
    return mark or ("utf-8" if encoding == AUTO else encoding)


def without_announcement(text: str) -> tuple[str | None, str]:
    """The separator that a first line `sep=;` announces, if there is one, and the text without that line."""
    line, _, rest = text.partition("\n")
    announced = ANNOUNCED.fullmatch(line)
    return (announced[1], rest) if announced else (None, text)


def chosen_separator(
    name: str, head: list[str], wanted: Collection[str], announced: str | None, settings: CsvSettings
) -> str:
    """The separator of the settings, that of a line `sep=;`, or the one that finds most of the wanted columns.

    Raises:
        BadInput: the first line announces another separator than the settings, or one that is not read.
    """
    if announced is not None and settings.separator not in (AUTO, announced):
        raise BadInput(
            f"{name}: line 1 sets the separator {announced!r}, but {KEY}.separator is {settings.separator!r}; set it "
            f"to {AUTO}, or remove line 1"
        )
    if announced not in (None, *SEPARATORS, " "):
        raise BadInput(
            f"{name}: invalid separator {announced!r} (line 1): expected one of {', '.join(map(repr, SEPARATORS))} and "
            "' '; write the table with one of these"
        )
    return announced or (settings.separator if settings.separator != AUTO else separated_by(head[0], wanted))


def decoded(path: Path, name: str, encoding: str, advance: Callable[[int], object]) -> Iterator[str]:
    """The text of a file, with \\n for every end of line and without the mark that tells the encoding.

    Raises:
        BadInput: a byte is none of the encoding's, or a zero, which no text holds.
    """
    with archive.stream(path) as stream:
        block = stream.read(BLOCK)
        decoder = codecs.getincrementaldecoder(encoding)()
        newlines = io.IncrementalNewlineDecoder(decoder, translate=True)
        offset, line, seen, first = 0, 1, 0, True
        while True:
            waiting = len(decoder.getstate()[0])
            try:
                text = newlines.decode(block, final=not block)
            except UnicodeError as error:
                what = str(error)
                if isinstance(error, UnicodeDecodeError):
                    line += error.object[: error.start].count(b"\n")
                    place = offset - waiting + error.start
                    byte = f"{error.object[error.start]:#04x}"
                    what = f"invalid byte {byte} (line {line}, byte {place}): expected {encoding}"
                remedy = f"set {KEY}.encoding to that of the file, perhaps latin-1 or cp1252"
                raise BadInput(f"{name}: {what}; {remedy}") from None
            if "\0" in text:
                if not offset and is_tar(block):
                    raise BadInput(
                        f"{name}: the file is a tar archive: expected text; unpack it, and name a file in it"
                    )
                line += text[: text.index("\0")].count("\n")
                utf16 = block.count(0) > len(block) // 4
                order = "be" if block[::2].count(0) > block[1::2].count(0) else "le"
                remedy = f"if it is UTF-16, set {KEY}.encoding to utf-16-{order}" if utf16 else "correct the line"
                raise BadInput(f"{name}: invalid NUL byte (line {line}): expected text; {remedy}")
            yield text.removeprefix("\ufeff") if first else text
            if not block:
                return
            advance(stream.compressed - seen)
            offset, line, seen, first = offset + len(block), line + text.count("\n"), stream.compressed, False
            block = stream.read(BLOCK)


def fields(lines: list[str], separator: str) -> list[list[str]]:
    """Values of the records of a sample; the last record may be cut."""
    return [record or [""] for record in csv.reader(lines, delimiter=separator)]


def column_names(lines: list[str], separator: str, wanted: Collection[str]) -> list[str]:
    """The fields of the first record, trimmed.

    One that looks like a wanted name has its spelling: two of Unicode, or characters without width, look alike.
    """
    known = {nfc(visible(name)): name for name in wanted}
    return [known.get(nfc(visible(column)), column.strip(WHITESPACE)) for column in fields(lines, separator)[0]]


def separated_by(line: str, wanted: Collection[str], separators: Sequence[str] = SEPARATORS) -> str:
    """The separator that finds most of the wanted columns in a line; if none does, the one that cuts it most."""

    def found(separator: str) -> tuple[int, int]:
        header = column_names([line], separator, wanted)
        return len(set(header) & set(wanted)), len(header)

    return max(separators, key=found)


def stranger(head: list[str], header: list[str], separator: str, wanted: Collection[str]) -> str:
    """Return the likely cause where the first line has none of the columns, and the way out."""
    better = separated_by(head[0], wanted, (*SEPARATORS, " "))
    if count := named(head[0], better, wanted):
        return (
            f"line 1 has none of the columns if split at {separator!r}, but {count} if split at {better!r}; set "
            f"{KEY}.separator to {better!r}"
        )
    if len(header) == 1 and named(header[0], separated_by(header[0], wanted), wanted) > 1:
        return f"line 1 is one value in quotes ({shown(header)}); remove the quotes around whole lines"
    if what := next((what for what, start in OTHERS.items() if start.match("".join(head[:2]))), None):
        return f"the file is {what}: expected CSV or Parquet; save it as CSV"
    if not any(header):
        return "line 1 is blank: expected the names of the columns; remove the line, or write the names there"
    for number, line in enumerate(head[1:BELOW], 2):
        count = named(line, separator, wanted)
        if count and count >= min(SURE, len(set(wanted))):
            return (
                f"line 1 names no column of data.table (it has: {shown(header)}), but line {number} names {count}; "
                "remove the lines above it"
            )
    if any(re.fullmatch(r"\s*[+-]?[\d.,]+\s*", value) for value in header):
        return f"line 1 looks like data ({shown(header)}), not like names of columns; write a line of names above it"
    return f"line 1 names no column of data.table (it has: {shown(header)}); name the file's columns in params.yaml"


def named(line: str, separator: str, wanted: Collection[str]) -> int:
    """How many of the wanted columns a line names."""
    return len(set(column_names([line], separator, wanted)) & set(wanted))


def shown(values: Sequence[str]) -> str:
    """The first few of a list, each cut short: a line of a million values is told in one."""
    return ", ".join(value[:20] for value in values[:8]) + (", …" if len(values) > 8 else "")
