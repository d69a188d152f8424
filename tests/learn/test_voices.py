"""Folds that keep hands apart, and figures recomputed another way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from facetcode.learn.voices import (
    brier,
    calibration_error,
    coverage_curve,
    covered_at,
    folds,
    out_of_fold,
    over_groups,
    reliability,
)

HANDS = st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=60).filter(
    lambda hands: len(set(hands)) > 1
)


@given(hands=HANDS, most=st.integers(2, 9))
def test_no_hand_is_on_both_sides_of_a_fold(hands: list[str], most: int) -> None:
    tested: list[int] = []
    for train, test in folds(hands, most):
        assert not {hands[i] for i in train} & {hands[i] for i in test}
        assert sorted([*train, *test]) == list(range(len(hands)))
        tested += test.tolist()
    assert sorted(tested) == list(range(len(hands)))


@given(hands=HANDS)
def test_no_answer_comes_from_a_model_that_saw_the_hand(hands: list[str]) -> None:
    seen = out_of_fold(
        lambda train: {hands[i] for i in train}, lambda saw, test: [saw] * len(test), hands
    )
    assert all(hand not in saw for hand, saw in zip(hands, seen, strict=True))


def test_one_hand_cannot_be_left_out() -> None:
    with pytest.raises(ValueError, match="one group"):
        list(folds(["a", "a"]))


SHARES = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80)


@given(pairs=SHARES)
def test_the_brier_score_is_scikit_learns(pairs: list[tuple[float, bool]]) -> None:
    sure, right = np.array([p for p, _ in pairs]), np.array([r for _, r in pairs])
    expected = brier_score_loss(right.astype(int), sure, pos_label=1)
    assert brier(sure, right) == pytest.approx(expected)


@given(pairs=SHARES)
def test_the_calibration_error_by_hand(pairs: list[tuple[float, bool]]) -> None:
    sure, right = np.array([p for p, _ in pairs]), np.array([r for _, r in pairs])
    ordered = sorted(pairs, key=lambda pair: pair[0])
    count = min(10, len(pairs))
    sizes = [len(pairs) // count + (at < len(pairs) % count) for at in range(count)]
    expected, start = 0.0, 0
    for size in sizes:
        part = ordered[start : start + size]
        start += size
        said = sum(p for p, _ in part) / size
        true = sum(r for _, r in part) / size
        expected += size / len(pairs) * abs(said - true)
    # Ties may be cut either way; the rest agrees.
    if len({p for p, _ in pairs}) == len(pairs):
        assert calibration_error(sure, right) == pytest.approx(expected)
    assert 0 <= calibration_error(sure, right) <= 1
    assert sum(n for _, n, _ in reliability(sure, right)) == len(pairs)


def test_what_is_covered_at_a_level() -> None:
    sure = np.array([0.9, 0.9, 0.8, 0.7, 0.6])
    right = np.array([True, False, True, True, True])
    # The two surest go together, and one of them is wrong.
    assert covered_at(0.75, sure, right) == 1.0
    assert covered_at(0.9, sure, right) == 0.0
    curve = coverage_curve(sure, right, list("abcde"))
    assert [c.coverage for c in curve][-1] == 1.0 and curve[-1].accuracy == pytest.approx(0.8)


def test_an_interval_is_of_hands_and_not_of_notes() -> None:
    """One hand of which all is wrong weighs as a hand, however many notes it wrote."""
    right = np.array([1.0] * 90 + [0.0] * 10)
    by_note = over_groups(lambda rows: float(right[rows].mean()), [str(i) for i in range(100)])
    by_hand = over_groups(
        lambda rows: float(right[rows].mean()), ["a"] * 45 + ["b"] * 45 + ["c"] * 10
    )
    assert by_hand.high - by_hand.low > 2 * (by_note.high - by_note.low)
    assert by_note == over_groups(lambda r: float(right[r].mean()), [str(i) for i in range(100)])
