"""Rows with two numbers and two categories, whose classes follow from them with some noise."""

from collections.abc import Callable

import numpy as np
import pytest

from bakeoff.online.kernels import Rows

WIDTHS = np.array([3, 5])

MakeRows = Callable[..., Rows]


@pytest.fixture
def rows() -> MakeRows:
    def make(count: int, classes: int = 2, learnt: float = 1.0, seed: int = 0) -> Rows:
        draw = np.random.default_rng(seed)
        numbers = draw.normal(size=(count, 2)).astype(np.float32)
        codes = (draw.random((count, 2)) * WIDTHS).astype(np.int64)
        sure = 2 * numbers[:, 0] + (codes[:, 1] == 2) * 3 + draw.normal(size=count)
        labels = np.digitize(sure, np.linspace(-1, 2, classes + 1)[1:-1])
        return Rows(numbers, codes, labels.astype(np.int64), draw.random(count) < learnt)

    return make
