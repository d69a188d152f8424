"""How sure an audit's rate is: exact intervals, and how many notes a claim would take."""

from __future__ import annotations

from scipy.stats import beta

from facetcode.evaluate.intervals import Estimate

CONFIDENCE = 0.95
_MOST = 1_000_000


def exact(hits: int, of: int) -> Estimate:
    """Clopper and Pearson's 95 % interval of a share (Biometrika 26, 1934).

    It holds the true share at least 95 times in 100 whatever that share is. Drawing without
    replacement from a finite batch makes it wider than it need be, never too narrow.
    """
    if of == 0:
        return Estimate(None, 0.0, 1.0, 0)
    tail = (1 - CONFIDENCE) / 2
    low = float(beta.ppf(tail, hits, of - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, of - hits)) if hits < of else 1.0
    return Estimate(hits / of, low, high, of)


def notes_needed(errors: int, reviewed: int, claim: float, *, rate: float = 0.0) -> int | None:
    """How many more notes until the interval's lower end of accuracy reaches ``claim`` (0-1).

    ``rate`` is the share of errors among the notes still to come. None where no number of notes
    would do: at that rate the accuracy is not above the claim.
    """
    if not (0 <= errors <= reviewed and 0 < claim < 1):
        raise ValueError("errors within reviewed, and a claim between 0 and 1, are needed")

    def holds(more: int) -> bool:
        wrong, right = errors + rate * more, reviewed - errors + (1 - rate) * more
        # The lower end of Clopper and Pearson's interval, for whole and for expected counts.
        return right > 0 and float(beta.ppf((1 - CONFIDENCE) / 2, right, wrong + 1)) >= claim

    if holds(0):
        return 0
    if rate >= 1 - claim or not holds(_MOST):
        return None
    low, high = 0, _MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
