"""Where a kind of data comes from: `data.<kind>.source` in params.yaml."""

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator

from bakeoff.settings import Settings

Kind = Literal["corpus", "table", "images", "scans"]

# What a shell would act on, and what would break a message of one line. No command is ever made of a source; but a
# message that quotes it is pasted into one.
UNSAFE = re.compile(r"""[\x00-\x1f\x7f"'`$\\|&;<>*?]""")


def safe(text: str) -> str:
    if not text:
        raise ValueError("is empty; name a data set of the catalogue, or a path in data/raw/")
    if found := UNSAFE.search(text):
        raise ValueError(f"{text!r} holds {found[0]!r}, which no name may hold; rename the file")
    return text


def https(url: str) -> str:
    if not url.isprintable() or " " in url:
        raise ValueError(f"{url!r} is no address: it holds blanks or control characters")
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError(f"{url!r} is no https address, and nothing else is fetched: on its way anyone can change it")
    if parts.username is not None:
        raise ValueError(f"the address at {parts.hostname} holds a name or a password; they would be recorded")
    return url


def hexadecimal(sha256: str) -> str:
    if not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise ValueError(f"{sha256!r} is no sha256, which has 64 hex digits; `sha256sum FILE` prints it")
    return sha256.lower()


class Download(Settings):
    """A file on the web, and the digest by which its bytes are known."""

    url: Annotated[str, AfterValidator(https)]
    sha256: Annotated[str, AfterValidator(hexadecimal)]


def read(value: Any) -> Any:
    """One alternative alone is tried, so that its errors are not listed beside those of the other."""
    if isinstance(value, dict):
        return Download.model_validate(value)
    if not isinstance(value, str | Download):
        raise ValueError(f"is {value!r}; should be a name of the catalogue, a path in data/raw/, or {{url, sha256}}")
    if isinstance(value, str) and "://" in value:
        raise ValueError(f"{value!r} comes without its digest; write {{url: {value}, sha256: 64 hex digits}}")
    return value if isinstance(value, Download) else safe(value)


Source = Annotated[str | Download, BeforeValidator(read)]
