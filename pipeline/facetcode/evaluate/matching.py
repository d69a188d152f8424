"""Which found item answers which labelled one: one to one, exact first, whatever the order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """True positives, false positives and false negatives of one kind of fact."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float | None:
        """Share of what was found that is right; None when nothing was found."""
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else None

    @property
    def recall(self) -> float | None:
        """Share of what is there that was found; None when nothing is there."""
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of the two; None when there was nothing to find and nothing found."""
        total = 2 * self.tp + self.fp + self.fn
        return 2 * self.tp / total if total else None


def compare(gold: Collection[Hashable], found: Collection[Hashable]) -> Counts:
    """Counts for items that are either equal or different; repeats count as often as they stand."""
    wanted, given = Counter(gold), Counter(found)
    tp = (wanted & given).total()
    return Counts(tp, given.total() - tp, wanted.total() - tp)


Span = tuple[int, int]
"""Half-open character offsets, start < end."""


def compare_spans(gold: Sequence[Span], found: Sequence[Span], *, exact: bool) -> Counts:
    """Counts for spans: equal ones first; unless ``exact``, then overlapping ones.

    A span answers one other at most. Overlaps are taken largest first, so that the answer does
    not depend on the order in which either side was written down.
    """
    same = Counter(gold) & Counter(found)
    tp = same.total()
    if not exact:
        left = sorted((Counter(gold) - same).elements())
        right = sorted((Counter(found) - same).elements())
        pairs = sorted(
            (
                (min(g[1], f[1]) - max(g[0], f[0]), -i, -j)
                for i, g in enumerate(left)
                for j, f in enumerate(right)
                if min(g[1], f[1]) > max(g[0], f[0])
            ),
            reverse=True,
        )
        used_gold: set[int] = set()
        used_found: set[int] = set()
        for _, i, j in pairs:
            if i not in used_gold and j not in used_found:
                used_gold.add(i)
                used_found.add(j)
        tp += len(used_gold)
    return Counts(tp, len(found) - tp, len(gold) - tp)
