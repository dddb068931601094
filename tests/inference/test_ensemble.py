"""Several seeds vote: the mean of their probabilities."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bakeoff.base.settings import BadInput
from bakeoff.inference.predict import predict

ENDED, DIVERGED = {"val/accuracy": 0.5}, {"diverged": "at step 3"}


@pytest.fixture
def picture(project: Path) -> Path:
    path = project / "a.png"
    Image.fromarray(np.arange(20, dtype=np.uint8).reshape(4, 5) * 12).save(path)
    return path


def probabilities(path: Path) -> list[float]:
    (row,) = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    return [float(value) for name, value in row.items() if name.startswith("probability.")]


@pytest.mark.parametrize("others", [{}, {"3": DIVERGED}], ids=["all", "one diverged"])
@pytest.mark.parametrize("count", [2, 3])
def test_the_probabilities_are_the_mean_of_those_of_the_seeds(
    project: Path,
    picture: Path,
    train: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
    count: int,
    others: dict[str, dict[str, str]],
) -> None:
    seeds = {str(seed): ENDED for seed in range(count)}
    train("images", "softmax-sgd", "softmax", (1, 4, 5), ("a", "b", "c"), {**seeds, **others})
    assert predict("images", str(picture), "all.csv", cell="softmax-sgd", ensemble=True) == 0
    assert f"softmax-sgd, mean of {count} seeds" in capsys.readouterr().err
    alone = []
    for seed in seeds:
        # The best seed is taken.
        scores = {other: {"val/accuracy": 0.9 if other == seed else 0.5} for other in seeds}
        train("images", "softmax-sgd", "softmax", (1, 4, 5), ("a", "b", "c"), {**scores, **others})
        assert predict("images", str(picture), f"{seed}.csv", cell="softmax-sgd") == 0
        alone.append(probabilities(project / f"{seed}.csv"))
    assert len({tuple(row) for row in alone}) == count
    # Six digits are written.
    np.testing.assert_allclose(probabilities(project / "all.csv"), np.mean(alone, axis=0), rtol=2e-5)


def test_a_single_seed_is_no_ensemble(project: Path, picture: Path, train: Callable[..., None]) -> None:
    train("images", "softmax-sgd", "softmax", (1, 4, 5), ("a", "b"), {"0": ENDED, "1": DIVERGED})
    with pytest.raises(BadInput, match=r"has the weights of seed 0 alone, .* leave --ensemble out"):
        predict("images", str(picture), "all.csv", cell="softmax-sgd", ensemble=True)
    assert not (project / "all.csv").exists()
