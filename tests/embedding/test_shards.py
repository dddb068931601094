"""Threads, stops and processors change no byte; shards, seeds and settings do.

Run as a script, this file prints what a processor makes of a small training.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from bakeoff.base.settings import BadInput
from bakeoff.data.corpus.corpus import Corpus
from bakeoff.embedding import reference
from bakeoff.embedding.kernels import Ids, Language
from bakeoff.embedding.prefetch import LINE
from bakeoff.embedding.settings import ArchitectureName, Word2vecSettings
from bakeoff.embedding.shards import Shards
from bakeoff.embedding.word2vec_state import LEAST_RATE, State, keyed, stays

MakeCorpus = Callable[..., Corpus]
MakeSettings = Callable[..., Word2vecSettings]
Train = Callable[..., State]
Digest = Callable[[State], str]
MakeShards = Callable[..., Shards]
BOTH = pytest.mark.parametrize("architecture", ["skipgram", "cbow"])


@pytest.fixture
def shards(corpus: MakeCorpus, settings: MakeSettings) -> MakeShards:
    def make(architecture: ArchitectureName = "skipgram", threads: int = 2, **changes: Any) -> Shards:
        return Shards(corpus(), architecture, settings(**changes), threads)

    return make


@BOTH
def test_threads_change_no_byte(
    shards: MakeShards, trained: Train, digest: Digest, architecture: ArchitectureName
) -> None:
    one, two, four = (digest(trained(shards(architecture, threads))) for threads in (1, 2, 4))
    assert one == two == four


def test_shards_seeds_and_rounds_change_bytes(shards: MakeShards, trained: Train, digest: Digest) -> None:
    changes: list[dict[str, Any]] = [{}, {"shards": 2}, {"seed": 5}, {"round": 299}, {"damping": 0.4}]
    assert len({digest(trained(shards(**change))) for change in changes}) == len(changes)


@BOTH
def test_a_training_goes_on_from_any_round_to_the_same_bytes(
    shards: MakeShards, trained: Train, digest: Digest, architecture: ArchitectureName
) -> None:
    whole = digest(trained(shards(architecture)))
    made = shards(architecture)
    rounds = -(-made.longest // made.settings.round)
    for stop in range(1, 2 * rounds):
        made = shards(architecture)
        state = made.start()
        with made.at(state):
            for done in range(stop):
                made.round(state)
                if (done + 1) % rounds == 0:
                    row = {"loss": state.loss / state.examples, "held": made.validate(state)}
                    state = State(state.vectors, state.epoch + 1, history=[row])
        again = shards(architecture)
        packed = b"".join(map(bytes, state.pack()))
        assert digest(trained(again, State.unpack(packed, again.shape))) == whole


def test_an_epoch_takes_every_word_once_and_no_two_rounds_draw_alike(shards: MakeShards) -> None:
    made, met, keys = shards(), [], []

    def run(ids: Ids, _shard: int, _language: Language, _rates: object, key: tuple[int, ...]) -> tuple[float, int]:
        met.extend(ids.tolist())
        keys.append(key)
        return 0.0, 0

    state = made.start()
    with made.at(state):
        made.run = run  # type: ignore[method-assign, assignment]
        for _ in range(2):
            state = State(state.vectors, state.epoch)
            words = [made.round(state) for _ in range(0, made.longest, made.settings.round)]
            assert made.done(state) == sum(words) + state.epoch * 3600
            assert sorted(met) == sorted(made.text.tolist())
            made.validate(state)
            met.clear()
            state.epoch = 1
    # Both epochs looked at the same held-out words, which are two rounds, by the same draws.
    assert len(keys) == len(set(keys)) + 2
    assert all(key[0] == made.settings.seed for key in keys)


def test_the_text_stays_in_its_file(
    corpus: MakeCorpus, settings: MakeSettings, shards: MakeShards, trained: Train, digest: Digest, tmp_path: Path
) -> None:
    whole, path = corpus(), tmp_path / "ids.npy"
    np.save(path, whole.ids)
    mapped = Corpus(np.load(path, mmap_mode="r"), whole.words, whole.counts)
    made = Shards(mapped, "skipgram", settings())
    assert np.shares_memory(made.text, mapped.ids)
    assert np.shares_memory(made.held, mapped.ids)
    assert np.array_equal(np.concatenate([made.text, made.held]), whole.ids)
    assert digest(trained(made)) == digest(trained(shards()))


def test_a_look_at_the_held_out_text_changes_nothing_and_sees_the_same(shards: MakeShards, digest: Digest) -> None:
    made = shards()
    state = made.start()
    with made.at(state):
        made.round(state)
        before = digest(state)
        assert made.validate(state) == made.validate(state) > 0
        assert digest(state) == before
        assert np.array_equal(made.own[0], state.vectors)
        assert not made.met.any()


def test_no_row_lies_across_one_line_more_than_it_fills(shards: MakeShards) -> None:
    for dimension in (12, 16, 17):
        made = shards(dimension=dimension)
        state = made.start()
        with made.at(state):
            assert made.own.shape == (3, *state.vectors.shape)
            assert made.own.strides[2] % LINE == made.own.ctypes.data % LINE == 0
            assert all(np.array_equal(own, state.vectors) for own in made.own)


def test_the_loss_starts_at_its_value_for_outputs_of_nought(shards: MakeShards) -> None:
    made = shards()
    state = made.start()
    with made.at(state):
        # log 2 for the true word and each of three others, in float32.
        assert made.validate(state) == pytest.approx(4 * np.log(2), rel=1e-6)


@BOTH
def test_an_epochs_loss_and_vectors_are_those_of_the_reference(
    shards: MakeShards, architecture: ArchitectureName
) -> None:
    made = shards(architecture, shards=2, damping=0.0)
    state = made.start()
    v, u = state.vectors.astype(np.float64)
    loss, examples = 0.0, 0
    for offset in range(0, made.longest, 300):
        own = [(v.copy(), u.copy()) for _ in range(2)]
        for shard, tables in enumerate(own):
            start, stop = (min(made.bounds[shard] + end, made.bounds[shard + 1]) for end in (offset, offset + 300))
            lost, count = reference.round_(
                architecture,
                made.text[start:stop],
                made.language,
                *tables,
                window=3,
                negatives=3,
                rates=(made.rate(0, offset), made.rate(0, offset + 300)),
                counter=int(keyed(4, 1 + shard, 0, offset)),
            )
            loss, examples = loss + lost, examples + count
        v, u = (base + sum(tables[side] - base for tables in own) for side, base in enumerate((v, u)))
    with made.at(state):
        while state.offset < made.longest:
            made.round(state)
    assert state.examples == examples
    # The kernel reads the logistic function and its integral off tables: off by 1e-3 at most, by far less on the mean.
    assert state.loss == pytest.approx(loss, rel=1e-4)
    assert state.vectors == pytest.approx(np.stack([v, u]), abs=2e-3)


def test_the_rate_falls_linearly_over_all_epochs(shards: MakeShards) -> None:
    made = shards()
    assert made.rate(0, 0) == 0.05
    assert made.rate(1, 0) == pytest.approx(0.025)
    assert made.rate(1, made.longest // 2) == pytest.approx(0.0125)
    assert made.rate(1, made.longest + 100) == pytest.approx(0.05 * LEAST_RATE)


def test_frequent_words_are_thinned_as_in_the_program() -> None:
    counts = np.array([0, 800, 190, 9, 1])
    f = counts[1:] / 1000
    expected = np.minimum(np.sqrt(0.01 / f) + 0.01 / f, 1)
    assert stays(counts, 0.01) == pytest.approx([0, *expected], rel=1e-6)  # float32
    assert stays(counts, 0.0).tolist() == [0, 1, 1, 1, 1]


def test_unknown_words_are_neither_trained_nor_drawn(shards: MakeShards, trained: Train) -> None:
    made = shards()
    start = made.start().vectors.copy()
    vectors = trained(made).vectors
    assert np.array_equal(vectors[:, 0], start[:, 0])
    assert (vectors[:, 1] != start[:, 1]).any()
    assert not vectors[:, :, 12:].any()  # what fills the rows up


def test_vectors_that_are_not_finite_end_it(shards: MakeShards, trained: Train) -> None:
    made = shards(learning_rate={"skipgram": 1e30, "cbow": 1.0})
    with pytest.raises(FloatingPointError):
        trained(made)


def test_texts_that_do_not_do_are_refused(corpus: MakeCorpus, settings: MakeSettings) -> None:
    with pytest.raises(BadInput, match=r"validation is 0.1, which parts the 40 words .* than a window, 7; take"):
        Shards(corpus(40), "cbow", settings())
    with pytest.raises(BadInput, match=r"negatives is 3, and should be less than the 3 words of the vocabulary; lower"):
        Shards(corpus(words=4), "cbow", settings())


def test_many_shards_without_damping_are_refused(settings: MakeSettings) -> None:
    with pytest.raises(ValueError, match=r"damping is 0, and should be above 0 for 3 shards"):
        settings(damping=0.0)


@pytest.mark.emulated
@pytest.mark.parametrize("processor", ["Haswell"])  # NumPy and Numba ask for features, and EPYC-Rome has the same
def test_vectors_are_the_same_on_another_processor(processor: str, printed: Callable[..., list[str]]) -> None:
    assert printed(processor) == printed()


if __name__ == "__main__":
    from conftest import changed, gone_through, hashed, text

    for architecture in get_args(ArchitectureName):
        print(hashed(gone_through(Shards(text(), architecture, changed()))))
