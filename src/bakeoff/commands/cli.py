"""The `bakeoff` command: everything around the pipeline."""

import argparse
import errno
import math
import os
import sys
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import NoReturn

import bakeoff.base.reproducible  # noqa: F401  before anything imports torch
from bakeoff.base import paths, settings
from bakeoff.base.quoting import FAULT, cut, one_line
from bakeoff.base.settings import BadInput
from bakeoff.commands.explaining import arguments as explain_arguments
from bakeoff.commands.explaining import run as explain_model
from bakeoff.commands.exporting import arguments as export_arguments
from bakeoff.commands.exporting import run as export_model
from bakeoff.commands.model_card import arguments as card_arguments
from bakeoff.commands.model_card import run as write_card
from bakeoff.commands.predict import arguments as predict_arguments
from bakeoff.commands.predict import run as predict_by_model

# Files of the project that commands need, besides params.yaml.
NEEDED: dict[str, tuple[Path, ...]] = {name: (Path("dvc.yaml"), Path(".dvc")) for name in ("setup", "tidy", "verify")}
NEEDED |= {
    "deps": (Path("pipeline/stages.yaml"), Path(".dvc")),
    "doctor": (Path("requirements.lock"),),
    "readme": (Path("README.md"), Path(paths.RESULTS)),
}

# Errors of the file system that a user can fix: permissions, a folder instead of a file or the reverse, a full disk.
MENDABLE = {errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO}
MENDABLE |= {errno.ENAMETOOLONG, errno.ELOOP}


def main() -> None:
    try:
        run()
    except BrokenPipeError:  # the reader of the pipe, such as `head`, has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except BadInput as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        if error.errno not in MENDABLE:
            raise
        place = f"{cut(one_line(str(error.filename)), FAULT)}: " if error.filename else ""
        print(f"error: {place}{error.strerror}; fix that, and run the command again", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def run() -> None:
    """Run the command in sys.argv.

    Raises:
        BadInput: the arguments are invalid, or a file that the command needs is missing or invalid.
    """
    parser = Parser(prog="bakeoff", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(work: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
        added = commands.add_parser(work.__name__, help=work.__doc__, description=work.__doc__)
        added.set_defaults(work=work)
        return added

    command(doctor)
    command(check)
    command(track).add_argument(
        "--watch", action="store_true", help="keep running, and update the curves of running trainings"
    )
    command(ui).add_argument(
        "--port", type=port, help="port on this machine (default: the first free one from 5000 on)"
    )
    command(sources)
    command(fetch).add_argument("name", nargs="+", help="a data set of the catalogue")
    encoding = command(encode)
    encoding.add_argument("rows", type=Path, metavar="ROWS")
    encoding.add_argument("--to", type=Path, required=True, metavar="FILE.npz")
    encoding.add_argument(
        "--table", metavar="NAME", help="name of a table under `data` in params.yaml (default: the only one)"
    )
    predict_arguments(command(predict))
    export_arguments(command(export))
    explain_arguments(command(explain))
    card_arguments(command(card))
    asking = command(words)
    if sys.argv[1:2] == ["words"]:  # their options need NumPy, whose import would delay the other commands
        from bakeoff.commands.words import arguments as questions

        questions(asking)
    learning = command(learn)
    learning.add_argument(
        "--learner",
        type=Path,
        metavar="FILE",
        help="the trained learner to start from (default: the first in params.yaml)",
    )
    learning.add_argument(
        "--state", type=Path, metavar="FILE", help="the state to continue from (default: a file for each learner)"
    )
    learning.add_argument(
        "--every", type=seconds, default=60, metavar="SECONDS", help="seconds between saves of the state (default: 60)"
    )
    learning.add_argument(
        "--skip",
        action="store_true",
        help="the same stream starts from its beginning: skip the rows that are already learnt",
    )
    using = command(use)
    using.add_argument("study", help="name of a study under `tuning.studies` in params.yaml")
    using.add_argument("--trial", help="for a study of two objectives: a trial on its front, such as bayes-t007")
    using.add_argument("--force", action="store_true", help="overwrite an existing recipe")
    command(worker).add_argument("scheduler", help="address of the scheduler, such as tcp://head:8786")
    command(deps)
    command(readme)
    command(setup)
    command(tidy)
    verifying = command(verify)
    verifying.add_argument(
        "--record", action="store_true", help="copy the new lock and results, and record this processor"
    )
    verifying.add_argument("--serial", action="store_true", help="with DVC alone, one stage after the other")

    arguments = parser.parse_args()
    for needed in (settings.PATH, *NEEDED.get(arguments.work.__name__, ())):
        if not (needed.exists() or needed.is_symlink()):
            raise BadInput(f"{needed}: not found; run this in the project's root folder")
    arguments.work(arguments)
    sys.stdout.flush()


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, like all others."""

    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{self.prog}: {message}; `{self.prog} --help` lists the arguments")


def port(written: str) -> int:
    """Return a valid port number."""
    number = int(written)
    if not 1 <= number <= 65535:
        raise ValueError
    return number


def seconds(written: str) -> float:
    """Return a finite number of seconds, 0 or more."""
    number = float(written)
    if not 0 <= number < math.inf:
        raise ValueError
    return number


def doctor(_: argparse.Namespace) -> None:
    """check this machine, and say how to fix what is missing"""
    from bakeoff.commands.doctor import examine

    findings = examine()
    for finding in findings:
        print(finding)
    sys.exit(any(not finding.well for finding in findings))


def check(_: argparse.Namespace) -> None:
    """check all of params.yaml, the measured costs of a step, and the GPU if one is requested"""
    from bakeoff.base.gpu import refuse
    from bakeoff.harness.graph_template import GRAPH
    from bakeoff.harness.params import check as check_params
    from bakeoff.results.step_costs import measured

    refuse(check_params().run.device)
    if not GRAPH.exists():
        raise BadInput(f"{GRAPH}: not found; `bakeoff deps` writes it")
    measured()
    print(f"{settings.PATH}: every setting is known, present and in range")


def track(arguments: argparse.Namespace) -> None:
    """import the run records into MLflow; rebuilds the store if it is missing"""
    from bakeoff.commands.tracking import track as track_records

    track_records(watch=arguments.watch)


def ui(arguments: argparse.Namespace) -> None:
    """track, watch running trainings, and serve MLflow with its saved views"""
    from bakeoff.commands.tracking import serve

    serve(port=arguments.port)


def sources(_: argparse.Namespace) -> None:
    """list the catalogue of data sets, and mark those that are on this machine"""
    from bakeoff.data.sources.availability import overview

    for entry in overview():
        print(f"{'here' if entry.present else '    '}  {entry.name:<18} {entry.kind:<10}  {entry.title}")
        print(f"{'':<36}  {entry.where}; {entry.licence}")


def fetch(arguments: argparse.Namespace) -> None:
    """download data sets of the catalogue ahead of time, and verify them"""
    from bakeoff.data.limits import Limits
    from bakeoff.data.sources.availability import files

    limits = settings.validate(settings.load(), "limits", Limits)
    for name in arguments.name:
        for path in files(name, limits).values():
            print(f"{name}: {path}")


def encode(arguments: argparse.Namespace) -> None:
    """scale and one-hot encode new rows like the training rows of a table: (N, D) numbers in float32"""
    from bakeoff.data.encoding.inference import encode_file
    from bakeoff.data.names import addressed, chosen

    table = chosen(arguments.table, "table", settings.at(settings.load(), "data"))
    try:
        print(encode_file(Path(paths.encoder(table)), arguments.rows, arguments.to))
    except BadInput as error:
        raise BadInput(addressed(str(error), "table", table)) from error


def predict(arguments: argparse.Namespace) -> None:
    """predict the classes of new rows or pictures, or the masks of new scans, with a trained network"""
    predict_by_model(arguments)


def export(arguments: argparse.Namespace) -> None:
    """export a trained network for other programs: ONNX, TorchScript or safetensors"""
    export_model(arguments)


def explain(arguments: argparse.Namespace) -> None:
    """explain the predictions of a trained network: confusion, calibration, errors, importance of columns"""
    explain_model(arguments)


def card(arguments: argparse.Namespace) -> None:
    """write a model card of a trained network, in the format of the Hugging Face hub"""
    write_card(arguments)


def words(arguments: argparse.Namespace) -> None:
    """find neighbours and analogies of words with the trained word vectors, draw or export them"""
    arguments.ask(arguments)


def learn(arguments: argparse.Namespace) -> None:
    """read rows from standard input, predict each, and learn from those with a target; the stream may be endless"""
    from bakeoff.online.live import follow, state_paths

    learner, state = state_paths(arguments.learner, arguments.state)
    status = follow(0, sys.stdout, learner, state, every=arguments.every, skip=arguments.skip)
    if status:
        sys.exit(status)


def use(arguments: argparse.Namespace) -> None:
    """write the best point of a study, or a trial of its front, as recipes/TASK/MODEL.yaml, or print it"""
    from bakeoff.commands.use import use as write_recipe
    from bakeoff.harness import params

    for line in write_recipe(arguments.study, params.check(), trial=arguments.trial, force=arguments.force):
        print(line)


def worker(arguments: argparse.Namespace) -> None:
    """join a Dask cluster as a worker, for searches that run with BAKEOFF_DASK=<address of the scheduler>"""
    from bakeoff.base.cluster import serve

    serve(arguments.scheduler)


def deps(_: argparse.Namespace) -> None:
    """write dvc.yaml for the data sets and tasks of params.yaml, the JSON schema of params.yaml, and DVC's colours"""
    from bakeoff.harness import code_dependencies, graph_template, params
    from bakeoff.report.figures.palette import COLOURS

    if graph_template.edited(Path()):
        raise BadInput(f"{graph_template.GRAPH}: was edited by hand; {graph_template.REMEDY}")
    text = graph_template.TEMPLATE.read_text(encoding="utf-8")
    code_dependencies.refresh(graph_template.GRAPH, graph_template.expanded(text, params.check(graph=False)))
    code_dependencies.write_colours(Path(".dvc/plots/curves.json"), COLOURS)
    code_dependencies.write_schema(Path("params.schema.json"), params.schema())


def readme(_: argparse.Namespace) -> None:
    """copy the table of results into README.md"""
    from bakeoff.report.pages import embed

    path = Path("README.md")
    path.write_text(embed(path.read_text(encoding="utf-8"), Path(paths.RESULTS).read_text(encoding="utf-8")))


def setup(_: argparse.Namespace) -> None:
    """write the page template with which `dvc plots` works offline"""
    from bakeoff.harness.dvc_plots_page import write_template

    write_template()


def tidy(_: argparse.Namespace) -> None:
    """repair a truncated dvc.lock, remove outputs of items that are no longer in params.yaml, and sort dvc.lock"""
    from bakeoff.harness.dvc_graph import order, prune
    from bakeoff.harness.lockfile import heal

    for line in chain(heal(), prune()):
        print(line)
    order()


def verify(arguments: argparse.Namespace) -> None:
    """run the whole pipeline in a clean clone, and compare its dvc.lock with the committed one"""
    from bakeoff.harness.verify import verify as verify_lock

    verify_lock(record=arguments.record, engine="dvc" if arguments.serial else "snakemake")
