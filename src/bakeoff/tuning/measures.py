"""The objectives of studies: their names in the metrics of a training, and whether less or more is better."""

from collections.abc import Mapping

PARAMETERS = "parameters"  # the number of weights of the network
MINIMISED = ("loss", PARAMETERS)


def metric(objective: str) -> str:
    """Return the name of an objective among the metrics of a training."""
    return objective if objective == PARAMETERS else f"val/{objective}"


def sign(objective: str) -> int:
    """Return the factor of an objective that makes less better."""
    return 1 if objective in MINIMISED else -1


def written(objective: str, value: float) -> str:
    """Return an objective with its value, as the progress shows it."""
    return f"{metric(objective)} {value:,.0f}" if objective == PARAMETERS else f"{metric(objective)} {value:.3f}"


def pair(objectives: tuple[str, str], metrics: Mapping[str, float]) -> tuple[float, float]:
    """Return two objectives of a training, both such that less is better."""
    first, second = objectives
    return sign(first) * metrics[metric(first)], sign(second) * metrics[metric(second)]
