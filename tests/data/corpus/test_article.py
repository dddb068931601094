"""Each construct of wikitext, alone, nested, unclosed and repeated, becomes what a reader of the page sees."""

import re
import sys
from collections import Counter
from types import FrameType

import pytest

from bakeoff.data.corpus.article import Names, article

SEEN = {
    # templates
    "a {{t}} b": "a b",
    "a{{t}}b": "a b",
    "a{{t}}, b": "a, b",
    "{{t|{{u|{{v}}}}|w={{x}}}}a": "a",
    "{{t\n|a = b\n|c = {{d|e\n}}\n}}\na": "a",
    "a {{{parameter|default}}} b": "a b",
    "a {{{{{t}}}}} b": "a b",
    "a {{t|{{{p|}}}}} b": "a b",
    "a {{t|}}} b": "a } b",
    "a {{#if:x|y|z}} b {{PAGENAME}}": "a b",
    "a {{t b": "a {{t b",
    "a {{t {{u}} b": "a {{t b",
    "a }} b {{t}} c": "a }} b c",
    "{a} {b {c}": "{a} {b {c}",
    "({{lang|el|x}}; {{ipa|y}}) a": "a",
    "a ({{x}}, born 1900) b": "a (born 1900) b",
    "f() {{x}}": "f()",
    # tables
    "a\n{| class=wikitable\n|-\n| b || c\n! d\n|}\ne": "a e",
    "a {| class=wikitable\n|-\n| cell {{flag|Norway}} more\n{| \n| inner \n|}\n| outer\n|} b": "a b",
    "{|\n|\n{|\n|\n{|\n| x\n|}\n|}\n|}\na": "a",
    ":{| class=x\n| b\n|}\na": "a",
    "<table border=1><tr><td>b<table><tr><td>c</table></table>a": "a",
    "a\n{| class=x\n|-\n| style=y | b || c\n": "a b c",
    "{{start}}\n|-\n| b\n|}\na": "b a",
    "the set {|x|} is b": "the set {|x|} is b",
    "a |} b": "a |} b",
    # references and other extension tags
    "a<ref>b</ref> c": "a c",
    'a<ref name="x" /> c': "a c",
    "a<ref name=x/> c": "a c",
    "a<REF name=x>b\nb</Ref > c": "a c",
    "a<ref>{{cite|url=http://x.org|title=T}}</ref>, c": "a, c",
    "{{t|<ref>}}</ref>}}a": "a",
    "<references><ref>b</ref></references>a": "a",
    "<references />a<references/>": "a",
    "a<ref>b": "a b",
    "a </ref> b": "a b",
    "the <math>x^2 < y</math> a": "the a",
    "<timeline>ImageSize = width:1</timeline>a": "a",
    "<gallery mode=packed>\nFile:a.jpg|alt=x|A [[b|c]] d\nb.png\nImage:e.png|{{t}}f\n</gallery>g": "A c d f g",
    "<gallery>\nFile:a.jpg|b": "File:a.jpg|b",
    "<nowiki>[[a]] {{b}} <i> &lt;</nowiki> '''c'''": "[[a]] {{b}} <i> < c",
    "a<nowiki/>b": "ab",
    "{{t|<nowiki>}}</nowiki>}}a": "a",
    "<nowiki>a [[b]]": "a b",
    "<pre>a [[b]]\n* c</pre>": "a [[b]] * c",
    '<syntaxhighlight lang="c">int a[[2]];</syntaxhighlight> b': "int a[[2]]; b",
    "<code>a</code> <kbd>b</kbd>": "a b",
    "a<includeonly>b</includeonly><noinclude>c</noinclude>": "ac",
    "a <poem>b\nc</poem>": "a b c",
    # comments
    "a<!-- b -->c": "ac",
    "a <!-- {{ --> b": "a b",
    "a <!-- b > c": "a",
    "a <!-- <ref> --> b": "a b",
    "a --> b": "a --> b",
    # links
    "[[a]]s un[[b]]c [[d|e]]f": "as unbc ef",
    "[[a (b)|]] [[:Category:a|b]] [[:Category:a]] [[:de:a]]": "a b Category:a de:a",
    "[[Wikipedia:a|b]] [[wikt:a]] [[Is it so?|c]]": "b wikt:a c",
    "a [[Category:B]] [[category:C|d]] e": "a e",
    "a [[de:B]] [[zh-min-nan:C]] [[simple:D|e]] f": "a f",
    "[[a [[b|c]] d]]": "a c d",
    "[[a": "[[a",
    "[[a b [[c|d]] e": "[[a b d e",
    "a]] [[b|c]]": "a]] c",
    "[[a|b [c]]]": "b [c]",
    "[[a|b|c]]": "b|c",
    "[[a\nb|c]]": "a b c",
    "[[#part|a]] [[b#part|c]]": "a c",
    "[[a&amp;b]]": "a&b",
    # files
    "[[File:a.jpg|thumb|left|200px|upright=1.2|alt=x y|A [[b|c]] d [http://e.org f].]] g": "A c d f. g",
    "[[File:a.jpg]] b [[Image:c.png|20px]]": "b",
    "[[Datei:a.jpg|mini|hochkant=1.3|rechts|Ein [[Haus]]]] b": "Ein Haus b",
    "[[Fichier:a.jpg|vignette|gauche|redresse|Une maison]] b": "Une maison b",
    "[[Archivo:a.jpg|miniaturadeimagen|izquierda|Una casa]] b": "Una casa b",
    "[[Файл:a.jpg|мини|слева|200px|альт=дом|Большой [[дом]]]] b": "Большой дом b",
    "[[ファイル:a.jpg|サムネイル|右|家]] b": "家 b",
    "[[File:a.jpg|thumb|A [[File:b.jpg|20px|inner]] c]] d": "A inner c d",
    "[[file:a_b.jpg|frameless|x200px|link=c|page 3|d]]": "d",
    "[[File:a.jpg|thumb|{{t}}b<ref>c</ref>]]": "b",
    "[[File:a.jpg|thumb|b": "[[File:a.jpg|thumb|b",
    "[[Media:a.ogg|b]] [[Media:a.ogg]]": "b",
    # addresses
    "[https://a.org/b?c=1 d] e": "d e",
    "[//a.org b] [mailto:a@b.c d] [ftp://a b [c] d]": "b d [ b [c] d]",
    "[http://a.org] b": "b",
    "a http://b.org/c, d (HTTPS://E.ORG) f": "a , d f",
    "[http://a.org see [[b|c]]]": "see c",
    "[[http://a.org b]]": "b",
    "[a] [1] b[c]": "[a] [1] b[c]",
    "the scheme https: is b": "the scheme https: is b",
    # HTML
    "a<br>b<br/>c<br />d": "a b c d",
    "H<sub>2</sub>O <b class='x'>a</b> <span style=\"b\">c</span>": "H2O a c",
    "<div>a</div><div>b</div>": "a b",
    'a<span class="x" style="display: none">b</span> <SPAN STYLE="display:none;">c</SPAN>d': "a d",
    "if a < b then c > d": "if a < b then c > d",
    "a <b and <unknown> c <stdio.h>": "a <b and <unknown> c <stdio.h>",
    "x&lt;y &amp;lt; &nbsp;z": "x<y &lt; z",
    "a&ndash;b &#8211; &#x2013; &eacute; &Auml;": "a\u2013b \u2013 \u2013 é Ä",
    "AT&T a & b &unknown; &amp &copyright": "AT&T a & b &unknown; &amp &copyright",
    "a&shy;b &#0;&#xD800;&#1;c": "ab \ufffd\ufffdc",
    # lines
    "== a ==\nb\n===c===\n= d =": "a b c d",
    "a = b\n==": "a = b",
    "* a\n** b\n# c\n#: d\n: e\n; f : g": "a b c d e f : g",
    "a * b # c": "a * b # c",
    "a\n----\nb": "a b",
    "'''a''' ''b'' '''''c''''' l'''d'' don't 'e'": "a b c ld don't 'e'",
    "''''a'''": "'a",
    "__NOTOC__ a __TOC__ __KEIN_INHALTSVERZEICHNIS__ __БЕЗОГЛ__ __目次強制__": "a",
    "__init__ __FILE__ a__b": "__init__ __FILE__ a__b",
    # spellings in several scripts
    "-{zh-hans:计算机; zh-hant:電腦}- -{a}- -{H|zh-cn:b;zh-tw:c}-d": "计算机 a d",
    "-{sr-ec:мир; sr-el:mir}- x-{y": "мир x-{y",
    "-{R|a}- -{zh-hans;zh-hant|b}-": "a b",
    # right to left
    "[[قطة|القطة]] {{قالب}} [[ملف:a.jpg|تصغير|يسار|صورة قطة]] [[تصنيف:حيوانات]]": "القطة صورة قطة",
    "[[קובץ:a.jpg|ממוזער|שמאל|חתול]] '''[[חתול]]'''": "חתול חתול",
}


@pytest.mark.parametrize("wikitext", SEEN)
def test_a_reader_sees(wikitext: str) -> None:
    assert article(wikitext, Names()).split() == SEEN[wikitext].split()


BALANCED = [one for one in SEEN if one.count("{{") == one.count("}}") and not re.search(r"<|--|\{\||\|\}", one)]


@pytest.mark.parametrize("wikitext", BALANCED)
@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("{{t|", " }}"),
        ("{{{p|", " }}}"),
        ("<!--", "-->"),
        ("<ref>", "</ref>"),
        ("\n{|\n|", "\n|}\n"),
        ("<math>", "</math>"),
    ],
)
def test_nothing_is_seen_of_what_stands_in_a_hidden_place(wikitext: str, start: str, end: str) -> None:
    assert article(f"before {start}{wikitext}{end} after", Names()).split() == ["before", "after"]


def test_namespaces_of_the_wiki_are_known_by_their_own_names() -> None:
    names = Names(file=frozenset({"tiedosto x"}), category=frozenset({"laji"}))
    assert article("[[Tiedosto x:a|b]] [[tiedosto_X:a|thumb|c]] [[Laji:d]] [[File:e|f]]", names).split() == [*"bcf"]


UNITS = [
    *[
        "{{",
        "{{a",
        "{{{",
        "}}",
        "}}}",
        "{|",
        "{|a|}",
        "|}",
        "[[",
        "[[a",
        "[[a|",
        "[[File:a|",
        "[[Category:",
        "[[:",
        "]]",
        "[",
        "[http://a",
        "[//a",
        "http://a",
        "<",
        "<a",
        "<ref>",
    ],
    *[
        "<ref",
        "<nowiki>",
        "<nowiki",
        "<pre>",
        "<!--",
        "<!---->",
        "-->",
        "</ref>",
        "<gallery>",
        "<table>",
        "<table",
        "</table>",
        "<math>",
        "-{",
        "-{a",
        "-{a|",
    ],
    *[
        "}-",
        "'",
        "''",
        "'''",
        "'''''",
        "=",
        "*",
        ":",
        ";",
        "#",
        "&a",
        "&#",
        "&",
        "&amp;",
        "__",
        "__A",
        "_",
        "(",
        ")",
        "(;",
        "|",
        "||",
        "!",
        "!!",
        "{{a}}",
        "({{a}}",
        "[[a]]",
        "[[a|b]]",
        "[[[",
        "]]]",
    ],
    *[
        "{{}}",
        "{{{{{",
        "{}",
        "é",
        "́",
        "<br>",
        "</",
        "px",
        "[[http://a",
        "[[File:x|[[",
        "[[a_(",
        "{{a}},",
        "-{H;",
        "<span display:none>",
        "<span display",
        "display",
    ],
    *(
        " ",
        "\n",
        "\n=",
        "\n= ",
        "\n{|",
        "\n{|\n",
        "\n|}",
        "\n|",
        "\n|-",
        "[[File:a|b ",
        "<ref name=a>x",
        "( ",
        "\n----",
    ),
]
ENDS = ["", "]]", "}}", "|}", "-->", "\n"]
PAIRS = [
    *("{{ }}", "{{{ }}}", "[[ ]]", "[[File:a| ]]", "[[a|b| ]]", "{| |}", "<table> </table>", "-{ }-", "[ ]"),
    *("<ref> </ref>", "<!-- -->", "<nowiki> </nowiki>"),
]


def hostile(size: int) -> list[str]:
    """Return pages of openings without ends, of nesting without measure, and of other repetition."""
    repeated = [unit * (size // len(unit)) + end for unit in UNITS for end in ENDS]
    pairs = (pair.split() for pair in PAIRS)
    nested = [first * (size // len(first)) + "x" + last * (size // len(last)) for first, last in pairs]
    gallery = "<gallery>\na|" + "px|" * (size // 3) + "\n</gallery>"
    spaced = [f"=a{' ' * size}b", f"[[a|{' ' * size}]]", f"[[File:a|{'1' * size}px]]", f"__{'A' * size}", gallery]
    return repeated + nested + spaced


def work(page: str) -> int:
    """Return how many functions are called, of C included, and how many characters they are given or give."""
    calls: Counter[str] = Counter()

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        calls[event] += 1

    sys.setprofile(count)
    try:
        seen = article(page, Names())
    finally:
        sys.setprofile(None)
    assert len(seen) <= 2 * len(page)
    return calls.total()


def test_a_page_of_any_repetition_takes_work_in_proportion_to_its_length() -> None:
    for short, long in zip(hostile(400), hostile(1600), strict=True):
        assert work(long) <= 5 * work(short) + 500, long[:40]


@pytest.mark.parametrize("unit", ["{{a", "[[a|", "\n{|", "<ref>", "<!--", "[http://a ", "-{", "<", "&"])
def test_a_page_of_many_characters_without_an_end_is_cleaned(unit: str) -> None:
    assert len(article(unit * (200_000 // len(unit)), Names())) <= 200_000
