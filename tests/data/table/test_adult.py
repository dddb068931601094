from pathlib import Path

from bakeoff.data.table import adult

TRAIN = """\
39, State-gov, 77516, Bachelors, 13, Never-married, Sales, Not-in-family, White, Male, 2174, 0, 40, Cuba, <=50K
54, ?, 180211, Some-college, 10, Married-civ-spouse, ?, Husband, Asian-Pac-Islander, Male, 0, 0, 60, South, >50K

"""
TEST = """\
|1x3 Cross validator
25, Private, 226802, 11th, 7, Never-married, Machine-op-inspct, Own-child, Black, Male, 0, 0, 40, United-States, <=50K.

"""


def test_both_files_are_one_table_with_the_same_two_classes(tmp_path: Path) -> None:
    files = {"train": tmp_path / "adult.data", "test": tmp_path / "adult.test"}
    files["train"].write_text(TRAIN, encoding="utf-8")
    files["test"].write_text(TEST, encoding="utf-8")
    rows = adult.read(files)
    assert rows["age"].tolist() == [39, 54, 25]
    assert rows["income"].tolist() == ["<=50K", ">50K", "<=50K"]
    assert rows["workclass"].isna().tolist() == [False, True, False]
    assert rows["hours-per-week"].tolist() == [40, 60, 40]
