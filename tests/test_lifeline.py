"""An engine that dies takes its stage with it, whether the stage is at work or still importing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

HOLD = "from bakeoff import lifeline; lifeline.hold(); print('holding', flush=True); import time; time.sleep({sleep})"


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


def test_a_stage_run_by_hand_is_left_alone() -> None:
    alone = {name: value for name, value in os.environ.items() if name != "DVC_STAGE"}
    assert subprocess.run(stage(0), env=alone, capture_output=True, text=True).stdout == "holding\n"
