import copy
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from bakeoff.base.workers import Alone, answering
from bakeoff.tuning import trial_log
from bakeoff.tuning.space import Point
from bakeoff.tuning.trained import Asked, Trained
from bakeoff.tuning.trial_log import LoggedTrainings, TrialLog
from tests.tuning.bases import base

RATE = "optimizer.learning_rate"
SHARED = {"code": "c0de", "data": {"images.npz": "da7a"}}
NETWORK = {"hidden": [4], "normalisation": "none", "activation": "relu", "initialisation": "he", "dropout": 0.0}
EXACT = {"nan": math.nan, "inf": -math.inf, "zero": -0.0, "tiny": 5e-324, "sum": 0.1 + 0.2, "count": 3}


class Known:
    """An objective that needs no data: its trainings are made up by `trained`."""

    seed = 7

    def __init__(self, epochs: int = 2) -> None:
        self.base = base(NETWORK, epochs=epochs, batch_size=5)


def trained(asked: Asked) -> Trained:
    point, seed = asked
    return Trained({}, 3) if point[RATE] > 0.9 else Trained({"val/loss": point[RATE] / 3, "seed": seed or 0}, None)


def log(folder: Path, shared: dict[str, Any] = SHARED) -> TrialLog:
    return TrialLog("tune_mlp@random", shared, folder)


def points(*rates: float) -> list[Asked]:
    return [({RATE: rate}, None) for rate in rates]


def trainings(
    folder: Path, asked: Sequence[Asked], shared: dict[str, Any] = SHARED, epochs: int = 2, seed: int = 7
) -> tuple[list[Trained], list[Asked], TrialLog]:
    """Return what is asked for, what was trained for it, and the log."""
    objective = Known(epochs)
    objective.seed = seed
    done: list[Asked] = []
    with log(folder, shared) as kept:
        finished = LoggedTrainings(kept, objective, {"examples": 10, "drawn": 0})  # type: ignore[arg-type]

        def train(one: Asked) -> Trained:
            done.append(one)
            return trained(one)

        return finished.around(Alone(train, finished.keep))(asked), done, kept


def test_numbers_come_back_to_the_bit_in_their_order(tmp_path: Path) -> None:
    with log(tmp_path) as first:
        first.add("key", EXACT)
    with log(tmp_path) as second:
        found = second.get("key")
        assert found is not None
        assert repr(found) == repr(EXACT)  # repr tells -0.0 from 0.0, and is exact for floats
        assert second.get("other") is None


def test_what_has_finished_is_not_trained_again(tmp_path: Path) -> None:
    asked = points(0.1, 0.95, 0.3)
    first, done, kept = trainings(tmp_path, asked)
    assert done == asked
    assert kept.taken == 0
    again, done, kept = trainings(tmp_path, [*asked, *points(0.4)])
    assert again == [*first, trained(points(0.4)[0])]
    assert done == points(0.4)
    assert kept.taken == 3


def test_a_point_asked_twice_is_trained_once(tmp_path: Path) -> None:
    found, done, kept = trainings(tmp_path, points(0.1, 0.1))
    assert found[0] == found[1]
    assert len(done) == 1
    assert kept.taken == 0  # no earlier run has finished it


@pytest.mark.parametrize(
    "other",
    [
        {"shared": SHARED | {"code": "0ther"}},
        {"shared": SHARED | {"data": {"images.npz": "0ther"}}},
        {"epochs": 3},
        {"seed": 8},
    ],
)
def test_what_other_settings_data_or_code_made_is_not_taken(other: dict[str, Any], tmp_path: Path) -> None:
    trainings(tmp_path, points(0.1))
    assert trainings(tmp_path, points(0.1), **other)[1] == points(0.1)


def test_what_another_processor_or_library_made_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, other in (("processor", lambda: "another"), ("version", lambda _: "0.1")):
        trainings(tmp_path, points(0.1))
        with monkeypatch.context() as changed:
            changed.setattr(trial_log, name, other)
            assert trainings(tmp_path, points(0.1))[1] == points(0.1)


def test_a_confirmation_is_not_the_trial_of_the_same_seed(tmp_path: Path) -> None:
    trainings(tmp_path, points(0.1))
    confirmation: list[Asked] = [({RATE: 0.1}, 7)]
    assert trainings(tmp_path, confirmation)[1] == confirmation


@pytest.mark.parametrize(
    ("damage", "left"),
    [
        (lambda text: text[:-1], 2),  # the line lacks only its end
        (lambda text: text[:-2], 1),
        (lambda text: text[:-20], 1),
        (lambda text: text.replace(b'"diverged": 3', b'"diverged": 4'), 1),
        (lambda text: text[: text.index(b"\n") + 1] + b"[1]\n" + b"\xff\n{}\n\n" + b"[" * 10**5 + b"\n", 1),
    ],
)
def test_a_line_that_ends_early_or_was_altered_is_ignored(
    damage: Callable[[bytes], bytes], left: int, tmp_path: Path
) -> None:
    asked = points(0.1, 0.95)
    first, _, kept = trainings(tmp_path, asked)
    kept.path.write_bytes(damage(kept.path.read_bytes()))
    with pytest.raises(KeyboardInterrupt), log(tmp_path) as stopped:
        stopped.add("later", 1)  # after the damage, in a run that does not end
        raise KeyboardInterrupt
    again, done, _ = trainings(tmp_path, asked)
    assert (again, done) == (first, asked[left:])
    with log(tmp_path) as last:
        assert last.get("later") == 1
    assert len(kept.path.read_bytes().splitlines()) == 3  # the end of a search removes what is damaged


def test_the_log_of_a_search_that_ended_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_log, "MOST", 3)
    trainings(tmp_path, points(0.1), SHARED | {"code": "old"})
    _, _, kept = trainings(tmp_path, points(0.2, 0.3, 0.4, 0.5))
    assert len(kept.path.read_bytes().splitlines()) == 3
    assert trainings(tmp_path, points(0.3, 0.4, 0.5))[1] == []
    assert [path.name for path in tmp_path.iterdir()] == ["tune_mlp@random.jsonl"]


def test_a_search_that_fails_loses_no_line(tmp_path: Path) -> None:
    trainings(tmp_path, points(0.1), SHARED | {"code": "old"})
    with pytest.raises(ZeroDivisionError), log(tmp_path):
        raise ZeroDivisionError
    assert trainings(tmp_path, points(0.1), SHARED | {"code": "old"})[1] == []


def test_a_gradient_is_computed_once(tmp_path: Path) -> None:
    computed: list[Point] = []

    class Slope:
        cost = 4

        def __init__(self, steps: int) -> None:
            self.steps = steps

        def __call__(self, point: Point) -> Point:
            computed.append(point)
            return {RATE: math.inf}

    for steps, count in ((5, 1), (5, 1), (6, 2)):
        with log(tmp_path) as kept:
            finished = LoggedTrainings(kept, Known(), {})  # type: ignore[arg-type]
            slope = finished.slope(Slope, steps)
            assert slope({RATE: 0.5}) == {RATE: math.inf}
            assert slope.cost == 4
            assert len(computed) == count


def test_a_line_is_json(tmp_path: Path) -> None:
    _, _, kept = trainings(tmp_path, points(0.1))
    (line,) = kept.path.read_text().splitlines()
    assert json.loads(line)["result"] == {"metrics": {"val/loss": 0.1 / 3, "seed": 0}, "diverged": None}


@pytest.mark.parametrize("workers", [1, 2])
def test_equal_trainings_that_are_asked_for_together_are_trained_once(workers: int, tmp_path: Path) -> None:
    kept: list[Asked] = []
    with log(tmp_path) as file:
        finished = LoggedTrainings(file, Known(2), {})  # type: ignore[arg-type]

        def keep(asked: Asked, found: Trained) -> None:
            finished.keep(asked, found)
            kept.append(asked)

        with answering(trained, workers, keep) as train:
            assert finished.around(train)(points(0.3, 0.3)) == [trained(points(0.3)[0])] * 2
    assert kept == points(0.3)


def test_another_process_gets_no_line_of_the_log(tmp_path: Path) -> None:
    with log(tmp_path) as file:
        file.add("key", EXACT)
        sent = copy.copy(file)  # by the state that pickling takes
        assert (sent.lines, sent.results, sent.path) == ([], {}, file.path)
        assert file.get("key") is not None
