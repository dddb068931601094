"""On a text in which words of one kind stand near each other, and words of the other kind among themselves."""

import math
from collections.abc import Mapping
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from safetensors.torch import load_file

from bakeoff.base.checkpoint import Checkpoint
from bakeoff.base.progress import Progress
from bakeoff.base.settings import Settings
from bakeoff.data.corpus.corpus import Corpus
from bakeoff.embedding.architectures import ARCHITECTURES
from bakeoff.embedding.evaluate import NUMBERS, Judged, Likeness
from bakeoff.embedding.objectives import OBJECTIVES
from bakeoff.embedding.sampled_batches import Notes
from bakeoff.embedding.sampler import Sampler
from bakeoff.embedding.settings import (
    ArchitectureName,
    BatchesSettings,
    CbowSettings,
    NotesTrainingSettings,
    ObjectiveName,
    Rates,
    SamplerName,
    SkipgramSettings,
    Word2vecSettings,
)
from bakeoff.embedding.train import SAMPLERS, Trained, Training
from bakeoff.embedding.word2vec import Word2vec
from bakeoff.optimizers.adagrad import AdagradSettings
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.training.fit import Watch
from bakeoff.training.settings import LoopSettings, plain

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


def sampler(
    name: SamplerName,
    architecture: ArchitectureName,
    learning_rate: float,
    seed: int = 0,
    objective: ObjectiveName = "negative_sampling",
) -> Sampler:
    common = {"dimension": 8, "negatives": 5, "noise_exponent": 0.75, "subsample": 0.0, "validation": 0.1}
    common |= {"epochs": 3, "seed": seed}
    if name == "notes":
        loop = {name: value for name, value in plain(3, 64) if name in LoopSettings.model_fields}
        loop |= {"evaluations": 3, "evaluation_share": 0.05}
        settings = NotesTrainingSettings(
            **(common | loop),
            objective=objective,
            shared=16,
            optimizer="adagrad",
            learning_rate=learning_rate,
            batch_size=64,
        )
        return Notes(
            architecture,
            WINDOWS[architecture],
            settings,
            AdagradSettings(learning_rate=learning_rate, epsilon=1e-10),
            "cpu",
        )
    rates = Rates(skipgram=learning_rate, cbow=learning_rate)
    gpu = BatchesSettings(batch=50, damping=0.0)
    shared = {"window": 3, "learning_rate": rates, "shards": 2, "round": 500, "damping": 0.0, "gpu": gpu}
    return Word2vec(architecture, Word2vecSettings(**common, **shared), "cpu")


def training(
    name: SamplerName,
    architecture: ArchitectureName = "cbow",
    learning_rate: float | None = None,
    seed: int = 0,
) -> Training:
    learning_rate = learning_rate or {"notes": 0.3, "word2vec": 0.025}[name]
    return Training(architecture, "tokens.npy", name, sampler(name, architecture, learning_rate, seed))


def train(made: Training, folder: Path) -> Trained:
    def watch(name: str, parameters: Mapping[str, Any]) -> Watch:
        assert name == made.name
        assert parameters == made.parameters()
        return lambda _: None

    # Judged alike: pairs of a kind; unlike: pairs across kinds.
    people = [Judged(*pair, 1.0) for pair in pairwise(NUMBERS)]
    people += [Judged(*pair, 0.0) for pair in zip(NUMBERS, OTHERS, strict=True)]
    progress = Progress(made.sampler.steps(corpus()), "words", StringIO())
    with Checkpoint("t", "r", folder) as checkpoint:
        trained = made.train(corpus(), {"people": Likeness(people)}, watch, progress, checkpoint)
    assert trained.run.diverged or progress.done == progress.total
    return trained


EACH = pytest.mark.parametrize("name", SAMPLERS)


def test_every_architecture_is_tested() -> None:
    assert {name: type(settings) for name, settings in WINDOWS.items()} == {
        name: spec.settings for name, spec in ARCHITECTURES.items()
    }


@EACH
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_words_of_a_kind_come_together(name: SamplerName, architecture: ArchitectureName, tmp_path: Path) -> None:
    trained = train(training(name, architecture), tmp_path)
    run = trained.run
    assert run.name == f"{architecture}-{'adagrad' if name == 'notes' else 'word2vec'}-s0"
    assert [row["epoch"] for row in run.history] == [1, 2, 3]
    loss = {"notes": "val_subset/loss", "word2vec": "val/loss"}[name]
    assert run.history[2][loss] < run.history[0][loss] < 6 * math.log(2)
    assert run.history[2]["train/loss"] < run.history[0]["train/loss"] < 6 * math.log(2)
    assert run.metrics["val/loss"] == run.history[-1]["val/loss"]
    assert run.metrics["test/people.pairs"] == 19
    # Two levels of judgement against nineteen of cosines: all alike above all unlike is a rank correlation of 0.86.
    assert run.metrics["test/people"] > 0.8
    # By chance the nearest five would hold 9 of 19 numbers: 0.47.
    assert run.metrics["test/numbers"] > 0.9
    assert list(trained.neighbours) == list(NUMBERS)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_words_of_a_kind_come_together_under_every_objective(objective: ObjectiveName, tmp_path: Path) -> None:
    made = Training("skipgram", "tokens.npy", "notes", sampler("notes", "skipgram", 0.3, objective=objective))
    run = train(made, tmp_path).run
    assert run.parameters["training.objective"] == objective
    assert run.metrics["test/numbers"] > 0.9
    assert run.history[2]["val_subset/loss"] < run.history[0]["val_subset/loss"]
    assert run.metrics["val/loss"] == run.history[2]["val/loss"] != run.history[2]["val_subset/loss"]
    assert not {"epoch", "step"} & run.metrics.keys()


@EACH
def test_same_seed_same_bytes(name: SamplerName, tmp_path: Path) -> None:
    # In folders of their own: a training that takes a while leaves a checkpoint, from which the next would go on.
    made = [train(training(name, seed=seed), tmp_path / f"of {run}") for run, seed in enumerate((0, 0, 1))]
    for number, trained in enumerate(made):
        trained.save(tmp_path / str(number))
    first, again, other = ((tmp_path / str(number)).read_bytes() for number in range(3))
    assert made[0].run == made[1].run
    assert first == again != other
    assert {name: tuple(weight.shape) for name, weight in load_file(tmp_path / "0").items()} == {
        "input": (21, 8),
        "output": (21, 8),
    }


@EACH
def test_a_diverged_run_has_neither_metrics_nor_vectors(name: SamplerName, tmp_path: Path) -> None:
    trained = train(training(name, learning_rate=1e30), tmp_path)
    assert trained.run.diverged == {"notes": 3, "word2vec": 1}[name]  # a step, an epoch
    assert trained.run.metrics == {}
    assert trained.neighbours == {}
    trained.save(tmp_path / "none")
    assert load_file(tmp_path / "none") == {}


def test_parameters_are_flat_and_whole() -> None:
    expected = {
        "notes": {"optimizer": "adagrad", "optimizer.epsilon": 1e-10, "network.num_skips": 2, "training.shared": 16},
        "word2vec": {
            "optimizer": "sgd",
            "optimizer.learning_rate": 0.025,
            "training.window": 3,
            "training.shards": 2,
            "training.round": 500,
        },
    }
    for name in SAMPLERS:
        parameters = training(name, "skipgram").parameters()
        common = {"model": "skipgram", "sampler": name, "seed": 0}
        assert parameters.items() >= (common | expected[name]).items()
        assert not any(isinstance(value, dict | list) for value in parameters.values())


def test_settings_and_registries_name_the_same() -> None:
    literal = NotesTrainingSettings.model_fields["optimizer"].annotation
    assert set(literal.__args__) == set(OPTIMIZERS)  # type: ignore[union-attr]
    assert set(get_args(SamplerName)) == set(SAMPLERS)
    assert set(get_args(ArchitectureName)) == set(ARCHITECTURES)
