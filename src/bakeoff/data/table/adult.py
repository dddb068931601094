"""Adults of the US census of 1994, and whether they earn more than 50,000 dollars a year; one row a person.

Source: Becker & Kohavi 1996, Adult, UCI Machine Learning Repository.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

COLUMNS = [
    *("age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship"),
    *("race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "income"),
]


def read(files: Mapping[str, Path]) -> pd.DataFrame:
    """The 32,561 rows of adult.data, then the 16,281 of adult.test.

    No header; fields end with comma and space; ? stands for a missing value. In adult.test the first line is a
    remark, and a full stop follows the income.
    """
    parts = []
    for part, remarks in (("train", 0), ("test", 1)):
        rows = pd.read_csv(files[part], names=COLUMNS, skiprows=remarks, na_values="?", skipinitialspace=True)
        parts.append(rows.assign(income=rows["income"].str.removesuffix(".")))
    return pd.concat(parts, ignore_index=True)
