"""Search by the genetic algorithm NSGA-II."""

import optuna

from bakeoff.tuning.searchers.optuna_space import Sampled
from bakeoff.tuning.searchers.searcher import Problem
from bakeoff.tuning.settings import Nsga2Settings


class Nsga2(Sampled):
    """A random population; then children of the best `population` of all trials so far, by crossover and mutation.

    Optuna's sampler. It sorts trials into fronts, and within a front by crowding distance; with one objective this is a
    ranking by value. A diverged trial ranks last. Parents are drawn by binary tournaments. With probability `crossover`
    a child takes each coordinate from either of two parents, otherwise it is a copy of one. On average `mutations` of
    its coordinates are redrawn from the whole range.
    Source: Deb, Pratap, Agarwal & Meyarivan 2002, IEEE Transactions on Evolutionary Computation 6(2).
    Differs: uniform crossover and mutation in place of simulated binary crossover and polynomial
    mutation; what is asked for before a generation is told, in a batch or a window, belongs to it, and may make it
    larger.
    """

    def __init__(self, problem: Problem, settings: Nsga2Settings) -> None:
        sampler = optuna.samplers.NSGAIISampler(
            population_size=settings.population,
            mutation=None,  # redrawn
            mutation_prob=min(1.0, settings.mutations / len(problem.space)),
            crossover=optuna.samplers.nsgaii.UniformCrossover(swapping_prob=0.5),
            crossover_prob=settings.crossover,
            swapping_prob=0.5,  # of choices
            seed=problem.seed,
            constraints_func=None,
            elite_population_selection_strategy=None,
            child_generation_strategy=None,
            after_trial_strategy=None,
        )
        super().__init__(problem.space, sampler, problem.objectives)
