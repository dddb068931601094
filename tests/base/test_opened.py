"""The list of files that a stage opens."""

import os
import subprocess
import sys
from pathlib import Path

from bakeoff.base import opened

OPENS = """
import os, sys, tempfile
from pathlib import Path
from bakeoff.base import opened
opened.note()
Path("read").read_text(); Path("read").read_text()
Path("inner/written").write_text("")
os.open("low", os.O_RDONLY)
open(b"bytes").read()
open(os.open("read", os.O_RDONLY)).read()
open("/dev/null").close()
tempfile.TemporaryFile(dir="inner").close()
if os.fork() == 0:
    open("by a worker", "a").close()
    os._exit(0)
os.wait()
import imported
"""


def test_files_below_the_folder_are_listed_once_by_what_is_done_to_them(tmp_path: Path) -> None:
    for name in ("read", "low", "bytes", "imported.py"):
        (tmp_path / name).touch()
    (tmp_path / "inner").mkdir()
    (tmp_path / "lists").mkdir()
    environment = os.environ | {opened.VARIABLE: str(tmp_path / "lists"), "DVC_STAGE": "train@cnn"}
    subprocess.run([sys.executable, "-B", "-W", "ignore", "-c", OPENS], cwd=tmp_path, env=environment, check=True)
    (listed,) = opened.read(tmp_path / "lists").items()
    compiled = {path for path in listed[1]["read"] if "__pycache__" in path}  # that Python looked for
    assert (listed[0], listed[1]["read"] - compiled) == ("train@cnn", {"read", "low", "bytes", "imported.py"})
    assert listed[1]["write"] == {"inner/written", "by a worker"}


def test_nothing_is_listed_unless_asked_for(tmp_path: Path) -> None:
    quiet = {name: value for name, value in os.environ.items() if name != opened.VARIABLE}
    code = "from bakeoff.base import opened; opened.note(); open('x', 'w').close()"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=quiet, check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
