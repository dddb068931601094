import hashlib
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.limits import Limits
from bakeoff.data.sources import download
from bakeoff.data.sources.addresses import redacted
from bakeoff.data.sources.download import Wanted, fetch

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "limits", Limits)

DATA = bytes(range(256)) * 4096  # 1 MB
Answer = Callable[[BaseHTTPRequestHandler], None]


class Server(ThreadingHTTPServer):
    """Gives one answer after the other over TLS, the last one for ever, and remembers what it was asked."""

    def __init__(self, authority: trustme.CA) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.asked: list[dict[str, str]] = []
        self.answers: list[Answer] = []
        self.closing = threading.Event()

    def url(self, path: str = "/folder/data.bin", host: str = "localhost") -> str:
        return f"https://{host}:{self.server_port}{path}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: clients hang up here on purpose."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        answers = self.server.answers
        self.server.asked.append(dict(self.headers))
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what a server would write about each request."""


def give(
    data: bytes,
    tag: str | None = '"1"',
    stop: int | None = None,
    length: int | None = None,
    ranges: bool = True,
    heeds_tag: bool = True,
    **headers: str,
) -> Answer:
    """The file, or the part asked for; `stop` is where it breaks off and `length` what it says to be sending."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked = handler.headers.get("Range")
        part = ranges and asked is not None and (not heeds_tag or handler.headers.get("If-Range") == tag)
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if part and asked else 0
        handler.send_response(206 if part else 200)
        handler.send_header("Content-Length", str(len(data) - start if length is None else length))
        if part:
            handler.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        for name, value in ({"ETag": tag} if tag else {}).items() | headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data[start:stop])

    return answer


def say(status: int, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def silence(handler: BaseHTTPRequestHandler) -> None:
    assert isinstance(handler.server, Server)
    handler.server.closing.wait(20)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def servers(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Server]]:
    """Makes servers that are trusted, with a cache of the test's own and no patience."""
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("BAKEOFF_MIRROR", raising=False)
    monkeypatch.setattr(download, "WAITS", (0.0, 0.0))
    monkeypatch.setattr(download, "TIMEOUT", (0.5, 0.5))
    made: list[Server] = []

    def make(*answers: Answer) -> Server:
        server = Server(authority)
        server.answers = list(answers)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        made.append(server)
        return server

    yield make
    for server in made:
        server.closing.set()
        server.shutdown()
        server.server_close()


def wanted(server: Server, data: bytes = DATA, algorithm: str = "sha256", **url: str) -> Wanted:
    return Wanted("numbers", server.url(**url), f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}")


def refused(wanted: Wanted) -> str:
    """The one line; and nothing is left that could be taken for the file."""
    with pytest.raises(BadInput) as caught:
        fetch(wanted, LIMITS)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(f"numbers: {wanted.url} ")
    assert "BAKEOFF_MIRROR" in line
    assert not wanted.path.exists()
    return line


def kept(wanted: Wanted) -> list[str]:
    return sorted(path.name for path in wanted.path.parent.iterdir() if path.suffix != ".lock")


@pytest.mark.parametrize("algorithm", ["sha256", "sha1", "md5"])
def test_a_file_is_fetched_once(servers: Callable[..., Server], algorithm: str) -> None:
    server = servers(give(DATA))
    file = wanted(server, algorithm=algorithm)
    assert fetch(file, LIMITS).read_bytes() == DATA
    assert fetch(file, LIMITS) == file.path
    assert len(server.asked) == 1
    assert kept(file) == ["data.bin"]


@pytest.mark.parametrize("tag", ['"1"', None])
def test_what_breaks_off_goes_on_from_there(servers: Callable[..., Server], tag: str | None) -> None:
    date = {"Last_Modified": "Wed, 21 Oct 2015 07:28:00 GMT"}
    whole = give(DATA, tag, **date) if tag else give(DATA, None, heeds_tag=False, **date)
    server = servers(give(DATA, tag, stop=300_000, **date), whole)
    assert fetch(wanted(server), LIMITS).read_bytes() == DATA
    first, second = server.asked
    assert "Range" not in first
    arrived = int(second["Range"].removeprefix("bytes=").removesuffix("-"))
    assert 0 < arrived <= 300_000
    assert second["If-Range"] == (tag or date["Last_Modified"])


def test_a_later_run_goes_on_where_an_earlier_one_gave_up(servers: Callable[..., Server]) -> None:
    server = servers(give(DATA, stop=300_000), say(503))
    line = refused(wanted(server))
    assert "answers 503 Service Unavailable, in 3 attempts" in line
    server.answers = [give(DATA)]
    assert fetch(wanted(server), LIMITS).read_bytes() == DATA
    assert server.asked[-1]["Range"].startswith("bytes=")


def test_a_server_without_ranges_sends_it_all_again(servers: Callable[..., Server]) -> None:
    server = servers(give(DATA, stop=300_000), give(DATA, ranges=False))
    assert fetch(wanted(server), LIMITS).read_bytes() == DATA
    assert len(server.asked) == 2


def test_without_a_tag_no_part_is_trusted(servers: Callable[..., Server]) -> None:
    server = servers(give(DATA, None, stop=300_000), give(DATA, None))
    assert fetch(wanted(server), LIMITS).read_bytes() == DATA
    assert "Range" not in server.asked[1]


@pytest.mark.parametrize("heeds_tag", [True, False])
def test_parts_of_two_versions_are_not_joined(servers: Callable[..., Server], heeds_tag: bool) -> None:
    other = DATA[::-1]
    server = servers(give(DATA, '"1"', stop=300_000), give(other, '"2"', heeds_tag=heeds_tag))
    assert fetch(wanted(server, other), LIMITS).read_bytes() == other


def test_a_weak_tag_is_none(servers: Callable[..., Server]) -> None:
    server = servers(give(DATA, 'W/"1"', stop=300_000), give(DATA, 'W/"1"'))
    assert fetch(wanted(server), LIMITS).read_bytes() == DATA
    assert "Range" not in server.asked[1]


def test_a_redirect_to_another_host_is_followed_and_resumed(servers: Callable[..., Server]) -> None:
    store = servers(give(DATA, stop=300_000), give(DATA))
    front = servers(say(302, Location=store.url(host="127.0.0.1")))
    assert fetch(wanted(front), LIMITS).read_bytes() == DATA
    assert "Range" in store.asked[1]


def test_an_address_is_named_once(servers: Callable[..., Server]) -> None:
    url = servers(say(404)).url()
    with pytest.raises(BadInput, match=rf"^{url} answers 404 Not Found; "):
        fetch(Wanted(url, url, f"sha256:{'0' * 64}"), LIMITS)


@pytest.mark.parametrize("location", ["http://localhost/data.bin", "file:///etc/passwd", "ftp://localhost/data.bin"])
def test_a_redirect_away_from_https_is_refused(servers: Callable[..., Server], location: str) -> None:
    server = servers(say(302, Location=location))
    assert f"leads elsewhere: '{location}' is not an https address" in refused(wanted(server))


def test_redirects_in_a_circle_are_refused(servers: Callable[..., Server]) -> None:
    server = servers(say(301, Location="/folder/data.bin"))
    assert "redirects more than 9 times" in refused(wanted(server))


def test_other_bytes_are_refused_and_thrown_away(servers: Callable[..., Server]) -> None:
    other = b"other bytes"
    file = wanted(servers(give(other)))
    line = refused(file)
    assert f"gave sha256:{hashlib.sha256(other).hexdigest()}: expected {file.digest}" in line
    assert kept(file) == []


def test_more_bytes_than_announced_are_not_taken(servers: Callable[..., Server]) -> None:
    server = servers(give(DATA, length=1000))
    assert hashlib.sha256(DATA[:1000]).hexdigest() in refused(wanted(server))
    server.answers = [give(DATA, length=1000)]
    assert fetch(wanted(server, DATA[:1000]), LIMITS).read_bytes() == DATA[:1000]


def test_fewer_bytes_than_announced_are_not_taken_for_the_file(servers: Callable[..., Server]) -> None:
    server = servers(give(DATA, None, length=len(DATA) + 1000))
    assert "broke off (" in (line := refused(wanted(server)))
    assert "in 3 attempts" in line


def test_a_packed_file_is_kept_packed_whatever_the_server_calls_it(servers: Callable[..., Server]) -> None:
    assert fetch(wanted(servers(give(DATA, Content_Encoding="gzip"))), LIMITS).read_bytes() == DATA


def test_a_missing_page_is_refused_at_once(servers: Callable[..., Server]) -> None:
    server = servers(say(404))
    assert "answers 404 Not Found" in refused(wanted(server))
    assert len(server.asked) == 1


def test_a_busy_server_is_asked_again(servers: Callable[..., Server]) -> None:
    assert fetch(wanted(servers(say(503), say(429), give(DATA))), LIMITS).read_bytes() == DATA


def test_a_silent_server_is_given_up(servers: Callable[..., Server]) -> None:
    assert "timed out), in 3 attempts" in refused(wanted(servers(silence)))


def test_a_stranger_is_refused_at_once(
    servers: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "others.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "others.pem"))
    line = refused(wanted(servers(give(DATA))))
    assert "has a certificate that cannot be verified" in line
    assert "REQUESTS_CA_BUNDLE" in line
    assert "attempts" not in line


def test_an_address_where_nobody_is_is_refused(servers: Callable[..., Server]) -> None:
    server = servers(give(DATA))
    file = wanted(server)
    server.shutdown()
    server.socket.close()
    assert "Connection refused), in 3 attempts" in refused(file)


def test_what_was_changed_in_the_cache_is_fetched_anew(servers: Callable[..., Server]) -> None:
    server = servers(give(DATA))
    file = wanted(server)
    fetch(file, LIMITS).write_bytes(DATA[:-1] + b"?")
    assert fetch(file, LIMITS).read_bytes() == DATA
    assert len(server.asked) == 2


def test_a_cache_that_cannot_be_is_named(
    servers: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "file/cache"))
    with pytest.raises(BadInput, match=r"file/cache.*: Not a directory; .*set BAKEOFF_CACHE to"):
        fetch(wanted(servers(give(DATA))), LIMITS)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://a/b/text8.zip?download=1", "text8.zip"),
        ("https://a/b/", "data"),
        ("https://a/b/..", "data"),
        ("https://a/%2e%2e%2f.%24(x)%00.bin", "__x__.bin"),
    ],
)
def test_an_address_names_no_file_outside_the_cache(url: str, name: str) -> None:
    assert Wanted("", url, "sha256:0").file_name == name


def test_two_processes_fetch_a_file_once(servers: Callable[..., Server]) -> None:
    def slowly(handler: BaseHTTPRequestHandler) -> None:
        assert isinstance(handler.server, Server)
        handler.server.closing.wait(0.3)
        give(DATA)(handler)

    server = servers(slowly)
    file = wanted(server)
    code = f"from bakeoff.data.sources.download import *; print(digest(fetch({file!r}, {LIMITS!r}), 'sha256:'))"
    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert all(file.digest in process.communicate(timeout=60)[0] for process in both)
    assert len(server.asked) == 1


def test_a_stage_fetches_what_params_yaml_names(servers: Callable[..., Server], project: Any) -> None:
    text = b"one two three four five " * 1000
    server = servers(give(text, stop=10_000), give(text))
    project.set(data__corpus__source={"url": server.url(), "sha256": hashlib.sha256(text).hexdigest()})
    ended = project.run("ingest_corpus")
    assert ended.returncode == 0, ended.stderr
    assert "broke off" in ended.stdout
    assert "Range" in server.asked[1]
    assert (project.root / "data/corpus/tokens.npy").exists()
    assert project.run("ingest_corpus").returncode == 0
    assert len(server.asked) == 2


def trickle(handler: BaseHTTPRequestHandler) -> None:
    """Ten bytes every tenth of a second, without an end."""
    assert isinstance(handler.server, Server)
    handler.send_response(200)
    handler.end_headers()
    while not handler.server.closing.wait(0.1):
        handler.wfile.write(b"0123456789")


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(DATA)


def test_a_server_that_is_too_slow_is_given_up(servers: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "WINDOW", 0.25)
    monkeypatch.setattr(download, "WAITS", ())
    line = refused(wanted(servers(trickle)))
    assert "sends less than 1000 bytes a second (limits.download_rate), in 1 attempts" in line


@pytest.mark.parametrize("answer", [endless, give(DATA), give(DATA, length=10**15)], ids=["endless", "large", "lie"])
def test_a_file_larger_than_the_limit_is_refused_and_nothing_kept(
    servers: Callable[..., Server], answer: Answer
) -> None:
    server = servers(answer)
    file = wanted(server)
    with pytest.raises(BadInput, match=r"is larger than 500000 bytes \(params\.yaml: limits\.download_bytes\)"):
        fetch(file, LIMITS.model_copy(update={"download_bytes": 500_000}))
    assert len(server.asked) == 1
    assert kept(file) == []


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><html>Log in", b"\xef\xbb\xbf\n <HTML>blocked by your proxy"])
def test_the_page_of_a_proxy_is_named_as_one(servers: Callable[..., Server], page: bytes) -> None:
    assert ", an HTML page, as proxies and logins send it" in refused(wanted(servers(give(page))))


def test_the_body_of_a_redirect_is_not_read(servers: Callable[..., Server]) -> None:
    store = servers(give(DATA))

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", store.url())
        handler.end_headers()
        while True:
            handler.wfile.write(DATA)

    assert fetch(wanted(servers(answer)), LIMITS).read_bytes() == DATA


def rude(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(404, "\x1b[31mgo \x07away" + "y" * 5000)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def test_the_words_of_a_server_are_cleaned_and_cut(servers: Callable[..., Server]) -> None:
    line = refused(wanted(servers(rude)))
    assert line.isprintable()
    assert len(line) < 500


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_where_a_server_leads_is_said_without_secrets(servers: Callable[..., Server], status: int) -> None:
    place = "http://me:s3cret@localhost/x?X-Amz-Signature=t0ken" + "z" * 5000
    line = refused(wanted(servers(say(status, Location=place))))
    assert "http://***@localhost/x?X-Amz-Signature=***" in line
    assert "s3cret" not in line and "t0ken" not in line and len(line) < 500


@pytest.mark.parametrize("answers", [[say(404)], [say(503)], [give(b"other")], [give(DATA, stop=9)], [silence]])
def test_no_secret_of_an_address_is_printed(
    servers: Callable[..., Server], answers: list[Answer], capsys: pytest.CaptureFixture[str]
) -> None:
    server = servers(*answers)
    url = server.url("/data.bin?token=t0ken&sig=s3cret")
    shown = redacted(url)
    assert shown.endswith("/data.bin?token=***&sig=***")
    with pytest.raises(BadInput) as caught:
        fetch(Wanted(shown, url, f"sha256:{'0' * 64}"), LIMITS)
    captured = capsys.readouterr()
    for text in (str(caught.value), captured.out, captured.err):
        assert "t0ken" not in text and "s3cret" not in text
    assert str(caught.value).startswith(f"{shown} ")


@pytest.mark.parametrize(
    "answer",
    [
        say(206),
        say(206, **{"Content-Range": "bytes 5-9/10"}),
        say(206, **{"Content-Range": "lies"}),
        say(302),
        say(302, Location="https://[bad"),
        say(302, Location="//"),
        say(204),
        say(401),
        say(407),
    ],
    ids=range(9),
)
def test_an_answer_that_is_no_file_is_refused(servers: Callable[..., Server], answer: Answer) -> None:
    refused(wanted(servers(answer)))


@contextmanager
def mirror(folder: Path, **files: bytes) -> Iterator[None]:
    for name, data in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    os.environ["BAKEOFF_MIRROR"] = str(folder)
    try:
        yield
    finally:
        del os.environ["BAKEOFF_MIRROR"]


@pytest.mark.parametrize("place", [hashlib.sha256(DATA).hexdigest(), "data_dot_bin", "numbers__data_dot_bin"])
def test_a_mirror_stands_for_the_web(servers: Callable[..., Server], tmp_path: Path, place: str) -> None:
    server = servers(give(DATA))
    with mirror(tmp_path / "mirror", **{place: DATA}):
        assert fetch(wanted(server), LIMITS).is_relative_to(tmp_path / "mirror")
    assert server.asked == []


def test_of_two_files_of_one_name_the_right_one_is_taken(servers: Callable[..., Server], tmp_path: Path) -> None:
    file = wanted(servers(give(DATA)))
    with mirror(tmp_path / "mirror", data_dot_bin=b"another set's", numbers__data_dot_bin=DATA):
        assert fetch(file, LIMITS).read_bytes() == DATA


def test_other_bytes_in_the_mirror_are_refused(servers: Callable[..., Server], tmp_path: Path) -> None:
    other = hashlib.sha256(b"other").hexdigest()
    file = wanted(servers(give(DATA)))
    with mirror(tmp_path / "mirror", data_dot_bin=b"other"), pytest.raises(BadInput) as caught:
        fetch(file, LIMITS)
    assert f"{file.digest} was not found in BAKEOFF_MIRROR={tmp_path}/mirror" in str(caught.value)
    assert f"(…/data.bin has sha256:{other})".replace("…", str(tmp_path / "mirror")) in str(caught.value)


def test_what_a_mirror_lacks_is_named_with_its_place(servers: Callable[..., Server], tmp_path: Path) -> None:
    server = servers(give(DATA))
    file = wanted(server)
    with mirror(tmp_path / "mirror", else_dot_bin=b""), pytest.raises(BadInput) as caught:
        fetch(file, LIMITS)
    line = str(caught.value)
    assert line.startswith(
        f"numbers: {file.digest} was not found in BAKEOFF_MIRROR={tmp_path}/mirror; fetch {file.url} "
    )
    assert line.endswith(f"put it there as data.bin or {file.hex}")
    assert server.asked == []


def test_a_mirror_that_is_no_folder_is_named(servers: Callable[..., Server], tmp_path: Path) -> None:
    file = wanted(servers(give(DATA)))
    with mirror(tmp_path / "gone"), pytest.raises(BadInput, match=r"BAKEOFF_MIRROR=.*/gone: expected a folder"):
        fetch(file, LIMITS)
