"""The few numbers that decide a task."""

import pytest
from simulated_contest import SETTINGS, all_diverged, contests

from bakeoff.results.compare import compare
from bakeoff.results.deciding import deciding


@pytest.mark.parametrize("reason", [None, "tied", "unstable"])
def test_the_line_of_a_task_names_the_leader_and_says_whether_it_wins(reason: str | None) -> None:
    task = compare(contests(["images"], ["sgd", "adam"]), {}, {}, [], [], SETTINGS).tasks["images"]
    line = deciding(task.model_copy(update={"no_winner": reason}))
    assert line["leader"] == f"{task.cells[0].model}-{task.cells[0].optimizer}"
    assert (line["validation"], line["test"]) == (task.cells[0].validation.mean, task.cells[0].test.mean)
    assert (line["cells"], line["tied"], line["wins"]) == (6, len(task.tied_with), int(reason is None))


def test_where_every_run_diverged_there_is_no_leader() -> None:
    records = all_diverged(contests(["images"], ["sgd", "adam"]), "final")
    line = deciding(compare(records, {}, {}, [], [], SETTINGS).tasks["images"])
    assert line["wins"] == 0 and not {"leader", "validation", "test"} & line.keys()
