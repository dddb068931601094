"""The numbers before and after scaling, as `describe().round(2)` shows them, and what became of the categories."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.record import dump
from bakeoff.data.encoding.encoder import Encoder
from bakeoff.data.encoding.moments import Moments
from bakeoff.data.encoding.quartiles import quartiles
from bakeoff.data.encoding.rows import Rows, numbers
from bakeoff.data.encoding.scale import Scale
from bakeoff.data.encoding.survey import Counts, Survey


def describe(moments: Moments, spread: tuple[float, float, float]) -> dict[str, float]:
    """Statistics of n numbers, with pandas' names and two decimals.

    `std` is pandas' too, of ddof 1 where the scaling divides by that of ddof 0: after standard scaling it is
    sqrt(n / (n - 1)), which two decimals show as 1.00 from 101 rows on. A single number has std 0, in pandas NaN.
    """
    quarters = dict(zip(("25%", "50%", "75%"), spread, strict=True))
    deviation = moments.deviation(ddof=1)
    table = {"mean": moments.mean, "std": deviation, "min": moments.least, **quarters, "max": moments.greatest}
    return {"count": moments.n} | {name: round(value, 2) + 0.0 for name, value in table.items()}  # no -0


def report(rows: Rows, encoder: Encoder, found: Survey, others: Mapping[str, Counts]) -> dict[str, Any]:
    """Return the statistics for the report page; reads each number five times.

    before, after: statistics of the training rows' numbers by column: before of the values that are there, as pandas
        counts them, after of all rows, for missing values have been filled in.
    missing: values by column and split.
    categories: by column how many are known and how many are rare (`grouped`), and by split the rows that share `other`
        because theirs is `rare` or `unseen`; of a hashed column, its `buckets`. No value counts as one of them.
    rows: by split. columns: D.
    """
    known = {
        name: {
            "known": category.other,
            "grouped": len(category.rare) + (category.missing == "rare"),
            **others[name],
        }
        for name, category in encoder.one_hot.items()
    }
    return {
        "before": {name: describe(found.moments[name], found.quartiles[name]) for name in encoder.numeric},
        "after": {name: after(rows, name, scale) for name, scale in encoder.numeric.items()},
        "missing": found.missing,
        "categories": known | {name: {"buckets": category.buckets} for name, category in encoder.hashed.items()},
        "rows": found.sizes,
        "columns": len(encoder.columns),
    }


def after(rows: Rows, name: str, scale: Scale) -> dict[str, float]:
    """Statistics of a number's training rows once it is scaled."""

    def scan() -> Iterator[NDArray[np.float64]]:
        for batch in rows.batches([name], "train"):
            yield scale.encode(numbers(batch, name)).astype(np.float64)

    moments = sum(map(Moments.of, scan()), start=Moments.of(np.empty(0)))
    return describe(moments, quartiles(scan, moments.n))


def save(report: Mapping[str, Any], path: Path) -> None:
    path.write_text(dump(report), encoding="utf-8", newline="\n")
