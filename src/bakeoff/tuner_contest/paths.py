"""The paths of the contest's files, from the root of the project. dvc.yaml declares the same paths."""

from bakeoff.base.paths import REPORTS

FOLDER = f"{REPORTS}/tuner_contest"
RESULTS = f"{FOLDER}/results.json"


def table(study: str) -> str:
    """Return the path of the table of trainings of a study."""
    return f"{FOLDER}/{study}.csv"
