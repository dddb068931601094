import random
import unicodedata

import pytest

from bakeoff.data.corpus import reference
from bakeoff.data.corpus.settings import Tokens
from bakeoff.data.corpus.tokens import rewritten

RULES: tuple[Tokens, ...] = ("text8", "unicode", "spaces")
# Whatever one of the rules treats in a way of its own: cases, scripts, marks that compose, digits, joiners, spaces.
CHARACTERS = [
    *"aB7_'-,\"\n\t",
    *"éΣσςİıßǅ½٣๓中क्षिर",
    "e\u0301",
    "a\u0323\u0307",
    "\u1100\u1161\u11a8",
    *"\u00a0\u3000\u0085",
]
CHARACTERS += [*"\u00ad\u200c\u200d\u2060\ufeff\u2019\u212a\u0301\U0001d7d9\U00010400\U0001f600", " ", " ", " "]


def words(tokens: Tokens, text: str, sizes: random.Random | None = None) -> list[str]:
    """Of a text that comes in blocks of one to four characters, or in one."""
    blocks, start = [], 0
    while start < len(text):
        end = start + (sizes.randint(1, 4) if sizes else len(text))
        blocks.append(text[start:end].encode())
        start = end
    return b"".join(block.tobytes() for block in rewritten(tokens, blocks)).decode().split(" ")


@pytest.mark.parametrize("tokens", RULES)
def test_compiled_tables_find_the_words_that_plain_python_finds(tokens: Tokens) -> None:
    choice = random.Random(0)
    for _ in range(3):
        text = "".join(choice.choices(CHARACTERS, k=4000))
        found = [word for word in words(tokens, text, choice) if word]
        assert found == reference.words(tokens, text)


@pytest.mark.parametrize(
    ("tokens", "text", "expected"),
    [
        ("text8", "Don't stop_at 42 cafés", "don t stop at four two caf s"),
        ("unicode", "Don't stop_at 42 cafés", "don t stop at 42 cafés"),
        ("spaces", "Don't stop_at\u00a042\ncafés", "Don't stop_at 42 cafés"),
        ("unicode", "ΟΔΥΣΣΕΥΣ, ὁ Λόγος", "οδυσσευσ ὁ λόγος"),
        ("unicode", "Straße; ÜBER: İstanbul", "straße über istanbul"),
        ("unicode", "हिन्दी में क्या?", "हिन्दी में क्या"),
        ("unicode", "اللُّغَةُ العربيّة، می‌خواهم", "اللُّغَةُ العربيّة میخواهم"),
        ("unicode", "u\u0308ber Kel\u00advin \u212a", "über kelvin k"),
        ("unicode", "\u200fمی\u200eرود\u202a abc\u202c x\u2068y\u2069", "میرود abc xy"),
        ("unicode", "ภาษา\u200bไทย", "ภาษา ไทย"),
        ("unicode", "你好。世界。", "你好 世界"),
    ],
)
def test_each_rule_cuts_as_documented(tokens: Tokens, text: str, expected: str) -> None:
    assert [word for word in words(tokens, text) if word] == unicodedata.normalize("NFC", expected).split()


def test_nothing_composes_with_a_character_before_which_blocks_are_cut() -> None:
    # Characters that come second in a canonical decomposition, and all that are reordered.
    pairs = (unicodedata.decomposition(chr(code)).split() for code in range(0x110000))
    second = {chr(int(pair[1], 16)) for pair in pairs if len(pair) == 2 and not pair[0].startswith("<")}
    second |= {chr(code) for code in range(0x110000) if unicodedata.combining(chr(code))}
    assert {unicodedata.category(character)[0] for character in second} <= set("LM")


@pytest.mark.parametrize("marks", ["\u0301", "\u0316\u0301", "\u0301\u0316\u05b0", "\u0344"])
def test_a_long_run_of_marks_is_composed_as_a_short_one(marks: str) -> None:
    run = "a" + marks * 20_000
    (found,) = (word for word in words("unicode", f"b {run[:30000]} c") if len(word) > 1)
    short = unicodedata.normalize("NFC", "a" + marks * 5)
    assert found[:2] == short[:2] and set(found) == set(short)
