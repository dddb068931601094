"""Our ingestion of a table beside pandas: text read, checked, labelled, split by time, sorted and stored.

Each way in a process of its own, on generated text. pandas does what a user would write, all rows in memory.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.ingest.measure import peak

SIZES = (10, 100, 1000)  # MB of text
FULL = (*SIZES, 5000)
IN_MEMORY = 1000  # MB of text that pandas is asked to hold
NUMBERS = [f"x{i}" for i in range(6)]
HELD = 0.15  # share of the rows for validation, and again for test
SETTINGS = {
    "source": "data/raw/table/generated.csv",
    "take": None,
    "csv": {
        "separator": "auto",
        "decimal": "auto",
        "thousands": "auto",
        "encoding": "auto",
        "date_order": "auto",
        "missing": ["NA"],
    },
    "target": {"column": "label", "above": None, "classes": None},
    "numeric": NUMBERS,
    "categorical": ["kind"],
    "time": "when",
    "leaks": [],
    "dropped": ["user"],
    "order": ["when", "user"],
    "split": {"by": "time", "column": None, "validation": HELD, "test": HELD, "seed": 0},
}


def generate(path: Path, megabytes: int) -> None:
    """So many MB of rows: a moment, a user, six numbers, one of 50 kinds, a label. 100,000 rows, again and again."""
    import pandas as pd

    generator, n = np.random.default_rng(0), 100_000
    moments = pd.Timestamp("2020-01-01") + pd.to_timedelta(generator.integers(0, 10**8, n), unit="s")
    columns = {"when": moments.strftime("%Y-%m-%dT%H:%M:%S"), "user": generator.integers(0, 5000, n)}
    columns |= {name: generator.normal(size=n).round(6) for name in NUMBERS}
    columns |= {"kind": generator.integers(0, 50, n).astype(str), "label": generator.choice(["no", "yes"], n)}
    rows = pd.DataFrame(columns)
    block = rows.to_csv(index=False, header=False).encode()
    with path.open("wb") as file:
        file.write(",".join(rows).encode() + b"\n")
        while file.tell() < megabytes * 1e6:
            file.write(block)


def ours(path: Path, made: Path) -> None:
    from bakeoff.data.sources.find import Found
    from bakeoff.data.table import ingest
    from bakeoff.data.table.settings import TableSettings

    found = Found(path.name, None, {"data": path})
    with ingest.ingested(found, TableSettings.model_validate(SETTINGS), lambda _: None) as prepared:
        prepared.save(made)


def pandas(path: Path, made: Path) -> None:
    import pandas as pd

    rows = pd.read_csv(path, parse_dates=["when"], keep_default_na=False, na_values=["", "NA"])
    rows = rows.dropna(subset="label").sort_values(["when", "user"], kind="stable")
    moments = rows["when"].to_numpy()
    validation, test = (moments[len(rows) - round(share * len(rows))] for share in (2 * HELD, HELD))
    table = rows[[*NUMBERS, "kind", "when"]].assign(
        kind=rows["kind"].astype("str").fillna("missing"),
        target=rows["label"].astype("category").cat.codes.astype(np.uint8),
        split=np.select([moments >= test, moments >= validation], ["test", "validation"], "train"),
    )
    table.to_parquet(made, index=False)


WAYS: dict[str, Callable[[Path, Path], None]] = {"bakeoff": ours, "pandas": pandas}


def once(way: str, path: Path) -> dict[str, float]:
    """Seconds, those of processors, and peak memory in MB of one run, in this process; its imports count."""
    started = time.perf_counter()
    WAYS[way](path, path.with_name("table.parquet"))
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "cpu": time.process_time(), "peak": peak() / 1e6}


def measured(way: str, path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.ingest.tables", way, str(path)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


def run(full: bool) -> None:
    for megabytes in FULL if full else SIZES:
        with tempfile.TemporaryDirectory(prefix="bakeoff-") as folder:
            path = Path(folder) / "generated.csv"
            generate(path, megabytes)
            ways = [way for way in WAYS if way == "bakeoff" or megabytes <= IN_MEMORY]
            found = {way: measured(way, path) for way in ways}
        for way, cost in found.items():
            ratios = ", ".join(f"{cost[key] / found['bakeoff'][key]:.1f} x {key}" for key in cost)
            figures = f"{megabytes / cost['seconds']:6.1f} MB/s {cost['cpu']:6.1f} s of CPU {cost['peak']:7.0f} MB peak"
            print(f"{megabytes:5} MB  {way:<8} {figures}  {ratios}", flush=True)


if __name__ == "__main__":
    if sys.argv[2:]:
        print(json.dumps(once(sys.argv[1], Path(sys.argv[2]))))
    else:
        run(full="--full" in sys.argv[1:])
