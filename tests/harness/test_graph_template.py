"""The graph that is written for several data sets and tasks of one kind."""

import copy
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bakeoff.base import strict_yaml
from bakeoff.harness import graph_template
from bakeoff.harness.params import Params

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def graph() -> dict[str, Any]:
    """The stages of the settings that ship with a second task on images and a second table, which is a stream too."""
    params = strict_yaml.read(ROOT / "params.yaml")
    data, tasks = params["data"], params["tasks"]
    data["cifar"] = copy.deepcopy(data["images"]) | {"source": "data/raw/images/cifar.zip", "take": 2000}
    data["penguins"] = copy.deepcopy(data["table"]) | {"source": "data/raw/table/penguins.csv"}
    tasks["photographs"] = copy.deepcopy(tasks["images"]) | {"data": "cifar", "models": ["cnn"], "recipes": []}
    tasks["birds"] = copy.deepcopy(tasks["table"]) | {"data": "penguins", "recipes": [], "baselines": ["logistic"]}
    params["online"]["tables"] = ["table", "penguins"]
    text = graph_template.expanded((ROOT / "pipeline/stages.yaml").read_text(), Params.model_validate(params))
    stages: dict[str, Any] = YAML(typ="safe").load(text)["stages"]
    return stages


@pytest.mark.parametrize(
    ("stage", "script", "reads", "keys", "makes"),
    [
        (
            "ingest_cifar",
            "pipeline.ingest_images --data cifar",
            "data/raw/images",
            {"data.cifar", "limits"},
            "data/cifar/images.npz",
        ),
        (
            "ingest_penguins",
            "pipeline.ingest_table --data penguins",
            "data/raw/table",
            {"data.penguins.source", "data.penguins.take", "data.penguins.split"},
            "data/penguins/table.parquet",
        ),
        (
            "encode_penguins",
            "pipeline.encode_table --data penguins",
            "data/penguins/table.parquet",
            {"data.penguins"},
            "data/penguins/encoded.npz",
        ),
        (
            "train_photographs",
            "pipeline.train_network --task photographs",
            "data/cifar/images.npz",
            {"data.cifar.kind", "tasks.photographs.training", "tasks.photographs.data"},
            "models/photographs/${item.model}-${item.optimizer}.safetensors",
        ),
        (
            "train_birds",
            "pipeline.train_network --task birds",
            "data/penguins/encoded.npz",
            {"data.penguins.kind", "tasks.birds.training"},
            "models/birds/${item.model}-${item.optimizer}.safetensors",
        ),
        (
            "train_baseline_birds",
            "pipeline.train_baseline --task birds",
            "data/penguins/encoded.npz",
            {"data.penguins.kind", "tasks.birds.data"},
            "reports/records/baselines/birds-${item.baseline}.json",
        ),
    ],
)
def test_a_second_data_set_or_task_has_stages_of_its_own(
    graph: dict[str, Any], stage: str, script: str, reads: str, keys: set[str], makes: str
) -> None:
    assert f"python -m {script}" in graph[stage]["cmd"]
    assert reads in graph[stage]["deps"]
    assert keys <= {key for key in graph[stage]["params"] if isinstance(key, str)}
    assert makes in graph[stage]["outs"]


def test_the_first_ones_keep_their_stages(graph: dict[str, Any]) -> None:
    names = {"ingest_images", "ingest_table", "encode_table", "train_images", "train_table", "train_scans"}
    assert names <= graph.keys()
    assert "train_recipe_photographs" not in graph and "train_recipe_images" in graph


def test_all_tasks_meet_in_the_comparison_and_in_the_report(graph: dict[str, Any]) -> None:
    tasks = {f"reports/records/{task}" for task in ("images", "table", "scans", "photographs", "birds")}
    assert tasks <= set(graph["compare"]["deps"])
    cards = {f"data/{name}/card.json" for name in ("images", "table", "scans", "cifar", "penguins")}
    assert cards <= set(graph["report"]["deps"])
    assert {"reports/encoding/table.json", "reports/encoding/penguins.json"} <= set(graph["report"]["deps"])
