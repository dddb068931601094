"""The report as one self-contained HTML file: contents, fold-outs, sortable tables, light, dark and print style.

Everything can be read without the script, which turns the headings of tables into buttons.
"""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from html import escape
from itertools import count, pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bakeoff.report.formatting import FIGURES

# Colours by their use. Text, quiet text and links are on the page or on a raised surface.
LIGHT = {
    "page": "#ffffff",
    "raised": "#f4f6f8",
    "text": "#1f2328",
    "quiet": "#57606a",
    "link": "#0a58ca",
    "line": "#d0d7de",
}
DARK = {
    "page": "#16191d",
    "raised": "#22272e",
    "text": "#e6e9ec",
    "quiet": "#aab4be",
    "link": "#8ab4f8",
    "line": "#3d444d",
}


def variables(colours: Mapping[str, str]) -> str:
    """Return the colours as variables of CSS."""
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())


# Figures have a white background, also on a dark page. On a narrow screen they scroll rather than shrink.
STYLE = f"""
:root {{ color-scheme: light dark; {variables(LIGHT)} }}
@media (prefers-color-scheme: dark) {{ :root {{ {variables(DARK)} }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0 auto; max-width: 62em; padding: 1em; font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
  background: var(--page); color: var(--text); }}
h1 {{ line-height: 1.2; }}
h2 {{ margin-top: 2.5em; border-bottom: 1px solid var(--line); }}
a {{ color: var(--link); }}
nav ul {{ display: flex; flex-wrap: wrap; gap: .2em 1.2em; margin: .3em 0; padding: 0; list-style: none; }}
nav {{ margin: 1em 0; padding: .5em 1em; background: var(--raised); }}
code {{ padding: .1em .25em; background: var(--raised); border-radius: 3px; font-size: 90%; }}
details {{ margin: 1em 0; border: 1px solid var(--line); border-radius: 4px; padding: 0 1em; }}
summary {{ padding: .5em 0; cursor: pointer; }}
summary h3 {{ display: inline; font-size: 1.05em; }}
.wide {{ overflow-x: auto; margin: 1em 0; }}
.wide > p {{ margin: 0; }}
table {{ border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }}
th, td {{ padding: .25em .8em .25em 0; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; }}
th {{ color: var(--quiet); font-weight: normal; vertical-align: bottom; }}
th button {{ padding: .2em 0; border: 0; background: none; color: inherit; font: inherit; text-align: left;
  cursor: pointer; text-decoration: underline dotted; }}
th[aria-sort=ascending] button::after {{ content: " \\2191"; }}
th[aria-sort=descending] button::after {{ content: " \\2193"; }}
img {{ display: block; max-width: 100%; height: auto; padding: .4em; background: #ffffff; border-radius: 4px; }}
:focus-visible {{ outline: 2px solid var(--link); outline-offset: 2px; }}
@media (max-width: 46em) {{ img {{ max-width: max(100%, 44em); }} }}
@media print {{
  :root {{ color-scheme: light; {variables(LIGHT)} }}
  body {{ max-width: none; padding: 0; font-size: 10pt; }}
  nav {{ display: none; }}
  details {{ border: 0; padding: 0; }}
  details::details-content {{ content-visibility: visible; height: auto; }}
  summary {{ list-style: none; }}
  .wide {{ overflow: visible; }}
  table {{ font-size: 7pt; }}
  th, td {{ white-space: normal; padding-right: .5em; }}
  th button {{ text-decoration: none; }}
  img, tr, h2, h3 {{ break-inside: avoid; }}
  h2, h3, summary {{ break-after: avoid; }}
  img {{ max-width: 100%; padding: 0; }}
}}
"""

# The first click sorts in ascending order, the second in descending order, the third restores the original order.
# Numbers come before words, and cells without a number come last in both directions.
SCRIPT = r"""
"use strict";
const UNITS = {min: 60, kB: 1e3, MB: 1e6, GB: 1e9};
const NUMBER = /^<?\s*([-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?)(?:\s*(min|kB|MB|GB)\b)?/;
const valued = (row, column) => {
  const text = row.cells[column].textContent.trim();
  const found = NUMBER.exec(text);
  const number = found ? Number(found[1].replaceAll(",", "")) * (UNITS[found[2]] || 1) : NaN;
  return {row, text, number, empty: text === "" || text === "\u2013" || text === "never"};
};
const upwards = (a, b) => {
  if (!isNaN(a.number) && !isNaN(b.number)) return a.number - b.number;
  if (isNaN(a.number) !== isNaN(b.number)) return isNaN(a.number) ? 1 : -1;
  return a.text.localeCompare(b.text, "en", {numeric: true});
};
const sort = (body, order, column, direction) => {
  const rows = order.map((row) => valued(row, column));
  const full = rows.filter((found) => !found.empty).sort((a, b) => direction * upwards(a, b));
  body.append(...full.concat(rows.filter((found) => found.empty)).map((found) => found.row));
};
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  if (!body || body.rows.length < 2) continue;
  const order = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (!head.textContent.trim()) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const before = head.getAttribute("aria-sort");
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      if (before === "descending") {
        body.append(...order);
        return;
      }
      head.setAttribute("aria-sort", before ? "descending" : "ascending");
      sort(body, order, column, before ? -1 : 1);
    });
  });
}
const folded = [];
addEventListener("beforeprint", () => {
  folded.push(...document.querySelectorAll("details:not([open])"));
  folded.forEach((part) => { part.open = true; });
});
addEventListener("afterprint", () => folded.splice(0).forEach((part) => { part.open = false; }));
"""

# Only the script that sorts tables may run. Nothing is loaded and no form is sent: the file contains style, script and
# pictures.
POLICY = (
    "default-src 'none'; img-src data:; style-src 'sha256-{style}'; script-src 'sha256-{script}'; base-uri 'none'; "
    "form-action 'none'"
)
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}</main>
<script>{script}</script>
</body>
</html>
"""
MARKDOWN = (
    MarkdownIt("commonmark", {"html": False, "xhtmlOut": False})
    .enable("table")
    .disable(["link", "autolink", "html_inline"])
)
UNFOLDED = ("recommendations",)  # sections whose parts are not folded
PART, SECTION = "h3", "h2"


def as_html(markdown: str, pictures: Mapping[str, bytes]) -> str:
    """Return one file that needs no other: the pictures (PNG, by name) are inside."""
    tokens = identified(MARKDOWN.parse(markdown))
    title = next((title for tag, _, title in headings(tokens) if tag == "h1"), "Results")
    body = MARKDOWN.renderer.render(list(arranged(tokens)), MARKDOWN.options, {})
    body = re.sub(f'src="{FIGURES}/([^"]+)"', partial(embedded, pictures=pictures), body)
    policy = POLICY.format(style=digest(STYLE), script=digest(SCRIPT))
    return PAGE.format(policy=policy, title=escape(title), style=STYLE, script=SCRIPT, body=body)


def digest(text: str) -> str:
    """Return the sha256 by which a policy admits a style or a script."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def embedded(source: re.Match[str], pictures: Mapping[str, bytes]) -> str:
    return f'src="data:image/png;base64,{base64.b64encode(pictures[source[1]]).decode()}"'


def identified(tokens: Sequence[Token]) -> list[Token]:
    """Give each heading an id, made of its text, and that of a part of its section's id too."""
    taken: set[str] = set()
    section = ""
    for heading, inline in pairwise(tokens):
        if heading.type == "heading_open":
            name = re.sub(r"[^a-z0-9]+", "-", shown(inline).lower()).strip("-") or "part"
            if heading.tag == SECTION:
                section = name
            elif heading.tag == PART:
                name = f"{section}-{name}"
            numbered = (f"{name}-{number}" for number in count(2))
            unique = name if name not in taken else next(one for one in numbered if one not in taken)
            taken.add(unique)
            heading.attrSet("id", unique)
    return list(tokens)


def headings(tokens: Sequence[Token]) -> list[tuple[str, str, str]]:
    """Return tag, id and text of each heading."""
    return [
        (heading.tag, str(heading.attrGet("id")), shown(inline))
        for heading, inline in pairwise(tokens)
        if heading.type == "heading_open"
    ]


def shown(inline: Token) -> str:
    """Return the text of a heading or a caption, without marks."""
    return "".join(shown(child) if child.children else child.content for child in inline.children or [])


def raw(html: str) -> Token:
    return Token("html_block", "", 0, content=f"{html}\n")


def arranged(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield the tokens of the page, with contents before its first section, fold-outs, and places that scroll."""
    section, fold, scrolls, listed = "", False, False, False
    place = ""  # the last heading, which names a table
    tables = 0
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            if token.tag in (PART, SECTION) and fold:
                yield raw("</details>")
                fold = False
            place = shown(tokens[index + 1])
            if token.tag == SECTION:
                section = str(token.attrGet("id"))
                if not listed:
                    yield contents(tokens)
                    listed = True
            elif token.tag == PART and section not in UNFOLDED:
                yield raw("<details>\n<summary>")
                fold = True
        if token.type == "table_open":
            tables += 1
            yield raw(scrolling(f"Table {tables}: {place}"))
        if token.type == "paragraph_open" and is_picture(tokens[index + 1]):
            scrolls = True
            yield raw(scrolling(f"Figure: {shown(tokens[index + 1])}"))
        yield token
        if token.type == "heading_close" and token.tag == PART and fold:
            yield raw("</summary>")
        if token.type == "table_close" or (token.type == "paragraph_close" and scrolls):
            scrolls = False
            yield raw("</div>")
    if fold:
        yield raw("</details>")


def is_picture(inline: Token) -> bool:
    """Return whether a paragraph is a picture and nothing else."""
    return [child.type for child in inline.children or []] == ["image"]


def scrolling(name: str) -> str:
    """Return the start of a place that scrolls sideways where it is too wide, by the keyboard too."""
    return f'<div class="wide" tabindex="0" role="group" aria-label="{escape(name)}">'


def contents(tokens: Sequence[Token]) -> Token:
    """Return a list of the sections."""
    links = "\n".join(
        f'<li><a href="#{name}">{escape(text)}</a></li>' for tag, name, text in headings(tokens) if tag == SECTION
    )
    return raw(f'<nav aria-label="Contents">\n<ul>\n{links}\n</ul>\n</nav>')
