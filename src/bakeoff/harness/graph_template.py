"""Writes the stages of dvc.yaml from the template pipeline/stages.yaml, for the data sets and tasks of params.yaml."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bakeoff.base import paths
from bakeoff.base.quoting import quoted
from bakeoff.base.settings import BadInput, hint
from bakeoff.tuning.embedding_settings import EmbeddingStudySettings

TEMPLATE = Path("pipeline/stages.yaml")
GRAPH = Path("dvc.yaml")
MOST = 5  # names that a message lists
HEADING = re.compile(r"^  ([a-z]\w*|[a-z_]*<\w+>):( .*)?$", re.MULTILINE)
PLACEHOLDER = re.compile(r"<(\w+)>")
CONDITION = re.compile(r"  # if (\w+)$", re.MULTILINE)
MADE_OF, SIGNED = "# Made of (sha256):", "# All other lines (sha256):"
REMEDY = f"put the change into {TEMPLATE}, then: rm {GRAPH} && bakeoff deps"
OF_TASKS = ("task", "recipes", "baselines")  # placeholders that stand for tasks
OF_STUDIES = ("study", "contested")
INTRODUCTION = """\
# The graph of stages, written by `make deps` from pipeline/stages.yaml for the data sets and tasks of params.yaml.
# DVC runs it, and the Snakefile has a rule for each of its stages. A stage `code_SCRIPT` writes the digests of all
# files that a script imports into one file, on which the stages of the script depend, so that dvc.lock stays short.
"""


def lists(params: Any) -> dict[str, Sequence[str]]:
    """Return the names for each placeholder, and the lists that conditions of lines refer to."""
    kinds = {kind: [name for name, data in params.data.items() if data.kind == kind] for kind in paths.KINDS}
    tasks = params.tasks
    trained = list(dict.fromkeys(task.data for task in tasks.values()))
    studies = {name: study for name, study in params.tuning.studies.items() if study.methods}
    of_words = {name: study for name, study in studies.items() if isinstance(study, EmbeddingStudySettings)}
    segmented = [name for name, task in tasks.items() if task.data in kinds["scans"]]
    return kinds | {
        "task": list(tasks),
        "recipes": [name for name, task in tasks.items() if task.recipes],
        "baselines": [name for name, task in tasks.items() if task.baselines],
        "segmented": segmented,
        "segmenter": list(dict.fromkeys(model for name in segmented for model in tasks[name].models)),
        "trained": trained,
        "pictured": [name for name in trained if name in kinds["images"]],
        "encoded": [name for name in trained if name in kinds["table"]],
        "scanned": [name for name in trained if name in kinds["scans"]],
        "labelled": list(dict.fromkeys([*trained, *params.online.tables])),
        "corpora": params.embedding.corpora,
        "tables": params.online.tables,
        "searched": list(studies),
        "study": [name for name in studies if name not in of_words],
        "words_study": list(of_words),
        "described": list(dict.fromkeys([*params.embedding.corpora, *(study.corpus for study in of_words.values())])),
        "contested": list(params.tuner_contest.tables) if params.tuner_contest.methods else [],
        "searchers": params.tuner_contest.methods,
        "searcher": [method for method in params.tuner_contest.methods if method != "grid"],
    }


def expanded(template: str, params: Any) -> str:
    """Return the text of dvc.yaml without the code dependencies of each stage.

    Raises:
        BadInput: the template has an unknown placeholder or condition.
    """
    stages = graph(template, params)
    return f"{INTRODUCTION}{made_of(stages)}\n{stages}"


def made_of(stages: str) -> str:
    """Return the line of dvc.yaml that identifies these stages."""
    return f"{MADE_OF} {digest(stages)}"


def graph(template: str, params: Any) -> str:
    """Return the stages and the text after them."""
    names = lists(params)
    _, stages, tail = re.split(r"(^stages:\n(?: .*\n|\n)*)", template, maxsplit=1, flags=re.MULTILINE)
    made = [text for block in split(stages) for text in repeated(block, names, params)]
    text = f"stages:\n{''.join(made)}{tail}"
    if left := next((line for line in text.splitlines() if PLACEHOLDER.search(line) or CONDITION.search(line)), None):
        raise BadInput(f"{TEMPLATE}: {quoted(left.strip())} has an unknown placeholder; correct it")
    return text


def signed(text: str) -> str:
    """Return dvc.yaml with the digest that detects an edit by hand."""
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith(SIGNED)]
    place = next((number for number, line in enumerate(lines, start=1) if line.startswith(MADE_OF)), 0)
    return "".join([*lines[:place], f"{SIGNED} {digest(''.join(lines))}\n", *lines[place:]])


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def edited(root: Path) -> bool:
    """Return whether dvc.yaml was changed since it was written."""
    path = root / GRAPH
    return path.exists() and signed(text := path.read_text(encoding="utf-8")) != text


def split(stages: str) -> list[str]:
    """Return the text of each stage, by name."""
    starts = [match.start() for match in HEADING.finditer(stages)]
    return [stages[start:end] for start, end in zip(starts, [*starts[1:], len(stages)], strict=True)]


def repeated(block: str, names: Mapping[str, Sequence[str]], params: Any) -> Iterator[str]:
    """Yield a stage once for each name of its placeholder."""
    heading, rest = block.split("\n", 1)
    condition = CONDITION.search(heading)
    if condition and not meant(condition[1], names):
        return
    heading = CONDITION.sub("", heading)
    placeholder = PLACEHOLDER.search(heading)
    if placeholder is None:
        yield "\n".join([heading, *(line for line in lines(rest, names))])
        return
    for name in meant(placeholder[1], names):
        text = f"{heading}\n{rest}".replace(placeholder[0], name)
        task = name if placeholder[1] in OF_TASKS else None
        if placeholder[1] in OF_STUDIES:
            study = params.tuning.studies[name]
            task = study.task
            text = text.replace("<task>", study.task).replace("<model>", study.model)
            start = {
                "from_params": [name] * (study.start == "params"),
                "from_recipe": [name] * (study.start == "recipe"),
            }
            text = "\n".join(each(line, study.optimizers) for line in kept(text, start))
        if placeholder[1] == "words_study":
            study = params.tuning.studies[name]
            text = text.replace("<text>", study.corpus).replace("<architecture>", study.architecture)
        if task is not None:
            data = params.tasks[task].data
            examples = paths.EXAMPLES.get(params.data[data].kind, "")
            text = text.replace("<data>", data).replace("<examples>", examples)
        yield text


def kept(text: str, names: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a stage of a study whose conditions hold."""
    for line in text.split("\n"):
        condition = CONDITION.search(line)
        if condition is None or meant(condition[1], names):
            yield CONDITION.sub("", line)


def each(line: str, optimizers: Sequence[str]) -> str:
    """Return a line once for each optimizer where it is an entry of a list; other lines name them all."""
    if line.lstrip().startswith("- "):
        lines = dict.fromkeys(line.replace("<optimizer>", optimizer) for optimizer in optimizers)
        return "\n".join(lines)
    return line.replace("<optimizer>", " or ".join(optimizers))


def lines(text: str, names: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a stage, each once for each name of its placeholder."""
    for line in text.split("\n"):
        condition = CONDITION.search(line)
        if condition and not meant(condition[1], names):
            continue
        line = CONDITION.sub("", line)
        placeholder = PLACEHOLDER.search(line)
        if placeholder is None:
            yield line
        else:
            yield from (line.replace(placeholder[0], name) for name in meant(placeholder[1], names))


def meant(key: str, names: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """Return the names of a placeholder or a condition.

    Raises:
        BadInput: it is unknown.
    """
    if key not in names:
        raise BadInput(f"{TEMPLATE}: '{key}' is not a list of names{hint(key, names)}")
    return names[key]


def whole(root: Path) -> bool:
    """Return whether a folder is a complete project; single stages can run in other folders, as in tests."""
    return (root / TEMPLATE).exists() and (root / GRAPH).exists()


def differences(params: Any, root: Path) -> Iterator[str]:
    """Yield the differences of dvc.yaml from params.yaml; none for a folder that is not a complete project."""
    if not whole(root):
        return
    wanted = graph((root / TEMPLATE).read_text(encoding="utf-8"), params)
    written = (root / GRAPH).read_text(encoding="utf-8")
    if edited(root):
        yield f"{GRAPH} was edited by hand; {REMEDY}"
        return
    if made_of(wanted) in written.splitlines():
        return
    expected = [match[1] for match in HEADING.finditer(wanted)]
    present = [match[1] for match in HEADING.finditer(written) if not match[1].startswith("code_")]
    missing = [name for name in expected if name not in present]
    left = [name for name in present if name not in expected]
    parts = [f"has no stage {', '.join(missing[:MOST])}"] * bool(missing)
    parts += [f"has the stage {', '.join(left[:MOST])} of what is no longer there"] * bool(left)
    yield (
        f"{GRAPH} {' and '.join(parts) or 'is older than its template or its lists'}, and should fit params.yaml and "
        f"{TEMPLATE}; run `bakeoff deps`"
    )
