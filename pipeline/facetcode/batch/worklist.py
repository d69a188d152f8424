"""What a coder opens in a spreadsheet: a row a note with a facet block, the questions beside it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from facetcode.output import unformula
from facetcode.terminal import one_line

COLUMNS = (
    "note_id",
    "status",
    "date_of_service",
    "patient_id",
    "provider",
    "payer",
    "procedure",
    "levels",
    "guidance",
    "relief",
    "diagnoses",
    "codes",
    "ask",
    "hard_flags",
    "soft_flags",
    "confidence",
    "auto",
    "policy",
)
_CELL = 2000
"""Characters of a cell; a spreadsheet holds more, a reader does not."""


class Worklist:
    """Writes ``worklist.csv``: coded and query notes in input order, none of their text."""

    def __init__(self, path: Path) -> None:
        # The mark makes Excel read UTF-8; without it "–" becomes three letters.
        self._file = path.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="")
        self._rows = csv.writer(self._file)
        self._rows.writerow(COLUMNS)

    def __enter__(self) -> Worklist:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, record: Mapping[str, Any]) -> None:
        """Take one record; notes without a facet block have no work in them."""
        if record["status"] == "not_applicable":
            return
        self._rows.writerow(unformula(one_line(cell, longest=_CELL)) for cell in row(record))


def row(record: Mapping[str, Any]) -> list[str]:
    """The cells of one record, in the order of ``COLUMNS``."""
    meta, done = record["meta"], record["procedure"]
    intent = "" if done["intent"] == "unstated" else done["intent"]
    ordinal = {1: "first", 2: "second"}.get(done["ordinal"], "")
    said = (intent, ordinal, str(done["kind"]).replace("_", " "))
    flags = {
        severity: "; ".join(f["code"] for f in record["flags"] if f["severity"] == severity)
        for severity in ("hard", "soft")
    }
    return [
        record["note_id"],
        record["status"],
        meta.get("date_of_service", ""),
        meta.get("patient_id", ""),
        meta.get("provider", ""),
        meta.get("payer", ""),
        " ".join(word for word in said if word),
        "; ".join(f"{level['joint']} {level['side']}" for level in record["levels"]),
        record["guidance"]["modality"],
        "; ".join(f"{share(r)} {r['when']}" for r in record["relief"]),
        "; ".join(dict.fromkeys(d["code"] for d in record["diagnoses"] if d["code"])),
        "; ".join(map(line_code, record["lines"])),
        " ".join(f["message"] for f in record["flags"] if f["severity"] == "hard"),
        flags["hard"],
        flags["soft"],
        "" if record["confidence"] is None else f"{record['confidence']:.2f}",
        {True: "yes", False: "no"}.get(record.get("auto"), ""),  # type: ignore[arg-type]
        record["policy"],
    ]


def share(relief: Mapping[str, Any]) -> str:
    """A relief as people write it: ``80%`` or ``80-90%``."""
    low, high = relief["low"], relief["high"]
    return f"{low:g}%" if low == high else f"{low:g}-{high:g}%"


def line_code(line: Mapping[str, Any]) -> str:
    """A claim line in one word: ``64490-KX-RT``."""
    code = "-".join((line["code"], *line["modifiers"]))
    return code if line["units"] == 1 else f"{code} x{line['units']}"
