"""Remittances to records: by the claim's number, else by patient, day and code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from facetcode.claims import Claim
from facetcode.coding.codes import OURS
from facetcode.denials.remittance import Adjustment, RemitClaim, RemitLine
from facetcode.denials.settle import (
    Outcome,
    denials_of,
    lines_of,
    outcome_of,
    refused_money,
)


@dataclass(frozen=True, slots=True)
class Case:
    """One service line a payer decided, beside the record it was billed from."""

    claim: Claim
    remit: RemitClaim
    line: RemitLine
    outcome: Outcome
    refused: tuple[Adjustment, ...]
    refused_money: Decimal | None
    by: str
    """How the two were joined: ``number`` or ``patient``."""

    @property
    def payer(self) -> str:
        """The payer of the remittance, else the record's."""
        return self.remit.payer or self.claim.meta.get("payer", "") or "not named"

    @property
    def provider(self) -> str:
        """The record's physician, else the remittance's."""
        return self.claim.meta.get("provider", "") or self.remit.provider or "not named"

    @property
    def month(self) -> str:
        """The month of payment, else of service."""
        day = self.remit.paid_on or self.line.served
        return day.isoformat()[:7] if day else "not dated"


@dataclass(frozen=True, slots=True)
class Joined:
    """Lines with their records, and what found none."""

    cases: tuple[Case, ...]
    without_record: int
    """Claims with a facet code that no record answers."""
    ambiguous: int
    """Claims that several records answer."""
    other: int
    """Claims of other services."""


def join(remits: Iterable[RemitClaim], claims: Sequence[Claim]) -> Joined:
    """Join decided claims to records.

    The control number is the note's id where the claim was sent with it, in whatever case. Else
    number or member id may be the patient's id of the record, on the day of service, with one of
    the record's codes; two records that fit are ambiguous and joined to neither.
    """
    by_id: dict[str, list[Claim]] = defaultdict(list)
    by_patient: dict[tuple[str, str], list[Claim]] = defaultdict(list)
    for claim in claims:
        by_id[_plain(claim.note_id)].append(claim)
        patient = _plain(claim.meta.get("patient_id", ""))
        if patient:
            by_patient[patient, claim.meta.get("date_of_service", "")[:10]].append(claim)
    cases: list[Case] = []
    missing = ambiguous = other = 0
    for remit in remits:
        found, by = _named(remit, by_id), "number"
        if not found:
            found, by = _of_patient(remit, by_patient), "patient"
        if len(found) == 1:
            cases += _cases(found[0], remit, by)
        elif found:
            ambiguous += 1
        elif any(line.code in OURS for line in remit.lines):
            missing += 1
        else:
            other += 1
    return Joined(tuple(cases), missing, ambiguous, other)


def _named(remit: RemitClaim, by_id: dict[str, list[Claim]]) -> list[Claim]:
    number = _plain(remit.number)
    if not number:
        return []
    found = by_id.get(number, [])
    exact = [claim for claim in found if claim.note_id == remit.number]
    return exact or found


def _of_patient(remit: RemitClaim, by_patient: dict[tuple[str, str], list[Claim]]) -> list[Claim]:
    billed = {line.code for line in remit.lines}
    days = {_day(line.served) for line in remit.lines} | {_day(remit.served)}
    found: dict[str, Claim] = {}
    for patient in {_plain(remit.patient_id), _plain(remit.number)} - {""}:
        for day in days - {""}:
            for claim in by_patient.get((patient, day), ()):
                if billed & {line.code for line in claim.lines}:
                    found[claim.note_id] = claim
    return list(found.values())


def _cases(claim: Claim, remit: RemitClaim, by: str) -> list[Case]:
    return [
        Case(
            claim,
            remit,
            line,
            outcome_of(line, remit),
            denials_of(line, remit),
            refused_money(line, remit),
            by,
        )
        for line in lines_of(remit)
    ]


def _plain(text: str) -> str:
    return text.strip().casefold()


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
