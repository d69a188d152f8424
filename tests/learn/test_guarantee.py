"""What may be promised of records that nobody looks at, and when nothing may."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from facetcode.errors import FacetcodeError
from facetcode.learn.guarantee import Outcome, needed, promise, tail


@pytest.mark.parametrize(
    ("level", "notes"),
    [pytest.param(0.95, 59), pytest.param(0.99, 299), pytest.param(0.995, 598)],
)
def test_the_notes_a_level_needs(level: float, notes: int) -> None:
    assert needed(level) == notes
    right = [Outcome(0.9, True)] * notes
    assert promise(right, [0.9], level).threshold == 0.9
    few = promise(right[1:], [0.9], level)
    assert few.threshold is None
    assert f"needs at least {notes}" in few.says and f"there are {notes - 1}" in few.says


@given(
    wrong=st.integers(0, 40),
    more=st.integers(0, 400),
    rate=st.floats(0.001, 0.5),
)
def test_the_tail_is_the_binomial_one(wrong: int, more: int, rate: float) -> None:
    of = wrong + more
    assert tail(wrong, of, rate) == pytest.approx(binom.cdf(wrong, of, rate), abs=1e-9)


def test_wrong_notes_below_the_threshold_cost_nothing() -> None:
    outcomes = [Outcome(0.95, True)] * 320 + [Outcome(0.4, False)] * 80
    found = promise(outcomes, [0.95] * 80 + [0.4] * 20, 0.99)
    assert (found.threshold, found.marked, found.wrong) == (0.95, 320, 0)
    assert "at most 1.0%" in found.says and "95%" in found.says


def test_a_model_that_errs_where_it_is_sure_is_promised_nothing() -> None:
    outcomes = [Outcome(0.95, at % 20 > 0) for at in range(800)]
    found = promise(outcomes, [0.95] * 100, 0.99)
    assert found.threshold is None and "does not keep 99.0%" in found.says


def test_the_promise_is_broken_as_seldom_as_it_says() -> None:
    """Drawn again and again: of confidences that mean nothing, wrong at one note in fifty."""
    random_ = random.Random(7)
    trained = [random_.random() for _ in range(300)]
    broken = 0
    for _ in range(300):
        outcomes = [Outcome(random_.random(), random_.random() > 0.02) for _ in range(500)]
        broken += promise(outcomes, trained, 0.99).threshold is not None
    assert broken <= 300 * 0.05 + 3 * (300 * 0.05 * 0.95) ** 0.5


@pytest.mark.parametrize("level", [1.0, 0.2, 99])
def test_a_level_that_is_no_share(level: float) -> None:
    with pytest.raises(FacetcodeError, match="--auto-at"):
        promise([], [], level)
