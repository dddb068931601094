"""Reads a table, from the catalogue or the user, checks the roles of its columns, and splits its rows."""

from bakeoff.base import paths
from bakeoff.data.limits import Limits
from bakeoff.data.sources.find import find
from bakeoff.data.table import ingest
from bakeoff.data.table.settings import TableSettings
from bakeoff.harness.stage import Stage, run


def ingest_table(stage: Stage, data: str) -> None:
    stage.watched(paths.raw("table"))
    limits = stage.settings("limits", Limits)
    settings = stage.section(f"data.{data}", TableSettings)
    found = find(settings.source, "table", limits)
    with (
        stage.progress(ingest.size(found), unit="bytes") as progress,
        ingest.ingested(found, settings, progress.advance) as table,
    ):
        stage.output(paths.table(data), table.save)
        stage.output(paths.reading(data), table.reading.save)
        stage.say([table.reading.line(), table.summary()])


if __name__ == "__main__":
    run(ingest_table, "ingest_{data}", about=("data", "table"), data=None)
