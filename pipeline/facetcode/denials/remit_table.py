"""Remittances as a table, the way billing systems and clearing houses export them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from facetcode.denials.remittance import Adjustment, Read, RemitClaim, RemitLine
from facetcode.denials.x12 import RemittanceError
from facetcode.spreadsheets import Row, read_table

_NAMES: Mapping[str, tuple[str, ...]] = {
    "number": ("note_id", "patient_control_number", "claim_id", "claim_number", "account_number"),
    "patient_id": ("patient_id", "mrn", "member_id", "patient_account"),
    "served": ("date_of_service", "service_date", "dos", "from_date"),
    "code": ("code", "cpt", "hcpcs", "procedure_code", "procedure"),
    "modifiers": ("modifiers", "modifier", "mods"),
    "units": ("units", "quantity"),
    "charge": ("charge", "charges", "billed", "billed_amount", "charge_amount"),
    "paid": ("paid", "paid_amount", "payment", "payment_amount"),
    "reasons": ("carc", "reason_codes", "reason_code", "adjustment_codes", "denial_code", "cas"),
    "remarks": ("rarc", "remark_codes", "remark_code", "remarks"),
    "payer": ("payer", "payer_name", "insurance"),
    "provider": ("provider", "rendering_provider", "physician"),
    "status": ("status", "claim_status"),
    "paid_on": ("paid_on", "payment_date", "paid_date", "check_date", "remit_date"),
}
"""What a column may be called, by what it holds; the first that is there is taken."""
_REASON = re.compile(r"(?:(CO|PR|OA|PI|CR)[\s-]?)?([A-Z]{0,2}\d{1,3})(?:[:=](-?\d+(?:\.\d+)?))?")
_DAYS = ("%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y", "%Y%m%d")
_STATUS = {"denied": "4", "reversal": "22", "reversed": "22", "paid": "1", "secondary": "2"}


def read_remit_table(path: Path, into: Read) -> None:
    """Add the claims of a CSV or XLSX, a row a service line. Raises RemittanceError, adding none.

    Needed are a code, what was paid or why not, and a claim's number or patient and day. Reasons
    stand as ``CO-50``, ``CO-50:120.00`` or ``50``, several apart by a semicolon or blank.
    """
    rows = read_table(path)
    if not rows:
        raise RemittanceError(f"{path}: the table has a heading and no rows")
    present = {name for row in rows for name in row.cells}
    named = {
        key: next((name for name in names if name in present), "") for key, names in _NAMES.items()
    }
    if not named["code"] or not (named["paid"] or named["reasons"]):
        raise RemittanceError(
            f"{path}: needs a column code and one of paid or carc; columns present: "
            f"{', '.join(sorted(present))[:300]}"
        )
    if not named["number"] and not (named["patient_id"] and named["served"]):
        raise RemittanceError(
            f"{path}: nothing says whose line it is; name a column note_id, or patient_id and "
            "date_of_service"
        )
    groups: dict[tuple[object, ...], list[tuple[Row, RemitLine]]] = {}
    for row in rows:
        line = _line(row, named)
        who = tuple(_cell(row, named, k) for k in ("number", "patient_id", "payer", "status"))
        key = (*who, line.served if not who[0] else None, _cell(row, named, "paid_on"))
        groups.setdefault(key, []).append((row, line))
    into.claims += [_claim(own, named) for own in groups.values()]


def _cell(row: Row, named: Mapping[str, str], key: str) -> str:
    return row[named[key]] if named[key] else ""


def _line(row: Row, named: Mapping[str, str]) -> RemitLine:
    charge, paid = (_money(row, named, key) for key in ("charge", "paid"))
    adjustments = tuple(_reasons(row, _cell(row, named, "reasons")))
    if len(adjustments) == 1 and adjustments[0].amount is None and charge is not None:
        # With one reason for all that was not paid, its amount is the difference.
        only = adjustments[0]
        adjustments = (Adjustment(only.group, only.reason, charge - (paid or Decimal(0))),)
    code, *more = re.split(r"[\s:-]+", _cell(row, named, "code").upper())
    if not code:
        raise RemittanceError(f"{row.where}: no procedure code; fill it in or take the row out")
    modifiers = re.split(r"[\s,;:/-]+", _cell(row, named, "modifiers").upper())
    return RemitLine(
        code=code,
        modifiers=tuple(m for m in (*more, *modifiers) if m),
        units=_money(row, named, "units"),
        charge=charge,
        paid=paid,
        adjustments=adjustments,
        remarks=tuple(filter(None, re.split(r"[\s,;|]+", _cell(row, named, "remarks").upper()))),
        served=_day(row, _cell(row, named, "served")),
    )


def _reasons(row: Row, cell: str) -> Iterable[Adjustment]:
    for word in filter(None, re.split(r"[\s,;|]+", re.sub(r"\b([A-Z]{2})\s+(?=\w)", r"\1-", cell))):
        found = _REASON.fullmatch(word.upper())
        if found is None:
            raise RemittanceError(
                f"{row.where}: a reason code cannot be read; write CO-50, several apart by ;"
            )
        group, reason, amount = found.groups()
        yield Adjustment(group or "", reason, Decimal(amount) if amount else None)


def _claim(rows: list[tuple[Row, RemitLine]], named: Mapping[str, str]) -> RemitClaim:
    row = rows[0][0]
    lines = tuple(line for _, line in rows)
    charges = [line.charge for line in lines if line.charge is not None]
    status = _cell(row, named, "status").lower()
    return RemitClaim(
        source=row.where,
        number=_cell(row, named, "number"),
        status=_STATUS.get(status, status or "1"),
        charge=sum(charges, Decimal(0)) if charges else None,
        paid=None,
        payer=_cell(row, named, "payer"),
        payer_number="",
        provider=_cell(row, named, "provider"),
        patient_id=_cell(row, named, "patient_id"),
        paid_on=_day(row, _cell(row, named, "paid_on")),
        served=next((line.served for line in lines if line.served), None),
        adjustments=(),
        remarks=(),
        lines=lines,
    )


def _money(row: Row, named: Mapping[str, str], key: str) -> Decimal | None:
    text = re.sub(r"[$\s]", "", _cell(row, named, key))
    if not text:
        return None
    negative = text.startswith("(") and text.endswith(")")
    text = text.strip("()")
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", text):
        text = text.replace(",", "")
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise RemittanceError(f"{row.where}: {named[key]} is no number; write 120.00")
    return -value if negative else value


def _day(row: Row, text: str) -> date | None:
    if not text:
        return None
    for form in _DAYS:
        try:
            return datetime.strptime(text[:10], form).date()
        except ValueError:
            continue
    raise RemittanceError(f"{row.where}: a day cannot be read; write it as YYYY-MM-DD")
