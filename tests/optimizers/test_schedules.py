"""Each schedule is torch's where torch has the rule, and its formula elsewhere."""

import math
import typing
from collections.abc import Callable
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    LinearLR,
    LRScheduler,
    MultiStepLR,
    OneCycleLR,
    SequentialLR,
    StepLR,
)

from bakeoff.optimizers.schedules import ScheduleSettings, factor

STEPS = 40
KINDS: dict[str, dict[str, Any]] = {
    "constant": {},
    "inverse_time": {"half": 5.0},
    "cosine": {"end": 0.05},
    "one_cycle": {"start": 0.04, "end": 4e-6},
    "step": {"at": [0.5, 0.75], "by": 0.1},
}


def schedule(kind: str, warmup: float = 0.0, **changed: Any) -> Any:
    given = {"kind": kind, "warmup": warmup} | KINDS[kind] | changed
    return TypeAdapter[Any](ScheduleSettings).validate_python(given)


def factors(settings: Any, steps: int = STEPS) -> list[float]:
    return [factor(settings, step, steps) for step in range(steps)]


def by_torch(build: Callable[[torch.optim.Optimizer], LRScheduler], steps: int = STEPS) -> list[float]:
    """The rate of each step by torch, at the rate 1."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))], lr=1.0)
    scheduler = build(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def test_every_kind_is_tried_here() -> None:
    union = typing.get_args(typing.get_args(ScheduleSettings)[0])
    assert {typing.get_args(kind.model_fields["kind"].annotation)[0] for kind in union} == KINDS.keys()


# torch takes each rate from the one before, and so gathers an error in the last digits; with 40 steps some 1e-14.
CLOSE = {"rel": 1e-12, "abs": 1e-14}


def test_cosine_is_that_of_torch() -> None:
    expected = by_torch(lambda optimizer: CosineAnnealingLR(optimizer, T_max=STEPS, eta_min=0.05))
    assert factors(schedule("cosine")) == pytest.approx(expected, **CLOSE)


@pytest.mark.parametrize("warmup", [0.3, 0.05, 0.9])
def test_one_cycle_is_that_of_torch(warmup: float) -> None:
    def build(optimizer: torch.optim.Optimizer) -> LRScheduler:
        return OneCycleLR(
            optimizer, 1.0, total_steps=STEPS + 1, pct_start=warmup, div_factor=25.0, final_div_factor=1e4
        )

    # One more than the steps taken, for torch refuses a call after its last rate.
    expected = by_torch(build, STEPS)
    assert factors(schedule("one_cycle", warmup), STEPS + 1)[:STEPS] == pytest.approx(expected, **CLOSE)


def test_one_cycle_ends_where_it_says() -> None:
    rates = factors(schedule("one_cycle", 0.25))
    assert rates[0] == pytest.approx(0.04) and max(rates) == rates[9] == 1.0 and rates[-1] == pytest.approx(4e-6)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_one_cycle_of_few_steps_stays_finite(steps: int) -> None:
    for warmup in (0.0, 0.3, 0.9):
        assert all(0 < rate <= 1 for rate in factors(schedule("one_cycle", warmup), steps))


def test_step_is_that_of_torch() -> None:
    expected = by_torch(lambda optimizer: MultiStepLR(optimizer, [20, 30], gamma=0.1))
    assert factors(schedule("step")) == pytest.approx(expected, **CLOSE)
    expected = by_torch(lambda optimizer: StepLR(optimizer, step_size=10, gamma=0.5))
    assert factors(schedule("step", at=[0.25, 0.5, 0.75], by=0.5)) == pytest.approx(expected, **CLOSE)


def test_step_falls_at_the_step_that_is_meant() -> None:
    """0.07 * 100 is 7.000000000000001 in float64, and 0.29 * 100 is 28.999999999999996."""
    rates = factors(schedule("step", at=[0.07, 0.29]), 100)
    assert rates[6] == 1.0 and rates[7] == rates[28] == pytest.approx(0.1) and rates[29] == pytest.approx(0.01)


def test_inverse_time_with_a_half_of_one_step_is_one_over_t() -> None:
    assert factors(schedule("inverse_time", half=1.0)) == pytest.approx([1 / t for t in range(1, STEPS + 1)], rel=1e-15)


def test_inverse_time_halves_after_so_many_steps() -> None:
    rates = factors(schedule("inverse_time", half=5.0))
    assert (rates[0], rates[5], rates[15]) == (1.0, 0.5, 0.25)


def test_a_stream_without_an_end_has_its_rate() -> None:
    assert factor(schedule("inverse_time", half=10.0), 90, 0) == 0.1
    assert factor(schedule("constant"), 10**9, 0) == 1.0


@pytest.mark.parametrize("kind", ["constant", "cosine", "inverse_time"])
def test_a_warm_up_is_linear_and_the_schedule_follows_in_the_steps_left(kind: str) -> None:
    after: dict[str, Callable[[torch.optim.Optimizer], LRScheduler]] = {
        "constant": lambda optimizer: LinearLR(optimizer, start_factor=1.0),
        "cosine": lambda optimizer: CosineAnnealingLR(optimizer, T_max=STEPS - 10, eta_min=0.05),
        "inverse_time": lambda optimizer: torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: 5 / (5 + s)),
    }

    def build(optimizer: torch.optim.Optimizer) -> LRScheduler:
        warm = LinearLR(optimizer, start_factor=1 / 11, total_iters=10)
        return SequentialLR(optimizer, [warm, after[kind](optimizer)], [10])

    assert factors(schedule(kind, 0.25)) == pytest.approx(by_torch(build), **CLOSE)


def test_the_warm_up_counts_among_the_shares_of_step() -> None:
    rates = factors(schedule("step", 0.25))
    assert rates[:10] == pytest.approx([(step + 1) / 11 for step in range(10)])
    assert rates[10:] == pytest.approx([1.0] * 10 + [0.1] * 10 + [0.01] * 10)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.49])
def test_every_rate_is_a_multiple_between_nothing_and_all(kind: str, warmup: float) -> None:
    for steps in (1, 2, 3, 7, 100):
        assert all(math.isfinite(rate) and 0 < rate <= 1 for rate in factors(schedule(kind, warmup), steps))


@pytest.mark.parametrize(
    ("kind", "changed", "message"),
    [
        ("step", {"at": [0.75, 0.5]}, r"at is \[0.75, 0.5\], warmup 0; each share should be above the one before"),
        ("step", {"at": [0.5, 0.5]}, "each share should be above"),
        ("step", {"warmup": 0.6}, "each share should be above"),
        ("cosine", {"warmup": 1.0}, "less than 1"),
        ("cosine", {"half": 1.0}, "not permitted"),
        ("inverse_time", {"half": 0.0}, "greater than 0"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(kind: str, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        schedule(kind, **changed)
