"""The harness, on scripts made up here: what every stage is promised around its work."""

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from bakeoff.base.settings import BadInput
from bakeoff.harness.stage import Stage

ROOT = Path(__file__).parents[2]
SCRIPT = '''
"""A made-up stage."""
import time
from typing import Literal
from pathlib import Path
from bakeoff.harness.stage import Stage, run
from bakeoff.base.record import Run

def train(stage: Stage, model: str) -> None:
    settings = stage.settings("tasks.images.training.epochs", int)
    given = stage.input("data/given.txt")
    watch = stage.watch("cnn-s0", {"seed": 0})
    watch({"epoch": 1, "val/loss": 0.5})
    stage.output("out/a.txt", lambda path: path.write_text("new"))
    {middle}
    stage.metrics("out/metrics.json", {"val/loss": 0.5})
    stage.record("out/record.json", "images", [Run("cnn-s0", {"seed": 0}, {"val/loss": 0.5})])

if __name__ == "__main__":
    run(train, "train@{model}", model=("cnn", "mlp"))
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the real library and settings and one made-up stage, whose old output stands."""
    (tmp_path / "src").symlink_to(ROOT / "src")
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    (tmp_path / "pipeline").mkdir()
    (tmp_path / "pipeline/__init__.py").write_bytes((ROOT / "pipeline/__init__.py").read_bytes())
    for folder in ("data", "out"):
        (tmp_path / folder).mkdir()
    (tmp_path / "data/given.txt").write_text("given")
    (tmp_path / "out/a.txt").write_text("old")
    write(tmp_path, "pass")
    return tmp_path


def write(project: Path, middle: str) -> None:
    (project / "pipeline/train.py").write_text(SCRIPT.replace("{middle}", middle))


def start(project: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "pipeline.train", *(arguments or ("--model", "cnn"))]
    return subprocess.Popen(command, cwd=project, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=30)
    return process.returncode, errors


def contents(project: Path) -> list[str]:
    return sorted(path.name for path in (project / "out").iterdir())


def test_outputs_and_record_tell_what_was_done(project: Path) -> None:
    assert finish(start(project)) == (0, "")
    assert contents(project) == ["a.txt", "metrics.json", "record.json"]
    assert (project / "out/a.txt").read_text() == "new"
    record = json.loads((project / "out/record.json").read_text())
    assert record["stage"] == "train@cnn"
    assert list(record["settings"]) == ["tasks.images.training.epochs"]
    assert record["data"] == {"data/given.txt": hashlib.sha256(b"given").hexdigest()}
    ended = json.loads((project / ".bakeoff/ended/train@cnn.json").read_text())
    assert ended.pop("seconds") > 0
    assert ended == {"settings": ["tasks.images.training.epochs"], "inputs": ["data/given.txt"]}
    assert not list((project / ".bakeoff/live").rglob("*.jsonl"))


def test_of_several_processes_the_first_alone_writes(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")  # as torchrun does
    monkeypatch.setenv("RANK", "1")
    before = {path: path.stat().st_mtime_ns for path in project.rglob("*") if "__pycache__" not in path.parts}
    assert start(project).communicate(timeout=60) == ("", "")
    (project / "data/given.txt").unlink()
    assert finish(start(project)) == (2, "")  # the first says why
    monkeypatch.setenv("RANK", "0")
    assert finish(start(project))[0] == 2
    (project / "data/given.txt").write_text("given")
    after = {path: path.stat().st_mtime_ns for path in project.rglob("*") if "__pycache__" not in path.parts}
    assert before.keys() == after.keys()
    assert all(before[path] == after[path] for path in before if path.parent.name == "out")
    assert finish(start(project)) == (0, "")
    assert contents(project) == ["a.txt", "metrics.json", "record.json"]


def test_a_second_run_gives_the_same_bytes(project: Path) -> None:
    seen = []
    for _ in range(2):
        assert finish(start(project)) == (0, "")
        seen.append([(project / "out" / name).read_bytes() for name in contents(project)])
    assert seen[0] == seen[1]


def test_the_digest_follows_settings_data_and_code(project: Path) -> None:
    def digest() -> str:
        assert finish(start(project)) == (0, "")
        return str(json.loads((project / "out/record.json").read_text())["digest"])

    recipes = [digest()]
    (project / "data/given.txt").write_text("other")
    recipes.append(digest())
    write(project, "1 + 1")
    recipes.append(digest())
    text = (project / "params.yaml").read_text()
    (project / "params.yaml").write_text(text.replace("epochs: ", "epochs: 1"))
    recipes.append(digest())
    assert len(set(recipes)) == 4


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda project: (project / "data/given.txt").unlink(), "data/given.txt: not found; `dvc repro train@cnn`"),
        (
            lambda project: (project / "params.yaml").write_text("run: {device: cpu}\n"),
            "params.yaml: budget is missing",
        ),
        (
            lambda project: write(project, "raise __import__('bakeoff.base.settings').base.settings.BadInput('x: y')"),
            "x: y",
        ),
    ],
)
def test_bad_input_gets_one_line_and_status_2_and_leaves_the_old_output(project: Path, spoil, message: str) -> None:  # type: ignore[no-untyped-def]
    spoil(project)
    status, errors = finish(start(project))
    assert status == 2
    assert errors.startswith(f"error: {message}")
    assert errors.count("\n") == 1
    assert contents(project) == ["a.txt"]
    assert (project / "out/a.txt").read_text() == "old"


def test_a_clone_that_has_pulled_nothing_is_told_what_is_wrong_too(project: Path) -> None:
    """The lock names an earlier output, and no cache has it to give back."""
    subprocess.run(["dvc", "init", "--no-scm", "--quiet"], cwd=project, check=True)
    (project / "dvc.yaml").write_text(
        "stages:\n  train:\n    matrix: {model: [cnn]}\n    cmd: python -m pipeline.train ${item}\n"
        "    outs: ['out/${item.model}.txt']\n"
    )
    (project / "dvc.lock").write_text(
        "schema: '2.0'\nstages:\n  train@cnn:\n    cmd: python -m pipeline.train --model cnn\n"
        "    outs:\n    - {path: out/cnn.txt, hash: md5, md5: 0123456789abcdef0123456789abcdef, size: 3}\n"
    )
    (project / "data/given.txt").unlink()
    assert finish(start(project)) == (2, "error: data/given.txt: not found; `dvc repro train@cnn` makes it first\n")
    assert contents(project) == ["a.txt"]


def test_an_identity_outside_the_closed_set_is_refused(project: Path) -> None:
    status, errors = finish(start(project, "--model", "cnn; touch pwned"))
    assert status == 2
    assert "choose from" in errors


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_it_cleanly(project: Path, number: signal.Signals, status: int) -> None:
    write(project, "Path('ready').touch(); time.sleep(60)")
    process = start(project)
    deadline = time.monotonic() + 20
    while not (project / "ready").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert (project / "out/.partial-a.txt").exists()
    live = project / ".bakeoff/live/train@cnn/cnn-s0.jsonl"
    assert [json.loads(line) for line in live.read_text().splitlines()] == [
        {"parameters": {"seed": 0}},
        {"epoch": 1, "val/loss": 0.5},
    ]
    os.kill(process.pid, number)
    assert finish(process) == (status, "")
    assert contents(project) == ["a.txt"]
    assert (project / "out/a.txt").read_text() == "old"
    assert not live.exists()


@pytest.fixture
def at_work(project: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage in this process that has done its work and has yet to end; one training is kept, an old output stands."""
    monkeypatch.chdir(project)
    (project / ".checkpoints/train@cnn/0123").mkdir(parents=True)
    stage = Stage("train@cnn", Path("pipeline/train.py"))
    stage.settings("tasks.images.training.epochs", int)
    stage.input("data/given.txt")
    stage.watched("data/raw")
    stage.output("out/a.txt", lambda path: path.write_text("new"))
    return stage


def edit_a_setting() -> None:
    text = Path("params.yaml").read_text()
    Path("params.yaml").write_text(text.replace("epochs: ", "epochs: 1"))


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (
            edit_a_setting,
            r"params.yaml: tasks.images.training.epochs was \d+ when 'train@cnn' began, and is 1\d+ now; ",
        ),
        (lambda: Path("data/given.txt").write_text("taken"), "data/given.txt: was changed while 'train@cnn' ran; "),
        (lambda: Path("data/given.txt").unlink(), "data/given.txt: was deleted while 'train@cnn' ran; "),
        (lambda: Path("data/raw").mkdir(), "data/raw: was changed while 'train@cnn' ran; "),
    ],
)
def test_an_edit_during_a_run_is_refused_and_trainings_are_kept(
    at_work: Stage, edit: Callable[[], object], line: str
) -> None:
    edit()
    with pytest.raises(BadInput, match=f"^{line}.*nothing was written, so run the same command again$"):
        at_work.finish()
    assert Path("out/a.txt").read_text() == "old"
    assert Path(".checkpoints/train@cnn/0123").exists()
    at_work.clean()
    assert contents(Path()) == ["a.txt"]


def test_what_is_trained_goes_when_the_outputs_stand(at_work: Stage) -> None:
    at_work.finish()
    assert Path("out/a.txt").read_text() == "new"
    assert not Path(".checkpoints/train@cnn").exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_full_disk_is_named_and_trainings_are_kept(
    at_work: Stage, monkeypatch: pytest.MonkeyPatch, number: int, moment: str
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(*{"fsync": (os, "fsync", refuse), "replace": (Path, "replace", refuse)}[moment])
    with pytest.raises(BadInput, match=f"^out/a.txt: cannot be written: {os.strerror(number)}; "):
        at_work.finish()
    assert Path("out/a.txt").read_text() == "old"
    assert Path(".checkpoints/train@cnn/0123").exists()


@pytest.mark.parametrize(
    ("error", "line"),
    [
        ("OSError(28, 'No space left on device')", "error: out/b.txt: cannot be written: No space left on device; "),
        ("RuntimeError('I/O error: Disk quota exceeded (os error 122)')", "error: out/b.txt: cannot be written: Disk "),
    ],
)
def test_a_full_disk_ends_a_stage_in_one_line(project: Path, error: str, line: str) -> None:
    write(project, f"stage.output('out/b.txt', lambda path: (_ for _ in ()).throw({error}))")
    status, errors = finish(start(project))
    assert (status, errors.count("\n")) == (2, 1)
    assert errors.startswith(line)
    assert contents(project) == ["a.txt"]


def test_1_and_1_0_are_one_setting_and_make_one_record(project: Path) -> None:
    # DVC holds them equal and reruns nothing, so the record must not tell them apart.
    write(project, 'stage.settings("optimizers.adadelta.defaults.learning_rate", float)')
    text = (project / "params.yaml").read_text()
    assert "defaults: {learning_rate: 1.0," in text
    records = []
    for written in (text, text.replace("defaults: {learning_rate: 1.0,", "defaults: {learning_rate: 1,")):
        (project / "params.yaml").write_text(written)
        assert finish(start(project)) == (0, "")
        records.append((project / "out/record.json").read_bytes())
    assert records[0] == records[1]
