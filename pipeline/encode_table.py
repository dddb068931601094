"""Scales the table's numbers and one-hot encodes its categories, fitted on the training rows."""

from functools import partial

from bakeoff.base import paths
from bakeoff.data.encoding import describe, encode
from bakeoff.data.encoding.fit import fit, frequent
from bakeoff.data.encoding.rows import Rows, scans
from bakeoff.data.encoding.settings import TableData
from bakeoff.data.encoding.survey import others
from bakeoff.data.portion import portion
from bakeoff.data.table import table
from bakeoff.data.table.reading import Reading
from bakeoff.harness.stage import Stage, run


def encode_table(stage: Stage, data: str) -> None:
    settings = stage.settings(f"data.{data}", TableData)
    path = stage.input(paths.table(data))
    reading = Reading.load(stage.input(paths.reading(data)))
    classes = table.classes(path)
    with stage.progress(scans(len(settings.numeric))) as progress:
        rows = Rows(path, settings.numeric, settings.categorical, progress.advance)
        encoder, found = fit(rows, settings.encoding, reading)
        report = describe.report(rows, encoder, found, others(rows, encoder))
        stage.output(paths.examples(data, "table"), partial(encode.write, rows, encoder, found.sizes, classes))
    if isinstance(share := settings.encoding.minimum_frequency, float):
        rows_of_all = f"{frequent(found, settings.encoding):,} of {sum(found.sizes.values()):,} rows"
        stage.say([f"{stage.name}: data.table.encoding.minimum_frequency: {share:g} = {rows_of_all}"])
    whole = table.whole(path)
    part = portion(settings.take, "rows", whole) if settings.take and whole else None
    stage.output(paths.encoder(data), encoder.save)
    stage.output(paths.data_card(data), describe.card(rows, encoder, classes, settings.source, part).save)
    stage.output(paths.encoding(data), report.save)


if __name__ == "__main__":
    run(encode_table, "encode_{data}", about=("data", "table"), data=None)
