"""Permutation importance: of raw columns, whose encoded ones are permuted together."""

import numpy as np
import pytest

from bakeoff.explanation.importance import importances

COLUMNS = {"a": slice(0, 1), "b": slice(1, 2), "kind": slice(2, 5)}


def rows(count: int) -> np.ndarray:
    generator = np.random.default_rng(1)
    kinds = np.eye(3, dtype=np.float32)[generator.integers(0, 3, count)]
    return np.concatenate([generator.standard_normal((count, 2), np.float32), kinds], axis=1)


def nothing(_: int) -> None:
    pass


def test_a_column_that_the_score_ignores_has_none_and_the_others_come_first() -> None:
    x = rows(200)
    target = x[:, 0] + 3 * x[:, 3]
    found = importances(
        lambda rows: -float(np.square(rows[:, 0] + 3 * rows[:, 3] - target).mean()),
        x,
        COLUMNS,
        repeats=4,
        seed=0,
        advance=nothing,
    )
    assert [one.column for one in found] == ["kind", "a", "b"]
    assert found[2].drops == (0.0,) * 4
    # The mean squared difference of two independent draws is twice the variance.
    assert found[1].mean == pytest.approx(2 * x[:, 0].var(), rel=0.25)
    assert found[0].mean == pytest.approx(2 * 9 * x[:, 3].var(), rel=0.25)
    assert found[0].deviation == pytest.approx(np.std(found[0].drops))


@pytest.mark.parametrize("repeats", [1, 3])
def test_one_hot_columns_stay_one_hot_and_each_column_keeps_its_values(repeats: int) -> None:
    x = rows(50)
    before, seen = x.copy(), []

    def score(given: np.ndarray) -> float:
        assert (given[:, 2:].sum(axis=1) == 1).all()
        np.testing.assert_array_equal(np.sort(given, axis=0), np.sort(before, axis=0))
        seen.append([name for name, where in COLUMNS.items() if (given[:, where] != before[:, where]).any()])
        return 0.0

    done: list[int] = []
    importances(score, x, COLUMNS, repeats=repeats, seed=0, advance=done.append)
    assert seen == [[], *([name] for name in COLUMNS for _ in range(repeats))]
    assert sum(done) == 3 * repeats
    np.testing.assert_array_equal(x, before)


def test_the_seed_alone_decides_and_a_column_does_not_depend_on_later_ones() -> None:
    def found(seed: int, columns: dict[str, slice]) -> dict[str, tuple[float, ...]]:
        x = rows(30)
        weights = np.arange(30)
        measured = importances(
            lambda given: float(given[:, 0] @ weights), x, columns, repeats=2, seed=seed, advance=nothing
        )
        return {one.column: one.drops for one in measured}

    assert found(0, COLUMNS) == found(0, COLUMNS)
    assert found(0, COLUMNS)["a"] == found(0, {"a": slice(0, 1)})["a"]
    assert found(0, COLUMNS)["a"] != found(1, COLUMNS)["a"]
    assert len(set(found(0, COLUMNS)["a"])) == 2
