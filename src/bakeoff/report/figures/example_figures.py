"""Example figures: predictions, training pictures, and maps of words."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from bakeoff.data.card import Language
from bakeoff.data.examples import Examples
from bakeoff.data.samples import Samples
from bakeoff.embedding.evaluate import Vectors
from bakeoff.embedding.maps import MAPS, MapName
from bakeoff.networks.registry import SEGMENTERS
from bakeoff.report.figures.contest import samples, segmentations
from bakeoff.report.figures.word_maps import draw
from bakeoff.results.model import Winner
from bakeoff.training.supervised import resident

CPU = torch.device("cpu")
SHOWN = 6  # images of a row of predictions

# Words of an English text, in groups whose members should lie together.
GROUPS = {
    "numbers": ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"],
    "months": ["january", "march", "april", "june", "july", "august", "september", "october", "november", "december"],
    "people": ["father", "mother", "son", "daughter", "wife", "brother", "king", "emperor", "president"],
    "languages": ["english", "french", "german", "latin", "greek", "language", "languages", "word", "words"],
    "war": ["war", "army", "battle", "force", "troops", "military", "forces", "soldiers"],
    "nature": ["water", "sea", "river", "ocean", "ice", "island", "lake", "coast"],
}
ASKED = ["five", "march", "king", "language", "war", "water"]
FEWEST = 3  # of the words above; a text that has fewer, or is not English, is shown by its most frequent words


def draw_predictions(examples: Examples, weights: Path, winner: Winner, settings: Any) -> bytes:
    """Draw test scans evenly apart, their masks, and the likeliest class of each pixel by the winner's network."""
    rows = sorted({round(row) for row in np.linspace(0, len(examples.test.x) - 1, SHOWN)})
    x, y = (part[rows] for part in resident([examples.test], CPU))
    network = restored(examples, weights, winner, settings)
    with torch.inference_mode():
        predicted = network(x).argmax(1)
    return segmentations(x.numpy(), y.numpy(), predicted.numpy(), examples.classes)


def draw_samples(found: Samples, classes: Sequence[str]) -> bytes:
    """Draw the first training pictures of the first classes."""
    return samples([pictures / 255 for pictures in found.pictures], classes[: len(found.counts)])


def restored(examples: Examples, weights: Path, winner: Winner, settings: Any) -> nn.Module:
    """Return the winner's network, ready to predict.

    Args:
        weights: of all seeds of the winner's model and optimizer.
        settings: of the network.
    """
    shape, classes = examples.test.x.shape[1:], len(examples.classes)
    network = SEGMENTERS[winner.model].build(settings, shape, classes, torch.Generator())
    prefix = f"s{winner.seed}."
    state = {name.removeprefix(prefix): w for name, w in load_file(weights).items() if name.startswith(prefix)}
    network.load_state_dict(state)
    return network.eval()


def read_vectors(paths: Mapping[str, Path], vocabulary: Sequence[str]) -> dict[str, Vectors]:
    """Return the vectors by architecture; a diverged training has none."""
    weights = {architecture: load_file(path) for architecture, path in paths.items()}
    return {name: Vectors.of(found["input"].numpy(), vocabulary) for name, found in weights.items() if found}


def draw_words(vectors: Vectors, language: Language | None, method: MapName, frequent: int = 150) -> bytes:
    """Draw the groups of words and so many of the most frequent ones, placed by a method of `MAPS`.

    Args:
        language: of the text, as its card has it.
    """
    groups = grouped(vectors.words, language)
    marked = [word for group in groups.values() for word in group]
    words = list(dict.fromkeys([*marked, *vectors.words[1 : 1 + frequent]]))
    places = MAPS[method].place(vectors.unit[[vectors.index[word] for word in words]])
    return draw(f"{len(words)} words, placed by {MAPS[method].name}", words, places, groups)


def grouped(vocabulary: Sequence[str], language: Language | None) -> dict[str, list[str]]:
    """Return those words of the groups that an English text has; of other texts one group of frequent words."""
    known = set(vocabulary)
    groups = {name: [word for word in words if word in known] for name, words in GROUPS.items()}
    groups = {name: words for name, words in groups.items() if words}
    shown = language == "english" and sum(map(len, groups.values())) >= FEWEST
    return groups if shown else {"most frequent": frequent(vocabulary, 40)}


def frequent(vocabulary: Sequence[str], count: int) -> list[str]:
    return list(vocabulary[1 : 1 + count])


def neighbours(vectors: Vectors, language: Language | None) -> dict[str, list[str]]:
    """Return the words nearest to a few, the nearest first."""
    known = [word for word in ASKED if word in vectors.words]
    asked = known if language == "english" and len(known) >= FEWEST else frequent(vectors.words, 6)
    return {word: vectors.neighbours(word) for word in asked}
