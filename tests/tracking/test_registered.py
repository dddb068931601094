"""Registered models take raw rows and pictures: loaded by MLflow, served by it, and from the command line."""

import base64
import csv
import io
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
import small_networks
import torch
from mlflow import MlflowClient
from PIL import Image
from safetensors.torch import save_file

from bakeoff.base import paths, settings
from bakeoff.base.provenance import sha256
from bakeoff.base.record import Record, Run
from bakeoff.base.settings import BadInput
from bakeoff.commands.tracking import end
from bakeoff.data.encoding.encoder import Encoder
from bakeoff.data.examples import Examples, Split
from bakeoff.data.limits import Limits
from bakeoff.inference.predict import predict, predict_registered
from bakeoff.inference.registered import ORIGIN, PictureSettings, RawPredictor
from bakeoff.networks.registry import NETWORKS
from bakeoff.tracking import champion, owner, runs, sync
from bakeoff.tracking.fetched import fetch
from bakeoff.tracking.location import located
from bakeoff.tracking.predictor import NETWORK
from bakeoff.tracking.store import experiment, opened

ROOT = Path(__file__).parents[2]
SHAPE, CLASSES = (1, 4, 5), ("a", "b", "c")
TISSUE = ("background", "grey", "white")  # of the scans in params.yaml
ENCODER = {
    "version": 2,
    "reading": {
        "separator": ",",
        "decimal": ".",
        "thousands": None,
        "encoding": "utf-8",
        "date_order": None,
        "missing": ["NA"],
        "numbers": [],
        "times": None,
    },
    "numeric": {"temp": {"missing": 0.0, "center": 5.0, "width": 10.0, "decimals": 1}},
    "one_hot": {"month": {"known": ["1", "2"], "rare": [], "missing": "unseen"}},
    "hashed": {},
    "unseen": "other",
    "maximum_unseen": 0.5,
    "columns": ["temp", "month=1", "month=2", "month=other"],
}
ROWS = pd.DataFrame({"temp": [10, -3, 20], "month": [1, 2, 7], "note": ["x", "y", "z"]})


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project whose champions of images, of the table and of scans are registered."""
    folder = tmp_path_factory.mktemp("my project")
    before = Path.cwd()
    os.chdir(folder)
    Path("params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    with opened(located()) as client:
        register(client, "images", "images.npz", SHAPE)
        Path("data/table").mkdir(parents=True)
        Encoder.model_validate(ENCODER).save(Path(paths.encoder("table")))
        register(client, "table", "encoded.npz", (4,))
        register(client, "scans", "scans.npz", (1, 8, 6))
    yield folder
    os.chdir(before)


def register(client: MlflowClient, task: str, file: str, shape: tuple[int, ...]) -> None:
    """Register a network of fixed weights, whose cards say what a training says."""
    generator = np.random.default_rng(0)
    x = generator.integers(0, 256, (6, *shape), np.uint8)
    if len(shape) == 1:
        x = np.array([[0.5, 1, 0, 0]] * 6, np.float32)
    y = np.arange(6, dtype=np.uint8) % 3
    split = Split(x, np.broadcast_to(y[:, np.newaxis, np.newaxis], (6, *shape[1:])).copy() if task == "scans" else y)
    data = Path(f"data/{task}/{file}")
    data.parent.mkdir(parents=True, exist_ok=True)
    names = TISSUE if task == "scans" else CLASSES
    Examples(split, split, split, names).save(data)
    model = "unet" if task == "scans" else "softmax"
    asked: dict[str, Any] = small_networks.UNET if task == "scans" else {"initial_sigma": 1.0}
    network = NETWORKS[model].build(
        NETWORKS[model].settings.model_validate(asked), shape, 3, torch.Generator().manual_seed(len(shape))
    )
    if task == "scans":  # as it is initialised, a U-Net gives all pixels one class
        chance = torch.Generator().manual_seed(0)
        network.load_state_dict(
            {
                name: torch.randn(value.shape, generator=chance) if value.ndim == 4 else value
                for name, value in network.state_dict().items()
            }
        )
    weights = Path(paths.weights(task, f"{model}-adam"))
    weights.parent.mkdir(parents=True)
    save_file({f"s0.{name}": value.contiguous() for name, value in network.state_dict().items()}, weights)
    card = {"network": asked, "shape": shape, "classes": names, "data": {str(data): sha256(data)}}
    Path(paths.card(task, f"{model}-adam")).write_text(json.dumps(card | {"seeds": {"0": {"test/accuracy": 0.5}}}))
    parameters = {"task": task, "data": str(data), "model": model, "optimizer": "adam", "seed": 0, "role": "final"}
    run = Run(f"{model}-adam-s0", parameters, {"test/accuracy": 0.5}, [])
    stage = f"train_{task}@{model}-adam"
    made = Record(stage, task, "d" * 64, {f"networks.{model}": asked}, {str(data): sha256(data)}, "c", [run])
    (entry,) = runs.entries(made, 0)
    place, whose = experiment(client, located(), task), owner.current()
    from bakeoff.tracking.run_table import runs_of

    runs.store_entries(client, runs_of(client, located().database), place, [entry], whose)
    limits = settings.validate(settings.load(), "limits", Limits)
    pictures = PictureSettings(colour="grey", resize=None, bits=None, limits=limits)
    if task == "scans":
        pictures = sync.prepared(str(data), partial(settings.validate, settings.load()), "scans")
    champion.register(client, place, entry, whose, pictures)


def picture(seed: int = 1, height: int = 4) -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, 5), np.uint8)).save(content, "PNG")
    return content.getvalue()


def scan(seed: int) -> bytes:
    """A picture larger than `data.scans.resize`, a half, makes it."""
    content = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (16, 12), np.uint8)).save(content, "PNG")
    return content.getvalue()


def lines(path: str) -> list[list[str]]:
    return list(csv.reader(Path(path).read_text(encoding="utf-8").splitlines()))


def written(frame: pd.DataFrame) -> list[list[str]]:
    """Return a prediction as `bakeoff predict` writes it, without the names of the rows."""
    rows = [[row[0], *(f"{value:.6g}" for value in row[1:])] for row in frame.itertuples(index=False)]
    return [list(frame), *rows]


def loaded(task: str) -> Any:
    with opened(located()):
        return mlflow.pyfunc.load_model(f"models:/{task}@champion")


@pytest.mark.usefixtures("project")
class TestLoaded:
    @pytest.mark.parametrize("text", [False, True], ids=["bytes", "base64"])
    def test_pictures(self, tmp_path: Path, text: bool) -> None:
        contents: list[Any] = [picture(1), picture(2)]
        Path("pictures").mkdir(exist_ok=True)
        for place, content in enumerate(contents):
            Path(f"pictures/{place}.png").write_bytes(content)
        predict("images", "pictures", "out.csv", cell="softmax-adam")
        # A server decodes base64 before the model sees it; code may give it texts.
        model = RawPredictor(fetch("models:/images@champion", tmp_path)) if text else loaded("images")
        given = [base64.b64encode(content).decode() for content in contents] if text else contents
        said = written(model.predict(pd.DataFrame({"picture": given})))
        assert said == [row[1:] for row in lines("out.csv")]

    def test_scans_become_the_files_of_their_masks(self, tmp_path: Path) -> None:
        pages = io.BytesIO()
        one, two = (Image.open(io.BytesIO(scan(seed))) for seed in (3, 4))
        one.save(pages, "TIFF", save_all=True, append_images=[two])
        Path("scans").mkdir(exist_ok=True)
        contents = {"a.png": scan(1), "b.png": scan(2), "c.tif": pages.getvalue()}
        for name, content in contents.items():
            Path(f"scans/{name}").write_bytes(content)
        predict("scans", "scans", "masks", cell="unet-adam")
        expected = [Path(f"masks/{name}").read_bytes() for name in contents]
        assert len(set(expected)) == 3 and len(np.unique(np.array(Image.open("masks/a.png")))) > 1
        assert list(loaded("scans").predict(pd.DataFrame({"picture": list(contents.values())}))["mask"]) == expected
        model = RawPredictor(fetch("models:/scans@champion", tmp_path))
        texts = [base64.b64encode(content).decode() for content in contents.values()]
        assert list(model.predict(pd.DataFrame({"picture": texts}))["mask"]) == expected
        with pytest.raises(BadInput, match="row 2: the file is not a picture"):
            model.predict(pd.DataFrame({"picture": [scan(1), b"no picture"]}))

    @pytest.mark.parametrize("kind", [int, float, str])
    def test_rows(self, kind: type) -> None:
        ROWS.to_csv("rows.csv", index=False)
        predict("table", "rows.csv", "out.csv", cell="softmax-adam")
        said = loaded("table").predict(ROWS[["temp", "month"]].astype({"month": kind}))
        assert written(said) == [row[1:] for row in lines("out.csv")]

    @pytest.mark.parametrize("task", ["images", "table", "scans"])
    def test_the_input_example_fits_the_signature(self, task: str) -> None:
        model = loaded(task)
        example = model.input_example
        assert list(example) == model.metadata.signature.inputs.input_names()
        answers = ["mask"] if task == "scans" else ["predicted", *(f"probability.{name}" for name in CLASSES)]
        assert list(model.predict(example)) == answers == model.metadata.signature.outputs.input_names()

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"no picture", "row 2: the file is not a picture"),
            (b"", "row 2: the file is empty"),
            (picture(height=9), "row 2: invalid size 9 x 5"),
            ("no base64!", "row 2: invalid base64 text: expected the encoded bytes"),
            (picture()[:60], "row 2: the picture is damaged"),
        ],
        ids=["text", "empty", "size", "base64", "damaged"],
    )
    def test_pictures_that_are_refused(self, tmp_path: Path, content: Any, message: str) -> None:
        model = RawPredictor(fetch("models:/images@champion", tmp_path))
        with pytest.raises(BadInput, match=message):
            model.predict(pd.DataFrame({"picture": [picture(), content]}))


@pytest.mark.usefixtures("project")
class TestCommand:
    def test_pictures_and_rows_as_by_the_same_network(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("one.png").write_bytes(picture())
        ROWS.to_csv("rows.csv", index=False)
        for task, source in (("images", "one.png"), ("table", "rows.csv")):
            predict(task, source, "local.csv", cell="softmax-adam")
            capsys.readouterr()
            assert predict_registered(task, source, "registered.csv", f"models:/{task}@champion") == 0
            assert Path("local.csv").read_bytes() == Path("registered.csv").read_bytes()
            assert f"{task} by softmax-adam, seed 0" in capsys.readouterr().err

    def test_masks_as_by_the_same_network(self) -> None:
        Path("one scan.png").write_bytes(scan(5))
        predict("scans", "one scan.png", "local.png", cell="unet-adam")
        assert predict_registered("scans", "one scan.png", "registered.png", "models:/scans@champion") == 0
        assert Path("local.png").read_bytes() == Path("registered.png").read_bytes()

    @pytest.mark.parametrize(
        ("task", "uri", "message"),
        [
            ("images", "images@champion", "is not the address of a model"),
            ("images", "runs:/0/model", "is not the address of a model"),
            ("images", "models:/none@champion", "has no model"),
            ("images", "models:/images@other", "has no model"),
            ("images", "models:/images/7", "has no model"),
            ("images", "models:/table@champion", "is for the task 'table'"),
        ],
    )
    def test_models_that_are_refused(self, task: str, uri: str, message: str) -> None:
        Path("one.png").write_bytes(picture())
        with pytest.raises(BadInput, match=message) as refused:
            predict_registered(task, "one.png", "refused.csv", uri)
        assert "\n" not in str(refused.value) and not Path("refused.csv").exists()


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(("file", "content"), [(ORIGIN, {"task": "images"}), (NETWORK, {"model": "perceptron"})])
def test_another_versions_model_is_refused_in_one_line(file: str, content: dict[str, str], tmp_path: Path) -> None:
    folder = fetch("models:/images@champion", tmp_path)
    (folder / file).write_text(json.dumps(content))
    with pytest.raises(BadInput, match=f"^{file} .*of the registered model: is damaged, or another version") as refused:
        RawPredictor(folder)
    assert "\n" not in str(refused.value)


def test_a_server_that_does_not_answer_is_no_missing_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")  # no one listens there
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(BadInput) as refused:
        fetch("models:/images@champion", tmp_path)
    assert "127.0.0.1:9" in str(refused.value) and "has no model" not in str(refused.value)


@contextmanager
def served(task: str) -> Iterator[str]:
    """Serve a champion on a free port, as long as the block lasts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", f"models:/{task}@champion"]
    command += ["--env-manager", "local", "--port", str(port), "--workers", "1"]
    environment = os.environ | {"MLFLOW_TRACKING_URI": located().uri, "MLFLOW_DISABLE_TELEMETRY": "true"}
    environment |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    with Path("serve.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"{address}/ping", timeout=5):
                    break
            except OSError:
                assert server.poll() is None and time.monotonic() < deadline, Path("serve.log").read_text()
                time.sleep(0.1)
        yield address
    finally:
        end(server)


def asked(address: str, document: Any) -> Any:
    request = urllib.request.Request(
        f"{address}/invocations", json.dumps(document).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["predictions"]


@pytest.mark.usefixtures("project")
def test_a_served_model_answers_and_refuses_what_it_cannot_read() -> None:
    ROWS.to_csv("rows.csv", index=False)
    predict("table", "rows.csv", "out.csv", cell="softmax-adam")
    header, *expected = lines("out.csv")
    with served("table") as address:
        rows = [{"temp": 10, "month": "1"}, {"temp": -3.0, "month": "2"}, {"temp": 20, "month": None}]
        said = asked(address, {"dataframe_records": rows[:2]})
        assert [[one["predicted"], *(f"{one[name]:.6g}" for name in header[2:])] for one in said] == [
            row[1:] for row in expected[:2]
        ]
        assert len(asked(address, {"dataframe_records": rows})) == 3
        with pytest.raises(urllib.error.HTTPError) as refused:
            asked(address, {"dataframe_records": [{"temp": "warm", "month": "1"}]})
        with refused.value as answer:
            assert answer.code in (400, 500) and "expected a number" in answer.read().decode()
