"""Word vectors of a text's words, and mean vectors of its documents, by the command."""

import csv
import io
import json
import os
import sys
from collections.abc import Callable
from hashlib import md5
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from bakeoff.base import paths
from bakeoff.commands import cli, predict
from bakeoff.data.images.source_tree import Place
from bakeoff.embedding.settings import ArchitectureName
from bakeoff.inference import sources

WORDS = ["UNK", "one", "king", "café", "two"]
VECTORS = np.array([[9, 9], [1, 0], [2, 4], [0.5, -1], [3, 8]], np.float32)


@pytest.fixture(autouse=True)
def vectors(project: Path) -> None:
    path = project / paths.vocabulary("corpus")
    path.parent.mkdir(parents=True)
    path.write_text("word,count\n" + "".join(f"{word},1\n" for word in WORDS), encoding="utf-8")
    for name, sign in (("skipgram", 1), ("cbow", -1)):
        weights = project / paths.weights("embedding", f"corpus-{name}")
        weights.parent.mkdir(parents=True, exist_ok=True)
        save_file({"input": sign * VECTORS, "output": VECTORS}, weights)


def asked(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Return the exit status."""
    monkeypatch.setattr(sys, "argv", ["bakeoff", "predict", "corpus", *words])
    try:
        cli.main()
    except SystemExit as end:
        assert isinstance(end.code, int)
        return end.code
    return 0


def rows(path: str = "out.csv") -> list[list[str]]:
    return list(csv.reader(Path(path).read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize(
    ("text", "tokens", "expected"),
    [
        ("King, king 1!", "text8", [["king", "2", "2", "4"], ["one", "1", "1", "0"]]),
        ("two\ntwo kings", "text8", [["two", "2", "3", "8"]]),
        ("CAFÉ 1", "unicode", [["café", "1", "0.5", "-1"]]),
        ("one, king", "spaces", [["king", "1", "2", "4"]]),
        ("UNK nobody", "spaces", []),
        ("", "text8", []),
    ],
)
def test_words_are_separated_as_those_of_the_corpus(
    change: Callable[..., None], monkeypatch: pytest.MonkeyPatch, text: str, tokens: str, expected: list[list[str]]
) -> None:
    change("corpus", tokens=tokens)
    Path("text.txt").write_text(text, encoding="utf-8")
    assert asked(monkeypatch, "text.txt", "--to", "out.csv") == 0
    assert rows() == [["word", "count", "dimension.0", "dimension.1"], *expected]


def test_the_architecture_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("text.txt").write_text("king")
    assert asked(monkeypatch, "text.txt", "--to", "out.csv", "--architecture", "cbow") == 0
    assert rows()[1:] == [["king", "1", "-2", "-4"]]


def test_a_document_is_the_mean_of_its_known_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("text.txt").write_text("one king king\nnobody\n\ntwo nobody two")
    assert asked(monkeypatch, "text.txt", "--to", "out.csv", "--documents") == 0
    assert rows() == [
        ["document", "words", "known", "dimension.0", "dimension.1"],
        ["1", "3", "3", f"{5 / 3:.6g}", f"{8 / 3:.6g}"],
        ["2", "1", "0", "", ""],
        ["3", "0", "0", "", ""],
        ["4", "3", "2", "3", "8"],
    ]
    assert "4 documents, 2 of them without a word of the vocabulary" in capsys.readouterr().err


def test_the_files_of_a_folder_are_documents_and_a_damaged_one_is_refused_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("texts").mkdir()
    Path("texts/a.txt").write_text("one\nking")
    Path("texts/b.txt").write_bytes(b"\xff\xfe\xfd")
    Path("texts/c.txt").write_text("two")
    assert asked(monkeypatch, "texts", "--to", "out.csv", "--documents") == 2
    assert rows()[1:] == [["a.txt", "2", "2", "1.5", "2"], ["c.txt", "1", "1", "3", "8"]]
    assert "error: texts/b.txt: " in capsys.readouterr().err


def test_a_file_that_is_removed_meanwhile_is_refused_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("texts").mkdir()
    Path("texts/a.txt").write_text("one\nking")
    Path("texts/b.txt").write_text("two")
    check = sources.check_file

    def removed(place: Place, entry: "os.DirEntry[str]") -> None:
        if entry.name == "b.txt":
            raise FileNotFoundError(2, "No such file or directory", "texts/b.txt")
        check(place, entry)

    monkeypatch.setattr(sources, "check_file", removed)
    assert asked(monkeypatch, "texts", "--to", "out.csv", "--documents") == 2
    assert [row[0] for row in rows()[1:]] == ["a.txt"]
    line = "error: texts/b.txt: was removed while the folder was read; run the command again"
    assert line in capsys.readouterr().err


def test_standard_input_and_output(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    class Input:
        buffer = io.BytesIO(b"king two")

    monkeypatch.setattr(sys, "stdin", Input())
    assert asked(monkeypatch, "-", "--to", "-") == 0
    assert capfdbinary.readouterr().out.splitlines()[1:] == [b"king,1,2,4", b"two,1,3,8"]


@pytest.mark.parametrize(
    "options",
    [
        ("--model", "cnn-adam"),
        ("--recipe", "cnn"),
        ("--mlflow", "models:/a@b"),
        ("--ensemble",),
        ("--architecture", "x"),
    ],
)
def test_options_that_do_not_go_with_a_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    Path("text.txt").write_text("king")
    assert asked(monkeypatch, "text.txt", "--to", "out.csv", *options) == 2
    assert capsys.readouterr().err.count("\n") == 1 and not Path("out.csv").exists()


def test_vectors_of_another_vocabulary_are_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("text.txt").write_text("king")
    with (project / paths.vocabulary("corpus")).open("a") as file:
        file.write("three,1\n")
    assert asked(monkeypatch, "text.txt", "--to", "out.csv") == 2
    assert "has vectors of 5 words, and the vocabulary has 6" in capsys.readouterr().err


@pytest.mark.parametrize("options", [(), ("--documents",)])
def test_letters_that_the_rule_of_the_corpus_drops_are_refused(
    change: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str],
) -> None:
    change("corpus", tokens="text8")
    Path("text.txt").write_text("\u0441\u043b\u043e\u0432\u043e\n" * 200, encoding="utf-8")
    assert asked(monkeypatch, "text.txt", "--to", "out.csv", *options) == 2
    assert "would drop 100.0 % of the letters" in capsys.readouterr().err
    assert not Path("out.csv").exists()


@pytest.mark.parametrize("options", [(), ("--documents",)])
def test_an_empty_text_gives_a_table_without_rows(monkeypatch: pytest.MonkeyPatch, options: tuple[str]) -> None:
    Path("text.txt").write_text("")
    assert asked(monkeypatch, "text.txt", "--to", "out.csv", *options) == 0
    assert len(rows()) == 1


def test_another_rule_than_that_of_the_training_is_refused(
    project: Path, change: Callable[..., None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    vocabulary = paths.vocabulary("corpus")
    stage = {
        "cmd": "python -m pipeline.ingest_corpus --data corpus",
        "params": {"params.yaml": {"data.corpus": {"tokens": "text8", "cleaning": "article"}}},
        "outs": [{"path": vocabulary, "hash": "md5", "md5": md5((project / vocabulary).read_bytes()).hexdigest()}],
    }
    Path("dvc.lock").write_text(json.dumps({"schema": "2.0", "stages": {"ingest_corpus": stage}}))
    Path("text.txt").write_text("king")
    change("corpus", tokens="text8")
    assert asked(monkeypatch, "text.txt", "--to", "out.csv") == 0
    assert "not checked" not in capsys.readouterr().err
    change("corpus", tokens="unicode")
    assert asked(monkeypatch, "text.txt", "--to", "other.csv") == 2
    assert "params.yaml: data.corpus.tokens is unicode, and corpus-skipgram was trained with text8" in (
        capsys.readouterr().err.replace("'", "")
    )
    assert not Path("other.csv").exists()


def test_the_command_offers_the_architectures_that_there_are() -> None:
    assert set(predict.ARCHITECTURES) == set(ArchitectureName.__args__)


@pytest.mark.parametrize("options", [(), ("--documents",)])
def test_lines_of_json_are_no_documents(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: tuple[str]
) -> None:
    Path("text.jsonl").write_text('{"text": "king"}\n' * 3)
    assert asked(monkeypatch, "text.jsonl", "--to", "out.csv", *options) == 2
    assert "text.jsonl: the file is JSON: expected plain text" in capsys.readouterr().err
    assert not Path("out.csv").exists()
