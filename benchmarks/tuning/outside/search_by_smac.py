"""SMAC at its defaults for hyperparameters: a random forest after a Sobol start."""

import tempfile

from ConfigSpace import ConfigurationSpace, Float
from loop import Ask, Tell, searched
from smac import HyperparameterOptimizationFacade, Scenario
from smac.runhistory.dataclasses import TrialValue


def evaluated_elsewhere(_: object, seed: int) -> float:
    """What SMAC would call itself, were it not asked and told."""
    raise NotImplementedError(seed)


def build(dimensions: int, trials: int, seed: int) -> tuple[Ask, Tell]:
    space = ConfigurationSpace(seed=seed)
    names = [f"x{number}" for number in range(dimensions)]
    space.add(*(Float(name, (0.0, 1.0)) for name in names))
    folder = tempfile.mkdtemp()
    scenario = Scenario(space, n_trials=trials, deterministic=True, seed=seed, output_directory=folder)
    optimizer = HyperparameterOptimizationFacade(scenario, evaluated_elsewhere, overwrite=True, logging_level=50)

    def ask():
        trial = optimizer.ask()
        return trial, [trial.config[name] for name in names]

    def tell(trial, value):
        optimizer.tell(trial, TrialValue(cost=value))

    return ask, tell


searched(build)
