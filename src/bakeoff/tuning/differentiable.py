"""Checks whether the gradient method can search a study."""

from collections.abc import Iterator, Mapping

from bakeoff.base.quoting import quoted
from bakeoff.tuning.candidate import Candidate
from bakeoff.tuning.settings import Dimension, Range, StudySettings
from bakeoff.tuning.space import condition

# The hyperparameters by which it differentiates, in the order of its formula.
SEARCHED = ("optimizer.learning_rate", "optimizer.beta", "penalty.weight_decay")


def differentiable(candidate: Candidate) -> Iterator[str]:
    """Yield why the loss after a training is not differentiable in its hyperparameters."""
    training = candidate.training
    if candidate.rule != "momentum":
        yield f"optimizer is '{candidate.rule}', where the gradient is derived for momentum alone"
    for fault in candidate.network.gradient_faults():
        yield f"network.{fault}"
    if (training.schedule.kind, training.schedule.warmup) != ("constant", 0.0):
        yield "training.schedule is not constant without warmup"
    for section in ("augmentation", "regularisation"):
        for name, value in getattr(training, section).model_dump().items():
            if value:
                yield f"training.{section}.{name} is {quoted(value)}"
    if training.label_smoothing:  # the objective, the loss on validation data, has no smoothed labels
        yield f"training.label_smoothing is {training.label_smoothing}, and the loss that it lowers has none"
    for name in ("early_stop", "ema", "segmentation"):
        if getattr(training, name):
            yield f"training.{name} is not null"


def searchable(study: StudySettings) -> Iterator[str]:
    """Yield why the objective or the space of a study has no such gradient."""
    if study.objective != "loss":
        yield f"objective is '{study.objective}', which has no gradient"
    yield from unsuitable(study.space)


def unsuitable(space: Mapping[str, Dimension]) -> Iterator[str]:
    for name, dimension in space.items():
        if name not in SEARCHED:
            yield f"space has {name}, where the gradient is by {', '.join(SEARCHED)}"
        elif not isinstance(dimension, Range) or condition(dimension):
            yield f"space.{name} is a choice or has a condition"
