import random
import sys
import unicodedata

import pytest

from bakeoff.data import normal_form
from bakeoff.data.normal_form import nfc

MARKS = [chr(code) for code in range(0x300, 0x370)] + list("\u05b0\u05c1\u0f71\u0f73\u0f72\u0f81\u3099\u0344\U0001d165")
STARTERS = [*"aeoAxé", "ố", "ﬁ", "각", "가", "ᄀ", "ᅡ", "ᆨ", "か", "\u09c7", "\u09be", "\u0bcb", "\u0958", "Å", ""]


@pytest.mark.parametrize("seed", range(40))
def test_it_is_what_unicodedata_makes_of_it(seed: int) -> None:
    draw = random.Random(seed)
    words = [
        "".join(draw.choices(STARTERS, k=draw.randrange(3)))
        + "".join(draw.choices(MARKS, k=draw.choice([0, 1, 2, 29, 30, 31, 32, 40, 70])))
        for _ in range(12)
    ]
    text = "".join(words)
    assert nfc(text) == unicodedata.normalize("NFC", text)
    assert nfc(nfc(text)) == nfc(text)


def test_every_mark_of_unicode_is_known() -> None:
    marks = [code for code in range(sys.maxunicode + 1) if unicodedata.combining(chr(code))]
    assert all(code in normal_form.MARKS for code in marks)


@pytest.mark.parametrize("run", ["\u0301\u0323", "\u0323\u0301", "\u0344", "\u0301"])
def test_a_run_of_100_000_marks_is_normalized(run: str) -> None:
    """In a moment; `unicodedata` alone takes minutes."""
    text = "e" + run * (100_000 // len(run)) + "e\u0301"
    made = nfc(text)
    assert made[-1] == "é" and made[0] in "éẹë"
    assert nfc(made) == made
