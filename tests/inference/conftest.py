"""A project with small networks of fixed weights in place of trained ones."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from ruamel.yaml import YAML
from safetensors.torch import save_file
from small_networks import UNET

from bakeoff.base import paths
from bakeoff.data.encoding.encoder import Encoder
from bakeoff.networks.registry import NETWORKS

ROOT = Path(__file__).parents[2]
Train = Callable[..., None]
Record = Callable[..., None]

LAYERS = {"normalisation": "none", "activation": "relu", "initialisation": "he"}
BLOCKS = {**LAYERS, "normalisation": "batch"}
NETWORK: dict[str, dict[str, Any]] = {
    "softmax": {"initial_sigma": 0.5},
    "mlp": {**LAYERS, "hidden": [3], "dropout": 0.5},
    "cnn": {**LAYERS, "channels": [2], "kernel": 3, "hidden": 3, "dropout": 0.5},
    "resnet": {**BLOCKS, "depth": 8, "channels": 2, "shortcut": "projection"},
    "wide_resnet": {**BLOCKS, "depth": 10, "widening": 1, "dropout": 0.3},
    "unet": UNET,
}


READING = {
    "separator": ",",
    "decimal": ".",
    "thousands": None,
    "encoding": "utf-8",
    "date_order": None,
    "missing": ["NA"],
    "numbers": [],
    "times": None,
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root folder of a project, which is the working folder."""
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def change(project: Path) -> Callable[..., None]:
    """Change settings of a data set."""

    def changed(data: str, **settings: Any) -> None:
        yaml = YAML(typ="safe")
        document = yaml.load((project / "params.yaml").read_text(encoding="utf-8"))
        document["data"][data].update(settings)
        with (project / "params.yaml").open("w", encoding="utf-8") as file:
            yaml.dump(document, file)

    return changed


@pytest.fixture
def train(project: Path) -> Train:
    """Write the weights and the card of a network, one for each seed."""

    def trained(
        group: str,
        name: str,
        network: str,
        shape: tuple[int, ...],
        classes: tuple[str, ...],
        scores: dict[str, dict[str, Any]],
        data: dict[str, str] | None = None,
    ) -> None:
        spec, weights = NETWORKS[network], {}
        for seed in scores:
            built = spec.build(
                spec.settings.model_validate(NETWORK[network]),
                shape,
                len(classes),
                torch.Generator().manual_seed(int(seed)),
            )
            weights |= {f"s{seed}.{key}": value.contiguous() for key, value in built.state_dict().items()}
        path = project / paths.weights(group, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(weights, path)
        card = {"network": NETWORK[network], "shape": shape, "classes": classes, "seeds": scores, "data": data or {}}
        (project / paths.card(group, name)).write_text(json.dumps(card))

    return trained


@pytest.fixture
def record(project: Path) -> Record:
    """Write a dvc.lock with the stage that made a file of data, and with the one that trained a network on it."""

    def digest(path: str) -> dict[str, Any]:
        content = (project / path).read_bytes() if (project / path).is_file() else path.encode()
        return {"path": path, "hash": "md5", "md5": hashlib.md5(content).hexdigest(), "size": len(content)}

    def recorded(group: str, name: str, data: str, made: Mapping[str, Any], *, beside: tuple[str, ...] = ()) -> None:
        training = {
            "cmd": "train",
            "deps": [digest(data)],
            "outs": [digest(paths.card(group, name)), digest(paths.weights(group, name))],
        }
        making = {"cmd": "make", "params": {"params.yaml": made}, "outs": [digest(path) for path in (*beside, data)]}
        with (project / "dvc.lock").open("w", encoding="utf-8") as file:
            YAML().dump({"schema": "2.0", "stages": {"made": making, "trained": training}}, file)

    return recorded


@pytest.fixture
def encoder(project: Path) -> Encoder:
    """An encoder of one number and one category, stored where the pipeline stores it."""
    made = Encoder.model_validate(
        {
            "version": 2,
            "reading": READING,
            "numeric": {"temp": {"missing": 0.0, "center": 5.0, "width": 10.0, "decimals": 1}},
            "one_hot": {"carrier": {"known": ["AA", "UA"], "rare": [], "missing": "unseen"}},
            "hashed": {},
            "unseen": "other",
            "maximum_unseen": 0.5,
            "columns": ["temp", "carrier=AA", "carrier=UA", "carrier=other"],
        }
    )
    (project / "data/table").mkdir(parents=True)
    made.save(project / "data/table/encoder.json")
    return made
