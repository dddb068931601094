"""The few numbers that decide a task, as `dvc metrics show` tabulates them: a line for each task."""

from bakeoff.results.model import TaskComparison


def deciding(task: TaskComparison) -> dict[str, int | float | str]:
    """Return the leading cell, its mean metric on validation and test data, and whether it wins.

    Where every run diverged there is no leader, and there are no means.
    """
    found: dict[str, int | float | str] = {
        "cells": len(task.cells),
        "wins": int(task.no_winner is None),
        "tied": len(task.tied_with),
        "diverged": task.runs.diverged,
    }
    leader = task.leader
    if task.winner and leader.validation.mean is not None:
        found |= {"leader": f"{leader.model}-{leader.optimizer}", "metric": task.metric}
        found |= {"validation": leader.validation.mean}
        found |= {} if leader.test.mean is None else {"test": leader.test.mean}
    return found
