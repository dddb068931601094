"""The paths of the pipeline's files, from the root of the project. dvc.yaml declares the same paths."""

from collections.abc import Mapping

# Examples of each task that trains networks, as .npz.
EXAMPLES: Mapping[str, str] = {
    "images": "data/images/images.npz",
    "table": "data/table/encoded.npz",
    "scans": "data/scans/scans.npz",
}
CORPUS = "data/corpus"
TOKENS, VOCABULARY = f"{CORPUS}/tokens.npy", f"{CORPUS}/vocabulary.csv"
TABLE, READING, ENCODER = "data/table/table.parquet", "data/table/reading.json", "data/table/encoder.json"

REPORTS = "reports"
ENCODING, COMPARISON, CURVES = f"{REPORTS}/encoding.json", f"{REPORTS}/comparison.json", f"{REPORTS}/curves.csv"
COSTS, TRACKED, RESULTS = f"{REPORTS}/costs.json", f"{REPORTS}/tracked.json", f"{REPORTS}/results.md"
FIGURES, RECORDS = f"{REPORTS}/figures", f"{REPORTS}/records"
DIGESTS = f"{REPORTS}/code"  # a file for each script, written by `pipeline.digest_code`
MACHINE = f"{REPORTS}/machine.json"  # the processor on which the committed dvc.lock was made

LIVE = ".bakeoff/live"  # histories of trainings that still run
ENDED = ".bakeoff/ended"  # by stage its duration, the one thing that differs from run to run, and what it read
CHECKPOINTS = ".checkpoints"  # a folder for each stage: what it has trained, until its outputs stand


def raw(kind: str) -> str:
    """Return the folder of the user's own data of a kind."""
    return f"data/raw/{kind}"


def weights(group: str, name: str) -> str:
    """Args:
    group: a task, or `embedding`, `online` or `recipes`.
    """
    return f"models/{group}/{name}.safetensors"


def card(group: str, name: str) -> str:
    """Return the path of what describes a file of weights."""
    return f"models/{group}/{name}.json"


def record(group: str, name: str) -> str:
    """Args:
    group: a task, or `baselines`, `embedding`, `online`, `recipes` or `tuning`.
    """
    return f"{RECORDS}/{group}/{name}.json"


def metrics(group: str, name: str) -> str:
    """Return the path of what `dvc metrics show` tabulates."""
    return f"{REPORTS}/metrics/{group}/{name}.json"


def figure(name: str) -> str:
    return f"{FIGURES}/{name}"
