"""Numbers, names and tables as the pages write them."""

import math
from collections.abc import Iterable, Mapping, Sequence

from bakeoff.report.escaping import Markup, plain
from bakeoff.results.model import CellName, Estimate

FIGURES = "figures"  # the folder of figures, seen from the pages
METRICS = {
    "accuracy": "accuracy",
    "auc": "area under the ROC curve",
    "dice": "mean Dice",
    "loss": "loss",
    "wordsim": "rank correlation on WordSim-353",
    "simlex": "rank correlation on SimLex-999",
    "analogies": "accuracy on analogies",
}
# Beside an axis.
SHORT = METRICS | {"auc": "AUC", "wordsim": "WordSim-353", "simlex": "SimLex-999", "analogies": "analogies"}
WEIGHTS = {"parameters": "number of weights"}  # an objective that does not depend on data
PIPE = r"\|"  # in a cell
DASH = "\N{EN DASH}"  # where there is no number


def picture(words: str, name: str) -> str:
    """Return a picture in Markdown.

    Args:
        words: its caption, in Markdown.
        name: of its file.
    """
    return f"![{words}]({FIGURES}/{name})"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown. Its cells are text; one that is Markdown is a `Markup`."""
    lines = [header, [Markup("---")] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(written, line))} |" for line in lines)


def written(cell: str) -> str:
    return (cell if isinstance(cell, Markup) else plain(cell)).replace("|", PIPE)


def cell_name(cell: CellName) -> str:
    return f"{cell.model} under {cell.optimizer}"


def by_model(cells: Iterable[CellName]) -> str:
    """Return `cnn under adam, sgd; mlp under adam`."""
    optimizers: dict[str, list[str]] = {}
    for cell in cells:
        optimizers.setdefault(cell.model, []).append(cell.optimizer)
    return "; ".join(f"{model} under {', '.join(names)}" for model, names in optimizers.items())


def listed(words: Iterable[str]) -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    *most, last = list(words) or [""]
    return f"{', '.join(most)} and {last}" if most else last


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """Return `1 method`, `2 methods`, `1,530 trainings`.

    Args:
        nouns: the plural, where it is not the noun with an s.
    """
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"


def taken(part: str | None) -> str:
    """Return in parentheses the part of a source that was used; an empty text for all of it."""
    return f" ({part})" if part else ""


def estimate(summary: Estimate) -> str:
    """Return mean ± half of the interval, with two digits of the half: `0.9863 ± 0.0042`."""
    return mean_and_half(summary.mean, summary.interval)


def mean_and_half(mean: float | None, interval: tuple[float, float] | None) -> str:
    """Return mean ± half of the interval, or the mean alone if there is no interval."""
    if mean is None or interval is None:
        return number(mean)
    # If an interval was cut at the end of the scale, its other half is complete.
    half = max(mean - interval[0], interval[1] - mean)
    decimals = min(max(1 - math.floor(math.log10(half)), 1), 6) if half > 0 else 4
    return f"{mean:.{decimals}f} ± {half:.{decimals}f}"


def limits(interval: tuple[float, float] | None) -> str:
    """Return `0.0012 to 0.0087`, with two digits of the upper limit."""
    if interval is None:
        return DASH
    low, high = interval
    decimals = min(max(1 - math.floor(math.log10(high)), 1), 6) if high > 0 else 0
    return f"{low:.{decimals}f} to {high:.{decimals}f}" if low > 0 else f"0 to {high:.{decimals}f}"


def number(value: float | None, digits: int = 4) -> str:
    return DASH if value is None else f"{value:.{digits}g}"


def probability(p: float | None) -> str:
    return DASH if p is None else "< 0.001" if p < 0.001 else f"{p:.2g}"


def below(p: float) -> str:
    """Return `< 0.001`, `= 0.02`."""
    shown = probability(p)
    return shown if shown.startswith("<") else f"= {shown}"


def seconds(time: float | None) -> str:
    """Return `0.043 s`, `12 s`, `3.1 min`."""
    return DASH if time is None else f"{time:.2g} s" if time < 100 else f"{time / 60:.2g} min"


def size(count: float) -> str:
    """Return bytes in thousands and millions: `31 kB`, `1.2 MB`."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"


def span(numbers: Iterable[int]) -> str:
    """Return `5`, or `5 to 10`."""
    ordered = sorted(set(numbers))
    return str(ordered[0]) if len(ordered) == 1 else f"{ordered[0]} to {ordered[-1]}"


def spanned(numbers: Iterable[int], noun: str) -> str:
    """Return `1 seed`, `5 seeds`, `5 to 10 seeds`."""
    text = span(numbers)
    return f"{text} {noun}" if text == "1" else f"{text} {noun}s"


def percent(share: float) -> str:
    """Return `95%`, `99.9%`."""
    return f"{100 * share:.4g}%"


def heading(name: str) -> str:
    """Return the last part of a setting's name.

    With several optimizers it includes the name of the optimizer; for an entry of a list, the name of the list.
    """
    section, *rest = name.split(".")
    if section == "optimizer" and len(rest) > 1:
        return ".".join(rest)
    return ".".join(rest[-2:]) if rest and rest[-1].isdigit() else name.rpartition(".")[2]


def settings(hyperparameters: Mapping[str, float]) -> str:
    """Return `learning_rate 0.003, beta1 0.92`, the rate first."""
    ordered = sorted(hyperparameters, key=lambda name: (name != "learning_rate", name))
    return ", ".join(f"{name} {hyperparameters[name]:.3g}" for name in ordered)
