"""Which pages of a dump are read, and which dumps are refused."""

import re
from typing import Any, Literal

import pytest

from bakeoff.base.settings import BadInput
from bakeoff.data.corpus import cleaning, dump
from bakeoff.data.corpus.cleaning import Census, articles

HEAD = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="de"><siteinfo>
<sitename>Wikipedia</sitename><namespaces><namespace key="0" /><namespace key="2">Benutzer</namespace>
<namespace key="6">Datei</namespace><namespace key="10">Vorlage</namespace><namespace key="14">Kategorie</namespace>
<namespace key="100">Portal_X</namespace></namespaces></siteinfo>"""
TEXT = '<text bytes="9" sha1="phoiac9h4m842xq45sp7s6u21eteeq1" xml:space="preserve">{}</text>'


def revision(text: str, model: str = "wikitext", timestamp: str = "2002-02-25T15:43:11Z") -> str:
    return (
        f"<revision><id>600744</id><timestamp>{timestamp}</timestamp><contributor><username>Alice</username><id>99</id>"
        f"</contributor><comment>fixed <b>spelling</b></comment><model>{model}</model>{text}"
        "<sha1>phoiac9h4m842xq45sp7s6u21eteeq1</sha1></revision>"
    )


def page(text: str, title: str = "One", between: str = "<ns>0</ns><id>12</id>", **revised: str) -> str:
    return f"<page><title>{title}</title>{between}{revision(text, **revised)}</page>"


def words(
    content: str | bytes, how: Literal["article", "none"] = "article", whole: bool = True, block: int = 50
) -> str:
    data = content if isinstance(content, bytes) else content.encode()
    blocks = (data[start : start + block] for start in range(0, len(data), block))
    return b"".join(articles("a dump", blocks, how, whole, Census())).decode().rstrip()


def census(content: str) -> Census:
    counted = Census()
    list(articles("a dump", [content.encode()], "article", True, counted))
    return counted


APPLE, PEAR = page(TEXT.format("apple")), page(TEXT.format("pear"), "Two")

# A page between two others, and the count that it goes to.
LEFT_OUT = {
    "empty, in one tag": (page('<text bytes="0" sha1="x" xml:space="preserve" />'), "empty"),
    "empty, in two tags": (page('<text bytes="0"></text>'), "empty"),
    "no text": (page(""), "empty"),
    "no revision": ("<page><title>Alice</title><ns>0</ns></page>", "empty"),
    "deleted": (page('<text bytes="6" deleted="deleted" />', "Alice"), "deleted"),
    "deleted, in two tags": (page('<text bytes="6" deleted="deleted"></text>', "Alice"), "deleted"),
    "suppressed contributor and comment": (
        page('<text deleted="deleted" />').replace("<username>Alice</username><id>99</id>", ""),
        "deleted",
    ),
    "stub": (page('<text bytes="6" id="12" />'), "missing"),
    "redirect by its tag": (
        page(TEXT.format("#WEITERLEITUNG [[Ziel]]"), between='<ns>0</ns><redirect title="Ziel" />'),
        "redirects",
    ),
    "redirect by its tag alone": (page(TEXT.format("banana"), between='<ns>0</ns><redirect title="B"/>'), "redirects"),
    **{
        f"redirect of an old dump: {text}": (page(TEXT.format(text), between=""), "redirects")
        for text in (
            "#REDIRECT [[A]]",
            "#redirect[[A]]",
            " # Redirect : [[A]] b",
            "#REDIRECCIÓN [[A]]",
            "#WEITERLEITUNG [[A]]",
            "#перенаправление [[A]]",
            "#ПЕРЕНАПРАВЛЕНИЕ [[A]]",
            "#重定向 [[A]]",
            "#転送[[A]]",
            "#REDIRECTION [[A]]",
            "#تحويل [[A]]",
            "#RINVIA [[A]]",
        )
    },
    **{
        f"namespace {key}": (page(TEXT.format("banana"), "Talk:One", f"<ns>{key}</ns>"), "elsewhere")
        for key in (-1, 1, 2, 3, 4, 6, 8, 10, 14, 100, 118, 828, 2600)
    },
    **{
        f"namespace of an old dump: {title}": (page(TEXT.format("banana"), title, ""), "elsewhere")
        for title in ("Vorlage:A", "Benutzer:B", "portal X:C", "Kategorie:D", "Template:E", "User talk:F", "Image:G")
    },
    **{
        f"model {model}": (page(TEXT.format("{}"), model=model), "other_models")
        for model in ("wikibase-item", "Scribunto", "css", "sanitized-css", "javascript", "json", "flow-board")
    },
}


@pytest.mark.parametrize("case", LEFT_OUT)
@pytest.mark.parametrize("how", ["article", "none"])
def test_pages_are_left_out_and_nothing_of_them_is_read(case: str, how: Literal["article", "none"]) -> None:
    left_out, reason = LEFT_OUT[case]
    content = f"{HEAD}{APPLE}{left_out}{PEAR}</mediawiki>"
    assert words(content, how).split() == ["apple", "pear"]
    counted = census(content)
    assert counted.articles == 2 and getattr(counted, reason) == 1
    assert re.search(r"articles: 2; left out: [a-z ]+ 1$", str(counted))


READ = {
    "no attribute": (page("<text>apple</text>"), "apple"),
    "in CDATA": (page("<text><![CDATA[a < b & ''c'' &amp; {{d}}]]></text>"), "a < b & c &"),
    "in parts": (page("<text>a<![CDATA[b]]>c<!-- d -->e&#102;</text>"), "abcef"),
    "mentions a redirect": (page(TEXT.format("In forums #redirect is a command")), "In forums #redirect is a command"),
    "begins with a redirect that leads nowhere": (page(TEXT.format("#REDIRECT is a command")), "REDIRECT is a command"),
    "begins with a list": (page(TEXT.format("#Apple [[pie]]")), "Apple pie"),
    "a title with a colon": (page(TEXT.format("apple"), "2001: A Space Odyssey", ""), "apple"),
    "a title of another namespace in an article": (page(TEXT.format("apple"), "Vorlage:A", "<ns>0</ns>"), "apple"),
    "spaces in tags": (page(TEXT.format("apple"), between="<ns> 0\n</ns>"), "apple"),
    "no namespaces": (page(TEXT.format("apple"), between=""), "apple"),
    "text directly in the page": ("<page><title>A</title><text>apple</text></page>", "apple"),
    "other slots": (
        page("<text>apple</text><content><role>x</role><model>json</model><text>{}</text></content>"),
        "apple",
    ),
    "an upload": (page("<text>apple</text>") + "<page><upload><text>b</text></upload></page>", "apple"),
    "discussions": (page("<text>apple</text>", between="<ns>0</ns><x><ns>1</ns><redirect/></x>"), "apple"),
    "control characters": (page("<text>a\x01b\x0bc\x1bd\ufffee\uffff</text>"), "a b c d e"),
    "a character beyond the plane": (page("<text>\U0001f600 &#x1F600;</text>"), "\U0001f600 \U0001f600"),
    "names of files of the wiki": (page("<text>[[Datei:a|mini|b]] [[Kategorie:c]] d</text>"), "b d"),
    "newest last": (
        "<page><ns>0</ns>" + revision("<text>b</text>") + revision("<text>apple</text>") + "</page>",
        "apple",
    ),
    "newest first": (
        "<page><ns>0</ns>"
        + revision("<text>apple</text>", timestamp="2020-01-01T00:00:00Z")
        + revision("<text>b</text>", timestamp="2019-12-31T23:59:59Z")
        + "</page>",
        "apple",
    ),
}


@pytest.mark.parametrize("case", READ)
def test_pages_are_read_whatever_their_spelling(case: str) -> None:
    content, seen = READ[case]
    data = (HEAD + content + "</mediawiki>").encode()
    for block in (1, 7, len(data)) if content.isascii() else (len(data),):  # blocks hold whole characters
        assert words(data, block=block).split() == seen.split()


def test_several_revisions_are_told() -> None:
    two = "<page><ns>0</ns>" + revision("<text>b</text>") + revision("<text>apple</text>") + "</page>"
    assert str(census(HEAD + two + APPLE + "</mediawiki>")) == (
        "articles: 2; pages of which the newest of several revisions was read: 1"
    )


def test_without_cleaning_wikitext_stays() -> None:
    wikitext = "''a'' [[b|c]] {{d}} &amp;nbsp; &lt;br&gt;"
    assert words(HEAD + page(TEXT.format(wikitext)) + "</mediawiki>", "none") == "''a'' [[b|c]] {{d}} &nbsp; <br>"


def test_a_page_of_three_megabytes_is_read() -> None:
    text = "apple pie, " * 280_000
    assert words(HEAD + page(TEXT.format(text)) + "</mediawiki>", block=1 << 18) == text.rstrip()


def test_pages_are_handed_on_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "BATCH", 20)
    blocks = [HEAD.encode(), *([APPLE.encode()] * 10), b"</mediawiki>"]
    handed_on = list(articles("a dump", blocks, "article", True, Census()))
    assert len(handed_on) > 2 and b"".join(handed_on).split() == [b"apple"] * 10


STARTS = [
    "<mediawiki>",
    '\n<mediawiki xmlns="x">',
    '<?xml version="1.0"?>\n<mediawiki version="0.10">',
    "<?xml version='1.0' encoding='utf-8' standalone='yes'?><mediawiki\n>",
    '<?xml version="1.0" encoding="UTF-16"?><mediawiki>',
    "<!-- export of 2024 -->\n<mediawiki>",
    '<?xml version="1.0"?> <!-- a - b <mediawiki> --> <!-- c --> <mediawiki>',
    '<!DOCTYPE mediawiki>\n<mediawiki lang="de">',
    '<!DOCTYPE mediawiki SYSTEM "export.dtd" [ <!ELEMENT page ANY> ]><mediawiki>',
    '<?xml version="1.0"?><?xml-stylesheet href="a.xsl"?><mediawiki>',
]


@pytest.mark.parametrize("start", STARTS)
def test_a_dump_is_known_by_its_first_tag(start: str) -> None:
    assert dump.is_dump("a file", start.encode())
    assert words(start + APPLE + "</mediawiki>\n<!-- end -->\n").split() == ["apple"]


@pytest.mark.parametrize(
    "start",
    ["", "plain", "<unk> of a text", "<s> a </s>", "the <mediawiki> tag", "<!-- a -->\ntext", "<3 you", "a < b"],
)
def test_plain_text_is_known(start: str) -> None:
    assert not dump.is_dump("a file", start.encode())


@pytest.mark.parametrize(
    "start",
    [
        "<?xml version='1.0'?>\n<rss>",
        "<!DOCTYPE html>",
        "<html>",
        "<feed>\n<doc>",
        '<doc id="12" url="x" title="A">',
        "<!-- a --><html>",
        '<TEI xmlns="http://www.tei-c.org/ns/1.0">',
        '<?xml version="1.0"?>',
    ],
)
def test_other_markup_is_refused(start: str) -> None:
    with pytest.raises(
        BadInput, match=r"a file: invalid markup .<.* at the start: expected plain text or a MediaWiki dump"
    ):
        dump.is_dump("a file", start.encode())


@pytest.mark.parametrize("start", ["<page>\n<title>", "  <page><ns>", "<siteinfo>", "<?xml version='1.0'?><page>"])
def test_pages_without_the_tag_around_them_are_refused(start: str) -> None:
    with pytest.raises(BadInput, match="without the tag <mediawiki> around them; add <mediawiki> before the first"):
        dump.is_dump("a file", start.encode())


@pytest.mark.parametrize("end", range(1, 12))
def test_a_dump_that_breaks_off_is_refused_wherever_it_does(end: int) -> None:
    content = HEAD + APPLE + PEAR + "</mediawiki>"
    start = len(HEAD) if end < 6 else 0
    cut = content[: start + (len(content) - start) * (end % 6) // 6 - 1] if end % 6 else HEAD
    with pytest.raises(
        BadInput, match=r"a dump: the dump ends (inside|after) a page, before </mediawiki>; fetch it again"
    ):
        words(cut)


def test_a_part_of_a_dump_may_break_off() -> None:
    content = HEAD + APPLE + PEAR
    assert words(content, whole=False).split() == ["apple", "pear"]
    assert words(content[:-60], whole=False).split() == ["apple"]


BOMB = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 9))
REFUSED: dict[str, tuple[str, str]] = {
    "an entity bomb": (
        f'<!DOCTYPE mediawiki [<!ENTITY a0 "ha">{BOMB}]>' + HEAD + page("<text>&a8;</text>") + "</mediawiki>",
        "unexpected entity 'a0': expected those",
    ),
    "an entity out of a file": (
        '<!DOCTYPE mediawiki [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + HEAD + page("<text>&x;</text>"),
        "unexpected entity 'x': expected those",
    ),
    "an entity of a document type that is not there": (
        '<!DOCTYPE mediawiki SYSTEM "x.dtd">' + HEAD + page("<text>a &nbsp; b</text>"),
        "unexpected entity 'nbsp': expected those",
    ),
    "an entity that nobody declares": (
        HEAD + page("<text>&nbsp;</text>"),
        r"the XML is not well-formed \(line \d+, column \d+: ",
    ),
    "a reference to no character": (HEAD + page("<text>&#xD800;</text>"), "invalid character number"),
    "a reference to a control character": (HEAD + page("<text>&#1;</text>"), "invalid character number"),
    "tags that cross": (HEAD + "<page><title>A</page></title>", "mismatched tag"),
    "an ampersand": (HEAD + page("<text>AT&T</text>"), "not well-formed"),
    "an attribute twice": (HEAD + page('<text a="1" a="2">b</text>'), "duplicate attribute"),
    "two dumps": ((HEAD + APPLE + "</mediawiki>") * 2, "text follows </mediawiki>, where the file should end"),
    "an attribute of megabytes": (
        HEAD + f'<page><text a="{"b" * 3_000_000}">',
        "a tag or comment has more than 1048576 bytes",
    ),
    "a comment of megabytes": (HEAD + f"<!-- {'b' * 3_000_000} -->", "a tag or comment has more than 1048576 bytes"),
    "tags in tags": (HEAD + "<a>" * 1000, "the tags are nested more than 50 deep"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    content, message = REFUSED[case]
    with pytest.raises(BadInput, match=message) as refused:
        words(content, block=1 << 16)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 400


def test_a_page_of_impossible_length_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dump, "LONGEST", 100)
    assert words(HEAD + page(TEXT.format("a" * 80)) + "</mediawiki>") == "a" * 80
    with pytest.raises(BadInput, match=r"a dump: a page has more than 100 bytes \(its text begins 'aaa"):
        words(HEAD + page(TEXT.format("a" * 120)) + "</mediawiki>")


@pytest.mark.parametrize("how", ["article", "none"])
def test_a_dump_is_read_the_same_however_it_is_cut_into_blocks(how: Any) -> None:
    content = (
        HEAD + "".join(left_out for left_out, _ in LEFT_OUT.values() if left_out.isascii()) + APPLE + "</mediawiki>"
    )
    assert len({words(content, how, block=block) for block in (3, 64, 1000, 1 << 20)}) == 1
