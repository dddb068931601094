"""Writes the imports of each stage into dvc.yaml as its code dependencies."""

import json
import re
import textwrap
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bakeoff.base.provenance import DIGESTS, PACKAGES, scripts, sources
from bakeoff.harness import graph_template

HEAD = "  # What each script is made of, by its imports: written by `make deps`."


def script(command: str) -> Path:
    """Return the file that `python -m pipeline.STAGE ...` runs."""
    module = command.split()[2]
    return Path(*module.split(".")).with_suffix(".py")


def is_code(dependency: str) -> bool:
    return any(Path(dependency).is_relative_to(folder) for folder in [*PACKAGES.values(), Path(DIGESTS)])


def refreshed(stage: Mapping[str, Any]) -> list[str]:
    """Return the `deps:` of a stage: its data unchanged, then the digest of its code."""
    data = [dependency for dependency in stage.get("deps", []) if not is_code(dependency)]
    return [*data, f"{DIGESTS}/{script(stage['cmd']).stem}.sha256"]


def digesting(root: Path = Path()) -> dict[str, dict[str, Any]]:
    """Return the stages that digest code, by name; each depends on all files that its script imports.

    The stages that run the script then depend on one file instead of sixty. DVC reads and writes the whole of dvc.lock
    whenever a stage ends, which took five seconds with all files listed under each stage.
    """
    return {
        f"code_{name}": {
            "desc": f"sha256 of the code of pipeline/{name}.py",
            "cmd": f"python -m pipeline.digest_code --script {name}",
            "deps": sorted({path.as_posix() for path in (*own(name, root), *own("digest_code", root))}),
            "outs": [f"{DIGESTS}/{name}.sha256"],
        }
        for name in scripts(root)
    }


def own(name: str, root: Path) -> list[Path]:
    return sources(PACKAGES["pipeline"] / f"{name}.py", root)


def dumped(document: Mapping[str, Any]) -> str:
    yaml = YAML()
    yaml.width = 160
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = StringIO()
    yaml.dump(document, text)
    return text.getvalue()


def refresh(path: Path, text: str) -> None:
    """Write dvc.yaml.

    Args:
        text: the stages without their code; `deps:` of each is completed, and the stages that digest code are added.
    """
    document = YAML().load(text)
    for stage in document["stages"].values():
        stage["deps"] = refreshed(stage)
    text = dumped(document)
    head, stages, rest = re.split(r"(^stages:\n(?: .*\n|\n)*)", text, maxsplit=1, flags=re.MULTILINE)
    block = textwrap.indent("\n".join(dumped({name: stage}) for name, stage in digesting().items()), "  ")
    text = "\n".join([(head + stages).rstrip(), "", HEAD, block, rest])
    path.write_text(graph_template.signed(text), encoding="utf-8")


def write_colours(path: Path, colours: dict[str, str]) -> None:
    """Write the optimizers' colours into DVC's plot template, and change nothing else."""
    text = path.read_text(encoding="utf-8")
    for key, values in {"domain": list(colours), "range": list(colours.values())}.items():
        lines = textwrap.fill(json.dumps(values)[1:-1], 100, initial_indent=" " * 12, subsequent_indent=" " * 12)
        text = re.sub(rf'"{key}": \[[^]]*\]', f'"{key}": [\n{lines}\n          ]', text)
    path.write_text(text, encoding="utf-8")


def write_schema(path: Path, schema: dict[str, Any]) -> None:
    path.write_text(json.dumps(schema, indent=1) + "\n", encoding="utf-8")
