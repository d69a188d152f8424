"""Matching one to one, exact first; counting; the intervals around the counts."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facetcode.evaluate.intervals import f1_interval, proportion
from facetcode.evaluate.matching import Counts, compare, compare_spans

ITEMS = [
    # gold, found, tp, fp, fn
    ([], [], 0, 0, 0),
    (["a"], [], 0, 0, 1),
    ([], ["a"], 0, 1, 0),
    (["a", "b"], ["b", "c"], 1, 1, 1),
    (["a", "a"], ["a"], 1, 0, 1),
]


@pytest.mark.parametrize(("gold", "found", "tp", "fp", "fn"), ITEMS)
def test_items(gold: list[str], found: list[str], tp: int, fp: int, fn: int) -> None:
    assert compare(gold, found) == Counts(tp, fp, fn)


SPANS = [
    # gold, found, exact (tp, fp, fn), overlapping (tp, fp, fn)
    ([(0, 5)], [(0, 5)], (1, 0, 0), (1, 0, 0)),
    ([(0, 5)], [(0, 4)], (0, 1, 1), (1, 0, 0)),
    # Half-open: spans that only touch do not overlap.
    ([(0, 5)], [(5, 9)], (0, 1, 1), (0, 1, 1)),
    # One found span answers one labelled span, however many it covers.
    ([(0, 5), (6, 9)], [(0, 9)], (0, 1, 2), (1, 0, 1)),
    # The exact pair is taken first: the wider span cannot steal its partner.
    ([(0, 5)], [(0, 5), (0, 9)], (1, 1, 0), (1, 1, 0)),
    ([(0, 5), (4, 9)], [(3, 5), (0, 5)], (1, 1, 1), (2, 0, 0)),
]


@pytest.mark.parametrize(("gold", "found", "exact", "overlap"), SPANS)
def test_spans(
    gold: list[tuple[int, int]],
    found: list[tuple[int, int]],
    exact: tuple[int, int, int],
    overlap: tuple[int, int, int],
) -> None:
    assert compare_spans(gold, found, exact=True) == Counts(*exact)
    assert compare_spans(gold, found, exact=False) == Counts(*overlap)


_spans = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 10)).map(lambda s: (s[0], s[0] + s[1])), max_size=8
)


@given(_spans, _spans, st.integers())
def test_order_never_changes_a_count(
    gold: list[tuple[int, int]], found: list[tuple[int, int]], seed: int
) -> None:
    mixed_gold, mixed_found = gold[:], found[:]
    random.Random(seed).shuffle(mixed_gold)
    random.Random(seed + 1).shuffle(mixed_found)
    for exact in (True, False):
        counts = compare_spans(gold, found, exact=exact)
        assert counts == compare_spans(mixed_gold, mixed_found, exact=exact)
        assert (counts.tp + counts.fp, counts.tp + counts.fn) == (len(found), len(gold))
    assert compare_spans(gold, found, exact=True).tp <= compare_spans(gold, found, exact=False).tp


def test_shares_of_nothing_are_none() -> None:
    none = Counts()
    assert (none.precision, none.recall, none.f1) == (None, None, None)
    assert proportion(0, 0).value is None


def test_wilson_as_published() -> None:
    # Newcombe 1998, table I: 81 of 263.
    estimate = proportion(81, 263)
    assert (round(estimate.low, 4), round(estimate.high, 4)) == (0.2553, 0.3662)


def test_f1_interval_admits_ignorance_and_narrows() -> None:
    few, many = np.array([[2, 0, 0]] * 5), np.array([[2, 0, 0]] * 200)
    assert f1_interval(few)[0] < f1_interval(many)[0] < 1
    assert f1_interval(many)[1] > 0.99
    wrong = np.array([[1, 1, 1]] * 50)
    low, high = f1_interval(wrong)
    assert low < 0.5 < high
