"""Cuts a brain template into slices with labelled pixels, each under a bias field of its own."""

from bakeoff.data.scans import scans
from bakeoff.data.scans.settings import ScansSettings
from bakeoff.data.sources import catalogue as sources
from bakeoff.stage import Stage, run


def ingest_scans(stage: Stage) -> None:
    settings = stage.settings("data.scans", ScansSettings)
    examples = scans.examples(sources.files(settings.source), settings)
    stage.output("data/scans/scans.npz", examples.save)


if __name__ == "__main__":
    run(ingest_scans, "ingest_scans")
