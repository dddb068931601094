"""Properties of this machine that can affect a result: the processor and the installed versions."""

import importlib.metadata
import platform
import re
from collections.abc import Iterator
from pathlib import Path

PINNED = re.compile(r"^([\w.-]+)==([^\s;\\]+)", re.MULTILINE)  # `name==1.0 \`, before the lines of its hashes


def processor() -> str:
    """Return vendor, family, model, stepping and name of the processor, as the kernel reports them."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return platform.processor() or platform.machine()
    fields = dict(_split(line) for line in cpuinfo.read_text().split("\n\n")[0].splitlines())
    keys = ("vendor_id", "cpu family", "model", "stepping", "model name")
    return ", ".join(f"{key} {fields[key]}" for key in keys if key in fields) or platform.machine()


def flags() -> set[str]:
    """Return the instruction sets of the processor, by the kernel's names; empty if it reports none."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    return next((set(value.split()) for key, value in map(_split, lines) if key == "flags"), set())


def differing(lock: Path) -> Iterator[tuple[str, str, str]]:
    """Return name, locked version and installed version of each package whose versions differ."""
    for name, locked in PINNED.findall(lock.read_text(encoding="utf-8")):
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found = "missing"
        if found != locked:
            yield name, locked, found


def _split(line: str) -> tuple[str, str]:
    key, _, value = line.partition(":")
    return key.strip(), value.strip()
