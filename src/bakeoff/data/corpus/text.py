"""A text as it lies in a file: unpacked, checked, decoded and parted into words, a block at a time."""

import codecs
import itertools
import re
from collections.abc import Callable, Iterator

from bakeoff.base.settings import BadInput
from bakeoff.data.corpus import dump, wikifil
from bakeoff.data.corpus.cleaning import Census, articles
from bakeoff.data.corpus.letters import Letters
from bakeoff.data.corpus.settings import Cleaning, Tokens
from bakeoff.data.corpus.tokens import Bytes, rewritten
from bakeoff.data.sources.archive import stream
from bakeoff.data.sources.find import Found
from bakeoff.data.sources.tar import is_tar

BLOCK = 1 << 18  # bytes read at a time
CUT = "mediawiki-part"  # the catalogue's word for a dump that has no end, such as enwik9
DOCUMENTS = {  # by their start; read as text, they would give words of their formats
    "PDF": re.compile(rb"%PDF-[0-9]"),
    "PostScript": re.compile(rb"%!PS\b"),
    "RTF": re.compile(rb"\{\\rtf"),
    "JSON": re.compile(rb"\s*+(\[\s*+)?\{\s*+\"[^\"\n]{0,200}\"\s*+:"),
}
CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")  # what no text holds; ESC does occur in some


class Text:
    """A text file, plain or a dump, read once from its start to its end.

    Attributes:
        name: the place in messages.
        size: bytes of the file, packed as it is.
        position: bytes of what it stands for, unpacked, that were read.
    """

    def __init__(self, found: Found, encoding: str) -> None:
        (path,) = found.files.values()
        self.name, self.encoding, self.size, self.position = found.name, encoding, path.stat().st_size, 0
        self._path, self._whole = path, found.reader != CUT
        self._letters = Letters(found.name)
        self._census: Census | None = None

    def words(
        self, tokens: Tokens, cleaning: Cleaning, advance: Callable[[int], object] = lambda _: None
    ) -> Iterator[Bytes]:
        """Yield UTF-8 with words between spaces, in blocks that may cut words; of a dump, its articles.

        Raises:
            BadInput: it is a document of another format; and while it is read, where it is damaged, no text in its
            encoding, or of letters that the rule drops.
        """
        blocks = self.blocks(advance)
        first = next(blocks)
        blocks = itertools.chain([first], blocks)
        if what := document(first):
            raise BadInput(f"{self.name}: {what}")
        if dump.is_dump(self.name, first):
            if cleaning == "wikifil":
                blocks = wikifil.filtered(self.name, blocks, self._whole)
            else:
                self._census = Census()
                blocks = articles(self.name, blocks, cleaning, self._whole, self._census)
        return rewritten(tokens, self._letters.counted(blocks) if tokens == "text8" else blocks)

    def notes(self) -> list[str]:
        """Return what a user should know of the text, a line each, once it was read."""
        return [f"{self.name}: {self._census}"] * bool(self._census) + self._letters.notes()

    @property
    def census(self) -> str:
        """In parentheses, which pages of a dump were read; nothing for a plain text."""
        return f" ({self._census})" if self._census else ""

    def blocks(self, advance: Callable[[int], object]) -> Iterator[bytes]:
        """UTF-8 in blocks of whole characters, without a byte-order mark."""
        utf8 = codecs.lookup(self.encoding).name == "utf-8"
        decoder = codecs.getincrementaldecoder("utf-8-sig" if utf8 else self.encoding)()
        told, start = 0, True
        with stream(self._path) as file:
            while block := file.read(BLOCK):
                text = self._decoded(decoder, block)
                if start and text:  # a mark that the codec leaves there, as utf-16-le does, or a second one
                    text, start = text.lstrip("\ufeff"), False
                yield text.encode()
                advance(file.compressed - told)
                told = file.compressed
        yield self._decoded(decoder, b"").encode()

    def _decoded(self, decoder: codecs.IncrementalDecoder, block: bytes) -> str:
        start, self.position = self.position, self.position + len(block)
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            at = self.position - len(error.object) + error.start
            found = f"invalid byte 0x{error.object[error.start]:02x} (byte {at}): expected {self.encoding}"
            raise BadInput(f"{self.name}: {found}; {likeness(error.object)}") from None
        if (nul := text.find("\0")) >= 0:
            at = start + len(text[:nul].encode(self.encoding))
            raise BadInput(f"{self.name}: invalid NUL byte (near byte {at}): expected text; {likeness(block)}")
        return text


def likeness(block: bytes) -> str:
    """Describe bytes that are not in the encoding, and the way out."""
    if is_tar(block):
        return "the file is a tar archive; unpack it, and name a text file in it"
    if what := document(block):
        return what
    sample = block[: 1 << 12]
    pairs = len(sample) // 2 or 1
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        guess = "utf-16"
    elif sample[1::2].count(0) > 0.3 * pairs:
        guess = "utf-16-le"
    elif sample[::2].count(0) > 0.3 * pairs:
        guess = "utf-16-be"
    elif CONTROL.search(block):
        return "the file looks like binary data; name a text file, or unpack this one first"
    elif not re.search(rb"[\x80-\x9f]", block):
        guess = "latin-1"
    else:
        guess = "cp1252"
    return f"the file looks like {guess}; if so, set data.corpus.encoding: {guess}"


def document(start: bytes) -> str | None:
    """Describe a file that begins as no text to learn from does, and the way out; None for others."""
    what = next((what for what, form in DOCUMENTS.items() if form.match(start)), None)
    return what and f"the file is {what}: expected plain text or a MediaWiki dump; extract the text first"
