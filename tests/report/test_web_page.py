"""The HTML file: valid, in order, readable in light and dark, and small."""

import re
from html.parser import HTMLParser
from itertools import pairwise, product
from pathlib import Path

import pytest

from bakeoff.report.web_page import DARK, LIGHT, POLICY, SCRIPT, STYLE, as_html

ROOT = Path(__file__).parents[2]
MOST_BYTES = 5_000_000
VOID = {"meta", "img", "br", "hr"}
# Colours of text and of the surfaces that it stands on; 4.5 is the contrast that WCAG 2.1 AA asks of text.
TEXT, SURFACES = ("text", "quiet", "link"), ("page", "raised")

PAGE = """# A report

Opening.

## Recommendations

### images

**Use cnn**.

### table

Text.

## Protocol

In short.

### The contest in full

| a | b |
| --- | --- |
| 1 | 2 |

## images

![caption of *it*](figures/one.png)

### Gain on images

Words ![inline](figures/one.png) and words.

| a | |
| --- | --- |
| 1 | |
"""


class Tree(HTMLParser):
    """Checks that each tag is closed in order; notes ids, links and the tags around each tag."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None], tuple[str, ...]]] = []
        self.feed(page)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        assert len(found) == len(attrs), attrs
        self.tags.append((tag, found, tuple(self.open)))
        if found.get("id"):
            self.ids.append(str(found["id"]))
        if tag == "a":
            self.links.append(str(found["href"]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag not in VOID, tag
        assert self.open.pop() == tag

    def around(self, tag: str) -> list[tuple[str, ...]]:
        """The tags around each tag of a name."""
        return [parents for name, _, parents in self.tags if name == tag]


@pytest.fixture(scope="module")
def whole() -> str:
    """The page of the committed report, with its figures."""
    pictures = {path.name: path.read_bytes() for path in (ROOT / "reports/figures").glob("*.png")}
    return as_html((ROOT / "reports/report.md").read_text(encoding="utf-8"), pictures)


MADE = as_html(PAGE, {"one.png": b"picture"})


@pytest.mark.parametrize("page", [MADE, "whole", as_html("", {}), as_html("# Only a title\n", {})])
def test_tags_are_closed_in_order_and_each_link_leads_to_one_place(page: str, whole: str) -> None:
    tree = Tree(whole if page == "whole" else page)
    assert len(tree.ids) == len(set(tree.ids))
    assert all(link.removeprefix("#") in tree.ids for link in tree.links)
    levels = [int(tag[1]) for tag, _, _ in tree.tags if re.fullmatch(r"h\d", tag)]
    assert all(deeper - level <= 1 for level, deeper in pairwise(levels))


def test_the_page_is_one_file_of_at_most_five_megabytes(whole: str) -> None:
    assert len(whole.encode()) <= MOST_BYTES
    found = {(tag, name) for tag, attributes, _ in Tree(whole).tags for name in attributes if name in ("src", "href")}
    assert found <= {("img", "src"), ("a", "href")}
    assert all(source.startswith("data:image/png;base64,") for source in re.findall(r'src="([^"]*)"', whole))


def test_the_contents_list_the_sections_before_the_first_of_them() -> None:
    tree = Tree(MADE)
    assert tree.links == ["#recommendations", "#protocol", "#images"]
    assert MADE.index("<nav") < MADE.index("<h2") and MADE.index("Opening.") < MADE.index("<nav")
    assert MADE.count("<nav") == 1 and "<nav" not in as_html("# Title\n\nText.\n", {})


def test_parts_are_folded_but_for_those_that_say_what_to_use() -> None:
    parts = [(attributes["id"], "details" in parents) for tag, attributes, parents in Tree(MADE).tags if tag == "h3"]
    assert parts == [
        ("recommendations-images", False),
        ("recommendations-table", False),
        ("protocol-the-contest-in-full", True),
        ("images-gain-on-images", True),
    ]
    assert all(parents[-1] == "summary" for parents in Tree(MADE).around("h3") if "details" in parents)
    assert not any("details" in parents for parents in Tree(MADE).around("h2"))


@pytest.mark.parametrize(
    "titles", [["a", "a", "a"], ["A b", "a-b", "a  b!"], ["\N{SNOWMAN}", "?", "part"], ["a", "a-2", "a"]]
)
def test_headings_that_are_alike_have_ids_of_their_own(titles: list[str]) -> None:
    tree = Tree(as_html("\n\n".join(f"## {title}" for title in titles), {}))
    assert len(set(tree.ids)) == len(titles) and [link[1:] for link in tree.links] == tree.ids


@pytest.mark.parametrize("text", ["a & b", "x < y", '"quoted"', "it's", "`code`", "**bold** text"])
def test_a_heading_is_in_the_contents_as_it_is_shown(text: str) -> None:
    page = as_html(f"## {text}\n", {})
    link = re.search(r'<li><a href="#[^"]*">(.*)</a></li>', page)
    assert link and "<" not in link[1]
    heading = re.search("<h2[^>]*>(.*)</h2>", page)
    assert heading and re.sub("<[^>]*>", "", heading[1]).replace("'", "&#x27;") == link[1]


def test_tables_and_pictures_scroll_by_the_keyboard_too_and_have_names() -> None:
    tree = Tree(MADE)
    places = [attributes for tag, attributes, _ in tree.tags if attributes.get("class") == "wide"]
    assert [place["aria-label"] for place in places] == [
        "Table 1: The contest in full",
        "Figure: caption of it",
        "Table 2: Gain on images",
    ]
    assert all(place["tabindex"] == "0" and place["role"] == "group" for place in places)
    assert all("div" in parents for parents in tree.around("table"))
    assert all(attributes.get("alt") for tag, attributes, _ in tree.tags if tag == "img")
    assert "overflow-x: auto" in STYLE and "initial-scale=1" in MADE


def luminance(colour: str) -> float:
    """The relative luminance of a colour, as WCAG 2.1 defines it."""
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def test_a_contrast_by_hand() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert contrast("#777777", "#ffffff") < 4.5


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "surface"), list(product(TEXT, SURFACES)))
def test_text_stands_out(colours: dict[str, str], text: str, surface: str) -> None:
    assert contrast(colours[text], colours[surface]) >= 4.5


def test_every_colour_is_one_of_those_that_were_measured() -> None:
    written = set(re.findall(r"#[0-9a-f]{6}", STYLE)) - {*LIGHT.values(), *DARK.values()}
    assert not written
    assert set(re.findall(r"var\(--(\w+)\)", STYLE)) == {*TEXT, *SURFACES, "line"}
    assert LIGHT.keys() == DARK.keys()
    assert not re.search(r"opacity|rgb|hsl", STYLE)


def test_dark_pages_print_light_and_figures_keep_a_light_plate() -> None:
    assert "prefers-color-scheme: dark" in STYLE and "@media print" in STYLE
    printed = STYLE[STYLE.index("@media print") :]
    assert all(f"--{name}: {colour};" in printed for name, colour in LIGHT.items())
    assert re.search(r"\nimg \{[^}]*background: #ffffff", STYLE)


def test_the_page_asks_for_nothing_from_elsewhere(whole: str) -> None:
    assert "http" not in STYLE + SCRIPT + POLICY and "url(" not in STYLE and "import" not in SCRIPT
    assert not re.search(r"innerHTML|eval|Function\(|fetch|localStorage", SCRIPT)
    assert not re.search(r'\bstyle="|\son\w+="', whole)  # the policy forbids both
    assert "</script" not in SCRIPT and "</style" not in STYLE
