"""How many letters text8 drops, told or refused."""

import unicodedata
from pathlib import Path

import numpy as np
import pytest

from bakeoff.base.settings import BadInput
from bakeoff.data.corpus import letters
from bakeoff.data.corpus.letters import Letters, counts
from bakeoff.data.corpus.text import Text
from bakeoff.data.sources.find import Found

MOSTLY_LATIN = {
    "Die Größe für Mädchen": "drops 22.2 % of the letters (4 of 18 are not a to z)",
    "Voilà, un café naïf": "drops 20.0 % of the letters (3 of 15 are not a to z)",
    "Příliš": "drops 50.0 % of the letters (3 of 6 are not a to z)",
    "anarchism (ἀ)": "drops 10.0 % of the letters (1 of 10 are not a to z)",
    "words " * 300 + "é": "drops under 0.1 % of the letters (1 of 1501 are not a to z)",
}
OTHER_SCRIPTS = ["слово и дело", "λόγος", "हिन्दी में", "كتاب", "世界。", "שלום", "ქართული", "a слово", "aé à"]


def read(text: str, folder: Path, tokens: str = "text8") -> list[str]:
    (folder / "text").write_text(text, encoding="utf-8")
    read = Text(Found("a text", None, {"data": folder / "text"}), "utf-8")
    for _ in read.words(tokens, "article"):  # type: ignore[arg-type]
        pass
    return read.notes()


@pytest.mark.parametrize("text", MOSTLY_LATIN)
def test_the_share_of_letters_that_text8_drops_is_told(text: str, tmp_path: Path) -> None:
    (note,) = read(text, tmp_path)
    assert f"a text: data.corpus.tokens is text8, which {MOSTLY_LATIN[text]}" in note and "tokens: unicode" in note


@pytest.mark.parametrize("text", ["plain words, 42 of them", "“quoted” — words …", "", "½ ²³ €"])
def test_nothing_is_told_where_no_letter_is_dropped(text: str, tmp_path: Path) -> None:
    assert read(text, tmp_path) == []


@pytest.mark.parametrize("text", OTHER_SCRIPTS)
def test_a_text_of_which_most_letters_would_be_dropped_is_refused(text: str, tmp_path: Path) -> None:
    if text == "aé à":
        text += " é"
    with pytest.raises(
        BadInput, match=r"a text: data.corpus.tokens is text8, which would drop .* set data\.corpus\.tokens: unicode"
    ):
        read(text, tmp_path)


@pytest.mark.parametrize("tokens", ["unicode", "spaces"])
@pytest.mark.parametrize("text", [*MOSTLY_LATIN, *OTHER_SCRIPTS])
def test_other_rules_drop_none(text: str, tokens: str, tmp_path: Path) -> None:
    assert read(text, tmp_path, tokens) == []


def test_a_long_text_is_refused_before_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "EARLY", 10)
    blocks = iter(["слово".encode()] * 100)
    with pytest.raises(BadInput, match=r"10 of 10"):
        list(Letters("a text").counted(blocks))
    assert len(list(blocks)) == 98


def test_letters_are_those_of_unicode() -> None:
    text = "".join(chr(code) for code in range(0x32000) if not 0xD800 <= code < 0xE000)
    found = sum(unicodedata.category(character)[0] == "L" for character in text)
    data = np.frombuffer(text.encode(), np.uint8)
    assert counts(data, letters.letters()) == (52, found - 52)


@pytest.mark.parametrize("text", [b"\xff", b"\xe2\x82", b"a\xc3", b"\xf4\xbf\xbf\xbf", b"\x80\x80a"])
def test_bytes_that_are_no_utf8_do_no_harm(text: bytes) -> None:
    kept, dropped = counts(np.frombuffer(text, np.uint8), letters.letters())
    assert kept == text.count(b"a") and dropped <= 1
