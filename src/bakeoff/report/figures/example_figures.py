"""Example figures: predictions, training pictures, and maps of words."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from bakeoff.data.examples import SPLITS, Examples
from bakeoff.data.sources.catalogue import SOURCES
from bakeoff.data.sources.settings import Source
from bakeoff.embedding.evaluate import Vectors
from bakeoff.embedding.maps import MAPS, MapName
from bakeoff.networks.registry import SEGMENTERS
from bakeoff.report.figures.contest import samples, segmentations
from bakeoff.report.figures.word_maps import draw
from bakeoff.training.supervised import resident

CPU = torch.device("cpu")
CITED = ("title", "licence", "citation")
SHOWN = 6  # images of a row of predictions
CLASSES_SHOWN, SAMPLES_SHOWN = 20, 12

# Words of a general English text, in groups whose members should lie together.
GROUPS = {
    "numbers": ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"],
    "months": ["january", "march", "april", "june", "july", "august", "september", "october", "november", "december"],
    "people": ["father", "mother", "son", "daughter", "wife", "brother", "king", "emperor", "president"],
    "languages": ["english", "french", "german", "latin", "greek", "language", "languages", "word", "words"],
    "war": ["war", "army", "battle", "force", "troops", "military", "forces", "soldiers"],
    "nature": ["water", "sea", "river", "ocean", "ice", "island", "lake", "coast"],
}
ASKED = ["five", "march", "king", "language", "war", "water"]
FEWEST = 3  # of the words above; a text that has fewer is asked for its own


def origin(source: Source) -> dict[str, str]:
    """Return the catalogue's entry of a source; for own data only their path."""
    if isinstance(source, str) and source in SOURCES:
        spec = SOURCES[source]
        return {"source": source, "title": spec.title, "licence": spec.licence, "citation": spec.citation}
    return {"source": source if isinstance(source, str) else source.shown} | dict.fromkeys(CITED, "")


def sizes(examples: Examples) -> dict[str, int]:
    return {split: len(getattr(examples, split).x) for split in SPLITS}


def classes(examples: Examples) -> dict[str, list[int]]:
    """How many labels of each class a split has: of examples, or of pixels."""
    count = len(examples.classes)
    return {split: np.bincount(getattr(examples, split).y.ravel(), minlength=count).tolist() for split in SPLITS}


def draw_predictions(examples: Examples, weights: Path, winner: Mapping[str, Any], settings: Any) -> bytes:
    """Test scans evenly apart, their masks, and the likeliest class of each pixel by the winner's network."""
    rows = sorted({round(row) for row in np.linspace(0, len(examples.test.x) - 1, SHOWN)})
    x, y = (part[rows] for part in resident([examples.test], CPU))
    network = restored(examples, weights, winner, settings)
    with torch.inference_mode():
        predicted = network(x).argmax(1)
    return segmentations(x.numpy(), y.numpy(), predicted.numpy(), examples.classes)


def draw_samples(examples: Examples) -> bytes:
    """The first training pictures of each class; the training data are in random order."""
    classes = range(min(len(examples.classes), CLASSES_SHOWN))
    first = [np.flatnonzero(examples.train.y == k)[:SAMPLES_SHOWN] for k in classes]
    return samples([examples.train.x[rows] / 255 for rows in first], examples.classes[: len(classes)])


def restored(examples: Examples, weights: Path, winner: Mapping[str, Any], settings: Any) -> nn.Module:
    """The winner's network, ready to predict.

    Args:
        weights: of all seeds of the winner's model and optimizer.
        settings: of the network.
    """
    shape, classes = examples.test.x.shape[1:], len(examples.classes)
    network = SEGMENTERS[winner["model"]].build(settings, shape, classes, torch.Generator())
    prefix = f"s{winner['seed']}."
    state = {name.removeprefix(prefix): w for name, w in load_file(weights).items() if name.startswith(prefix)}
    network.load_state_dict(state)
    return network.eval()


def read_vectors(paths: Mapping[str, Path], vocabulary: Sequence[str]) -> dict[str, Vectors]:
    """By architecture; a diverged training left none."""
    weights = {architecture: load_file(path) for architecture, path in paths.items()}
    return {name: Vectors.of(found["input"].numpy(), vocabulary) for name, found in weights.items() if found}


def draw_words(vectors: Vectors, method: MapName, frequent: int = 150) -> bytes:
    """The groups of words and so many of the most frequent ones, placed by a method of `MAPS`."""
    groups = grouped(vectors.words)
    marked = [word for group in groups.values() for word in group]
    words = list(dict.fromkeys([*marked, *vectors.words[1 : 1 + frequent]]))
    places = MAPS[method].place(vectors.unit[[vectors.index[word] for word in words]])
    return draw(f"{len(words)} words, placed by {MAPS[method].name}", words, places, groups)


def grouped(vocabulary: Sequence[str]) -> dict[str, list[str]]:
    """Those words of the groups that the vocabulary has; for other texts one group of its most frequent words."""
    known = set(vocabulary)
    groups = {name: [word for word in words if word in known] for name, words in GROUPS.items()}
    groups = {name: words for name, words in groups.items() if words}
    return groups if sum(map(len, groups.values())) >= FEWEST else {"most frequent": frequent(vocabulary, 40)}


def frequent(vocabulary: Sequence[str], count: int) -> list[str]:
    return list(vocabulary[1 : 1 + count])


def neighbours(vectors: Vectors) -> dict[str, list[str]]:
    """The words nearest to a few, the nearest first."""
    asked = [word for word in ASKED if word in vectors.words]
    return {word: vectors.neighbours(word) for word in (asked if len(asked) >= FEWEST else frequent(vectors.words, 6))}
