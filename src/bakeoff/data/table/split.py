"""Which rows are trained on, which are chosen by, and which are tested on: train, validation, test.

Each rule is a query over `kept`, the rows that have a target: the number in the file, `row`, the `label`, and what the
rule looks at, `moment` or `team`. It gives the same rows with their `split`, whatever the order in which they come.
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from bakeoff.base.values import resolved
from bakeoff.data.examples import SPLITS
from bakeoff.data.table.settings import SplitSettings


def by_group(rows: DuckDBPyConnection, settings: SplitSettings) -> str:
    """Whole groups, drawn at random; the shares are counted in groups, at least one each."""
    names = [name for (name,) in rows.execute("SELECT DISTINCT team FROM kept ORDER BY team").fetchall()]
    validation, test = (resolved(share, len(names)) for share in (settings.validation, settings.test))
    held = np.random.default_rng(settings.seed).permutation(names)[: test + validation]
    parts = (["test"] * test + ["validation"] * validation)[: len(held)]
    rows.register("held", pa.table({"team": pa.array(held, pa.string()), "split": pa.array(parts, pa.string())}))
    return "SELECT kept.*, coalesce(held.split, 'train') AS split FROM kept LEFT JOIN held USING (team)"


def by_time(rows: DuckDBPyConnection, settings: SplitSettings) -> str:
    """The latest rows are the test, those before them validation; rows of one moment go together, to the later part."""
    count = rows.execute("SELECT count(*) FROM kept").fetchall()[0][0]
    test = resolved(settings.test, count)
    held = test + resolved(settings.validation, count)

    def start(last: int) -> str:
        place = max(count - last, 0)
        query = f"SELECT moment::VARCHAR FROM kept ORDER BY moment LIMIT 1 OFFSET {place}"
        return f"TIMESTAMP '{rows.execute(query).fetchall()[0][0]}'"

    return f"""
        SELECT *, CASE WHEN moment >= {start(test)} THEN 'test'
            WHEN moment >= {start(held)} THEN 'validation' ELSE 'train' END AS split
        FROM kept"""


def by_chance(rows: DuckDBPyConnection, settings: SplitSettings) -> str:
    """At random, with the same share of every class in each part, within one row.

    A class with a row for each part has at least one in validation and in test.

    The lot of a row is the MD5 of seed and row number: the same in every version of every library.
    """
    counts = rows.execute("SELECT label, count(*) FROM kept GROUP BY label ORDER BY label").fetchall()
    peers = [(count, 1 if count >= len(SPLITS) else 0) for _, count in counts]
    tested = [resolved(settings.test, count, least) for count, least in peers]
    validated = [resolved(settings.validation, count, least) for count, least in peers]
    labels = pa.array([label for label, _ in counts], pa.uint8())
    rows.register("held", pa.table({"label": labels, "tested": tested, "validated": validated}))
    return f"""
        SELECT * EXCLUDE (lot, tested, validated), CASE WHEN lot <= tested THEN 'test'
            WHEN lot <= tested + validated THEN 'validation' ELSE 'train' END AS split
        FROM (
            SELECT *, row_number() OVER (PARTITION BY label ORDER BY md5('{settings.seed}/' || row), row) AS lot
            FROM kept
        ) JOIN held USING (label)"""


RULES: dict[str, Callable[[DuckDBPyConnection, SplitSettings], str]] = {
    "group": by_group,
    "time": by_time,
    "random": by_chance,
}
