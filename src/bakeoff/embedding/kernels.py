"""The inner loops of word2vec, compiled: a shard's round, the merge of the shards, and the draws they rest on.

V words, D dimensions, K negatives, N = K + 1 outputs of a place, S shards.

The order of every sum is part of the result. Compilers may change it for speed (`REORDER`), and so the bytes are those
of one code generator: bakeoff.base.reproducible pins the processor it writes for, requirements.lock its version. NaN
and infinity keep their meaning, for the merge looks for them.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np
from numba import njit
from numba.cpython.unsafe.tuple import tuple_setitem
from numpy.typing import NDArray

from bakeoff.embedding.prefetch import prefetch

Floats = NDArray[np.float32]
Ids = NDArray[np.int32]

replaced: Any = tuple_setitem  # a tuple with one item replaced, which the compiler keeps in registers

REORDER = {"reassoc", "contract", "nsz"}

# The logistic function and its integral, softplus, at points a STEP apart; the nearest one is taken.
LIMIT, STEP = np.float32(8), np.float32(2**-7)
POINTS = np.linspace(-LIMIT, LIMIT, 1 + round(float(2 * LIMIT / STEP)))
SIGMOID = (1 / (1 + np.exp(-POINTS))).astype(np.float32)
SOFTPLUS = np.log1p(np.exp(POINTS)).astype(np.float32)


class Language(NamedTuple):
    """Statistics of the words that are fixed before training.

    Attributes:
        stays: (V,) probability that an occurrence is not thinned out.
        sure, other: (V,) alias table of the noise: word v drawn uniformly stays with probability sure[v], else it
            becomes other[v].
    """

    stays: Floats
    sure: Floats
    other: Ids


class Tables(NamedTuple):
    """A shard's own vectors, and how often it changed each since the last merge.

    Attributes:
        inputs, outputs: (V, D).
        inputs_met, outputs_met: (V,).
    """

    inputs: Floats
    outputs: Floats
    inputs_met: NDArray[np.uint32]
    outputs_met: NDArray[np.uint32]


@njit(cache=True)
def hashed(counter: np.uint64) -> tuple[np.uint64, np.uint64]:
    """The next counter, and its 64 hashed bits. Source: Steele, Lea & Flood 2014, OOPSLA: SplitMix64."""
    counter += np.uint64(0x9E3779B97F4A7C15)
    bits = (counter ^ (counter >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return counter, bits ^ (bits >> np.uint64(31))


@njit(cache=True)
def below(bits: np.uint64, n: int) -> int:
    """A number from 0 to n - 1, of the upper half of the bits."""
    return int(((bits >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))


@njit(cache=True)
def fraction(bits: np.uint64) -> np.float32:
    """A number in [0, 1), of the lowest 24 bits."""
    return np.float32(bits & np.uint64(0xFFFFFF)) * np.float32(2**-24)


@njit(cache=True)
def thin(ids: Ids, stays: Floats, counter: np.uint64, text: Ids) -> tuple[np.uint64, int]:
    """Writes the occurrences that stay to `text`; returns how many they are."""
    length = 0
    for word in ids:
        counter, bits = hashed(counter)
        text[length] = word
        length += fraction(bits) < stays[word]
    return counter, length


@njit(cache=True)
def first_of(word: int, targets: NDArray[np.int64]) -> int:
    """Return the first position of a word."""
    k = 0
    while targets[k] != word:
        k += 1
    return k


@njit(cache=True)
def draw_noise(counter: np.uint64, language: Language, targets: NDArray[np.int64]) -> np.uint64:
    """Fills targets[1:] with words that differ from each other and from targets[0]."""
    for k in range(1, len(targets)):
        while True:
            counter, bits = hashed(counter)
            word = below(bits, len(language.sure))
            if fraction(bits) >= language.sure[word]:
                word = int(language.other[word])
            targets[k] = word
            if first_of(word, targets) == k:
                break
    return counter


@njit(cache=True)
def alias(weights: NDArray[np.float64]) -> tuple[Floats, Ids]:
    """`sure` and `other` of a table that draws words in proportion to `weights` (V,) at one draw each.

    Source: Walker 1977, ACM TOMS 3; built as in Vose 1991, IEEE TSE 17.
    """
    size = len(weights)
    share = weights / weights.sum() * size
    sure, other = np.ones(size, np.float32), np.arange(size).astype(np.int32)
    small, large = [word for word in range(size) if share[word] < 1], [w for w in range(size) if share[w] >= 1]
    while small and large:
        poor, rich = small.pop(), large.pop()
        sure[poor], other[poor] = share[poor], rich
        share[rich] -= 1 - share[poor]
        (small if share[rich] < 1 else large).append(rich)
    return sure, other


Round = Callable[..., tuple[float, int]]


@cache
def compiled(architecture: Literal["skipgram", "cbow"], dimension: int, negatives: int) -> Round:
    """Return a shard's round compiled for one vector size, so that loops are unrolled.

    The round takes: ids of the text, a Language, Tables, window, first and last learning rate, counter of the draws,
    and room for the thinned text. It changes the tables and returns loss and number of examples.
    """
    D, N = dimension, negatives + 1
    zeros = (np.float32(0),) * N
    signs = (np.float32(1),) + (np.float32(-1),) * negatives  # of the true output, and of the noise
    in_place = architecture == "skipgram"
    fetch = prefetch(D)

    @njit(fastmath=REORDER)
    def step(x: Floats, share: np.float32, outputs: Floats, rate: np.float32) -> float:
        """One step down L = - sum_k log s(sign_k u_k . share x) for input x (D,) and outputs u (N * D,); returns L.

        u_k += rate sign_k s(- sign_k u_k . share x) share x;  x gets the sum over k of the same with u_k in place of
        share x. CBOW, whose x is a sum of vectors and share x their mean, gets that alone in the place of x.
        """
        scores = zeros
        for d in range(D):
            for k in range(N):
                scores = replaced(scores, k, scores[k] + x[d] * outputs[k * D + d])
        loss, pulls, pushes = 0.0, zeros, zeros
        for k in range(N):
            y = -signs[k] * share * scores[k]
            bounded = y if y > -LIMIT else -LIMIT  # NaN too: an index must be one
            bounded = bounded if bounded < LIMIT else LIMIT
            place = int((bounded + LIMIT) / STEP + np.float32(0.5))
            loss += SOFTPLUS[place] + (y - bounded if y > LIMIT else np.float32(0))
            pulls = replaced(pulls, k, rate * signs[k] * SIGMOID[place])
            pushes = replaced(pushes, k, share * pulls[k])
        for d in range(D):
            old = x[d]
            new = old if in_place else np.float32(0)
            for k in range(N):
                u = outputs[k * D + d]
                new += pulls[k] * u
                outputs[k * D + d] = u + pushes[k] * old
            x[d] = new
        return loss

    @njit(fastmath=REORDER)
    def add_up(inputs: Floats, words: NDArray[np.int64], total: Floats) -> None:
        """The sum of some rows (D,), two at a time."""
        total[:] = 0
        if len(words) % 2:
            total[:] = inputs[words[0]]
        for m in range(len(words) % 2, len(words), 2):
            one, other = inputs[words[m]], inputs[words[m + 1]]
            for d in range(D):
                total[d] += one[d] + other[d]

    @njit(fastmath=REORDER, nogil=True)
    def round_(
        ids: Ids,
        language: Language,
        tables: Tables,
        window: int,
        first: np.float32,
        last: np.float32,
        counter: np.uint64,
        text: Ids,
    ) -> tuple[float, int]:
        around, words = np.empty((2, N), np.int64), np.empty(2 * window, np.int64)
        near, total = np.empty(N * D, np.float32), np.empty(D, np.float32)
        counter, length = thin(ids, language.stays, counter, text)
        loss, examples, low, high = 0.0, 0, 0, 0
        # Each place is drawn while the one before it is trained: its rows are on their way from memory meanwhile.
        for ahead in range(length + 1):
            i, targets = ahead - 1, around[(ahead - 1) & 1]
            now_low, now_high = low, high
            if ahead < length:
                counter, bits = hashed(counter)
                reach = 1 + below(bits, window)
                low, high = max(0, ahead - reach), min(length, ahead + reach + 1)
                if high - low > 1:
                    coming = around[ahead & 1]
                    coming[0] = text[ahead]
                    counter = draw_noise(counter, language, coming)
                    for k in range(N):
                        fetch(tables.outputs, coming[k])
                    if ahead + window < length:
                        fetch(tables.inputs, text[ahead + window])
            if now_high - now_low < 2:
                continue
            rate = first + (last - first) * np.float32(i) / np.float32(length)
            # The outputs of a place lie side by side while its inputs go by.
            for k in range(N):
                u = tables.outputs[targets[k]]
                for d in range(D):
                    near[k * D + d] = u[d]
            count = 0
            for j in range(now_low, now_high):
                words[count] = text[j]
                count += j != i
            if in_place:
                for m in range(count):
                    loss += step(tables.inputs[words[m]], np.float32(1), near, rate)
                examples += count
            else:
                add_up(tables.inputs, words[:count], total)
                loss += step(total, np.float32(1) / np.float32(count), near, rate)
                for m in range(count):
                    x = tables.inputs[words[m]]
                    for d in range(D):
                        x[d] += total[d]
                examples += 1
            for m in range(count):
                tables.inputs_met[words[m]] += np.uint32(1)
            for k in range(N):
                u = tables.outputs[targets[k]]
                for d in range(D):
                    u[d] = near[k * D + d]
                tables.outputs_met[targets[k]] += np.uint32(1)
        return loss, examples

    return round_


@njit(cache=True)
def damping(shards: int, pull: float) -> float:
    """Return the share of the sum of the shards' updates that would remain if they were made one after the other.

    A shard that goes the share p of the way to where a row is drawn leaves 1 - p for the next one. A sum of n moves
    counts n p, the moves in turn make 1 - (1 - p)^n: the ratio is the mean over i < n of (1 - p)^i. Here 1 - p is
    1 / (1 + pull), which needs no library's exponential.
    """
    left, total = 1.0, 0.0
    for _ in range(shards):
        total += left
        left /= 1 + pull
    return total / shards


@njit(fastmath=REORDER, nogil=True)
def merge(base: Floats, own: Floats, met: NDArray[np.uint32], start: int, stop: int, curvature: float) -> bool:
    """Add the shards' updates to the rows start to stop, copy them to all shards, and return whether all are finite.

    Args:
        base: (rows, D), as of the last merge.
        own: (S, rows, D), the shards' own.
        met: (S, rows) how often each was changed; set to 0.
        curvature: the share of the way that one change goes, learning rate included.
    """
    shards, D = own.shape[0], base.shape[1]
    moved = np.empty(D, np.float32)
    strange = np.float32(0)
    for row in range(start, stop):
        changes, movers, mover = 0, 0, 0
        for s in range(shards):
            if met[s, row] > 0:
                changes, movers, mover = changes + met[s, row], movers + 1, s
                met[s, row] = 0
        if movers == 0:
            continue
        if movers == 1:
            for d in range(D):
                base[row, d] = own[mover, row, d]
        else:
            share = np.float32(damping(movers, curvature * changes / movers))
            moved[:] = 0
            for s in range(shards):
                for d in range(D):
                    moved[d] += own[s, row, d] - base[row, d]
            for d in range(D):
                base[row, d] += share * moved[d]
        for d in range(D):
            strange += np.float32(0) * base[row, d]
        for s in range(shards):
            if movers > 1 or s != mover:
                for d in range(D):
                    own[s, row, d] = base[row, d]
    return bool(strange == 0)
