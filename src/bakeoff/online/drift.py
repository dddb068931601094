"""Concept drift: a learner on the rows as they are, and in scenarios that change at some row.

N rows, M numbers, C categories, K classes.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from bakeoff.online.kernels import Floats, Ints, Rows
from bakeoff.online.learner import Learner, judged, total
from bakeoff.online.settings import DriftName, DriftSettings, EvaluationSettings
from bakeoff.online.window import Window, see

Change = Callable[[Rows], Rows]


def changes(widths: Ints, classes: int, seed: int) -> Mapping[DriftName, Change]:
    """Return the transformation of rows in each drift scenario.

    labels: class k is called k + 1, the last one the first: of two classes, each by the other's name.
    features: every number takes the place of the next, and the values of each category change places by lot: as if
        their weights had done so.

    Args:
        widths: (C,) of the categories' blocks.
        seed: of the places.
    """
    draw = np.random.default_rng((seed, 2))
    places = [draw.permutation(width) for width in widths.tolist()]

    def labels(rows: Rows) -> Rows:
        return rows._replace(labels=(rows.labels + 1) % classes)

    def features(rows: Rows) -> Rows:
        codes = [place[rows.codes[:, c]] for c, place in enumerate(places)]
        numbers = np.ascontiguousarray(np.roll(rows.numbers, 1, axis=1))
        return rows._replace(numbers=numbers, codes=np.stack(codes, axis=1) if codes else rows.codes)

    return {"none": lambda rows: rows, "labels": labels, "features": features}


@dataclass
class Scenario:
    """A learner and its metrics after the warm-up.

    Attributes:
        hits, cost: sums over all rows measured.
        areas, windows: sum over those of the history that have an area, and how many they are.
        answers: (N,) which of the last piece's rows were hit.
        behind: correct predictions of the same learner without drift, of the rows since the drift, less its own.
        gaps: the same of each row, of as many as recovery looks at.
        recovered: rows since the drift when the learner was as good again, and stayed so; None until then.
        diverged: the row after which a cost was no longer finite; nothing is learnt or measured from there on.
    """

    learner: Learner
    window: Window
    history: list[dict[str, float]] = field(default_factory=list)
    hits: int = 0
    cost: float = 0.0
    areas: float = 0.0
    windows: int = 0
    answers: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    behind: int = 0
    gaps: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    recovered: int | None = None
    diverged: int | None = None

    def branch(self) -> Self:
        """Return an independent copy."""
        return replace(self, learner=self.learner.copy(), window=self.window.copy(), history=list(self.history))

    def meet(self, rows: Rows, factors: Floats, settings: EvaluationSettings, measured: bool) -> None:
        """One piece of the stream."""
        if self.diverged is not None:
            return
        scores, hits, costs = judged(self.learner.meet(rows, factors), rows.labels)
        if not math.isfinite(cost := total(costs)):
            self.diverged = int(self.window.counts[0])
            return
        if not measured:
            return
        see(self.window, scores, rows.labels, hits, costs, settings.fading)
        self.answers = hits
        self.hits += int(hits.sum())
        self.cost += cost
        if len(hits) == settings.interval:
            row = {"epoch": len(self.history) + 1, "step": int(self.window.counts[0]), **self.window.measure()}
            self.history.append(row)
            self.areas += row.get("window/auc", 0.0)
            self.windows += "window/auc" in row

    def compare(self, unchanged: "Scenario", since: int, settings: DriftSettings) -> None:
        """Notes how far this scenario's learner is behind, after a piece that both have met.

        Args:
            since: rows between the drift and this piece.
        """
        if self.diverged is not None or unchanged.diverged is not None:
            return
        new = unchanged.answers - self.answers
        self.behind += int(new.sum())
        gaps = np.concatenate([self.gaps, new])
        window, holds, sums = settings.window, settings.holds, np.concatenate([[0], gaps.cumsum()])
        if self.recovered is None and len(gaps) >= window + holds:
            before = sums[window : len(sums) - holds] - sums[: len(sums) - holds - window]
            after = sums[window + holds :] - sums[window : len(sums) - holds]
            near = np.flatnonzero((before <= settings.within * window) & (after <= settings.within * holds))
            if len(near):
                self.recovered = since - len(self.gaps) + window + int(near[0])
        self.gaps = gaps[-(window + holds) :]

    def metrics(self) -> dict[str, float]:
        """Over the whole stream after the warm-up; the area is the mean over the history's windows."""
        seen = max(int(self.window.counts[0]), 1)
        area = {"stream/auc": self.areas / self.windows} if self.windows else {}
        found = {"stream/accuracy": self.hits / seen, "stream/loss": self.cost / seen, **area}
        return found | self.window.deviations()
