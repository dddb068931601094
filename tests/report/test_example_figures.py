from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from bakeoff.data.examples import Examples, Split
from bakeoff.embedding.evaluate import Vectors
from bakeoff.networks.registry import SEGMENTERS
from bakeoff.networks.settings import UnetSettings
from bakeoff.report.figures.example_figures import (
    GROUPS,
    classes,
    draw_predictions,
    draw_words,
    grouped,
    neighbours,
    read_vectors,
    restored,
    sizes,
)

UNET = UnetSettings(channels=2, depth=1, activation="relu")
WINNER = {"model": "unet", "optimizer": "adam", "seed": 1}
WORDS = ["UNK", "the", "five", "six", "seven", "king", "queen", "war"]


def scans() -> Examples:
    rng = np.random.default_rng(0)
    splits = [
        Split(rng.integers(0, 256, (9, 1, 8, 8), dtype=np.uint8), rng.integers(0, 3, (9, 8, 8), dtype=np.uint8))
        for _ in range(3)
    ]
    return Examples(*splits, classes=("background", "grey", "white"))


def test_classes_count_the_labels_of_each_split() -> None:
    data = scans()
    found = classes(data)
    for split in ("train", "validation", "test"):
        y = getattr(data, split).y
        assert found[split] == [int((y == k).sum()) for k in range(len(data.classes))]


def test_sizes_are_those_of_the_splits() -> None:
    assert sizes(scans()) == {"train": 9, "validation": 9, "test": 9}


def test_the_network_is_that_of_the_winning_seed(tmp_path: Path) -> None:
    seeds = [
        SEGMENTERS["unet"].build(UNET, (1, 8, 8), 3, torch.Generator().manual_seed(seed)).state_dict()
        for seed in (0, 1)
    ]
    path = tmp_path / "unet.safetensors"
    save_file(
        {f"s{seed}.{name}": w.contiguous() for seed, state in enumerate(seeds) for name, w in state.items()}, path
    )
    network = restored(scans(), path, WINNER, UNET)
    assert not network.training
    assert all(torch.equal(w, seeds[1][name]) for name, w in network.state_dict().items())
    assert draw_predictions(scans(), path, WINNER, UNET) != draw_predictions(scans(), path, WINNER | {"seed": 0}, UNET)


def test_a_diverged_architecture_has_no_vectors(tmp_path: Path) -> None:
    paths = {name: tmp_path / f"{name}.safetensors" for name in ("cbow", "skipgram")}
    save_file({}, paths["cbow"])
    save_file({"input": torch.tensor([[1.0, 0.0], [3.0, 4.0]]), "output": torch.ones(2, 2)}, paths["skipgram"])
    found = read_vectors(paths, ["UNK", "the"])
    assert list(found) == ["skipgram"]
    np.testing.assert_allclose(found["skipgram"].unit[1], [0.6, 0.8])  # the vectors of inputs, and not of outputs


def test_an_english_text_is_shown_by_the_words_that_it_has() -> None:
    vectors = Vectors.of(np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32), WORDS)
    assert grouped(WORDS) == {"numbers": ["five", "six", "seven"], "people": ["king"], "war": ["war"]}
    assert list(neighbours(vectors)) == ["five", "king", "war"]
    assert draw_words(vectors, "pca") != draw_words(vectors, "tsne")


def test_a_text_in_another_language_is_shown_by_its_own_words() -> None:
    german = ["UNK", "der", "die", "und", "war", "das", "ein"]  # where war is a word too
    vectors = Vectors.of(np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32), german)
    assert grouped(german) == {"most frequent": german[1:]}
    assert list(neighbours(vectors)) == german[1:]
    assert draw_words(vectors, "pca") != draw_words(vectors, "tsne")


def test_no_word_is_in_two_groups() -> None:
    assert sum(map(len, GROUPS.values())) == len({word for words in GROUPS.values() for word in words})
