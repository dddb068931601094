"""The optimizers and the network that docs/optimizers-and-networks.md adds: each is one file, a name and settings.

They are added to a copy of the project, where another process checks the settings, reads the graph and trains.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/optimizers-and-networks.md").read_text(encoding="utf-8")
MODULE = re.compile(r"^```python\n# (src/bakeoff/(\w+)/(\w+)\.py)\n((?s:.*?))^```$", re.MULTILINE)
SETTINGS = re.compile(r"^```yaml\n((?s:.*?))^```$", re.MULTILINE)
COPIED = ("src/bakeoff", "pipeline", "recipes", "params.yaml", "dvc.yaml", "data/raw", ".dvc/config", ".dvcignore")

# Runs in the copy. Weights of 0 and gradients of some size: a first step shows the rule.
WORK = """
import json
import sys

from bakeoff.harness.params import check

params = check()
heavy = sorted({"dvc", "mlflow", "pandas", "scipy", "sklearn", "torch"} & set(sys.modules))

from bakeoff.harness.dvc_graph import load

stages = [stage.name for stage in load(judge=False)]

import torch
from bakeoff.data.examples import Examples, Split
from bakeoff.networks.registry import NETWORKS
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.training.job import Job
from bakeoff.training.settings import plain
from bakeoff.training.supervised import Classification

steps, kept = {}, {}
for name in ("signum", "adamax"):
    theta = torch.nn.Parameter(torch.zeros(3, 2, dtype=torch.float64))
    theta.grad = torch.tensor([[1.0, -2.0], [3.0, -1e3], [1e3, 1.0]], dtype=torch.float64)
    optimizer = OPTIMIZERS[name].build([theta], getattr(params.optimizers, name).defaults)
    optimizer.step()
    steps[name] = (theta.detach() / theta.grad.sign()).flatten().tolist()
    kept[name] = sum(torch.is_tensor(value) and value.shape == theta.shape for value in optimizer.state[theta].values())

draw = torch.Generator().manual_seed(0)
x = torch.rand(90, 5, generator=draw)
split = Split(x.numpy(), (x.sum(1) > 2.5).to(torch.uint8).numpy())
loop = plain(4, 10).model_copy(update={"evaluations": 4})
workload = Classification(Examples(split, split, split, ("low", "high")), loop, torch.device("cpu"))
spec, network = NETWORKS["residual_mlp"], params.networks.residual_mlp
losses = {}
for name in ("signum", "adamax"):
    job = Job(
        workload,
        lambda generator: spec.build(network, workload.shape, 2, generator),
        name,
        getattr(params.optimizers, name).defaults.model_copy(update={"learning_rate": 1e-3}),
        loop,
        0,
    )
    losses[name] = [row["val_subset/loss"] for row in job.start().fit().history]
image = spec.build(network, (3, 4, 5), 7, draw)(torch.rand(2, 3, 4, 5))
print(json.dumps([heavy, stages, steps, kept, losses, list(image.shape)]))
"""


def added(project: Path) -> None:
    """Add the files and the lines of the page to a copy of the project."""
    for path, package, name, code in MODULE.findall(PAGE):
        (project / path).write_text(code, encoding="utf-8")
        registry = project / f"src/bakeoff/{package}/registry.py"
        text = registry.read_text(encoding="utf-8")
        for opening in (f"from bakeoff.{package} import (\n", "MODULES: tuple[ModuleType, ...] = (\n"):
            assert text.count(opening) == 1
            text = text.replace(opening, f"{opening}    {name},\n")
        registry.write_text(text, encoding="utf-8")


def configured(project: Path) -> None:
    """Merge the settings of the page into params.yaml, and train what is new on the table."""
    yaml = YAML()
    settings = yaml.load((project / "params.yaml").read_text(encoding="utf-8"))
    for block in SETTINGS.findall(PAGE):
        for section, entries in YAML(typ="safe").load(block).items():
            settings[section].update(entries)
    task = settings["tasks"]["table"]
    task["models"].append("residual_mlp")
    for budget in settings["budgets"].values():
        budget["contest"]["finals"]["residual_mlp"] = 3
    task["optimizers"].extend(["signum", "adamax"])
    with (project / "params.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(settings, file)


def copy_of_the_project(folder: Path) -> Path:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *COPIED],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    (folder / "reports").mkdir()
    (folder / "reports/costs.json").write_text('{"processor": "none", "seconds": {}}')
    (folder / ".dvc/config.local").write_text("[core]\n    no_scm = true\n")
    return folder


def work(project: Path, script: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"PYTHONPATH": str(project / "src")}
    return subprocess.run([sys.executable, "-c", script], cwd=project, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    project = copy_of_the_project(tmp_path_factory.mktemp("project"))
    added(project)
    configured(project)
    done = work(project, WORK)
    assert done.returncode == 0, done.stderr[-3000:]
    names = ("heavy modules", "stages", "steps", "kept", "losses", "shape")
    return dict(zip(names, json.loads(done.stdout), strict=True))


def test_the_page_shows_three_files() -> None:
    assert [name for _, _, name, _ in MODULE.findall(PAGE)] == ["signum", "adamax", "residual_mlp"]


def test_the_gate_reads_their_settings_without_modules_that_take_long_to_import(shown: Mapping[str, Any]) -> None:
    """Every stage and engine reads params.yaml; scipy.stats alone would add a second to each of them."""
    assert shown["heavy modules"] == []


def test_the_graph_has_their_stages(shown: Mapping[str, Any]) -> None:
    new = {"train_table@residual_mlp-signum", "train_table@mlp-adamax", "train_table@residual_mlp-sgd"}
    assert new <= set(shown["stages"])


def test_first_steps_follow_the_formulas_shown(shown: Mapping[str, Any]) -> None:
    """Both rules first step by lr sign(g), whatever the size of g, but for Adamax's epsilon."""
    assert shown["steps"] == {"signum": [pytest.approx(-1e-4)] * 6, "adamax": [pytest.approx(-2e-3, rel=1e-7)] * 6}


def test_they_keep_as_much_state_as_they_say(shown: Mapping[str, Any]) -> None:
    assert shown["kept"] == {"signum": 1, "adamax": 2}


def test_they_train(shown: Mapping[str, Any]) -> None:
    for losses in shown["losses"].values():
        assert len(losses) == 4 and losses == sorted(losses, reverse=True)
    assert shown["shape"] == [2, 7]
