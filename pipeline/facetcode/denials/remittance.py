"""What a payer says of a claim, whatever file it comes in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

ZERO = Decimal(0)

REVERSAL = "22"
SECONDARY = frozenset({"2", "3", "20", "21"})
"""Claim status of payers after the first (CLP02)."""
NO_DECISION = frozenset({"23", "25"})
"""Not this payer's claim, and a price asked beforehand."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Money a payer did not pay and why: group (CO, PR, OA, PI), CARC, amount."""

    group: str
    reason: str
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class RemitLine:
    """One service line; the code is the one that was billed, whatever was paid instead."""

    code: str
    modifiers: tuple[str, ...]
    units: Decimal | None
    charge: Decimal | None
    paid: Decimal | None
    adjustments: tuple[Adjustment, ...]
    remarks: tuple[str, ...]
    served: date | None
    paid_as: str = ""
    """The code the payer put in its place, if it did."""


@dataclass(frozen=True, slots=True)
class RemitClaim:
    """One decision on one claim."""

    source: str
    """File and place, for messages."""
    number: str
    """The patient control number the practice gave the claim."""
    status: str
    charge: Decimal | None
    paid: Decimal | None
    payer: str
    payer_number: str
    provider: str
    patient_id: str
    paid_on: date | None
    served: date | None
    adjustments: tuple[Adjustment, ...]
    remarks: tuple[str, ...]
    lines: tuple[RemitLine, ...]

    @property
    def is_reversal(self) -> bool:
        """Whether it takes an earlier decision back."""
        return self.status == REVERSAL or (self.charge is not None and self.charge < 0)


@dataclass(slots=True)
class Read:
    """What was read of some files, and what was left out, counted."""

    claims: list[RemitClaim] = field(default_factory=list)
    files: int = 0
    inputs: list[tuple[str, str]] = field(default_factory=list)
    """Name and SHA-256 of each file that was read."""
    other_sets: int = 0
    """Transaction sets that are no 835."""
    provider_adjustments: int = 0
    """PLB entries: money of the provider as a whole, which no claim explains."""
    provider_money: Decimal = ZERO
    unbalanced: int = 0
    """Lines whose charge less adjustments is not what was paid."""
