import json
from pathlib import Path

import pytest

from bakeoff.base import record
from bakeoff.base.record import Run
from bakeoff.data.sources.addresses import LONGEST, redacted, redacted_values, said
from bakeoff.harness.stage import Stage


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://host/x", "https://host/x"),
        ("https://host/x?token=abc", "https://host/x?token=***"),
        ("https://host/x?a=1&b=2", "https://host/x?a=***&b=***"),
        ("https://host/x?abc", "https://host/x?***"),
        ("https://host/x#abc", "https://host/x"),
        ("https://host/x?a=b=c#d", "https://host/x?a=***"),
        ("https://user:pass@host/x", "https://***@host/x"),
        ("https://user@host:8443/x?a=b", "https://***@host:8443/x?a=***"),
        ("s3://key:secret@bucket/x", "s3://***@bucket/x"),
        ("HTTPS://u:p@host", "HTTPS://***@host"),
        ("git+ssh://u:p@host", "git+ssh://***@host"),
        ("(https://u:p@host)", "(https://***@host)"),
        ("x" * 100 + "://u:p@host", "x" * 100 + "://***@host"),
        ("two: https://a/x?t=1 and 'https://b/y?t=2'", "two: https://a/x?t=*** and 'https://b/y?t=***'"),
        ("https://host/@user/x", "https://host/@user/x"),
        ("https://proxy/https://u:p@host/x?a=b", "https://proxy/https://***@host/x?a=***"),
        ("https://a/b/ftp://c/http://u:p@d", "https://a/b/ftp://c/http://***@d"),
        ("data/raw/corpus/a.txt", "data/raw/corpus/a.txt"),
        ("why? a=b", "why? a=b"),
    ],
)
def test_secrets_of_addresses_are_replaced(text: str, shown: str) -> None:
    assert redacted(text) == shown
    assert redacted(shown) == shown
    assert redacted_values({"a": [text, 1, None, {"b": text}]}) == {"a": [shown, 1, None, {"b": shown}]}


@pytest.mark.parametrize("bad", ["\x1b[31m", "\r\n", "\x00", "\u202e", "\x9b"])
def test_the_words_of_a_server_are_cleaned_and_cut(bad: str) -> None:
    assert said(f"a{bad}b").isprintable()
    assert len(said(bad + "x" * 70_000)) == LONGEST


def test_a_record_shows_no_secret_and_its_digest_depends_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipes = set()
    monkeypatch.chdir(tmp_path)
    Path("script.py").touch()
    for token in ("abc", "def"):
        Path("params.yaml").write_text(f"a: {{url: 'https://host/x?token={token}'}}")
        stage = Stage("s", Path("script.py"))
        stage.settings("a", dict[str, str])
        stage.record("record.json", "t", [Run("r", {}, {})])
        stage.finish()
        made = json.loads(Path("record.json").read_text())
        assert made["settings"] == {"a": {"url": "https://host/x?token=***"}}
        assert token not in Path("record.json").read_text()
        recipes.add(record.read(Path("record.json")).digest)
    assert len(recipes) == 2
