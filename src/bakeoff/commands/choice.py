"""The options that choose a trained network; commands that use one share them."""

import argparse

from bakeoff.base.quoting import quoted
from bakeoff.base.settings import BadInput


def model_or_recipe(parser: argparse.ArgumentParser) -> "argparse._MutuallyExclusiveGroup":
    """Add `--model` and `--recipe`; returns their group, of which one can be given."""
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--model", metavar="MODEL-OPTIMIZER", help="default: the one that leads the comparison")
    choice.add_argument("--recipe", metavar="MODEL", help="the one that was trained by its recipe")
    return choice


def flips(parser: argparse.ArgumentParser) -> None:
    """Add `--flips`."""
    parser.add_argument(
        "--flips",
        type=int,
        choices=(2, 4, 8),
        help="of scans: the mean of the probabilities over 2 views (left to right), 4 (top to bottom too) or 8 "
        "(quarter turns too)",
    )


def window_side(given: str | None) -> int | None:
    """Return the number of pixels that `--window` gives.

    Raises:
        BadInput: it is no whole number, or so small that nothing around a pixel is seen.
    """
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= 5) or not 16 <= int(given) <= 2**15:
        raise BadInput(f"--window: {quoted(given)} is not a whole number from 16 to {2**15}; write it as --window 512")
    return int(given)
