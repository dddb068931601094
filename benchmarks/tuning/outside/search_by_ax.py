"""Ax at its defaults: Bayesian optimisation with BoTorch after a Sobol start."""

import logging

from ax.api.client import Client
from ax.api.configs import RangeParameterConfig
from loop import Ask, Tell, searched

logging.disable(logging.WARNING)


def build(dimensions: int, _: int, seed: int) -> tuple[Ask, Tell]:
    client = Client(random_seed=seed)
    names = [f"x{number}" for number in range(dimensions)]
    ranges = [RangeParameterConfig(name=name, parameter_type="float", bounds=(0.0, 1.0)) for name in names]
    client.configure_experiment(parameters=ranges)
    client.configure_optimization(objective="-value")

    def ask():
        ((number, parameters),) = client.get_next_trials(max_trials=1).items()
        return number, [parameters[name] for name in names]

    def tell(number, value):
        client.complete_trial(trial_index=number, raw_data={"value": value})

    return ask, tell


searched(build)
