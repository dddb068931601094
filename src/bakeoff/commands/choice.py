"""The options that choose a trained network; commands that use one share them."""

import argparse


def model_or_recipe(parser: argparse.ArgumentParser) -> "argparse._MutuallyExclusiveGroup":
    """Add `--model` and `--recipe`; returns their group, of which one can be given."""
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--model", metavar="MODEL-OPTIMIZER", help="default: the one that leads the comparison")
    choice.add_argument("--recipe", metavar="MODEL", help="the one that was trained by its recipe")
    return choice
