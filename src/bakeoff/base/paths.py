"""The paths of the pipeline's files, from the root of the project. dvc.yaml declares the same paths."""

from collections.abc import Mapping
from typing import Literal, get_args

Kind = Literal["corpus", "table", "images", "scans"]  # of data
KINDS: tuple[Kind, ...] = get_args(Kind)

# The file of a data set that networks are trained on, by its kind.
EXAMPLES: Mapping[Kind, str] = {"images": "images.npz", "table": "encoded.npz", "scans": "scans.npz"}

REPORTS = "reports"
COMPARISON, CURVES = f"{REPORTS}/comparison.json", f"{REPORTS}/curves.csv"
COSTS, RESULTS = f"{REPORTS}/costs.json", f"{REPORTS}/results.md"
TRACKED = "mlartifacts/tracked.json"  # with MLflow's own files, so that it is deleted with them
FIGURES, RECORDS = f"{REPORTS}/figures", f"{REPORTS}/records"
DIGESTS = f"{REPORTS}/code"  # a file for each script, written by `pipeline.digest_code`
MACHINE = f"{REPORTS}/machine.json"  # the processor on which the committed dvc.lock was made

TUNER_CONTEST = f"{REPORTS}/tuner_contest/results.json"

LIVE = ".bakeoff/live"  # histories of trainings that still run
ENDED = ".bakeoff/ended"  # by stage its duration and its inputs
TRIALS = ".bakeoff/trials"  # a file for each search: the trainings that it has finished
CHECKPOINTS = ".checkpoints"  # a folder for each stage with its trainings, until its outputs are written


def raw(kind: Kind) -> str:
    """Return the folder of the user's own data of a kind."""
    return f"data/raw/{kind}"


def data(name: str) -> str:
    """Return the folder of an ingested data set."""
    return f"data/{name}"


def data_name(path: str) -> str:
    """Return the name of the data set that a file belongs to: that of its folder."""
    return path.split("/")[-2]


def data_card(name: str) -> str:
    """Return the path of the card of a data set."""
    return f"{data(name)}/card.json"


def examples(name: str, kind: Kind) -> str:
    """Return the path of the examples of a data set on which networks are trained."""
    return f"{data(name)}/{EXAMPLES[kind]}"


def tokens(corpus: str) -> str:
    return f"{data(corpus)}/tokens.npy"


def vocabulary(corpus: str) -> str:
    return f"{data(corpus)}/vocabulary.csv"


def table(name: str) -> str:
    """Return the path of a table's rows, ingested and not yet encoded."""
    return f"{data(name)}/table.parquet"


def reading(table: str) -> str:
    """Return the path of the detected format of a table."""
    return f"{data(table)}/reading.json"


def encoder(table: str) -> str:
    return f"{data(table)}/encoder.json"


def encoding(table: str) -> str:
    """Return the path of the description of a table's encoding."""
    return f"{REPORTS}/encoding/{table}.json"


def recipe(task: str, model: str) -> str:
    """Return the path of the recipe of a network on a task: settings, written by the user."""
    return f"recipes/{task}/{model}.yaml"


def weights(group: str, name: str) -> str:
    """Return the path of the weights of a training.

    Args:
        group: a task, or `embedding`, `online` or `recipes`.
    """
    return f"models/{group}/{name}.safetensors"


def card(group: str, name: str) -> str:
    """Return the path of the card that describes a file of weights."""
    return f"models/{group}/{name}.json"


def record(group: str, name: str) -> str:
    """Return the path of the run record of a stage.

    Args:
        group: a task, or `baselines`, `embedding`, `online`, `recipes` or `tuning`.
    """
    return f"{RECORDS}/{group}/{name}.json"


def metrics(group: str, name: str) -> str:
    """Return the path of the means over the final runs of a training."""
    return f"{REPORTS}/metrics/{group}/{name}.json"


def trials(name: str) -> str:
    """Return the path of the table of the trials of a search."""
    return f"{REPORTS}/trials/{name}.csv"


def task_metrics(task: str) -> str:
    """Return the path of a task's metrics for `dvc metrics show`."""
    return f"{REPORTS}/metrics/{task}.json"


def figure(name: str) -> str:
    return f"{FIGURES}/{name}"


def tuner_table(study: str) -> str:
    """Return the path of a table of trainings for the comparison of search methods."""
    return f"{REPORTS}/tuner_contest/{study}.csv"
