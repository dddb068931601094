"""Settings of a table: `data.<name>` of the kind `table` in params.yaml."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from bakeoff.base.quoting import quoted
from bakeoff.base.settings import Settings
from bakeoff.base.values import Positive, Seed, Share
from bakeoff.data.portion import check_rest
from bakeoff.data.settings import Columns, text_encoding
from bakeoff.data.sources.settings import TableSource

AUTO = "auto"


NONE = "none"


def encoding(name: str) -> str:
    """Return the name of an encoding, or `auto`."""
    try:
        return name if name == AUTO else text_encoding(name)
    except ValueError as error:
        raise ValueError(f"{error}; or write {AUTO}") from None


class CsvSettings(Settings):
    """How a text table is read; `auto` is found by the rules in delimited.py, figures.py and times.py."""

    separator: Literal["auto", ",", ";", "\t", "|", " "]
    decimal: Literal["auto", ".", ","]
    thousands: Literal["auto", "none", ",", ".", " ", "'"]
    encoding: Annotated[str, AfterValidator(encoding)]
    date_order: Literal["auto", "ymd", "dmy", "mdy"]
    missing: Columns

    @model_validator(mode="after")
    def marks_differ(self) -> Self:
        # The separator may be the thousands mark too: "1,200" in quotes.
        for name, mark in (("separator", self.separator), ("thousands", self.thousands)):
            if self.decimal == mark != AUTO:
                raise ValueError(f"{name} and decimal are both {mark!r}; set one of them to another mark, or to {AUTO}")
        return self


class TargetSettings(Settings):
    """Class 1 above a number; or the values of the column as classes, all of them where none are listed."""

    column: str
    above: float | None
    classes: Annotated[Columns, Field(min_length=2, max_length=256)] | None

    @model_validator(mode="after")
    def is_of_one_kind(self) -> Self:
        if self.above is not None and self.classes is not None:
            raise ValueError("has both `above` and `classes`; one of them should be null")
        return self


class SplitSettings(Settings):
    by: Literal["group", "time", "random"]
    column: str | None
    validation: Share
    test: Share
    seed: Seed

    @model_validator(mode="after")
    def says_what_it_needs(self) -> Self:
        check_rest(self.validation, self.test)
        if (self.by == "group") != (self.column is not None):
            raise ValueError(
                f"by {self.by}, column is {quoted(self.column)}; a split by group needs one, others take null"
            )
        return self


class TableSettings(Settings):
    source: TableSource
    take: Positive | None
    csv: CsvSettings
    target: TargetSettings
    numeric: Columns
    categorical: Columns
    time: str | None
    leaks: Columns
    dropped: Columns | None
    order: Columns
    split: SplitSettings

    @property
    def features(self) -> tuple[str, ...]:
        return (*self.numeric, *self.categorical)

    @property
    def roles(self) -> dict[str, tuple[str, ...]]:
        """The columns that each setting names; those of one that names none are left out."""
        named = {
            "numeric": self.numeric,
            "categorical": self.categorical,
            "target.column": (self.target.column,),
            "time": (self.time,) if self.time else (),
            "split.column": (self.split.column,) if self.split.column else (),
            "order": self.order,
            "leaks": self.leaks,
            "dropped": self.dropped or (),
        }
        return {role: names for role, names in named.items() if names}

    @model_validator(mode="after")
    def roles_fit_together(self) -> Self:
        if problems := list(self.misfits()):
            raise ValueError("; ".join(problems))
        return self

    def misfits(self) -> Iterator[str]:
        """What is wrong with the roles, before any file is read."""
        if not self.features:
            yield "numeric and categorical are both empty; list at least one feature"
        if self.split.by == "time" and self.time is None:
            yield "split is by time, and time is null; name the column that says when"
        for name in self.numeric:
            if name in self.categorical:
                yield f"'{name}' is numeric and categorical; remove it from one of the lists"
        for name in ("target", "split"):
            if name in (*self.features, self.time):
                yield f"'{name}' is a column that is made here; rename the feature"
        for role, column in (("time", self.time), ("split.column", self.split.column)):
            if column == self.target.column:
                yield f"{role} is '{column}', which is the target; name another column"
        for name in self.features:
            if name == self.target.column:
                yield f"'{name}' is the target, and cannot be a feature; remove it from the list"
            if name == self.time:
                yield f"'{name}' is the time, and cannot be a feature; remove it from the list"
            if name in self.leaks:
                yield f"'{name}' is a feature and among leaks; remove it from one of the lists"
        for name in self.dropped or ():
            if name in (*self.features, self.target.column, self.time):
                yield f"'{name}' is dropped and has a role; remove it from one of the lists"
