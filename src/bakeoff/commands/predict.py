"""The arguments of `bakeoff predict`."""

import argparse
import sys

EPILOG = "What cannot be read is refused in one line each; the others are still done, and the exit status is 2."


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument("task", metavar="TASK", help="of `tasks` in params.yaml")
    parser.add_argument(
        "input", metavar="INPUT", help="rows of a table, or a picture, volume, folder or archive; - is standard input"
    )
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--model", metavar="MODEL-OPTIMIZER", help="default: the one that leads the comparison")
    choice.add_argument("--recipe", metavar="MODEL", help="the one that was trained by its recipe")
    parser.add_argument(
        "--to", required=True, metavar="OUT", help="a CSV file, a mask or a folder; - is standard output"
    )


def run(arguments: argparse.Namespace) -> None:
    """Predict, and end with status 2 where files were refused."""
    from bakeoff.inference.predict import predict

    asked = arguments.task, arguments.input, arguments.to
    if predict(*asked, cell=arguments.model, recipe=arguments.recipe):
        sys.exit(2)
