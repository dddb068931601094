"""A simple implementation of a shard's round of word2vec, against which bakeoff.embedding.kernels is tested.

N = K + 1 outputs of a place, M words around it, D dimensions.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.embedding.kernels import Ids, Language
from bakeoff.embedding.settings import ArchitectureName

Floats = NDArray[np.floating[Any]]


def numbers(counter: int) -> Iterator[int]:
    """SplitMix64: 64 bits at a time. Source: Steele, Lea & Flood 2014, OOPSLA."""
    while True:
        counter = (counter + 0x9E3779B97F4A7C15) % 2**64
        bits = (counter ^ counter >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        bits = (bits ^ bits >> 27) * 0x94D049BB133111EB % 2**64
        yield bits ^ bits >> 31


def fraction(bits: int) -> float:
    return bits % 2**24 / 2**24


def below(bits: int, n: int) -> int:
    return (bits >> 32) * n >> 32


def noise(draws: Iterator[int], language: Language, word: int, negatives: int) -> list[int]:
    """Return `word` and noise words, redrawn from the alias table until all are different."""
    targets = [word]
    while len(targets) <= negatives:
        bits = next(draws)
        drawn = below(bits, len(language.sure))
        drawn = drawn if fraction(bits) < language.sure[drawn] else int(language.other[drawn])
        targets += [drawn] if drawn not in targets else []
    return targets


def step(x: Floats, u: Floats, rate: float) -> tuple[Floats, Floats, float]:
    """Return x (D,) and u (N, D) after a step, and the loss; u[0] is the positive example, the others are negative."""
    label = np.eye(len(u))[0]  # 1, 0, ..., 0
    score = u @ x
    p = 1 / (1 + np.exp(-score))
    loss = -np.log(np.where(label == 1, p, 1 - p)).sum()
    return x + rate * (label - p) @ u, u + rate * np.outer(label - p, x), float(loss)


def round_(
    architecture: ArchitectureName,
    ids: Ids,
    language: Language,
    v: Floats,
    u: Floats,
    *,
    window: int,
    negatives: int,
    rates: tuple[float, float],
    counter: int,
) -> tuple[float, int]:
    """Changes the tables of inputs v and outputs u (V, D); returns the sum of the losses, and of how many examples."""
    draws = numbers(counter)
    text = [word for word in ids if fraction(next(draws)) < language.stays[word]]
    loss, examples = 0.0, 0
    for i, word in enumerate(text):
        rate = rates[0] + (rates[1] - rates[0]) * i / len(text)
        reach = 1 + below(next(draws), window)
        around = text[max(0, i - reach) : i] + text[i + 1 : i + 1 + reach]
        if not around:
            continue
        targets = noise(draws, language, word, negatives)
        if architecture == "skipgram":
            for context in around:
                v[context], u[targets], lost = step(v[context], u[targets], rate)
                loss, examples = loss + lost, examples + 1
        else:
            mean = v[around].mean(axis=0)
            moved, u[targets], lost = step(mean, u[targets], rate)
            np.add.at(v, around, moved - mean)
            loss, examples = loss + lost, examples + 1
    return loss, examples
