"""Small tables of 40 rows, ingested in this process."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bakeoff.data.sources.find import Found
from bakeoff.data.table import ingest, table
from bakeoff.data.table.reading import Reading
from bakeoff.data.table.settings import TableSettings

ROWS = 40
RANDOM = {"by": "random", "column": None, "validation": 0.2, "test": 0.2, "seed": 0}
BY_TIME = {"time": "v", "numeric": ["x"], "split": RANDOM | {"by": "time"}}
AUTO = {
    "separator": "auto",
    "decimal": "auto",
    "thousands": "auto",
    "encoding": "auto",
    "date_order": "auto",
    "missing": ["NA"],
}
SETTINGS: dict[str, Any] = {
    "source": "data/raw/table/t.csv",
    "take": None,
    "csv": AUTO,
    "target": {"column": "label", "above": None, "classes": None},
    "numeric": ["v"],
    "categorical": [],
    "time": None,
    "leaks": [],
    "dropped": None,
    "order": [],
    "split": RANDOM,
}
CATEGORY = {"numeric": ["x"], "categorical": ["v"]}


def text(values: Sequence[str], separator: str = ",", *, quotes: bool = False) -> str:
    """A number x, the values in turn as v, and a label."""
    mark = '"' if quotes else ""
    turn = len(values) if len(values) < ROWS // 2 else 1  # so that both classes have every value
    rows = (
        separator.join([str(i), f"{mark}{values[i % len(values)]}{mark}", ("no", "yes")[i // turn % 2]])
        for i in range(ROWS)
    )
    return "\n".join([separator.join(["x", "v", "label"]), *rows]) + "\n"


def parquet(values: pa.Array) -> bytes:
    """The same with a type."""
    file = io.BytesIO()
    labels = [("no", "yes")[i % 2] for i in range(ROWS)]
    pq.write_table(pa.table({"x": list(map(float, range(ROWS))), "v": values, "label": labels}), file)
    return file.getvalue()


def ingested(
    folder: Path, content: str | bytes, csv: Mapping[str, Any] | None = None, name: str = "t.csv", **change: Any
) -> tuple[pd.DataFrame, Reading, str]:
    """The table that comes of a file, how it was read, and the summary."""
    path, made = folder / name, folder / "table.parquet"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    settings = TableSettings.model_validate({**SETTINGS, **change, "csv": AUTO | dict(csv or {})})
    with ingest.ingested(Found(name, None, {"data": path}), settings, int) as prepared:
        prepared.save(made)
        return table.load(made), prepared.reading, prepared.summary()
