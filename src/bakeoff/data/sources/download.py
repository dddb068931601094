"""Fetches files from the web, or from the folder that stands for it if there is none.

Only https, and never anything whose digest is not known beforehand: what arrives is used once it has that digest, and
is thrown away if it has another.
"""

import hashlib
import os
import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

from bakeoff.base.progress import Progress
from bakeoff.base.settings import BadInput
from bakeoff.data.limits import Limits
from bakeoff.data.sources import cache
from bakeoff.data.sources.addresses import redacted, said
from bakeoff.data.sources.settings import https

if TYPE_CHECKING:
    from requests import Response, Session

BLOCK = 1 << 18
TIMEOUT = 10.0, 30.0  # seconds to connect, and between two packets
WAITS = 1.0, 2.0, 4.0, 8.0  # seconds before another attempt, when one breaks off
REDIRECTS = 10
WINDOW = 60.0  # seconds over which the rate of a download is measured


class Broken(Exception):
    """An attempt that broke off; the next one goes on from there."""


@dataclass(frozen=True)
class Wanted:
    """A file on the web, and the digest by which it is known.

    Attributes:
        name: of the data set, or the address as messages show it; the place in messages.
        digest: `algorithm:hex`.
    """

    name: str
    url: str
    digest: str

    @property
    def hex(self) -> str:
        return self.digest.partition(":")[2]

    @property
    def file_name(self) -> str:
        last = unquote(urlsplit(self.url).path).rpartition("/")[2]
        return re.sub(r"[^\w.+-]", "_", last).lstrip(".") or "data"

    @property
    def path(self) -> Path:
        """The path in the cache."""
        return cache.folder() / "downloads" / self.hex / self.file_name

    def places(self, mirror: Path) -> list[Path]:
        """The paths in a mirror. Data sets with files of one name, as MNIST and Fashion-MNIST, have folders."""
        return [mirror / self.hex, mirror / self.name / self.file_name, mirror / self.file_name]


def here(wanted: Wanted) -> bool:
    """Whether the file is in the cache or the mirror, whatever its bytes."""
    mirror = os.environ.get("BAKEOFF_MIRROR")
    return any(place.is_file() for place in [wanted.path, *(wanted.places(Path(mirror)) if mirror else ())])


def fetch(wanted: Wanted, limits: Limits) -> Path:
    """The file's path: in the cache, or in the mirror where one is set, or in the cache once it is fetched.

    Raises:
        BadInput: it cannot be had, or is not the file that was promised.
    """
    path = wanted.path
    with cache.making(path):
        if path.is_file() and digest(path, wanted.digest) == wanted.digest:
            return path
        if mirror := os.environ.get("BAKEOFF_MIRROR"):
            return mirrored(wanted, Path(mirror))
        partial = Partial(path.with_name(f".partial-{path.name}"))
        for wait in (*WAITS, None):
            try:
                attempt(wanted, partial, limits)
                break
            except Broken as error:
                if wait is None:
                    raise refusal(wanted, f"{error}, in {len(WAITS) + 1} attempts") from None
                print(f"{wanted.name}: {error}; once more in {wait:.0f} s", flush=True)
                time.sleep(wait)
        found = digest(partial.path, wanted.digest)
        if found != wanted.digest:
            page = ", an HTML page, as proxies and logins send it" if is_page(partial.path) else ""
            partial.remove()
            raise refusal(wanted, f"gave {found}{page}: expected {wanted.digest}, so nothing was kept")
        partial.path.replace(path)
        partial.remove()
    return path


def mirrored(wanted: Wanted, mirror: Path) -> Path:
    """The file in a folder that stands for the web, where it may lie under its digest or its name.

    Raises:
        BadInput: it is missing, or is another file.
    """
    if not mirror.is_dir():
        raise BadInput(f"BAKEOFF_MIRROR={mirror}: expected a folder; name one, or unset the variable")
    found = {place: digest(place, wanted.digest) for place in wanted.places(mirror) if place.is_file()}
    for place, its in found.items():
        if its == wanted.digest:
            return place
    wrong = "".join(f" ({place} has {its})" for place, its in found.items())
    raise BadInput(
        f"{wanted.name}: {wanted.digest} was not found in BAKEOFF_MIRROR={mirror}{wrong}; fetch {redacted(wanted.url)} "
        f"where there is a network, and put it there as {wanted.file_name} or {wanted.hex}"
    )


@dataclass(frozen=True)
class Partial:
    """The part of a file that has arrived, and the tag that the server gave to the whole file."""

    path: Path

    @property
    def _tag(self) -> Path:
        return self.path.with_name(f"{self.path.name}.tag")

    def state(self) -> tuple[int, str]:
        """How many bytes are here, and the tag; none if no tag tells what they are part of."""
        if not self.path.is_file() or not self._tag.is_file():
            return 0, ""
        return self.path.stat().st_size, self._tag.read_text(encoding="utf-8")

    def begin(self, tag: str) -> None:
        self.remove()
        self.path.touch()
        if tag:
            self._tag.write_text(tag, encoding="utf-8")

    def remove(self) -> None:
        self._tag.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)


def attempt(wanted: Wanted, partial: Partial, limits: Limits) -> None:
    """One request, which goes on where the last one broke off, unless the file is another by now.

    Raises:
        Broken: it broke off; another attempt may get further.
        BadInput: the server refuses, or leads away from https.
    """
    import requests  # takes a tenth of a second, and few stages fetch
    import urllib3

    size, tag = partial.state()
    headers = {"Accept-Encoding": "identity"}  # many servers call a .tar.gz a .tar in transport
    if size:
        headers |= {"Range": f"bytes={size}-", "If-Range": tag}
    try:
        with plain_session() as session, get(session, wanted, headers) as response:
            receive(wanted, partial, response, limits)
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        cause: BaseException = error
        while cause.__context__:
            cause = cause.__context__
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise refusal(
                wanted,
                f"has a certificate that cannot be verified ({said(cause)}; REQUESTS_CA_BUNDLE names the authorities)",
            ) from None
        raise Broken(f"broke off ({said(cause)})") from None


def plain_session() -> "Session":
    """A session that does not follow redirects: requests reads the body of each, however long, even if told not to."""
    import requests

    class PlainSession(requests.Session):
        def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002
            return None

    return PlainSession()


def get(session: "Session", wanted: Wanted, headers: dict[str, str]) -> "Response":
    """The answer at the end of all redirects, each to https, on whatever host."""
    url = wanted.url
    for _ in range(REDIRECTS):
        response = session.get(url, headers=headers, stream=True, timeout=TIMEOUT, allow_redirects=False)
        if not response.is_redirect:
            return response
        response.close()
        try:
            url = https(urljoin(url, response.headers["Location"]))
        except ValueError as error:
            raise refusal(wanted, f"leads elsewhere: {said(error)}") from None
    raise refusal(wanted, f"redirects more than {REDIRECTS - 1} times")


def receive(wanted: Wanted, partial: Partial, response: "Response", limits: Limits) -> None:
    """Write what comes behind what is here, or in its place where the server starts again."""
    size, tag = partial.state()
    its_tag = strong(response.headers)
    if response.status_code == 416 or (response.status_code == 206 and its_tag not in ("", tag)):
        partial.remove()
        raise Broken("has changed the file during the download")
    if response.status_code == 429 or response.status_code >= 500:
        raise Broken(f"answers {response.status_code} {said(response.reason)}")
    if response.status_code == 200:
        size = 0
        partial.begin(its_tag)
    elif response.status_code != 206 or not response.headers.get("Content-Range", "").startswith(f"bytes {size}-"):
        raise refusal(wanted, f"answers {response.status_code} {said(response.reason)}")
    total = size + (response.raw.length_remaining or 0)
    check_size(wanted, partial, total, limits)
    with partial.path.open("ab") as file, Progress(total, wanted.name, unit="bytes") as progress:
        progress.advance(size)
        began, measured = time.monotonic(), 0
        # Read what is available, not whole blocks, so that a server with a byte per minute is noticed.
        while block := response.raw.read1(BLOCK, decode_content=False):
            file.write(block)
            size, measured = size + len(block), measured + len(block)
            check_size(wanted, partial, size, limits)
            progress.advance(len(block))
            if (seconds := time.monotonic() - began) > WINDOW:
                if measured < limits.download_rate * seconds:
                    raise Broken(f"sends less than {limits.download_rate} bytes a second (limits.download_rate)")
                began, measured = time.monotonic(), 0
        os.fsync(file.fileno())


def check_size(wanted: Wanted, partial: Partial, size: int, limits: Limits) -> None:
    """Refuse a download that is, or says that it will be, larger than the limit; nothing of it is kept."""
    if size > limits.download_bytes:
        partial.remove()
        raise refusal(wanted, f"is larger than {limits.download_bytes} bytes (params.yaml: limits.download_bytes)")


def strong(headers: Mapping[str, str]) -> str:
    """The ETag, unless it is weak and allows for other bytes; else the date of the last change."""
    tag = headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified", "")


def refusal(wanted: Wanted, problem: str) -> BadInput:
    url = redacted(wanted.url)
    place = url if wanted.name == url else f"{wanted.name}: {url}"
    return BadInput(
        f"{place} {problem}; try later, or put {wanted.file_name} into a folder and set BAKEOFF_MIRROR to that"
    )


def is_page(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html"))


def digest(path: Path, like: str) -> str:
    """Return the digest of a file, by the algorithm of another digest: `sha256:0123…`."""
    algorithm = like.partition(":")[0]
    with path.open("rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"
