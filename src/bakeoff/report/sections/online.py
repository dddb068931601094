"""The section on online learning: the score of each rule over the stream, and its errors after a drift.

A rule is an optimizer with a schedule; it has a run for each seed and drift scenario.
"""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bakeoff.base.record import Record, Run
from bakeoff.base.roles import Role
from bakeoff.report.escaping import plain
from bakeoff.report.figures.contest import png, style
from bakeoff.report.figures.palette import COLOURS
from bakeoff.report.formatting import DASH, listed, mean_and_half, number, percent, picture, plural, table, taken
from bakeoff.results.significance import student

Records = Mapping[str, Record]  # by rule, in the order of params.yaml
Values = NDArray[np.float64]

DRIFTS = {"labels": "label swap", "features": "feature permutation"}
LINES: Mapping[str, Any] = {"constant": "-", "inverse_time": (0, (4, 1.5))}
POINTS = 40  # of a curve through the whole stream
BEFORE, AFTER = 5, 40  # windows shown around a drift


def runs(record: Record, drift: str) -> list[Run]:
    """Return the runs of a rule in one drift scenario, by seed, diverged ones included."""
    return [run for run in record.runs if run.parameters.get("drift") == drift]


def search(record: Record) -> Run:
    return next(run for run in record.runs if run.parameters["role"] == Role.SEARCH)


def values(found: Sequence[Run], metric: str) -> Values:
    return np.array([run.metrics[metric] for run in found if metric in run.metrics])


def summary(found: Values, confidence: float) -> str:
    """Return mean and half of Student's interval."""
    return mean_and_half(float(found.mean()) if len(found) else None, student(found, confidence))


def section(name: str, records: Records, confidence: float, *, part: str | None, alone: bool) -> str:
    """Return the part of the page on one table.

    Args:
        name: of the table.
        part: the part of its source that was used; None for all of it.
        alone: whether there is no other table, so that the heading needs no name.
    """
    first = runs(next(iter(records.values())), "none")[0].parameters
    seeds = len(runs(next(iter(records.values())), "none"))
    delay = f"its label arrives, {first['stream.delay']:,} rows later" if first["stream.delay"] else "its label arrives"
    text = (
        f"A softmax regression learns from the rows of the table as a stream{taken(part)}, in their order. It predicts "
        f"each row, and learns from it when {delay}. The first {percent(first['stream.warmup'])} of the rows fit the "
        "encoder and choose the learning rate of each optimizer and schedule, by the lowest loss; all results are "
        f"for the rows after them. Each of {plural(seeds, 'seed')} predicts all rows and learns from "
        f"{percent(first['stream.learnt'])} of them, drawn at random; mean ± half of the {percent(confidence)} "
        "confidence interval over seeds."
    )
    heading = "## Online learning" if alone else f"## Online learning on {plain(name)}"
    parts = [heading, text, worth(records, confidence)]
    edges = [str(edge) for record in records.values() if (edge := search(record).parameters["edge"])]
    parts += (
        [f"A picked learning rate is at the edge of its search space: {listed(dict.fromkeys(edges))}."] if edges else []
    )
    parts.append(picture("accuracy and area under the ROC curve through the stream", f"online-{name}-stream.png"))
    parts += [
        "### Concept drift",
        "Two scenarios simulate concept drift: a label swap (classes exchange their labels) and a feature permutation "
        "(features exchange their positions). The drift begins at a row that each seed draws. Each learner is compared "
        "with the same learner on the same rows without drift. It has recovered when its accuracy over "
        f"{first['drift.window']:,} rows, and over the {first['drift.holds']:,} rows after them, is within "
        f"{first['drift.within']:g} of the accuracy without drift.",
        drifts(records, confidence),
        adaptation(records),
        picture("accuracy around a drift, relative to the same learner without drift", f"online-{name}-drift.png"),
        "### Averaged losses",
        "Each loss is measured before the update with its row. The table shows the standard deviation of means of k "
        "consecutive losses. If the losses were independent, it would decrease as 1 / sqrt(k).",
        means(records),
    ]
    return "\n\n".join(parts)


def worth(records: Records, confidence: float) -> str:
    """Return the table of the rules without drift, ordered by the share of diverged runs, then by loss."""
    rows = []
    for rule, record in sorted(records.items(), key=lambda item: cost(item[1])):
        found = runs(record, "none")
        scores = [
            summary(values(found, f"stream/{name}"), confidence) if len(values(found, f"stream/{name}")) else DASH
            for name in ("accuracy", "auc", "loss")
        ]
        rate = number(search(record).parameters["optimizer.learning_rate"], 3)
        diverged = sum(run.diverged is not None for run in found)
        rows.append([rule, rate, *scores, f"{diverged} diverged" if diverged else ""])
    return table(["rule", "learning rate", "accuracy", "area under the ROC curve", "loss", ""], rows)


def cost(record: Record) -> tuple[float, float]:
    """Return the share of a rule's runs without a drift that diverged, and the mean loss of the others."""
    found = runs(record, "none")
    losses = values(found, "stream/loss")
    return fmean(run.diverged is not None for run in found), float(losses.mean()) if len(losses) else math.inf


def drifts(records: Records, confidence: float) -> str:
    rows = []
    for rule, record in records.items():
        row = [rule]
        for drift in DRIFTS:
            found = runs(record, drift)
            errors = values(found, "drift/errors")
            row += [summary(errors, confidence) if len(errors) else DASH, recovery(found)]
        rows.append(row)
    header = [f"{words}: {what}" for words in DRIFTS.values() for what in ("additional errors", "rows to recover")]
    return table(["rule", *header], rows)


def recovery(found: Sequence[Run]) -> str:
    """Return the median over the seeds, infinite for those that never recover: `1,204; 5 of 5`."""
    rows = [run.metrics.get("drift/rows", math.inf) for run in found]
    middle = median(rows)
    share = f"{sum(map(math.isfinite, rows))} of {len(rows)}"
    return f"{middle:,.0f}; {share}" if math.isfinite(middle) else f"never; {share}"


def adaptation(records: Records) -> str:
    """Return a sentence on the rules with the fewest and the most additional errors after a label swap."""
    costs = {rule: values(runs(record, "labels"), "drift/errors") for rule, record in records.items()}
    means = {rule: fmean(found) for rule, found in costs.items() if len(found)}
    if len(means) < 2:
        return "Too few runs finished for a comparison."
    best, worst = min(means, key=lambda rule: means[rule]), max(means, key=lambda rule: means[rule])
    return (
        f"After a label swap, {best} makes the fewest additional errors, {means[best]:,.0f} on average, and {worst} "
        f"the most, {means[worst]:,.0f}."
    )


def means(records: Records) -> str:
    lengths = next(iter(records.values())).runs[0].parameters["evaluation.averaged"]
    rows = []
    for rule, record in records.items():
        found = runs(record, "none")
        deviations = [values(found, f"loss.mean{k}/deviation") for k in lengths]
        rows.append([rule, *(number(float(d.mean()) if len(d) else None, 3) for d in deviations)])
    return table(["rule", *(f"k = {k:,}" for k in lengths)], rows)


def figures(name: str, records: Records) -> dict[str, bytes]:
    """Return the figures of a table, by their names on the page."""
    return {f"online-{name}-stream.png": draw_stream(records), f"online-{name}-drift.png": draw_drifts(records)}


def look(record: Record) -> dict[str, Any]:
    named = record.runs[0].parameters
    label = f"{named['optimizer']}, {named['schedule'].replace('inverse_time', '1/t')}"
    return {"color": COLOURS[named["optimizer"]], "linestyle": LINES[named["schedule"]], "label": label}


def histories(found: Sequence[Run], metric: str) -> Values:
    """Return (seeds, rows of the history) of a metric, NaN if it is undefined; without diverged runs."""
    ended = [run.history for run in found if run.diverged is None]
    return np.array([[row.get(metric, math.nan) for row in history] for history in ended])


def draw_stream(records: Records) -> bytes:
    """Draw accuracy and area over windows through the stream, the mean over the seeds; some windows make one point."""
    with style():
        figure = Figure(figsize=(6.6, 5.0), layout="constrained")
        axes = figure.subplots(2, 1, sharex=True)
        for axis, (metric, name) in zip(axes, (("accuracy", "accuracy"), ("auc", "AUC")), strict=True):
            for record in records.values():
                found = runs(record, "none")
                curves = histories(found, f"window/{metric}")
                if not curves.size:
                    continue
                size = max(1, curves.shape[1] // POINTS)
                whole = curves.shape[1] // size * size
                portions = np.ma.masked_invalid(curves[:, :whole].reshape(len(curves), -1, size))
                points = portions.mean(axis=(0, 2)).filled(math.nan)
                interval = found[0].parameters["evaluation.interval"]
                axis.plot((1 + np.arange(len(points))) * size * interval / 1000, points, **look(record))
            axis.set_ylabel(name)
        axes[1].set_xlabel("rows after the warm-up, in thousands")
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=min(max(len(labels), 1), 4), handlelength=3)
        return png(figure)


def draw_drifts(records: Records) -> bytes:
    """Draw the accuracy lost to a drift, before and after its row; mean over the seeds."""
    with style():
        figure = Figure(figsize=(6.6, 3.4), layout="constrained")
        axes = figure.subplots(1, len(DRIFTS))
        for axis, (drift, words) in zip(axes, DRIFTS.items(), strict=True):
            for record in records.values():
                draw_gap(axis, record, drift)
            axis.axvline(0, color="#888888", linewidth=0.8)
            axis.set(title=words, xlabel="rows since the drift, in thousands")
        axes[0].set_ylabel("accuracy minus accuracy without drift")
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=min(max(len(labels), 1), 4), handlelength=3)
        return png(figure)


def draw_gap(axis: Axes, record: Record, drift: str) -> None:
    gaps = []
    for changed, unchanged in zip(runs(record, drift), runs(record, "none"), strict=True):
        if changed.diverged is not None or unchanged.diverged is not None:
            continue
        interval = changed.parameters["evaluation.interval"]
        moment = changed.parameters["drift.row"] // interval  # rows of the history before it
        both = zip(changed.history, unchanged.history, strict=True)
        gap = np.array([a["window/accuracy"] - b["window/accuracy"] for a, b in both])
        shown = np.full(BEFORE + AFTER, math.nan)
        rows = np.arange(max(moment - BEFORE, 0), min(moment + AFTER, len(gap)))
        shown[rows - moment + BEFORE] = gap[rows]
        gaps.append(shown)
    if gaps:
        curves = np.array(gaps)
        kept = np.isfinite(curves).all(axis=0)
        x = (np.arange(BEFORE + AFTER) - BEFORE + 1) * interval / 1000  # where a window ends
        axis.plot(x[kept], curves[:, kept].mean(axis=0), **look(record))
