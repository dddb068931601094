"""What a stage made earlier stays when it is refused or fails: DVC has removed it before the command runs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SCRIPT = """
from bakeoff.base.record import Run
from bakeoff.harness.stage import Stage, run

def train(stage: Stage, model: str) -> None:
    epochs = stage.settings("tasks.images.training.epochs", int)
    stage.output(f"out/{model}.txt", lambda path: path.write_text(f"{model} {epochs}"))
    stage.output(f"pages/{model}/a.txt", lambda path: path.write_text(f"page {model} {epochs}"), cached=False)
    stage.metrics(f"metrics/{model}.json", {"val/loss": 0.5})

if __name__ == "__main__":
    run(train, "train@{model}", model=("cnn", "mlp"))
"""

GRAPH = """
stages:
  train:
    matrix: {model: [cnn, mlp]}
    cmd: python -m pipeline.train ${item}
    params: [tasks.images.training.epochs]
    outs:
      - out/${item.model}.txt
      - pages/${item.model}: {cache: false}
    metrics:
      - metrics/${item.model}.json: {cache: false}
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the real library, and one made-up stage that ran twice under DVC."""
    folder = tmp_path_factory.mktemp("earlier") / "project"
    (folder / "pipeline").mkdir(parents=True)
    (folder / "src").symlink_to(ROOT / "src")
    shutil.copy(ROOT / "params.yaml", folder / "params.yaml")
    shutil.copy(ROOT / "pipeline/__init__.py", folder / "pipeline/__init__.py")
    (folder / "pipeline/train.py").write_text(SCRIPT)
    (folder / "dvc.yaml").write_text(GRAPH)
    subprocess.run(["dvc", "init", "--no-scm", "--quiet"], cwd=folder, check=True)
    subprocess.run(["dvc", "repro", "--quiet"], cwd=folder, check=True, env=environment())
    return folder


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished, tmp_path / "project", symlinks=True)


def environment() -> dict[str, str]:
    return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


# A process that lifeline takes for DVC: what a stage looks for above itself.
ENGINE = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"


def made(project: Path) -> dict[str, bytes]:
    folders = [project / name for name in ("out", "pages", "metrics")]
    return {str(path.relative_to(project)): path.read_bytes() for one in folders for path in one.rglob("*.*")}


def as_dvc_runs_it(project: Path, model: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Remove the outputs, and start the command with the stage's name in the environment."""
    for path in (project / f"out/{model}.txt", project / f"metrics/{model}.json"):
        path.unlink()
    shutil.rmtree(project / f"pages/{model}")
    (project / "dvc").write_text(ENGINE)
    command = [sys.executable, "dvc", sys.executable, "-m", "pipeline.train", *(arguments or ("--model", model))]
    named = environment() | {"DVC_STAGE": f"train@{model}"}
    return subprocess.run(command, cwd=project, env=named, capture_output=True, text=True)


def replace(project: Path, file: str, old: str, new: str) -> None:
    text = (project / file).read_text()
    assert old in text
    (project / file).write_text(text.replace(old, new, 1))


def test_a_refusal_by_the_gate_under_dvc_leaves_everything(project: Path) -> None:
    before = made(project)
    assert len(before) == 6
    replace(project, "params.yaml", "epochs: 3\n      batch_size: 32", "epochs: 4\n      batch_size: 32")
    replace(project, "params.yaml", "device: cpu", "device: gpu")
    done = subprocess.run(["dvc", "repro"], cwd=project, env=environment(), capture_output=True, text=True)
    assert done.returncode != 0
    assert "error: params.yaml: run.device is 'gpu'" in done.stderr
    assert made(project) == before


@pytest.mark.parametrize(
    ("file", "old", "new", "status", "said"),
    [
        ("params.yaml", "device: cpu", "device: gpu", 2, "error: params.yaml: run.device is 'gpu'"),
        ("params.yaml", "device: cpu", "device: [", 2, "error: params.yaml: line"),
        ("pipeline/train.py", "from bakeoff", "import no_such_module\nfrom bakeoff", 1, "No module named"),
        ("pipeline/train.py", "    epochs =", "    1 / 0\n    epochs =", 1, "ZeroDivisionError"),
    ],
)
def test_whatever_ends_a_stage_its_earlier_outputs_stay(
    project: Path, file: str, old: str, new: str, status: int, said: str
) -> None:
    before = made(project)
    replace(project, file, old, new)
    done = as_dvc_runs_it(project, "cnn")
    assert (done.returncode, said in done.stderr) == (status, True), done.stderr
    assert made(project) == before


def test_a_stage_that_is_no_longer_listed_keeps_its_outputs_too(project: Path) -> None:
    before = made(project)
    replace(project, "dvc.yaml", "[cnn, mlp]", "[cnn]")
    replace(project, "params.yaml", "device: cpu", "device: gpu")
    done = as_dvc_runs_it(project, "mlp")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert made(project) == before


def test_an_identity_outside_the_closed_set_is_one_line_and_removes_nothing(project: Path) -> None:
    before = made(project)
    done = as_dvc_runs_it(project, "cnn", "--model", "cnn; touch pwned")
    assert done.returncode == 2
    assert done.stderr.startswith("error: argument --model: invalid choice")
    assert done.stderr.count("\n") == 1
    assert made(project) == before


def test_a_lock_that_cannot_be_read_is_told_beside_the_refusal(project: Path) -> None:
    replace(project, "params.yaml", "device: cpu", "device: gpu")
    replace(project, "dvc.lock", "stages:", "<<<<<<< HEAD\nstages:")
    done = as_dvc_runs_it(project, "cnn")
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("note: the earlier outputs of train@cnn were not restored")
    assert lines[1].startswith("error: params.yaml: run.device is 'gpu'")


def test_a_copy_that_is_not_what_the_lock_names_is_not_brought_back(project: Path) -> None:
    (project / ".bakeoff/earlier/train@cnn/metrics/cnn.json").write_text("{}")
    replace(project, "params.yaml", "device: cpu", "device: gpu")
    as_dvc_runs_it(project, "cnn")
    assert not (project / "metrics/cnn.json").exists()
    assert (project / "out/cnn.txt").exists()
