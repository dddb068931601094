"""Rules of params.yaml for the tables of trainings that the contest of the searchers searches."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bakeoff.base.settings import hint
from bakeoff.harness.study_rules import start_of
from bakeoff.tuner_contest.settings import TableSettings
from bakeoff.tuner_contest.table_shape import shape
from bakeoff.tuning.candidate import Base
from bakeoff.tuning.settings import Choice, StudySettings
from bakeoff.tuning.start import Start

if TYPE_CHECKING:
    from bakeoff.harness.params import Params

MOST = 10_000  # trainings of a table, its checks among them; the log of finished ones keeps as many


def without_study(params: "Params") -> Iterator[str]:
    """Yield the tables whose study is not there."""
    for name in params.tuner_contest.tables:
        if name not in params.tuning.studies:
            yield (
                f"tuner_contest.tables.{name} is not under tuning.studies{hint(name, params.tuning.studies)}; take the "
                "table off, or add the study"
            )


def tables(params: "Params", root: Path) -> Iterator[str]:
    """Yield what is wrong with each table. The studies are known to be there, and to be right.

    Args:
        root: the folder in which recipes/ is.
    """
    for name, table in params.tuner_contest.tables.items():
        place = f"tuner_contest.tables.{name}"
        if name in params.tuner_contest.functions:
            yield f"{place}: functions has this name, too; take the function off, or rename the study"
            continue
        study = params.tuning.studies[name]
        if not isinstance(study, StudySettings):
            yield f"{place}: the study trains word vectors, and a table has trainings of networks; take another study"
            continue
        faults = list(of_study(study)) or list(of_levels(params, root, name, study, table))
        yield from (f"{place}: {fault}" for fault in faults)


def of_study(study: StudySettings) -> Iterator[str]:
    if len(study.objectives) > 1:
        yield "the study has two objectives, and a table has one; take a study with one objective"
    if conditional := [name for name, dimension in study.searched.items() if hasattr(dimension, "when")]:
        yield (
            f"{conditional[0]} of the study is searched only under a condition (`when`, or one of several optimizers), "
            "and a table has all combinations; take another study"
        )
    elif all(isinstance(dimension, Choice) for dimension in study.searched.values()):
        yield "the study searches choices alone, and a search would only draw them again; take a study with a range"


def of_levels(params: "Params", root: Path, name: str, study: StudySettings, table: TableSettings) -> Iterator[str]:
    ranges = [key for key, dimension in study.space.items() if not isinstance(dimension, Choice)]
    yield from (f"levels.{key} is missing, a range of the study" for key in ranges if key not in table.levels)
    wrong = [key for key in table.levels if key not in ranges]
    yield from (f"levels.{key} is not a range of the study{hint(key, ranges)}" for key in wrong)
    if wrong or any(key not in table.levels for key in ranges):
        return
    start = start_of(params, root, study)
    if not isinstance(start, Start):  # of a recipe in a folder that is no whole project
        return
    space = Base.read(name, study, start.network, start.defaults, start.training).space(study)
    for key in ranges:
        low, high = space.extremes(key)
        if key in space.integers and (most := int(high) - int(low) + 1) < table.levels[key]:
            yield f"levels.{key} is {table.levels[key]}, and its range has {most} whole numbers; take at most so many"
    sizes, _ = shape(study.searched, table.levels)
    made = " x ".join(map(str, sizes))
    if (trainings := math.prod(sizes)) > MOST:
        yield f"levels make {made} = {trainings:,} trainings, and should make at most {MOST:,}; take fewer levels"
    elif trainings + table.checks > MOST:
        yield (
            f"checks is {table.checks}, and levels make {made} = {trainings:,} trainings; both together should be at "
            f"most {MOST:,}; take fewer checks"
        )
