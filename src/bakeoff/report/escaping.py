"""Text that is the user's (words, names of columns, classes and files, addresses), made harmless where it is shown."""

import re
import unicodedata

LONGEST = 1000  # characters shown in a cell of a page
LABEL = 40  # characters shown in a figure

# What is not seen but changes how the rest is seen: marks of direction, spaces without width, tags.
UNSEEN = frozenset(map(chr, [0xAD, 0x61C, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF]))
UNSEEN |= frozenset(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xE0000, 0xE0080)]))
CONTROL = ("Cc", "Cs", "Zl", "Zp")  # categories of Unicode: control characters, halves of pairs, ends of lines

MARKS = re.compile(r"[\\`*\[\]{}~]|(?<![^\W_])_|_(?![^\W_])")  # an underscore inside a word marks nothing
ENTITIES = re.compile(r"<(?=[A-Za-z/!?])|&(?=[A-Za-z#])|\$")  # GitHub typesets text between two $


class Markup(str):
    """Markdown that a table takes as it is."""

    __slots__ = ()


def visible(text: str, longest: int = LONGEST) -> str:
    """Return the text on one line, cut where it is longer, control characters as escapes: `\\n`, `\\u202e`."""
    shown = "".join(shown_as(character) for character in text[: longest + 1])
    return shown if len(text) <= longest else shown[:longest] + "…"


def shown_as(character: str) -> str:
    unseen = character in UNSEEN or unicodedata.category(character) in CONTROL
    return character.encode("unicode_escape").decode("ascii") if unseen else character


def plain(text: str) -> Markup:
    """Return Markdown that shows this text, in which nothing is a mark, a tag, a link or a formula."""
    marked = MARKS.sub(r"\\\g<0>", visible(text))
    return Markup(ENTITIES.sub(lambda found: f"&#{ord(found[0])};", marked))


def code(text: str) -> Markup:
    """Return Markdown that shows this text as code."""
    shown = visible(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    space = " " if len(fence) > 1 or not shown else ""
    return Markup(f"{fence}{space}{shown}{space}{fence}")


def label(text: str) -> str:
    """Return text for a figure: matplotlib typesets what stands between two $ that have no backslash before them."""
    return visible(text, LABEL).replace("$", r"\$")
