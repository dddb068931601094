"""Names of data sets: which are allowed, which is meant, and that refusals use them."""

import json
import re
from typing import Any

import pytest

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.names import addressed, chosen, data_name, task_name

DATA = {"flights": {"kind": "table"}, "houses": {"kind": "table"}, "corpus": {"kind": "corpus"}}


@pytest.mark.parametrize("name", ["a", "cifar10", "my_table_2", "x" * 40])
def test_an_identifier_is_a_name(name: str) -> None:
    assert data_name(name) == task_name(name) == name


@pytest.mark.parametrize("name", ["", "A", "2nd", "a-b", "a.b", "../a", "a b", "\u00e4", "x" * 41, "a\n"])
def test_what_is_no_identifier_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a valid name"):
        data_name(name)


@pytest.mark.parametrize(("name", "kind", "meant"), [(None, "corpus", "corpus"), ("houses", "table", "houses")])
def test_the_only_one_or_the_named_one_is_chosen(name: str | None, kind: str, meant: str) -> None:
    assert chosen(name, kind, DATA) == meant


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        (None, "table", "data has the data sets flights, houses of the kind table; choose one: --table NAME"),
        (None, "scans", "data has no data set of the kind scans; add one"),
        ("flight", "table", "data has no table named 'flight'; did you mean 'flights'?"),
        ("corpus", "table", "data has no table named 'corpus' (there is: flights, houses)"),
        ("../../etc", "table", "data has no table named '../../etc'"),
    ],
)
def test_no_data_set_is_guessed(name: str | None, kind: str, says: str) -> None:
    with pytest.raises(BadInput, match=re.escape(f"params.yaml: {says}")):
        chosen(name, kind, DATA)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("data.table.csv.decimal is 'x'", "data.houses.csv.decimal is 'x'"),
        ("set data.table.numeric, or data.table.categorical", "set data.houses.numeric, or data.houses.categorical"),
        ("params.yaml: data.table: take is 0", "params.yaml: data.houses: take is 0"),
        ("no such section: data.table", "no such section: data.houses"),
        ("data/raw/table/data.table.csv: line 3", "data/raw/table/data.table.csv: line 3"),
        ("C:\\data.table.csv: line 3", "C:\\data.table.csv: line 3"),
        ("old-data.table.csv: line 3", "old-data.table.csv: line 3"),
        ("data.tables.csv", "data.tables.csv"),
        ("data.images.take is 0", "data.images.take is 0"),
    ],
)
def test_settings_are_named_as_params_yaml_has_them(message: str, expected: str) -> None:
    assert addressed(message, "table", "houses") == expected


@pytest.mark.parametrize(
    ("stage", "arguments"),
    [
        ("ingest_table", ("--data", "houses")),
        ("encode_table", ("--data", "houses")),
        ("train_online", ("--table", "houses", "--optimizer", "sgd", "--schedule", "constant")),
    ],
)
def test_a_stage_names_the_settings_of_its_own_data_set(project: Any, stage: str, arguments: tuple[str, ...]) -> None:
    rows = [f"{n},{'xy'[n % 2]},{n % 2}" for n in range(400)]
    project.put("data/raw/table/t.csv", "\n".join(["a,b,label", *rows]) + "\n")
    document = settings.load(project.root / "params.yaml")
    houses = document["data"]["table"] | {
        "source": "data/raw/table/t.csv",
        "target": {"column": "label", "above": None, "classes": None},
        "numeric": ["a"],
        "categorical": ["b"],
        "leaks": [],
        "order": [],
        "split": {"by": "random", "column": None, "validation": 0.2, "test": 0.2, "seed": 0},
    }
    document["data"]["houses"] = houses
    if stage != "ingest_table":
        project.put("params.yaml", json.dumps(document))
        assert project.run("ingest_table", "--data", "houses").returncode == 0
        houses["encoding"] = houses["encoding"] | {"minimum_frequency": 10**6}
    else:
        houses["numeric"] = ["a", "gone"]
    project.put("params.yaml", json.dumps(document))
    ended = project.run(stage, *arguments)
    assert ended.returncode == 2 and "data.houses." in ended.stderr and "data.table" not in ended.stderr
