"""MediaWiki's XML dumps: which files are such, and their pages, as the tags of the dump tell them.

Source: https://www.mediawiki.org/xml/export-0.11.xsd and its predecessors.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from bakeoff.base.settings import BadInput
from bakeoff.data.corpus import wiki_names
from bakeoff.data.corpus.article import Names

# Allowed before a document's first tag.
PROLOG = re.compile(
    rb"(?:\s++|<\?(?:[^?]++|\?(?!>))*\?>|<!--(?:[^-]++|-(?!->))*-->|<!doctype[^<>\[]*+(?:\[[^\]]*+\]\s*+)?>)*",
    re.IGNORECASE,
)
ROOT = re.compile(rb"<mediawiki[\s>]")
DECLARED = re.compile(rb"<\?xml\b|<!doctype\b", re.IGNORECASE)
# A first tag that no plain text begins with; `<unk>` and `<s>` begin some.
MARKUP = re.compile(
    rb"<(?:\?xml|!doctype|html|feed|rss|page|siteinfo|doc)\b|<[\w:.-]+\s+[\w:.-]+\s*=\s*[\"']", re.IGNORECASE
)
PART = re.compile(rb"<(?:page|siteinfo)\s*>")

LONGEST = 64 << 20  # bytes of a page; MediaWiki lets one grow to 2 MiB
TAG = 1 << 20  # bytes of a tag, or of a comment of XML
DEPTH = 50  # of tags in tags; a dump has 6

# Characters that are not allowed in XML, but are written by some programs. They separate words.
CONTROL = bytes(b" "[0] if code < 32 and code not in b"\t\n\r" else code for code in range(256))
NONCHARACTERS = b"\xef\xbf\xbe", b"\xef\xbf\xbf"

FILES, CATEGORIES = {"6", "-2"}, {"14"}  # keys of namespaces
MAIN = "0"


@dataclass
class Page:
    """A page, with its newest revision.

    Attributes:
        namespace: its key; None if the dump does not tell.
        size: bytes of the text, as the dump's tag says; None if it does not.
    """

    title: str = ""
    namespace: str | None = None
    redirect: bool = False
    revisions: int = 0
    timestamp: str = ""
    model: str = "wikitext"
    size: str | None = None
    deleted: bool = False
    text: str = ""


@dataclass
class Wiki:
    """The properties of a wiki in the head of its dump.

    Attributes:
        namespaces: their names in lower case, and their keys.
    """

    namespaces: dict[str, str] = field(default_factory=dict)

    def named(self, keys: set[str]) -> frozenset[str]:
        return frozenset(name for name, key in self.namespaces.items() if key in keys)

    @property
    def names(self) -> Names:
        return Names(wiki_names.FILE | self.named(FILES), wiki_names.CATEGORY | self.named(CATEGORIES))

    def is_main(self, page: Page) -> bool:
        """Return whether a page is in the main namespace: by its tag, or in old dumps by the prefix of its title."""
        if page.namespace is not None:
            return page.namespace == MAIN
        prefix, colon, _ = page.title.partition(":")
        name = prefix.strip().replace("_", " ").lower()
        return not colon or (name not in wiki_names.CANONICAL and self.namespaces.get(name, MAIN) == MAIN)


def is_dump(name: str, start: bytes) -> bool:
    """Return whether a file that begins so is a MediaWiki XML dump.

    Raises:
        BadInput: it is a part of one, other XML, or a web page.
    """
    prolog = PROLOG.match(start)
    after = prolog.end() if prolog else 0
    if ROOT.match(start, after):
        return True
    if PART.match(start, after):
        raise BadInput(
            f"{name}: found pages of a MediaWiki dump without the tag <mediawiki> around them; add <mediawiki> before "
            "the first and </mediawiki> after the last page"
        )
    if DECLARED.search(start, 0, after) or MARKUP.match(start, after):
        found = " ".join(start.lstrip()[:40].decode(errors="replace").split())
        raise BadInput(
            f"{name}: invalid markup {found!r} at the start: expected plain text or a MediaWiki dump (<mediawiki …>); "
            "extract the text first"
        )
    return False


def pages(name: str, blocks: Iterable[bytes], wiki: Wiki, whole: bool) -> Iterator[Page]:
    """Yield the pages of a dump; its head is written to `wiki`.

    Args:
        blocks: the dump in UTF-8, whatever its XML declaration says.
        whole: whether the dump must have its end; enwik8 and enwik9 have none.

    Raises:
        BadInput: the dump is not well-formed XML, breaks off, declares entities, or has a page that is too long.
    """
    reader = Reader(name, wiki)
    for block in blocks:
        yield from reader.read(block)
    if whole:
        yield from reader.read(b"", final=True)


class Reader:
    """Collects pages from the events of an XML parser."""

    def __init__(self, name: str, wiki: Wiki) -> None:
        self._name, self._wiki = name, wiki
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.buffer_size = 1 << 18
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.EntityDeclHandler = self._entity
        self._parser.SkippedEntityHandler = self._entity
        self._path: list[str] = []
        self._pages: list[Page] = []
        self._page = self._revision = Page()
        self._key = ""
        self._pieces: list[str] = []
        self._fed = self._length = 0
        self._ended = False

    def read(self, block: bytes, final: bool = False) -> list[Page]:
        """Return the pages that end in a block."""
        for character in NONCHARACTERS:
            block = block.replace(character, b"   ")
        try:
            self._parser.Parse(block.translate(CONTROL), final)
        except expat.ExpatError as error:
            self._refuse(error)
        self._fed += len(block)
        if not final and self._path and self._fed - self._parser.CurrentByteIndex > TAG:
            raise BadInput(
                f"{self._name}: line {self._parser.CurrentLineNumber}: a tag or comment has more than {TAG} bytes; "
                "fetch the dump again"
            )
        found, self._pages = self._pages, []
        return found

    def _refuse(self, error: expat.ExpatError) -> NoReturn:
        problem = expat.errors.messages[error.code]
        unfinished = ("no element found", "unclosed token", "unclosed CDATA section", "partial character")
        if any(problem == expat.ErrorString(expat.errors.codes[text]) for text in unfinished):
            inside = "inside" if "page" in self._path else "after"
            raise BadInput(
                f"{self._name}: the dump ends {inside} a page, before </mediawiki>; fetch it again, or, if it was cut "
                "on purpose, add </text></revision></page></mediawiki>"
            ) from None
        if self._ended:
            problem += ": text follows </mediawiki>, where the file should end"
        raise BadInput(
            f"{self._name}: the XML is not well-formed (line {error.lineno}, column {error.offset + 1}: {problem}); "
            "fetch the dump again, or correct that line"
        ) from None

    def _entity(self, entity: str, *_: object) -> NoReturn:
        raise BadInput(
            f"{self._name}: line {self._parser.CurrentLineNumber}: unexpected entity {entity[:40]!r}: expected those "
            "that XML defines (&amp; &lt; &gt; &quot; &apos;); fetch the dump again, or replace the entity by its text"
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        path = self._path
        path.append(tag)
        if len(path) > DEPTH:
            raise BadInput(
                f"{self._name}: line {self._parser.CurrentLineNumber}: the tags are nested more than {DEPTH} deep; "
                "fetch the dump again"
            )
        parent = path[-2] if len(path) > 1 else ""
        if tag == "text" and parent in ("revision", "page"):
            if parent == "page":  # as some programs write it
                self._revision = Page()
            self._revision.size = attributes.get("bytes")
            self._revision.deleted = "deleted" in attributes
            self._collect()
        elif parent == "revision":
            if tag in ("model", "timestamp"):
                self._collect()
        elif parent == "page":
            if tag == "revision":
                self._revision = Page()
            elif tag == "redirect":
                self._page.redirect = True
            elif tag in ("title", "ns"):
                self._collect()
        elif tag == "page" and parent == "mediawiki":
            self._page = Page()
        elif tag == "namespace" and parent == "namespaces":
            self._key = attributes.get("key", "")
            self._collect()

    def _end(self, tag: str) -> None:
        path = self._path
        path.pop()
        parent = path[-1] if path else ""
        self._ended = not path
        if tag == "text" and parent in ("revision", "page"):
            self._revision.text = self._collected()
            if parent == "page":
                self._newest()
        elif parent == "revision":
            if tag in ("model", "timestamp"):
                setattr(self._revision, tag, self._collected())
        elif parent == "page":
            if tag == "title":
                self._page.title = self._collected()
            elif tag == "ns":
                self._page.namespace = self._collected().strip()
            elif tag == "revision":
                self._newest()
        elif tag == "page" and parent == "mediawiki":
            self._pages.append(self._page)
        elif tag == "namespace" and parent == "namespaces":
            self._wiki.namespaces[self._collected().strip().replace("_", " ").lower()] = self._key

    def _newest(self) -> None:
        """Let the page have the text of the revision that has just ended, unless an earlier one is newer."""
        page, revision = self._page, self._revision
        page.revisions += 1
        if page.revisions == 1 or revision.timestamp >= page.timestamp:
            for attribute in ("timestamp", "model", "size", "deleted", "text"):
                setattr(page, attribute, getattr(revision, attribute))

    def _collect(self) -> None:
        self._pieces, self._length = [], 0
        self._parser.CharacterDataHandler = self._characters

    def _characters(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)
        if self._length > LONGEST:
            start = " ".join(self._pieces[0][:40].split())
            raise BadInput(
                f"{self._name}: a page has more than {LONGEST} bytes (its text begins {start!r}): expected at most the "
                "2 MiB that MediaWiki allows; fetch the dump again"
            )

    def _collected(self) -> str:
        self._parser.CharacterDataHandler = None
        return "".join(self._pieces)
