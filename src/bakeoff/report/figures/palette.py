"""One colour for each optimizer, the same in every figure and in MLflow.

Okabe and Ito's palette (2008), which people with any of the common colour blindnesses tell apart. Its black is a dark
grey here, so that lines stand out on a dark page too; its yellow is left out, because it fades on white. Those that
follow were sought among colours that stand out on both, to be as far from the six and from each other, for each such
eye, as the six are. A figure of other groups takes them in this order, the most distinct first. Lines after the sixth
are dashed beside, for so many colours are hard to keep apart.
"""

from typing import Literal

from bakeoff.optimizers.registry import OPTIMIZERS

NAMED = {
    "sgd": "#5f5f5f",
    "momentum": "#e69f00",
    "adagrad": "#56b4e9",
    "adadelta": "#009e73",
    "rmsprop": "#d55e00",
    "adam": "#0072b2",
    "heavy_ball": "#b40a00",
    "nesterov": "#96503c",
    "adagrad_lagged": "#dca0b4",
    "adam_uncorrected": "#9682ff",
    "adamw": "#5a3cbe",
    "nadam": "#9600ff",
    "radam": "#783c78",
    "lion": "#a078a0",
    "muon": "#8cbe64",
    "schedule_free": "#c80aaa",
}
SPARE = ("#aa783c", "#8c50f0", "#6ebe82")  # for optimizers that come after these
COLOURS = NAMED | dict(zip((name for name in OPTIMIZERS if name not in NAMED), SPARE, strict=False))

METHODS = {  # of the search for hyperparameters
    "grid": "#5f5f5f",
    "random": "#56b4e9",
    "sobol": "#e69f00",
    "bayes": "#0072b2",
    "gp": "#cc79a7",
    "cma": "#601800",
    "evolution": "#009e73",
    "nsga2": "#300048",
    "gradient": "#d55e00",
}

SOLID = 6  # colours whose lines are whole


def dashes(optimizer: str) -> Literal["-", "--"]:
    """Return the line style that goes with an optimizer's colour, in matplotlib's words."""
    return "-" if list(COLOURS).index(optimizer) < SOLID else "--"
