"""X12 835, health care claim payment/advice (005010X221), to remittance claims."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

from facetcode.denials.remittance import Adjustment, Read, RemitClaim, RemitLine
from facetcode.denials.x12 import RemittanceError, Segment, Transaction, transactions

_SERVED = ("472", "150", "232")
"""Date qualifiers: day of service, its begin, the statement's begin."""
_CLAIM_REMARKS = {"MOA": (3, 4, 5, 6, 7), "MIA": (5, 20, 21, 22, 23)}


def read_835(text: str, where: str, into: Read) -> None:
    """Add the claims of a file. Raises RemittanceError, and adds nothing, for a broken file."""
    other, claims = 0, []
    counted = Read()
    for transaction in transactions(text, where):
        if transaction.kind != "835":
            other += 1
            continue
        claims += _claims(transaction, where, counted)
    into.claims += claims
    into.other_sets += other
    into.provider_adjustments += counted.provider_adjustments
    into.provider_money += counted.provider_money
    into.unbalanced += counted.unbalanced


@dataclass(slots=True)
class _Line:
    segment: Segment
    adjustments: list[Adjustment] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    dates: dict[str, date] = field(default_factory=dict)


@dataclass(slots=True)
class _Claim:
    segment: Segment
    adjustments: list[Adjustment] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    dates: dict[str, date] = field(default_factory=dict)
    provider: str = ""
    patient_id: str = ""
    lines: list[_Line] = field(default_factory=list)


def _claims(transaction: Transaction, where: str, counted: Read) -> list[RemitClaim]:
    payer, paid_on = "", None
    open_: list[_Claim] = []
    for segment in transaction.segments:
        claim = open_[-1] if open_ else None
        line = claim.lines[-1] if claim and claim.lines else None
        match segment.name:
            case "BPR":
                paid_on = _date(segment, 16, where)
            case "DTM" if claim is None:
                if segment[1] == "405":
                    paid_on = paid_on or _date(segment, 2, where)
            case "N1" if claim is None and segment[1] == "PR":
                payer = segment[2].strip()
            case "CLP":
                open_.append(_Claim(segment))
            case "SVC":
                if claim is None:
                    raise _stray(segment, where)
                claim.lines.append(_Line(segment))
            case "CAS":
                if claim is None:
                    raise _stray(segment, where)
                (line or claim).adjustments.extend(_adjustments(segment, where))
            case "DTM":
                found = _date(segment, 2, where)
                if claim and found:
                    (line or claim).dates.setdefault(segment[1], found)
            case "MOA" | "MIA" if claim is not None:
                found_ = (segment[place].strip() for place in _CLAIM_REMARKS[segment.name])
                claim.remarks += [code for code in found_ if code]
            case "LQ" if claim is not None:
                if segment[1] == "HE" and segment[2]:
                    (line or claim).remarks.append(segment[2].strip())
            case "NM1" if claim is not None:
                _name(segment, claim)
            case "PLB":
                _provider_level(segment, where, counted)
    return [_made(claim, payer, paid_on, where, counted) for claim in open_]


def _name(segment: Segment, claim: _Claim) -> None:
    if segment[1] == "QC":
        claim.patient_id = segment[9].strip()
    elif segment[1] == "82":
        names = (segment[3].strip(), segment[4].strip())
        claim.provider = ", ".join(filter(None, names)) or segment[9].strip()


def _provider_level(segment: Segment, where: str, counted: Read) -> None:
    """Count PLB: pairs of reason and amount from the third element on."""
    for place in range(3, len(segment.elements) + 1, 2):
        if segment[place]:
            counted.provider_adjustments += 1
            counted.provider_money += _money(segment, place + 1, where) or Decimal(0)


def _adjustments(segment: Segment, where: str) -> Iterable[Adjustment]:
    """Up to six reasons of one group: reason, amount, quantity in turn."""
    for place in range(2, len(segment.elements) + 1, 3):
        if not segment[place]:
            continue
        amount = _money(segment, place + 1, where)
        if amount is None:
            raise RemittanceError(
                f"{where}: segment {segment.number}: CAS gives a reason without its amount"
            )
        yield Adjustment(segment[1].strip(), segment[place].strip(), amount)


def _made(claim: _Claim, payer: str, paid_on: date | None, where: str, counted: Read) -> RemitClaim:
    segment = claim.segment
    served = next((claim.dates[q] for q in _SERVED if q in claim.dates), None)
    lines = [_line(line, served, where) for line in claim.lines]
    for line in lines:
        explained = sum((a.amount or Decimal(0) for a in line.adjustments), Decimal(0))
        if (line.charge or Decimal(0)) - explained != (line.paid or Decimal(0)):
            counted.unbalanced += 1
    return RemitClaim(
        source=f"{where}: segment {segment.number}",
        number=segment[1].strip(),
        status=segment[2].strip(),
        charge=_money(segment, 3, where),
        paid=_money(segment, 4, where),
        payer=payer,
        payer_number=segment[7].strip(),
        provider=claim.provider,
        patient_id=claim.patient_id,
        paid_on=paid_on,
        served=served or next((line.served for line in lines if line.served), None),
        adjustments=tuple(claim.adjustments),
        remarks=tuple(dict.fromkeys(claim.remarks)),
        lines=tuple(lines),
    )


def _line(line: _Line, served: date | None, where: str) -> RemitLine:
    segment = line.segment
    decided = segment.parts(1)
    # SVC06 holds what was billed where the payer decided on another code.
    billed = segment.parts(6) if segment[6] else decided
    if len(billed) < 2 or not billed[1]:
        raise RemittanceError(f"{where}: segment {segment.number}: SVC names no procedure code")
    units = segment[7] or segment[5] or "1"
    return RemitLine(
        code=billed[1].strip().upper(),
        modifiers=tuple(m.strip().upper() for m in billed[2:6] if m.strip()),
        units=_decimal(units, segment, where),
        charge=_money(segment, 2, where),
        paid=_money(segment, 3, where) or Decimal(0),
        adjustments=tuple(line.adjustments),
        remarks=tuple(dict.fromkeys(line.remarks)),
        served=next((line.dates[q] for q in _SERVED if q in line.dates), served),
        paid_as=decided[1].strip().upper() if segment[6] and len(decided) > 1 else "",
    )


def _money(segment: Segment, place: int, where: str) -> Decimal | None:
    return _decimal(segment[place], segment, where) if segment[place].strip() else None


def _decimal(text: str, segment: Segment, where: str) -> Decimal:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise RemittanceError(
            f"{where}: segment {segment.number}: {segment.name} holds an amount that is no number"
        )
    return value


def _date(segment: Segment, place: int, where: str) -> date | None:
    text = segment[place].strip()[:8]
    if not text:
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        raise RemittanceError(
            f"{where}: segment {segment.number}: {segment.name} holds a day that is none"
        ) from None


def _stray(segment: Segment, where: str) -> RemittanceError:
    return RemittanceError(
        f"{where}: segment {segment.number}: {segment.name} stands before the first claim (CLP)"
    )
