"""Exported networks: other libraries read the files, and give the probabilities that `bakeoff predict` gives."""

import json
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from safetensors import safe_open

from bakeoff.base.settings import BadInput
from bakeoff.commands import exporting as command
from bakeoff.inference import export_formats, models
from bakeoff.inference.export_formats import FORMATS, INPUT, OUTPUT, Format
from bakeoff.inference.exporting import TOLERANCE, export

SHAPES: dict[str, tuple[int, ...]] = {
    "softmax": (1, 4, 5),
    "mlp": (2, 3, 3),
    "cnn": (3, 6, 5),
    "resnet": (1, 9, 8),
    "wide_resnet": (3, 8, 8),
    "unet": (1, 6, 8),
}
CLASSES = ("zero", "one", "zwei, drei")


@pytest.fixture(params=SHAPES)
def network(request: pytest.FixtureRequest, train: Callable[..., None]) -> str:
    name: str = request.param
    scores = {"0": {"val/accuracy": 0.5, "val/dice": 0.5}, "1": {"val/accuracy": 0.75, "val/dice": 0.75}}
    task = "scans" if name == "unet" else "images"
    train(task, f"{name}-sgd", name, SHAPES[name], CLASSES, scores)
    return name


def task(network: str) -> str:
    return "scans" if network == "unet" else "images"


def expected(network: str, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    metric = "dice" if network == "unet" else "accuracy"
    chosen = models.choose(task(network), f"{network}-sgd", None)
    return models.load(chosen, task(network), metric).predictor.predict(x)


def pixels(network: str, count: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(count).integers(0, 256, (count, *SHAPES[network]), np.uint8)


# Of an MLP and a wide residual network nothing is different, and each takes the exporter a second or more.
@pytest.mark.parametrize("network", ["softmax", "cnn", "resnet", "unet"], indirect=True)
def test_onnx_runtime_gives_the_same_probabilities(project: Path, network: str) -> None:
    export(task(network), "onnx", "model.onnx", cell=f"{network}-sgd")
    onnx.checker.check_model(project / "model.onnx", full_check=True)
    session = onnxruntime.InferenceSession(project / "model.onnx", providers=["CPUExecutionProvider"])
    for count in (1, 3):
        x = pixels(network, count)
        (found,) = session.run([OUTPUT], {INPUT: x})
        np.testing.assert_allclose(found, expected(network, x), rtol=0, atol=TOLERANCE)
    described = session.get_modelmeta().custom_metadata_map
    assert json.loads(described["classes"]) == list(CLASSES)
    assert described["seed"] == "1"
    assert json.loads(described["input"])["shape"] == ["N", *SHAPES[network]]
    K, *rest = expected(network, pixels(network, 1)).shape[1:]
    assert json.loads(described["output"])["shape"] == ["N", K, *rest]


def test_torchscript_gives_the_same_probabilities(project: Path, network: str) -> None:
    export(task(network), "torchscript", "model.pt", cell=f"{network}-sgd")
    files = {"bakeoff.json": ""}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        loaded = torch.jit.load(project / "model.pt", _extra_files=files)
    for count in (1, 3):
        x = pixels(network, count)
        np.testing.assert_array_equal(loaded(torch.from_numpy(x)).detach().numpy(), expected(network, x))
    assert json.loads(json.loads(files["bakeoff.json"])["classes"]) == list(CLASSES)


def test_safetensors_have_the_weights_of_the_seed(project: Path, network: str) -> None:
    export(task(network), "safetensors", "model.safetensors", cell=f"{network}-sgd")
    chosen = models.choose(task(network), f"{network}-sgd", None)
    metric = "dice" if network == "unet" else "accuracy"
    state = models.load(chosen, task(network), metric).predictor.network.state_dict()
    with safe_open(project / "model.safetensors", "pt") as file:
        assert set(file.keys()) == set(state)
        assert all(torch.equal(file.get_tensor(name), value) for name, value in state.items())
        described = file.metadata()
    assert described["model"] == network and described["seed"] == "1"
    # What the file says of its input and output is true of the weights alone.
    takes, gives = json.loads(described["input"]), json.loads(described["output"])
    assert takes["dtype"] == "float32" and takes["meaning"].startswith("pixels divided by 255, 0 to 1")
    assert gives["name"] == "logits" and "softmax" in gives["meaning"]
    content = (project / "model.safetensors").read_bytes()
    stored = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
    assert list(stored) == sorted(stored)  # the library's own order changes from run to run


TORCHSCRIPT = """
import sys
import bakeoff.base.reproducible
from bakeoff.inference.exporting import export
export("images", "torchscript", sys.argv[1], cell="cnn-sgd")
"""


@pytest.mark.parametrize("name", FORMATS)
def test_two_runs_write_the_same_bytes_and_no_path_of_this_machine(
    project: Path, train: Callable[..., None], name: str
) -> None:
    train("images", "cnn-sgd", "cnn", (1, 6, 5), CLASSES, {"0": {"val/accuracy": 0.5}})
    if name == "torchscript":  # a process numbers the classes that it has traced
        command = [sys.executable, "-c", TORCHSCRIPT]
        runs = [subprocess.Popen([*command, file], stderr=subprocess.DEVNULL) for file in ("a", "b")]
        assert [run.wait() for run in runs] == [0, 0]
    else:
        for file in ("a", "b"):
            export("images", name, file, cell="cnn-sgd")
    content = (project / "a").read_bytes()
    assert content == (project / "b").read_bytes()
    assert str(Path(export_formats.__file__).parents[1]).encode() not in content
    if name == "torchscript":
        with zipfile.ZipFile(project / "a") as archive:
            assert not [member for member in archive.namelist() if member.endswith(".debug_pkl")]


@pytest.mark.parametrize("name", ["onnx", "torchscript"])
@pytest.mark.parametrize("wrong", [2 * TOLERANCE, float("nan")])
def test_a_file_with_other_probabilities_is_not_put_in_place(
    project: Path, train: Callable[..., None], monkeypatch: pytest.MonkeyPatch, name: str, wrong: float
) -> None:
    train("images", "softmax-sgd", "softmax", (1, 4, 5), CLASSES, {"0": {"val/accuracy": 0.5}})
    (project / "old").write_bytes(b"before")
    read = FORMATS[name].read
    assert read is not None
    other = Format((), lambda _, __: b"", lambda _: lambda x: expected("softmax", x) + np.float32(wrong))
    monkeypatch.setitem(FORMATS, name, other)
    with pytest.raises(BadInput, match=f"the probabilities of the {name} file differ .* it was not written"):
        export("images", name, "old", cell="softmax-sgd")
    assert (project / "old").read_bytes() == b"before"


@pytest.mark.parametrize("lacking", [("onnx",), ("onnxscript", "onnxruntime")])
def test_missing_libraries_are_named_with_the_command(
    project: Path, monkeypatch: pytest.MonkeyPatch, lacking: tuple[str, ...]
) -> None:
    find = export_formats.importlib.util.find_spec
    monkeypatch.setattr(
        export_formats.importlib.util, "find_spec", lambda name: None if name in lacking else find(name)
    )
    with pytest.raises(BadInput, match=f"needs {' and '.join(lacking)}, .* pip install 'bakeoff\\[export\\]'"):
        export("images", "onnx", "model.onnx", cell="softmax-sgd")
    assert not (project / "model.onnx").exists()


@pytest.mark.parametrize(
    "to", ["models/images/softmax-sgd.safetensors", "models/images/other.onnx", "models", "no/a", ""]
)
def test_places_that_are_refused(project: Path, train: Callable[..., None], to: str) -> None:
    train("images", "softmax-sgd", "softmax", (1, 4, 5), CLASSES, {"0": {"val/accuracy": 0.5}})
    before = (project / "models/images/softmax-sgd.safetensors").read_bytes()
    with pytest.raises(BadInput) as refused:
        export("images", "safetensors", to, cell="softmax-sgd")
    assert "\n" not in str(refused.value)
    assert (project / "models/images/softmax-sgd.safetensors").read_bytes() == before
    assert len(list((project / "models/images").iterdir())) == 2


def test_the_command_offers_the_formats_that_there_are() -> None:
    assert tuple(FORMATS) == command.FORMATS
