"""The words that a reader of a page sees, out of its wikitext.

Tables, templates, references and formulas vanish: what a reader sees of them is no running text, or is not in the dump.
The order of the steps is MediaWiki's own: first what brackets whole stretches (comments, extension tags, templates),
then tables, HTML tags, links, lines, and character references last.

Every step takes time in proportion to the length of the page, whatever the page holds: no pattern searches twice over
the same stretch, quantifiers are possessive where two neighbours could share characters, and what is sought from many
places and is missing is sought once.
"""

import html
import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.entities import html5

from bakeoff.data.corpus import wiki_names
from bakeoff.data.corpus.wiki_names import words

# Characters that XML excludes replace removed text: a verbatim part by its number, and a gap.
VERBATIM_START, VERBATIM_END, GAP = "\x01", "\x02", "\x03"

SHOWN = words("nowiki pre syntaxhighlight source")  # their content is shown unchanged
UNSEEN = words("includeonly indicator section templatedata templatestyles")  # of which no trace is seen
HIDDEN = UNSEEN | words(
    """ref references math chem ce timeline score hiero graph mapframe maplink imagemap inputbox
    categorytree charinsert phonos dynamicpagelist rss talkpage
    randomimage mapsources quiz listing staff"""
)
BLOCK = words(
    """address article aside blockquote br caption center dd div dl dt figcaption figure footer gallery h1 h2
    h3 h4 h5 h6 header hr li main nav ol p poem section table tbody td tfoot th thead tr ul"""
)
INLINE = words(
    """a abbr b bdi bdo big cite code data del dfn em font i img ins kbd link mark meta noinclude nobr
    onlyinclude q rb rbc rp rt rtc ruby s samp small span strike strong sub sup time translate tt tvar u var
    wbr languages lang"""
)

OPENINGS = 10_000  # unclosed braces that are remembered; the oldest are taken for text
NESTING = 8  # depth of links inside links; no page shows one of more than two

STRETCH = re.compile(rf"<!--|<({'|'.join(sorted(SHOWN | HIDDEN))})(?=[\s/>])|\{{\{{+|\}}\}}+", re.IGNORECASE)
END_TAG = {name: re.compile(rf"</{name}\s*+>", re.IGNORECASE) for name in SHOWN | HIDDEN | {"gallery"}}
GALLERY = re.compile(r"<gallery(?=[\s/>])[^<>]*+>", re.IGNORECASE)

TABLE = re.compile(r"\{\|(?!\})|\|\}(?!\})|</?[Tt][Aa][Bb][Ll][Ee](?=[\s>])[^<>]*+>")
INDENTATION = 40  # characters before a table, of a line that it begins
# A table whose start or end is missing, or is in a template.
ROW = re.compile(r"^[ \t:]*+(?:(?:\{\||\|-)[^\n]*+|\|[}+]|[|!](?:[^\n|\[\]=]*+=[^\n|\[\]]*+\|(?!\|))?)", re.MULTILINE)
CELLS = re.compile(r"\|\||!!")

TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9]*+)(?=[\s/>\\])[^<>]*+>")
SPAN = re.compile(r"<(span|div)\s([^<>]*+)>[^<]*+</\1\s*+>", re.IGNORECASE)
INVISIBLE = re.compile(r"display\s*+:\s*+none", re.IGNORECASE)
VARIANT = re.compile(r"-\{([^{}]*+)\}-")
FLAGS = re.compile(r"\s*+(?:[A-Z]|-|[a-z]{2,3}(?:-[a-z]+)*)(?:\s*+;\s*+(?:[A-Z]|-|[a-z]{2,3}(?:-[a-z]+)*))*\s*+")
RULE = re.compile(r"\s*+(?:[^;:=>]*+=>\s*+)?[a-z]{2,3}(?:-[a-z]+)*\s*+:(.*)", re.DOTALL)
LINK = re.compile(r"\[\[((?:[^\[\]]++|\[(?!\[)|\](?!\]))*)\]\]")

SCHEME = r"(?:https?|ftps?|sftp|ircs?|git|svn|gopher|telnet|nntp|worldwind|redis|mms|ssh)://"
ADDRESS = r"[^\s\[\]<>\"\x01-\x03]"
EXTERNAL = re.compile(
    rf"\[(?:{SCHEME}|//|(?:mailto|news|tel|sms|sips?|urn|xmpp|bitcoin|magnet|geo):){ADDRESS}*+[^\S\n]*+([^\[\]\n]*+)\]",
    re.IGNORECASE,
)
URL = re.compile(rf"(?<![A-Za-z0-9_])(?:{SCHEME}|mailto:){ADDRESS}++", re.IGNORECASE)

HEADING = re.compile(r"\n=[^\n]*=[ \t]*+(?=\n)")
LINE_START = re.compile(r"\n(?:[*#:;]++[ \t]*+|-{4,}+)")
QUOTES = re.compile(r"''+")
MAGIC_WORD = re.compile(r"__(\w{1,40}?)__")
ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
VERBATIM = re.compile(f"{VERBATIM_START}([0-9]+){VERBATIM_END}")
EMPTIED = re.compile(rf"\([\s,;:]*+{GAP}[\s,;:{GAP}]*+\)?+")  # where templates left parentheses, or their start, empty
GAPS = re.compile(f"{GAP}+")


@dataclass(frozen=True)
class Names:
    """A wiki's names of the namespaces of files and categories, in lower case."""

    file: frozenset[str] = wiki_names.FILE
    category: frozenset[str] = wiki_names.CATEGORY


def article(text: str, names: Names) -> str:
    """Return what a reader of a page sees of its wikitext; no control characters may stand in it."""
    stretches = Stretches(text)
    text = without_tables(without_galleries(stretches.rest()))
    if "<" in text:
        text = SPAN.sub(lambda match: "" if INVISIBLE.search(match[2]) else match[0], text)
        text = TAG.sub(tag, text)
    if "-{" in text:
        text = VARIANT.sub(variant, text)
    text = without_links(text, names)
    text = HEADING.sub(lambda match: "\n" + match[0].strip("\n= \t"), f"\n{text}\n")
    text = LINE_START.sub("\n", text)
    text = QUOTES.sub(lambda match: "'" * (1 if len(match[0]) == 4 else max(len(match[0]) - 5, 0)), text)
    if "__" in text:
        text = MAGIC_WORD.sub(lambda match: "" if is_magic(match[1]) else match[0], text)
    if "&" in text:
        text = ENTITY.sub(character, text)
    text = VERBATIM.sub(lambda match: stretches.verbatim[int(match[1])], text)
    text = GAPS.sub(gap, EMPTIED.sub(lambda match: "" if match[0][-1] == ")" else "(", text))
    return text[1:-1].replace("\u00ad", "")  # a soft hyphen is seen at the end of a line alone


@dataclass
class Stretches:
    """A page and the stretches of it that comments, extension tags and templates take.

    Attributes:
        verbatim: text that is shown as it stands, by number.
        taken: (start, end, what stands there instead), in the order of the page.
    """

    text: str
    verbatim: list[str] = field(default_factory=list)
    taken: list[tuple[int, int, str]] = field(default_factory=list)

    def rest(self) -> str:
        """Return the page with each stretch exchanged for what stands for it."""
        text, at = self.text, 0
        openings: deque[tuple[int, int]] = deque(maxlen=OPENINGS)
        endless: set[str] = set()  # ends that do not come any more
        while found := STRETCH.search(text, at):
            start, at = found.span()
            if found[1]:
                at = self._tag(found[1].lower(), start, at, endless)
            elif text[start] == "<":
                end = text.find("-->", at)
                at = len(text) if end < 0 else end + 3
                self.taken.append((start, at, ""))
            elif text[start] == "{":
                openings.append((start, at - start))
            else:
                self._close(openings, start, at)
        return exchanged(text, self.taken)

    def _tag(self, name: str, start: int, at: int, endless: set[str]) -> int:
        """Take an extension tag with its content; return where to go on. One without an end is text."""
        if ">" in endless or (close := self.text.find(">", at)) < 0:
            endless.add(">")
            return at
        if self.text[close - 1] == "/":
            self.taken.append((start, close + 1, "" if name in SHOWN | UNSEEN else GAP))
            return close + 1
        end = None if name in endless else END_TAG[name].search(self.text, close + 1)
        if not end:
            endless.add(name)
            return at
        if name in SHOWN:
            instead = f"{VERBATIM_START}{len(self.verbatim)}{VERBATIM_END}"
            self.verbatim.append(ENTITY.sub(character, self.text[close + 1 : end.start()]))
        else:
            instead = "" if name in UNSEEN else GAP
        self.taken.append((start, end.end(), instead))
        return end.end()

    def _close(self, openings: deque[tuple[int, int]], at: int, end: int) -> None:
        """Take the templates that a run of closing braces ends: three braces by three, or else two by two."""
        while end - at >= 2 and openings:
            start, braces = openings.pop()
            matched = 3 if braces >= 3 and end - at >= 3 else 2
            left, at = braces - matched, at + matched
            while self.taken and self.taken[-1][0] >= start + left:
                self.taken.pop()
            self.taken.append((start + left, at, GAP))
            if left >= 2:
                openings.append((start, left))


def exchanged(text: str, taken: Iterable[tuple[int, int, str]]) -> str:
    """Return the text with stretches of it, in order, exchanged for other text."""
    pieces, at = [], 0
    for start, end, instead in taken:
        pieces += [text[at:start], instead]
        at = end
    return "".join([*pieces, text[at:]])


def without_galleries(text: str) -> str:
    """Return the text with the captions alone of its galleries."""
    taken: list[tuple[int, int, str]] = []
    at = 0
    while found := GALLERY.search(text, at):
        end = END_TAG["gallery"].search(text, found.end())
        if not end:
            break
        at = end.end()
        lines = (line.partition("|")[2] for line in text[found.end() : end.start()].split("\n"))
        taken.append((found.start(), at, "\n".join(["", *(without_options(line) for line in lines if line), ""])))
    return exchanged(text, taken)


def without_options(line: str) -> str:
    """Return the caption of a line of a gallery: what follows its options."""
    parts = line.split("|")
    options = next((at for at, part in enumerate(parts) if not is_option(part)), len(parts))
    return "|".join(parts[options:])


def without_tables(text: str) -> str:
    """Return the text without its tables; of one that is not closed, the text of its cells."""
    taken: list[tuple[int, int, str]] = []
    openings: dict[str, list[tuple[int, bool]]] = {"wiki": [], "html": []}  # where, and whether it begins a line
    newline = -1
    open_ended = False
    for found in TABLE.finditer(text):
        token = found[0]
        kind = "html" if token[0] == "<" else "wiki"
        if token != "|}" and token[1] != "/":
            openings[kind].append((found.start(), kind == "html" or begins_line(text, found.start())))
            continue
        if not openings[kind]:
            open_ended = open_ended or begins_line(text, found.start())
            continue
        start, certain = openings[kind].pop()
        if not certain:  # braces and bars occur in formulas; a table has more than one line
            if newline < start:
                newline = text.find("\n", start)
                newline = len(text) if newline < 0 else newline
            if newline > found.start():
                continue
        for inner in openings.values():
            while inner and inner[-1][0] > start:
                inner.pop()
        while taken and taken[-1][0] >= start:
            taken.pop()
        taken.append((start, found.end(), "\n"))
    text = exchanged(text, taken)
    if open_ended or any(certain for _, certain in openings["wiki"]):
        text = CELLS.sub(" ", ROW.sub("", text))
    return text


def begins_line(text: str, at: int) -> bool:
    """Return whether white space and colons alone stand before a place in its line."""
    before = text[max(at - INDENTATION, 0) : at]
    line = before.rpartition("\n")
    return not line[2].strip(" \t:") and (bool(line[1]) or at <= INDENTATION)


def tag(match: re.Match[str]) -> str:
    """Return a line break for an HTML tag that makes a block, nothing for another one; what is no tag stays."""
    name = match[1].lower()
    return "\n" if name in BLOCK else "" if name in INLINE else GAP if name in SHOWN | HIDDEN else match[0]


def variant(match: re.Match[str]) -> str:
    """Return the first spelling that a language with several scripts has: -{zh-hans:计算机; zh-hant:電腦}-."""
    text = match[1]
    flags, bar, rules = text.partition("|")
    if bar and len(flags) < 200 and FLAGS.fullmatch(flags):
        shown = {flag.strip() for flag in flags.split(";")}
        if shown & {"H", "T", "-"}:
            return ""
        if "R" in shown:
            return rules
        text = rules
    first = RULE.match(text.partition(";")[0])
    return first[1].strip() if first else text


def without_links(text: str, names: Names) -> str:
    """Return the text with what each link shows: the innermost first, for captions hold links."""
    for _ in range(NESTING):
        if "[[" not in text:
            break
        text, changes = LINK.subn(lambda match: shown(match[1], names), text)
        if not changes:
            break
    text = EXTERNAL.sub(lambda match: match[1] or GAP, text)
    return URL.sub(after_address, text) if "://" in text or "mailto:" in text.lower() else text


def after_address(match: re.Match[str]) -> str:
    """Return the punctuation after an address, which is no part of it."""
    marks = ",;.:!?" if "(" in match[0] else ",;.:!?)"
    return GAP + match[0][len(match[0].rstrip(marks)) :]


def shown(link: str, names: Names) -> str:
    """Return what a reader sees of a link, given without its brackets."""
    target, bar, label = link.partition("|")
    if ":" in target:
        page = target.strip()
        prefix = " ".join(page.lstrip(":").partition(":")[0].replace("_", " ").lower().split())
        if not page.startswith(":"):
            if prefix in names.file:
                return caption(label)
            if prefix in names.category or prefix in wiki_names.LANGUAGES:
                return ""
        if URL.match(page):
            return f"[{page} {label}]"
        target = page.removeprefix(":")
    if not bar:
        return target
    if "\n" in target:  # no link, but text between brackets
        return f"{target} {label}"
    return label if label.strip() else re.sub(r" ?\([^()]*+\)$", "", target.rpartition(":")[2])


def caption(parts: str) -> str:
    """Return the caption of an image: the last part that is no option."""
    for part in reversed(parts.split("|")):
        if not is_option(part):
            return f"\n{part}\n"
    return GAP


def is_option(part: str) -> bool:
    """Return whether a part of an image's link says how to show it."""
    name = " ".join(part[:200].lower().split())
    if not name or (len(part) < 200 and (name in wiki_names.IMAGE_OPTIONS or wiki_names.OPTION.fullmatch(name))):
        return True
    key, equals, _ = name.partition("=")
    return bool(equals) and key.strip() in wiki_names.IMAGE_KEYS


def is_magic(word: str) -> bool:
    """Return whether a word between double underscores is a switch; of other scripts, each without lower case is."""
    name = word.lower().replace("_", " ")
    return name in wiki_names.MAGIC_WORDS or (not word.isascii() and word == word.upper())


def character(match: re.Match[str]) -> str:
    """Return the character of a reference; a name that HTML does not have stays."""
    if match[0][1] == "#":
        return html.unescape(match[0])
    return html5.get(match[0][1:], match[0])


def gap(match: re.Match[str]) -> str:
    """Return a space for what was taken out between two words, nothing for it beside punctuation."""
    before, after = match.string[match.start() - 1 : match.start()], match.string[match.end() : match.end() + 1]
    return " " if before.isalnum() and after.isalnum() else ""
