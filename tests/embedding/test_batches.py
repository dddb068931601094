"""On a CPU, which the batches do not mind; what a GPU makes of them is asked where there is one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from bakeoff.data.corpus.corpus import Corpus
from bakeoff.embedding import reference
from bakeoff.embedding.batches import Batches, Moves, Sample, add
from bakeoff.embedding.evaluate import Vectors, purity
from bakeoff.embedding.kernels import damping
from bakeoff.embedding.settings import ArchitectureName, Word2vecSettings
from bakeoff.embedding.word2vec_state import State, keyed

CPU, V, D = torch.device("cpu"), 60, 12
BOTH = pytest.mark.parametrize("architecture", ["skipgram", "cbow"])
GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU here")
MakeCorpus = Callable[..., Corpus]
MakeSettings = Callable[..., Word2vecSettings]
Train = Callable[..., State]
Digest = Callable[[State], str]
MakeBatches = Callable[..., Batches]


@pytest.fixture
def batches(corpus: MakeCorpus, settings: MakeSettings) -> MakeBatches:
    def make(architecture: ArchitectureName = "skipgram", device: torch.device = CPU, **changes: Any) -> Batches:
        return Batches(corpus(), architecture, settings(**changes), device)

    return make


def bent(made: Batches, seed: int = 0) -> State:
    """Vectors of a size at which the logistic function is well bent."""
    return State(np.random.default_rng(seed).normal(0, 0.5, made.shape).astype(np.float32))


def drawn(made: Batches, size: int = 200) -> Sample:
    return made.draw(made.lesson.text[:size], made.stays, keyed(3))


def summed(moves: Moves) -> Tensor:
    return torch.zeros(V, D).index_add(0, moves.rows, moves.sums)


@BOTH
def test_a_step_is_what_the_reference_does_from_the_same_vectors(
    batches: MakeBatches, architecture: ArchitectureName
) -> None:
    made = batches(architecture)
    state = bent(made)
    v, u = state.vectors.astype(np.float64)
    with made.at(state):
        sample = drawn(made)
        loss, examples, to_inputs, to_outputs = made.step(sample)
    text, around, targets, counted = (part.numpy() for part in sample)
    to_v, to_u, met_v, met_u = np.zeros((V, D)), np.zeros((V, D)), np.zeros(V), np.zeros(V)
    total, count = 0.0, 0
    for i in range(len(text)):
        near = [text[i + offset] for offset, is_in in zip(made.offsets.tolist(), around[i], strict=True) if is_in]
        words = targets[i][counted[i]]
        for inputs in [[word] for word in near] if architecture == "skipgram" else [near] * bool(near):
            x = v[inputs].mean(axis=0)
            moved_x, moved_u, lost = reference.step(x, u[words], 1.0)
            np.add.at(to_v, inputs, moved_x - x)
            np.add.at(to_u, words, moved_u - u[words])
            np.add.at(met_v, inputs, 1)
            np.add.at(met_u, words, 1)
            total, count = total + lost, count + 1
    assert examples.item() == count > 50
    assert loss.item() == pytest.approx(total, rel=1e-5)  # float32 scores
    for moves, expected, met in ((to_inputs, to_v, met_v), (to_outputs, to_u, met_u)):
        assert summed(moves).numpy() == pytest.approx(expected, abs=1e-4)  # sums of some fifty float32 of about 1
        assert np.array_equal(np.bincount(moves.rows, moves.changes, minlength=V), met)


def test_skipgram_steps_down_the_gradient(batches: MakeBatches) -> None:
    made = batches()
    state = bent(made)
    with made.at(state):
        text, around, targets, counted = sample = drawn(made)
        *_, to_inputs, to_outputs = made.step(sample)
    v, u = (torch.from_numpy(table.astype(np.float64)).requires_grad_() for table in state.vectors)
    places, which = around.nonzero(as_tuple=True)
    scores = (v[text[places + made.offsets[which]]][:, None] * u[targets[places]]).sum(2)
    scores = torch.cat([scores[:, :1], -scores[:, 1:]], dim=1)
    (-F.logsigmoid(scores) * counted[places]).sum().backward()  # type: ignore[no-untyped-call]
    for moves, table in ((to_inputs, v), (to_outputs, u)):
        assert table.grad is not None
        assert summed(moves).numpy() == pytest.approx(-table.grad.numpy(), abs=1e-4)


def test_a_sample_is_of_words_that_stay_windows_of_any_reach_and_noise_by_its_table(
    corpus: MakeCorpus, batches: MakeBatches
) -> None:
    made = batches(subsample=0.0)
    ids = np.resize(np.array([7, 8, 9], np.int32), 30_000)
    text, around, targets, counted = made.draw(ids, made.stays, keyed(1))
    assert np.array_equal(text, ids)
    assert torch.equal(targets[:, 0], text)
    reach = around[10:-10, 3:].sum(1)
    assert torch.equal(around[10:-10, :3].flip(1), around[10:-10, 3:])
    # A third each, with a standard deviation of 82: five of these.
    assert np.bincount(reach)[1:] == pytest.approx([9_993] * 3, abs=410)
    assert not around[0, :3].any() and not around[-1, 3:].any()
    counts = np.bincount(corpus().ids, minlength=V).astype(float)
    weights = np.where(np.arange(V) > 0, counts**0.75, 0)
    found = np.bincount(targets[:, 1:].flatten(), minlength=V)
    # Five standard deviations of 90,000 draws at a share of at most a half are 750.
    assert found == pytest.approx(90_000 * weights / weights.sum(), abs=750)
    for row, fresh in zip(targets[:200].tolist(), counted[:200].tolist(), strict=True):
        assert fresh == [word not in row[:k] for k, word in enumerate(row)]
    thinned = batches().draw(ids, torch.full((V,), 0.3), keyed(1)).text
    assert len(thinned) == pytest.approx(9_000, abs=5 * 79)


@pytest.mark.parametrize("pull", [0.0, 0.5])
def test_words_that_repeat_move_by_the_damped_sum(pull: float) -> None:
    rng = np.random.default_rng(0)
    table, sums = torch.from_numpy(rng.normal(size=(V, D)).astype(np.float32)), torch.randn(5, D)
    before = table.clone()
    add(table, Moves(torch.tensor([3, 9, 3, 3, 1]), sums, torch.tensor([2, 1, 0, 3, 0])), 0.1, pull)
    moved = (table - before) / 0.1
    # float32; a word in no example at all, whose move is 0, may be scaled by anything.
    assert torch.allclose(moved[3], damping(5, 0.1 * pull) * sums[[0, 2, 3]].sum(0), atol=1e-5)
    assert torch.allclose(moved[9], sums[1], atol=1e-5)
    assert not moved[[0, 2, *range(10, V)]].any()


@BOTH
def test_a_training_goes_on_from_any_round_to_the_same_bytes(
    batches: MakeBatches, trained: Train, digest: Digest, architecture: ArchitectureName
) -> None:
    whole, rounds = digest(trained(batches(architecture))), 12
    assert whole == digest(trained(batches(architecture)))
    assert whole != digest(trained(batches(architecture, seed=5)))
    for stop in range(1, rounds):
        made = batches(architecture)
        state = made.start()
        with made.at(state):
            words = sum(made.round(state) for _ in range(stop))
            assert made.done(state) == words
            made.fetch(state)
        again = batches(architecture)
        assert digest(trained(again, State.unpack(b"".join(map(bytes, state.pack())), again.shape))) == whole


def test_an_epoch_takes_every_word_once(batches: MakeBatches) -> None:
    made, met, keys = batches(), [], []
    draw = made.draw

    def see(ids: Any, stays: Tensor, key: np.uint64) -> Sample:
        met.extend(ids.tolist())
        keys.append(int(key))
        return draw(ids, stays, key)

    made.draw = see  # type: ignore[method-assign]
    state = made.start()
    with made.at(state):
        assert sum(made.round(state) for _ in range(12)) == made.longest == made.done(state) == len(met)
    assert met == made.lesson.text.tolist()
    assert len(set(keys)) == len(keys) == 12 * 3  # batches of 120 in rounds of 300


@BOTH
def test_the_loss_of_an_epoch_is_the_mean_over_its_examples(
    batches: MakeBatches, architecture: ArchitectureName
) -> None:
    made = batches(architecture)
    state, losses, counts = made.start(), [], []
    step = made.step

    def see(sample: Sample) -> Any:
        found = step(sample)
        losses.append(found[0].item())
        counts.append(found[1].item())
        return found

    made.step = see  # type: ignore[method-assign]
    with made.at(state):
        # log 2 for the true word and each of the noise words that is fresh, in float32.
        start = made.validate(state)
        assert 2 * np.log(2) < start <= 4 * np.log(2) * (1 + 1e-6)
        losses.clear(), counts.clear()
        while state.offset < made.longest:
            made.round(state)
    assert state.examples == sum(counts)
    assert state.loss == pytest.approx(sum(losses), rel=1e-12)  # float64 sums in another order


def test_texts_of_which_nothing_stays_change_nothing(batches: MakeBatches) -> None:
    made = batches()
    state = bent(made)
    before = state.vectors.copy()
    with made.at(state):
        loss, examples, *moves = made.step(made.draw(made.lesson.text[:50], torch.zeros(V), keyed(0)))
        for table, moved in zip((made.inputs, made.outputs), moves, strict=True):
            add(table, moved, 0.1, 1.0)
        made.fetch(state)
    assert (loss.item(), examples.item()) == (0, 0)
    assert np.array_equal(state.vectors, before)


def test_vectors_that_are_not_finite_end_it(batches: MakeBatches, trained: Train) -> None:
    made = batches(learning_rate={"skipgram": 1e30, "cbow": 1.0})
    with pytest.raises(FloatingPointError):
        trained(made)


@BOTH
def test_words_of_a_kind_come_together(settings: MakeSettings, trained: Train, architecture: ArchitectureName) -> None:
    rng = np.random.default_rng(0)
    ids = np.concatenate([1 + 10 * kind + rng.integers(10, size=10) for kind in rng.integers(2, size=600)])
    words = tuple(f"w{n}" for n in range(21))
    text = Corpus(ids.astype(np.int32), words, np.bincount(ids, minlength=21))
    state = trained(Batches(text, architecture, settings(subsample=0.0, epochs=4), CPU))
    # By chance the nearest five would hold 9 of 19.
    assert purity(Vectors.of(state.vectors[0], words), words[1:11], "kind")["kind"] > 0.9


@GPU
@BOTH
def test_a_gpu_gives_the_same_bytes_twice_and_the_losses_of_a_cpu(
    batches: MakeBatches, trained: Train, digest: Digest, architecture: ArchitectureName
) -> None:
    torch.use_deterministic_algorithms(True)
    device = torch.device("cuda")
    first, again = (trained(batches(architecture, device)) for _ in range(2))
    assert digest(first) == digest(again)
    here = trained(batches(architecture))
    # Other draws of the same text: the losses agree as two seeds' do.
    other = trained(batches(architecture, seed=5))
    gap = abs(here.history[-1]["held"] - other.history[-1]["held"])
    assert first.history[-1]["held"] == pytest.approx(here.history[-1]["held"], abs=max(0.05, 3 * gap))
