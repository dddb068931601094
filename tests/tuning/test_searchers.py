"""One suite over all ways to search, on a quadratic whose lowest place is known, and then what is each one's own."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean

import optuna
import pytest
from pydantic import ValidationError

from bakeoff.base.settings import BadInput, Settings
from bakeoff.tuning.executor import search
from bakeoff.tuning.one_objective import OneObjective
from bakeoff.tuning.searchers.bayes import Bayes
from bakeoff.tuning.searchers.cma import Cma
from bakeoff.tuning.searchers.evolution import Evolution
from bakeoff.tuning.searchers.gp import Gp
from bakeoff.tuning.searchers.gradient import Gradient
from bakeoff.tuning.searchers.grid import Grid
from bakeoff.tuning.searchers.nsga2 import Nsga2
from bakeoff.tuning.searchers.registry import SEARCHERS
from bakeoff.tuning.searchers.searcher import Problem, Proposal
from bakeoff.tuning.settings import (
    BayesSettings,
    Choice,
    CmaSettings,
    EvolutionSettings,
    GpSettings,
    GradientSettings,
    GridSettings,
    Nsga2Settings,
    RandomSettings,
    Range,
    RangeWhen,
    SobolSettings,
    StopSettings,
)
from bakeoff.tuning.space import Point, Space
from bakeoff.tuning.trained import Trained
from bakeoff.tuning.trial import Trial

SPACE = Space(
    {
        "learning_rate": Range(low=1e-3, high=10.0, scale="log"),
        "beta": Range(low=0.5, high=0.99, scale="linear"),
        "weight_decay": Range(low=1e-6, high=1e-2, scale="log"),
    }
)
SETTINGS: dict[str, Settings] = {
    "grid": GridSettings(levels={"mlp": {"learning_rate": 5, "beta": 4, "weight_decay": 3}}),
    "random": RandomSettings(),
    "sobol": SobolSettings(),
    "bayes": BayesSettings(startup_trials=8),
    "gp": GpSettings(startup_trials=58, levels=256),
    "cma": CmaSettings(population=6, deviation=0.3, levels=1024),
    "evolution": EvolutionSettings(population=10, keep=0.4, mutation=0.1),
    "nsga2": Nsga2Settings(population=10, crossover=0.9, mutations=1.0),
    "gradient": GradientSettings(outer_rate=0.05, steps=10),
}
BUDGET = 60
NEVER = StopSettings(target=None, patience=None, halving=None)
LOWEST = (0.7, 0.4, 0.3)  # in the cube
EVERY = pytest.mark.parametrize("method", SEARCHERS)


def cube(point: Point) -> tuple[float, ...]:
    rate, beta, decay = point["learning_rate"], point["beta"], point["weight_decay"]
    return math.log10(rate / 1e-3) / 4, (beta - 0.5) / 0.49, math.log10(decay / 1e-6) / 4


def distance(point: Point) -> float:
    """Squared, in the cube, from the lowest place."""
    return sum((at - low) ** 2 for at, low in zip(cube(point), LOWEST, strict=True))


def quadratic(point: Point) -> Trained:
    return Trained({"val/loss": distance(point)}, None)


@dataclass(frozen=True)
class QuadraticSlope:
    steps: int
    asked: list[Point] = field(default_factory=list)
    cost: int = 2

    def __call__(self, point: Point) -> Point:
        self.asked.append(point)
        ranges = (math.log(1e4) * point["learning_rate"], 0.49, math.log(1e4) * point["weight_decay"])
        ways = zip(SPACE.dimensions, cube(point), LOWEST, ranges, strict=True)
        return {name: 2 * (at - low) / stretch for name, at, low, stretch in ways}


def problem(seed: int = 0, budget: int = BUDGET, slope: Callable[[int], QuadraticSlope] = QuadraticSlope) -> Problem:
    return Problem("mlp", SPACE, budget, seed, slope)


def searched(
    method: str, objective: Callable[[Point], Trained] = quadratic, seed: int = 0, budget: int = BUDGET, batch: int = 4
) -> list[Trial]:
    searcher = SEARCHERS[method].build(problem(seed, budget), SETTINGS[method])

    def train(points: Sequence[Point]) -> list[Trained]:
        return [objective(point) for point in points]

    return search(
        searcher,
        train,
        budget=budget,
        price=1,
        cheapest=1,
        batch=batch,
        stop=NEVER,
        watch=lambda _: None,
        goal=OneObjective("loss"),
    )


def test_every_searcher_is_tested() -> None:
    assert set(SETTINGS) == set(SEARCHERS)
    assert all(type(SETTINGS[method]) is spec.settings for method, spec in SEARCHERS.items())


@EVERY
@pytest.mark.parametrize("seed", [0, 1])
def test_points_lie_inside_the_space(method: str, seed: int) -> None:
    for trial in searched(method, seed=seed):
        assert list(trial.point) == list(SPACE.dimensions)
        for name, dimension in SPACE.dimensions.items():
            assert dimension.low <= trial.point[name] <= dimension.high


@EVERY
def test_same_seed_same_trials(method: str) -> None:
    first = searched(method, seed=5)
    assert searched(method, seed=5) == first
    assert searched(method, seed=6) != first


@EVERY
@pytest.mark.parametrize(("budget", "batch"), [(BUDGET, 4), (17, 5), (7, 1), (6, 4), (3, 8)])
def test_the_budget_is_spent_exactly(method: str, budget: int, batch: int) -> None:
    trials = searched(method, budget=budget, batch=batch)
    assert trials[-1].spent == budget
    assert len(trials) == budget or method == "gradient"
    assert [trial.number for trial in trials] == list(range(1, len(trials) + 1))


@EVERY
def test_diverged_trials_are_taken_like_any_other(method: str) -> None:
    nothing = searched(method, lambda _: Trained({}, diverged=1), budget=20)
    assert nothing[-1].spent == 20

    def cliff(point: Point) -> Trained:
        return Trained({}, diverged=2) if point["learning_rate"] > 1.0 else quadratic(point)

    trials = searched(method, cliff)
    assert trials[-1].spent == BUDGET
    assert any(trial.trained.diverged for trial in trials)
    assert not all(trial.trained.diverged for trial in trials[-10:])


MIXED = Space(
    {
        "rate": Range(low=1e-3, high=10.0, scale="log"),
        "kind": Choice(choices=("a", "b", "c")),
        "slope": RangeWhen(low=0.0, high=1.0, scale="linear", when={"kind": "b"}),
        "width": Range(low=4, high=16, scale="log"),
    },
    frozenset({"width"}),
)


@pytest.mark.parametrize("method", sorted(SEARCHERS.keys() - {"gradient"}))  # its spaces are ranges without conditions
@pytest.mark.parametrize("batch", [1, 5])
def test_choices_conditions_and_whole_numbers_are_searched(method: str, batch: int) -> None:
    settings = SETTINGS[method]
    if method == "grid":
        settings = GridSettings(levels={"mlp": {"rate": 4, "slope": 2, "width": 4}})
    searcher = SEARCHERS[method].build(Problem("mlp", MIXED, 40, 3, QuadraticSlope), settings)
    points: list[Point] = []
    while len(points) < 40:
        proposed = [proposal.point for proposal in searcher.ask(min(batch, 40 - len(points)))]
        searcher.tell([abs(math.log10(point["rate"])) + (point["kind"] != "b") for point in proposed])
        points += proposed
    assert {point["kind"] for point in points} == {"a", "b", "c"}
    for point in points:
        assert ("slope" in point) == (point["kind"] == "b")
        assert isinstance(point["width"], int) and 4 <= point["width"] <= 16
    assert len({json.dumps(point) for point in points}) > 30


def lowest(method: str, seed: int) -> float:
    return min(trial.trained.value("loss") for trial in searched(method, seed=seed))


@pytest.mark.parametrize("method", ["bayes", "cma", "evolution", "nsga2", "gradient"])
def test_what_learns_comes_nearer_than_chance(method: str) -> None:
    # Random search of 60 points reaches 0.010 on average here; a searcher that mistakes worse for better reaches 0.1.
    seeds = range(8)
    assert fmean(lowest(method, seed) for seed in seeds) < 0.6 * fmean(lowest("random", seed) for seed in seeds)


def test_a_gaussian_process_proposes_places_of_its_grid_and_comes_near() -> None:
    space = Space(SPACE.dimensions | {"kind": Choice(choices=("a", "b", "c"))})
    searcher = Gp(Problem("mlp", space, 14, 1, QuadraticSlope), GpSettings(startup_trials=6, levels=11))
    found: list[float] = []
    for _ in range(7):
        points = [proposal.point for proposal in searcher.ask(2)]
        for point in points:
            assert [at * 10 for at in cube(point)] == pytest.approx([round(at * 10) for at in cube(point)], abs=1e-9)
        values = [distance(point) + (point["kind"] != "b") for point in points]
        searcher.tell(values)
        found += values
    assert min(found[6:]) < min(found[:6])
    # The model sees the trials at their rounded places, and nothing else.
    seen = [trial for trial in searcher.study.trials if trial.state is not optuna.trial.TrialState.FAIL]
    assert [trial.value for trial in seen] == found
    assert all(10 * trial.params[name] == round(10 * trial.params[name]) for trial in seen for name in SPACE.dimensions)


def test_a_gaussian_process_takes_diverged_trials_as_the_worst_that_ended() -> None:
    searcher = Gp(problem(), GpSettings(startup_trials=8, levels=11))
    for told in ((math.inf, math.inf), (0.3, math.inf), (math.inf, 0.9)):
        searcher.ask(2)
        searcher.tell(told)
    tried = searcher.study.trials[1::2]  # each is the rounded place of the one before it
    assert [trial.value for trial in tried] == [None, None, 0.3, 0.3, 0.9, 0.9]


def test_a_sobol_sequence_has_one_point_in_each_part_of_each_scale() -> None:
    points = [trial.point for trial in searched("sobol", budget=16)]
    for axis in zip(*map(cube, points), strict=True):
        assert sorted(int(at * 16) for at in axis) == list(range(16))


def test_grid_meets_the_cell_that_holds_the_lowest_place() -> None:
    assert lowest("grid", 0) <= (0.5 / 5) ** 2 + (0.5 / 4) ** 2 + (0.5 / 3) ** 2


def test_grid_visits_every_combination_once_in_random_order() -> None:
    points = [tuple(trial.point.values()) for trial in searched("grid")]
    assert len(set(points)) == 60
    assert [len(set(values)) for values in zip(*points, strict=True)] == [5, 4, 3]
    assert points != sorted(points)
    middles = sorted({cube(trial.point)[1] for trial in searched("grid")})
    assert middles == pytest.approx([0.125, 0.375, 0.625, 0.875])


def test_a_grid_smaller_than_the_budget_is_refused() -> None:
    with pytest.raises(
        BadInput,
        match=r"tuning.grid.levels.mlp make 5 x 4 x 3 = 60 points, 60 of them different, and the budget has 61 trials",
    ):
        Grid(problem(budget=61), GridSettings(levels={"mlp": {"learning_rate": 5, "beta": 4, "weight_decay": 3}}))


def values(proposals: Sequence[Proposal]) -> list[float]:
    return [distance(proposal.point) for proposal in proposals]


def test_evolution_replaces_the_worst_by_children_of_the_best() -> None:
    searcher = Evolution(problem(), EvolutionSettings(population=6, keep=0.34, mutation=1e-9))
    first = searcher.ask(4)
    searcher.tell(values(first))
    first += searcher.ask(4)  # the two that are left of the population
    searcher.tell(values(first[4:]))
    assert len(first) == 6
    parents = [cube(proposal.point) for proposal in sorted(first, key=lambda proposal: distance(proposal.point))[:2]]
    children = [cube(proposal.point) for proposal in searcher.ask(9)]
    assert len(children) == 4
    for child in children:
        for axis in range(3):
            # Mutation is switched off but for 1e-9; what else differs is rounding of the logarithm.
            assert min(abs(child[axis] - parent[axis]) for parent in parents) < 1e-7
    assert len(set(children)) > 1


def test_evolution_never_breeds_from_a_diverged_trial_while_others_are_there() -> None:
    searcher = Evolution(problem(), EvolutionSettings(population=4, keep=0.5, mutation=1e-9))
    first = searcher.ask(4)
    searcher.tell([math.inf, 0.9, math.inf, 0.8])
    ended = [cube(first[1].point), cube(first[3].point)]
    for child in (cube(proposal.point) for proposal in searcher.ask(4)):
        for axis in range(3):
            assert min(abs(child[axis] - parent[axis]) for parent in ended) < 1e-7


def test_evolution_keeps_its_children_in_the_cube() -> None:
    searcher = Evolution(problem(), EvolutionSettings(population=40, keep=0.5, mutation=0.9))
    searcher.tell(values(searcher.ask(40)))
    searcher.ask(20)
    coordinates = [at for child in searcher.asked for at in child]
    assert min(coordinates) == 0.0
    assert max(coordinates) == 1.0


KINDS = Space({"kind": Choice(choices=("a", "b", "c", "d")), "rate": Range(low=0, high=1, scale="linear")})


def test_evolution_draws_a_choice_anew_whatever_its_place_in_the_list() -> None:
    searcher = Evolution(
        Problem("mlp", KINDS, 2000, 0, QuadraticSlope), EvolutionSettings(population=2000, keep=0.2, mutation=0.3)
    )
    kinds = [proposal.point["kind"] for proposal in searcher.ask(2000)]
    searcher.tell([float(kind != "a") for kind in kinds])
    children = [proposal.point["kind"] for proposal in searcher.ask(2000)]
    counts = {kind: children.count(kind) / len(children) for kind in "abcd"}
    # All parents have "a": a child has it unless it is drawn anew, with probability 0.3, and not as "a" again. The
    # standard deviation of a share is below 0.012 with 1600 children.
    assert counts == pytest.approx({"a": 1 - 0.3 * 3 / 4, "b": 0.3 / 4, "c": 0.3 / 4, "d": 0.3 / 4}, abs=0.036)


def test_bayes_models_a_choice_without_an_order() -> None:
    searcher = Bayes(Problem("mlp", KINDS, 60, 0, QuadraticSlope), BayesSettings(startup_trials=8))
    assert isinstance(searcher.axes["kind"], optuna.distributions.CategoricalDistribution)
    found: list[str] = []
    for _ in range(15):
        points = [proposal.point for proposal in searcher.ask(4)]
        searcher.tell([float(point["kind"] != "c") + point["rate"] for point in points])
        found += [point["kind"] for point in points]
    assert set(found[:12]) == set("abcd")
    assert found[40:].count("c") > 10


def cma(levels: int = 101, deviation: float = 0.3, seed: int = 0) -> Cma:
    return Cma(problem(seed), CmaSettings(population=6, deviation=deviation, levels=levels))


def test_cma_proposes_places_of_its_grid_and_is_told_these() -> None:
    searcher = cma()
    proposals = searcher.ask(4)
    told = [cube.tolist() for cube in searcher.asked]
    assert [list(cube(proposal.point)) for proposal in proposals] == [pytest.approx(place, abs=1e-9) for place in told]
    assert all(at == round(at * 100) / 100 for place in told for at in place)
    searcher.tell(values(proposals))
    assert [place.tolist() for place, _ in searcher.generation] == told


def test_cma_moves_towards_the_better_half_once_a_generation_is_told() -> None:
    searcher = cma()
    before = searcher.optimizer.mean.copy()
    first = searcher.ask(4)
    searcher.tell(values(first))
    assert (searcher.optimizer.mean == before).all()
    rest = searcher.ask(4)  # the two that are left of the generation
    assert len(rest) == 2
    generation = [tuple(place) for place, _ in searcher.generation] + [tuple(place) for place in searcher.asked]
    searcher.tell(values(rest))
    ranked = sorted(generation, key=lambda place: sum((at - low) ** 2 for at, low in zip(place, LOWEST, strict=True)))
    # Hansen 2016, equations 42 and 49: weights log((6 + 1) / 2) - log(i) of the best three, scaled to a sum of 1.
    weights = [math.log(3.5) - math.log(i) for i in (1, 2, 3)]
    for axis in range(3):
        mean = sum(w * place[axis] for w, place in zip(weights, ranked[:3], strict=True)) / sum(weights)
        assert searcher.optimizer.mean[axis] == pytest.approx(mean, abs=1e-12)


def test_cma_draws_again_from_the_same_distribution_where_a_generation_diverged() -> None:
    searcher = cma()
    searcher.tell([math.inf] * len(searcher.ask(6)))
    assert searcher.optimizer.mean.tolist() == [0.5, 0.5, 0.5]
    assert len(searcher.ask(6)) == 6
    searcher.tell([math.inf, 0.2, 0.4, math.inf, 0.3, math.inf])
    assert searcher.optimizer.mean.tolist() != [0.5, 0.5, 0.5]


def test_cma_starts_again_elsewhere_once_a_generation_spans_no_more_than_a_level() -> None:
    searcher = cma(levels=11, deviation=0.01)
    assert {tuple(cube.tolist()) for _ in range(6) for cube in (searcher.ask(1), searcher.asked)[1]} == {(0.5,) * 3}
    searcher = cma(levels=11, deviation=0.01)
    searcher.tell([0.1] * len(searcher.ask(6)))
    assert searcher.optimizer.mean.tolist() != [0.5, 0.5, 0.5]
    assert searcher.optimizer.generation == 0
    assert len(searcher.ask(8)) == 6


def test_nsga2_breeds_from_the_best_of_all_trials_so_far() -> None:
    settings = Nsga2Settings(population=4, crossover=1.0, mutations=1e-9)
    searcher = Nsga2(problem(), settings)
    tried = searcher.ask(4)
    told = [0.1, math.inf, 0.2, 0.3]
    searcher.tell(told)
    for _ in range(3):
        told += [0.9, 0.8, 0.7, 0.6]  # children that do not survive: the first generation has three better ones
        tried += searcher.ask(4)
        searcher.tell(told[-4:])
    parents = [cube(tried[index].point) for index in (0, 2, 3)] + [cube(tried[7].point)]
    for child in (cube(proposal.point) for proposal in searcher.ask(4)):
        for axis in range(3):
            assert min(abs(child[axis] - parent[axis]) for parent in parents) < 1e-9


@pytest.mark.parametrize(("mutations", "drawn"), [(1e-9, 0), (3.0, 3)])
def test_nsga2_draws_coordinates_anew_as_often_as_asked(mutations: float, drawn: int) -> None:
    searcher = Nsga2(problem(), Nsga2Settings(population=4, crossover=0.0, mutations=mutations))
    first = searcher.ask(4)
    searcher.tell(values(first))
    parents = [cube(proposal.point) for proposal in first]
    for child in (cube(proposal.point) for proposal in searcher.ask(4)):
        assert min(sum(at != old for at, old in zip(child, parent, strict=True)) for parent in parents) == drawn


def descent(budget: int = 60) -> tuple[Gradient, QuadraticSlope]:
    slope = QuadraticSlope(10)
    return Gradient(problem(budget=budget, slope=lambda _: slope), GradientSettings(outer_rate=0.05, steps=10)), slope


def test_gradient_steps_straight_down_and_pays_for_the_slope() -> None:
    searcher, slope = descent()
    starts = searcher.ask(4)
    assert [start.cost for start in starts] == [1, 1, 1, 1]
    searcher.tell(values(starts))
    best = min(starts, key=lambda start: distance(start.point))
    (step,) = searcher.ask(4)
    assert slope.asked == [best.point]
    assert step.cost == 1 + slope.cost
    # On a quadratic the way down leads straight to the lowest place.
    assert math.sqrt(distance(best.point)) - math.sqrt(distance(step.point)) == pytest.approx(0.05, abs=1e-9)


@pytest.mark.parametrize("worse", [math.inf, 10.0])
def test_gradient_starts_again_where_a_step_does_not_improve(worse: float) -> None:
    searcher, _ = descent()
    searcher.tell(values(searcher.ask(4)))
    searcher.ask(4)
    searcher.tell([worse])
    assert [start.cost for start in searcher.ask(4)] == [1, 1, 1, 1]


@pytest.mark.parametrize("wrong", [math.nan, math.inf, 0.0])
def test_gradient_pays_for_a_slope_that_leads_nowhere(wrong: float) -> None:
    searcher, _ = descent()
    searcher.slope = Nowhere(wrong)
    searcher.tell(values(searcher.ask(4)))
    starts = searcher.ask(4)
    assert [start.cost for start in starts] == [3, 1, 1, 1]
    searcher.tell(values(starts))
    assert searcher.left == 60 - 4 - 6


def test_gradient_starts_again_only_as_often_as_it_can_pay() -> None:
    searcher, _ = descent(budget=8)
    searcher.slope = Nowhere(math.nan)
    searcher.tell(values(searcher.ask(4)))
    assert [start.cost for start in searcher.ask(4)] == [3, 1]


@dataclass(frozen=True)
class Nowhere:
    slope: float
    cost: int = 2

    def __call__(self, point: Point) -> Point:
        return dict.fromkeys(point, self.slope)


def test_gradient_slides_along_a_face_of_the_cube() -> None:
    searcher, _ = descent()
    # Downhill is out of the cube in the first coordinate, whose face is reached, and up in the second.
    searcher.slope = Fixed({"learning_rate": -1.0, "beta": -1.0, "weight_decay": 0.0})
    assert searcher.step((1.0, 0.5, 0.2)) == pytest.approx((1.0, 0.55, 0.2))
    assert searcher.step((1.0, 1.0, 0.2)) is None
    assert searcher.step((1.0, 0.97, 0.2)) == pytest.approx((1.0, 1.0, 0.2))


@dataclass(frozen=True)
class Fixed:
    slopes: Point
    cost: int = 2

    def __call__(self, _: Point) -> Point:
        return self.slopes


def test_a_generation_of_cma_has_eight_places_of_a_range_at_least() -> None:
    """A generation that spans one place, or none, makes the search start anew."""
    CmaSettings(population=4, deviation=0.3, levels=8)
    GpSettings(startup_trials=1, levels=2)
    with pytest.raises(ValidationError, match="greater than or equal to 8"):
        CmaSettings(population=4, deviation=0.3, levels=7)
