"""What every toy stage does, in no time: each output says what it was made of. Runs without site-packages."""

import itertools
import os
import sys
import time
import zlib


def make(reads: list[str], settings: list[str], writes: list[str]) -> None:
    """Write every output, as a function of the inputs and settings alone; note start and end in a journal."""
    stage = "@".join(filter(None, [os.path.basename(sys.argv[0]).removesuffix(".py"), "-".join(sys.argv[1:])]))  # noqa: PTH119
    journal("start", stage)
    time.sleep(float(os.environ.get("TOY_SECONDS", "0")))
    if os.environ.get("TOY_FAILS") == stage:
        sys.exit(f"{stage}: fails, as asked")
    values = ", ".join(f"{key} = {' '.join(items(key))}" for key in settings)
    made_of = ", ".join(f"{path} {zlib.crc32(content(path)):08x}" for path in reads)
    accuracy = zlib.crc32(f"{stage} {values} {made_of}".encode()) / 2**32
    for path in writes:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        with open(path, "w") as file:  # noqa: PTH123
            file.write(f'{{"accuracy": {accuracy:.4f}, "{stage}": "{values}; {made_of}"}}\n')
    journal("end", stage)


def items(key: str) -> list[str]:
    """The values behind a dotted key of params.yaml, written on one line or as a list below it; 1.0 is 1."""
    with open("params.yaml") as file:  # noqa: PTH123
        lines = iter(file.read().splitlines())
    text = ""
    for depth, name in enumerate(key.split(".")):
        text = next(line for line in lines if line.startswith("  " * depth + name + ":"))
    values = text.split(":", 1)[1].strip(' []"').split(", ")
    if values == [""]:
        values = [line.strip(" -") for line in itertools.takewhile(lambda line: line.strip().startswith("- "), lines)]
    return [value.removesuffix(".0") for value in values]


def content(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read()


def journal(event: str, stage: str) -> None:
    os.makedirs(".bakeoff", exist_ok=True)  # noqa: PTH103
    with open(".bakeoff/journal", "a") as file:  # noqa: PTH123
        file.write(f"{event} {stage}\n")
