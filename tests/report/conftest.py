"""Names that try to break out of a page, and a comparison to show."""

import pytest
from simulated_contest import comparison, curves_csv, records

__all__ = ["comparison", "curves_csv", "records"]

# Names that a word, a column, a class or a file may have.
HOSTILE = {
    "script": "<script>alert(1)</script>",
    "script in capitals": "</SCRIPT ><ScRiPt src=//evil.example>",
    "image with a handler": "<img src=x onerror=alert(1)>",
    "end of the style": "</style><svg/onload=alert(1)>",
    "end of the page": "</td></table></body></html>",
    "comment": "<!-- results -->",
    "declaration": "<!DOCTYPE html>",
    "instruction": "<?php echo 1?>",
    "attribute": '" onmouseover=alert(1) x="',
    "entity": "&lt;script&gt; &#60;b&#62; &amp;",
    "link": "[click](javascript:alert(1))",
    "picture": "![x](figures/metric-images.png)",
    "picture from elsewhere": "![x](https://evil.example/p.png)",
    "automatic link": "<javascript:alert(1)>",
    "address": "<https://evil.example>",
    "reference": "[a][b] [^1] [x]",
    "emphasis": "**bold** __bold__ *slanted* _slanted_ ~~struck~~",
    "one mark": "*",
    "underscores": "_leading trailing_ sched_dep_time __init__",
    "code": "`code` ``more`` `",
    "backticks alone": "```",
    "pipes": "a|b||c",
    "backslash and pipe": "a\\|b\\\\|c\\",
    "backslashes": "\\*no\\_ \\\\ \\`",
    "lines": "one\ntwo\r\nthree",
    "heading after a line": "x\n# heading\n\n| a | b |\n| --- | --- |",
    "line separators": "a\u2028b\u2029c\x85d",
    "broken formula": "$x^{$",
    "formula": "$\\alpha$ and $$\\frac{1}{0}$$",
    "escaped dollar": "\\$x^{\\$",
    "one dollar": "US$",
    "colours of a terminal": "\x1b[31mred\x1b[0m\x07\x08",
    "zero": "a\0b",
    "turned round": "\u202egpj.exe\u202c \u2066x\u2069",
    "unseen": "ad\u200bmin\ufeff\u00ad",
    "half of a pair": "\ud800",
    "formula of a spreadsheet": "=cmd|'/C calc'!A0",
    "format": "{0} {name} %s {{x}} {style}",
    "long": "x" * 5000,
    "empty": "",
    "blank": "  ",
}


@pytest.fixture(params=HOSTILE.values(), ids=HOSTILE.keys())
def hostile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def every_hostile() -> list[str]:
    return list(HOSTILE.values())
