"""Stands in for the check of the real params.yaml, whose sections the toy doesn't have."""

from types import SimpleNamespace

from bakeoff.base.settings import BadInput, load


def check() -> SimpleNamespace:
    document = load()
    if document["tuning"]["trials"] < 1:
        raise BadInput(f"params.yaml: tuning.trials is {document['tuning']['trials']}, and should be at least 1")
    return SimpleNamespace(run=SimpleNamespace(**document["run"]))
