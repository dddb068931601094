"""The source of a kind of data: `data.<kind>.source` in params.yaml."""

import difflib
import re
from functools import partial
from pathlib import PurePosixPath
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator

from bakeoff.base.quoting import quoted as plainly
from bakeoff.base.settings import Settings
from bakeoff.data.sources.addresses import LONGEST, redacted, said
from bakeoff.data.sources.catalogue import SOURCES, Kind

HIDES = re.compile(r"([?@]).*", re.S)  # what may be secret in a text that is no address as it should be
RAW = PurePosixPath("data/raw")  # a folder for each kind, on which the stages depend: changed data makes them stale

# What a shell would act on, and what would break a message of one line. No command is ever made of a source; but a
# message that quotes it is pasted into one.
UNSAFE = re.compile(r"""[\x00-\x1f\x7f"'`$\\|&;<>*?]""")


def safe(text: str) -> str:
    """A text that no shell acts on, written as on Linux.

    Raises:
        ValueError: it is empty, an address, a path of Windows, or holds what no name may hold.
    """
    if not text.strip():
        raise ValueError("is empty; name a data set of the catalogue, or a path in data/raw/")
    if address := re.match(r"([A-Za-z][A-Za-z0-9+.-]+):/*", text):
        scheme = address[1].lower()
        if scheme == "file":
            raise ValueError(f"{quoted(text)} is a file:// address; write the path alone, data/raw/KIND/NAME")
        if scheme == "https":
            raise ValueError(f"{quoted(text)} has no digest; write {{url: ADDRESS, sha256: 64 hex digits}}")
        if "://" in text:
            raise ValueError(
                f"{quoted(text)} is not an https address, and only these are fetched; fetch the file yourself"
            )
    if "\\" in text or re.match("[A-Za-z]:", text):
        raise ValueError(f"{quoted(text)} is a Windows path; write the path from the project's folder, with /")
    if found := UNSAFE.search(text):
        raise ValueError(f"{quoted(text)} contains {found[0]!r}, which is not allowed in a name; rename the file")
    return text


def quoted(text: str) -> str:
    """A text in quotes and cut, without the secrets of an address, which may have blanks where none should be."""
    shown = repr(redacted(text) if text.isprintable() and " " not in text else HIDES.sub(r"\1***", text))
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"


def of_kind(kind: Kind, source: "str | Download") -> "str | Download":
    """A source that may stand under `data.<kind>`; of a path the shortest spelling.

    Raises:
        ValueError: it is neither a data set of this kind nor a path in data/raw/<kind>/.
    """
    if not isinstance(source, str) or (source in SOURCES and SOURCES[source].kind == kind):
        return source
    if source in SOURCES or not re.search("[/.~]", source):
        known = {name.lower(): name for name, spec in SOURCES.items() if spec.kind == kind}
        what = f"a data set of the kind '{SOURCES[source].kind}'" if source in SOURCES else "not in the catalogue"
        near = difflib.get_close_matches(source.lower(), known, n=1)
        way_out = (
            f"did you mean '{known[near[0]]}'?"
            if near
            else f"name one of {', '.join(known.values())}, or a path in {RAW / kind}/"
        )
        raise ValueError(f"{quoted(source)} is {what}; {way_out}")
    path, home = PurePosixPath(source), RAW / kind
    if not path.is_relative_to(home) or ".." in path.parts:
        if path.name and path.parent == PurePosixPath() and not source.startswith(("..", "~")):
            # A name alone: the file may be in the project's root, or in its place already.
            raise ValueError(f"{quoted(source)} is not a path in {home}/; put it there, and write {home / path}")
        raise ValueError(
            f"{quoted(source)} should lie in {home}/; copy it there, or link it: ln -s /where/it/is {home}/"
        )
    return str(path)


def https(url: str) -> str:
    """An address that is fetched.

    Raises:
        ValueError: it is no https address, or holds a name or a password.
    """
    if not url.isprintable() or " " in url:
        raise ValueError(f"{quoted(url)} is not an address: it contains blanks or control characters")
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port  # raises where it is no number
    except ValueError as error:
        raise ValueError(f"{quoted(url)} is not an address: {said(error)}") from None
    if parts.scheme != "https" or not host:
        raise ValueError(
            f"{quoted(url)} is not an https address, and only these are fetched, for others can be changed on the way"
        )
    if parts.username is not None:
        raise ValueError(f"the address at {said(host)} contains a name or a password; put them into ~/.netrc")
    return url


def hexadecimal(sha256: str) -> str:
    if not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise ValueError(f"{quoted(sha256)} is not a sha256 (64 hex digits); `sha256sum FILE` prints it")
    return sha256.lower()


class Download(Settings):
    """A file on the web, and the digest by which its bytes are known."""

    url: Annotated[str, AfterValidator(https)]
    sha256: Annotated[str, AfterValidator(hexadecimal)]

    @property
    def shown(self) -> str:
        """The address without the values of its query, which may be secret."""
        return redacted(self.url)


def read(value: Any) -> Any:
    """One alternative alone is tried, so that its errors are not listed beside those of the other."""
    if isinstance(value, dict):
        return Download.model_validate(value)
    if not isinstance(value, str | Download):
        raise ValueError(
            f"is {plainly(value)}; should be a name of the catalogue, a path in data/raw/, or {{url, sha256}}"
        )
    return value if isinstance(value, Download) else safe(value)


Source = Annotated[str | Download, BeforeValidator(read)]
CorpusSource = Annotated[Source, AfterValidator(partial(of_kind, "corpus"))]
TableSource = Annotated[Source, AfterValidator(partial(of_kind, "table"))]
ImagesSource = Annotated[Source, AfterValidator(partial(of_kind, "images"))]
ScansSource = Annotated[Source, AfterValidator(partial(of_kind, "scans"))]
SOURCE_OF: dict[Kind, Any] = {
    "corpus": CorpusSource,
    "table": TableSource,
    "images": ImagesSource,
    "scans": ScansSource,
}
