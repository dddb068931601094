"""Wikipedia's XML dumps to clean text, and text to word ids.

T words of text, V of the vocabulary.
"""

import bz2
import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bakeoff.settings import BadInput

UNKNOWN = "UNK"  # in capitals, and so no word of the clean text

# Source: wikifil.pl, by Matt Mahoney, 2006 (public domain); the filter that made text8. Rule by rule and in its order.
RULES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (rb"&amp;", rb"&"),
        (rb"&lt;", rb"<"),
        (rb"&gt;", rb">"),
        (rb"<ref[^<]*</ref>", b""),
        (rb"<[^>]*>", b""),
        (rb"\[http:[^] ]*", rb"["),  # an address goes, the text that it shows stays
        (rb"(?i)\|thumb", b""),  # so for images: the caption stays
        (rb"(?i)\|left", b""),
        (rb"(?i)\|right", b""),
        (rb"(?i)\|\d+px", b""),
        (rb"(?i)\[\[image:[^\[\]]*\|", b""),
        (rb"(?i)\[\[category:([^|\]]*)[^]]*\]\]", rb"[[\1]]"),
        (rb"\[\[[a-z\-]*:[^\]]*\]\]", b""),  # links to other languages
        (rb"\[\[[^|\]]*\|", rb"[["),  # a link's target goes, the text that it shows stays
        (rb"\{\{[^}]*\}\}", b""),
        (rb"\{[^}]*\}", b""),  # tables
        (rb"[\[\]]", b""),
        (rb"&[^;]*;", b" "),
    )
)
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SPELLED = {str(digit).encode(): f" {word} ".encode() for digit, word in enumerate(DIGITS)}


@dataclass(frozen=True)
class Corpus:
    """A text as word ids.

    Attributes:
        ids: (T,) int32.
        words: (V,) in the order of their ids; the first is UNK.
        counts: (V,) how often each stands in the text.
    """

    ids: NDArray[np.int32]
    words: tuple[str, ...]
    counts: NDArray[np.int64]

    def save_ids(self, path: Path) -> None:
        with path.open("wb") as file:
            np.save(file, self.ids, allow_pickle=False)

    def save_vocabulary(self, path: Path) -> None:
        lines = (f"{word},{count}\n" for word, count in zip(self.words, self.counts, strict=True))
        path.write_text("word,count\n" + "".join(lines), encoding="utf-8", newline="\n")


def articles(path: Path) -> Iterator[list[str]]:
    """Each article of a dump as its clean words. A page is in memory at a time."""
    for markup in pages(path):
        if words := clean(markup):
            yield words


def pages(path: Path) -> Iterator[bytes]:
    """The markup of each page of a MediaWiki XML dump (.bz2), its `<`, `>` and `&` still encoded.

    Raises:
        BadInput: the file is damaged, or no dump.
    """
    page: list[bytes] | None = None
    found = False
    try:
        with bz2.open(path) as lines:
            for line in lines:
                if page is None and b"<text " in line and b"/>" not in line:
                    page, line = [], line.partition(b"<text ")[2].partition(b">")[2]
                if page is not None:
                    text, end, _ = line.partition(b"</text>")
                    page.append(text)
                    if end:
                        yield b"".join(page)
                        page, found = None, True
    except (OSError, EOFError) as error:
        raise BadInput(f"{path}: {error}; it should be a .bz2 file, whole") from None
    if page is not None:
        raise BadInput(f"{path}: ends inside a page; fetch the dump again")
    if not found:
        raise BadInput(f"{path}: holds no page; it should be a MediaWiki XML dump")


def clean(markup: bytes) -> list[str]:
    """The words that a reader of the page sees: lower-case a to z, digits spelled out; none for a redirect."""
    if b"#redirect" in markup.lower():
        return []
    for pattern, replacement in RULES:
        markup = pattern.sub(replacement, markup)
    for digit, word in SPELLED.items():
        markup = markup.replace(digit, word)
    return re.sub(rb"[^a-z]+", b" ", markup.lower()).decode("ascii").split()


def index(texts: Iterable[list[str]], vocabulary_size: int, minimum_count: int) -> Corpus:
    """Word ids, and the vocabulary: UNK, then the most frequent words, ties in alphabetical order.

    Args:
        vocabulary_size: at most so many words, UNK included.
        minimum_count: rarer words become UNK.

    Raises:
        BadInput: no word is that frequent.
    """
    # One pass over the text: numbers in the order of first sight, exchanged for ids when all counts are known.
    numbers: dict[str, int] = {}
    seen = array("i")
    for words in texts:
        seen.extend(numbers.setdefault(word, len(numbers)) for word in words)
    numbered = np.asarray(seen, np.int32)
    totals = np.bincount(numbered, minlength=len(numbers))

    frequent = sorted((-int(totals[n]), word) for word, n in numbers.items() if totals[n] >= minimum_count)
    words = [word for _, word in frequent[: vocabulary_size - 1]]
    if not words:
        raise BadInput(
            f"params.yaml: data.corpus.minimum_count is {minimum_count}, and no word of the text occurs so often; "
            "lower it"
        )
    ids = np.zeros(len(numbers), np.int32)
    ids[[numbers[word] for word in words]] = np.arange(1, len(words) + 1)
    text = ids[numbered]
    return Corpus(text, (UNKNOWN, *words), np.bincount(text, minlength=len(words) + 1))
