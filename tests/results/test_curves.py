from pathlib import Path

import pytest
from simulated_contest import contests

from bakeoff.base.settings import BadInput
from bakeoff.results.compare import TaskRecords
from bakeoff.results.curves import COLUMNS, curves, read_curves


def test_curves_give_mean_and_span_over_the_seeds_that_got_so_far(tmp_path: Path) -> None:
    tasks = contests(["table"], ["sgd", "lion"])
    path = tmp_path / "curves.csv"
    path.write_text(curves(tasks))
    points = read_curves(path)
    for (model, optimizer), record in tasks["table"].cells.items():
        finals = [run for run in record.runs if run.parameters["role"] == "final"]
        cell = [point for point in points if (point.model, point.optimizer) == (model, optimizer)]
        assert [point.epoch for point in cell] == list(range(1, 1 + max(len(run.history) for run in finals)))
        for point in cell:
            reached = [run.history[point.epoch - 1] for run in finals if len(run.history) >= point.epoch]
            losses = [row["val/loss"] for row in reached]
            assert (point.runs, point.step) == (len(reached), reached[0]["step"])
            wanted = (sum(losses) / len(losses), min(losses), max(losses))
            assert (point.loss.mean, point.loss.low, point.loss.high) == pytest.approx(wanted, rel=1e-5)
            assert point.metric.low <= point.metric.mean <= point.metric.high
            assert point.lost == sum(run.diverged is not None and len(run.history) == point.epoch for run in finals)


def test_what_was_written_is_read_and_written_again(curves_csv: str, tmp_path: Path) -> None:
    (tmp_path / "curves.csv").write_text(curves_csv)
    rows = [",".join(map(str, point.row)) for point in read_curves(tmp_path / "curves.csv")]
    assert [",".join(COLUMNS), *rows] == curves_csv.splitlines()


def test_no_runs_leave_a_header(tmp_path: Path) -> None:
    path = tmp_path / "curves.csv"
    path.write_text(curves({"images": TaskRecords("images", "accuracy", {})}))
    assert path.read_text() == ",".join(COLUMNS) + "\n"
    assert read_curves(path) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "task,model\n",
        ",".join(COLUMNS[::-1]) + "\n",
        ",".join(COLUMNS) + "\nimages,cnn,adam,1,2\n",
        ",".join(COLUMNS) + "\nimages,cnn,adam,one,2,3,0,1,1,1,1,1,1\n",
    ],
    ids=["empty", "columns are missing", "another order", "a row is short", "a word for a number"],
)
def test_a_file_of_another_shape_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "curves.csv").write_text(text)
    with pytest.raises(BadInput, match=r"curves\.csv: .*dvc repro compare") as refused:
        read_curves(tmp_path / "curves.csv")
    assert "\n" not in str(refused.value)
