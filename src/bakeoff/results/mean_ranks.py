"""Mean ranks over many problems, and the difference from which two of them are significant.

n blocks (a problem, or a problem and a seed), k competitors; rank 1 is best, and those alike share the mean of theirs.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, fdtrc
from scipy.stats import rankdata, studentized_range

from bakeoff.results.model import OverProblems, Ranks

Values = NDArray[np.float64]


def ranked(scores: ArrayLike) -> Values:
    """Return ranks (n, k) of scores (n, k), higher is better; NaN (diverged) shares the last ranks of its block."""
    known = np.asarray(scores, dtype=float)
    return np.asarray(rankdata(-np.where(np.isnan(known), -np.inf, known), axis=1), dtype=float)


def friedman(ranks: Values) -> tuple[float, float]:
    """Return Friedman's chi-square, corrected for ties, and the p-value of Iman and Davenport's F.

    The chi-square's own p-value errs on the safe side, the more so the fewer the blocks.

    Source: Friedman 1937, Journal of the American Statistical Association 32; Iman & Davenport 1980, Communications in
    Statistics A 9; both as in Demsar 2006, JMLR 7, section 3.2.2.
    """
    n, k = ranks.shape
    spread = float(((ranks - (k + 1) / 2) ** 2).sum()) / (n * (k - 1))  # k (k + 1) / 12 where nobody ties
    if spread == 0:
        return 0.0, 1.0
    chi = n * float(((ranks.mean(axis=0) - (k + 1) / 2) ** 2).sum()) / spread
    rest = n * (k - 1) - chi
    if n == 1 or rest <= 1e-9:  # one block has no variance; if all agree, F is infinite
        return chi, float(chdtrc(k - 1, chi))
    return chi, float(fdtrc(k - 1, (k - 1) * (n - 1), (n - 1) * chi / rest))


def critical_difference(blocks: int, competitors: int, confidence: float) -> float:
    """Return Nemenyi's critical difference: mean ranks that differ by more are significantly different.

    q sqrt(k (k + 1) / (6 n)), q the quantile of the studentised range of k, over sqrt 2.
    Source: Nemenyi 1963, thesis, Princeton; Demsar 2006, JMLR 7, section 3.2.2.
    """
    q = float(studentized_range.ppf(confidence, competitors, np.inf)) / np.sqrt(2)
    return float(q * np.sqrt(competitors * (competitors + 1) / (6 * blocks)))


def cliques(ranks: Mapping[str, float], difference: float) -> list[list[str]]:
    """Return the largest groups of two or more whose mean ranks differ by less than the difference, the best first."""
    names = sorted(ranks, key=ranks.__getitem__)
    groups: list[list[str]] = []
    for first in range(len(names)):
        group = [name for name in names[first:] if ranks[name] - ranks[names[first]] <= difference]
        if len(group) > 1 and not (groups and groups[-1][-1] == group[-1]):
            groups.append(group)
    return groups


def contest(scores: Mapping[str, Mapping[str, Sequence[float]]], confidence: float) -> Ranks | None:
    """Return the mean ranks of the competitors that all problems have; None if there is nothing to rank.

    That is so without problems, with fewer than two competitors, and where every run diverged.

    A block is a problem and a seed, of each problem the same number of seeds, so that problems weigh alike: what is
    told apart so would be told apart with other seeds on these problems. What other problems would say is another
    question, for which each problem is one block: its p-value and its critical difference stand beside.

    Args:
        scores: by problem and competitor one number a seed, NaN if it diverged; higher is better.
    """
    names = [name for name in next(iter(scores.values()), {}) if all(name in found for found in scores.values())]
    if (
        len(names) < 2
        or np.isnan([score for found in scores.values() for name in names for score in found[name]]).all()
    ):
        return None
    seeds = min(len(found[name]) for found in scores.values() for name in names)
    ranks = np.stack([ranked(np.array([found[name][:seeds] for name in names]).T) for found in scores.values()])
    means = ranks.mean(axis=1)  # (problems, k)
    blocks = ranks.reshape(-1, len(names))
    mean = dict(zip(names, blocks.mean(axis=0).tolist(), strict=True))
    difference = critical_difference(len(blocks), len(names), confidence)
    p = friedman(blocks)[1]
    return Ranks(
        problems=tuple(scores),
        seeds=seeds,
        mean=mean,
        p=p,
        difference=difference,
        # Pairs are compared only where Friedman's test finds a difference.
        groups=tuple(map(tuple, cliques(mean, difference if p <= 1 - confidence else np.inf))),
        over_problems=OverProblems(
            p=friedman(ranked(-means))[1],
            difference=critical_difference(len(means), len(names), confidence),
        ),
        left_out=tuple(sorted({name for found in scores.values() for name in found} - set(names))),
    )
