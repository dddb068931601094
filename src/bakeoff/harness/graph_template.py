"""Writes the stages of dvc.yaml by pipeline/stages.yaml, for the data sets and tasks that params.yaml declares."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bakeoff.base import paths

TEMPLATE = Path("pipeline/stages.yaml")
GRAPH = Path("dvc.yaml")
MOST = 5  # names that a message lists
HEADING = re.compile(r"^  ([a-z]\w*|[a-z_]*<\w+>):( .*)?$", re.MULTILINE)
PLACEHOLDER = re.compile(r"<(\w+)>")
CONDITION = re.compile(r"  # if (\w+)$", re.MULTILINE)
MARK = "# Made of (sha256):"
INTRODUCTION = """\
# The graph of stages, written by `make deps` from pipeline/stages.yaml for the data sets and tasks of params.yaml.
# DVC runs it, and the Snakefile makes its rules of it. A stage `code_SCRIPT` digests all files that a script imports
# into one, on which the stages that run the script depend: DVC reads and writes the whole of dvc.lock at every stage.
"""


def lists(params: Any) -> dict[str, Sequence[str]]:
    """Return the names that stand for each placeholder, and the lists by which lines are kept."""
    kinds = {kind: [name for name, data in params.data.items() if data.kind == kind] for kind in paths.KINDS}
    tasks = params.tasks
    trained = list(dict.fromkeys(task.data for task in tasks.values()))
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
        "corpora": params.embedding.corpora,
        "tables": params.online.tables,
        "methods": params.tuning.methods,
    }


def expanded(template: str, params: Any) -> str:
    """Return the text of dvc.yaml, but for the code of each stage."""
    stages = graph(template, params)
    digest = hashlib.sha256(stages.encode()).hexdigest()
    return f"{INTRODUCTION}{MARK} {digest}\n{stages}"


def graph(template: str, params: Any) -> str:
    """Return the stages and what follows them."""
    names = lists(params)
    _, stages, tail = re.split(r"(^stages:\n(?: .*\n|\n)*)", template, maxsplit=1, flags=re.MULTILINE)
    made = [text for block in split(stages) for text in repeated(block, names, params)]
    return "stages:\n" + "".join(made) + tail


def split(stages: str) -> list[str]:
    """Return the text of each stage."""
    starts = [match.start() for match in HEADING.finditer(stages)]
    return [stages[start:end] for start, end in zip(starts, [*starts[1:], len(stages)], strict=True)]


def repeated(block: str, names: Mapping[str, Sequence[str]], params: Any) -> Iterator[str]:
    """Yield a stage once for each name that its placeholder stands for."""
    heading, rest = block.split("\n", 1)
    condition = CONDITION.search(heading)
    if condition and not names[condition[1]]:
        return
    heading = CONDITION.sub("", heading)
    placeholder = PLACEHOLDER.search(heading)
    if placeholder is None:
        yield "\n".join([heading, *(line for line in lines(rest, names))])
        return
    for name in names[placeholder[1]]:
        text = f"{heading}\n{rest}".replace(placeholder[0], name)
        if name in params.tasks:
            data = params.tasks[name].data
            examples = paths.EXAMPLES.get(params.data[data].kind, "")
            text = text.replace("<data>", data).replace("<examples>", examples)
        yield text


def lines(text: str, names: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a stage, each once for each name that its placeholder stands for."""
    for line in text.split("\n"):
        condition = CONDITION.search(line)
        if condition and not names[condition[1]]:
            continue
        line = CONDITION.sub("", line)
        placeholder = PLACEHOLDER.search(line)
        if placeholder is None:
            yield line
        else:
            yield from (line.replace(placeholder[0], name) for name in names[placeholder[1]])


def whole(root: Path) -> bool:
    """Return whether a folder is a whole project; single stages run in others too, as tests do."""
    return (root / TEMPLATE).exists() and (root / GRAPH).exists()


def differences(params: Any, root: Path) -> Iterator[str]:
    """Yield how dvc.yaml differs from what params.yaml declares; nothing for a project without the template."""
    template, path = root / TEMPLATE, root / GRAPH
    if not whole(root):
        return
    wanted, written = expanded(template.read_text(encoding="utf-8"), params), path.read_text(encoding="utf-8")
    mark = next(line for line in wanted.splitlines() if line.startswith(MARK))
    if mark in written.splitlines():
        return
    expected = [match[1] for match in HEADING.finditer(wanted)]
    present = [match[1] for match in HEADING.finditer(written) if not match[1].startswith("code_")]
    missing = [name for name in expected if name not in present]
    left = [name for name in present if name not in expected]
    parts = [f"has no stage {', '.join(missing[:MOST])}"] * bool(missing)
    parts += [f"has the stage {', '.join(left[:MOST])} of what is no longer there"] * bool(left)
    yield (
        f"{GRAPH} {' and '.join(parts) or 'was written for other data sets or tasks'}, and should fit the data sets "
        "and tasks of params.yaml; run `bakeoff deps`"
    )
