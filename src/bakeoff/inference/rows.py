"""Predictions of raw rows of a table: the stored encoder encodes them."""

import sys
from pathlib import Path

from bakeoff.base import paths
from bakeoff.base.provenance import sha256
from bakeoff.base.settings import BadInput
from bakeoff.data.encoding.encoder import Encoder
from bakeoff.data.encoding.inference import encode_table_file
from bakeoff.data.remedy import stage
from bakeoff.inference import classes, output, recorded
from bakeoff.inference.models import Trained


def fitting(model: Trained, table: str) -> tuple[Encoder, str | None]:
    """Return the encoder with which the model was trained, and a line on skipped checks.

    Raises:
        BadInput: the encoder is missing, damaged, or newer than the model.
    """
    path = Path(paths.encoder(table))
    encoder = Encoder.load(path)
    encoded = Path(paths.examples(table, "table"))
    newer = encoded.is_file() and model.data.get(str(encoded), "") != sha256(encoded)
    if newer or model.shape != (len(encoder.columns),):
        raise BadInput(
            f"{path}: is not the encoder with which {model.name} was trained; `dvc repro {model.stage}` trains it again"
        )
    return encoder, recorded.check_file(model, str(encoded), str(path))


def predicted(model: Trained, encoder: Encoder, table: str, path: Path) -> tuple[bytes, int]:
    """Return a CSV file with a line for each row, and the number of rows; rows count from 1.

    Raises:
        BadInput: a column is missing, or a value cannot be read.
    """
    x, others = encode_table_file(encoder, path, stage("encode", Path(paths.encoder(table))))
    if grouped := ", ".join(f"{name} {n:,}" for name, n in others.items() if n):
        print(f"rare or unseen values: {grouped}", file=sys.stderr)
    return output.table(classes.header("row", model), classes.lines(model, range(1, len(x) + 1), x)), len(x)
