from collections.abc import Iterator

import numpy as np
import pytest

from bakeoff.data.encoding.quartiles import order_statistics, quartiles

GENERATOR = np.random.default_rng(0)
TINY = float(np.finfo(np.float64).tiny)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(GENERATOR.standard_normal(1000), id="reals of both signs"),
        pytest.param(GENERATOR.integers(-3, 4, 1001).astype(float), id="many ties"),
        pytest.param(GENERATOR.standard_normal(997) * 1e-300, id="hardly apart"),
        pytest.param(1e6 + GENERATOR.standard_normal(50) * 1e-9, id="equal in all but the last bits"),
        pytest.param(np.array([-1e308, -TINY, -0.0, 0.0, TINY / 8, 1e308]), id="zeros, subnormals, extremes"),
        pytest.param(np.array([5.0]), id="one"),
        pytest.param(np.array([2.0, 1.0]), id="two"),
    ],
)
def test_quartiles_are_numpys(values: np.ndarray) -> None:
    def scan() -> Iterator[np.ndarray]:
        yield from np.array_split(values, 7)

    assert quartiles(scan, len(values)) == tuple(np.quantile(values, [0.25, 0.5, 0.75]))
    ranks = sorted({0, len(values) // 3, len(values) - 1})
    assert order_statistics(scan, ranks).tolist() == np.sort(values)[ranks].tolist()
