from pathlib import Path

import numpy as np
import pytest
import small_networks
import torch
from safetensors.torch import save_file

from bakeoff.data.card import CorpusCard
from bakeoff.data.examples import Examples, Split
from bakeoff.embedding.evaluate import Vectors
from bakeoff.networks.registry import SEGMENTERS
from bakeoff.networks.unet import UnetSettings
from bakeoff.report.figures.example_figures import (
    GROUPS,
    draw_predictions,
    draw_words,
    grouped,
    neighbours,
    read_vectors,
    restored,
)
from bakeoff.results.model import Winner

UNET = UnetSettings(**small_networks.UNET)
WINNER = Winner(model="unet", optimizer="adam", seed=1)
WORDS = ["UNK", "the", "of", "and", "five", "six", "seven", "king", "queen", "war"]


def scans() -> Examples:
    rng = np.random.default_rng(0)
    splits = [
        Split(rng.integers(0, 256, (9, 1, 8, 8), dtype=np.uint8), rng.integers(0, 3, (9, 8, 8), dtype=np.uint8))
        for _ in range(3)
    ]
    return Examples(*splits, classes=("background", "grey", "white"))


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
    assert draw_predictions(scans(), path, WINNER, UNET) != draw_predictions(
        scans(), path, WINNER.model_copy(update={"seed": 0}), UNET
    )


def test_a_diverged_architecture_has_no_vectors(tmp_path: Path) -> None:
    paths = {name: tmp_path / f"{name}.safetensors" for name in ("cbow", "skipgram")}
    save_file({}, paths["cbow"])
    save_file({"input": torch.tensor([[1.0, 0.0], [3.0, 4.0]]), "output": torch.ones(2, 2)}, paths["skipgram"])
    found = read_vectors(paths, ["UNK", "the"])
    assert list(found) == ["skipgram"]
    np.testing.assert_allclose(found["skipgram"].unit[1], [0.6, 0.8])  # the vectors of inputs, and not of outputs


def test_an_english_text_is_shown_by_the_words_that_it_has() -> None:
    vectors = Vectors.of(np.random.default_rng(0).normal(size=(10, 4)).astype(np.float32), WORDS)
    assert grouped(WORDS, "english") == {"numbers": ["five", "six", "seven"], "people": ["king"], "war": ["war"]}
    assert list(neighbours(vectors, "english")) == ["five", "king", "war"]
    assert draw_words(vectors, "english", "pca") != draw_words(vectors, "english", "tsne")


def test_the_language_is_that_of_the_card() -> None:
    """Whatever the vocabulary looks like: it is decided once, where the text is ingested."""
    vectors = Vectors.of(np.random.default_rng(0).normal(size=(10, 4)).astype(np.float32), WORDS)
    assert grouped(WORDS, None) == {"most frequent": WORDS[1:]}
    assert list(neighbours(vectors, None)) == WORDS[1:7]
    assert list(grouped(["UNK", "five", "six", "seven"], "english")) == ["numbers"]


def test_a_text_in_another_language_is_shown_by_its_own_words() -> None:
    german = ["UNK", "der", "die", "und", "war", "das", "ein"]  # where war is a word too
    vectors = Vectors.of(np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32), german)
    assert grouped(german, None) == {"most frequent": german[1:]}
    assert list(neighbours(vectors, None)) == german[1:]
    assert draw_words(vectors, None, "pca") != draw_words(vectors, None, "tsne")


# The most frequent words of texts that know all words of the groups, as a large vocabulary does.
FREQUENT = {
    "german": ["der", "die", "und", "in", "von", "im", "des", "den", "mit", "das"],
    "dutch": ["de", "van", "het", "een", "in", "en", "is", "of", "and", "met"],
    "french": ["de", "la", "le", "et", "en", "du", "des", "les", "est", "un"],
    "russian": ["в", "и", "на", "по", "из", "года", "как", "к", "году"],
    "numbers": [str(number) for number in range(30)],
}


@pytest.mark.parametrize("words", FREQUENT.values(), ids=FREQUENT.keys())
def test_a_large_text_that_is_not_english_is_not_asked_for_english_words(words: list[str]) -> None:
    vocabulary = ["UNK", *words, *(f"w{n}" for n in range(20)), "the", *(word for of in GROUPS.values() for word in of)]
    vectors = Vectors.of(np.random.default_rng(0).normal(size=(len(vocabulary), 4)).astype(np.float32), vocabulary)
    card = CorpusCard.of(tuple(vocabulary), (1,) * len(vocabulary), "data/raw/corpus/mine.txt")
    assert list(grouped(vocabulary, card.language)) == ["most frequent"]
    assert list(neighbours(vectors, card.language)) == vocabulary[1:7]


def test_no_word_is_in_two_groups() -> None:
    assert sum(map(len, GROUPS.values())) == len({word for words in GROUPS.values() for word in words})
