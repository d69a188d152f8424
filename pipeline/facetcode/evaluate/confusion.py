"""What was taken for what, and whether stated confidence can be believed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from facetcode.evaluate.cases import Case
from facetcode.evaluate.gold import INTENTS, MODALITIES, SIDES, STATUSES
from facetcode.evaluate.intervals import Estimate, proportion
from facetcode.evaluate.labelings import NO_BLOCK
from facetcode.evaluate.score import claim

NO_LEVEL = "no such level"
_MANY = 5
_BINS = 10


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts of (label, found) over ``words``, rows the labels and columns what was found."""

    name: str
    of: str
    words: Sequence[str]
    counts: Sequence[Sequence[int]]


def confusions(cases: Sequence[Case]) -> list[Confusion]:
    """Status, side of each level, intent, guidance and number of levels.

    Intent, guidance and levels are compared on notes of which both say that a block was done; a
    level that only one of them names is counted against ``NO_LEVEL``.
    """
    blocks = [
        case
        for case in cases
        if case.score.gold_status != NO_BLOCK and case.score.found_status != NO_BLOCK
    ]
    sides: list[tuple[str, str]] = []
    for case in blocks:
        found = {level.joint: str(level.side) for level in case.record.facts.levels}
        for joint in case.gold.levels.keys() | found.keys():
            sides.append((case.gold.levels.get(joint, NO_LEVEL), found.get(joint, NO_LEVEL)))
    facts = [(case.gold, case.record.facts) for case in blocks]
    most = str(_MANY) + " or more"
    return [
        _table("status", "notes", STATUSES, ((c.gold.status, c.score.found_status) for c in cases)),
        _table("side", "levels", (*SIDES, NO_LEVEL), sides),
        _table("intent", "blocks", INTENTS, ((g.intent, f.procedure.intent) for g, f in facts)),
        _table(
            "guidance",
            "blocks",
            MODALITIES,
            ((g.guidance or "unstated", f.guidance.modality) for g, f in facts),
        ),
        _table(
            "number of levels",
            "blocks",
            (*map(str, range(_MANY)), most),
            (
                tuple(str(n) if n < _MANY else most for n in (len(g.levels), len(f.levels)))
                for g, f in facts
            ),
        ),
    ]


def _table(name: str, of: str, words: Iterable[str], pairs: Iterable[tuple[str, ...]]) -> Confusion:
    counted = Counter(pairs)
    used = [word for word in words if any(word in pair for pair in counted)]
    return Confusion(name, of, used, [[counted[a, b] for b in used] for a in used])


@dataclass(frozen=True, slots=True)
class Bin:
    """Records whose confidence lies in one tenth of the scale: its mean, and the share right."""

    low: float
    high: float
    mean: float
    right: Estimate


@dataclass(frozen=True, slots=True)
class Calibration:
    """Whether records that say 0.9 are right nine times in ten; each error in 0-1, best 0."""

    policy: str
    bins: Sequence[Bin]
    brier: float
    expected_error: float
    """Mean distance between stated and found, weighted by the records of each bin (ECE)."""
    n: int


def calibration(cases: Sequence[Case], policy: str) -> Calibration | None:
    """Confidence against whether the lines are exactly right; None where no record states any."""
    stated = sorted(
        (record.confidence, claim(record) == case.gold.codes[policy])
        for case in cases
        if (record := case.records.get(policy)) and record.confidence is not None
    )
    if not stated:
        return None
    groups: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in stated:
        groups.setdefault(min(int(confidence * _BINS), _BINS - 1), []).append((confidence, right))
    bins = [
        Bin(
            tenth / _BINS,
            (tenth + 1) / _BINS,
            sum(c for c, _ in group) / len(group),
            proportion(sum(r for _, r in group), len(group)),
        )
        for tenth, group in sorted(groups.items())
    ]
    n = len(stated)
    return Calibration(
        policy,
        bins,
        sum((c - r) ** 2 for c, r in stated) / n,
        sum(abs(b.mean - (b.right.value or 0.0)) * b.right.n for b in bins) / n,
        n,
    )
