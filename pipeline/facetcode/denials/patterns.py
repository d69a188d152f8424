"""Denials counted: by reason, code, modifier, levels, payer, physician, flag and month."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from facetcode.denials.join import Case
from facetcode.denials.reasons import reason
from facetcode.denials.remittance import ZERO
from facetcode.evaluate.intervals import Estimate, proportion

_REASONS = 3


@dataclass(frozen=True, slots=True)
class Pattern:
    """One value of what lines are grouped by, and how its lines fared."""

    name: str
    lines: int
    denied: Estimate
    """Share of lines denied, those paid in part not among them."""
    reduced: int
    charged: Decimal | None
    refused: Decimal | None
    """Money refused; None where no line of it gives an amount."""
    reasons: tuple[tuple[str, int], ...]
    """The most frequent reasons, group and CARC, with their lines."""


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """One reason for which lines were refused."""

    code: str
    label: str
    lines: int
    claims: int
    money: Decimal | None
    groups: tuple[tuple[str, int], ...]
    remarks: tuple[tuple[str, int], ...]


def _flags(case: Case) -> Iterable[str]:
    return case.claim.flagged("hard", "soft") or ("no flag",)


BY: Mapping[str, Callable[[Case], Iterable[str]]] = {
    "code": lambda case: (case.line.code or "whole claim",),
    "modifier": lambda case: case.line.modifiers or ("none",),
    "levels": lambda case: (str(case.claim.levels),),
    "payer": lambda case: (case.payer,),
    "physician": lambda case: (case.provider,),
    "flag": _flags,
    "month": lambda case: (case.month,),
}
"""What lines are grouped by; a line with two modifiers or flags stands under each of them."""


def patterns(cases: Sequence[Case], by: str) -> list[Pattern]:
    """Lines grouped by one of ``BY``: months and levels in order, else the most denied first."""
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        for name in dict.fromkeys(BY[by](case)):
            groups[name].append(case)
    found = [_pattern(name, own) for name, own in groups.items()]
    if by in ("month", "levels"):
        return sorted(found, key=lambda p: (len(p.name), p.name) if by == "levels" else (0, p.name))
    return sorted(found, key=lambda p: (-(p.denied.value or 0) * p.lines, -p.lines, p.name))


def _pattern(name: str, cases: Sequence[Case]) -> Pattern:
    denied = sum(case.outcome == "denied" for case in cases)
    reasons = Counter(_word(a.group, a.reason) for case in cases for a in set(case.refused))
    return Pattern(
        name=name,
        lines=len(cases),
        denied=proportion(denied, len(cases)),
        reduced=sum(case.outcome == "reduced" for case in cases),
        charged=_sum([case.line.charge for case in cases]),
        refused=_sum([case.refused_money for case in cases]),
        reasons=tuple(_ranked(reasons)[:_REASONS]),
    )


def reasons(cases: Sequence[Case]) -> list[ReasonCount]:
    """Every reason for which a line was refused, the most frequent first.

    Lines denied without any reason are counted under ``none given``.
    """
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        for code in dict.fromkeys(a.reason for a in case.refused):
            groups[code].append(case)
        if case.outcome == "denied" and not case.refused:
            groups["none given"].append(case)
    found = [_reason(code, own) for code, own in groups.items()]
    return sorted(found, key=lambda r: (-r.lines, r.code))


def _reason(code: str, cases: Sequence[Case]) -> ReasonCount:
    amounts = [
        a.amount if a in case.line.adjustments else case.refused_money
        for case in cases
        for a in case.refused
        if a.reason == code
    ]
    return ReasonCount(
        code=code,
        label=reason(code).label,
        lines=len(cases),
        claims=len({case.claim.note_id for case in cases}),
        money=_sum(amounts or [case.refused_money for case in cases]),
        groups=tuple(
            _ranked(Counter(a.group or "-" for c in cases for a in c.refused if a.reason == code))
        ),
        remarks=tuple(
            _ranked(Counter(r for c in cases for r in {*c.line.remarks, *c.remit.remarks}))
        ),
    )


def _word(group: str, code: str) -> str:
    return f"{group}-{code}" if group else code


def _ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    given = [amount for amount in amounts if amount is not None]
    return sum(given, ZERO) if given else None
