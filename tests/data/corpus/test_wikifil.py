"""A dump becomes what wikifil.pl itself makes of it, byte for byte: each expectation here was run under Perl 5.36."""

import hashlib
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.corpus import wikifil
from bakeoff.data.corpus.text import Text
from bakeoff.data.corpus.tokens import rewritten
from bakeoff.data.limits import Limits
from bakeoff.data.sources.find import Found, find

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "limits", Limits)

PAGE = '<mediawiki><page><text xml:space="preserve">{}</text></page></mediawiki>'


def filtered(markup: bytes, block: int = 7, whole: bool = False) -> bytes:
    """As wikifil.pl prints it: words with a space before each."""
    blocks = [markup[start : start + block] for start in range(0, len(markup), block)]
    cleaned = rewritten("text8", wikifil.filtered("a dump", blocks, whole))
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
    words = Text(find("wikipedia-sample", "corpus", LIMITS), "utf-8").words("text8", "wikifil")
    text = b"".join(b" " + word for word in b"".join(block.tobytes() for block in words).split())
    assert (len(text.split()), len(text)) == (512_934, 3_085_829)
    assert hashlib.sha256(text).hexdigest() == "0cf035b28f92b01ff2dd0880909f6087bfb48bc8b8c726b793bccdad5c56a13c"


# The rules as they were when text8's road was checked under Perl, to compare with: nothing here may change.
FROZEN_REDIRECT = re.compile(rb"#(?i:redirect)")

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
FROZEN_RULES: tuple[tuple[re.Pattern[bytes], bytes | Callable[[Match], bytes]], ...] = tuple(
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


def frozen(dump: bytes) -> bytes:
    """Return what is left of a whole dump."""
    *records, rest = dump.split(b">")
    inside, found = False, []
    for record in [*(record + b">" for record in records), rest]:
        inside = inside or b"<text " in record
        if not inside or FROZEN_REDIRECT.search(record):
            inside = False
            continue
        inside = b"</text>" not in record
        found.append(frozen_record(record))
    return b" ".join([*found, b""])


def frozen_record(record: bytes) -> bytes:
    if record.endswith(b">"):
        tag = record.find(b"<", record.rfind(b"\n") + 1)
        record = record[:tag] if tag >= 0 else record
    for pattern, replacement in FROZEN_RULES:
        record = pattern.sub(replacement, record)
    return record


PIECES = """[[ ]] | {{ }} { } {| |} [ ] &lt; &gt; &amp; &quot; ; : [[Image: [[File: [[Category: [[de: |thumb |left
|200px [http: https://a.org/b http://c.org &lt;ref&gt; &lt;/ref&gt; &lt;ref name=x/&gt; &lt;br/&gt; &lt;!-- --&gt;
&amp;nbsp; &amp;#8211; #redirect #REDIRECT </text> <text <text> <text xml:space="preserve"> <page> <title> > < ' '''
== * # Two 3 Zürich слово"""


@pytest.mark.parametrize("seed", range(60))
def test_any_markup_becomes_what_it_became_before(seed: int) -> None:
    draw = random.Random(seed)
    pieces = [*PIECES.split(), " ", " ", "\n", "word ", "other "]
    pages = ("".join(draw.choices(pieces, k=draw.randrange(60))) for _ in range(8))
    dump = "".join(
        f'<page><title>T</title><text xml:space="preserve">{page}</text></page>\n' for page in pages
    ).encode()
    blocks = [dump[start : start + 13] for start in range(0, len(dump), 13)]
    assert b"".join(wikifil.filtered("a dump", blocks, whole=False)).split() == frozen(dump).split()


def test_a_dump_that_breaks_off_is_refused_unless_it_is_known_to_be_a_part() -> None:
    cut = PAGE.format("some words").encode()[: -len("</text></page></mediawiki>")]
    assert filtered(cut) == b" some words"
    with pytest.raises(BadInput, match="a dump: the dump ends inside a page, before </mediawiki>; fetch it again, or"):
        filtered(cut, whole=True)
    with pytest.raises(BadInput, match="the dump ends after a page"):
        filtered(PAGE.format("some words").encode()[:-5], whole=True)
    assert filtered(cut + b"</text></page></mediawiki>", whole=True) == b" some words"


def test_a_page_of_impossible_length_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wikifil, "LONGEST", 100)
    assert filtered(PAGE.format("a" * 80).encode()) == b" " + b"a" * 80
    with pytest.raises(BadInput, match=r"a dump: a page has more than 100 bytes \(its text begins 'aaa"):
        filtered(PAGE.format("a" * 120).encode())


def test_text8_stays_as_it_was(tmp_path: Path) -> None:
    text = b"anarchism originated as a term of abuse first used against early working class radicals " * 20
    (tmp_path / "text").write_bytes(text)
    for cleaning in ("article", "wikifil", "none"):
        words = Text(Found("text8", "text", {"text": tmp_path / "text"}), "utf-8").words("text8", cleaning)
        assert b"".join(block.tobytes() for block in words) == text
