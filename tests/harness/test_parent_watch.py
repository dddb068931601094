"""An engine that dies takes its stage with it, whether the stage is at work or still importing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bakeoff.base import processes
from bakeoff.harness import parent_watch

ROOT = Path(__file__).parents[2]
HOLD = (
    "from bakeoff.harness import parent_watch; parent_watch.end_with_engine();"
    "print('holding', flush=True); import time; time.sleep({sleep})"
)


def stage(sleep: int) -> list[str]:
    return [sys.executable, "-c", HOLD.format(sleep=sleep)]


def engine(folder: Path) -> Path:
    """A script that is called dvc, as the engine's processes are, and runs a stage."""
    path = folder / "dvc"
    path.write_text("import subprocess, sys; subprocess.run(sys.argv[1:])\n")
    return path


def test_a_stage_ends_when_its_engine_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, str(engine(tmp_path)), *stage(60)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "holding\n"
        running.kill()
        assert running.stdout.read() == ""  # ends with the last process that holds the pipe: the stage


def test_a_stage_whose_engine_died_before_it_held_on_ends_too() -> None:
    orphan = subprocess.run(stage(0), env=os.environ | {"DVC_STAGE": "train"}, capture_output=True, text=True)
    assert orphan.returncode == 128 + signal.SIGTERM
    assert orphan.stdout == ""


def test_a_stage_whose_snakemake_died_before_it_held_on_ends_too() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as snakemake:
        named = processes.identity(snakemake.pid)
    orphan = subprocess.run(stage(0), env=os.environ | {parent_watch.VARIABLE: named}, capture_output=True, text=True)
    assert (orphan.returncode, orphan.stdout) == (128 + signal.SIGTERM, "")


def test_the_stages_hold_on_before_any_slow_import() -> None:
    code = (
        "import sys; from bakeoff.harness import parent_watch;"
        "slow = {'torch', 'numpy', 'dvc', 'pydantic'};"
        "parent_watch.end_with_engine = lambda: print(sorted(slow & set(sys.modules)));"
        "import pipeline"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


WHOLE = """\
schema: '2.0'
stages:
  train:
    cmd: python -m pipeline.train
    outs:
    - path: models/a
      hash: md5
      md5: 0123456789abcdef0123456789abcdef
      size: 3
"""


@pytest.mark.parametrize("left", ["", WHOLE[:-3], WHOLE[:40]])
def test_a_dvc_that_is_killed_while_it_writes_its_lock_leaves_it_whole(left: str, tmp_path: Path) -> None:
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "dvc.lock").write_text(WHOLE)
    command = [sys.executable, str(engine(tmp_path)), *stage(60)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "holding\n"
        assert wait(lambda: (tmp_path / ".bakeoff/dvc.lock").exists())
        assert len(list((tmp_path / ".bakeoff/guards").iterdir())) == 1
        (tmp_path / "dvc.lock").write_text(left)
        running.kill()
        assert running.stdout.read() == ""
    assert wait(lambda: not list((tmp_path / ".bakeoff/guards").iterdir()))
    assert (tmp_path / "dvc.lock").read_text() == WHOLE


def wait(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_a_stage_run_by_hand_is_left_alone() -> None:
    alone = {name: value for name, value in os.environ.items() if name != "DVC_STAGE"}
    assert subprocess.run(stage(0), env=alone, capture_output=True, text=True).stdout == "holding\n"
