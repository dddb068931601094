import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from simulated_contest import SETTINGS, TASKS, contests

from bakeoff.base.settings import BadInput
from bakeoff.results import step_costs, time_to_target
from bakeoff.results.compare import compare
from bakeoff.results.model import Arrival, Comparison, Family, Target
from bakeoff.results.step_costs import Costs, measured, profiles, read

MEASURED = Costs("one", {"images": {"cnn": {"adam": 0.002}}})


def test_a_missing_file_names_the_command_that_makes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=r"reports/costs.json: not found.*python -m benchmarks.costs"):
        measured()
    (tmp_path / "reports").mkdir()
    (tmp_path / step_costs.PATH).write_text("{}")
    assert measured() == step_costs.PATH


@pytest.mark.parametrize("text", ["{}", "[]", "{", '{"processor": "x", "seconds": {}, "more": 1}'])
def test_a_file_of_another_make_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "costs.json").write_text(text)
    with pytest.raises(BadInput, match=r"costs.json: .*python -m benchmarks.costs"):
        read(tmp_path / "costs.json")


def test_what_was_written_is_read(tmp_path: Path) -> None:
    (tmp_path / "costs.json").write_text(json.dumps({"processor": "one", "seconds": MEASURED.seconds}))
    assert read(tmp_path / "costs.json") == MEASURED


def test_a_time_needs_a_cost_and_an_end() -> None:
    assert MEASURED.after("images", "cnn", "adam", 500) == pytest.approx(1.0)
    assert MEASURED.after("images", "cnn", "adam", None) is None
    assert MEASURED.after("images", "cnn", "sgd", 500) is None
    assert MEASURED.after("scans", "unet", "adam", 500) is None


def compared(**medians: float | None) -> Comparison:
    """A comparison of one task with a target for the cnn, and none for the mlp."""
    arrivals = {of: Arrival(values=(), median=median, share=1.0) for of, median in medians.items()}
    reached = Target(value=0.9, of=next(iter(medians), ""), steps=arrivals, relaxed=())
    families = {
        model: Family(
            leader=None, tied_with=(), no_winner=None, detectable=None, seeds_needed=(), cells=(), target=target
        )
        for model, target in (("cnn", reached), ("mlp", None))
    }
    whole = compare(contests(["cifar"], ["sgd"]), {}, {}, [], [], SETTINGS)
    task = whole.tasks["cifar"].model_copy(update={"models": families})
    in_steps = {of: math.inf if median is None else median for of, median in medians.items()}
    profile = time_to_target.profile({"images: cnn": in_steps})
    return whole.model_copy(update={"tasks": {"images": task}, "profile": profile})


def test_a_step_that_costs_more_puts_who_needs_fewer_of_them_behind() -> None:
    comparison = compared(adam=100, sgd=150, lion=None)
    prices = Costs("one", {"images": {"cnn": {"adam": 0.003, "sgd": 0.001, "lion": 0.001}}})
    found = profiles(comparison, prices)
    assert found["steps"] is comparison.profile
    assert found["seconds"].ratios == {"adam": (2.0,), "sgd": (1.0,), "lion": (None,)}


def test_without_costs_there_is_no_profile_in_seconds() -> None:
    assert profiles(compared(adam=100, sgd=150), Costs("one", {})).keys() == {"steps"}
    assert profiles(compared(), MEASURED) == {}


def test_profiles_by_relaxed_targets_are_in_steps_and_in_seconds() -> None:
    comparison = compare(contests(["cifar", "penguins"], ["sgd", "adam"]), {}, {}, [], [], SETTINGS)
    found = step_costs.relaxed_profiles(comparison, prices(lambda *_: False))
    assert list(found) == [0.05, 0.1]
    assert all(of.keys() == {"steps", "seconds"} for of in found.values())
    assert [of["steps"] for of in found.values()] == list(comparison.relaxed_profiles)
    # Each step costs the same here, so seconds tell what steps do.
    assert all(of["seconds"].ratios == of["steps"].ratios for of in found.values())


EVERY = {task: dict.fromkeys(TASKS[task][2], ("adam", "sgd")) for task in ("cifar", "penguins")}


def prices(left_out: Callable[[str, str, str], bool]) -> Costs:
    """Costs of the cells of two tasks, but for some."""
    return Costs(
        "one",
        {
            task: {
                model: {of: 0.001 for of in names if not left_out(task, model, of)} for model, names in models.items()
            }
            for task, models in EVERY.items()
        },
    )


@pytest.mark.parametrize(
    "left_out",
    [
        lambda task, _model, _optimizer: task == "penguins",
        lambda task, model, _optimizer: (task, model) == ("cifar", "cnn"),
        lambda _task, _model, optimizer: optimizer == "sgd",
        lambda task, _model, optimizer: (task, optimizer) == ("penguins", "sgd"),
        lambda task, model, optimizer: (task, model, optimizer) == ("cifar", "softmax", "sgd"),
    ],
    ids=["a task", "a network", "an optimizer", "an optimizer of a task", "a cell"],
)
def test_costs_of_a_part_give_no_profile_in_seconds(left_out: Callable[[str, str, str], bool]) -> None:
    """Beside a profile in steps one in seconds is of the same problems and optimizers, or is not shown."""
    comparison = compare(contests(["cifar", "penguins"], ["sgd", "adam"]), {}, {}, [], [], SETTINGS)
    both = profiles(comparison, prices(lambda *_: False))
    assert both.keys() == {"steps", "seconds"}
    assert set(both["seconds"].problems) == set(both["steps"].problems)
    assert profiles(comparison, prices(left_out)).keys() == {"steps"}


PORTION = """
import torch
from benchmarks.costs import Portion

class Whole:
    def batches(self, generator):
        yield from torch.randperm(3, generator=generator).tolist()

taken = list(Portion(Whole(), 8).batches(torch.Generator().manual_seed(0)))
drawn = torch.Generator().manual_seed(0)
assert taken == [n for _ in range(3) for n in torch.randperm(3, generator=drawn).tolist()][:8]
"""


def test_a_measurement_takes_its_batches_from_as_many_epochs_as_it_needs() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", f"import benchmarks.costs{PORTION}"], cwd=root, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def test_the_processor_is_called_by_its_name() -> None:
    assert Costs("vendor_id AuthenticAMD, stepping 1, model name AMD EPYC", {}).name == "AMD EPYC"
    assert Costs("x86_64", {}).name == "x86_64"
