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


def pair_spans(
    gold: Sequence[Span], found: Sequence[Span], *, exact: bool
) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    """Which span answers which: pairs of places in the two lists, then what is left of each.

    Equal ones first; unless ``exact``, then overlapping ones. A span answers one other at most.
    Overlaps are taken largest first, so that the answer does not depend on the order in which
    either side was written down.
    """
    left = sorted(range(len(gold)), key=gold.__getitem__)
    right = sorted(range(len(found)), key=found.__getitem__)
    free: dict[Span, list[int]] = {}
    for j in reversed(right):
        free.setdefault(found[j], []).append(j)
    pairs = [(i, free[gold[i]].pop()) for i in left if free.get(gold[i])]
    used_gold, used_found = {i for i, _ in pairs}, {j for _, j in pairs}
    left = [i for i in left if i not in used_gold]
    right = [j for j in right if j not in used_found]
    if not exact:
        shared = sorted(
            (
                (min(gold[i][1], found[j][1]) - max(gold[i][0], found[j][0]), -a, -b)
                for a, i in enumerate(left)
                for b, j in enumerate(right)
                if min(gold[i][1], found[j][1]) > max(gold[i][0], found[j][0])
            ),
            reverse=True,
        )
        for _, a, b in shared:
            i, j = left[-a], right[-b]
            if i not in used_gold and j not in used_found:
                pairs.append((i, j))
                used_gold.add(i)
                used_found.add(j)
    return (
        pairs,
        [i for i in left if i not in used_gold],
        [j for j in right if j not in used_found],
    )


def compare_spans(gold: Sequence[Span], found: Sequence[Span], *, exact: bool) -> Counts:
    """Counts of spans that answer each other, as ``pair_spans`` finds them."""
    pairs, missed, made_up = pair_spans(gold, found, exact=exact)
    return Counts(len(pairs), len(made_up), len(missed))
