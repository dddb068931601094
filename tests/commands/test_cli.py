"""Whatever is wrong with a command line or the folder, `bakeoff` says so in one line."""

import sys
from pathlib import Path

import pytest

from bakeoff.commands import cli

ROOT = Path(__file__).parents[2]

COMMANDS = [
    "check",
    "deps",
    "doctor",
    "fetch mnist-5k",
    "learn",
    "readme",
    "setup",
    "sources",
    "tidy",
    "track",
    "ui",
    "use unet",
]
COMMANDS += [
    "use unet",
    "encode rows.csv --to rows.npz",
    "predict images digits --to out.csv",
    "verify",
    "words neighbours king",
]


def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str) -> str:
    """The one line that a refused command prints."""
    monkeypatch.setattr(sys, "argv", ["bakeoff", *line.split()])
    with pytest.raises(SystemExit) as end:
        cli.main()
    printed = capsys.readouterr()
    assert end.value.code == 2
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith("error: ")
    return printed.err


@pytest.mark.parametrize("command", COMMANDS)
def test_outside_of_a_project_each_command_says_so(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said(monkeypatch, capsys, command) == (
        "error: params.yaml: not found; run this in the project's root folder\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["deps", "doctor", "learn", "readme", "setup", "tidy", "verify"])
def test_a_folder_with_params_yaml_alone_is_no_project(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    assert "not found" in said(monkeypatch, capsys, command) or command == "learn"
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", "the following arguments are required: COMMAND"),
        ("chekc", "invalid choice: 'chekc'"),
        ("check now", "unrecognized arguments: now"),
        ("track --wacth", "unrecognized arguments: --wacth"),
        ("fetch", "required: name"),
        ("fetch mnist-5", "mnist-5"),
        ("encode", "required: ROWS, --to"),
        ("predict images", "required: INPUT, --to"),
        ("predict images a --to b --model cnn-adam --recipe cnn", "not allowed with argument --model"),
        ("predict imags README.md --to x.csv", "tasks has no 'imags'; did you mean 'images'?"),
        ("ui --port 0", "invalid port value: '0'"),
        ("ui --port 99999999", "invalid port value: '99999999'"),
        ("ui --port http", "invalid port value: 'http'"),
        ("learn --every nan", "invalid seconds value: 'nan'"),
        ("learn --every -1", "invalid seconds value: '-1'"),
        ("words", "required: QUESTION"),
        ("words nearest king", "invalid choice: 'nearest'"),
    ],
)
def test_wrong_arguments_are_told_in_one_line(
    line: str, expected: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    assert expected in said(monkeypatch, capsys, line)


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied", "a\nb"), OSError(28, "No space left")])
def test_what_the_file_system_refuses_is_one_line_too(
    error: OSError, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: object) -> None:
        raise error

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("bakeoff.data.sources.availability.overview", lambda: refuse(None))
    assert str(error.strerror) in said(monkeypatch, capsys, "sources")
