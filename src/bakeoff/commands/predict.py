"""The arguments of `bakeoff predict`."""

import argparse
import sys

from bakeoff.base.settings import BadInput
from bakeoff.commands.choice import model_or_recipe

EPILOG = "What cannot be read is refused in one line each; the others are still done, and the exit status is 2."


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument("task", metavar="TASK", help="of `tasks` in params.yaml")
    parser.add_argument(
        "input", metavar="INPUT", help="rows of a table, or a picture, volume, folder or archive; - is standard input"
    )
    choice = model_or_recipe(parser)
    choice.add_argument("--mlflow", metavar="MODEL", help="registered in MLflow: models:/images@champion")
    parser.add_argument("--ensemble", action="store_true", help="all seeds vote: the mean of their probabilities")
    parser.add_argument(
        "--to", required=True, metavar="OUT", help="a CSV file, a mask or a folder; - is standard output"
    )


def run(arguments: argparse.Namespace) -> None:
    """Predict, and end with status 2 where files were refused."""
    from bakeoff.inference.predict import predict, predict_registered

    asked = arguments.task, arguments.input, arguments.to
    if arguments.mlflow is not None:
        if arguments.ensemble:
            raise BadInput("--ensemble: a registered model is of one seed; name the network with --model")
        if predict_registered(*asked, arguments.mlflow):
            sys.exit(2)
        return
    if predict(*asked, cell=arguments.model, recipe=arguments.recipe, ensemble=arguments.ensemble):
        sys.exit(2)
