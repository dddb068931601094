"""`python -m benchmarks.ingest`: how fast data comes in, in how much memory, beside what one would take instead."""

import argparse

import bakeoff.reproducible  # noqa: F401  before NumPy
from benchmarks.ingest import encoding, tables, text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--full", action="store_true", help="the memory curves up to 5 GB; takes half an hour and the disk"
    )
    full = parser.parse_args().full
    text.run(curve=(*text.CURVE, 1_000_000_000, 5_000_000_000) if full else text.CURVE)
    tables.run(full)
    encoding.run()


if __name__ == "__main__":
    main()
