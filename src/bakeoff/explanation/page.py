"""The page of an explanation: Markdown with its figures, and the same numbers as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.values import Metric
from bakeoff.data.encoding.encoder import Encoder
from bakeoff.data.examples import Split
from bakeoff.explanation import figures
from bakeoff.explanation.explanation import Explanation
from bakeoff.explanation.membranes import Separation
from bakeoff.explanation.pixel_size import PixelSize
from bakeoff.inference.models import Trained
from bakeoff.report.escaping import Markup, label, plain
from bakeoff.report.formatting import METRICS, number, percent, picture, plural, table
from bakeoff.results.model import rounded

CONFUSION, RELIABILITY, ERRORS, IMPORTANCE = "confusion.png", "reliability.png", "errors.png", "importance.png"
COLUMNS = 6  # of a table's rows that were predicted wrongly, the most important ones


@dataclass(frozen=True)
class Subject:
    """The model and data that a page explains.

    Attributes:
        split: its name.
        examples: of the split.
        rows: of a table, the raw values of each mistake by column; empty of pictures.
        recorded: the metrics of the training on this split, one for each seed.
        flips: the number of views whose mean is explained; None for the image as it is.
        pixels: the size of a pixel, and from where it is known.
    """

    task: str
    model: Trained
    metric: Metric
    split: str
    examples: Split
    rows: Sequence[Mapping[str, Any]]
    recorded: Mapping[int, Mapping[str, float]]
    repeats: int
    seed: int
    flips: int | None
    pixels: PixelSize


def drawn(subject: Subject, found: Explanation) -> dict[str, bytes]:
    """Return the figures (PNG), by name."""
    pictured = {
        CONFUSION: figures.confusion(found.tally.confusion, subject.model.classes),
        RELIABILITY: figures.reliability(found.tally.bins),
    }
    if found.mistakes and not subject.rows:
        pictured[ERRORS] = figures.pictures(
            subject.examples.x[[mistake.example for mistake in found.mistakes]], captions(subject, found)
        )
    if found.importances:
        pictured[IMPORTANCE] = figures.importances(found.importances, METRICS[subject.metric])
    return pictured


def captions(subject: Subject, found: Explanation) -> list[str]:
    """Return `4, not 9 (99.8%)` below each picture: the label, the prediction and its confidence."""
    names = subject.model.classes
    return [
        f"{label(names[one.label])}, not {label(names[one.predicted])} ({percent(rounded(one.confidence))})"
        for one in found.mistakes
    ]


def markdown(subject: Subject, found: Explanation) -> str:
    """Return the page."""
    parts = [
        f"# {plain(subject.task)}: how {plain(subject.model.name)} predicts",
        opening(subject, found),
        *confusion(subject, found),
        *surfaces(subject, found),
        *separation(found),
        *calibration(found),
        *errors(subject, found),
        *importance(subject, found),
    ]
    return "\n\n".join(parts) + "\n"


def what(subject: Subject) -> str:
    return "pixels" if subject.examples.y.ndim > 1 else "examples"


def opening(subject: Subject, found: Explanation) -> str:
    total, scored = found.tally.total, ""
    if found.score is not None and subject.metric != "accuracy":
        scored = f" The {METRICS[subject.metric]} is {number(found.score, 6)}."
    recorded = [
        f"seed {seed} {number(metrics[subject.metric], 6)}"
        for seed, metrics in subject.recorded.items()
        if subject.metric in metrics
    ]
    alone = ", of one view" if subject.flips else ""
    training = f" The training recorded{alone}: {METRICS[subject.metric]} {', '.join(recorded)}." if recorded else ""
    return (
        f"{subject.split.capitalize()} data: {plural(len(subject.examples.x), 'example')}. Of {total:,} "
        f"{what(subject)} {total - found.wrong:,} are predicted rightly: the accuracy is "
        f"{number(found.tally.accuracy, 6)}."
        f"{scored}{training}"
    )


def confusion(subject: Subject, found: Explanation) -> list[str]:
    tally = found.tally
    columns = (tally.confusion.sum(axis=1).tolist(), tally.confusion.sum(axis=0).tolist())
    rows = [
        [name, f"{labelled:,}", f"{predicted:,}", number(recall), number(precision)]
        for name, labelled, predicted, recall, precision in zip(
            subject.model.classes, *columns, tally.recall(), tally.precision(), strict=True
        )
    ]
    return [
        "## Confusion matrix",
        f"Rows are labels, columns are predictions; the colour is the share of the {what(subject)} of the label.",
        picture("confusion matrix", CONFUSION),
        "Recall is the share of a label that is predicted rightly, precision the share of the predictions of a class "
        "that are right.",
        table(["class", "labelled", "predicted", "recall", "precision"], rows),
    ]


def surfaces(subject: Subject, found: Explanation) -> list[str]:
    """Return the section on the distances between borders; nothing if there are no scans."""
    if not found.surfaces:
        return []
    rows = [
        [
            one.name,
            str(one.measured),
            *map(number, (one.median, one.mean, one.largest)),
            str(one.missed),
            str(one.added),
        ]
        for one in found.surfaces
    ]
    unit = "pixels of the prepared pictures" if subject.pixels.unit == "pixels" else subject.pixels.unit
    return [
        "## Distances between borders",
        f"The 95 % Hausdorff distance (HD95) of each picture, in {unit}: 95 % of the border of the prediction are no "
        "farther from the border of the mask, and the other way round. It is measured in the pictures whose mask and "
        "prediction both have the class. Where only one of them has it no distance is defined, and the picture counts "
        f"as missed (only the mask has it) or as added (only the prediction has it). {subject.pixels.description()}",
        table(["class", "pictures measured", "median", "mean", "largest", "missed", "added"], rows),
    ]


def separation(found: Explanation) -> list[str]:
    """Return the section on the border between cells; nothing if no class is one."""
    scores = found.separation
    if scores is None:
        return []
    rows = [
        [name, number(score.middle), number(score.best), f"{score.threshold:g}"]
        for name, score in (
            ("V_Rand, pooled", scores.pooled_rand),
            ("V_Rand, mean over images", scores.rand),
            ("V_Info, mean over images", scores.info),
            ("V_Info, pooled", scores.pooled_info),
        )
    ]
    return [
        "## Separation of cells",
        f"Cells are what '{plain(scores.border)}' separates, once it is thinned to a line. The scores are 1 where no "
        "cells are merged and none is split (Arganda-Carreras et al. 2015). A pooled score is that of all images as "
        "one segmentation, in which a cell is in one image alone. The best threshold of the probability is chosen on "
        "these data, as in the ISBI 2012 challenge, so its score is biased by selection.",
        table(["score", "at threshold 0.5", "at the best threshold", "best threshold"], rows),
    ]


def calibration(found: Explanation) -> list[str]:
    bins = found.tally.bins
    rows = [
        [f"{one.low:.4g} to {one.high:.4g}", f"{one.count:,}", number(one.confidence), number(one.accuracy)]
        for one in bins
        if one.count
    ]
    return [
        "## Calibration",
        f"The expected calibration error is {number(found.tally.calibration_error)}: the mean difference between "
        f"confidence and accuracy over {plural(len(bins), 'bin')} of equal width, weighted by the number of "
        "predictions (Guo et al. 2017). The confidence is the probability of the predicted class. Where a network is "
        "calibrated, the bars end at the dashed line; where a bar ends below it, the network is overconfident.",
        picture("reliability diagram", RELIABILITY),
        table(["confidence", "predictions", "mean confidence", "accuracy"], rows),
    ]


def errors(subject: Subject, found: Explanation) -> list[str]:
    """Return the section on the most confident errors; nothing for scans."""
    if subject.examples.y.ndim > 1:
        return []
    heading = "## Most confident errors"
    if not found.mistakes:
        return [heading, "There are none: every prediction is right."]
    shown = f"{len(found.mistakes):,} of {plural(found.wrong, 'wrong prediction')}, the most confident first."
    parts = [heading, shown]
    if not subject.rows:
        parts.append(picture("label, prediction and its confidence", ERRORS))
    columns = [one.column for one in found.importances[:COLUMNS]] if subject.rows else []
    if columns:
        parts.append(f"Raw values of the {plural(len(columns), 'most important column')}, as the encoder kept them.")
    names = subject.model.classes
    rows = [
        [
            str(one.example),
            names[one.label],
            names[one.predicted],
            number(one.confidence),
            number(one.probability),
            *(value(subject.rows[place][column]) for column in columns),
        ]
        for place, one in enumerate(found.mistakes)
    ]
    header = [f"{subject.split} example", "label", "predicted", "confidence", "probability of the label", *columns]
    return [*parts, table(header, rows)]


def value(raw: Any) -> str:
    """Return a raw value for a cell."""
    if raw is None:
        return "missing"
    return f"{raw:.6g}" if isinstance(raw, float | np.floating) else str(raw)


def importance(subject: Subject, found: Explanation) -> list[str]:
    """Return the section on the columns of a table; nothing for pictures."""
    if not found.importances:
        return []
    rows = [[one.column, Markup(f"{one.mean:.4f}"), Markup(f"{one.deviation:.4f}")] for one in found.importances]
    return [
        "## Permutation importance",
        f"The drop of the {METRICS[subject.metric]} where the values of one column are permuted over the "
        f"{subject.split} rows: mean and standard deviation of {plural(subject.repeats, 'permutation')}, seed "
        f"{subject.seed}. The one-hot columns of a category are permuted together. Of correlated columns each can look "
        "unimportant, because the others still carry what they share.",
        picture("permutation importance", IMPORTANCE),
        table(["column", f"drop of {METRICS[subject.metric]}", "standard deviation"], rows),
    ]


def document(subject: Subject, found: Explanation) -> dict[str, Any]:
    """Return the numbers of the page, for JSON; shares of bins and of errors have six significant digits."""
    tally, names = found.tally, subject.model.classes
    return {
        "task": subject.task,
        "model": subject.model.name,
        "split": subject.split,
        "examples": len(subject.examples.x),
        "counted": what(subject),
        "classes": list(names),
        "accuracy": tally.accuracy,
        "metric": subject.metric,
        "score": found.score,
        "flips": subject.flips,
        "recorded": {str(seed): dict(metrics) for seed, metrics in subject.recorded.items()},
        "confusion": tally.confusion.tolist(),
        "recall": tally.recall(),
        "precision": tally.precision(),
        "expected_calibration_error": rounded(tally.calibration_error),
        "reliability": [floats(asdict(one)) for one in tally.bins],
        "wrong": found.wrong,
        "errors": [
            floats(asdict(one)) | {"label": names[one.label], "predicted": names[one.predicted]}
            for one in found.mistakes
        ],
        "importance": [
            {"column": one.column, "mean": rounded(one.mean), "deviation": rounded(one.deviation)}
            for one in found.importances
        ],
        "surface_distance": {
            "unit": subject.pixels.unit,
            "spacing": subject.pixels.spacing,
            "source": subject.pixels.source,
            "classes": [floats(asdict(one)) for one in found.surfaces],
        }
        if found.surfaces
        else None,
        "separation": None if found.separation is None else separated(found.separation),
        "permutations": {"repeats": subject.repeats, "seed": subject.seed} if found.importances else None,
    }


def separated(scores: Separation) -> dict[str, Any]:
    return {name: floats(value) if isinstance(value, dict) else value for name, value in asdict(scores).items()}


def floats(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: rounded(value) if isinstance(value, float) else value for name, value in values.items()}


def decoded(rows: NDArray[Any], encoder: Encoder) -> list[dict[str, Any]]:
    """Return the raw values of encoded rows (N, D), by column."""
    frame = encoder.inverse_transform(rows)
    return [dict(zip(map(str, frame), row, strict=True)) for row in frame.itertuples(index=False, name=None)]
