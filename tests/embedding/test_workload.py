import math
from collections import Counter
from typing import Any, get_args

import numpy as np
import pytest
import torch

from bakeoff.base.settings import BadInput
from bakeoff.data.corpus.corpus import Corpus
from bakeoff.embedding.architectures import ARCHITECTURES, Architecture
from bakeoff.embedding.network import Embedding
from bakeoff.embedding.objectives import OBJECTIVES, Scores
from bakeoff.embedding.settings import CbowSettings, NotesTrainingSettings, ObjectiveName, SkipgramSettings
from bakeoff.embedding.workload import Batch, Neighbours
from bakeoff.training.settings import LoopSettings, plain

CPU = torch.device("cpu")
LOOP = {name: value for name, value in plain(1, 8) if name in LoopSettings.model_fields}
SETTINGS = NotesTrainingSettings(
    dimension=3,
    objective="negative_sampling",
    negatives=5,
    shared=4,
    noise_exponent=0.75,
    subsample=0.0,
    validation=0.2,
    optimizer="adagrad",
    learning_rate=0.1,
    batch_size=8,
    **LOOP,
    seed=0,
)
CBOW = ARCHITECTURES["cbow"].build(CbowSettings(radius=2))
SKIPGRAM = ARCHITECTURES["skipgram"].build(SkipgramSettings(num_skips=2, skip_window=2))
EITHER = pytest.mark.parametrize("architecture", [CBOW, SKIPGRAM], ids=["cbow", "skipgram"])


def corpus(size: int = 100, words: int = 20) -> Corpus:
    ids = np.random.default_rng(0).zipf(1.5, size).clip(max=words).astype(np.int32) - 1
    return Corpus(ids, tuple(f"w{i}" for i in range(words)), np.bincount(ids, minlength=words))


def workload(architecture: Architecture = CBOW, text: Corpus | None = None, **changes: Any) -> Neighbours:
    return Neighbours(text or corpus(), architecture, SETTINGS.model_copy(update=changes), CPU)


def network(words: int = 20, seed: int = 0) -> Embedding:
    """With vectors of a size at which the logistic function is well bent."""
    made = Embedding(words, 3, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        made.input.copy_(torch.randn(words, 3, generator=torch.Generator().manual_seed(seed + 1)))
        made.output.copy_(torch.randn(words, 3, generator=torch.Generator().manual_seed(seed + 2)))
    return made


def log_sigmoid(x: float) -> float:
    return -math.log(1 + math.exp(-x))


# Of the score of the true word, its log q, and scores and log q of noise words; k = 5 as in SETTINGS.
FORMULAS = {
    "negative_sampling": lambda near, _, far: (
        -log_sigmoid(near) - 5 * sum(log_sigmoid(-score) for score, _, _ in far) / len(far)
    ),
    "nce": lambda near, q, far: (
        -log_sigmoid(near - math.log(5) - q)
        - 5 * sum(log_sigmoid(math.log(5) + noise - score) for score, noise, _ in far) / len(far)
    ),
    "sampled_softmax": lambda near, q, far: (
        -math.log(
            math.exp(near - q)
            / (math.exp(near - q) + sum(math.exp(score - noise) for score, noise, is_target in far if not is_target))
        )
    ),
}


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_loss_follows_the_paper(objective: str) -> None:
    model, batch = network(), Batch(torch.tensor([[1, 2], [3, 3]]), torch.tensor([4, 5]), torch.tensor([6, 7, 7, 4]))
    v, u = model.input.detach().double().numpy(), model.output.detach().double().numpy()
    counts = np.arange(1, 21)
    log_q = np.log(counts**0.75 / (counts**0.75).sum())
    expected = 0.0
    for inputs, target in (((1, 2), 4), ((3, 3), 5)):
        h = (v[inputs[0]] + v[inputs[1]]) / 2
        far = [(u[word] @ h, log_q[word], word == target) for word in (6, 7, 7, 4)]
        expected += FORMULAS[objective](u[target] @ h, log_q[target], far) / 2
    made = workload(text=Corpus(corpus().ids, corpus().words, counts), objective=objective)
    assert made.loss(model, batch).item() == pytest.approx(expected, rel=1e-5)  # float32


def test_every_objective_has_a_formula() -> None:
    assert FORMULAS.keys() == OBJECTIVES.keys() == set(get_args(ObjectiveName))


@pytest.mark.parametrize("objective", ["nce", "sampled_softmax"])
def test_scores_come_out_as_log_probabilities(objective: str) -> None:
    """NCE's scores are log p themselves, a softmax's up to a constant; negative sampling's are log p - log k q."""
    p, q = np.array([0.5, 0.3, 0.15, 0.05]), np.array([0.1, 0.2, 0.3, 0.4])
    rng = np.random.default_rng(0)
    targets, noise = (torch.from_numpy(rng.choice(4, size, p=share)) for size, share in ((1500, p), (1500, q)))
    score, log_q = torch.zeros(4, requires_grad=True), torch.from_numpy(np.log(q)).float()
    optimizer = torch.optim.LBFGS([score], max_iter=50)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        hit = targets[:, None] == noise if objective == "nce" else torch.zeros(1500, 1500, dtype=torch.bool)
        scores = Scores(score[targets], log_q[targets], score[noise].expand(1500, -1), log_q[noise], hit, 5)
        loss = OBJECTIVES[objective].loss(scores)  # type: ignore[index]
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)
    found = score.detach().numpy() - (0 if objective == "nce" else score.detach().logsumexp(0).item())
    # 1,500 draws: a standard deviation of 0.12 of the log of the rarest.
    assert found == pytest.approx(np.log(p), abs=0.4)


def test_order_of_the_inputs_does_not_matter() -> None:
    inputs, reverse = torch.tensor([[1, 2, 3, 4]]), torch.tensor([[4, 3, 2, 1]])
    assert torch.allclose(network()(inputs), network()(reverse), rtol=1e-6)


def test_vectors_start_small_as_inputs_and_at_zero_as_outputs() -> None:
    made = Embedding(200, 10, torch.Generator().manual_seed(0))
    assert made.input.abs().max().item() <= 0.05
    assert made.input.std().item() == pytest.approx(0.1 / math.sqrt(12), rel=0.05)  # of 2,000 uniform draws
    assert not made.output.any()
    assert torch.equal(Embedding(200, 10, torch.Generator().manual_seed(0)).input, made.input)


@EITHER
def test_an_epoch_meets_every_place_once(architecture: Architecture) -> None:
    made = workload(architecture)
    batches = list(made.batches(torch.Generator().manual_seed(0)))
    examples = [len(batch.targets) for batch in batches]
    assert examples[:-1] == [8] * (len(batches) - 1)
    assert sum(examples) == (80 - 4) * architecture.examples
    # The words in the middle of the windows, whatever their order.
    middles = [batch.targets if architecture is CBOW else batch.inputs[::2, 0] for batch in batches]
    assert Counter(torch.cat(middles).tolist()) == Counter(made.text[2:-2].tolist())
    assert torch.cat(middles).tolist() != made.text[2:-2].tolist()


@EITHER
def test_the_generator_decides_on_everything(architecture: Architecture) -> None:
    def epoch(seed: int) -> list[list[int]]:
        batches = workload(architecture).batches(torch.Generator().manual_seed(seed))
        return [torch.cat([batch.inputs.reshape(-1), batch.targets, batch.noise]).tolist() for batch in batches]

    assert epoch(1) == epoch(1)
    assert epoch(1) != epoch(2)


def test_an_epoch_goes_on_where_it_was_left() -> None:
    whole, rest = (list(workload().batches(torch.Generator().manual_seed(0), start)) for start in (0, 3))
    assert len(rest) == len(whole) - 3
    for batch, again in zip(whole[3:], rest, strict=True):
        assert all(torch.equal(getattr(batch, name), getattr(again, name)) for name in ("inputs", "targets", "noise"))


def test_steps_of_an_epoch_are_known_before_the_text_is_thinned() -> None:
    assert workload().steps == len(list(workload().batches(torch.Generator())))
    thinned = workload(text=corpus(20_000), subsample=1e-2)
    # A count of draws with p (1 - p) <= 1/4 each: five standard deviations of 16,000 are at most 316 places, 40 steps.
    assert thinned.steps == pytest.approx(len(list(thinned.batches(torch.Generator()))), abs=40)
    assert thinned.steps < workload(text=corpus(20_000)).steps


def test_the_loss_of_a_batch_is_the_mean_over_its_shards() -> None:
    made, model = workload(), network()
    batch = next(made.batches(torch.Generator()))
    shards = made.shards(batch, 3)
    assert [size for _, size in shards] == [2, 3, 3]
    total = sum(made.loss(model, part).item() * size for part, size in shards)
    assert total / 8 == pytest.approx(made.loss(model, batch).item(), rel=1e-5)  # float32


@pytest.mark.parametrize("share", [0.01, 0.3, 1.0, None])
@EITHER
def test_the_subset_is_some_places_of_the_held_out_text(architecture: Architecture, share: float | None) -> None:
    made, model = workload(architecture, evaluation_share=share), network()
    again = workload(architecture, evaluation_share=share)
    places = 20 - 4  # the held-out words in whose window all words are held out
    assert len(made.subset) == (places if share is None else min(places, max(1, round(share * (80 - 4)))))
    measured = made.evaluate(model, "validation_subset")
    assert measured == again.evaluate(model, "validation_subset") == made.evaluate(model, "validation_subset")
    assert (measured == made.evaluate(model, "validation")) == (len(made.subset) == places)


def test_two_epochs_differ() -> None:
    made, generator = workload(), torch.Generator().manual_seed(0)
    first, second = (torch.cat([b.targets for b in made.batches(generator)]).tolist() for _ in range(2))
    assert first != second


def test_frequent_words_are_thinned_out() -> None:
    counts = np.array([8_000, 1_500, 500])
    ids = np.random.default_rng(0).permutation(np.repeat(np.arange(3, dtype=np.int32), counts))
    made = workload(text=Corpus(ids, ("a", "b", "c"), counts), subsample=0.1)
    kept = Counter(torch.cat([batch.targets for batch in made.batches(torch.Generator().manual_seed(0))]).tolist())
    train = Counter(made.text.tolist())
    shares = [kept[word] / train[word] for word in range(3)]
    # sqrt(0.1 / f) with f = 0.8, 0.15 and 0.05; of 6,400 and 1,200 draws, within four standard deviations.
    assert shares == pytest.approx([0.354, 0.816, 1.0], abs=0.045)
    # Only the words at the ends are lost of those that are always kept.
    assert shares[2] > 0.99


def test_noise_is_drawn_by_a_power_of_the_counts() -> None:
    counts = np.array([1, 16, 0, 81])
    made = workload(text=Corpus(corpus().ids.clip(max=3), ("a", "b", "c", "d"), counts))
    noise = made.batch(made.text, np.array([5]), 36_000, np.random.default_rng(0)).noise
    # 1, 8 and 27 of 36 by count ^ 0.75; five standard deviations of 36,000 draws are at most 475.
    assert np.bincount(noise.numpy(), minlength=4) == pytest.approx([1_000, 8_000, 0, 27_000], abs=475)


def test_held_out_text_is_the_last_and_is_never_trained_on() -> None:
    text = corpus()
    made = workload(text=text)
    assert np.array_equal(np.concatenate([made.text, made.held]), text.ids)
    assert len(made.held) == 20


def test_evaluation_measures_the_same_every_time_and_in_any_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    made, model = workload(SKIPGRAM), network()
    loss = made.evaluate(model, "validation")["loss"]
    assert made.evaluate(model, "validation")["loss"] == loss
    monkeypatch.setattr("bakeoff.embedding.workload.CHUNK", 5)
    assert made.evaluate(model, "validation")["loss"] == pytest.approx(loss, rel=1e-5)  # float32 sums in another order
    with torch.no_grad():
        model.output.zero_()
    # Scores of 0 leave 6 log 2: one target and five noise words.
    assert made.evaluate(model, "validation")["loss"] == pytest.approx(6 * math.log(2), rel=1e-6)
    with pytest.raises(ValueError, match="no test text"):
        made.evaluate(model, "test")


def test_a_text_shorter_than_a_window_is_refused() -> None:
    with pytest.raises(BadInput, match=r"validation is 0.2, .* the 20 words .* one part has 4; a window takes 5"):
        workload(text=corpus(20))


def test_skips_that_a_window_cannot_give_are_refused() -> None:
    with pytest.raises(ValueError, match=r"num_skips should be at most 2 \* skip_window = 4"):
        SkipgramSettings(num_skips=5, skip_window=2)
