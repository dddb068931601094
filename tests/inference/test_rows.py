"""Classes of raw rows of a table, encoded by the stored encoder."""

import csv
import io
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from bakeoff.base.provenance import sha256
from bakeoff.base.settings import BadInput
from bakeoff.data.encoding.encoder import Encoder
from bakeoff.data.encoding.inference import encode_table_file
from bakeoff.inference import models
from bakeoff.inference.predict import predict

CLASSES = ("on time", "late, by 15")
TEXT = "temp,carrier,note\n10,UA,a\n-3.5,AA,b\n20,ZZ,c\n"


@pytest.fixture(autouse=True)
def text(project: Path) -> None:
    (project / "rows.csv").write_text(TEXT)


@pytest.fixture
def trained(encoder: Encoder, train: Callable[..., None], project: Path) -> None:
    encoded = project / "data/table/encoded.npz"
    encoded.write_bytes(b"encoded")
    data = {"data/table/encoded.npz": sha256(encoded)}
    train("table", "softmax-adam", "softmax", (len(encoder.columns),), CLASSES, {"0": {"val/auc": 0.7}}, data)


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.usefixtures("trained")
def test_each_row_has_its_class_and_probabilities(
    project: Path, encoder: Encoder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict("table", "rows.csv", "out.csv", cell="softmax-adam") == 0
    x, _ = encode_table_file(encoder, project / "rows.csv")
    chosen = models.Chosen("table", "softmax-adam", "softmax", "stage", 0)
    wanted = models.load(chosen, "table", "auc").predictor.predict(x)
    found = lines((project / "out.csv").read_text())
    assert [line["row"] for line in found] == ["1", "2", "3"]
    for line, row in zip(found, wanted, strict=True):
        assert [float(line[f"probability.{name}"]) for name in CLASSES] == pytest.approx(row.tolist(), rel=1e-5)
        assert line["predicted"] == CLASSES[int(row.argmax())]
    grouped, note, done = capsys.readouterr().err.splitlines()
    assert grouped == "rare or unseen values: carrier 1" and done == "table by softmax-adam, seed 0: 3 rows"
    assert note.startswith(
        "note: not checked: whether data/table/encoder.json is the one of the training, for dvc.lock"
    )


@pytest.mark.usefixtures("trained")
def test_parquet_and_a_pipe_give_what_the_text_does(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    pd.read_csv(io.StringIO(TEXT)).to_parquet(project / "rows.parquet")
    for source in ("rows.csv", "rows.parquet"):
        predict("table", source, f"{source}.out", cell="softmax-adam")
        with (project / source).open("rb") as file:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(file))
            predict("table", "-", "-", cell="softmax-adam")
        assert capsysbinary.readouterr().out == (project / "rows.csv.out").read_bytes()
    assert (project / "rows.csv.out").read_bytes() == (project / "rows.parquet.out").read_bytes()


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("temp,carier\n1,UA\n", "no column 'carrier'; did you mean 'carier'"),
        ("carrier\nUA\n", "no column 'temp'"),
        ("temp,carrier\nwarm,UA\n", "warm"),
        ("temp,carrier\n1,X1\n2,X2\n3,UA\n", "2 of 3 values of 'carrier' are in no training row"),
        ("", "standard input: is empty"),
    ],
)
def test_rows_of_another_kind_are_one_line(
    project: Path, monkeypatch: pytest.MonkeyPatch, text: str, line: str
) -> None:
    (project / "other.csv").write_text(text)
    with (project / "other.csv").open("rb") as file:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(file))
        with pytest.raises(BadInput) as error:
            predict("table", "-", "out.csv", cell="softmax-adam")
    assert line in str(error.value) and "standard input: " in str(error.value)
    assert not (project / "out.csv").exists()


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("change", ["newer data", "another width"])
def test_an_encoder_that_is_newer_than_the_model_is_refused(
    project: Path, train: Callable[..., None], change: str
) -> None:
    if change == "newer data":
        (project / "data/table/encoded.npz").write_bytes(b"encoded anew")
    else:
        train("table", "softmax-adam", "softmax", (7,), CLASSES, {"0": {}})
        (project / "data/table/encoded.npz").unlink()
    with pytest.raises(BadInput, match="is not the encoder with which softmax-adam, seed 0 was trained; `dvc repro"):
        predict("table", "rows.csv", "out.csv", cell="softmax-adam")


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("there", [True, False], ids=["encoded rows", "no encoded rows"])
def test_an_encoder_is_held_to_dvc_lock(
    project: Path, encoder: Encoder, record: Callable[..., None], capsys: pytest.CaptureFixture[str], there: bool
) -> None:
    record("table", "softmax-adam", "data/table/encoded.npz", {}, beside=("data/table/encoder.json",))
    if not there:
        (project / "data/table/encoded.npz").unlink()
    assert predict("table", "rows.csv", "out.csv", cell="softmax-adam") == 0
    assert "note" not in capsys.readouterr().err
    numeric = {"temp": encoder.numeric["temp"].model_copy(update={"center": 6.0})}
    encoder.model_copy(update={"numeric": numeric}).save(project / "data/table/encoder.json")
    with pytest.raises(BadInput, match=r"encoder\.json: is not the one with which softmax-adam, seed 0 was trained"):
        predict("table", "rows.csv", "other.csv", cell="softmax-adam")
    assert not (project / "other.csv").exists()


@pytest.mark.usefixtures("trained")
def test_where_nothing_tells_of_the_encoder_a_note_says_so(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "data/table/encoded.npz").unlink()
    assert predict("table", "rows.csv", "out.csv", cell="softmax-adam") == 0
    assert capsys.readouterr().err.count("note: not checked: whether data/table/encoder.json is the one of") == 1


@pytest.mark.usefixtures("trained")
def test_a_folder_is_no_table(project: Path) -> None:
    (project / "folder").mkdir()
    with pytest.raises(BadInput, match="folder: Is a directory; name a file that can be read"):
        predict("table", "folder", "out.csv", cell="softmax-adam")
