"""The README says what the pipeline wrote, and names only what is there."""

import re
from pathlib import Path

import pytest
import torch
from ruamel.yaml import YAML

from bakeoff.optimizers import registry
from bakeoff.optimizers.settings import AdamSettings, check_spaces
from bakeoff.report.pages import embed

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_table_of_results_is_the_one_that_the_pipeline_wrote() -> None:
    results = (ROOT / "reports/results.md").read_text(encoding="utf-8")
    assert embed(README, results) == README, "run `make readme`"


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([^)]+)\)", README))))
def test_each_link_leads_somewhere(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_optimizer_that_is_shown_works() -> None:
    """Adamax's first step is lr sign(g), whatever the size of g, but for epsilon."""
    entry = re.search(r'^    ("adamax": OptimizerSpec\(\n.*?^    \),)$', README, re.MULTILINE | re.DOTALL)
    field, hyperparameters, space = re.findall(r"^    adamax: (.*)$", README, re.MULTILINE)
    assert entry
    spec = eval(f"{{{entry[1]}}}", vars(registry) | {"Adamax": torch.optim.Adamax, "AdamSettings": AdamSettings})[
        "adamax"
    ]
    assert field == spec.settings.__name__
    settings = spec.settings.model_validate(YAML(typ="safe").load(hyperparameters))
    check_spaces([("adamax", settings)], {"adamax": YAML(typ="safe").load(space)})

    theta = torch.nn.Parameter(torch.zeros(3, 2, dtype=torch.float64))
    theta.grad = torch.tensor([[1.0, -2.0], [3.0, -1e3], [1e3, 1.0]], dtype=torch.float64)
    optimizer = spec.build([theta], settings)
    optimizer.step()
    torch.testing.assert_close(theta.detach(), -settings.learning_rate * theta.grad.sign(), rtol=1e-7, atol=0.0)
    kept = [value for value in optimizer.state[theta].values() if value.shape == theta.shape]
    assert len(kept) == spec.state


# `make repro` in text, and an indented line that begins with it.
TARGETS = re.findall(r"(?:`|^    (?:TORCH=cuda )?)make (?:clean )?([a-z]+)", README, re.MULTILINE)


@pytest.mark.parametrize("target", sorted(set(TARGETS)))
def test_each_target_is_in_the_makefile(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
