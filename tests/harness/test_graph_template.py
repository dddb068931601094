"""dvc.yaml is what the template says for the data sets and tasks of params.yaml; what else it is, is refused."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bakeoff.base import strict_yaml
from bakeoff.base.settings import BadInput
from bakeoff.harness import graph_template, params
from bakeoff.harness.graph_template import each
from bakeoff.harness.params import Params

ROOT = Path(__file__).parents[2]
TEMPLATE = (ROOT / "pipeline/stages.yaml").read_text(encoding="utf-8")
SHIPPED = strict_yaml.read(ROOT / "params.yaml")

Settings = dict[str, Any]


def stages(settings: Settings, template: str = TEMPLATE) -> dict[str, Any]:
    text = graph_template.expanded(template, Params.model_validate(settings))
    return dict(YAML(typ="safe").load(text)["stages"])


def more() -> Settings:
    """The settings that ship, with a second task on the images, a second table, and a task named like a text."""
    settings = copy.deepcopy(SHIPPED)
    data, tasks = settings["data"], settings["tasks"]
    data["corpus2"] = copy.deepcopy(data["corpus"])
    data["penguins"] = copy.deepcopy(data["table"])
    tasks["digits"] = copy.deepcopy(tasks["images"]) | {"models": ["cnn"], "recipes": []}
    tasks["corpus"] = copy.deepcopy(tasks["table"]) | {"data": "penguins", "recipes": [], "baselines": ["logistic"]}
    return settings


def tables_alone() -> Settings:
    """The settings that ship without images, scans and text."""
    settings = copy.deepcopy(SHIPPED)
    settings["data"] = {"table": settings["data"]["table"]}
    settings["tasks"] = {"table": settings["tasks"]["table"] | {"recipes": [], "baselines": []}}
    settings["embedding"]["corpora"] = []
    settings["online"]["tables"] = []
    settings["tuning"] |= {"studies": {}, "grid": {"levels": {}}}
    settings["tuner_contest"]["methods"] = []
    settings["tuner_contest"]["tables"] = {}
    return settings


def test_two_tasks_on_one_data_set_read_the_same_examples() -> None:
    made = stages(more())
    assert made["train_digits"]["deps"] == made["train_images"]["deps"] == ["data/images/images.npz"]
    assert made["train_digits"]["cmd"] == "python -m pipeline.train_network --task digits ${item}"


def test_a_task_named_like_a_data_set_of_another_kind_reads_its_own() -> None:
    made = stages(more())
    assert made["train_corpus"]["deps"] == ["data/penguins/encoded.npz"]
    assert made["ingest_corpus"]["deps"] == ["data/raw/corpus"]
    assert made["train_baseline_corpus"]["matrix"] == {"baseline": "${tasks.corpus.baselines}"}


def test_where_there_is_nothing_there_is_no_stage_and_no_dependency() -> None:
    made = stages(tables_alone())
    assert made.keys() == {"ingest_table", "encode_table", "train_table", "compare", "report", "track"}
    assert made["compare"]["deps"] == ["data/table/card.json", "reports/records/table"]
    read = {dependency for name in ("report", "track") for dependency in made[name]["deps"]}
    assert not [path for path in read if re.search("images|scans|corpus|embedding|online|tuning|tuner", path)]


@pytest.mark.parametrize(
    ("tasks", "tables", "cards"),
    [
        (["images", "scans"], ["penguins"], ["images", "scans", "penguins"]),
        (["images", "table"], ["table"], ["images", "table"]),
        (["table"], [], ["table"]),
        (["images", "table", "scans"], ["table", "penguins"], ["images", "table", "scans", "penguins"]),
    ],
)
def test_the_report_reads_the_card_of_each_labelled_data_set_once(
    tasks: list[str], tables: list[str], cards: list[str]
) -> None:
    settings = copy.deepcopy(SHIPPED)
    for new, old in (("cifar", "images"), ("penguins", "table")):
        settings["data"][new] = copy.deepcopy(settings["data"][old])
    settings["tasks"] = {name: settings["tasks"][name] for name in tasks}
    settings["online"]["tables"] = tables
    settings["tuning"] |= {"studies": {}, "grid": {"levels": {}}}
    settings["tuner_contest"]["tables"] = {}
    settings["embedding"]["corpora"] = []
    read = stages(settings)["report"]["deps"]
    assert [path for path in read if path.endswith("card.json")] == [f"data/{name}/card.json" for name in cards]


@pytest.mark.parametrize("settings", [SHIPPED, more(), tables_alone()])
def test_the_gate_accepts_what_the_template_knows(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(params, "load", lambda path: settings if path.name == "params.yaml" else strict_yaml.read(path))
    assert params.check(ROOT / "params.yaml", graph=False).data.keys() == settings["data"].keys()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("ingest_<scans>:", "ingest_<scaned>:", "'scaned' is not a list of names; did you mean 'scanned'?"),
        ("# if corpora", "# if corporas", "'corporas' is not a list of names; did you mean 'corpora'?"),
        ("data/<data>/<examples>", "data/<dta>/<examples>", "'- data/<dta>/images.npz' has an unknown placeholder"),
        ("reports/records/<task>\n", "reports/records/<tusk>\n", "'tusk' is not a list of names; did you mean 'task'?"),
    ],
)
def test_a_mistake_in_the_template_is_one_line(old: str, new: str, says: str) -> None:
    assert old in TEMPLATE
    with pytest.raises(BadInput, match=re.escape(f"pipeline/stages.yaml: {says}")):
        stages(SHIPPED, TEMPLATE.replace(old, new))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What the gate reads of a project."""
    for name in ("params.yaml", "dvc.yaml", "pipeline/stages.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "recipes").symlink_to(ROOT / "recipes")
    return tmp_path


def replaced(file: str, old: str, new: str) -> Callable[[Path], object]:
    def edit(project: Path) -> None:
        path = project / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return edit


def settled(settings: Settings) -> Callable[[Path], object]:
    return lambda project: (project / "params.yaml").write_text(json.dumps(settings), encoding="utf-8")


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (
            settled(more()),
            "dvc.yaml has no stage ingest_corpus2, ingest_penguins, encode_penguins, train_digits",
        ),
        (settled(tables_alone()), "dvc.yaml has the stage ingest_corpus, ingest_images, ingest_scans, train_embedding"),
        (replaced("params.yaml", "data: images  ", "data: photographs  "), "tasks.images.data is 'photographs'"),
        (
            replaced("pipeline/stages.yaml", "text to word ids", "from text to word ids"),
            "dvc.yaml is older than its temp",
        ),
        (
            replaced("dvc.yaml", "--task images", "--task table"),
            "dvc.yaml was edited by hand; put the change into pipeline",
        ),
        (replaced("dvc.yaml", "stages:\n", "stages:\n  own: {cmd: 'true'}\n"), "dvc.yaml was edited by hand"),
    ],
)
def test_a_graph_that_does_not_fit_is_refused(project: Path, edit: Callable[[Path], object], says: str) -> None:
    params.check(project / "params.yaml")
    edit(project)
    with pytest.raises(BadInput, match=re.escape(says)):
        params.check(project / "params.yaml")


def test_a_network_that_is_added_to_a_list_needs_no_new_graph(project: Path) -> None:
    settings = copy.deepcopy(SHIPPED)
    settings["tasks"]["images"]["models"].append("resnet")
    settings["tasks"]["table"]["optimizers"].append("lion")
    settled(settings)(project)
    params.check(project / "params.yaml")


def test_what_trains_is_restored_by_dvc_when_a_setting_is_set_back() -> None:
    """DVC remembers the runs of a stage only if its cache keeps all outputs; metrics and plots alone may be outside."""
    outside = {
        name
        for name, stage in stages(more()).items()
        for out in stage.get("outs", [])
        if isinstance(out, dict) and any(options.get("cache") is False for options in out.values())
    }
    assert outside == {"compare", "report", "track"}  # a few seconds each


def test_a_stage_lists_each_optimizer_of_its_study_and_names_them_in_one_line() -> None:
    assert each("      - optimizers.<optimizer>.defaults", ["adam", "sgd"]).split("\n") == [
        "      - optimizers.adam.defaults",
        "      - optimizers.sgd.defaults",
    ]
    assert each("    desc: under <optimizer>", ["adam", "sgd"]) == "    desc: under adam or sgd"
    assert each("      - budget", ["adam", "sgd"]) == "      - budget"


def test_a_study_depends_on_its_recipe_only_where_it_starts_from_it() -> None:
    settings = copy.deepcopy(SHIPPED)
    before = stages(SHIPPED)["tune_cnn"]
    settings["tuning"]["studies"]["cnn"] |= {"start": "recipe", "optimizer": "adamw"}
    made = stages(settings)
    elsewhere = {"networks.cnn", "optimizers.adam.defaults", "tasks.images.training"}
    assert made["tune_cnn"]["params"] == [
        *(key for key in before["params"] if key not in elsewhere),
        {"recipes/images/cnn.yaml": None},
    ]
    assert elsewhere < {*before["params"]}
    assert {name: stage for name, stage in made.items() if name != "tune_cnn"} == {
        name: stage for name, stage in stages(SHIPPED).items() if name != "tune_cnn"
    }


def test_a_study_of_word_vectors_depends_on_its_text_and_settings_alone() -> None:
    settings = more()
    settings["data"]["corpus2"] = copy.deepcopy(settings["data"]["corpus"])
    settings["embedding"]["corpora"] = ["corpus"]
    unlike = ("task", "model", "optimizer", "start")
    study = {name: value for name, value in settings["tuning"]["studies"]["cnn"].items() if name not in unlike}
    space = {"embedding.learning_rate": {"low": 0.01, "high": 0.1, "scale": "log"}}
    study |= {"corpus": "corpus2", "architecture": "cbow", "objective": "loss", "fixed": {}, "space": space}
    settings["tuning"]["studies"] = {"vectors": study, "unused": study | {"methods": []}}
    settings["tuning"]["grid"]["levels"] = {}
    settings["tuner_contest"]["tables"] = {}
    made = stages(settings)
    assert [name for name in made if name.startswith("tune_")] == ["tune_vectors"]
    tune = made["tune_vectors"]
    assert tune["cmd"] == "python -m pipeline.tune_embedding --study vectors ${item}"
    assert tune["desc"] == "${item.method} search of the settings of cbow on corpus2"
    assert tune["deps"] == ["data/corpus2/tokens.npy", "data/corpus2/vocabulary.csv"]
    assert "embedding.word2vec" in tune["params"] and "tuning.studies.vectors" in tune["params"]
    assert not [key for key in tune["params"] if key.startswith(("tasks", "networks", "optimizers"))]
    assert "reports/records/tuning" in made["compare"]["deps"]
    assert {"data/corpus/card.json", "data/corpus2/card.json"} <= set(made["report"]["deps"])
