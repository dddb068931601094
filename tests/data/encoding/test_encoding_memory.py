"""Peak memory of the whole way, in a process of its own, on a table and on one five times as long."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bakeoff.data.examples import SPLITS

GROUP = 1 << 16  # rows of a row group, 2 MB of numbers

ENCODE = """
import sys
from pathlib import Path
from bakeoff.data.encoding import describe, encode
from bakeoff.data.encoding.fit import fit
from bakeoff.data.encoding.rows import Rows
from bakeoff.data.encoding.settings import EncodingSettings
from bakeoff.data.encoding.survey import others
from bakeoff.data.table.reading import Reading

folder = Path(sys.argv[1])
rows = Rows(folder / "table.parquet", ("a", "b", "c", "d"), ("carrier",), lambda _: None)
reading = Reading.model_validate(dict.fromkeys(Reading.model_fields) | {"missing": (), "numbers": ()})
encoder, found = fit(rows, EncodingSettings.model_validate_json(sys.argv[2]), reading)
describe.report(rows, encoder, found, others(rows, encoder))
encode.write(rows, encoder, found.sizes, ["no", "yes"], folder / "encoded.npz")
status = Path("/proc/self/status").read_text().splitlines()
print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


def peak(folder: Path, groups: int, settings: str) -> float:
    """MB."""
    folder.mkdir()
    generator = np.random.default_rng(0)
    group = pa.table(
        {name: generator.standard_normal(GROUP) for name in "abcd"}
        | {"carrier": generator.choice(["UA", "AA"], GROUP), "split": generator.choice(SPLITS, GROUP)}
        | {"target": generator.integers(0, 2, GROUP).astype(np.uint8)}
    )
    with pq.ParquetWriter(folder / "table.parquet", group.schema) as writer:
        for _ in range(groups):
            writer.write_table(group)
    command = [sys.executable, "-c", ENCODE, str(folder), settings]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak from Linux's /proc")
def test_memory_does_not_grow_with_the_rows(settings, tmp_path: Path) -> None:
    rules = settings(missing={"numeric": "median", "categorical": "most_frequent"}).model_dump_json()
    short, long = peak(tmp_path / "short", 4, rules), peak(tmp_path / "long", 20, rules)
    assert long - short < 10  # MB, of 16 row groups of 2 MB; what the allocators keep differs by some between two runs
