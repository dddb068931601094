"""Tokenisation: a rule maps each character, and words are separated by spaces afterwards."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bakeoff.data.corpus.settings import Tokens
from bakeoff.data.normal_form import nfc

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]

LONGEST = 1 << 16  # bytes of a word
CHARACTERS = 0x110000
SURROGATES = range(0xD800, 0xE000)  # no characters, and not to be written in UTF-8
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# Invisible: soft hyphen, zero-width (non-)joiners, byte-order mark, marks and brackets of writing directions. The space
# without width is not among them: it stands between words, of Thai and Khmer for example.
JOINERS = "\u00ad\u200c\u200d\u2060\ufeff\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def text8(byte: int) -> str:
    """Lower-case a to z; digits spelled out. Everything else, each byte of other letters too, stands between words.

    Source: wikifil.pl, by Matt Mahoney, 2006.
    """
    character = chr(byte).lower()
    if "0" <= character <= "9":
        return f" {DIGITS[int(character)]} "
    return character if "a" <= character <= "z" else " "


def unicode(code: int) -> str:
    """Letters, marks and numbers of all scripts (Unicode categories L, M, N), lower-case; on text in NFC.

    Lower case is Unicode's simple mapping, a character for a character. Everything else stands between words,
    apostrophes (don't: don, t), hyphens and underscores included; but JOINERS vanish, and what they join is one word.
    """
    character = chr(code)
    if character in JOINERS:
        return ""
    if unicodedata.category(character)[0] not in "LMN":
        return " "
    return character.lower()[:1]  # longer only for İ: i and a dot, of which the simple mapping keeps the i


def spaces(code: int) -> str:
    """Whatever stands between white space, as `str.split` has it: for texts that were cut into words before."""
    return " " if chr(code).isspace() or code in SURROGATES else chr(code)


def rewritten(tokens: Tokens, blocks: Iterable[bytes]) -> Iterator[Bytes]:
    """UTF-8 whose words stand between spaces, of UTF-8 in blocks of whole characters that may cut words."""
    rewrite = table(tokens)
    if tokens == "text8":
        for block in blocks:
            yield rewrite(np.frombuffer(block, np.uint8))
    else:
        texts = composed(blocks) if tokens == "unicode" else (block.decode() for block in blocks)
        for text in texts:
            yield rewrite(np.frombuffer(text.encode("utf-32-le"), np.uint32))


def composed(blocks: Iterable[bytes]) -> Iterator[str]:
    """The text in NFC. Blocks are cut again, before a character with which no other composes."""
    rest = ""
    for block in blocks:
        text = rest + block.decode()
        inside = 0 if len(text) <= LONGEST else len(text)  # a word so long is refused in any case
        cut = next((n for n in range(len(text) - 1, -1, -1) if unicodedata.category(text[n])[0] in "PSZC"), inside)
        rest = text[cut:]
        yield nfc(text[:cut])
    yield nfc(rest)


class Rewrite:
    """A rule as a table, applied to arrays of bytes or of code points by compiled code.

    Attributes:
        spelled: what the characters become, one after the other, in UTF-8.
        bounds: (characters + 1,) where in `spelled` each begins.
        single: (characters,) what each becomes, where that is one byte; else 0.
    """

    def __init__(self, rule: Callable[[int], str], characters: int) -> None:
        become = [rule(code).encode() for code in range(characters)]
        lengths = np.fromiter(map(len, become), np.int64, characters)
        self.spelled = np.frombuffer(b"".join(become), np.uint8)
        self.bounds = np.concatenate(([0], np.cumsum(lengths)))
        self.single = np.array([spelled[0] if len(spelled) == 1 else 0 for spelled in become], np.uint8)
        self.longest = int(lengths.max())

    def __call__(self, characters: NDArray[np.unsignedinteger]) -> Bytes:
        spelled = np.empty(len(characters) * self.longest, np.uint8)
        return spelled[: spell(characters, self.spelled, self.bounds, self.single, spelled)]


@cache
def table(tokens: Tokens) -> Rewrite:
    """The table of a rule: of bytes for text8, of code points for the others."""
    if tokens == "text8":
        return Rewrite(text8, 256)
    return Rewrite({"unicode": unicode, "spaces": spaces}[tokens], CHARACTERS)


@njit(cache=True)
def spell(characters: NDArray[np.unsignedinteger], spelled: Bytes, bounds: Integers, single: Bytes, text: Bytes) -> int:
    """Return how many bytes were written to `text`."""
    end = 0
    for character in characters:
        if single[character]:
            text[end] = single[character]
            end += 1
        else:
            for at in range(bounds[character], bounds[character + np.uint32(1)]):
                text[end] = spelled[at]
                end += 1
    return end
