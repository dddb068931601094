"""Kills of real searches: a few of those of `python -m benchmarks.faults tuning`."""

import random
from pathlib import Path

from benchmarks.tuning_kills import Kill, Searches, Stopped, table


def test_a_search_that_was_killed_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    searches = Searches.make(tmp_path / "project")
    searches.ended(searches.tune("evolution", 2))
    whole, total = searches.outputs("evolution"), len(searches.keys("evolution"))
    stopped = searches.stopped("evolution", 2, random.Random(4), whole, total, 0.0)
    assert stopped.faults == []
    assert {kill.signal for kill in stopped.hits} == {"SIGKILL", "SIGTERM"}


def test_the_table_counts_kills_that_hit_a_search_at_work() -> None:
    kills = [Kill("SIGKILL", 1, 3), Kill("SIGTERM", 2, None)]
    text = table([Stopped("random", kills, ["a fault"]), Stopped("random", kills[:1], [])], seed=4)
    assert text.startswith("2 kills (seed 4) of 2 searches, 1 with a fault.\n")
    assert "| random | 2 | 2 | 0 | 3, 3 | 1 |" in text
