"""A contender of a benchmark: a process, perhaps of another environment, that answers one question at a time."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MARK = "answer "  # before an answer on standard output, where a library may print too


def start(arguments: Sequence[str], python: Path | None) -> subprocess.Popen[str]:
    """Start `python -m ARGUMENTS` with one thread.

    Args:
        python: of the contender's environment. It runs as its users run it, without what makes this project's bytes
            equal. None for this project's own contender.
    """
    from bakeoff.base import reproducible

    plain = {name: value for name, value in os.environ.items() if name not in reproducible.ENVIRONMENT}
    alone = plain | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    return subprocess.Popen(
        [python or Path(sys.executable), "-m", *arguments],
        cwd=ROOT,
        env=alone if python else alone | reproducible.ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if python else None,
        text=True,
    )


def ask(process: subprocess.Popen[str], question: str) -> dict[str, Any]:
    """Return the answer to a question of one line.

    Raises:
        RuntimeError: the process has ended.
    """
    assert process.stdin and process.stdout
    process.stdin.write(f"{question}\n")
    process.stdin.flush()
    for line in process.stdout:
        if line.startswith(MARK):
            found: dict[str, Any] = json.loads(line.removeprefix(MARK))
            return found
    raise RuntimeError(f"{' '.join(map(str, process.args))} ended with status {process.wait()}")  # type: ignore[arg-type]


def answer(values: Mapping[str, Any]) -> None:
    """Answer the question that was read, in the contender's process."""
    print(f"{MARK}{json.dumps(values)}", flush=True)
