"""Keeps the code dependencies in dvc.yaml equal to what each stage imports."""

import json
import re
import textwrap
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bakeoff.provenance import PACKAGES, sources


def script(command: str) -> Path:
    """The file behind `python -m pipeline.STAGE ...`."""
    module = command.split()[2]
    return Path(*module.split(".")).with_suffix(".py")


def is_code(dependency: str) -> bool:
    return any(Path(dependency).is_relative_to(folder) for folder in PACKAGES.values())


def refreshed(stage: dict[str, Any], root: Path = Path()) -> list[str]:
    """A stage's `deps:`: its data as they stand, then the files of the project that its script imports."""
    data = [dependency for dependency in stage.get("deps", []) if not is_code(dependency)]
    return data + [path.as_posix() for path in sources(script(stage["cmd"]), root)]


def refresh(path: Path) -> None:
    """Rewrite the `deps:` of each stage in dvc.yaml; comments and the rest stay."""
    yaml = YAML()
    yaml.width = 160
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(path.read_text(encoding="utf-8"))
    for stage in document["stages"].values():
        stage["deps"] = refreshed(stage)
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(document, file)


def write_colours(path: Path, colours: dict[str, str]) -> None:
    """Put the optimizers' colours into DVC's template of a plot; the rest of it stays."""
    text = path.read_text(encoding="utf-8")
    for key, values in {"domain": list(colours), "range": list(colours.values())}.items():
        lines = textwrap.fill(json.dumps(values)[1:-1], 100, initial_indent=" " * 12, subsequent_indent=" " * 12)
        text = re.sub(rf'"{key}": \[[^]]*\]', f'"{key}": [\n{lines}\n          ]', text)
    path.write_text(text, encoding="utf-8")


def write_schema(path: Path, schema: dict[str, Any]) -> None:
    path.write_text(json.dumps(schema, indent=1) + "\n", encoding="utf-8")
