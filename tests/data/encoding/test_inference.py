"""New rows: encoded as the training rows were, or refused in one line."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bakeoff.base.settings import BadInput
from bakeoff.data.encoding.encoder import Encoder
from bakeoff.data.encoding.fit import fit
from bakeoff.data.encoding.inference import encode_file, encode_rows, encode_table_file
from bakeoff.data.table.reading import Reading

READING = Reading.model_validate(dict.fromkeys(Reading.model_fields) | {"missing": ("NA",), "numbers": ("month",)})
TRAIN = pd.DataFrame(
    {"temp": [10.0, 20.0, 30.0, 20.0], "month": ["1", "1", "2", "2"], "carrier": ["UA", "UA", "UA", "AA"]}
)
REFUSE = {"numeric": "refuse", "categorical": "refuse"}


@pytest.fixture
def encoder(table, settings) -> Encoder:
    return fit(table(TRAIN), settings(scaling="minmax", minimum_frequency=2), READING)[0]


@pytest.fixture
def strict(table, settings) -> Encoder:
    return fit(table(TRAIN), settings(minimum_frequency=2, unseen="refuse", missing=REFUSE), READING)[0]


def test_training_rows_are_encoded_as_in_training(table, encoder: Encoder) -> None:
    batch = next(table(TRAIN).batches(["temp", "month", "carrier"], "train"))
    x, counts = encode_rows(encoder, TRAIN)
    assert np.array_equal(x, encoder.transform(batch))
    assert x.dtype == np.float32
    assert counts == {"month": 0, "carrier": 1}


def test_rows_of_a_file_are_read_as_the_table_was(encoder: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("carrier,note,month,temp\nUA,late,1.0,40\nnull,,NA,\n", encoding="utf-8")
    x, counts = encode_table_file(encoder, path)
    assert encoder.columns == ["temp", "month=1", "month=2", "month=other", "carrier=UA", "carrier=other"]
    assert x.tolist() == [[1.5, 1, 0, 0, 1, 0], [0.5, 0, 0, 1, 0, 1]]
    assert counts == {"month": 1, "carrier": 1}


@pytest.mark.parametrize("month", [[1, 1, 2, 2], [1.0, 1.0, 2.0, 2.0], ["1.0", "1", "+2", "2.00"]])
def test_numbers_may_name_categories(encoder: Encoder, month: list[object]) -> None:
    x, _ = encode_rows(encoder, TRAIN.assign(month=month))
    assert np.array_equal(x, encode_rows(encoder, TRAIN)[0])


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        pytest.param(
            TRAIN.drop(columns="temp").assign(tmp=1), "no column 'temp'; did you mean 'tmp'?", id="a column less"
        ),
        pytest.param(
            TRAIN.assign(temp="warm"),
            "row 1: invalid value 'warm' in column 'temp': expected a number",
            id="text for number",
        ),
        pytest.param(
            TRAIN.assign(temp=["1", "2", "x", "4"]),
            "row 3: invalid value 'x' in column 'temp': expected a number",
            id="text among numbers",
        ),
        pytest.param(
            TRAIN.assign(temp=True), "invalid value True in column 'temp': expected a number", id="truth for number"
        ),
        pytest.param(
            TRAIN.assign(temp=[1, 2, np.inf, 4]),
            "row 3: invalid value inf in column 'temp': expected a finite",
            id="infinity",
        ),
        pytest.param(
            TRAIN.assign(month=b"1"), "row 1: invalid value \"b'1'\" (bytes) in column 'month': expected", id="bytes"
        ),
    ],
)
def test_rows_that_do_not_fit_are_refused(encoder: Encoder, rows: pd.DataFrame, says: str) -> None:
    assert says in refusal(encoder, rows)


def test_all_columns_that_do_not_fit_are_named_at_once(encoder: Encoder) -> None:
    line = refusal(encoder, pd.DataFrame({"temp": ["x"], "month": [b"1"]}))
    assert "no column 'carrier'" in line and "invalid value 'x' in column 'temp'" in line and "(bytes)" in line


def test_what_the_encoder_refuses_is_refused(strict: Encoder) -> None:
    assert "row 4: 'temp' is missing, and the encoder was fitted to refuse that" in refusal(
        strict, TRAIN.assign(temp=[1, 2, 3, None])
    )
    assert "row 2: 'month' is missing" in refusal(strict, TRAIN.assign(month=["1", None, "1", "1"]))
    assert "row 3: 'carrier' is 'XX', which no training row has" in refusal(
        strict, TRAIN.assign(carrier=["UA", "AA", "XX", "XX"])
    )
    assert encode_rows(strict, TRAIN)[1] == {"month": 0, "carrier": 1}  # a rare one is not unseen


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b'a,b\n"1', "line 1 names no column"),
        (b"\xff\xfe\x00", r"invalid byte 0x00 \(line 1, byte 2\): expected utf-16"),
        (b"carrier,month,temp\nUA,1,warm\nUA,1\n", "line 3 has 2"),
    ],
)
def test_a_file_that_is_no_table_is_refused(encoder: Encoder, tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=rf"rows\.csv: .*{says}") as refused:
        encode_table_file(encoder, path)
    assert "\n" not in str(refused.value)


def test_a_file_is_encoded_into_an_array_with_the_names_of_its_columns(
    encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text("carrier,month,temp\nUA,1,40\nXX,1,NA\n", encoding="utf-8")
    encoder.save(Path("encoder.json"))
    line = encode_file(Path("encoder.json"), Path("rows.csv"), Path("x.npz"))
    assert line == "x.npz: 2 rows of 6 columns; rare or unseen: carrier 1"
    with np.load("x.npz") as arrays:
        assert arrays["x"].tolist() == [[1.5, 1, 0, 0, 1, 0], [0.5, 1, 0, 0, 0, 1]]
        assert arrays["columns"].tolist() == encoder.columns
    assert sorted(path.name for path in tmp_path.glob("*x.npz")) == ["x.npz"]
    for rows, to, says in (("none.csv", "x.npz", "none.csv: "), ("rows.csv", "none/x.npz", "none/x.npz: No such file")):
        with pytest.raises(BadInput, match=says):
            encode_file(Path("encoder.json"), Path(rows), Path(to))


def refusal(encoder: Encoder, rows: pd.DataFrame) -> str:
    with pytest.raises(BadInput, match=r"^new\.csv: ") as refused:
        encode_rows(encoder, rows, "new.csv")
    assert "\n" not in str(refused.value)
    return str(refused.value)
