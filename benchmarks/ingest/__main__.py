"""`python -m benchmarks.ingest`: how fast data comes in, in how much memory, beside what one would take instead."""

import argparse
from pathlib import Path

import bakeoff.base.reproducible  # noqa: F401  before NumPy
from benchmarks.ingest import encoding, tables, text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--full", action="store_true", help="the memory curves up to 5 GB; takes half an hour and the disk"
    )
    parser.add_argument("--text", type=Path, help="an unpacked text in ASCII that is read, text8 for one")
    arguments = parser.parse_args()
    text.run(arguments.text, (*text.CURVE, 1_000_000_000, 5_000_000_000) if arguments.full else text.CURVE)
    tables.run(arguments.full)
    encoding.run()


if __name__ == "__main__":
    main()
