"""Intervals: known values, coverage by simulation through the whole audit, notes needed."""

import random

import pytest
from scipy.stats import beta, binomtest

from facetcode.audit.draw import draw, frame_of
from facetcode.audit.exact import exact, notes_needed
from facetcode.audit.read_sheet import Reviewed
from facetcode.audit.sample_file import make_sample
from facetcode.audit.score import score
from facetcode.claims import Claim, ClaimLine


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        # Ends as beta quantiles, and the rule of three's exact form for no event.
        pytest.param(0, 59, 0.0, 1 - 0.025 ** (1 / 59), id="none"),
        pytest.param(30, 30, 0.025 ** (1 / 30), 1.0, id="all"),
        pytest.param(4, 20, 0.0573, 0.4366, id="some"),
    ],
)
def test_the_interval_is_clopper_and_pearsons(hits: int, of: int, low: float, high: float) -> None:
    found = exact(hits, of)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize("of", [1, 7, 60, 800])
def test_the_interval_is_the_one_scipy_finds(of: int) -> None:
    for hits in {0, 1, of // 3, of - 1, of}:
        other = binomtest(hits, of).proportion_ci(confidence_level=0.95, method="exact")
        found = exact(hits, of)
        assert (found.low, found.high) == pytest.approx((other.low, other.high), abs=1e-9)


RIGHT = (ClaimLine("64490", ("RT",), 1, ("C4-C5",), "right"),)
WRONG = (ClaimLine("64490", ("LT",), 1, ("C4-C5",), "left"),)


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.4])
@pytest.mark.parametrize("by", [None, "provider"])
def test_the_interval_holds_the_truth_as_often_as_it_says(rate: float, by: str | None) -> None:
    """Draw, review and score 200 audits of a batch whose error rate is known."""
    chance = random.Random(17)
    claims = [
        Claim(f"n-{i}", "coded", RIGHT, {}, 1, {"provider": f"p{i % 4}"}, "") for i in range(250)
    ]
    wrong = set(chance.sample([c.note_id for c in claims], round(250 * rate)))
    reviewed = {
        c.note_id: Reviewed(c.note_id, WRONG if c.note_id in wrong else RIGHT, (), False, "")
        for c in claims
    }
    frame, by_id = frame_of(claims), {c.note_id: c for c in claims}
    audits, held = 200, 0
    for seed in range(audits):
        drawn = draw(frame, size=30, seed=seed, by=by)
        sample = make_sample(
            claims, frame, drawn, method="random", seed=seed, by=by, records_sha256=""
        )
        found = score(sample, by_id, reviewed).parties[0].error
        held += found.low <= rate <= found.high
    # 95 % is the promise; chance alone takes 4.6 % from it in 200 audits, three deviations.
    assert held / audits >= 0.95 - 0.046


@pytest.mark.parametrize("errors", [0, 1, 5])
@pytest.mark.parametrize("claim", [0.9, 0.95, 0.99])
def test_the_notes_needed_are_the_fewest_that_do(errors: int, claim: float) -> None:
    more = notes_needed(errors, 30, claim)
    assert more is not None
    assert 1 - exact(errors, 30 + more).high >= claim
    assert more == 0 or 1 - exact(errors, 30 + more - 1).high < claim


def test_seventy_two_notes_without_an_error_let_95_percent_be_said() -> None:
    assert notes_needed(0, 0, 0.95) == 72
    assert notes_needed(0, 72, 0.95) == 0


def test_a_rate_above_the_claim_never_allows_it() -> None:
    assert notes_needed(3, 30, 0.95, rate=0.1) is None
    more = notes_needed(1, 50, 0.95, rate=0.02)
    assert more is not None and more > 100
    wrong = 1 + 0.02 * more
    assert beta.ppf(0.025, 50 + more - wrong, wrong + 1) >= 0.95
