"""One note's facts, arranged once for all the rules that read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from facetcode import anatomy
from facetcode.coding.rules import Rules
from facetcode.facts import Evidence, Facts, Finding, Intent, Level
from facetcode.record import Flag, Line, Status, merge_levels

T12_L1 = "T12-L1"
_HOSPITAL_PLACES = frozenset({"19", "22"})


@dataclass(frozen=True, slots=True)
class Case:
    """Facts, rules and metadata; ``levels`` stand in billing order, a joint once."""

    facts: Facts
    rules: Rules
    meta: Mapping[str, str]
    levels: tuple[Level, ...]
    intent: Intent
    findings: Mapping[str, tuple[Finding, ...]]
    date_of_service: date | None

    def has(self, name: str) -> bool:
        return name in self.findings

    def evidence(self, name: str) -> tuple[Evidence, ...]:
        """The evidence of every finding of that name, in the note's order."""
        return in_note_order(e for f in self.findings.get(name, ()) for e in f.evidence)

    def values(self, name: str) -> list[str]:
        """What the findings of that name say, where they say something."""
        return [f.value.strip() for f in self.findings.get(name, ()) if f.value]

    @property
    def in_hospital(self) -> bool:
        """Whether the claim is a hospital outpatient one, by policy, claim type or place."""
        return (
            self.rules.claim_type == "hopd_facility"
            or self.meta.get("claim_type", "") == "hopd_facility"
            or self.meta.get("place_of_service", "").strip() in _HOSPITAL_PLACES
        )


@dataclass(frozen=True, slots=True)
class Coded:
    """A case with all that coding found, lumbar suggestions included."""

    case: Case
    status: Status
    lines: tuple[Line, ...]
    lumbar: tuple[Line, ...]
    flags: tuple[Flag, ...]


def arrange(facts: Facts, rules: Rules, meta: Mapping[str, str]) -> Case:
    """Arrange a note's facts: levels in billing order, findings by name, the intent settled."""
    findings: dict[str, tuple[Finding, ...]] = {}
    for finding in facts.findings:
        findings[finding.name] = (*findings.get(finding.name, ()), finding)
    return Case(
        facts=facts,
        rules=rules,
        meta=meta,
        levels=billing_order(_our_levels(facts.levels, rules)),
        intent=_intent(facts),
        findings=findings,
        date_of_service=iso_date(meta.get("date_of_service")),
    )


def _our_levels(levels: tuple[Level, ...], rules: Rules) -> tuple[Level, ...]:
    # Under a policy that puts T12-L1 in the lumbar family it is ``lumbar``'s to suggest.
    if rules.t12_l1 == "lumbar":
        return tuple(level for level in levels if level.joint != T12_L1)
    return levels


def billing_order(levels: tuple[Level, ...]) -> tuple[Level, ...]:
    """Joints treated on both sides first, then the others, cranial first inside each.

    With the bilateral joint first an asymmetric session needs no modifier 50 on an add-on
    (rule sheet 4.2).
    """
    if len({level.joint for level in levels}) != len(levels):
        levels = merge_levels(levels)
    return tuple(
        sorted(levels, key=lambda level: (level.side != "bilateral", anatomy.order(level.joint)))
    )


def in_note_order(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Evidence without repeats, by its place in the note; what other notes say comes after."""
    return tuple(sorted(set(evidence), key=lambda e: (e.note_id or "", e.start, e.end, e.text)))


def iso_date(text: str | None) -> date | None:
    """The date of an ISO date or timestamp, or None where there is none."""
    try:
        return date.fromisoformat((text or "").strip()[:10])
    except ValueError:
        return None


def _intent(facts: Facts) -> Intent:
    intent = facts.procedure.intent
    # A first or second block is a diagnostic one by the contract's definition of ``ordinal``.
    if intent == "unstated" and facts.procedure.ordinal is not None:
        return "diagnostic"
    return intent
