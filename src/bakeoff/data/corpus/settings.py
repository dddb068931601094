"""Settings of a text: `data.<name>` of the kind `corpus` in params.yaml."""

import difflib
from encodings.aliases import aliases
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from bakeoff.base.settings import Settings
from bakeoff.base.values import Positive
from bakeoff.data.sources.settings import CorpusSource

# Text encodings to Python, but made to write something else down: source code, host names, mail headers.
NO_TEXT = {"unicode_escape", "raw_unicode_escape", "idna", "punycode", "undefined", "utf_7", "utf7"}

# Of a dump; a plain text is never cleaned. article: what a reader of the articles sees; wikifil: the rules that made
# text8, on all pages; none: the articles with their wikitext.
Cleaning = Literal["article", "wikifil", "none"]
Tokens = Literal["text8", "unicode", "spaces"]


def encoding(name: str) -> str:
    try:
        "a".encode(name)
        known = name.lower().replace("-", "_") not in NO_TEXT
    except (LookupError, ValueError):  # a name that no codec bears, or that no codec may bear
        known = False
    if not known:
        near = difflib.get_close_matches(name.lower().replace("-", "_"), {*aliases, *aliases.values()}, n=1)
        hint = f"did you mean '{near[0]}'?" if near else "try utf-8, latin-1 or utf-16"
        raise ValueError(f"{name!r} is no text encoding that Python knows; {hint}")
    return name


class CorpusSettings(Settings):
    kind: Literal["corpus"]
    source: CorpusSource
    take: Positive | None
    encoding: Annotated[str, AfterValidator(encoding)]
    cleaning: Cleaning
    tokens: Tokens
    vocabulary_size: Annotated[int, Field(ge=2, le=2**24)]
    minimum_count: Positive
