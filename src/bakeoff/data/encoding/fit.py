"""The encoder that the training rows give."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from bakeoff.base.settings import BadInput
from bakeoff.base.values import resolved
from bakeoff.data.encoding import scale
from bakeoff.data.encoding.categories import NO_TEXT, Filled, Hashed, OneHot, bucket, most_frequent
from bakeoff.data.encoding.encoder import Encoder, columns
from bakeoff.data.encoding.rows import Rows
from bakeoff.data.encoding.scale import Scale
from bakeoff.data.encoding.settings import EncodingSettings, misnamed
from bakeoff.data.encoding.survey import Survey, survey
from bakeoff.data.table.reading import Reading


def fit(rows: Rows, settings: EncodingSettings, reading: Reading) -> tuple[Encoder, Survey]:
    """Return the encoder, and the survey that it rests on.

    Args:
        reading: of the table, as it was ingested; texts of new rows will be read likewise.

    Raises:
        BadInput: all settings that name no column; or all columns that do not fit the settings.
    """
    refuse(misnamed(settings, rows.numeric, rows.categorical))
    found = survey(rows, settings)
    one_hot = {name: grouped(name, found, settings) for name in rows.categorical if name not in settings.hashed}
    refuse([*gaps(rows, found, settings), *crowds(one_hot, found, settings)])
    numeric = {name: scaled(name, found, settings) for name in rows.numeric}
    hashed = {name: hashing(name, found, settings) for name in rows.categorical if name in settings.hashed}
    encoder = Encoder(
        version=2,
        reading=reading,
        numeric=numeric,
        one_hot=one_hot,
        hashed=hashed,
        unseen=settings.unseen,
        maximum_unseen=settings.maximum_unseen,
        columns=columns(numeric, {**one_hot, **hashed}),
    )
    return encoder, found


def refuse(problems: Iterable[str]) -> None:
    """Refuse all of them in one line.

    Raises:
        BadInput: there are any.
    """
    if found := "; ".join(problems):
        raise BadInput(f"params.yaml: {found}")


def gaps(rows: Rows, found: Survey, settings: EncodingSettings) -> Iterator[str]:
    """Columns with missing values that the settings refuse."""
    for kind, names, others in (
        ("numeric", rows.numeric, "mean, median or zero"),
        ("categorical", rows.categorical, "category or most_frequent"),
    ):
        holes = {name: sum(found.missing[name].values()) for name in names}
        listed = ", ".join(f"'{name}' in {n:,} rows" for name, n in holes.items() if n)
        if listed and getattr(settings.missing, kind) == "refuse":
            yield (
                f"data.table.encoding.missing.{kind} is refuse, and there is no value of {listed}; {others} fills "
                "them in"
            )


def crowds(one_hot: Mapping[str, OneHot], found: Survey, settings: EncodingSettings) -> Iterator[str]:
    """Columns with too many known categories, or none."""
    for name, category in one_hot.items():
        known = category.other  # a missing value may be one of them
        values = known + len(category.rare) + (category.missing == "rare")
        out = f"hash it (hashed: {{{name}: 64}}), or remove it from data.table.categorical"
        if known > settings.maximum_categories:
            yield (
                f"data.table.encoding.maximum_categories is {settings.maximum_categories:,}, and {known:,} of the "
                f"{values:,} categories of '{name}' stand in {frequent(found, settings):,} or more training rows: "
                f"raise minimum_frequency, {out}"
            )
        if not known and values > 1:
            yield (
                f"data.table.encoding.minimum_frequency is {frequent(found, settings):,}, and none of the {values:,} "
                f"categories of '{name}' occurs that often in the {found.sizes['train']:,} training rows: lower it, "
                f"{out}"
            )


def frequent(found: Survey, settings: EncodingSettings) -> int:
    """Return the number of training rows in which a category stands that is not rare."""
    return resolved(settings.minimum_frequency, sum(found.sizes.values()))


def scaled(name: str, found: Survey, settings: EncodingSettings) -> Scale:
    present, absent = found.moments[name], found.missing[name]["train"]
    fill = {"mean": present.mean, "median": found.quartiles[name][1], "zero": 0.0, "refuse": None}
    scaling = settings.scaling_by_column.get(name, settings.scaling)
    return scale.fit(present, absent, fill[settings.missing.numeric], scaling)


def grouped(name: str, found: Survey, settings: EncodingSettings) -> OneHot:
    """Values that stand in at least `minimum_frequency` training rows, and the rarer ones."""
    frequency, absent = found.frequency[name].copy(), found.missing[name]["train"]
    least = frequent(found, settings)
    missing: Literal["column", "rare", "unseen", "refuse"] | Filled
    if settings.missing.categorical == "refuse":
        missing = "refuse"
    elif settings.missing.categorical == "most_frequent" and frequency:
        missing = Filled(value=most_frequent(frequency))
        frequency[missing.value] += absent
    elif absent >= least:
        missing = "column"
    else:
        missing = "rare" if absent else "unseen"
    known = {value for value, n in frequency.items() if n >= least}
    return OneHot(known=tuple(sorted(known)), rare=tuple(sorted(set(frequency) - known)), missing=missing)


def hashing(name: str, found: Survey, settings: EncodingSettings) -> Hashed:
    buckets = settings.hashed[name]
    fullest = int(found.fullness[name].argmax())
    fill = {"category": bucket(NO_TEXT, buckets), "most_frequent": fullest, "refuse": None}
    return Hashed(buckets=buckets, missing=fill[settings.missing.categorical])
