"""Scales the table's numbers and one-hot encodes its categories, by what the training rows say."""

from bakeoff.data.encoding import encode
from bakeoff.data.encoding.settings import EncodingSettings
from bakeoff.data.table import table
from bakeoff.data.table.settings import TableSettings
from bakeoff.stage import Stage, run


def encode_table(stage: Stage) -> None:
    features = stage.settings("data.table", TableSettings)
    settings = stage.settings("data.encoding", EncodingSettings)
    rows = table.load(stage.input("data/table/table.parquet"))
    examples, encoder = encode.encode(rows, features, settings)
    stage.output("data/table/encoded.npz", examples.save)
    stage.output("data/table/encoder.json", encoder.save)


if __name__ == "__main__":
    run(encode_table, "encode_table")
