"""The options that select a trained network, which several commands share."""

import argparse

from bakeoff.base.quoting import quoted
from bakeoff.base.settings import BadInput


def model_or_recipe(parser: argparse.ArgumentParser) -> "argparse._MutuallyExclusiveGroup":
    """Add `--model` and `--recipe`, which exclude each other; return their group."""
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(
        "--model",
        metavar="MODEL-OPTIMIZER",
        help="the network and its optimizer (default: the leader of the comparison)",
    )
    choice.add_argument("--recipe", metavar="MODEL", help="the network that was trained by its recipe")
    return choice


def flips(parser: argparse.ArgumentParser) -> None:
    """Add `--flips`."""
    parser.add_argument(
        "--flips",
        type=int,
        choices=(2, 4, 8),
        help="for scans: the mean of the probabilities over 2 views (mirrored left to right), 4 (also upside down) or "
        "8 (also quarter turns)",
    )


def window_side(given: str | None) -> int | None:
    """Return the number of pixels of `--window`.

    Raises:
        BadInput: it is not an integer, or is too small.
    """
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= 5) or not 16 <= int(given) <= 2**15:
        raise BadInput(f"--window: {quoted(given)} is not an integer from 16 to {2**15}; write it as --window 512")
    return int(given)
