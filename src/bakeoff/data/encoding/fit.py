"""The encoder that the training rows give."""

from collections.abc import Iterable, Iterator, Mapping

from bakeoff.data.encoding import scale
from bakeoff.data.encoding.categories import OTHER, Hashed, OneHot, bucket, most_frequent
from bakeoff.data.encoding.encoder import Encoder, columns
from bakeoff.data.encoding.rows import Rows
from bakeoff.data.encoding.scale import Scale
from bakeoff.data.encoding.settings import EncodingSettings
from bakeoff.data.encoding.survey import Survey, survey
from bakeoff.data.table.table import MISSING
from bakeoff.settings import BadInput, hint


def fit(rows: Rows, settings: EncodingSettings) -> tuple[Encoder, Survey]:
    """The encoder, and the survey that it rests on.

    Raises:
        BadInput: all settings that name no column; or all columns that do not fit the settings.
    """
    refuse(
        f"{key}: '{name}' is no {kind} column{hint(name, known)}"
        for key, named, kind, known in (
            ("scaling_by_column", settings.scaling_by_column, "numeric", rows.numeric),
            ("hashed", settings.hashed, "categorical", rows.categorical),
        )
        for name in named
        if name not in known
    )
    found = survey(rows, settings)
    one_hot = {name: grouped(name, found, settings) for name in rows.categorical if name not in settings.hashed}
    refuse([*gaps(rows, found, settings), *crowds(one_hot, found, settings)])
    numeric = {name: scaled(name, found, settings) for name in rows.numeric}
    hashed = {name: hashing(name, found, settings) for name in rows.categorical if name in settings.hashed}
    encoder = Encoder(
        version=1,
        numeric=numeric,
        one_hot=one_hot,
        hashed=hashed,
        unseen=settings.unseen,
        columns=columns(numeric, {**one_hot, **hashed}),
    )
    return encoder, found


def refuse(problems: Iterable[str]) -> None:
    """Refuse all of them in one line.

    Raises:
        BadInput: there are any.
    """
    if found := "; ".join(problems):
        raise BadInput(f"params.yaml: data.encoding.{found}")


def gaps(rows: Rows, found: Survey, settings: EncodingSettings) -> Iterator[str]:
    """Columns with missing values that the settings refuse."""
    for kind, names, others in (
        ("numeric", rows.numeric, "mean, median or zero"),
        ("categorical", rows.categorical, "category or most_frequent"),
    ):
        holes = {name: sum(found.missing[name].values()) for name in names}
        listed = ", ".join(f"'{name}' in {n:,} rows" for name, n in holes.items() if n)
        if listed and getattr(settings.missing, kind) == "refuse":
            yield f"missing.{kind} is refuse, and there is no value of {listed}; {others} fills them in"


def crowds(one_hot: Mapping[str, OneHot], found: Survey, settings: EncodingSettings) -> Iterator[str]:
    """Columns with too many known categories, or none."""
    for name, category in one_hot.items():
        values, known = len(category.seen), len(category.known)
        out = f"hash it (hashed: {{{name}: 64}}), or take it off data.table.categorical"
        if known > settings.maximum_categories:
            yield (
                f"maximum_categories is {settings.maximum_categories:,}, and {known:,} of the {values:,} categories of "
                f"'{name}' stand in {settings.minimum_frequency:,} or more training rows: raise minimum_frequency, "
                f"{out}"
            )
        if not known and values > 1:
            yield (
                f"minimum_frequency is {settings.minimum_frequency:,}, and none of the {values:,} categories of "
                f"'{name}' stands in so many of the {found.sizes['train']:,} training rows: lower it, {out}"
            )


def scaled(name: str, found: Survey, settings: EncodingSettings) -> Scale:
    present, absent = found.moments[name], found.missing[name]["train"]
    fill = {"mean": present.mean, "median": found.quartiles[name][1], "zero": 0.0, "refuse": None}
    scaling = settings.scaling_by_column.get(name, settings.scaling)
    return scale.fit(present, absent, fill[settings.missing.numeric], scaling)


def grouped(name: str, found: Survey, settings: EncodingSettings) -> OneHot:
    """Values that stand in at least `minimum_frequency` training rows, and the rarer ones."""
    frequency = found.frequency[name].copy()
    fill = {"category": MISSING, "most_frequent": most_frequent(frequency), "refuse": None}
    missing = fill[settings.missing.categorical]
    if missing and found.missing[name]["train"]:
        frequency[missing] += found.missing[name]["train"]
    known = {value for value, n in frequency.items() if n >= settings.minimum_frequency and value != OTHER}
    return OneHot(known=tuple(sorted(known)), rare=tuple(sorted(set(frequency) - known)), missing=missing)


def hashing(name: str, found: Survey, settings: EncodingSettings) -> Hashed:
    buckets = settings.hashed[name]
    fullest = int(found.fullness[name].argmax())
    fill = {"category": bucket(MISSING, buckets), "most_frequent": fullest, "refuse": None}
    return Hashed(buckets=buckets, missing=fill[settings.missing.categorical])
