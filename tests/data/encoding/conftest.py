"""Tables as the ingesting stage leaves them, and settings that change one thing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bakeoff.data.encoding.rows import Rows
from bakeoff.data.encoding.settings import EncodingSettings

PLAIN = {
    "scaling": "standard",
    "scaling_by_column": {},
    "missing": {"numeric": "mean", "categorical": "category"},
    "minimum_frequency": 1,
    "maximum_categories": 500,
    "unseen": "other",
    "maximum_unseen": 1.0,
    "hashed": {},
}

MakeRows = Callable[..., Rows]
MakeSettings = Callable[..., EncodingSettings]


@pytest.fixture
def settings() -> MakeSettings:
    """`settings(scaling="minmax")`: everything else as in PLAIN."""

    def make(**changes: Any) -> EncodingSettings:
        return EncodingSettings.model_validate(PLAIN | changes)

    return make


@pytest.fixture
def table(tmp_path: Path) -> MakeRows:
    """`table(train, validation, test)` as rows of a file; a split that is not given holds the first training row."""

    def make(train: pd.DataFrame, validation: pd.DataFrame | None = None, test: pd.DataFrame | None = None) -> Rows:
        held = [train.head(1) if rows is None else rows for rows in (validation, test)]
        rows = pd.concat([train, *held], ignore_index=True).astype(train.dtypes)
        splits = np.repeat(["train", "validation", "test"], [len(train), *map(len, held)])
        whole = rows.assign(target=np.arange(len(rows), dtype=np.uint8) % 2, split=splits)
        whole = whole.loc[whole.groupby("split").cumcount().sort_values(kind="stable").index]  # splits lie mixed
        path = tmp_path / "table.parquet"
        schema = pa.Table.from_pandas(whole, preserve_index=False)
        numeric = tuple(name for name in train if pd.api.types.is_numeric_dtype(train[name]))
        gaps = {name: "(missing)" for name in train if name not in numeric and "missing" in set(train[name])}
        metadata = {b"classes": b'["no", "yes"]', b"gaps": json.dumps(gaps)}
        pq.write_table(schema.replace_schema_metadata(metadata), path, row_group_size=1000)
        return Rows(path, numeric, tuple(name for name in train if name not in numeric), lambda _: None)

    return make
