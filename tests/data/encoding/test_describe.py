import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from bakeoff.base.settings import BadInput
from bakeoff.data.card import read_card
from bakeoff.data.encoding import describe, encode
from bakeoff.data.encoding.fit import fit
from bakeoff.data.encoding.inference import encode_rows
from bakeoff.data.encoding.moments import Moments
from bakeoff.data.encoding.report import Buckets, Encoding, Grouped
from bakeoff.data.encoding.rows import scans
from bakeoff.data.encoding.survey import others
from bakeoff.data.table.reading import Reading

GENERATOR = np.random.default_rng(0)
TRAIN = pd.DataFrame(
    {
        "temp": np.where(np.arange(500) % 7, GENERATOR.normal(55, 18, 500), np.nan),
        "precip": GENERATOR.exponential(0.1, 500),
        "carrier": GENERATOR.choice(["UA", "AA", "9E"], 500, p=[0.6, 0.39, 0.01]),
        "tailnum": GENERATOR.choice(["N1", "N2", "N3"], 500),
    }
)


READING = Reading.model_validate(dict.fromkeys(Reading.model_fields) | {"missing": ("NA",), "numbers": ("month",)})


def test_the_tables_are_those_of_pandas(table, settings, tmp_path: Path) -> None:
    new = pd.DataFrame({"temp": [np.nan], "precip": [0.0], "carrier": ["XX"], "tailnum": ["N9"]})
    rows = table(TRAIN, test=new)
    encoder, found = fit(
        rows, settings(minimum_frequency=20, hashed={"tailnum": 4}, scaling_by_column={"precip": "minmax"}), READING
    )
    report = describe.report(rows, encoder, found, others(rows, encoder))
    numeric = ["temp", "precip"]
    pd.testing.assert_frame_equal(pd.DataFrame(report.before), TRAIN[numeric].describe().round(2))
    encoded = pd.DataFrame(encode_rows(encoder, TRAIN)[0].astype(np.float64)[:, :2], columns=numeric)
    pd.testing.assert_frame_equal(pd.DataFrame(report.after), encoded.describe().round(2))
    assert [report.after["temp"][name] for name in ("mean", "std")] == [0.0, 1.0]
    assert [report.after["precip"][name] for name in ("min", "max")] == [0.0, 1.0]
    assert report.missing["temp"] == {"train": 72, "validation": 1, "test": 1}
    rare = int((TRAIN["carrier"] == "9E").sum())
    assert report.categories == {
        "carrier": Grouped(
            known=2,
            grouped=1,
            rare={"train": rare, "validation": 0, "test": 0},
            unseen={"train": 0, "validation": 0, "test": 1},
        ),
        "tailnum": Buckets(buckets=4),
    }
    assert report.rows == {"train": 500, "validation": 1, "test": 1}
    assert report.columns == 2 + 3 + 4
    report.save(tmp_path / "encoding.json")
    assert Encoding.read(tmp_path / "encoding.json") == report
    with pytest.raises(BadInput, match=r"no\.json: cannot be read"):
        Encoding.read(tmp_path / "no.json")
    (tmp_path / "other.json").write_text('{"rows": {}}')
    with pytest.raises(BadInput, match=r"other\.json: .*make it again"):
        Encoding.read(tmp_path / "other.json")


def test_the_card_counts_the_classes_of_each_split(table, settings, tmp_path: Path) -> None:
    done: list[int] = []
    rows = replace(table(TRAIN), advance=done.append)
    encoder, _ = fit(rows, settings(), READING)
    before = sum(done)
    card = describe.card(rows, encoder, ["no", "yes"], "data/raw/table/my.csv")
    assert sum(done) == before  # the count is no part of the work that the progress counts
    assert (card.kind, card.source, card.classes) == ("table", "data/raw/table/my.csv", ("no", "yes"))
    assert card.shape == (len(encoder.columns),)
    target = pq.read_table(rows.path, columns=["target", "split"]).to_pandas()
    for split, part in card.parts.items():
        counts = target[target["split"] == split]["target"].value_counts()
        assert part.labels == (counts.get(0, 0), counts.get(1, 0)) and part.examples == sum(part.labels)
    card.save(tmp_path / "card.json")
    assert read_card(tmp_path / "card.json") == card


@pytest.mark.parametrize("values", [[3.0], [2.0, 2.0], [-0.001, 0.0]])
def test_few_numbers_have_finite_statistics(values: list[float]) -> None:
    found = describe.describe(Moments.of(np.array(values)), (values[0],) * 3)
    assert all(np.isfinite(list(found.values())))
    assert "-0.0" not in json.dumps(found)


def test_the_number_of_scans_is_known_beforehand(table, settings, tmp_path: Path) -> None:
    done: list[int] = []
    rows = replace(table(TRAIN), advance=done.append)
    encoder, found = fit(rows, settings(), READING)
    describe.report(rows, encoder, found, others(rows, encoder))
    encode.write(rows, encoder, found.sizes, ["no", "yes"], tmp_path / "encoded.npz")
    assert sum(done) == scans(numbers=2)
