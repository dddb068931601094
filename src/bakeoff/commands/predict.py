"""The arguments of `bakeoff predict`."""

import argparse
import sys

from bakeoff.base import settings
from bakeoff.base.quoting import quoted
from bakeoff.base.settings import BadInput
from bakeoff.commands.choice import flips, model_or_recipe, window_side

ARCHITECTURES = ("skipgram", "cbow")  # the same as in `bakeoff.embedding.settings`, whose import takes seconds
EPILOG = "For each file that cannot be read, one line is printed; the others are processed, and the exit status is 2."


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument(
        "task",
        metavar="TASK",
        help="name of a task under `tasks`, or, for word vectors, of a corpus in `embedding.corpora`",
    )
    parser.add_argument(
        "input", metavar="INPUT", help="rows of a table, or a picture, volume, folder or archive; - is standard input"
    )
    choice = model_or_recipe(parser)
    choice.add_argument("--mlflow", metavar="MODEL", help="a model registered in MLflow: models:/images@champion")
    parser.add_argument("--ensemble", action="store_true", help="average the probabilities over all seeds")
    parser.add_argument(
        "--architecture", choices=ARCHITECTURES, help="architecture of the word vectors (default: the first)"
    )
    parser.add_argument(
        "--documents",
        action="store_true",
        help="for a text: mean vectors of its documents, which are the lines of a file or the files of a folder",
    )
    flips(parser)
    parser.add_argument(
        "--window",
        metavar="PIXELS",
        help="for scans: predict larger pictures (after resizing) in overlapping windows with this side",
    )
    parser.add_argument("--overlay", metavar="FOLDER", help="also draw the masks over their pictures, into this folder")
    parser.add_argument(
        "--to", required=True, metavar="OUT", help="output: a CSV file, a mask or a folder; - is standard output"
    )


def run(arguments: argparse.Namespace) -> None:
    """Predict, and exit with status 2 if files were refused.

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
            raise BadInput("--ensemble: a registered model has one seed; name the network with --model")
        for option, value in {
            "--overlay": arguments.overlay,
            "--flips": arguments.flips,
            "--window": arguments.window,
        }.items():
            if value is not None:
                raise BadInput(
                    f"{option}: cannot be combined with --mlflow, whose model predicts as it was registered; name the "
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
    """Return whether the name is that of a corpus, so that word vectors are written.

    Raises:
        BadInput: an option is not for this kind of name.
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
            raise BadInput(f"{option}: is only for a {other}, and {quoted(name)} is not one; leave it out")
    return text
