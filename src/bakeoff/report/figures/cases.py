"""The best, the median and the worst case of the validation data of a task on scans, and a figure of them.

N examples; C, H, W channels, height and width; K classes.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.colors
import matplotlib.patches
import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import nn

from bakeoff.data.examples import Examples, Split
from bakeoff.report.escaping import label
from bakeoff.report.figures.contest import FAINT, LETTER, TISSUE, draw_picture, png, shown, style
from bakeoff.report.figures.example_figures import CPU, restored
from bakeoff.results.model import Winner
from bakeoff.training.metrics import confusion
from bakeoff.training.supervised import on_device

BATCH = 16  # pictures that the network sees at once
HEIGHT = 1.5  # inches of a picture
WIDEST = 2.4
# Of Okabe and Ito's palette (2008). A pixel of a class that was predicted as background, the reverse, and one of a
# class that was predicted as another.
ERRORS = {"missed": "#0072b2", "added": "#d55e00", "another class": "#f0e442"}


@dataclass(frozen=True)
class Case:
    """A picture of the validation data with its mask and the likeliest class of each pixel.

    Attributes:
        rank: `best`, `median` or `worst`.
        number: of the picture among those of the validation data, from 1 on.
        dice: the mean over `by_class`.
        by_class: Dice of each class, without the background, that the mask or the prediction has.
        picture: (C, H, W) between 0 and 1.
        mask: (H, W); so is `predicted`.
    """

    rank: str
    number: int
    dice: float
    by_class: dict[str, float]
    picture: NDArray[np.float32]
    mask: NDArray[np.int64]
    predicted: NDArray[np.int64]


@dataclass(frozen=True)
class Cases:
    """The cases that are shown of the validation pictures with any class but the background.

    Attributes:
        background: whether the first class is the background.
    """

    shown: tuple[Case, ...]
    among: int
    classes: tuple[str, ...]
    background: bool


def cases(examples: Examples, weights: Path, winner: Winner, settings: Any) -> Cases:
    """Return the validation pictures with the best, the median and the worst Dice by the winner's network.

    Of two with the same Dice the first in the data counts as the better one, and the median of an even number is the
    better one of the two in the middle. Of two pictures the best and the worst are shown, of one that one. A picture
    that has no class but the background, in its mask and in its prediction, is left out; there is nothing to show where
    no other is left.

    Args:
        weights: of all seeds of the winner's model and optimizer.
        settings: of the network.
    """
    network, part, classes = restored(examples, weights, winner, settings), examples.validation, examples.classes
    scores: list[NDArray[np.float64]] = []
    for first in range(0, len(part.x), BATCH):
        _, y, predicted = batch(network, part, first)
        scores += [dice(*pair, len(classes))[examples.scored] for pair in zip(predicted, y, strict=True)]
    means = {place: float(np.nanmean(found)) for place, found in enumerate(scores) if not np.isnan(found).all()}
    order = sorted(means, key=lambda place: (-means[place], place))
    ranks = {"best": 0, "median": (len(order) - 1) // 2, "worst": len(order) - 1} if order else {}
    found, taken = [], set()
    for rank in ("best", "worst", "median"):
        if rank not in ranks or ranks[rank] in taken:
            continue
        taken.add(ranks[rank])
        place = order[ranks[rank]]
        # The batch in which it was measured: in another one a sum may be rounded otherwise.
        x, y, predicted = (each[place % BATCH] for each in batch(network, part, place - place % BATCH))
        scored = zip(examples.scored, scores[place], strict=True)
        by_class = {classes[k]: float(score) for k, score in scored if not np.isnan(score)}
        found.append(Case(rank, place + 1, means[place], by_class, x.numpy(), y.numpy(), predicted.numpy()))
    return Cases(
        tuple(sorted(found, key=lambda case: order.index(case.number - 1))), len(order), classes, examples.background
    )


def batch(network: nn.Module, part: Split, first: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return pictures from `first` on, their masks, and the likeliest class of each pixel."""
    rows = slice(first, first + BATCH)
    x, y = on_device(part.x[rows], CPU, torch.float32), on_device(part.y[rows], CPU, torch.int64)
    with torch.inference_mode():
        return x, y, network(x).argmax(1)


def dice(predicted: torch.Tensor, mask: torch.Tensor, classes: int) -> NDArray[np.float64]:
    """Return Dice of each class in one picture (K,); NaN of one that is in neither."""
    counts = confusion(predicted, mask, classes).double().numpy()
    sizes = counts.sum(0) + counts.sum(1)
    with np.errstate(invalid="ignore"):
        return np.asarray(2 * counts.diagonal() / sizes)


def errors(mask: NDArray[np.int64], predicted: NDArray[np.int64], background: bool) -> NDArray[np.int64]:
    """Return the number of the kind of each pixel's error (H, W), as `ERRORS` lists them; -1 if it is right.

    Without a background every wrong pixel has another class.
    """
    kinds = np.select([predicted == mask, background & (predicted == 0), background & (mask == 0)], [-1, 0, 1], 2)
    return kinds.astype(np.int64)


def kinds(cases: Cases) -> dict[str, str]:
    """Return those of `ERRORS` that there can be."""
    missed, added, other = ERRORS.items()
    found = [missed, added] if cases.background else []
    return dict([*found, other] if len(cases.classes) > len(found) else found)


def overlay(case: Case, background: bool) -> NDArray[np.float64]:
    """Return the picture in grey, with the colour of its error on each wrong pixel: (H, W, 3)."""
    grey = 0.25 + 0.6 * case.picture.mean(axis=0)  # neither as dark nor as bright as a colour
    drawn = np.repeat(grey[..., np.newaxis], 3, axis=-1).astype(np.float64)
    wrong = errors(case.mask, case.predicted, background)
    for number, colour in enumerate(ERRORS.values()):
        drawn[wrong == number] = matplotlib.colors.to_rgb(colour)
    return drawn


def draw_cases(cases: Cases) -> bytes:
    """Draw each case in a row: picture, mask, prediction, and the picture with its errors."""
    colours = [TISSUE[k % len(TISSUE)] for k in range(len(cases.classes))]
    shading = {
        "cmap": matplotlib.colors.ListedColormap(colours),
        "vmin": -0.5,
        "vmax": len(colours) - 0.5,
    }
    H, W = cases.shown[0].mask.shape
    wide = min(HEIGHT * W / H, WIDEST)
    wrong = kinds(cases)
    names = [*cases.classes, *wrong]
    width = max(1.1 + 4 * wide, 4.4)
    across = max(min(len(names), int(width / (0.5 + LETTER * max(len(label(name)) for name in names)))), 1)
    below = 0.22 * math.ceil(len(names) / across)
    with style():
        figure = Figure(figsize=(width, 0.3 + len(cases.shown) * (wide * H / W + 0.08) + below), layout="constrained")
        axes = figure.subplots(len(cases.shown), 4, squeeze=False)
        for line, case in zip(axes, cases.shown, strict=True):
            draw_picture(line[0], shown(case.picture[np.newaxis])[0])
            draw_picture(line[1], case.mask, **shading)
            draw_picture(line[2], case.predicted, **shading)
            draw_picture(line[3], overlay(case, cases.background))
            line[0].set_ylabel(f"{case.rank}\nDice {case.dice:.3f}", rotation=0, ha="right", va="center")
        for axis, title in zip(axes[0], ("picture", "mask", "prediction", "errors"), strict=True):
            axis.set_title(title)
        patches = [
            matplotlib.patches.Patch(facecolor=colour, edgecolor=FAINT) for colour in [*colours, *wrong.values()]
        ]
        legend = figure.legend(patches, [""] * len(patches), loc="outside lower center", ncols=across)
        for text, name in zip(legend.get_texts(), names, strict=True):
            text.set_text(label(name))  # afterwards, because a legend omits names with a leading underscore
        return png(figure)
