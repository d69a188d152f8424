"""How far records may go without review: a threshold whose error rate is bounded, or none.

The bound needs no assumption about the model. A fixed sequence of thresholds is set from the
training notes, from strict to loose; each is tested on certified notes that neither the model nor
the sequence has seen, by the exact binomial test, and the first that fails ends it (Learn then
Test: Angelopoulos, Bates, Candès, Jordan and Lei, 2021, section on fixed sequence testing). The
probability that the threshold returned lets through more errors than promised is at most ``DELTA``.
It holds for notes that come as the certified ones did: independently, from the same mix of hands
and exports, read by the same program. For notes of other hands it promises nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from facetcode.errors import FacetcodeError

DELTA = 0.05
"""The probability that the promise is broken."""
_STEP = 0.05
"""How much more of the training notes each threshold of the sequence lets through."""
_ROOM = 1.06
"""How many times the least number of notes the first threshold should let through."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One certified note: how sure the model was of its claim, and whether it was right."""

    confidence: float
    right: bool
    group: str = ""


@dataclass(frozen=True, slots=True)
class Guarantee:
    """What can be promised at a level; ``threshold`` None marks nothing, ``says`` tells why."""

    level: float
    threshold: float | None
    certified: int
    marked: int
    wrong: int
    says: str


def needed(level: float, delta: float = DELTA) -> int:
    """Notes that must be marked, all of them right, before a level can be promised."""
    if not 0.5 <= level < 1:
        raise FacetcodeError(f"--auto-at {level:g}: give a share from 0.5 to below 1, 0.99 say")
    return math.ceil(math.log(delta) / math.log(level))


def tail(wrong: int, of: int, rate: float) -> float:
    """Probability of at most ``wrong`` errors among ``of`` notes when each errs at ``rate``."""
    return math.fsum(
        math.comb(of, k) * rate**k * (1 - rate) ** (of - k) for k in range(min(wrong, of) + 1)
    )


def promise(
    outcomes: Sequence[Outcome],
    trained: Sequence[float],
    level: float,
    *,
    delta: float = DELTA,
    who: str = "coded notes",
) -> Guarantee:
    """The loosest threshold that keeps ``level``, from certified notes unseen in training.

    ``trained`` are the model's confidences in training notes it was not fitted on: they set the
    sequence of thresholds, the certified notes only their number.
    """
    least, given = needed(level, delta), len(outcomes)
    sure = f"{100 * (1 - delta):g}%"
    if given < least or not trained:
        return Guarantee(
            level, None, given, 0, 0,
            f"no record is marked: {level:.1%} right, with {sure} certainty, needs at least "
            f"{least:,} certified {who}, all of them right, and there are {given:,}",
        )  # fmt: skip
    best: Guarantee | None = None
    for threshold in _sequence(trained, min(1.0, _ROOM * least / given)):
        marked = [o for o in outcomes if o.confidence >= threshold]
        wrong = sum(not o.right for o in marked)
        if tail(wrong, len(marked), 1 - level) > delta:
            break
        hands = len({o.group for o in marked})
        best = Guarantee(
            level, threshold, given, len(marked), wrong,
            f"records from {threshold:.3f} on are marked: with {sure} certainty at most "
            f"{1 - level:.1%} of marked records have a wrong claim ({wrong} of {len(marked):,} "
            f"certified {who} by {hands} hands had), as long as notes come as those did: the same "
            "hands and exports, read by this program",
        )  # fmt: skip
    return best or Guarantee(
        level, None, given, 0, 0,
        f"no record is marked: on {given:,} certified {who} the model does not keep {level:.1%} "
        f"with {sure} certainty",
    )  # fmt: skip


def _sequence(trained: Sequence[float], first: float) -> list[float]:
    """Thresholds that let through ``first`` of the training notes, then more, strict to loose."""
    ordered = sorted(trained, reverse=True)
    steps = range(math.ceil(first / _STEP), round(1 / _STEP) + 1)
    cuts = [
        ordered[min(len(ordered), max(1, math.ceil(s * _STEP * len(ordered)))) - 1] for s in steps
    ]
    return list(dict.fromkeys(cuts))
