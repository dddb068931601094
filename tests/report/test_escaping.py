"""A name is shown as it is, and does nothing, wherever it stands."""

import base64
import hashlib
import re
import unicodedata
from html.parser import HTMLParser

import numpy as np
import pytest
from markdown_it import MarkdownIt

from bakeoff.report.escaping import LONGEST, code, label, plain, visible
from bakeoff.report.figures.contest import samples, segmentations
from bakeoff.report.figures.word_maps import draw
from bakeoff.report.formatting import table
from bakeoff.report.web_page import SCRIPT, as_html

GITHUB = MarkdownIt("commonmark").enable(["table", "strikethrough"])  # takes HTML, and links


class Text(HTMLParser):
    """The text of each cell, and all tags with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))
        if tag in ("th", "td"):
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


def same(shown: str, name: str) -> bool:
    """Blanks at the ends of a cell, and of code, belong to Markdown."""
    return shown.strip() == visible(name).strip()


def test_a_cell_shows_its_text_and_nothing_else(hostile: str) -> None:
    page = Text(GITHUB.render(table([hostile, "last"], [[hostile, "last"]])))
    assert [tag for tag, _ in page.tags] == ["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"]
    assert not any(attributes for _, attributes in page.tags)
    header, _, cell, last = (cell.rstrip("\n") for cell in page.cells)
    assert same(header, hostile) and same(cell, hostile) and last == "last"


def test_code_shows_its_text_and_nothing_else(hostile: str) -> None:
    page = Text(GITHUB.render(table(["", "last"], [[code(hostile), "last"]])))
    assert {tag for tag, _ in page.tags} <= {"table", "thead", "tr", "th", "tbody", "td", "code"}
    *_, cell, last = (cell.rstrip("\n") for cell in page.cells)
    assert same(cell, hostile) and last == "last"


def test_a_sentence_shows_it_too(hostile: str) -> None:
    tokens = GITHUB.parse(f"It is {plain(hostile)}, and **that** is all.")
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    kinds = [child.type for child in tokens[1].children or []]
    assert kinds.count("strong_open") == 1
    assert set(kinds) <= {"text", "text_special", "strong_open", "strong_close"}


def test_nothing_that_is_not_seen_is_left(hostile: str) -> None:
    for shown in (visible(hostile), plain(hostile), code(hostile), label(hostile)):
        assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in shown)
        assert len(shown) <= 2 * LONGEST + 3 and shown.isprintable()


def test_what_is_harmless_stays_as_it_is() -> None:
    for name in ("sched_dep_time", "naïve", "日本語", "C++ & more", "< 0.001", "3 x 3", "a-b.c", "can't", "x > 1 (%)"):
        assert visible(name) == plain(name) == label(name) == name
    assert plain("a <b") == "a &#60;b" and plain("x_") == r"x\_"
    assert visible("a\u200db") == "a\u200db"  # joins letters of Persian and emojis
    assert code("a`b") == "`` a`b ``"


def as_dict(tag: tuple[str, list[tuple[str, str | None]]]) -> tuple[str, dict[str, str | None]]:
    return tag[0], dict(tag[1])


def test_the_page_forbids_all_scripts_but_its_own_and_addresses() -> None:
    page = as_html("# Title\n\n<script>alert(1)</script>\n\n[x](https://evil.example) <https://evil.example>\n", {})
    found = Text(page)
    policies = [
        dict(attributes)["content"]
        for tag, attributes in found.tags
        if tag == "meta" and "http-equiv" in dict(attributes)
    ]
    (policy,) = policies
    assert policy is not None and policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy and "http" not in policy and "'self'" not in policy
    assert re.findall(r"script-src ([^;]*);", policy) == [f"'sha256-{digest(SCRIPT)}'"]
    assert not {"a", "iframe", "link"} & {tag for tag, _ in found.tags}
    assert re.findall("<script[^>]*>(.*?)</script>", page, re.DOTALL) == [SCRIPT]
    assert page.index("Content-Security-Policy") < page.index("<style>")


def digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@pytest.mark.parametrize("tag", ["style", "script"])
def test_the_policy_admits_the_style_and_the_script_of_the_page(tag: str) -> None:
    page = as_html("text", {})
    inside = re.search(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    assert inside
    assert f"{tag}-src 'sha256-{digest(inside[1])}'" in page


PIXELS = np.linspace(0, 1, 2 * 3 * 5 * 4).reshape(2, 3, 5, 4)
MASKS = np.arange(40).reshape(2, 5, 4) % 2


def test_no_name_stops_a_figure(every_hostile: list[str]) -> None:
    """Half a formula raises an error, a leading underscore hides an entry, a control character warns of its glyph."""
    count = len(every_hostile)
    places = np.random.default_rng(0).uniform(size=(count, 2))
    for figure in (
        samples([PIXELS[:1]] * count, every_hostile),
        segmentations(PIXELS, MASKS, MASKS, every_hostile),
        draw("title", every_hostile, places, {"group": every_hostile[::2]}),
    ):
        assert figure.startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["_lesion", "$\\alpha$"])
def test_a_legend_names_every_class_as_it_is(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.text import Text as Drawn

    drawn: list[tuple[str, bool]] = []
    preprocess = Drawn._preprocess_math

    def noted(self: Drawn, text: str) -> tuple[str, bool]:
        found: tuple[str, bool] = preprocess(self, text)
        drawn.append(found)
        return found

    monkeypatch.setattr(Drawn, "_preprocess_math", noted)
    segmentations(PIXELS, MASKS, MASKS, ["background", name])
    assert (name, False) in drawn
