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
