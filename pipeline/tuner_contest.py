"""Compares the search methods on problems with a known minimum, from many seeds and at equal budgets."""

from operator import methodcaller

from bakeoff.base import paths
from bakeoff.base.workers import answering, count
from bakeoff.harness.stage import Stage, run
from bakeoff.tuner_contest.contest import compared
from bakeoff.tuner_contest.entries import Entries
from bakeoff.tuning.objective import CPU


def tuner_contest(stage: Stage) -> None:
    entries = Entries.read(stage.settings, lambda study: stage.input(paths.tuner_table(study)))
    with (
        stage.progress(len(entries.keys)) as progress,
        answering(entries.search, count(CPU), lambda *_: progress.advance()) as search,
    ):
        found = entries.searches(search(entries.keys))
    results = compared(found, entries.tables, entries.bootstrap).dumped()
    stage.output(paths.TUNER_CONTEST, methodcaller("write_text", results, encoding="utf-8"))


if __name__ == "__main__":
    run(tuner_contest, "tuner_contest")
