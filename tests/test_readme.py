"""README and docs: their commands parse, their settings are accepted, and their links, targets, keys and files exist.

Every fenced block names its language, by which it is checked; a block of `text` is output, and is not.
"""

import json
import re
import runpy
import shlex
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ruamel.yaml import YAML

from bakeoff.base.settings import BadInput
from bakeoff.commands import cli
from bakeoff.data.encoding.settings import TableData
from bakeoff.data.sources.find import Found
from bakeoff.data.table import ingest
from bakeoff.harness import stage
from bakeoff.harness.params import check
from bakeoff.report.pages import embed

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "data/raw/README.md"])
}
FENCE = re.compile(r"^```(.*)\n((?s:.*?))^```$", re.MULTILINE)
LANGUAGES = {"bash", "yaml", "python", "mermaid", "text"}
PARAMS: dict[str, Any] = YAML(typ="safe").load((ROOT / "params.yaml").read_text(encoding="utf-8"))
STAGES: dict[str, Any] = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


class Shown(NamedTuple):
    """A piece of a page, and the page."""

    page: str
    text: str


def blocks(language: str) -> list[Shown]:
    return [Shown(page, body) for page, text in PAGES.items() for name, body in FENCE.findall(text) if name == language]


def prose(text: str) -> str:
    """Return a page without its blocks."""
    return FENCE.sub("", text)


def spans() -> list[Shown]:
    """Return what stands in backticks, once a page."""
    found = {Shown(page, span) for page, text in PAGES.items() for span in re.findall(r"`([^`\n]+)`", prose(text))}
    return sorted(found)


def cases(pieces: list[Shown]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("shown", pieces, ids=[f"{shown.page}: {shown.text}" for shown in pieces])


# README itself


def test_the_table_of_results_is_the_one_that_the_pipeline_wrote() -> None:
    results = (ROOT / "reports/results.md").read_text(encoding="utf-8")
    assert embed(README, results) == README, "run `make readme`"


def test_the_methods_of_search_have_the_numbers_of_the_report() -> None:
    """docs/tuning.md repeats a table of reports/report.md."""
    _, _, section = (ROOT / "docs/tuning.md").read_text(encoding="utf-8").partition("## Compare the methods\n")
    section, _, _ = section.partition("\n## ")
    rows = [line.replace("`", "") for line in section.splitlines() if re.match(r"\| `\w+` \| [0-9.]+ \(", line)]
    report = (ROOT / "reports/report.md").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 6
    assert [row for row in rows if row not in report] == []


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 110, "move details into docs/"


def test_every_page_of_docs_is_linked_from_the_readme() -> None:
    missing = [page for page in PAGES if page.startswith("docs/") and f"]({page}" not in README]
    assert missing == []


def test_the_graph_that_is_drawn_is_the_graph() -> None:
    """The drawing has every stage but those that digest code, only edges of dvc.yaml, and all paths between stages."""
    (drawing,) = [text for page, text in blocks("mermaid") if page == "README.md"]
    drawn: set[tuple[str, str]] = set()
    for line in drawing.splitlines()[1:]:
        groups = [group.split(" & ") for group in line.strip().split(" --> ")]
        drawn |= {(a, b) for before, after in pairwise(groups) for a in before for b in after}
    edges = set(dependencies())
    assert drawn <= edges
    assert closure(drawn) == closure(edges)
    assert {name for edge in drawn for name in edge} == {name for name in STAGES if not name.startswith("code_")}


def dependencies() -> Iterator[tuple[str, str]]:
    """Yield (A, B) where stage B of dvc.yaml reads what stage A writes; a template counts by what precedes its item."""
    for reader, stage_ in STAGES.items():
        for writer, other in STAGES.items():
            if not reader.startswith("code_") and not writer.startswith("code_") and reads(stage_, other):
                yield writer, reader


def reads(reader: Mapping[str, Any], writer: Mapping[str, Any]) -> bool:
    written = [
        next(iter(out)) if isinstance(out, dict) else out for out in [*writer["outs"], *writer.get("metrics", [])]
    ]
    starts = [path.partition("${")[0] for path in written]
    return any(
        Path(start).is_relative_to(dep) or pattern(dep).fullmatch(start)
        for start in starts
        for dep in reader.get("deps", [])
    )


def pattern(path: str) -> re.Pattern[str]:
    """Return what the path of a template may become."""
    return re.compile("[^/]+".join(map(re.escape, re.split(r"\$\{.*?\}", path))))


def closure(edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
    more = edges | {(a, d) for a, b in edges for c, d in edges if b == c}
    return more if more == edges else closure(more)


# Links


LINKS = sorted(
    Shown(page, link) for page, text in PAGES.items() for link in set(re.findall(r"\]\(([^)]+)\)", prose(text)))
)


@cases([link for link in LINKS if not link.text.startswith("https://")])
def test_each_link_leads_somewhere(shown: Shown) -> None:
    path, _, anchor = shown.text.partition("#")
    page = ROOT / shown.page
    target = page.parent / path if path else page
    assert target.exists()
    if anchor:
        assert anchor in anchors(target.read_text(encoding="utf-8"))


def anchors(markdown: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", markdown), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# Names in backticks


KEY = re.compile(rf"(?:{'|'.join(PARAMS)})(?:\.\w+)+")


@cases([span for span in spans() if KEY.fullmatch(span.text) and not span.text.endswith((".html", ".json"))])
def test_each_dotted_key_is_in_params_yaml(shown: Shown) -> None:
    section = PARAMS
    for name in shown.text.split("."):
        assert name in section
        section = section[name]


def keys(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        yield from document
        for value in document.values():
            yield from keys(value)
    elif isinstance(document, list):
        for item in document:
            yield from keys(item)


RECIPE = YAML(typ="safe").load((ROOT / "recipes/images/cnn.yaml").read_text(encoding="utf-8"))
SCHEMA = json.loads((ROOT / "params.schema.json").read_text(encoding="utf-8"))["$defs"]
HALVING = SCHEMA["HalvingSettings"]["properties"]  # in params.yaml it is null
NAMES = {*keys(PARAMS), *keys(RECIPE), *keys(STAGES), *HALVING} | {"meta"}  # `meta` is a dictionary of one stage


@cases([span for span in spans() if re.fullmatch(r"\w+: \S.*", span.text) and not span.text.startswith("error")])
def test_each_setting_shown_has_a_key_of_params_yaml(shown: Shown) -> None:
    assert shown.text.partition(":")[0] in NAMES


@cases([span for span in spans() if re.fullmatch(r"(ingest|encode|train|code)_[a-z_]*[a-z]", span.text)])
def test_each_stage_is_in_dvc_yaml(shown: Shown) -> None:
    assert shown.text in STAGES


@cases(
    [
        span
        for span in spans()
        if re.match(r"(src|pipeline|tests|benchmarks|docs|profiles|\.github)/[^A-Z]*$", span.text)
    ]
)
def test_each_file_named_is_there(shown: Shown) -> None:
    assert (ROOT / shown.text).exists()


# Blocks


def test_each_block_names_its_language() -> None:
    unknown = {(page, name) for page, text in PAGES.items() for name, _ in FENCE.findall(text) if name not in LANGUAGES}
    assert unknown == set()
    indented = {page for page, text in PAGES.items() if re.search(r"^\n    \S", prose(text), re.MULTILINE)}
    assert indented == set(), "a block without a fence is not checked"


def merged(base: Any, change: Any) -> Any:
    if isinstance(base, dict) and isinstance(change, dict):
        return base | {key: merged(base.get(key), value) for key, value in change.items()}
    return change


def of_params(block: Shown) -> bool:
    """Return whether a block shows a part of params.yaml; test_own_modules.py has those with modules of one's own."""
    if block.page == "docs/optimizers-and-networks.md":
        return False
    return all(change.keys() <= PARAMS.keys() for change in YAML(typ="safe").load_all(block.text))


SETTINGS = [block for block in blocks("yaml") if of_params(block)]


@cases(SETTINGS)
def test_params_yaml_with_the_settings_shown_is_accepted(shown: Shown, tmp_path: Path) -> None:
    for change in YAML(typ="safe").load_all(shown.text):
        YAML(typ="safe").dump(merged(PARAMS, change), tmp_path / "params.yaml")
        check(tmp_path / "params.yaml")


def test_every_block_of_settings_is_checked() -> None:
    others = {block.page for block in blocks("yaml") if block not in SETTINGS}
    assert others == {"docs/optimizers-and-networks.md"}


def test_the_refusal_shown_is_the_one_that_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = PARAMS["tasks"]["images"]
    training = dict(images["training"])
    training["epoch"] = training.pop("epochs")
    monkeypatch.chdir(tmp_path)
    tasks = PARAMS["tasks"] | {"images": images | {"training": training}}
    YAML(typ="safe").dump(PARAMS | {"tasks": tasks}, Path("params.yaml"))
    with pytest.raises(BadInput) as refused:
        check()
    for page in ("README.md", "docs/getting-started.md"):
        assert f"```text\nerror: {refused.value}\n```" in PAGES[page]


HOUSES = [f"{30 + i},{i},{('Rome', 'Oslo')[i % 2]},{80 + i}" for i in range(40)]


def ingested(lines: list[str], folder: Path) -> None:
    """Ingest a table with the settings for a user's own that README shows.

    Raises:
        BadInput: it is refused.
    """
    (shown,) = [block for block in SETTINGS if block.page == "README.md"]
    settings = merged(PARAMS, YAML(typ="safe").load(shown.text))["data"]["table"]
    path = folder / "my.csv"
    path.write_text("\n".join(["size,age,city,price", *lines]) + "\n", encoding="utf-8")
    found = Found(settings["source"], None, {"data": path})
    with ingest.ingested(found, TableData.model_validate(settings), lambda _: None) as table:
        table.save(folder / "table.parquet")


def test_own_data_with_the_settings_shown_are_ingested(tmp_path: Path) -> None:
    ingested(HOUSES, tmp_path)
    assert (tmp_path / "table.parquet").exists()


@pytest.mark.parametrize(
    "lines", [[HOUSES[0], "40,3,Oslo", "40,3,Oslo,90,1"], [*HOUSES[:2], "40,n/a,Oslo,140"]], ids=["fields", "number"]
)
def test_the_refusals_of_own_data_shown_are_those_that_come(lines: list[str], tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        ingested([*lines, *HOUSES], tmp_path)
    (shown,) = [text for page, text in blocks("text") if page == "docs/own-data.md" and "error: " in text]
    assert f"error: {refused.value} " in " ".join([*shown.split(), ""])


# Commands


def commands(script: str) -> Iterator[list[str]]:
    """Yield the commands of a script, word by word, without comments, variables set before them, and redirections."""
    for line in script.replace("\\\n", " ").splitlines():
        words = shlex.shlex(line, posix=True, punctuation_chars=True)
        words.whitespace_split = True
        command: list[str] = []
        for word in [*words, ";"]:
            if word in {"|", "&&", ";"}:
                while command and re.fullmatch(r"[A-Z_]+=.*", command[0]):
                    del command[0]
                if command:
                    yield re.sub(r" [<>] \S+", "", " ".join(command)).split(" ")
                command = []
            else:
                command.append(word)


def make(arguments: list[str]) -> None:
    targets = [word for word in arguments if "=" not in word]
    known = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(targets) <= set(known)


class Parsed(Exception):
    """The arguments are accepted."""


def bakeoff(arguments: list[str]) -> None:
    """Parse by the command's own parser, and do nothing."""
    parse_args = cli.Parser.parse_args

    def parse(parser: cli.Parser) -> None:
        parse_args(parser)
        raise Parsed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["bakeoff", *arguments])
        patch.setattr(cli.Parser, "parse_args", parse)
        with pytest.raises((Parsed, SystemExit)) as done:
            cli.run()
    assert done.type is Parsed or done.value.code == 0


def dvc(arguments: list[str]) -> None:
    from dvc.cli import parse_args

    parse_args(arguments)


def snakemake(arguments: list[str]) -> None:
    from snakemake.cli import get_argument_parser

    if "--executor" in arguments:  # a plugin, which is not installed here
        place = arguments.index("--executor") + 1
        assert any(f"pip install snakemake-executor-plugin-{arguments[place]}\n" in text for text in PAGES.values())
        arguments = [*arguments[:place], "local", *arguments[place + 1 :]]
    get_argument_parser().parse_args(arguments)


def torchrun(arguments: list[str]) -> None:
    from torch.distributed.run import get_args_parser

    parsed = get_args_parser().parse_args(arguments)
    assert parsed.module
    python(["-m", parsed.training_script, *parsed.training_script_args])


def python(arguments: list[str]) -> None:
    """Check the arguments of a stage by the choices that its script hands over, those of a benchmark by its source."""
    option, module, *rest = arguments
    assert option == "-m"
    if module == "bakeoff.harness.engine":
        dvc(rest)
        return
    path = ROOT.joinpath(*module.split("."))
    file = path / "__main__.py" if path.is_dir() else path.with_suffix(".py")
    if module.startswith("pipeline."):
        handed: dict[str, Any] = {}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(stage, "run", lambda *_, **choices: handed.update(choices))
            runpy.run_path(str(file), run_name="__main__")
        identities(rest, handed)
        return
    source = file.read_text(encoding="utf-8")
    for before, word in pairwise(["", *rest]):
        assert before.startswith("--") or f'"{word}"' in source


def identities(arguments: list[str], choices: Mapping[str, Any]) -> None:
    given = dict(zip(arguments[::2], arguments[1::2], strict=True))
    choices = {name: known for name, known in choices.items() if name != "about"}  # no argument
    assert given.keys() == {f"--{name}" for name in choices}
    assert all(given[f"--{name}"] in known for name, known in choices.items() if known is not None)


def git(arguments: list[str]) -> None:
    """`-h` of a command that exists prints its usage and ends with 129."""
    assert subprocess.run(["git", arguments[0], "-h"], capture_output=True).returncode == 129


def pip(arguments: list[str]) -> None:
    assert arguments[0] == "install" and len(arguments) > 1


def mlflow(arguments: list[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # MLflow warns of its own type hints
        from mlflow.cli import cli as group

    command: Any = group
    while arguments and arguments[0] in getattr(command, "commands", {}):
        command, arguments = command.commands[arguments[0]], arguments[1:]
    command.make_context("mlflow", arguments)


def dask(arguments: list[str]) -> None:
    from distributed.cli.dask_scheduler import main

    assert arguments[0] == "scheduler"
    main.make_context("dask scheduler", arguments[1:])


def known(arguments: list[str]) -> None:
    """Accept any arguments of a program that is not the project's."""


PROGRAMS: dict[str, Callable[[list[str]], None]] = {
    "make": make,
    "bakeoff": bakeoff,
    "dask": dask,
    "dvc": dvc,
    "snakemake": snakemake,
    "torchrun": torchrun,
    "python": python,
    "git": git,
    "pip": pip,
    "pipx": pip,
    ".": known,
    "tail": known,
    "curl": known,
    "mlflow": mlflow,
    "pytest": known,
    "pre-commit": known,
}


IN_BLOCKS = [Shown(page, " ".join(command)) for page, text in blocks("bash") for command in commands(text)]


@cases(sorted(set(IN_BLOCKS)))
def test_each_command_of_a_block_parses(shown: Shown) -> None:
    program, *arguments = shown.text.split(" ")
    PROGRAMS[program](arguments)


INLINE = [span for span in spans() if re.match(r"(make|bakeoff|dvc|snakemake|torchrun|python|git) \S", span.text)]


@cases(INLINE)
def test_each_command_in_a_sentence_parses(shown: Shown) -> None:
    """A command by its name alone, `bakeoff encode`, may lack the arguments that it needs."""
    for program, *arguments in commands(shown.text):
        named = program == "bakeoff" and len(arguments) == 1
        PROGRAMS[program]([*arguments, "--help"] if named else arguments)


def test_the_commands_are_found() -> None:
    """A changed notation would leave the tests above without cases."""
    assert len(IN_BLOCKS) > 30 and len(INLINE) > 20 and len(SETTINGS) > 5 and len(LINKS) > 40
