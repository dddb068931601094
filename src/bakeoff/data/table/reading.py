"""How the texts of a table are read: found by ingest_table over the whole table, stored, and used for new rows."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError

from bakeoff.base.quoting import listed
from bakeoff.base.settings import BadInput, Settings, faults
from bakeoff.data.remedy import again
from bakeoff.data.settings import Columns
from bakeoff.data.table.settings import AUTO, NONE, CsvSettings


class Reading(Settings):
    """What was found or set; null where nothing in the table told it, and new rows may tell it by the same rules.

    A table with types (Parquet, a data set of the catalogue) has no separator, encoding or decimal mark: all its fields
    are those of the settings, and null for `auto`.

    Attributes:
        separator: between the fields of a line.
        decimal: of the whole file. Null if no number has a mark.
        thousands: of the whole file. `none`: numbers have none, and 1,200 with a decimal point is refused. Null where
            no number has a mark, or the table has types.
        encoding: of the file.
        date_order: of the times, `dmy` or `mdy` for 3/11/2013; null where they are 2013-11-03 or there are none.
        missing: texts that stand for a missing value once they are trimmed, beside the empty one; in all columns.
        numbers: columns of categories, classes or groups whose values are all numbers: `canonical(number=True)`.
        times: whether the times are instants, told in UTC, or have no zone; null if there are none.
    """

    separator: str | None
    decimal: Literal[".", ","] | None
    thousands: Literal["none", ",", ".", " ", "'"] | None
    encoding: str | None
    date_order: Literal["ymd", "dmy", "mdy"] | None
    missing: Columns
    numbers: Annotated[tuple[str, ...], Field(strict=False)]
    times: Literal["utc", "naive"] | None

    @property
    def csv(self) -> CsvSettings:
        """The same as settings, for new rows."""
        # Not validated: a file of "1,5" in quotes has one mark for decimals and between fields, which nobody may set.
        marks: dict[str, Any] = {
            name: getattr(self, name) or AUTO for name in CsvSettings.model_fields if name != "missing"
        }
        return CsvSettings.model_construct(**marks, missing=self.missing)

    def line(self) -> str:
        """Return what is printed: `read as: separator ',', decimal mark '.', …`."""
        marks = {
            "separator": self.separator,
            "decimal mark": self.decimal,
            "thousands mark": None if self.thousands == NONE else self.thousands,
        }
        told = [f"{name} {mark!r}" for name, mark in marks.items() if mark is not None]
        words = {"encoding": self.encoding, "dates": self.date_order, "times": self.times}
        told += [f"{name} {word}" for name, word in words.items() if word is not None]
        missing = ", ".join(map(repr, self.missing))
        return f"read as: {', '.join([*told, 'missing: empty' + (f', {missing}' if missing else '')])}"

    def save(self, path: Path) -> None:
        text = json.dumps(self.model_dump(), indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8", newline="\n")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BadInput: it is missing, or is something else.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise BadInput(f"{path}: {listed(faults(error, cls))}; {again('ingest', path)}") from None
        except OSError as error:
            raise BadInput(f"{path}: {error.strerror}; {again('ingest', path)}") from None
