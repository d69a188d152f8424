"""Measuring on hands the model has not seen: folds by group, intervals over groups, calibration.

Notes of one author are alike; a model tested on an author it was trained on looks better than it
is. Every figure of a model is therefore of folds that keep each group whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_DRAWS = 2000
_SEED = 20250101
_MOST = 40
"""Folds at most; with more groups than that, several share a fold."""


def folds(groups: Sequence[str], most: int = _MOST) -> Iterator[tuple[Ints, Ints]]:
    """Training and test indices; each group is in exactly one test fold and never in both.

    One fold a group up to ``most``, then groups dealt by name. Needs two groups at least.
    """
    names = sorted(set(groups))
    if len(names) < 2:
        raise ValueError("one group cannot be left out of itself")
    place = {name: at % most for at, name in enumerate(names)}
    of = np.array([place[group] for group in groups])
    for fold in range(min(len(names), most)):
        yield np.flatnonzero(of != fold), np.flatnonzero(of == fold)


def out_of_fold(
    fit: Callable[[Ints], Any],
    ask: Callable[[Any, Ints], Any],
    groups: Sequence[str],
    most: int = _MOST,
) -> list[Any]:
    """For every row what a model says of it that was fitted on the other groups alone.

    ``fit`` takes the indices to train on, ``ask`` a fitted model and the indices to answer.
    """
    answers: list[Any] = [None] * len(groups)
    for train, test in folds(groups, most):
        for at, answer in zip(test, ask(fit(train), test), strict=True):
            answers[at] = answer
    return answers


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


def over_groups(
    figure: Callable[[Ints], float], groups: Sequence[str], draws: int = _DRAWS
) -> Interval:
    """A figure of some rows, and its interval when groups are drawn again with replacement.

    Seeded: the same rows give the same interval.
    """
    names, of = np.unique(np.asarray(groups), return_inverse=True)
    members = [np.flatnonzero(of == at) for at in range(len(names))]
    random = np.random.default_rng(_SEED)
    values = []
    for _ in range(draws):
        drawn = random.integers(0, len(names), len(names))
        values.append(figure(np.concatenate([members[at] for at in drawn])))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return Interval(figure(np.arange(len(of))), float(low), float(high))


def brier(sure: Floats, right: Bools) -> float:
    """Mean squared distance of probabilities from what came true; 0 is best."""
    return float(np.mean((sure - right) ** 2))


def calibration_error(sure: Floats, right: Bools, bins: int = 10) -> float:
    """Expected calibration error: distance of said from true share, in bins of equal counts."""
    if not len(sure):
        return 0.0
    parts = np.array_split(np.argsort(sure, kind="stable"), min(bins, len(sure)))
    gaps = [len(p) * abs(float(np.mean(sure[p])) - float(np.mean(right[p]))) for p in parts]
    return sum(gaps) / len(sure)


def reliability(sure: Floats, right: Bools, bins: int = 6) -> list[tuple[float, int, int]]:
    """Said share, notes and right ones, a bin of about as many notes; for a diagram."""
    if not len(sure):
        return []
    parts = np.array_split(np.argsort(sure, kind="stable"), min(bins, len(sure)))
    return [(float(np.mean(sure[p])), len(p), int(np.sum(right[p]))) for p in parts]


@dataclass(frozen=True, slots=True)
class Cover:
    """Of the surest ``coverage`` of the notes the share that is right, with its interval."""

    coverage: float
    accuracy: float
    low: float
    high: float


def coverage_curve(sure: Floats, right: Bools, groups: Sequence[str]) -> list[Cover]:
    """Accuracy of the surest notes, a step of five per cent of them each; intervals over groups."""
    names = np.asarray(groups)
    order = np.argsort(-sure, kind="stable")
    curve = []
    for step in range(1, 21):
        kept = order[: max(1, round(len(order) * step / 20))]
        share = over_groups(
            lambda rows, kept=kept: float(np.mean(right[kept][rows])),  # type: ignore[misc]
            list(names[kept]),
            draws=400,
        )
        curve.append(Cover(step / 20, share.value, share.low, share.high))
    return curve


def covered_at(level: float, sure: Floats, right: Bools) -> float:
    """The largest share of notes, surest first, of which at least ``level`` are right.

    Notes of one confidence go together: no threshold could part them.
    """
    order = np.argsort(-sure, kind="stable")
    hits = np.cumsum(right[order])
    counts = np.arange(1, len(order) + 1)
    last = np.append(sure[order][:-1] != sure[order][1:], True)
    held = np.flatnonzero((hits / counts >= level) & last)
    return float(counts[held[-1]] / len(order)) if len(held) else 0.0
