"""The text of a dump's articles, and what was left out of it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bakeoff.data.corpus import wiki_names
from bakeoff.data.corpus.article import article
from bakeoff.data.corpus.dump import Page, Wiki, pages
from bakeoff.data.corpus.settings import Cleaning

BATCH = 1 << 18  # characters of pages that are handed on together

REDIRECT = re.compile(r"\s*#\s*([^\W\d][\w -]{1,30}?)\s*:?\s*\[\[")  # of old dumps, which have no tag for it
WIKITEXT = {"", "wikitext"}


@dataclass
class Census:
    """Numbers of pages of a dump that were read, and of those that were left out, by reason."""

    articles: int = 0
    redirects: int = 0
    elsewhere: int = 0
    other_models: int = 0
    empty: int = 0
    deleted: int = 0
    missing: int = 0
    revised: int = 0

    def __str__(self) -> str:
        left_out = {
            "redirects": self.redirects,
            "pages of other namespaces": self.elsewhere,
            "pages of other models than wikitext": self.other_models,
            "empty pages": self.empty,
            "deleted texts": self.deleted,
            "texts that the dump does not have": self.missing,
        }
        told = [f"articles: {self.articles}"]
        if any(left_out.values()):
            told.append("left out: " + ", ".join(f"{what} {count}" for what, count in left_out.items() if count))
        if self.revised:
            told.append(f"pages of which the newest of several revisions was read: {self.revised}")
        return "; ".join(told)


def articles(name: str, blocks: Iterable[bytes], cleaning: Cleaning, whole: bool, census: Census) -> Iterator[bytes]:
    """Yield the articles of a dump, in UTF-8; the pages are counted on the way."""
    wiki = Wiki()
    names = wiki.names
    batch: list[str] = []
    size = 0
    for page in pages(name, blocks, wiki, whole):
        if not counted(page, wiki, census):
            continue
        if census.articles == 1:
            names = wiki.names
        batch.append(article(page.text, names) if cleaning == "article" else page.text)
        size += len(batch[-1])
        if size >= BATCH:
            yield "\n\n".join([*batch, ""]).encode()
            batch, size = [], 0
    yield "\n\n".join([*batch, ""]).encode()


def counted(page: Page, wiki: Wiki, census: Census) -> bool:
    """Count a page; return whether it is an article."""
    census.revised += page.revisions > 1
    if page.redirect or is_redirect(page.text):
        census.redirects += 1
    elif not wiki.is_main(page):
        census.elsewhere += 1
    elif page.model.strip() not in WIKITEXT:
        census.other_models += 1
    elif page.deleted:
        census.deleted += 1
    elif not page.text and page.size not in (None, "0"):
        census.missing += 1
    elif not page.text:
        census.empty += 1
    else:
        census.articles += 1
        return True
    return False


def is_redirect(text: str) -> bool:
    """Return whether a text begins as redirects do, in one of the languages that are known."""
    found = REDIRECT.match(text)
    return found is not None and " ".join(found[1].replace("_", " ").lower().split()) in wiki_names.REDIRECT
