"""Nevergrad at its defaults: NGOpt chooses an algorithm by the dimensions and the budget."""

import nevergrad
from loop import Ask, Tell, searched


def build(dimensions: int, trials: int, seed: int) -> tuple[Ask, Tell]:
    cube = nevergrad.p.Array(shape=(dimensions,), lower=0.0, upper=1.0)
    cube.random_state.seed(seed)
    optimizer = nevergrad.optimizers.NGOpt(parametrization=cube, budget=trials)

    def ask():
        candidate = optimizer.ask()
        return candidate, candidate.value

    return ask, optimizer.tell


searched(build)
