import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from bakeoff.embedding import reference
from bakeoff.embedding.kernels import (
    LIMIT,
    SIGMOID,
    SOFTPLUS,
    STEP,
    Language,
    Tables,
    alias,
    compiled,
    damping,
    draw_noise,
    hashed,
    merge,
)
from bakeoff.embedding.settings import ArchitectureName

V, D = 40, 16
BOTH = pytest.mark.parametrize("architecture", ["skipgram", "cbow"])


def language(stays: float = 1.0) -> Language:
    return Language(np.full(V, stays, np.float32), *alias(np.arange(V) ** 0.75))


def tables(seed: int = 0) -> Tables:
    """With vectors of a size at which the logistic function is well bent."""
    drawn = np.random.default_rng(seed).normal(0, 0.5, (2, V, D)).astype(np.float32)
    return Tables(*drawn, *np.zeros((2, V), np.uint32))


def run(
    architecture: ArchitectureName,
    ids: list[int],
    own: Tables,
    rate: float,
    negatives: int = 5,
    window: int = 3,
    known: Language | None = None,
) -> tuple[float, int]:
    work, text = compiled(architecture, D, negatives), np.empty(len(ids), np.int32)
    rates = np.float32(rate), np.float32(rate / 2)
    return work(np.array(ids, np.int32), known or language(), own, window, *rates, np.uint64(7), text)


def test_the_hash_is_splitmix64() -> None:
    found, counter = [], np.uint64(1234567)
    for _ in range(4):
        counter, bits = hashed(np.uint64(counter))
        found.append(int(bits))
    # The published program's first numbers for this seed.
    assert found == [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    draws = reference.numbers(1234567)
    assert found == [next(draws) for _ in found]


@pytest.mark.parametrize("weights", [[1, 1, 1], [0, 3, 5, 100, 2], [7], list(range(1, 200))])
def test_an_alias_table_draws_in_proportion(weights: list[float]) -> None:
    sure, other = alias(np.array(weights, np.float64))
    drawn = sure.astype(np.float64)
    np.add.at(drawn, other, 1 - sure.astype(np.float64))
    # A float32 in place of each probability: half of 2^-24, a few times over.
    assert drawn / len(weights) == pytest.approx(np.array(weights) / sum(weights), abs=1e-6)
    assert sure[np.array(weights) == 0] == pytest.approx(0, abs=0)


def test_noise_has_no_word_twice_and_follows_the_table() -> None:
    known, targets, counter, counts = language(), np.zeros(30, np.int64), np.uint64(3), np.zeros(V)
    for size in [2] * 20_000 + [30] * 20:
        targets[0] = V - 1
        counter = draw_noise(np.uint64(counter), known, targets[:size])
        assert len(set(targets[:size].tolist())) == size
        counts[targets[1]] += size == 2
    weights = np.append(np.arange(V - 1) ** 0.75, 0)  # without the true word
    # Five standard deviations of the most frequent are 5 sqrt(20000 0.04) = 141.
    assert counts == pytest.approx(20_000 * weights / weights.sum(), abs=141)


def test_tables_of_functions_are_good_to_half_a_step() -> None:
    z = np.linspace(-float(LIMIT), float(LIMIT), 1001)
    place = ((z + float(LIMIT)) / float(STEP) + 0.5).astype(int)
    # Their slopes are 1/4 and 1 at most.
    assert SIGMOID[place] == pytest.approx(1 / (1 + np.exp(-z)), abs=float(STEP) / 8)
    assert SOFTPLUS[place] == pytest.approx(np.log1p(np.exp(z)), abs=float(STEP) / 2)


@BOTH
@pytest.mark.parametrize("negatives", [1, 5, 8])
@pytest.mark.parametrize("stays", [1.0, 0.6])
def test_a_round_is_that_of_the_reference(architecture: ArchitectureName, negatives: int, stays: float) -> None:
    ids = np.random.default_rng(1).integers(1, V, 200)
    own, known = tables(), language(stays)
    v, u = (table.astype(np.float64) for table in own[:2])
    loss, examples = run(architecture, ids.tolist(), own, 0.05, negatives, known=known)
    rates = 0.05, 0.025
    expected, count = reference.round_(
        architecture, ids, known, v, u, window=3, negatives=negatives, rates=rates, counter=7
    )
    assert examples == count
    # The kernel reads the logistic function off a table, off by 1e-3 at most and by far less on the mean; a vector has
    # some fifty steps of 0.05 behind it, along vectors of length 2. A step forgotten, or of the wrong sign, makes 0.05.
    assert loss == pytest.approx(expected, rel=5e-4)
    assert own.inputs == pytest.approx(v, abs=1e-3)
    assert own.outputs == pytest.approx(u, abs=1e-3)


@BOTH
def test_a_step_goes_down_the_gradient(architecture: ArchitectureName) -> None:
    rate, own = 1e-2, tables()
    before = [torch.from_numpy(table.astype(np.float64)).requires_grad_() for table in own[:2]]
    v, u = before
    # Two words, each the context of the other: the second step begins where the first one ended.
    loss, examples = run(architecture, [3, 4], own, rate, window=1)
    assert examples == 2
    draws, text, total = reference.numbers(7), [3, 4], 0.0
    _ = next(draws), next(draws)  # by which nothing was thinned out
    for i, place_rate in ((0, rate), (1, rate * 0.75)):
        next(draws)
        targets = reference.noise(draws, language(), text[i], 5)
        hidden = v[text[1 - i]]
        lost = -F.logsigmoid(u[targets[0]] @ hidden) - F.logsigmoid(-(u[targets[1:]] @ hidden)).sum()
        total += lost.item()
        gradients = torch.autograd.grad(lost, [v, u])
        v, u = ((x - place_rate * g).detach().requires_grad_() for x, g in zip((v, u), gradients, strict=True))
    assert loss == pytest.approx(total, abs=12 * float(STEP) / 2)
    for found, expected in zip(own[:2], (v, u), strict=True):
        # The table is off by 1e-3 at most, a step is 1e-2 of it along six coordinates of about 1.
        assert found == pytest.approx(expected.detach().numpy(), abs=1e-4)


def test_each_word_of_a_mean_moves_by_the_whole_gradient_of_the_mean() -> None:
    own, ids = tables(), [3, 4, 5]
    before = own.inputs.copy()
    run("cbow", ids, own, 0.0)
    assert np.array_equal(own.inputs, before)
    run("cbow", ids, own, 0.1, window=1)
    # The place in the middle moves both its neighbours alike; those at the ends move the middle.
    moved = own.inputs - before
    assert moved[3] == pytest.approx(moved[5], abs=1e-6)
    assert not np.allclose(moved[3], moved[4])


@BOTH
def test_what_was_changed_is_counted(architecture: ArchitectureName) -> None:
    own = tables()
    before = own.inputs.copy(), own.outputs.copy()
    run(architecture, [1, 2, 3, 2], own, 0.1)
    for table, old, met in zip(own[:2], before, own[2:], strict=True):
        assert np.array_equal((table != old).any(axis=1), met > 0)
    assert own.outputs_met.sum() == 4 * 6


@BOTH
@pytest.mark.parametrize(("x", "u"), [(10.0, 10.0), (10.0, -10.0), (0.75, 0.75), (0.75, -0.75)])
def test_scores_beyond_the_table_cost_what_they_are(architecture: ArchitectureName, x: float, u: float) -> None:
    own = tables()
    own.inputs[:], own.outputs[:] = x, u
    loss, _ = run(architecture, [1, 2], own, 0.0)
    score = D * x * u  # right for the true word of both places, or for all the noise
    # What a right answer costs beyond 8 is less than 4e-4, and taken for that.
    assert loss == pytest.approx(2 * (5 if score > 0 else 1) * abs(score), abs=12 * 4e-4)


@BOTH
def test_vectors_that_are_no_numbers_are_no_crash(architecture: ArchitectureName) -> None:
    own = tables()
    own.outputs[:] = math.nan
    run(architecture, [1, 2, 3], own, 0.1)
    assert np.isnan(own.inputs[1]).all()


@pytest.mark.parametrize("pull", [0.0, 0.01, 1.0, 100.0])
def test_damping_turns_a_sum_into_moves_one_after_the_other(pull: float) -> None:
    for shards in (1, 2, 5):
        went = pull / (1 + pull)
        inturn = 1 - (1 - went) ** shards
        assert damping(shards, pull) == pytest.approx(inturn / (shards * went) if pull else 1.0)


def test_a_merge_adds_the_moves_and_takes_all_shards_there() -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(size=(4, D)).astype(np.float32)
    own = np.repeat(base[None], 3, axis=0)
    met = np.zeros((3, 4), np.uint32)
    moves = rng.normal(size=(3, D)).astype(np.float32)
    own[0, 1] += moves[0]
    own[1, 2] += moves[1]
    own[2, 2] += moves[2]
    met[0, 1], met[1, 2], met[2, 2] = 4, 3, 1
    old, alone = base.copy(), own[0, 1].copy()
    assert merge(base, own, met, 0, 4, 0.1)
    assert np.array_equal(base[1], alone)
    expected = old.copy()
    expected[1] += moves[0]
    expected[2] += damping(2, 0.1 * 4 / 2) * (moves[1] + moves[2])
    assert base == pytest.approx(expected, abs=1e-6)  # float32
    assert all(np.array_equal(shard, base) for shard in own)
    assert not met.any()


def test_a_merge_says_what_is_no_longer_finite() -> None:
    for value in (math.nan, math.inf):
        base, met = np.zeros((2, D), np.float32), np.ones((1, 2), np.uint32)
        own = base[None].copy()
        own[0, 1, 3] = value
        assert merge(base, own, met, 0, 1, 0.0)
        assert not merge(base, own, met, 1, 2, 0.0)
