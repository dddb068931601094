"""Our encoder beside scikit-learn's ColumnTransformer: the whole table read, fitted on training rows, encoded, stored.

Each way in a process of its own, on the table of the last `dvc repro ingest_table`. scikit-learn does what a user would
write: the same rules (the mean for missing numbers, standard scaling, categories below the minimum frequency grouped),
one-hot columns dense or sparse.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.ingest.measure import peak

TABLE = Path("data/table/table.parquet")
RUNS = 3  # of which the fastest counts


def ours(folder: Path) -> None:
    from bakeoff.base import settings
    from bakeoff.data.encoding import encode
    from bakeoff.data.encoding.fit import fit
    from bakeoff.data.encoding.rows import Rows
    from bakeoff.data.encoding.settings import EncodingSettings

    document = settings.load()
    features = settings.at(document, "data.table")
    rows = Rows(TABLE, tuple(features["numeric"]), tuple(features["categorical"]), lambda _: None)
    encoder, found = fit(rows, settings.validate(document, "data.table.encoding", EncodingSettings))
    encode.write(rows, encoder, found.sizes, ["no", "yes"], folder / "encoded.npz")
    encoder.save(folder / "encoder.json")


def dense(folder: Path) -> None:
    import numpy as np

    for name, x in transformed(sparse=False).items():
        np.save(folder / f"{name}.npy", x)


def sparse(folder: Path) -> None:
    from scipy.sparse import save_npz

    for name, x in transformed(sparse=True).items():
        save_npz(folder / f"{name}.npz", x, compressed=False)


def transformed(sparse: bool) -> dict[str, Any]:
    """Each split as an array or a sparse matrix."""
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    from bakeoff.base import settings

    document = settings.load()
    features, rare = (settings.at(document, key) for key in ("data.table", "data.table.encoding.minimum_frequency"))
    frame = pd.read_parquet(TABLE)
    one_hot = OneHotEncoder(min_frequency=rare, handle_unknown="infrequent_if_exist", sparse_output=sparse)
    transformer = ColumnTransformer(
        [
            ("numeric", make_pipeline(SimpleImputer(), StandardScaler()), features["numeric"]),
            ("categorical", one_hot, features["categorical"]),
        ],
        sparse_threshold=float(sparse),
    )
    transformer.fit(frame[frame["split"] == "train"])
    return {name: transformer.transform(frame[frame["split"] == name]) for name in ("train", "validation", "test")}


WAYS: dict[str, Callable[[Path], None]] = {"ours": ours, "dense": dense, "sparse": sparse}
TITLES = {"ours": "bakeoff", "dense": "ColumnTransformer, dense", "sparse": "ColumnTransformer, sparse"}


def measured(way: str) -> dict[str, float]:
    """Seconds, peak memory and bytes on disk, each in MB, of the fastest of RUNS runs."""
    command = [sys.executable, "-m", "benchmarks.ingest.encoding", way]
    runs = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(RUNS)]
    return min(runs, key=lambda run: run["seconds"])


def once(way: str) -> dict[str, float]:
    """One run, in this process; its imports count."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=".") as folder:
        WAYS[way](Path(folder))
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "peak": peak() / 1e6, "disk": size / 1e6}


def run() -> None:
    if not TABLE.exists():
        sys.exit(f"error: {TABLE} is not there; `dvc repro ingest_table` makes it")
    found = {way: measured(way) for way in WAYS}
    for way, cost in found.items():
        ratios = ", ".join(f"{cost[key] / found['ours'][key]:.1f} x {key}" for key in cost)
        figures = f"{cost['seconds']:6.2f} s {cost['peak']:7.0f} MB peak {cost['disk']:7.1f} MB on disk"
        print(f"{TITLES[way]:<26} {figures}  {ratios}")


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(once(sys.argv[1])))
    else:
        run()
