"""How sure a measured share is: 95 % intervals for proportions and for scores over notes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

_DRAWS = 2000
_SEED = 20250101


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share in 0-1 with its 95 % interval; ``value`` is None when there was nothing to count."""

    value: float | None
    low: float
    high: float
    n: int


def proportion(hits: int, of: int) -> Estimate:
    """Wilson's score interval, which stays honest near 0 and 1 and for few cases."""
    if of == 0:
        return Estimate(None, 0.0, 1.0, 0)
    interval = binomtest(hits, of).proportion_ci(confidence_level=0.95, method="wilson")
    return Estimate(hits / of, float(interval.low), float(interval.high), of)


def f1_interval(table: npt.NDArray[np.int64]) -> tuple[float, float]:
    """95 % interval of F1; ``table`` holds true and false positives and misses, shape (notes, 3).

    The wider of two: a bootstrap over notes, because the facts of one note are right or wrong
    together, and the posterior of F1 under Jeffreys' prior (Goutte and Gaussier, ECIR 2005),
    because a bootstrap of faultless notes would claim to know that all others are. Seeded: the
    same notes give the same interval.
    """
    random = np.random.default_rng(_SEED)
    notes = len(table)
    # Notes with equal counts are drawn as one kind: fast, and the order of notes has no say.
    kinds, times = np.unique(table, axis=0, return_counts=True)
    weights = random.multinomial(notes, times / notes, size=_DRAWS)
    tp, fp, fn = (weights @ kinds).T
    total = 2 * tp + fp + fn
    # A draw of notes without any such fact has none wrong.
    drawn = np.where(total > 0, 2 * tp / np.maximum(total, 1), 1.0)
    all_tp, all_fp, all_fn = table.sum(axis=0)
    right = random.gamma(all_tp + 0.5, 2.0, size=_DRAWS)
    wrong = random.gamma(all_fp + all_fn + 1.0, 1.0, size=_DRAWS)
    ends = [np.percentile(values, [2.5, 97.5]) for values in (drawn, right / (right + wrong))]
    return float(min(e[0] for e in ends)), float(max(e[1] for e in ends))


def ratio_interval(table: npt.NDArray[np.float64]) -> tuple[float, float]:
    """95 % interval of a weighted share; ``table`` holds (right, total) a note, shape (notes, 2).

    The wider of two: a bootstrap over notes, and Wilson's interval at as many notes as there are
    with any weight, because where all are right a bootstrap knows nothing of the others.
    """
    random = np.random.default_rng(_SEED)
    kinds, times = np.unique(table, axis=0, return_counts=True)
    notes = len(table)
    right, total = (random.multinomial(notes, times / notes, size=_DRAWS) @ kinds).T
    drawn = np.where(total > 0, right / np.where(total > 0, total, 1), 1.0)
    low, high = np.percentile(drawn, [2.5, 97.5])
    weighted = int((table[:, 1] > 0).sum())
    share = float(table[:, 0].sum() / table[:, 1].sum())
    wilson = proportion(round(share * weighted), weighted)
    return min(float(low), wilson.low), max(float(high), wilson.high)


def difference_interval(better: int, worse: int, notes: int) -> tuple[float, float]:
    """95 % interval of the gain in notes right, in -1 to 1, by a paired bootstrap over notes.

    Where no note differs the bootstrap would claim that none ever will: then as many as Wilson's
    bound on none of so many allows, in either direction.
    """
    if not better + worse:
        bound = proportion(0, notes).high
        return -bound, bound
    random = np.random.default_rng(_SEED)
    shares = np.array([better, worse, notes - better - worse]) / notes
    drawn = random.multinomial(notes, shares, size=_DRAWS)
    low, high = np.percentile((drawn[:, 0] - drawn[:, 1]) / notes, [2.5, 97.5])
    return float(low), float(high)


def f1_difference_interval(table: npt.NDArray[np.int64]) -> tuple[float, float]:
    """95 % interval of the gain in F1 by a paired bootstrap over notes.

    ``table`` holds true and false positives and misses of the first run and of the second, shape
    (notes, 6).
    """
    random = np.random.default_rng(_SEED)
    kinds, times = np.unique(table, axis=0, return_counts=True)
    sums = random.multinomial(len(table), times / len(table), size=_DRAWS) @ kinds

    def f1(tp: npt.NDArray[np.int64], wrong: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        total = 2 * tp + wrong
        return np.where(total > 0, 2 * tp / np.maximum(total, 1), 1.0)

    gained = f1(sums[:, 3], sums[:, 4] + sums[:, 5]) - f1(sums[:, 0], sums[:, 1] + sums[:, 2])
    low, high = np.percentile(gained, [2.5, 97.5])
    return float(low), float(high)
