"""A softmax regression that learns from one example after the other, compiled.

N rows, M numbers, C categories, each with a block of one-hot columns, D = M + the widths of the blocks; K classes.
A row has M + C inputs that are not 0: no step looks at the others, for their gradient is 0.

Nothing here is left to a library or reordered: exp is written out, the root is the processor's, which rounds correctly.
"""

from typing import NamedTuple, Self

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LOG2E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10  # their sum is log 2 to 2^-85; fdlibm's
LOWEST = -708.0  # below it exp is less than the smallest normal float
POWERS = 2.0 ** np.arange(-1022.0, 1.0)


class Rows(NamedTuple):
    """Rows, the pending ones first: those that were predicted, and whose answers are missing yet.

    Attributes:
        numbers: (N, M).
        codes: (N, C) the place of each block's 1, in the block.
        labels: (N,).
        learns: (N,) whether a row is learnt from.
    """

    numbers: NDArray[np.float32]
    codes: Ints
    labels: Ints
    learns: NDArray[np.bool_]

    @classmethod
    def empty(cls, numbers: int, categories: int) -> Self:
        widths = (np.zeros((0, numbers), np.float32), np.zeros((0, categories), np.int64))
        return cls(*widths, np.zeros(0, np.int64), np.zeros(0, np.bool_))

    def part(self, start: int, stop: int) -> Self:
        return self._replace(**{name: array[start:stop] for name, array in self._asdict().items()})

    def then(self, others: Self) -> Self:
        joined = {name: np.concatenate([array, getattr(others, name)]) for name, array in self._asdict().items()}
        return self._replace(**joined)


class Weights(NamedTuple):
    """Weights and the sums of their squared gradients for AdaGrad.

    Attributes:
        weight: (D, K); so is weight_squares.
        bias: (K,); so is bias_squares.
    """

    weight: Floats
    bias: Floats
    weight_squares: Floats
    bias_squares: Floats


@njit(cache=True)
def exponential(x: float) -> float:
    """exp(x) for x <= 0, to a unit in the last place or two: 2^k times a polynomial of x - k log 2."""
    if not x > LOWEST:
        return 0.0 if x <= LOWEST else x  # NaN stays
    k = np.floor(x * LOG2E + 0.5)
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    total = 1.0
    for n in range(14, 0, -1):  # 0.35^15 / 15! is 1e-19
        total = 1.0 + r * total / n
    return float(total * POWERS[int(k) + 1022])


@njit(cache=True)
def score(numbers: NDArray[np.float32], codes: Ints, starts: Ints, weight: Floats, bias: Floats, out: Floats) -> None:
    """Logits (K,) of one row."""
    for k in range(len(bias)):
        total = bias[k]
        for m in range(len(numbers)):
            total += numbers[m] * weight[m, k]
        for c in range(len(codes)):
            total += weight[starts[c] + codes[c], k]
        out[k] = total


@njit(cache=True)
def softmax(logits: Floats) -> None:
    """Logits (K,) become probabilities."""
    highest = logits[0]
    for k in range(1, len(logits)):
        highest = max(highest, logits[k])
    total = 0.0
    for k in range(len(logits)):
        logits[k] = exponential(logits[k] - highest)
        total += logits[k]
    for k in range(len(logits)):
        logits[k] /= total


@njit(cache=True)
def stepped(theta: float, squares: float, g: float, rate: float, epsilon: float, adagrad: bool) -> tuple[float, float]:
    """One weight after a step, and its sum of squares."""
    if not adagrad:
        return theta - rate * g, squares
    squares += g * g
    return theta - rate * g / (np.sqrt(squares) + epsilon), squares


@njit(cache=True, nogil=True)
def advance(
    rows: Rows,
    pending: int,
    starts: Ints,
    weights: Weights,
    rates: Floats,
    delay: int,
    batch_size: int,
    epsilon: float,
    adagrad: bool,
    logits: Floats,
) -> None:
    """Predicts each new row, batch by batch, and after a batch learns from the rows whose answers have come with it.

    With new row i at pending + i of `rows`, a batch of rows i to j is answered by those from pending + i - delay to
    pending + j - delay. The gradient is the mean over those of them that are learnt from.

    Args:
        starts: (C,) the first column of each block.
        rates: the learning rate of each batch.
        logits: (N - pending, K), which is filled.
    """
    D, K = weights.weight.shape
    M, C = rows.numbers.shape[1], rows.codes.shape[1]
    errors, gradient, bias_gradient = np.empty(K), np.zeros((D, K)), np.zeros(K)
    touched, marked = np.empty(min(D, M + batch_size * C), np.int64), np.zeros(D, np.bool_)
    touched[:M] = np.arange(M)
    new = len(rows.labels) - pending
    for batch, first in enumerate(range(0, new, batch_size)):
        last = min(first + batch_size, new)
        for i in range(first, last):
            at = pending + i
            score(rows.numbers[at], rows.codes[at], starts, weights.weight, weights.bias, logits[i])
        answered = range(max(pending + first - delay, 0), max(pending + last - delay, 0))
        count = 0
        for i in answered:
            count += rows.learns[i]
        if count == 0:
            continue
        used = M
        for i in answered:
            if not rows.learns[i]:
                continue
            score(rows.numbers[i], rows.codes[i], starts, weights.weight, weights.bias, errors)
            softmax(errors)
            errors[rows.labels[i]] -= 1.0
            for c in range(C):
                column = starts[c] + rows.codes[i, c]
                if not marked[column]:
                    marked[column] = True
                    touched[used] = column
                    used += 1
            for k in range(K):
                error = errors[k] / count
                bias_gradient[k] += error
                for m in range(M):
                    gradient[m, k] += error * rows.numbers[i, m]
                for c in range(C):
                    gradient[starts[c] + rows.codes[i, c], k] += error
        rate = rates[batch]
        for t in range(used):
            column = touched[t]
            marked[column] = False
            for k in range(K):
                weights.weight[column, k], weights.weight_squares[column, k] = stepped(
                    weights.weight[column, k],
                    weights.weight_squares[column, k],
                    gradient[column, k],
                    rate,
                    epsilon,
                    adagrad,
                )
                gradient[column, k] = 0.0
        for k in range(K):
            weights.bias[k], weights.bias_squares[k] = stepped(
                weights.bias[k], weights.bias_squares[k], bias_gradient[k], rate, epsilon, adagrad
            )
            bias_gradient[k] = 0.0
