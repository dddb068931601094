"""The arguments of `bakeoff predict`."""

import argparse
import sys

from bakeoff.base import settings
from bakeoff.base.quoting import quoted
from bakeoff.base.settings import BadInput
from bakeoff.commands.choice import flips, model_or_recipe, window_side

ARCHITECTURES = ("skipgram", "cbow")  # as `bakeoff.embedding.settings` has them, which needs seconds to load
EPILOG = "What cannot be read is refused in one line each; the others are still done, and the exit status is 2."


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument(
        "task", metavar="TASK", help="of `tasks` in params.yaml; or of `embedding.corpora`, for word vectors"
    )
    parser.add_argument(
        "input", metavar="INPUT", help="rows of a table, or a picture, volume, folder or archive; - is standard input"
    )
    choice = model_or_recipe(parser)
    choice.add_argument("--mlflow", metavar="MODEL", help="registered in MLflow: models:/images@champion")
    parser.add_argument("--ensemble", action="store_true", help="all seeds vote: the mean of their probabilities")
    parser.add_argument("--architecture", choices=ARCHITECTURES, help="of word vectors (default: the first)")
    parser.add_argument(
        "--documents",
        action="store_true",
        help="of a text: mean vectors of its documents, which are the lines of a file or the files of a folder",
    )
    flips(parser)
    parser.add_argument(
        "--window",
        metavar="PIXELS",
        help="of scans: those that are larger, once resized, are seen in windows with this side, which overlap",
    )
    parser.add_argument("--overlay", metavar="FOLDER", help="masks are drawn over their pictures there too")
    parser.add_argument(
        "--to", required=True, metavar="OUT", help="a CSV file, a mask or a folder; - is standard output"
    )


def run(arguments: argparse.Namespace) -> None:
    """Predict, and end with status 2 where files were refused.

    Raises:
        BadInput: an option does not go with another, or no input is named.
    """
    if not arguments.input:
        raise BadInput("INPUT is empty; name a file or a folder, . for this one, or - for standard input")
    if is_text(arguments):
        from bakeoff.commands.texts import vectors

        text = arguments.task, arguments.input, arguments.to, arguments.architecture
        if vectors(*text, documents=arguments.documents):
            sys.exit(2)
        return
    from bakeoff.inference.predict import predict, predict_registered

    asked = arguments.task, arguments.input, arguments.to
    if arguments.mlflow is not None:
        if arguments.ensemble:
            raise BadInput("--ensemble: a registered model is of one seed; name the network with --model")
        for option, value in {
            "--overlay": arguments.overlay,
            "--flips": arguments.flips,
            "--window": arguments.window,
        }.items():
            if value is not None:
                raise BadInput(
                    f"{option}: does not go with --mlflow, whose model predicts as it was registered; name the "
                    "network with --model"
                )
        if predict_registered(*asked, arguments.mlflow):
            sys.exit(2)
        return
    if predict(
        *asked,
        cell=arguments.model,
        recipe=arguments.recipe,
        ensemble=arguments.ensemble,
        overlay=arguments.overlay,
        flips=arguments.flips,
        window=window_side(arguments.window),
    ):
        sys.exit(2)


def is_text(arguments: argparse.Namespace) -> bool:
    """Return whether word vectors are asked for: a corpus is named, and no task.

    Raises:
        BadInput: an option does not go with that.
    """
    document = settings.load()
    name = arguments.task
    text = name not in settings.at(document, "tasks") and name in settings.at(document, "embedding.corpora")
    networks = {"--model": arguments.model, "--recipe": arguments.recipe, "--mlflow": arguments.mlflow}
    networks |= {"--ensemble": arguments.ensemble or None, "--overlay": arguments.overlay}
    networks |= {"--flips": arguments.flips, "--window": arguments.window}
    texts = {"--architecture": arguments.architecture, "--documents": arguments.documents or None}
    for option, value in (networks if text else texts).items():
        if value is not None:
            other = "task" if text else "corpus"
            raise BadInput(f"{option}: does not go with {quoted(name)}, which is no {other}; leave it out")
    return text
