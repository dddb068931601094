"""`bakeoff predict` as a command: its exit status, and which stream gets what."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bakeoff.commands import cli


@pytest.fixture(autouse=True)
def pictures(project: Path, train: Callable[..., None]) -> None:
    train("images", "softmax-sgd", "softmax", (1, 4, 5), ("zero", "one"), {"0": {"val/accuracy": 0.5}})
    (project / "digits").mkdir()
    for name in ("a.png", "b.png"):
        Image.fromarray(np.zeros((4, 5), np.uint8)).save(project / "digits" / name)


def asked(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Return the exit status."""
    monkeypatch.setattr(sys, "argv", ["bakeoff", "predict", "images", *words, "--model", "softmax-sgd"])
    try:
        cli.main()
    except SystemExit as end:
        assert isinstance(end.code, int)
        return end.code
    return 0


def test_status_0_where_all_are_done(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(monkeypatch, "digits", "--to", "-") == 0
    printed = capsys.readouterr()
    assert [line.partition(",")[0] for line in printed.out.splitlines()] == ["file", "a.png", "b.png"]
    note, done = printed.err.splitlines()
    assert note.startswith("note: not checked: ") and done == "images by softmax-sgd, seed 0: 2 pictures"


def test_status_2_where_one_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "digits/a.png").write_bytes((project / "digits/b.png").read_bytes()[:-20])
    assert asked(monkeypatch, "digits", "--to", "out.csv") == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.startswith("error: digits/a.png: the picture is damaged: ")
    assert len((project / "out.csv").read_text().splitlines()) == 2


def test_status_2_and_one_line_where_nothing_can_be_done(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(monkeypatch, "digits", "--to", "no/out.csv") == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert sorted(path.name for path in project.iterdir()) == ["digits", "models", "params.yaml"]


def test_an_empty_input_is_not_the_folder_in_which_the_command_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(monkeypatch, "", "--to", "out.csv") == 2
    assert capsys.readouterr().err.startswith("error: INPUT is empty; name a file or a folder")


def test_a_name_that_is_too_long_is_one_short_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(monkeypatch, "x" * 5000, "--to", "out.csv") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: xxx") and "File name too long" in line and len(line) < 400
