"""The arguments of `bakeoff predict`."""

import argparse
import sys

from bakeoff.commands.choice import model_or_recipe

EPILOG = "What cannot be read is refused in one line each; the others are still done, and the exit status is 2."


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument("task", metavar="TASK", help="of `tasks` in params.yaml")
    parser.add_argument(
        "input", metavar="INPUT", help="rows of a table, or a picture, volume, folder or archive; - is standard input"
    )
    model_or_recipe(parser)
    parser.add_argument("--ensemble", action="store_true", help="all seeds vote: the mean of their probabilities")
    parser.add_argument(
        "--to", required=True, metavar="OUT", help="a CSV file, a mask or a folder; - is standard output"
    )


def run(arguments: argparse.Namespace) -> None:
    """Predict, and end with status 2 where files were refused."""
    from bakeoff.inference.predict import predict

    asked = arguments.task, arguments.input, arguments.to
    if predict(*asked, cell=arguments.model, recipe=arguments.recipe, ensemble=arguments.ensemble):
        sys.exit(2)
