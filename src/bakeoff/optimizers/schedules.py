"""Schedules of the learning rate, independent of the optimizer.

A schedule is a function of the step alone: a checkpoint contains nothing of it, and a resumed training has the learning
rate that it would have had.
"""

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bakeoff.base.quoting import quoted
from bakeoff.base.settings import Settings

Share = Annotated[float, Field(ge=0, lt=1)]  # of the training's steps
Multiple = Annotated[float, Field(ge=0, le=1)]  # of the learning rate


class Constant(Settings):
    kind: Literal["constant"]
    warmup: Share


class InverseTime(Settings):
    """half: the number of steps after which the rate has fallen to a half; with 1 it is 1/t, t = 1, 2, ..."""

    kind: Literal["inverse_time"]
    warmup: Share
    half: Annotated[float, Field(gt=0, le=1e30)]


class Cosine(Settings):
    kind: Literal["cosine"]
    warmup: Share
    end: Multiple


class OneCycle(Settings):
    """warmup: the share in which the rate rises from `start`; in the rest it falls to `end`."""

    kind: Literal["one_cycle"]
    warmup: Share
    start: Multiple
    end: Multiple


class Step(Settings):
    """at: the shares of the training, its warm-up counted, after which the rate is multiplied by `by`."""

    kind: Literal["step"]
    warmup: Share
    at: Annotated[tuple[Annotated[float, Field(gt=0, lt=1)], ...], Field(strict=False, min_length=1)]
    by: Annotated[float, Field(gt=0, lt=1)]

    @model_validator(mode="after")
    def falls_in_order_after_the_warm_up(self) -> Self:
        if any(after <= before for before, after in zip((self.warmup, *self.at), self.at, strict=False)):
            raise ValueError(
                f"at is {quoted(list(self.at))}, warmup {self.warmup:g}; each share should be above the one before"
            )
        return self


ScheduleSettings = Annotated[Constant | InverseTime | Cosine | OneCycle | Step, Field(discriminator="kind")]


def factor(settings: ScheduleSettings, step: int, steps: int) -> float:
    """Return the factor of the learning rate in a step, counted from 0, given the number of steps.

    With W = round(warmup steps) and, from the end of the warm-up on, s = step - W and S = steps - W:

        warm-up        (step + 1) / (W + 1), but for one_cycle
        constant       1
        inverse_time   half / (half + s)
        cosine         end + (1 - end) (1 + cos(pi s / S)) / 2
        step           by^n, n the number of shares `at` that step / steps has reached
        one_cycle      start to 1 at P = warmup steps - 1, then 1 to end at steps - 1, each by half a cosine

    Without a warm-up, constant and inverse_time do not depend on `steps`: they suit a stream without an end.

    Source: warm-up: Goyal et al. 2017, arXiv:1706.02677, section 2.2; inverse_time: Robbins & Monro 1951, in the form
    of Bottou 2012, Stochastic Gradient Descent Tricks, section 5.2; cosine: Loshchilov & Hutter 2017, arXiv:1608.03983,
    equation 5, without restarts; step: He et al. 2016, arXiv:1512.03385, section 4.2; one_cycle: Smith & Topin 2018,
    arXiv:1708.07120.
    Differs: one_cycle has two phases and half cosines, as fastai and torch, where the paper has three straight lines;
    the momentum does not cycle.
    """
    if isinstance(settings, OneCycle):
        return one_cycle(settings, step, steps)
    warm = round(settings.warmup * steps)
    if step < warm:
        return (step + 1) / (warm + 1)
    match settings:
        case InverseTime(half=half):
            return half / (half + step - warm)
        case Cosine(end=end):
            return half_cosine(1.0, end, (step - warm) / (steps - warm))
        case Step(at=at, by=by):
            # A share of a count can miss the whole number that is meant by its last bit: 0.07 * 100 is above 7.
            return float(by ** sum(step >= round(share * steps, 6) for share in at))
        case Constant():
            return 1.0


def one_cycle(settings: OneCycle, step: int, steps: int) -> float:
    """Return the factor of a step of one_cycle."""
    peak = max(settings.warmup * steps - 1, 0.0)
    if step < peak:
        return half_cosine(settings.start, 1.0, step / peak)
    fall = steps - 1 - peak
    return half_cosine(1.0, settings.end, (step - peak) / fall) if fall > 0 else 1.0


def half_cosine(first: float, last: float, share: float) -> float:
    """Return the value of half a cosine from `first` at share 0 to `last` at share 1."""
    return last + (first - last) * (1 + math.cos(math.pi * share)) / 2
