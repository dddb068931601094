"""Whether two checkouts measured the same: compares every number of their records and of what was made from them.

    python -m benchmarks.same_values OLD NEW

OLD and NEW are folders in which the pipeline has run. Settings, digests and texts may differ; metrics, histories, the
numbers among the parameters, comparison.json, curves.csv, weights and data may not. Exits with 1 if any does.
"""

import argparse
import csv
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RECORDS = "reports/records"
DOCUMENTS = ("reports/comparison.json", "reports/encoding.json", "reports/encoding/*.json")
BYTES = ("data", "models")  # folders of which every file but the cards has to be the same
# Places of comparison.json whose keys have new names, as they were and as they are.
MOVED = {"/embedding/": "/embeddings/corpus/architectures/"}
# Files that have new names, as they were and as they are: a pattern, and what takes its place.
RENAMED = (
    (r"reports/encoding\.json", "reports/encoding/table.json"),
    (r"(reports/records/baselines/)(?!table-)", r"\1table-"),
    (r"((?:reports/records|models)/embedding/)(?!corpus-)", r"\1corpus-"),
    (r"((?:reports/records|models)/online/)(?!table-)", r"\1table-"),
)
SAME_BYTES = (".npz", ".npy", ".csv", ".parquet", ".safetensors")


def numbers(value: Any, place: str = "") -> Iterator[tuple[str, float | int | None]]:
    """Yield each number of a document, and where it stands."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from numbers(inner, f"{place}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from numbers(inner, f"{place}/{index}")
    elif value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        yield place, value


def of_record(path: Path) -> dict[str, float | int | None]:
    runs = json.loads(path.read_text(encoding="utf-8"))["runs"]
    return dict(numbers({run["name"]: run for run in runs}))


def of_document(path: Path) -> dict[str, float | int | None]:
    return {moved(place): value for place, value in numbers(json.loads(path.read_text(encoding="utf-8")))}


def moved(place: str) -> str:
    """Return the present name of a place."""
    old = next((old for old in MOVED if place.startswith(old)), None)
    return place if old is None else MOVED[old] + place.removeprefix(old)


def named(path: Path, root: Path) -> str:
    """Return the present name of a file."""
    name = path.relative_to(root).as_posix()
    for pattern, now in RENAMED:
        name = re.sub(f"^{pattern}", now, name)
    return name


def of_curves(path: Path) -> dict[str, float | int | None]:
    with path.open(newline="", encoding="utf-8") as file:
        return dict(
            numbers(
                {
                    str(n): {key: as_number(cell) for key, cell in row.items()}
                    for n, row in enumerate(csv.DictReader(file))
                }
            )
        )


def as_number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell


def documents(root: Path) -> dict[str, dict[str, float | int | None]]:
    """Return the numbers of each file, by its path."""
    found = {named(path, root): of_record(path) for path in sorted((root / RECORDS).rglob("*.json"))}
    found |= {named(path, root): of_document(path) for pattern in DOCUMENTS for path in root.glob(pattern)}
    return found | {"reports/curves.csv": of_curves(root / "reports/curves.csv")}


def digests(root: Path) -> dict[str, str]:
    files = [path for folder in BYTES for path in (root / folder).rglob("*") if path.suffix in SAME_BYTES]
    return {
        named(path, root): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(files)
        if "raw" not in path.relative_to(root).parts
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path, metavar="OLD")
    parser.add_argument("new", type=Path, metavar="NEW")
    arguments = parser.parse_args()
    old, new = arguments.old, arguments.new
    before, after = documents(old), documents(new)
    differing = sorted(before.keys() ^ after.keys())
    count = 0
    for name in sorted(before.keys() & after.keys()):
        count += len(before[name])
        places = sorted(before[name].keys() | after[name].keys())
        differing += [
            f"{name}{place}: {before[name].get(place)} -> {after[name].get(place)}"
            for place in places
            if before[name].get(place, "none") != after[name].get(place, "none")
        ]
    first, second = digests(old), digests(new)
    differing += [name for name in sorted(first.keys() | second.keys()) if first.get(name) != second.get(name)]
    print(*differing[:50], sep="\n")
    print(f"{count:,} numbers in {len(before)} files, {len(first)} files of data and weights: {len(differing)} differ")
    sys.exit(bool(differing))


if __name__ == "__main__":
    main()
