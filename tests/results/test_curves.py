from dataclasses import replace
from pathlib import Path

import pytest
from simulated_contest import contests

from bakeoff.base.record import Run
from bakeoff.base.settings import BadInput
from bakeoff.results.compare import TaskRecords
from bakeoff.results.curves import COLUMNS, curves, read_curves
from bakeoff.results.references import HeldOut


def test_curves_give_mean_and_span_over_the_seeds_that_got_so_far(tmp_path: Path) -> None:
    tasks = contests(["table"], ["sgd", "lion"])
    path = tmp_path / "curves.csv"
    path.write_text(curves(tasks))
    points = read_curves(path)
    for (model, optimizer), record in tasks["table"].cells.items():
        finals = [run for run in record.runs if run.parameters["role"] == "final"]
        cell = [point for point in points if (point.model, point.optimizer) == (model, optimizer)]
        steps = max(([row["step"] for row in run.history] for run in finals), key=len)
        assert [point.step for point in cell] == steps
        for number, point in enumerate(cell, start=1):
            reached = [row for run in finals for row in run.history if row["step"] == point.step]
            losses = [row["val_subset/loss"] for row in reached]
            assert (point.runs, point.epoch) == (len(reached), reached[0]["epoch"])
            wanted = (sum(losses) / len(losses), min(losses), max(losses))
            assert (point.loss.mean, point.loss.low, point.loss.high) == pytest.approx(wanted, rel=1e-5)
            assert point.metric.low <= point.metric.mean <= point.metric.high
            assert point.lost == sum(run.diverged is not None and len(run.history) == number for run in finals)


def test_curves_go_by_steps_and_show_the_subset_alone(tmp_path: Path) -> None:
    """Of an early stop the ends of epochs lie between the moments, and a seed may end before others."""
    tasks = contests(["table"], ["sgd"])
    steps = {0: (28, 55, 83, 110), 1: (28, 55, 83), 2: (28,)}

    def measured(run: Run) -> Run:
        if run.parameters["role"] != "final":
            return run
        rows = [
            {"epoch": step / 110, "step": step, "val_subset/loss": step, "val_subset/auc": 0.5, "val/loss": -1.0}
            for step in steps[min(run.parameters["seed"], 2)]
        ]
        return replace(run, history=rows, diverged=56 if run.parameters["seed"] == 2 else None)

    cells = {
        name: replace(record, runs=list(map(measured, record.runs))) for name, record in tasks["table"].cells.items()
    }
    path = tmp_path / "curves.csv"
    path.write_text(curves({"table": replace(tasks["table"], cells=cells)}))
    points = [point for point in read_curves(path) if point.model == "mlp"]
    assert [(point.step, point.epoch, point.runs, point.lost) for point in points] == [
        (28, 0.254545, 10, 1),
        (55, 0.5, 2, 0),
        (83, 0.754545, 2, 0),
        (110, 1.0, 1, 0),
    ]
    assert [point.loss.mean for point in points] == [28, 55, 83, 110]


def test_what_was_written_is_read_and_written_again(curves_csv: str, tmp_path: Path) -> None:
    (tmp_path / "curves.csv").write_text(curves_csv)
    rows = [",".join(map(str, point.row)) for point in read_curves(tmp_path / "curves.csv")]
    assert [",".join(COLUMNS), *rows] == curves_csv.splitlines()


def test_no_runs_leave_a_header(tmp_path: Path) -> None:
    path = tmp_path / "curves.csv"
    path.write_text(curves({"images": TaskRecords("images", "accuracy", {}, HeldOut((), ()))}))
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
        ",".join(COLUMNS) + "\nimages,cnn,adam,1.5,2,3,0,1,1,1,1,1,1\n",
        "task,model,optimizer,epoch,step,runs,lost,loss,loss_low,loss_high,metric,metric_low,metric_high\n",
    ],
    ids=[
        "empty",
        "columns are missing",
        "another order",
        "a row is short",
        "a word for a number",
        "half a step",
        "by epochs",
    ],
)
def test_a_file_of_another_shape_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "curves.csv").write_text(text)
    with pytest.raises(BadInput, match=r"curves\.csv: .*dvc repro compare") as refused:
        read_curves(tmp_path / "curves.csv")
    assert "\n" not in str(refused.value)
