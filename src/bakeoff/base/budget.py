"""The chosen budget: the table under `budgets` that `budget` names, with the numbers of trainings and epochs."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import Field

from bakeoff.base.settings import Settings

Read = Callable[[str, Any], Any]  # gives the value of a dotted key of params.yaml, checked by a type
Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,39}$")]
Times = Annotated[float, Field(gt=0, le=1e6)]  # the factor for the epochs of every training
T = TypeVar("T")
Plan = TypeVar("Plan", bound=Settings)  # with `epochs`


def of_budget(settings: Read, key: str, kind: type[T]) -> T:
    """Return the value of a key of the chosen table, validated as a type."""
    value: T = settings(f"budgets.{settings('budget', Name)}.{key}", kind)
    return value


def budgeted(settings: Read, plan: Plan) -> Plan:
    """Return a plan of a training, with its epochs multiplied by those of the chosen budget."""
    epochs = scaled(plan.epochs, of_budget(settings, "epochs", Times))  # type: ignore[attr-defined]
    return plan.model_copy(update={"epochs": epochs})


def scaled(epochs: int, times: float) -> int:
    """Return the epochs times a factor, rounded to the nearest number, at least 1."""
    return max(1, round(epochs * times))
