"""A stream leaves the same learners and the same metrics on another processor.

The processor is emulated. Run as a script, this file prints what a processor makes of a stream.
"""

import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROWS = 600


def streams() -> Iterator[tuple[str, str]]:
    """Each optimizer under each schedule, with a hash of weights, window and history after some hundred rows."""
    import numpy as np

    from bakeoff.online.drift import Scenario
    from bakeoff.online.kernels import Rows, Weights
    from bakeoff.online.learner import Learner, Rule
    from bakeoff.online.settings import SCHEDULES, EvaluationSettings
    from bakeoff.online.window import Window

    draw = np.random.default_rng(0)
    numbers = draw.integers(-900, 900, size=(ROWS, 4)).astype(np.float32) / np.float32(300)
    codes, labels = draw.integers(5, size=(ROWS, 3)), draw.integers(3, size=ROWS)
    evaluation = EvaluationSettings(window=50, interval=100, fading=0.97, averaged=(1, 10))
    for optimizer in ("sgd", "adagrad"):
        for name, settings in {"constant": {}, "inverse_time": {"half": 30.0}}.items():
            rule = Rule(
                optimizer=optimizer,
                learning_rate=0.3,
                epsilon=1e-10,
                schedule=SCHEDULES[name].model_validate(settings).schedule,  # type: ignore[index]
                batch_size=2,
                delay=5,
            )
            zeros = [np.zeros(shape) for shape in ((19, 3), 3, (19, 3), 3)]
            learner = Learner(rule, np.array([4, 9, 14]), Weights(*zeros), Rows.empty(4, 3), 0)
            scenario = Scenario(learner, Window.empty(3, evaluation.window, evaluation.averaged))
            for start in range(0, ROWS, 100):
                rows = Rows(numbers, codes, labels, np.ones(ROWS, np.bool_)).part(start, start + 100)
                scenario.meet(rows, rule.factors(start // 2, 50), evaluation, measured=True)
            digest = hashlib.sha256(repr((scenario.history, scenario.metrics())).encode())
            for array in (*learner.weights, *scenario.window):
                digest.update(array.tobytes())
            yield f"{optimizer}-{name}", digest.hexdigest()[:16]


@pytest.mark.emulated
@pytest.mark.parametrize("processor", ["Haswell"])  # NumPy and Numba ask for features, and EPYC-Rome has the same
def test_streams_are_the_same_on_another_processor(processor: str, printed: Callable[..., list[str]]) -> None:
    here = printed()
    assert len(set(here)) == 4
    assert printed(processor) == here


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    import pipeline  # noqa: F401  sets the environment that makes bytes equal

    for stream, bytes_ in streams():
        print(stream, bytes_)
