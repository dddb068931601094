"""The two ways to make examples of a text: for each its rule, its source, how it departs from there, and its cut."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bakeoff.base.settings import Settings
from bakeoff.embedding import windows
from bakeoff.embedding.settings import CbowSettings, SkipgramSettings
from bakeoff.embedding.windows import Ids, Places


@dataclass(frozen=True)
class Architecture:
    """The rule that makes examples from a text.

    Attributes:
        window: words that a place needs on each side.
        examples: of one place.
        cut: inputs (N, C) and targets (N,) around places of a text.
    """

    window: int
    examples: int
    cut: Callable[[Ids, Places, np.random.Generator], tuple[Ids, Ids]]


@dataclass(frozen=True)
class ArchitectureSpec:
    rule: str
    source: str
    departs: str
    settings: type[Settings]
    build: Callable[[Any], Architecture]  # of an object of `settings`


def skipgram(settings: SkipgramSettings) -> Architecture:
    skips, window = settings.num_skips, settings.skip_window
    return Architecture(window, skips, lambda text, places, rng: windows.skipgram(text, places, skips, window, rng))


def cbow(settings: CbowSettings) -> Architecture:
    return Architecture(settings.radius, 1, lambda text, places, _: windows.cbow(text, places, settings.radius))


ARCHITECTURES = {
    "skipgram": ArchitectureSpec(
        rule="a word predicts num_skips words drawn from the skip_window words on each side",
        source="Mikolov, Chen, Corrado & Dean 2013, arXiv:1301.3781, section 3.2",
        departs="a fixed window and a fixed number of words of it, as in TensorFlow's word2vec_basic",
        settings=SkipgramSettings,
        build=skipgram,
    ),
    "cbow": ArchitectureSpec(
        rule="the mean of the radius words on each side predicts the word between them",
        source="Mikolov, Chen, Corrado & Dean 2013, arXiv:1301.3781, section 3.1",
        departs="nothing",
        settings=CbowSettings,
        build=cbow,
    ),
}
