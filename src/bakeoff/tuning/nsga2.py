"""Search by the genetic algorithm NSGA-II."""

from collections.abc import Sequence

import optuna

from bakeoff.tuning.searcher import Problem, Proposal
from bakeoff.tuning.settings import Choice, Nsga2Settings
from bakeoff.tuning.space import Cube

optuna.logging.set_verbosity(optuna.logging.WARNING)  # it announces each study on stderr


class Nsga2:
    """A random population; then children of the best `population` of all trials so far, by crossover and mutation.

    Optuna's sampler. With one objective its sorting into fronts is a ranking by value, so that a diverged trial ranks
    last. Parents are drawn by binary tournaments. With probability `crossover` a child takes each coordinate from
    either of two parents, otherwise it is a copy of one. On average `mutations` of its coordinates are drawn anew from
    the whole range.
    Source: Deb, Pratap, Agarwal & Meyarivan 2002, IEEE Transactions on Evolutionary Computation 6(2).
    Differs: one objective; uniform crossover and mutation in place of simulated binary crossover and polynomial
    mutation; a batch that is asked for before a generation is told belongs to it, and may make it larger.
    """

    def __init__(self, problem: Problem, settings: Nsga2Settings) -> None:
        self.space = problem.space
        self.axes: dict[str, optuna.distributions.BaseDistribution] = {
            name: optuna.distributions.CategoricalDistribution(range(len(dimension.choices)))
            if isinstance(dimension, Choice)
            else optuna.distributions.FloatDistribution(0.0, 1.0)
            for name, dimension in self.space.dimensions.items()
        }
        sampler = optuna.samplers.NSGAIISampler(
            population_size=settings.population,
            mutation=None,  # drawn anew
            mutation_prob=min(1.0, settings.mutations / len(self.axes)),
            crossover=optuna.samplers.nsgaii.UniformCrossover(swapping_prob=0.5),
            crossover_prob=settings.crossover,
            swapping_prob=0.5,  # of choices
            seed=problem.seed,
            constraints_func=None,
            elite_population_selection_strategy=None,
            child_generation_strategy=None,
            after_trial_strategy=None,
        )
        self.study = optuna.create_study(sampler=sampler)
        self.asked: list[optuna.Trial] = []

    def ask(self, n: int) -> list[Proposal]:
        self.asked = [self.study.ask(self.axes) for _ in range(n)]
        return [Proposal(self.space.point(self.cube(trial))) for trial in self.asked]

    def cube(self, trial: optuna.Trial) -> Cube:
        """Return the place of a trial; a choice is the middle of its part."""
        return tuple(
            (trial.params[name] + 0.5) / len(dimension.choices) if isinstance(dimension, Choice) else trial.params[name]
            for name, dimension in self.space.dimensions.items()
        )

    def tell(self, values: Sequence[float]) -> None:
        for trial, value in zip(self.asked, values, strict=True):
            self.study.tell(trial, value)
