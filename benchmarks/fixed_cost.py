"""What each stage costs before and after its own work, and what the engines cost when there is nothing to do.

For every script of the graph: start of Python, imports, settings, record and atomic output, with the work itself left
out. Beside it the start of Python with the stage's heaviest library, which no stage can go below.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ruamel.yaml import YAML

from bakeoff.harness.code_dependencies import script

RUNS = 5
LIMITS = {"stage": 2.5, "no-op": 3.0}  # seconds
# With nothing stale, and the seconds that each may take. `make repro` checks and tidies before it runs.
COMMANDS = {
    ("dvc", "repro"): LIMITS["no-op"],
    ("dvc", "status"): LIMITS["no-op"],
    ("snakemake", "-n", "--cores", "1"): LIMITS["no-op"],
    ("make", "repro"): None,
}

NO_WORK = """
from importlib.machinery import ModuleSpec
import pipeline
from bakeoff.harness.stage import run
import {module}

def work(stage):
    stage.settings("run.device", str)
    stage.record("{folder}/record.json", "none", [])

__spec__ = ModuleSpec("{module}", None)  # as `python -m` has it, by which a stage finds its sources
run(work, "fixed-cost")
"""


def seconds(command: list[str]) -> float:
    """Median wall time of a command over RUNS runs, after one that warms the file cache."""
    times = []
    for _ in range(RUNS + 1):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])


def main() -> None:
    if "up to date" not in subprocess.run(["dvc", "status"], capture_output=True, text=True, check=True).stdout:
        sys.exit("error: `dvc status` is not clean, so nothing here would be a no-op; run `make repro` first")
    late = []
    stages = YAML(typ="safe").load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"]
    scripts = sorted({script(stage["cmd"]) for stage in stages.values()})
    bare = seconds([sys.executable, "-c", "import torch"])
    print(f"{'import torch':<32} {bare:5.2f} s")
    with tempfile.TemporaryDirectory(dir=".") as folder:
        for path in scripts:
            module = ".".join(path.with_suffix("").parts)
            code = NO_WORK.format(module=module, folder=Path(folder).name)
            cost = seconds([sys.executable, "-c", code])
            late += [module] if cost > LIMITS["stage"] else []
            print(f"{module:<32} {cost:5.2f} s  {cost / bare:4.1f} x torch  (at most {LIMITS['stage']} s)")
    for command, limit in COMMANDS.items():
        cost = seconds(list(command))
        late += [" ".join(command)] if limit and cost > limit else []
        print(f"{' '.join(command):<32} {cost:5.2f} s{f'  (at most {limit} s)' if limit else ''}")
    if late:
        sys.exit(f"error: above the limit: {', '.join(late)}")


if __name__ == "__main__":
    main()
