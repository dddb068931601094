"""Cleaning of Wikipedia's XML dumps by the rules of wikifil.pl, byte for byte: the road to text8."""

import re
from collections.abc import Callable, Iterable, Iterator

from bakeoff.base.settings import BadInput

REDIRECT = re.compile(rb"#(?i:redirect)")

LONGEST = 64 << 20  # bytes of a record; MediaWiki lets a page grow to 2 MiB
BATCH = 1 << 20  # bytes of a text that is handed on by itself; of shorter ones, so many are handed on together:
PAGES = 64

Match = re.Match[bytes]


def ended(text: bytes) -> Callable[[Match], bytes]:
    """Puts `text` in the place of a match, or leaves the match where its last group tells that it met no end."""
    return lambda match: match[0] if match.lastindex else text


def category(match: Match) -> bytes:
    return match[0] if match.lastindex == 2 else b"[[" + match[1] + b"]]"


# Source: wikifil.pl, by Matt Mahoney, 2006 (public domain), the filter that made text8; rule by rule and in its order.
# Differs, but not in what comes out: where `[^x]*` meets another x than the end that a rule wants, `|()` ends the match
# there, and the text stays. All later starts on the way meet the same x. Without this, a page of a million "{" would be
# searched to its end from each of them.
RULES: tuple[tuple[re.Pattern[bytes], bytes | Callable[[Match], bytes]], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (rb"&amp;", b"&"),
        (rb"&lt;", b"<"),
        (rb"&gt;", b">"),
        (rb"<ref[^<]*+</ref>", b""),
        (rb"<[^>]*+(?:>|())", ended(b"")),
        (rb"\[http:[^] ]*", b"["),  # an address goes, the text that it shows stays
        (rb"\|(?i:thumb)", b""),  # so for images: the caption stays
        (rb"\|(?i:left)", b""),
        (rb"\|(?i:right)", b""),
        (rb"\|\d++(?i:px)", b""),
        (rb"\[\[(?i:image):[^\[\]]*\|", b""),
        (rb"\[\[(?i:category):([^|\]]*+)[^]]*+(?:\]\]|())", category),
        (rb"\[\[[a-z\-]*+:[^\]]*+(?:\]\]|())", ended(b"")),  # links to other languages
        (rb"\[\[[^|\]]*+(?:\||())", ended(b"[[")),  # a link's target goes, the text that it shows stays
        (rb"\{\{[^}]*+(?:\}\}|())", ended(b"")),
        (rb"\{[^}]*+(?:\}|())", ended(b"")),  # tables
        (rb"[\[\]]", b""),
        (rb"&[^;]*+(?:;|())", ended(b" ")),
    )
)


def filtered(name: str, blocks: Iterable[bytes], whole: bool = True) -> Iterator[bytes]:
    """The text between <text …> and </text> without its markup, in blocks that end between words; no redirects.

    Read as wikifil.pl reads, by records that end at ">": a tag is one, and so is a page's text, whose own ">" is
    written "&gt;". So an empty <text … /> opens a text that the next page ends.

    Args:
        whole: whether the dump must have its end; enwik8 and enwik9 have none.

    Raises:
        BadInput: a record is too long, or the dump breaks off.
    """
    inside = closed = False
    batch: list[bytes] = []
    for record in records(name, blocks):
        inside = inside or b"<text " in record
        closed = closed or b"</mediawiki>" in record
        if not inside or REDIRECT.search(record):
            inside = False
            continue
        inside = b"</text>" not in record
        batch.append(without_markup(record))
        if len(batch) >= PAGES or len(batch[-1]) >= BATCH:
            yield b" ".join(batch) + b" "
            batch.clear()
    if whole and not closed:
        raise BadInput(
            f"{name}: the dump ends {'inside' if inside else 'after'} a page, before </mediawiki>; fetch it again, or, "
            "if it was cut on purpose, add </text></page></mediawiki>"
        )
    yield b" ".join(batch) + b" "


def records(name: str, blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces that end with ">", and what is left."""
    start: list[bytes] = []
    for block in blocks:
        first, *others = block.split(b">")
        start.append(first)
        if sum(map(len, start)) > LONGEST:
            text = "".join(start[0][:40].decode(errors="replace").split())
            raise BadInput(
                f"{name}: a page has more than {LONGEST} bytes (its text begins {text!r}): expected at most the 2 MiB "
                "that MediaWiki allows; fetch the dump again"
            )
        if others:
            *whole, rest = others
            yield b"".join(start) + b">"
            yield from (piece + b">" for piece in whole)
            start = [rest]
    yield b"".join(start)


def without_markup(record: bytes) -> bytes:
    """The text that a record shows: without its tag, references, link targets, templates and tables."""
    if record.endswith(b">"):  # the tag begins at the first "<" of the last line
        tag = record.find(b"<", record.rfind(b"\n") + 1)
        record = record[:tag] if tag >= 0 else record
    for pattern, replacement in RULES:
        record = pattern.sub(replacement, record)
    return record
