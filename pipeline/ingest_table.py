"""Joins flights with weather and planes, puts them in the order of time and splits them by whole days."""

from functools import partial

from bakeoff.data.sources import catalogue as sources
from bakeoff.data.table import table
from bakeoff.data.table.settings import TableSettings
from bakeoff.stage import Stage, run


def ingest_table(stage: Stage) -> None:
    settings = stage.settings("data.table", TableSettings)
    rows = table.read(sources.files(settings.source))
    stage.output("data/table/table.parquet", partial(table.save, table.prepare(rows, settings)))


if __name__ == "__main__":
    run(ingest_table, "ingest_table")
