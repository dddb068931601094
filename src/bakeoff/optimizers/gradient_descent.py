"""Gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bakeoff.optimizers.settings import RuleSettings
from bakeoff.optimizers.spec import OptimizerSpec

if TYPE_CHECKING:
    from torch import Tensor

    from bakeoff.base.torch_optimizers import Optimizer


class SgdSettings(RuleSettings):
    pass


def sgd(parameters: Iterable[Tensor], settings: SgdSettings) -> Optimizer:
    """Return torch's SGD without momentum."""
    from bakeoff.base.torch_optimizers import SGD

    return SGD(parameters, settings.learning_rate, momentum=0.0, weight_decay=0.0)


SPECS = (
    OptimizerSpec(
        name="sgd",
        formula="theta <- theta - lr g",
        source="Robbins & Monro 1951, Annals of Mathematical Statistics 22(3)",
        deviations="the rate falls only by a schedule; their g is of one example, or of the next of a stream: with a "
        "batch of all examples this is batch gradient descent, with some of them mini-batch gradient descent",
        rate_source="Bengio 2012, arXiv:1206.5533, section 3.1.1",
        state_per_weight=0,
        settings=SgdSettings,
        build=sgd,
    ),
)
