"""The arguments of `bakeoff card`."""

import argparse

from bakeoff.commands.choice import model_or_recipe


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK", help="name of a task under `tasks` in params.yaml")
    model_or_recipe(parser)
    parser.add_argument(
        "--licence",
        metavar="NAME",
        help="licence of the weights, by its name on the Hugging Face hub (default: unknown)",
    )
    parser.add_argument(
        "--to", required=True, metavar="FILE", help="output file, README.md on the hub; - is standard output"
    )


def run(asked: argparse.Namespace) -> None:
    from bakeoff.inference.model_card import card

    card(asked.task, asked.to, asked.licence, cell=asked.model, recipe=asked.recipe)
