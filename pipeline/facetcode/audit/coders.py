"""What coders billed, read from the desk's final codes or from any table with these columns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facetcode.claims import ClaimLine
from facetcode.errors import FacetcodeError
from facetcode.spreadsheets import read_table

_NEEDS = ("note_id", "coder", "code")


@dataclass(frozen=True, slots=True)
class Coded:
    """One note's lines as a coder left them."""

    coder: str
    lines: tuple[ClaimLine, ...]


def read_coded(path: Path) -> dict[str, Coded]:
    """Note id to what its coder billed: a row a line, CSV, XLSX or JSON Lines.

    Columns ``note_id``, ``coder``, ``code``, and where there are any ``modifiers``, ``units``,
    ``level`` and ``side``. A row without a code says that nothing is billed for the note. Raises
    FacetcodeError, naming file and row.
    """
    found: dict[str, Coded] = {}
    for where, cells in _rows(path):
        note_id, coder = cells.get("note_id", ""), cells.get("coder", "")
        if not note_id or not coder:
            raise FacetcodeError(f"{where}: each row needs note_id and coder")
        known = found.get(note_id, Coded(coder, ()))
        if known.coder != coder:
            raise FacetcodeError(f"{where}: two coders for note '{note_id}'; keep the last one's")
        code = cells.get("code", "").upper()
        line = () if code in ("", "NONE") else (line_of(cells, code, where),)
        found[note_id] = Coded(coder, (*known.lines, *line))
    return found


def line_of(cells: Mapping[str, str], code: str, where: str) -> ClaimLine:
    """One line of a table's cells. Raises FacetcodeError for units that are no whole number."""
    units = cells.get("units", "") or "1"
    if not re.fullmatch(r"[1-9]\d{0,2}", units):
        raise FacetcodeError(f"{where}: units must be a whole number from 1")
    return ClaimLine(
        code,
        words(cells.get("modifiers", "")),
        int(units),
        words(cells.get("level", "")),
        cells.get("side", "").lower(),
    )


def words(cell: str) -> tuple[str, ...]:
    """What a cell lists: in capitals, whatever stands between; nothing for ``none``."""
    found = tuple(re.split(r"[\s,;/]+", cell.strip().upper()))
    return () if found in (("",), ("NONE",)) else found


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, str]]]:
    if path.suffix.lower() not in (".jsonl", ".ndjson"):
        for row in read_table(path, needs=_NEEDS):
            yield row.where, row.cells
        return
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FacetcodeError(f"{path}: cannot be read ({type(error).__name__})") from None
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield f"{path}:{number}", _object(line, f"{path}:{number}")


def _object(line: str, where: str) -> dict[str, str]:
    try:
        data: Any = json.loads(line)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise FacetcodeError(f"{where}: not a JSON object; write one line of a claim a line")
    cells = {}
    for key, value in data.items():
        if isinstance(value, list):
            value = " ".join(map(str, value))
        cells[str(key)] = "" if value is None else str(value)
    return cells
