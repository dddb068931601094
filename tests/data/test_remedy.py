"""A damaged file of a data set is made again by the stage of that data set, whatever its name."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bakeoff.base.settings import BadInput
from bakeoff.data.encoding.encoder import Encoder
from bakeoff.data.encoding.report import Encoding
from bakeoff.data.encoding.rows import Rows
from bakeoff.data.remedy import again
from bakeoff.data.table import table
from bakeoff.data.table.reading import Reading


@pytest.mark.parametrize("name", ["houses", "table", "table_2"])
@pytest.mark.parametrize("content", [None, "{}", "junk"])
@pytest.mark.parametrize(
    ("read", "file", "verb"),
    [
        (table.load, "data/{}/table.parquet", "ingest"),
        (table.classes, "data/{}/table.parquet", "ingest"),
        (lambda path: Rows(path, ("x",), (), print).schema, "data/{}/table.parquet", "ingest"),
        (Reading.load, "data/{}/reading.json", "ingest"),
        (Encoder.load, "data/{}/encoder.json", "encode"),
        (Encoding.read, "reports/encoding/{}.json", "encode"),
    ],
)
def test_the_remedy_names_the_stage_of_the_data_set(
    tmp_path: Path, read: Callable[[Path], object], file: str, verb: str, content: str | None, name: str
) -> None:
    path = tmp_path / file.format(name)
    path.parent.mkdir(parents=True)
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        read(path)
    assert str(refused.value).endswith(f"; make it again with `dvc repro {verb}_{name}`")


def test_a_copy_elsewhere_names_no_stage() -> None:
    assert again("encode", Path("copies/encoder.json")) == "make it again with the stage that encodes the table"
