"""Sources that are refused, by the stage itself: what the user wrote, what is wrong with it, and the way out."""

import os
from pathlib import Path
from typing import Any

import pytest

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
    "nothing": (None, f"{KEY}: is None; should be a name of the catalogue"),
    "file-in-the-root": ("a.txt", f"{KEY}: 'a.txt' {TO_RAW}"),
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
    "folder-in-a-file": ("data/raw/corpus/a.txt/b", "data/raw/corpus/a.txt/b: cannot be read: Not a directory; "),
    "dangling-link": (
        "data/raw/corpus/dangling",
        "data/raw/corpus/dangling: is a link to gone.txt, which is not there; ",
    ),
    "link-to-itself": (
        "data/raw/corpus/loop",
        "data/raw/corpus/loop: cannot be read: Too many levels of symbolic links; ",
    ),
    "pipe": ("data/raw/corpus/pipe", "data/raw/corpus/pipe: is neither a file nor a folder; name one of these"),
    "device": ("data/raw/corpus/zero", "data/raw/corpus/zero: is neither a file nor a folder; name one of these"),
    "long-name": (f"data/raw/corpus/{'a' * 300}", f"{'a' * 300}: cannot be read: File name too long; "),
    "command": ("$(touch here)", f"{KEY}: '$(touch here)' holds '$', which no name may hold; rename the file"),
    "command-in-a-path": ("data/raw/corpus/a;id", f"{KEY}: 'data/raw/corpus/a;id' holds ';', which no name may hold"),
    "back-ticks": ("`id`", f"{KEY}: '`id`' holds '`', which no name may hold"),
    "glob": ("data/raw/corpus/*.txt", f"{KEY}: 'data/raw/corpus/*.txt' holds '*', which no name may hold"),
    "new-line": ("data/raw/corpus/a\nb", rf"{KEY}: 'data/raw/corpus/a\nb' holds '\n', which no name may hold"),
    "address-without-digest": (
        "https://example.org/a.txt",
        f"{KEY}: 'https://example.org/a.txt' comes without its digest; write {{url: ADDRESS, sha256: 64 hex digits}}",
    ),
    "plain-http": (
        {"url": "http://example.org/a.txt", "sha256": SHA256},
        f"{KEY}.url: 'http://example.org/a.txt' is no https address, and nothing else is fetched",
    ),
    "file-address": (
        {"url": "file:///etc/passwd", "sha256": SHA256},
        f"{KEY}.url: 'file:///etc/passwd' is no https address",
    ),
    "address-without-host": ({"url": "https:///a.txt", "sha256": SHA256}, f"{KEY}.url: 'https:///a.txt' is no https"),
    "password-in-an-address": (
        {"url": "https://me:secret@example.org/a.txt", "sha256": SHA256},
        f"{KEY}.url: the address at example.org holds a name or a password; put them into ~/.netrc",
    ),
    "blank-in-an-address": (
        {"url": "https://example.org/a b", "sha256": SHA256},
        f"{KEY}.url: 'https://example.org/a b' is no address: it holds blanks or control characters",
    ),
    "short-digest": (
        {"url": "https://example.org/a.txt", "sha256": "abc"},
        f"{KEY}.sha256: 'abc' is no sha256, which has 64 hex digits; `sha256sum FILE` prints it",
    ),
    "no-digest": ({"url": "https://example.org/a.txt"}, f"{KEY}.sha256 is missing"),
    "md5": (
        {"url": "https://example.org/a.txt", "md5": SHA256[:32], "sha256": SHA256},
        f"{KEY}.md5 is not a setting",
    ),
    "not-in-the-mirror": (
        {"url": "https://example.org/a.txt", "sha256": SHA256},
        f"https://example.org/a.txt: sha256:{SHA256} is not in BAKEOFF_MIRROR=mirror; fetch https://example.org/a.txt "
        f"where there is a network, and put it there as a.txt or {SHA256}",
    ),
    "catalogue-not-in-the-mirror": (
        "text8",
        "is not in BAKEOFF_MIRROR=mirror (mirror/text8.zip has sha1:",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_source_that_is_none_is_refused(project: Any, name: str) -> None:
    source, line = REFUSED[name]
    project.put("data/raw/corpus/a.txt", "a b c")
    project.put("data/raw/table/a.csv", "a,b\n1,2\n")
    project.put("a.txt", "a b c")
    project.put("mirror/text8.zip", "not text8")
    corpus: Path = project.root / "data/raw/corpus"
    (corpus / "dangling").symlink_to("gone.txt")
    (corpus / "loop").symlink_to("loop")
    (corpus / "zero").symlink_to("/dev/zero")
    os.mkfifo(corpus / "pipe")
    project.set(data__corpus__source=source)
    said = project.refusal(
        "ingest_corpus", "data/corpus/tokens.npy", "data/corpus/vocabulary.csv", BAKEOFF_MIRROR="mirror"
    )
    assert line in said
    assert not (project.root / "here").exists()
