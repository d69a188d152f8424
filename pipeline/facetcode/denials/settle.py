"""Which decision counts: reversals taken back, other payers' left out, lines judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from facetcode.denials.reasons import reason
from facetcode.denials.remittance import (
    NO_DECISION,
    SECONDARY,
    ZERO,
    Adjustment,
    RemitClaim,
    RemitLine,
)

Outcome = Literal["paid", "reduced", "denied"]
"""``paid``: allowed, be it that the patient owes it; ``reduced``: paid, with a part refused."""
_DENIED = "4"
_EPOCH = date(1, 1, 1)


@dataclass(frozen=True, slots=True)
class Settled:
    """The claims whose decision counts, and how many were left out and why."""

    claims: tuple[RemitClaim, ...]
    """First decisions that stood, a claim and payer each."""
    later_paid: frozenset[str]
    """Sources of denied first decisions that a later one, after a new claim say, turned."""
    reversals: int
    unmatched_reversals: int
    secondary: int
    no_decision: int


def settle(claims: Iterable[RemitClaim]) -> Settled:
    """Order decisions by day of payment, take back what was reversed, keep the first that stood.

    A warning is about the claim as it was first sent. A correction by the payer (reversal and new
    decision) replaces its mistake; a claim sent again does not undo that the first was denied.
    """
    reversals = lost = secondary = undecided = 0
    stood: dict[tuple[str, str, str], list[RemitClaim]] = defaultdict(list)
    ordered = sorted(claims, key=lambda claim: claim.paid_on or _EPOCH)
    for claim in ordered:
        if claim.status in NO_DECISION:
            undecided += 1
            continue
        # Without a control number, a patient's day is what tells claims apart.
        who = claim.number or f"{claim.patient_id} {claim.served}"
        key = (who, claim.payer.casefold(), claim.patient_id if not claim.number else "")
        if claim.is_reversal:
            reversals += 1
            lost += not _take_back(stood[key], claim)
        elif claim.status in SECONDARY:
            secondary += 1
        else:
            stood[key].append(claim)
    firsts, turned = [], set()
    for own in stood.values():
        if not own:
            continue
        first = _together(own)
        firsts.append(first)
        later = own[1:]
        if _is_denied(first) and any(not _is_denied(other) for other in later):
            turned.add(first.source)
    return Settled(tuple(firsts), frozenset(turned), reversals, lost, secondary, undecided)


def _take_back(stood: list[RemitClaim], reversal: RemitClaim) -> bool:
    """Remove the decision a reversal names by the payer's number, else the latest of the claim."""
    if not stood:
        return False
    number = reversal.payer_number
    same = [claim for claim in stood if number and claim.payer_number == number]
    stood.remove(same[-1] if same else stood[-1])
    return True


def _together(own: Sequence[RemitClaim]) -> RemitClaim:
    """The first decision, with lines that the payer decided apart from it on the same day."""
    first = own[0]
    lines = list(first.lines)
    known = {(line.code, line.modifiers, line.served) for line in lines}
    for other in own[1:]:
        if other.paid_on != first.paid_on:
            break
        for line in other.lines:
            if (line.code, line.modifiers, line.served) not in known and lines:
                known.add((line.code, line.modifiers, line.served))
                lines.append(line)
    return replace(first, lines=tuple(lines))


def denials_of(line: RemitLine, claim: RemitClaim) -> tuple[Adjustment, ...]:
    """The adjustments that refuse a line, the claim's own for an unpaid line without any.

    An unknown reason refuses a line only where nothing was paid: else it may be any reduction.
    """
    unpaid = not line.paid
    own = tuple(a for a in line.adjustments if _refuses(a, unpaid))
    if own or not unpaid:
        return own
    return tuple(a for a in claim.adjustments if _refuses(a, unpaid))


def _refuses(adjustment: Adjustment, unpaid: bool) -> bool:
    if adjustment.amount is not None and adjustment.amount <= 0:
        return False
    kind = reason(adjustment.reason).kind
    return kind == "denial" or (kind == "unknown" and unpaid and adjustment.group != "PR")


def outcome_of(line: RemitLine, claim: RemitClaim) -> Outcome:
    """What became of a line. A line without payment and without reason is denied by status 4."""
    refused = denials_of(line, claim)
    if line.paid:
        return "reduced" if refused else "paid"
    if refused or (claim.status == _DENIED and not _owed(line)):
        return "denied"
    return "paid"


def refused_money(line: RemitLine, claim: RemitClaim) -> Decimal | None:
    """What was refused of a line's charge; None where no amount is given."""
    refused = denials_of(line, claim)
    own = [a for a in refused if a in line.adjustments]
    if own and all(a.amount is not None for a in own):
        return sum((a.amount or ZERO for a in own), ZERO)
    return line.charge if refused or outcome_of(line, claim) == "denied" else ZERO


def lines_of(claim: RemitClaim) -> tuple[RemitLine, ...]:
    """A claim's lines; one decided as a whole is one line without a code."""
    if claim.lines:
        return claim.lines
    whole = RemitLine(
        "", (), None, claim.charge, claim.paid, claim.adjustments, claim.remarks, claim.served
    )
    return (whole,)


def _owed(line: RemitLine) -> bool:
    """Whether the patient's share or another payer explains that nothing was paid."""
    kinds = {reason(a.reason).kind for a in line.adjustments}
    return bool(kinds & {"patient_share", "other_payer"})


def _is_denied(claim: RemitClaim) -> bool:
    return any(outcome_of(line, claim) == "denied" for line in lines_of(claim))
