"""On a text in which words of one kind stand near each other, and words of the other kind among themselves."""

from collections.abc import Mapping
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file

from bakeoff.data.corpus.corpus import Corpus
from bakeoff.embedding.architectures import ARCHITECTURES
from bakeoff.embedding.corpus import load
from bakeoff.embedding.evaluate import NUMBERS
from bakeoff.embedding.settings import CbowSettings, EmbeddingTrainingSettings, SkipgramSettings
from bakeoff.embedding.train import Trained, Training
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.optimizers.settings import AdagradSettings
from bakeoff.progress import Progress
from bakeoff.settings import BadInput, Settings
from bakeoff.training.fit import Watch

WINDOWS: dict[str, Settings] = {
    "skipgram": SkipgramSettings(num_skips=2, skip_window=2),
    "cbow": CbowSettings(radius=2),
}
OTHERS = ("ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "jay")
WORDS = ("UNK", *NUMBERS, *OTHERS)


def corpus() -> Corpus:
    """Sentences of ten words of one kind, in random order."""
    rng = np.random.default_rng(0)
    kinds = rng.integers(2, size=400)
    ids = np.concatenate([1 + 10 * kind + rng.integers(10, size=10) for kind in kinds]).astype(np.int32)
    return Corpus(ids, WORDS, np.bincount(ids, minlength=len(WORDS)))


def training(architecture: str = "cbow", learning_rate: float = 0.3, seed: int = 0) -> Training:
    settings = EmbeddingTrainingSettings(
        dimension=8,
        negatives=5,
        shared=16,
        noise_exponent=0.75,
        subsample=0.0,
        validation=0.1,
        optimizer="adagrad",
        learning_rate=learning_rate,
        batch_size=64,
        epochs=3,
        seed=seed,
    )
    return Training(architecture, "tokens.npy", WINDOWS[architecture], settings, AdagradSettings(epsilon=1e-10), "cpu")


def train(made: Training) -> Trained:
    def watch(name: str, parameters: Mapping[str, Any]) -> Watch:
        assert name == made.name
        assert parameters == made.parameters()
        return lambda _: None

    # Judged alike: pairs of a kind; unlike: pairs across kinds.
    people = dict.fromkeys(pairwise(NUMBERS), 1.0)
    people |= dict.fromkeys(zip(NUMBERS, OTHERS, strict=True), 0.0)
    return made.train(corpus(), {"people": people}, watch, Progress(3, "words", StringIO()))


def test_every_architecture_is_tested() -> None:
    assert {name: type(settings) for name, settings in WINDOWS.items()} == {
        name: spec.settings for name, spec in ARCHITECTURES.items()
    }


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_words_of_a_kind_come_together(architecture: str) -> None:
    trained = train(training(architecture))
    run = trained.run
    assert run.name == f"{architecture}-adagrad-s0"
    assert [row["epoch"] for row in run.history] == [1, 2, 3]
    assert run.metrics["val/loss"] == run.history[-1]["val/loss"]
    assert run.metrics["test/people.pairs"] == 19
    # Two levels of judgement against nineteen of cosines: all alike above all unlike is a rank correlation of 0.86.
    assert run.metrics["test/people"] > 0.8
    # By chance the nearest five would hold 9 of 19 numbers: 0.47.
    assert run.metrics["test/numbers"] > 0.9
    assert list(trained.neighbours) == list(NUMBERS)


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    first, again, other = train(training()), train(training()), train(training(seed=1))
    first.save(tmp_path / "first")
    again.save(tmp_path / "again")
    other.save(tmp_path / "other")
    assert first.run == again.run
    assert (tmp_path / "first").read_bytes() == (tmp_path / "again").read_bytes() != (tmp_path / "other").read_bytes()
    assert {name: tuple(weight.shape) for name, weight in load_file(tmp_path / "first").items()} == {
        "input": (21, 8),
        "output": (21, 8),
    }


def test_a_diverged_run_has_neither_metrics_nor_weights(tmp_path: Path) -> None:
    trained = train(training(learning_rate=1e38))
    assert trained.run.diverged == 1
    assert trained.run.metrics == {}
    assert trained.neighbours == {}
    trained.save(tmp_path / "none")
    assert load_file(tmp_path / "none") == {}


def test_parameters_are_flat_and_whole() -> None:
    parameters = training("skipgram").parameters()
    assert parameters["model"] == "skipgram"
    assert parameters["optimizer"] == "adagrad"
    assert parameters["optimizer.learning_rate"] == 0.3
    assert parameters["optimizer.epsilon"] == 1e-10
    assert parameters["network.num_skips"] == 2
    assert parameters["training.shared"] == 16
    assert not any(isinstance(value, dict | list) for value in parameters.values())


def test_settings_and_registry_name_the_same_optimizers() -> None:
    literal = EmbeddingTrainingSettings.model_fields["optimizer"].annotation
    assert set(literal.__args__) == set(OPTIMIZERS)  # type: ignore[union-attr]


def test_a_corpus_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    saved, ids, vocabulary = corpus(), tmp_path / "tokens.npy", tmp_path / "vocabulary.csv"
    saved.save_ids(ids)
    saved.save_vocabulary(vocabulary)
    loaded = load(ids, vocabulary)
    assert np.array_equal(loaded.ids, saved.ids)
    assert loaded.words == saved.words
    assert np.array_equal(loaded.counts, saved.counts)
    Corpus(saved.ids[1:], saved.words, saved.counts).save_ids(ids)
    with pytest.raises(BadInput, match=r"vocabulary.csv: its counts are not those of the words"):
        load(ids, vocabulary)
