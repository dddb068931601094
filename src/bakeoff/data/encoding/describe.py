"""The numbers before and after scaling, as `describe().round(2)` shows them, and what became of the categories."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.card import Card, Part, encodable, shown
from bakeoff.data.encoding.encoder import Encoder
from bakeoff.data.encoding.moments import Moments
from bakeoff.data.encoding.quartiles import quartiles
from bakeoff.data.encoding.report import Buckets, Encoding, Grouped
from bakeoff.data.encoding.rows import Rows, labels, numbers
from bakeoff.data.encoding.scale import Scale
from bakeoff.data.encoding.survey import Counts, Survey
from bakeoff.data.examples import SPLITS
from bakeoff.data.sources.settings import Source
from bakeoff.data.table.table import TARGET


def describe(moments: Moments, spread: tuple[float, float, float]) -> dict[str, float]:
    """Return statistics of n numbers, with pandas' names and two decimals.

    `std` is pandas' too, of ddof 1 if the scaling divides by that of ddof 0: after standard scaling it is
    sqrt(n / (n - 1)), which two decimals show as 1.00 from 101 rows on. A single number has std 0, in pandas NaN.
    """
    quarters = dict(zip(("25%", "50%", "75%"), spread, strict=True))
    deviation = moments.deviation(ddof=1)
    table = {"mean": moments.mean, "std": deviation, "min": moments.least, **quarters, "max": moments.greatest}
    return {"count": moments.n} | {name: round(value, 2) + 0.0 for name, value in table.items()}  # no -0


def report(rows: Rows, encoder: Encoder, found: Survey, others: Mapping[str, Counts]) -> Encoding:
    """Return the statistics for the report page; reads each number five times."""
    categories: dict[str, Grouped | Buckets] = {
        name: Grouped(known=category.other, grouped=len(category.rare) + (category.missing == "rare"), **others[name])
        for name, category in encoder.one_hot.items()
    }
    categories |= {name: Buckets(buckets=category.buckets) for name, category in encoder.hashed.items()}
    return Encoding(
        before={name: describe(found.moments[name], found.quartiles[name]) for name in encoder.numeric},
        after={name: after(rows, name, scale) for name, scale in encoder.numeric.items()},
        missing=found.missing,
        categories=categories,
        rows=found.sizes,
        columns=len(encoder.columns),
    )


def after(rows: Rows, name: str, scale: Scale) -> dict[str, float]:
    """Return statistics of a number's training rows once it is scaled."""

    def scan() -> Iterator[NDArray[np.float64]]:
        for batch in rows.batches([name], "train"):
            yield scale.encode(numbers(batch, name)).astype(np.float64)

    moments = sum(map(Moments.of, scan()), start=Moments.of(np.empty(0)))
    return describe(moments, quartiles(scan, moments.n))


def card(rows: Rows, encoder: Encoder, classes: Sequence[str], source: Source, taken: str | None = None) -> Card:
    """Return the card of the encoded table; counts the classes in three more scans of the target.

    Args:
        taken: which part of the source the table has; None for all of it.
    """
    quiet = replace(rows, advance=lambda _: None)
    parts = {
        split: Part.of_rows(
            sum(
                (np.bincount(labels(batch), minlength=len(classes)) for batch in quiet.batches([TARGET], split)),
                start=np.zeros(len(classes), np.int64),
            )
        )
        for split in SPLITS
    }
    return Card(
        kind="table",
        source=shown(source),
        taken=taken,
        classes=tuple(map(encodable, classes)),
        shape=(len(encoder.columns),),
        train=parts["train"],
        validation=parts["validation"],
        test=parts["test"],
        samples=None,
    )
