"""Unicode's normalization form C in linear time.

`unicodedata.normalize` sorts and composes the combining marks of a run by comparing each with all others: a run of
100,000 marks, 200 kB, takes minutes. No language needs runs of more than a few; UAX #15, section 13, names 30.
"""

import re
import unicodedata
from functools import cache

LONGEST = 30  # marks of a run that are left to `unicodedata`: UAX #15, 13, Stream-Safe Text Format
MARKS = range(0x300, 0x20000)  # holds every combining mark


def nfc(text: str) -> str:
    """Return the text in normalization form C, as `unicodedata.normalize` does."""
    if text.isascii():
        return text
    pieces: list[str] = []
    start = 0
    for run in long_runs().finditer(text):
        before = unicodedata.normalize("NFC", text[start : run.start()])
        base = last_starter(before)
        pieces += [before[:base], composed(before[base:], run[0])]
        start = run.end()
    return "".join([*pieces, unicodedata.normalize("NFC", text[start:])])


@cache
def long_runs() -> re.Pattern[str]:
    """A pattern of runs of more marks than `LONGEST`; a mark is what decomposes to nothing but marks."""
    marks = "".join(
        chr(code) for code in MARKS if all(map(unicodedata.combining, unicodedata.normalize("NFD", chr(code))))
    )
    return re.compile(f"[{re.escape(marks)}]{{{LONGEST + 1},}}")


def last_starter(text: str) -> int:
    """The index of the last character that is no mark; the length of the text if there is none."""
    return next((at for at in range(len(text) - 1, -1, -1) if not unicodedata.combining(text[at])), len(text))


def composed(base: str, run: str) -> str:
    """Return a character, with the few marks that follow it already, and a long run of marks in form C.

    Marks are sorted by their class, which keeps the order inside a class. A mark composes with the character unless
    one of its class or of a higher one stays between them: UAX #15, D117.
    """
    parts = unicodedata.normalize("NFD", base)
    starters = sum(not unicodedata.combining(part) for part in parts)
    if starters > 1:  # a syllable of Hangul, or a vowel of two halves: no mark composes with these
        parts = base
    starter, marks = (parts[:1], parts[1:]) if starters else ("", parts)
    kept: list[str] = []
    highest = 0
    for mark in sorted(marks + "".join(unicodedata.normalize("NFD", one) for one in run), key=unicodedata.combining):
        blocked = bool(kept) and unicodedata.combining(mark) <= highest
        pair = unicodedata.normalize("NFC", starter + mark) if starter and not blocked else ""
        if len(pair) == 1:
            starter = pair
        else:
            kept.append(mark)
            highest = unicodedata.combining(mark)
    return starter + "".join(kept)
