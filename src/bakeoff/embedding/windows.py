"""Examples for word vectors, cut from a text of word ids around chosen places.

T words of text, N examples, W words on each side. A batch of the notes is the examples of the next places in order:
batch_size / num_skips places for skip-gram, batch_size places for CBOW.
"""

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]
Places = NDArray[np.intp]


def places_of(text: Ids, window: int) -> Places:
    """The places (T - 2 W,) that have `window` words on each side."""
    return np.arange(window, len(text) - window)


def skipgram(
    text: Ids, places: Places, num_skips: int, skip_window: int, generator: np.random.Generator
) -> tuple[Ids, Ids]:
    """Inputs (N, 1) and targets (N,): each place's word `num_skips` times, and as often another word near to it.

    The other words are drawn without replacement from the `skip_window` on each side: N = len(places) num_skips.
    Source: Mikolov et al. 2013, arXiv:1301.3781, section 3.2.
    Differs: num_skips draws of a fixed window, as in TensorFlow's word2vec_basic; the paper takes all words of a window
    whose size it draws.
    """
    around = offsets(skip_window)
    drawn = generator.random((len(places), len(around))).argsort(axis=1, kind="stable")[:, :num_skips]
    targets = text[places[:, None] + around[drawn]]
    return np.repeat(text[places], num_skips)[:, None], targets.reshape(-1)


def cbow(text: Ids, places: Places, radius: int) -> tuple[Ids, Ids]:
    """Inputs (N, 2 radius), in the order of the text, and targets (N,): the words around each place, and its own.

    Source: Mikolov et al. 2013, arXiv:1301.3781, section 3.1.
    """
    return text[places[:, None] + offsets(radius)], text[places]


def offsets(window: int) -> Places:
    """-W, ..., -1, 1, ..., W."""
    return np.delete(np.arange(-window, window + 1), window)
