"""What the stage that ingests a text refuses, and how; then what it takes. Every case runs the real stage."""

import bz2
import codecs
import gzip
import importlib.util
import io
import json
import random
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.sources import archive
from bakeoff.harness.stage import Stage

SCRIPT = Path(__file__).parents[3] / "pipeline/ingest_corpus.py"
SPEC = importlib.util.spec_from_file_location("ingest_corpus_script", SCRIPT)
assert SPEC and SPEC.loader
script = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(script)

SHIPPED = settings.load(SCRIPT.parents[1] / "params.yaml")
OUTPUTS = "data/corpus/tokens.npy", "data/corpus/vocabulary.csv"
FILE = "data/raw/corpus/text"
TEXT = b"the cat sat on the mat and the dog sat on the cat\n" * 40
PAGE = b'<mediawiki><page><text xml:space="preserve">' + TEXT + b"</text></page></mediawiki>"
SOUP = bytes(random.Random(0).choices(range(256), k=5000))


def zipped(*contents: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"{number}.txt", content)
    return file.getvalue()


def tar(content: bytes) -> bytes:
    member = tarfile.TarInfo("text")
    member.size = len(content)
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


REFUSED: dict[str, tuple[Any, dict[str, Any], list[str]]] = {
    "empty": (b"", {}, [FILE, "no words found in 0 bytes", "name another file"]),
    "lines of JSON": (
        b'{"text": "the cat sat", "id": 1}\n' * 40,
        {},
        [FILE, "the file is JSON: expected plain text or a MediaWiki dump; extract the text first"],
    ),
    "a list of JSON": (b'[\n {"text": "the cat"},\n {"text": "the dog"}]', {}, [FILE, "the file is JSON"]),
    "RTF": (rb"{\rtf1\ansi the cat sat on the mat}", {}, [FILE, "the file is RTF", "extract the text first"]),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + TEXT, {}, [FILE, "the file is PDF", "extract the text first"]),
    "PDF, taken for latin-1": (
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + TEXT,
        {"encoding": "latin-1"},
        [FILE, "the file is PDF", "extract the text first"],
    ),
    "tar": (tar(TEXT), {}, [FILE, "the file is a tar archive; unpack it, and name a text file in it"]),
    "packed tar": (gzip.compress(tar(TEXT)), {}, [FILE, "the file is a tar archive; unpack it"]),
    "white space only": (b" \n\t" * 50, {}, ["no words found in 150 bytes", "name another file"]),
    "no word of the rule": (b"!, (;) -- ", {}, ["no words found", "another rule under data.corpus.tokens"]),
    "letters of another script": (
        "λόγος και".encode(),
        {},
        [
            FILE,
            "text8, which would drop 100.0 % of the letters (8 of 8 are not a to z)",
            "set data.corpus.tokens: unicode",
        ],
    ),
    "most letters of another script": (
        b"a cat and a dog, " + "слово и дело, ".encode() * 2,
        {},
        ["would drop 64.5 % of the letters (20 of 31 are not a to z)", "set data.corpus.tokens: unicode"],
    ),
    "binary": (
        b"\x89PNG\r\n\x1a\n" + SOUP,
        {},
        [FILE, "invalid byte 0x89 (byte 0): expected utf-8", "looks like binary data"],
    ),
    "NUL bytes": (
        TEXT + b"\0" + TEXT,
        {},
        [FILE, "invalid NUL byte (near byte 2000): expected text", "looks like binary data"],
    ),
    "latin-1 unannounced": (
        TEXT + "café".encode("latin-1"),
        {},
        ["invalid byte 0xe9 (byte 2003): expected utf-8", "encoding: latin-1"],
    ),
    "cp1252 unannounced": (
        TEXT + "“x”".encode("cp1252"),
        {},
        ["invalid byte 0x93 (byte 2000): expected utf-8", "encoding: cp1252"],
    ),
    "utf-16 unannounced": (
        TEXT.decode().encode("utf-16"),
        {},
        ["invalid byte 0xff (byte 0): expected utf-8", "encoding: utf-16"],
    ),
    "utf-16 without its mark": (
        TEXT.decode().encode("utf-16-le"),
        {},
        ["invalid NUL byte (near byte 1)", "encoding: utf-16-le"],
    ),
    "utf-16 of the other end": (
        TEXT.decode().encode("utf-16-be"),
        {},
        ["invalid NUL byte (near byte 0)", "encoding: utf-16-be"],
    ),
    "a character cut at the end": (TEXT + b"\xe2\x82", {}, ["invalid byte 0xe2 (byte 2000): expected utf-8"]),
    "error far into the file": (TEXT * 500 + b"\xff" + TEXT, {}, ["invalid byte 0xff (byte 1000000): expected utf-8"]),
    "an encoding that does not fit": (
        TEXT + b"\xff",
        {"encoding": "ascii"},
        ["invalid byte 0xff (byte 2000): expected ascii"],
    ),
    "an encoding that nobody knows": (
        TEXT,
        {"encoding": "latin-one"},
        ["params.yaml: data.corpus.encoding", "'latin-one' is no text encoding", "did you mean 'latin_1'?"],
    ),
    "an encoding that is none of text": (TEXT, {"encoding": "base64"}, ["'base64' is no text encoding"]),
    "no such rule for cleaning": (
        TEXT,
        {"cleaning": "articles"},
        ["data.corpus.cleaning is 'articles'", "did you mean 'article'?"],
    ),
    "no such rule for tokens": (
        TEXT,
        {"tokens": "unicod"},
        ["data.corpus.tokens is 'unicod'", "did you mean 'unicode'?"],
    ),
    "no space in a megabyte": (
        b"a" * 1_000_000,
        {},
        [FILE, "before byte 262144 has more than 65536 bytes", "put spaces"],
    ),
    "a long word inside a text": (TEXT + b"a" * 70_000 + b" b", {}, ["has more than 65536 bytes (it begins 'aaaa"]),
    "minimum_count too high": (
        TEXT,
        {"minimum_count": 161},
        [
            "params.yaml: data.corpus.minimum_count is 161",
            f"the most frequent word of {FILE}, 'the', occurs 160 times",
            "lower it",
        ],
    ),
    "gzip cut off": (gzip.compress(TEXT + SOUP)[:-100], {}, [FILE, "fetch it again"]),
    "bz2 cut off": (bz2.compress(TEXT + SOUP)[:-100], {}, [FILE, "fetch it again"]),
    "zip cut off": (zipped(TEXT + SOUP)[:-100], {}, [FILE, "damaged"]),
    "gzip with a flipped bit": (bytearray(gzip.compress(TEXT)), {}, [FILE, "the file is damaged near byte"]),
    "bz2 bomb": (bz2.compress(b"a " * 2_000_000), {}, [FILE, "expand to over 1 MB", "unpack it yourself"]),
    "zip of two files": (zipped(TEXT, TEXT), {}, [FILE, "the archive contains 2 files ('0.txt', '1.txt'", "unpack it"]),
    "a dump cut inside a page": (PAGE[:-60], {}, [FILE, "the dump ends inside a page, before </mediawiki>", "fetch"]),
    "a dump cut between pages": (PAGE[:-12], {}, [FILE, "the dump ends after a page, before </mediawiki>", "fetch"]),
    "a dump without pages": (
        b"<mediawiki><siteinfo/></mediawiki>",
        {},
        [FILE, "no words found in 34 bytes (articles: 0)"],
    ),
    "a dump of other pages": (
        PAGE.replace(b"<page>", b"<page><ns>1</ns>"),
        {},
        [FILE, "no words found", "(articles: 0; left out: pages of other namespaces 1)"],
    ),
    "a dump that declares entities": (
        b"<!DOCTYPE mediawiki [<!ENTITY a 'b'>]>" + PAGE,
        {},
        [FILE, "line 1: unexpected entity 'a': expected those that XML defines"],
    ),
    "pages of a dump alone": (
        PAGE[11:-12],
        {},
        [FILE, "found pages of a MediaWiki dump without the tag <mediawiki> around them"],
    ),
    "7z": (b"7z\xbc\xaf\x27\x1c" + SOUP, {}, [FILE, "the file is packed by 7z: expected", "unpack it yourself"]),
    "other XML": (
        b"<?xml version='1.0'?><rss>" + TEXT,
        {},
        [FILE, "invalid markup", "<rss>", "at the start: expected plain text or a MediaWiki dump"],
    ),
    "a web page": (
        b"<!DOCTYPE html><html>" + TEXT,
        {},
        [FILE, "invalid markup '<!DOCTYPE html>", "at the start: expected plain text or a MediaWiki dump"],
    ),
}


def configure(project: Any, **settings: Any) -> None:
    """Write a params.yaml that has the sections of the stage alone."""
    corpus = SHIPPED["data"]["corpus"] | {"source": FILE} | settings
    project.put("params.yaml", json.dumps({"data": {"corpus": corpus}, "limits": SHIPPED["limits"]}))


def ingest(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stage's script, in this process."""
    monkeypatch.chdir(project.root)
    stage = Stage("ingest_corpus", SCRIPT)
    try:
        script.ingest_corpus(stage, "corpus")
        stage.finish()
    finally:
        stage.clean()


@pytest.mark.parametrize("case", REFUSED)
def test_refused(project: Any, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    content, changed, said = REFUSED[case]
    if isinstance(content, bytearray):
        content[len(content) // 2] ^= 1
    project.put(FILE, bytes(content))
    configure(project, **changed)
    monkeypatch.setattr(archive, "HARMLESS", 1 << 20)
    for output in OUTPUTS:
        project.put(output, b"what stood there before")
    with pytest.raises(BadInput) as refused:
        ingest(project, monkeypatch)
    line = str(refused.value)
    assert "\n" not in line
    for part in said:
        assert part in line
    assert {(project.root / output).read_bytes() for output in OUTPUTS} == {b"what stood there before"}
    assert not list((project.root / "data/corpus").glob(".partial-*"))


def test_the_command_ends_with_one_line_and_status_2(project: Any) -> None:
    project.put(FILE, "слово и дело")
    project.set(data__corpus__source=FILE)
    assert "set data.corpus.tokens: unicode" in project.refusal("ingest_corpus", *OUTPUTS)


def outputs(project: Any, monkeypatch: pytest.MonkeyPatch, content: bytes, **settings: Any) -> list[bytes]:
    project.put(FILE, content)
    configure(project, **{"minimum_count": 1} | settings)
    ingest(project, monkeypatch)
    return [(project.root / output).read_bytes() for output in OUTPUTS]


def test_what_a_user_should_know_of_a_text_is_printed(
    project: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs(project, monkeypatch, PAGE.replace(b"the dog", "the Bär".encode()) + b"")
    printed = capsys.readouterr().out.splitlines()
    assert f"{FILE}: articles: 1" in printed
    assert any("drops 2.7 % of the letters (40 of 1480 are not a to z)" in line for line in printed)


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress,
        bz2.compress,
        zipped,
        lambda text: bz2.compress(text[:700]) + bz2.compress(text[700:]),
        lambda text: codecs.BOM_UTF8 + text,
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda _: PAGE,
        lambda _: gzip.compress(PAGE),
        lambda _: bz2.compress(PAGE[:60]) + bz2.compress(PAGE[60:900]) + bz2.compress(PAGE[900:]),
        lambda _: codecs.BOM_UTF8 + b"<?xml version='1.0'?><!-- x -->" + PAGE,
    ],
    ids=[
        *("gzip", "bz2", "zip", "bz2 in parts", "byte-order mark", "CRLF", "dump", "packed dump", "multistream dump"),
        "dump with a mark and a comment",
    ],
)
def test_the_same_text_gives_the_same_bytes_however_it_is_packed(
    project: Any, monkeypatch: pytest.MonkeyPatch, packed: Callable[[bytes], bytes]
) -> None:
    ids, vocabulary = outputs(project, monkeypatch, packed(TEXT))
    assert vocabulary.startswith(b"word,count\nUNK,0\nthe,160\ncat,80\non,80\nsat,80\nand,40\n")
    assert np.frombuffer(ids[128:], np.int32)[:13].tolist() == [1, 2, 4, 3, 1, 7, 5, 1, 6, 4, 3, 1, 2]


@pytest.mark.parametrize(
    ("encoding", "text", "first"),
    [
        ("utf-8", "Ὁ λόγος· ὁ ΛΌΓΟΣ", "λόγος"),
        ("latin-1", "Straße, STRASSE; straße", "straße"),
        ("utf-8", "हिन्दी में हिन्दी", "हिन्दी"),
        ("utf-8", "كتاب، كتاب", "كتاب"),
        ("utf-16", "мир и Мир", "мир"),
        ("gb18030", "世界。世界", "世界"),
    ],
)
def test_other_scripts_and_encodings(
    project: Any, monkeypatch: pytest.MonkeyPatch, encoding: str, text: str, first: str
) -> None:
    _, vocabulary = outputs(project, monkeypatch, text.encode(encoding), encoding=encoding, tokens="unicode")
    assert vocabulary.decode().splitlines()[2].split(",")[0] in (first, "ὁ")
    assert f"\n{first}," in vocabulary.decode()
