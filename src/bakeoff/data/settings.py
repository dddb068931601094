"""Kinds of values that the sections of `data` in params.yaml share; each section stands beside the code it controls."""

from typing import Annotated

from pydantic import AfterValidator, Field


def distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"lists '{twice[0]}' twice; list it once")
    return names


Positive = Annotated[int, Field(ge=1, le=10**9)]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]  # what scikit-learn, NumPy and torch all take
Share = Annotated[float, Field(gt=0, lt=1)]
Columns = Annotated[tuple[str, ...], Field(strict=False), AfterValidator(distinct)]
