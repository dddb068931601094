"""dvc.yaml says of each stage exactly what it imports: too little gives stale results, too much needless reruns."""

import json
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from bakeoff.harness import code_dependencies, params

ROOT = Path(__file__).parents[2]
STAGES = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"]


CODE = code_dependencies.digesting(ROOT)


@pytest.mark.parametrize("name", CODE)
def test_the_code_of_a_script_is_what_it_imports(name: str) -> None:
    assert STAGES[name] == CODE[name], "run `make deps`"


@pytest.mark.parametrize("name", [name for name in STAGES if name not in CODE])
def test_a_stage_depends_on_the_code_of_its_script(name: str) -> None:
    assert STAGES[name]["deps"] == code_dependencies.refreshed(STAGES[name]), "run `make deps`"
    assert STAGES[name]["deps"][-1] in {out for stage in CODE.values() for out in stage["outs"]}


@pytest.mark.parametrize(
    "script",
    ["ingest_corpus", "ingest_table", "ingest_images", "ingest_scans", "encode_table", "train_baseline", "compare"],
)
def test_a_new_network_or_optimizer_leaves_the_data_and_their_comparison_as_they_are(script: str) -> None:
    """The gate imports both registries in every stage, and is no dependency of any."""
    registries = ("src/bakeoff/networks/", "src/bakeoff/optimizers/")
    assert [dep for dep in STAGES[f"code_{script}"]["deps"] if dep.startswith(registries)] == []


@pytest.mark.parametrize("name", STAGES)
def test_no_free_text_of_params_reaches_the_shell(name: str) -> None:
    # DVC quotes what stands in a dict, and only there: `${item}` becomes --model 'cnn', `${item.model}` the bare text.
    assert STAGES[name]["cmd"].replace("${item}", "").count("${") == 0


@pytest.mark.parametrize("name", STAGES)
def test_each_stage_says_what_it_makes_of_what(name: str) -> None:
    assert STAGES[name]["desc"]


def test_the_package_stays_empty() -> None:
    # A re-export here would make every stage depend on every file.
    assert (ROOT / "src/bakeoff/__init__.py").stat().st_size == 0


def test_the_editors_schema_is_that_of_the_settings() -> None:
    assert json.loads((ROOT / "params.schema.json").read_text()) == params.schema(), "run `make deps`"


BEFORE = """# why
# Made of (sha256): 0
stages:
  check:
    cmd: python -m pipeline.compare
    deps: [reports/records/images, src/bakeoff/gone.py]
    params: [comparison]  # of all tasks

# how
plots:
  - reports/curves.csv
"""


def test_refreshing_keeps_comments_and_data_dependencies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    path = tmp_path / "dvc.yaml"
    code_dependencies.refresh(path, BEFORE)
    text = path.read_text()
    assert re.match("# why\n# Made of .*: 0\n# All other lines .*: [0-9a-f]{64}\nstages:\n  check:\n", text)
    assert "params: [comparison]  # of all tasks\n\n  # " in text
    assert text.endswith("\n\n# how\nplots:\n  - reports/curves.csv\n")
    stages = YAML(typ="safe").load(text)["stages"]
    assert stages["check"]["deps"] == ["reports/records/images", "reports/code/compare.sha256"]
    assert {name: stage for name, stage in stages.items() if name != "check"} == CODE
    code_dependencies.refresh(path, BEFORE)
    assert path.read_text() == text
