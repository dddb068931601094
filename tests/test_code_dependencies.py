"""dvc.yaml says of each stage exactly what it imports: too little gives stale results, too much needless reruns."""

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from bakeoff import code_dependencies, params

ROOT = Path(__file__).parents[1]
STAGES = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"]


@pytest.mark.parametrize("name", STAGES)
def test_the_code_dependencies_are_what_the_stage_imports(name: str) -> None:
    assert STAGES[name]["deps"] == code_dependencies.refreshed(STAGES[name], ROOT), "run `make deps`"


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


def test_refreshing_keeps_comments_and_data_dependencies(tmp_path: Path) -> None:
    path = tmp_path / "dvc.yaml"
    path.write_text(
        "# why\nstages:\n  check:\n    cmd: python -m pipeline.compare\n"
        "    deps: [reports/records/images, src/bakeoff/gone.py]\n    params: [comparison]\n"
    )
    code_dependencies.refresh(path)
    text = path.read_text()
    assert text.startswith("# why\n")
    deps = YAML(typ="safe").load(text)["stages"]["check"]["deps"]
    assert deps[0] == "reports/records/images"
    assert "src/bakeoff/gone.py" not in deps
    assert "pipeline/compare.py" in deps
