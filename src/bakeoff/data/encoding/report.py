"""What encode_table reports: encoding.json, which the page shows."""

from pathlib import Path
from typing import Self

from pydantic import ValidationError

from bakeoff.base.quoting import listed
from bakeoff.base.record import dump
from bakeoff.base.settings import BadInput, Settings, faults
from bakeoff.data.remedy import again


class Grouped(Settings):
    """A one-hot category.

    Attributes:
        known: values with a column of their own.
        grouped: how many values are rare.
        rare, unseen: rows by split that share `other`, because theirs is rare or no training row has it.
    """

    known: int
    grouped: int
    rare: dict[str, int]
    unseen: dict[str, int]


class Buckets(Settings):
    """A hashed category."""

    buckets: int


class Encoding(Settings):
    """The table before and after encoding.

    Attributes:
        before, after: statistics of the training rows' numbers, by column, under the names of pandas' `describe()`:
            before of the values that are not missing, after of all rows, whose missing values are filled in.
        missing: values by column and split.
        categories: by column; no missing value counts as one of them.
        rows: by split.
        columns: D.
    """

    before: dict[str, dict[str, int | float]]
    after: dict[str, dict[str, int | float]]
    missing: dict[str, dict[str, int]]
    categories: dict[str, Grouped | Buckets]
    rows: dict[str, int]
    columns: int

    def save(self, path: Path) -> None:
        path.write_text(dump(self.model_dump(mode="json")), encoding="utf-8", newline="\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return what `save` wrote.

        Raises:
            BadInput: it is missing, may not be read, or is another document.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise BadInput(f"{path}: cannot be read: {error.strerror}; {again('encode', path)}") from None
        except ValidationError as error:
            raise BadInput(f"{path}: {listed(faults(error, cls))}; {again('encode', path)}") from None
