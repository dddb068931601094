"""Statistics of the table: of the training rows, missing values, and rows that share `other`."""

from collections import Counter
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput
from bakeoff.data.encoding.categories import bucket, shown
from bakeoff.data.encoding.encoder import Encoder
from bakeoff.data.encoding.moments import Moments
from bakeoff.data.encoding.quartiles import quartiles
from bakeoff.data.encoding.rows import Rows, Texts, numbers, part, texts
from bakeoff.data.encoding.settings import EncodingSettings
from bakeoff.data.examples import SPLITS

LARGEST = float(np.finfo(np.float32).max)
MOST_DISTINCT = 1_000_000  # categories of a column that are counted: a bound on memory, about 150 MB

Counts = dict[str, dict[str, int]]  # rows by column and split


@dataclass(frozen=True)
class Survey:
    """Statistics of the whole table; all but the first two are of the training rows alone.

    Attributes:
        sizes: rows by split.
        missing: by column and split.
        moments: of each number.
        quartiles: of each number.
        frequency: rows of each category, by column; hashed columns are in `fullness`.
        fullness: rows of each bucket, by hashed column.
    """

    sizes: dict[str, int]
    missing: Counts
    moments: dict[str, Moments]
    quartiles: dict[str, tuple[float, float, float]]
    frequency: dict[str, Counter[str]]
    fullness: dict[str, NDArray[np.int64]]


def survey(rows: Rows, settings: EncodingSettings) -> Survey:
    """One scan of the table, and four of each number for its quartiles.

    Raises:
        BadInput: a split has no rows, a number is nowhere there or too large, a category has too many values to count.
    """
    features = (*rows.numeric, *rows.categorical)
    sizes = dict.fromkeys(SPLITS, 0)
    missing = {name: dict.fromkeys(SPLITS, 0) for name in features}
    moments = {name: Moments.of(np.empty(0)) for name in rows.numeric}
    frequency: dict[str, Counter[str]] = {name: Counter() for name in rows.categorical if name not in settings.hashed}
    fullness = {name: np.zeros(buckets, np.int64) for name, buckets in settings.hashed.items()}
    for batch in rows.batches(features, None):
        for name in rows.numeric:
            refuse_large(rows, name, numbers(batch, name), sum(sizes.values()))
        for split in SPLITS:
            chosen = part(batch, split)
            sizes[split] += chosen.num_rows
            for name in rows.numeric:
                values = numbers(chosen, name)
                there = values[~np.isnan(values)]
                missing[name][split] += len(values) - len(there)
                if split == "train":
                    moments[name] += Moments.of(there)
            for name in rows.categorical:
                found = texts(chosen, name)
                missing[name][split] += int(found.counts[-1])
                if split == "train" and name in frequency:
                    count(name, frequency[name], found)
                elif split == "train":
                    buckets = [bucket(value.encode(), settings.hashed[name]) for value in found.distinct]
                    np.add.at(fullness[name], buckets, found.counts[:-1])
    problems = [
        *(f"no {split} rows; each split needs one" for split, size in sizes.items() if not size),
        *(
            f"'{name}' has no value in any training row; remove it from data.table.numeric"
            for name, found in moments.items()
            if sizes["train"] and not found.n
        ),
    ]
    if problems:
        raise BadInput(f"{rows.path}: {'; '.join(problems)}")
    spread = {name: quartiles(partial(rows.present, name), moments[name].n) for name in rows.numeric}
    return Survey(sizes, missing, moments, spread, frequency, fullness)


def refuse_large(rows: Rows, name: str, values: NDArray[np.float64], before: int) -> None:
    """Refuse infinity, and what is infinite in float32.

    Raises:
        BadInput: names the first row that holds one; `before` rows stand before these.
    """
    bad = np.flatnonzero(np.abs(values) > LARGEST)
    if len(bad):
        raise BadInput(
            f"{rows.path}: row {before + bad[0] + 1}: '{name}' is {values[bad[0]]:g}; numbers should be finite and at "
            f"most {LARGEST:.2g}; correct or drop the row in the table's source"
        )


def count(name: str, frequency: Counter[str], found: Texts) -> None:
    """Add the rows of each value.

    Raises:
        BadInput: they are too many to be counted.
    """
    frequency.update(dict(zip(found.distinct, found.counts[:-1].tolist(), strict=True)))
    if len(frequency) > MOST_DISTINCT:
        raise BadInput(
            f"params.yaml: data.table.categorical: '{name}' has more than {MOST_DISTINCT:,} different values; hash it "
            f"(data.table.encoding.hashed: {{{name}: 1024}}), or drop it"
        )


def others(rows: Rows, encoder: Encoder) -> dict[str, Counts]:
    """Rows that share `other`, as {column: {rare: {split: rows}, unseen: {split: rows}}}; one scan.

    Raises:
        BadInput: a held-out row has a category that no training row has, and the encoder refuses these.
    """
    counted = {name: {kind: dict.fromkeys(SPLITS, 0) for kind in ("rare", "unseen")} for name in encoder.one_hot}
    example: dict[str, str] = {}
    for batch in rows.batches(list(encoder.one_hot), None):
        for split in SPLITS:
            chosen = part(batch, split)
            for name, category in encoder.one_hot.items():
                found = texts(chosen, name)
                there = found.counts > 0
                shared, unseen = category.value_codes(found) == category.other, category.unseen(found)
                counted[name]["rare"][split] += int(found.counts[shared & ~unseen].sum())
                counted[name]["unseen"][split] += int(found.counts[unseen].sum())
                for value in np.flatnonzero(unseen & there):
                    example.setdefault(name, shown([*found.distinct, None][value]))
    if example and encoder.unseen == "refuse":
        problems = (
            f"{sum(counted[name]['unseen'].values())} held-out rows of '{name}' have a category that no training "
            f"row has, like {value}"
            for name, value in example.items()
        )
        raise BadInput(
            f"{rows.path}: {'; '.join(problems)}; data.table.encoding.unseen is refuse: other lets them share a column"
        )
    return counted
