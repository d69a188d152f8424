"""CMS's quarterly NCCI files, so that a practice can bring the current quarter.

Reads the tab- or comma-separated text of the PTP edit, MUE and add-on files; a workbook must be
saved as CSV first. Only rows that touch facet codes are kept: the PTP files hold millions.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path

from facetcode.coding.codes import FACET, LUMBAR, LUMBAR_ULTRASOUND, ULTRASOUND
from facetcode.coding.ncci import Edit, Pairing, Setting, UnitLimit
from facetcode.errors import PolicyError

WANTED: frozenset[str] = frozenset((*FACET, *LUMBAR, *ULTRASOUND, *LUMBAR_ULTRASOUND))

_CODE = re.compile(r"[0-9A-Z]\d{3}[0-9A-Z]")
_OPEN = frozenset({"", "*"})


def load_ptp(
    path: Path,
    *,
    seen: date,
    setting: Setting = "both",
    wanted: Collection[str] = WANTED,
) -> tuple[Edit, ...]:
    """Read a PTP edit file: column 1, column 2, (before 1996), effective, deletion, modifier.

    ``seen`` is the first day of the file's quarter. Raises PolicyError with file and line on a
    row that is none, and on a file without edits.
    """
    edits = []
    rows = 0
    for where, row in _rows(path):
        if len(row) < 6 or not (_CODE.fullmatch(row[0]) and _CODE.fullmatch(row[1])):
            # Copyright lines and the header, which CMS spreads over several rows, come first.
            if rows and len(row) > 1 and row[0]:
                raise PolicyError(f"{where}: not a PTP edit; six columns with two codes are needed")
            continue
        rows += 1
        if row[0] not in wanted and row[1] not in wanted:
            continue
        modifier = row[5][:1]
        if modifier not in {"0", "1", "9"}:
            raise PolicyError(f"{where}: the modifier indicator must be 0, 1 or 9")
        # Indicator 9 marks an edit deleted on the day it began: it never held.
        if modifier == "9":
            continue
        edits.append(
            Edit(
                column1=row[0],
                column2=row[1],
                modifier=int(modifier),
                effective=_day(row[3], where),
                seen=seen,
                until=None if row[4] in _OPEN else _day(row[4], where),
                setting=setting,
                source=f"{path.name}, {seen}",
            )
        )
    if not rows:
        raise PolicyError(f"{path}: holds no PTP edits; save the CMS file as text or CSV")
    return tuple(edits)


def load_mue(
    path: Path, *, effective: date, wanted: Collection[str] = WANTED
) -> tuple[UnitLimit, ...]:
    """Read an MUE file: code, units, adjudication indicator (``2 Date of Service Edit: ...``).

    The file does not state its quarter: ``effective`` does.
    """
    limits = []
    rows = 0
    for where, row in _rows(path):
        if len(row) < 3 or not _CODE.fullmatch(row[0]):
            if rows and len(row) > 1 and row[0]:
                raise PolicyError(f"{where}: not a unit limit; code, units, indicator are needed")
            continue
        rows += 1
        if row[0] not in wanted:
            continue
        if not row[1].isdecimal() or row[2][:1] not in {"1", "2", "3"}:
            raise PolicyError(f"{where}: units must be a number and the indicator 1, 2 or 3")
        limits.append(
            UnitLimit(row[0], int(row[1]), int(row[2][0]), effective, f"{path.name}, {effective}")
        )
    if not rows:
        raise PolicyError(f"{path}: holds no unit limits; save the CMS file as text or CSV")
    return tuple(limits)


def load_add_ons(
    path: Path, *, effective: date, wanted: Collection[str] = WANTED
) -> tuple[Pairing, ...]:
    """Read an add-on file by its header: an add-on, a primary and, if any, a deletion column."""
    columns: tuple[int, int, int | None] | None = None
    primaries: dict[str, list[str]] = {}
    for where, row in _rows(path):
        if columns is None:
            columns = _add_on_columns(row)
            continue
        add_on, primary, deleted = columns
        if len(row) <= max(add_on, primary) or not _CODE.fullmatch(row[add_on]):
            continue
        gone = deleted is not None and deleted < len(row) and row[deleted] not in _OPEN
        if gone and _day(row[deleted or 0], where) < effective:
            continue
        if row[add_on] in wanted and _CODE.fullmatch(row[primary]):
            primaries.setdefault(row[add_on], []).append(row[primary])
    if columns is None:
        raise PolicyError(f"{path}: no header names an add-on code and a primary code column")
    return tuple(
        Pairing(code, tuple(dict.fromkeys(found)), effective, f"{path.name}, {effective}")
        for code, found in primaries.items()
    )


def _add_on_columns(row: list[str]) -> tuple[int, int, int | None] | None:
    names = [re.sub(r"[^a-z]", "", cell.lower()) for cell in row]
    add_on = next((i for i, n in enumerate(names) if "addon" in n and "del" not in n), None)
    primary = next((i for i, n in enumerate(names) if "primary" in n and "del" not in n), None)
    if add_on is None or primary is None or add_on == primary:
        return None
    return add_on, primary, next((i for i, n in enumerate(names) if "del" in n), None)


def _rows(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Rows with their ``file:line``, cells stripped; tabs where the first lines have any."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as handle:
            head = [handle.readline() for _ in range(20)]
            handle.seek(0)
            delimiter = "\t" if any("\t" in line for line in head) else ","
            reader = csv.reader(handle, delimiter=delimiter)
            for row in reader:
                yield f"{path}:{reader.line_num}", [cell.strip() for cell in row]
    except (OSError, csv.Error) as problem:
        raise PolicyError(f"{path}: cannot be read as a CMS table: {problem}") from problem


def _day(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise PolicyError(f"{where}: '{text}' is not a date like 20240701") from None
