"""A dump becomes what wikifil.pl itself makes of it, byte for byte: each expectation here was run under Perl 5.36."""

import hashlib
import time
from pathlib import Path

import pytest

from bakeoff import settings
from bakeoff.data.corpus import dump
from bakeoff.data.corpus.text import Text
from bakeoff.data.corpus.tokens import rewritten
from bakeoff.data.limits import Limits
from bakeoff.data.sources.find import find
from bakeoff.settings import BadInput

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "data.limits", Limits)

PAGE = '<mediawiki><page><text xml:space="preserve">{}</text></page></mediawiki>'


def filtered(markup: bytes, block: int = 7, whole: bool = False) -> bytes:
    """As wikifil.pl prints it: words with a space before each."""
    blocks = [markup[start : start + block] for start in range(0, len(markup), block)]
    cleaned = rewritten("text8", dump.visible("a dump", blocks, whole))
    return b"".join(b" " + word for word in b"".join(text.tobytes() for text in cleaned).split())


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("In 1905, 26 years old", "in one nine zero five two six years old"),
        ("[[File name|shown]] and [[plain]] or [[de:Verweis]]", "shown and plain or"),
        ("[[Image:cat.jpg|thumb|left|200px|A cat]] sat", "a cat sat"),
        ("[[Image:a.png|b [[c|d]] e]] f", "b d e f"),
        ("|1234px|THUMB|Left x", "x"),
        ("[[Category:Animals|cat]] [[category:Things]]", "animals things"),
        ("[[ab-cd:x]] [[AB:y]] [[:z:w]]", "ab y"),
        ("[[a [[b | c]] d [[Category:e]f]] g", "c d category ef g"),
        ("[http://a.org/x?y=1 the site] [https://b.org other]", "the site https b org other"),
        ("word&lt;ref name=&quot;a&quot;&gt;Source, 2001&lt;/ref&gt; next&lt;br /&gt;line", "word nextline"),
        ("a &lt;ref&gt;b &lt;i&gt;c&lt;/i&gt;&lt;/ref&gt; d", "a b c d"),
        ("{{Infobox|a=1}} {| table | cell |} text", "text"),
        ("{{outer {{inner}} rest}} end", "rest end"),
        ("{{open {{ open { and no end", "open open and no end"),
        ("{{a} b}} c {d}} e", "b c e"),
        ("AT&amp;amp;T caf&amp;eacute; Zürich&amp;nbsp;am See", "at t caf z rich am see"),
        ("&lt;b no end of tag &amp; none of entity", "b no end of tag none of entity"),
        ("&amp;lt;i&amp;gt; twice encoded", "twice encoded"),
        ("ABC's Ü &quot;quoted&quot; don't", "abc s quoted don t"),
        ("naïve [[naïve|naïf]] \u017f \u212a", "na ve na f k"),
        ("one\r\ntwo\tthree\x0bfour", "one two three four"),
        ("#REDIRECT [[Elsewhere]]", ""),
        ("not a #redirect but a page", ""),
    ],
)
def test_markup_becomes_what_wikifil_makes_of_it(markup: str, words: str) -> None:
    expected = b"".join(b" " + word for word in words.encode().split())
    assert filtered(PAGE.format(markup).replace("\u212a", "K").encode(), whole=True) == expected


@pytest.mark.parametrize(
    ("records", "clean"),
    [
        (b"<text >a > b\nc < d\n</text> e", b" a b c d"),
        (b"<text >a<b>c</b> d\n<e\n>f</text>g", b" a c d f"),
        (
            b'<page><title>One</title><text bytes="0" /></page><page><title>Two</title><text >three</text></page>',
            b" two three",
        ),
        (b"<text /><comment>#redirect x</comment><title>no</title><text>no space</text><text >yes</text>", b" yes"),
        (b"<text >x</text><text >#redirect</text><text >y</text>", b" x y"),
        (b"<TEXT >a</TEXT><text >b</Text> c</text> d", b" b c"),
        (b"<text >caf\xe9 \xff\xc3\xa9t</text>", b" caf t"),
        (b"before <text >after", b" before after"),
        (b"<text >a #Redi", b" a redi"),
        (b"<text >no end", b" no end"),
        (b"", b""),
    ],
)
@pytest.mark.parametrize("block", [1, 5, 1000])
def test_odd_records_become_what_wikifil_makes_of_them(records: bytes, clean: bytes, block: int) -> None:
    assert filtered(records, block) == clean


def test_the_sample_becomes_what_wikifil_makes_of_it() -> None:
    words = Text(find("wikipedia-sample", "corpus", LIMITS), "utf-8").words("text8")
    text = b"".join(b" " + word for word in b"".join(block.tobytes() for block in words).split())
    assert (len(text.split()), len(text)) == (512_934, 3_085_829)
    assert hashlib.sha256(text).hexdigest() == "0cf035b28f92b01ff2dd0880909f6087bfb48bc8b8c726b793bccdad5c56a13c"


@pytest.mark.parametrize(
    "opening",
    ["{", "{{", "&", "<", "&lt;", "[[", "[[a:", "[[category:", "[[image:", "[http:", "&lt;ref", "|1", "[[category:a]"],
)
def test_a_page_of_openings_without_ends_takes_time_in_proportion_to_its_length(opening: str) -> None:
    markup = (opening * (2_000_000 // len(opening)) + "]</text>").encode()
    started = time.process_time()
    dump.without_markup(markup)
    assert time.process_time() - started < 20  # 1 s or less here; by a search from each opening, hours


def test_a_dump_that_breaks_off_is_refused_unless_it_is_known_to_be_a_part() -> None:
    cut = PAGE.format("some words").encode()[: -len("</text></page></mediawiki>")]
    assert filtered(cut) == b" some words"
    with pytest.raises(BadInput, match="a dump: breaks off inside a page, before </mediawiki>; fetch it again, or"):
        filtered(cut, whole=True)
    with pytest.raises(BadInput, match="breaks off after a page"):
        filtered(PAGE.format("some words").encode()[:-5], whole=True)
    assert filtered(cut + b"</text></page></mediawiki>", whole=True) == b" some words"


def test_a_page_of_impossible_length_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dump, "LONGEST", 100)
    assert filtered(PAGE.format("a" * 80).encode()) == b" " + b"a" * 80
    with pytest.raises(BadInput, match=r"a dump: a page has over 100 bytes \(its text begins 'aaa"):
        filtered(PAGE.format("a" * 120).encode())


def test_dumps_and_texts_are_told_apart_by_how_they_begin() -> None:
    for start in (b"<mediawiki>", b'\n<mediawiki xmlns="x">', b'<?xml version="1.0"?>\n<mediawiki version="0.10">'):
        assert dump.is_dump("a file", start)
    for start in (b"", b"plain", b"<unk> of a tokenised text", b"the <mediawiki> tag"):
        assert not dump.is_dump("a file", start)
    for start in (b"<?xml version='1.0'?>\n<rss>", b"<!DOCTYPE html>", b"<html>"):
        with pytest.raises(BadInput, match=r"a file: begins with .<.* and is no MediaWiki dump"):
            dump.is_dump("a file", start)
