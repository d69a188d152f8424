"""Readiness for ablation: two diagnostic medial branch blocks of one joint, each good enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Literal

from facetcode import anatomy
from facetcode.coding.case import in_note_order
from facetcode.coding.rules import UNKNOWN, Rules, Unknown
from facetcode.facts import Evidence
from facetcode.series.relief import Ledger, counted
from facetcode.series.visit import Visit, cited, one_sided

State = Literal["met", "not_met", "not_knowable"]


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the blocks on record ask for ablation at one joint and side."""

    joint: str
    side: str
    state: State
    says: str
    evidence: tuple[Evidence, ...] = ()


def readiness(
    reader: Visit, blocks: Sequence[Visit], told: Ledger, rules: Rules
) -> tuple[Readiness, ...]:
    """Judge every joint and side among ``blocks``: dated, earliest first, ``reader``'s included.

    Only diagnostic medial branch blocks count: an intra-articular injection does not qualify
    (rule sheet section 5, R1). The share and the interval are the policy's for a second block.
    """
    mbbs = [
        v
        for v in blocks
        if v.facts.procedure.kind == "medial_branch_block" and v.intent == "diagnostic"
    ]
    targets = {
        (level.joint, side)
        for visit in ([reader] if reader.facts.levels else mbbs)
        for level in visit.facts.levels
        for side in one_sided(level.side)
    }
    return tuple(
        _judge(reader, joint, side, [v for v in mbbs if _treats(v, joint, side)], told, rules)
        for joint, side in sorted(targets, key=lambda t: (anatomy.order(t[0]), t[1]))
    )


def _treats(visit: Visit, joint: str, side: str) -> bool:
    return any(
        level.joint == joint and side in (one_sided(level.side) or {side})
        for level in visit.facts.levels
    )


def _judge(
    reader: Visit, joint: str, side: str, blocks: Sequence[Visit], told: Ledger, rules: Rules
) -> Readiness:
    share, least = rules.relief_share, rules.min_days_between
    if share is None:
        return Readiness(joint, side, "not_knowable", "The policy sets no share of relief.")
    if isinstance(share, Unknown) or least is UNKNOWN:
        return Readiness(
            joint, side, "not_knowable", "The policy's share or interval is not known."
        )
    statements = {v.note_id: counted(told.get(v.note_id, ()), side) for v in blocks}
    good = [
        v
        for v in blocks
        if statements[v.note_id] and min(t.relief.low for t in statements[v.note_id]) >= share
    ]
    evidence = in_note_order(
        e
        for v in blocks
        for t in statements[v.note_id]
        for e in cited(t.relief.evidence, t.by, reader)
    )
    apart = timedelta(days=least) if isinstance(least, int) else timedelta(0)
    if (
        good
        and good[-1].day
        and good[0].day
        and good[-1].day - good[0].day >= max(apart, timedelta(days=1))
    ):
        says = f"Two diagnostic blocks with at least {share} % relief each: {_named(good)}."
        return Readiness(joint, side, "met", says, evidence)
    silent = [v for v in blocks if not statements[v.note_id]]
    if len({v.day for v in (*good, *silent)}) >= 2 and silent:
        says = f"No percentage of relief is told of {_named(silent)}."
        return Readiness(joint, side, "not_knowable", says, evidence)
    if len({v.day for v in good}) >= 2:
        days = [(b.day - a.day).days for a, b in pairwise(good) if a.day and b.day]
        says = f"The two blocks lie {max(days)} days apart, the policy asks for {least}."
        return Readiness(joint, side, "not_met", says, evidence)
    short = [v for v in blocks if v not in good and v not in silent]
    if short:
        says = f"Below {share} % relief: {_named(short)}."
    else:
        says = f"{len(blocks)} diagnostic medial branch block on record, two are asked for."
    return Readiness(joint, side, "not_met", says, evidence)


def _named(visits: Sequence[Visit]) -> str:
    return ", ".join(f"{v.note_id} ({v.day})" for v in visits)
