"""Scales the table's numbers and one-hot encodes its categories, by what the training rows say."""

from functools import partial

from bakeoff.base import paths
from bakeoff.data.encoding import describe, encode
from bakeoff.data.encoding.fit import fit
from bakeoff.data.encoding.rows import Rows, scans
from bakeoff.data.encoding.settings import EncodingSettings
from bakeoff.data.encoding.survey import others
from bakeoff.data.table import table
from bakeoff.data.table.reading import Reading
from bakeoff.data.table.settings import TableSettings
from bakeoff.harness.stage import Stage, run


def encode_table(stage: Stage) -> None:
    features = stage.settings("data.table", TableSettings)
    settings = stage.settings("data.encoding", EncodingSettings)
    path = stage.input(paths.TABLE)
    reading = Reading.load(stage.input(paths.READING))
    classes = table.classes(path)
    with stage.progress(scans(len(features.numeric))) as progress:
        rows = Rows(path, features.numeric, features.categorical, progress.advance)
        encoder, found = fit(rows, settings, reading)
        report = describe.report(rows, encoder, found, others(rows, encoder))
        stage.output(paths.EXAMPLES["table"], partial(encode.write, rows, encoder, found.sizes, classes))
    stage.output(paths.ENCODER, encoder.save)
    stage.output(paths.ENCODING, partial(describe.save, report))


if __name__ == "__main__":
    run(encode_table, "encode_table")
