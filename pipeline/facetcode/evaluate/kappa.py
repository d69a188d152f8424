"""Agreement beyond chance: Cohen's kappa of two raters, Fleiss' of more, with intervals.

The formulas are written out, since an interval needs them a thousand times over; the tests hold
them against scikit-learn's and against Fleiss's own example.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from facetcode.evaluate.intervals import Estimate, proportion

Floats = npt.NDArray[np.float64]
Units: TypeAlias = Sequence[tuple[int, tuple[str, ...]]]
"""What was rated: the place of the unit's note, and one word a rater."""

DRAWS = 1000
SEED = 20250101
_TINY = 1e-12
_CHUNK = 100
"""Draws worked on at once, so that memory does not grow with their number."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often raters say the same, and how much of that is not chance.

    ``kappa.value`` is None where chance agreement is certain: all always said the same one word,
    or nothing was rated. ``kappa.n`` and ``share.n`` count units.
    """

    share: Estimate
    kappa: Estimate


def kappas(fields: Sequence[Units], notes: int, seed: int = SEED) -> list[Agreement]:
    """The agreement on each field.

    Two words a unit give Cohen's kappa, more give Fleiss'. Intervals are 95 %, by a bootstrap over
    notes, because the units of one note are right or wrong together: the same draws for each
    field, and seeded, so that the same labels give the same interval. ``notes`` is the number of
    notes drawn from.
    """
    tables = [table_of(units, notes) for units in fields]
    drawn = bootstrap(tables, notes, seed)
    return [
        _agreement(table, units, draws)
        for table, units, draws in zip(tables, fields, drawn, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Table:
    """One field's counts, a row a note.

    Columns of ``counts``: units, agreement between raters, then the words: each rater's own for
    two raters, all raters' together for more.
    """

    counts: Floats
    words: int
    raters: int


def table_of(units: Units, notes: int) -> Table:
    """Count a field's units; every unit has as many words as there are raters."""
    raters = len(units[0][1]) if units else 2
    words = {word: k for k, word in enumerate(sorted({w for _, said in units for w in said}))}
    # Cohen compares the two raters' own habits; Fleiss pools them.
    pooled = raters > 2
    width = len(words) * (1 if pooled else 2)
    counts = np.zeros((notes, 2 + width))
    for note, said in units:
        counts[note, 0] += 1
        same = sum(said.count(word) - 1 for word in said)
        counts[note, 1] += same / (raters * (raters - 1))
        for rater, word in enumerate(said):
            column = words[word] + (0 if pooled else rater * len(words))
            counts[note, 2 + column] += 1 / raters if pooled else 1
    return Table(counts, len(words), raters)


def _kappa(sums: Floats, table: Table) -> tuple[Floats, Floats]:
    """Observed and chance agreement of summed counts, shape (draws, columns)."""
    n = np.maximum(sums[:, 0], 1)
    observed = sums[:, 1] / n
    shares = sums[:, 2:] / n[:, None]
    if table.raters > 2:
        return observed, (shares**2).sum(axis=1)
    return observed, (shares[:, : table.words] * shares[:, table.words :]).sum(axis=1)


def bootstrap(tables: Sequence[Table], notes: int, seed: int = SEED) -> list[Floats]:
    """Kappa of each table in each draw of notes, shape (draws,); NaN where it is not defined."""
    if not tables or not notes:
        return [np.empty(0) for _ in tables]
    random = np.random.default_rng(seed)
    stacked = np.concatenate([table.counts for table in tables], axis=1)
    ends = np.cumsum([table.counts.shape[1] for table in tables])
    found: list[list[Floats]] = [[] for _ in tables]
    for start in range(0, DRAWS, _CHUNK):
        size = min(_CHUNK, DRAWS - start)
        weights = random.multinomial(notes, np.full(notes, 1 / notes), size=size)
        sums = weights.astype(np.float64) @ stacked
        for at, (table, end) in enumerate(zip(tables, ends, strict=True)):
            own = sums[:, end - table.counts.shape[1] : end]
            observed, chance = _kappa(own, table)
            defined = (chance < 1 - _TINY) & (own[:, 0] > 0)
            value = (observed - chance) / np.where(defined, 1 - chance, 1)
            found[at].append(np.where(defined, value, np.nan))
    return [np.concatenate(draws) for draws in found]


def _agreement(table: Table, units: Units, draws: Floats) -> Agreement:
    n = len(units)
    unanimous = sum(len(set(said)) == 1 for _, said in units)
    share = proportion(unanimous, n)
    if not n:
        return Agreement(share, Estimate(None, -1.0, 1.0, 0))
    observed, chance = (float(v[0]) for v in _kappa(table.counts.sum(axis=0)[None, :], table))
    if chance >= 1 - _TINY:
        return Agreement(share, Estimate(None, -1.0, 1.0, n))
    value = (observed - chance) / (1 - chance)
    low, high = interval(draws, value)
    if table.raters == 2:
        # A bootstrap of raters who never differed would claim that they never will: the interval
        # of the share they agree on, at the same chance agreement, is the other bound.
        low = min(low, (share.low - chance) / (1 - chance))
        high = max(high, min(1.0, (share.high - chance) / (1 - chance)))
    elif unanimous == n:
        low = min(low, (share.low - chance) / (1 - chance))
    return Agreement(share, Estimate(value, max(low, -1.0), high, n))


def interval(draws: Floats, value: float) -> tuple[float, float]:
    """The middle 95 % of bootstrap draws; ``value`` alone where none is defined."""
    known = draws[~np.isnan(draws)]
    if not len(known):
        return value, value
    low, high = np.percentile(known, [2.5, 97.5])
    return min(float(low), value), max(float(high), value)
