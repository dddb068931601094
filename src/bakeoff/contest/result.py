"""The result of a cell or of a recipe."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

from safetensors.torch import save_file
from torch import Tensor

from bakeoff.base.record import Run
from bakeoff.base.roles import Role
from bakeoff.contest.finished_runs import Trained


@dataclass(frozen=True)
class Result:
    """Runs and weights.

    Attributes:
        runs: of a cell the search as one, its trials and reruns, the final runs, those at the defaults.
        weights: of the final runs that did not diverge, as `s0.<parameter name>`, ...
    """

    runs: list[Run]
    weights: dict[str, Tensor]

    def save(self, path: Path) -> None:
        save_file(self.weights, path)

    @property
    def final(self) -> list[Run]:
        """The final runs; for a recipe, whose runs have no role, all runs."""
        return [run for run in self.runs if run.parameters.get("role", Role.FINAL) == Role.FINAL]

    def summary(self) -> dict[str, float]:
        """Return the number of diverged final runs, and mean and standard deviation (`<metric>.std`) of each metric.

        The standard deviation is the sample's, with n - 1, and stands there from two runs on.
        """
        finished = [run.metrics for run in self.final if run.diverged is None]
        summary: dict[str, float] = {"diverged": len(self.final) - len(finished)}
        for name in finished[0] if finished else ():
            values = [metrics[name] for metrics in finished]
            summary[name] = fmean(values)
            if len(values) > 1:
                summary[f"{name}.std"] = stdev(values)
        return summary


def weights(trained: Iterable[Trained]) -> dict[str, Tensor]:
    """Return the weights of several networks, each under its seed."""
    return {f"s{one.run.parameters['seed']}.{name}": weight for one in trained for name, weight in one.weights.items()}
