"""835 files as payers write them, with invented payers, patients and money."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from facetcode.cli import app


def isa(element: str = "*", repeat: str = "^", component: str = ":", number: int = 1) -> str:
    """The interchange header, 105 characters and the component mark's place; no terminator."""
    fields = (
        "00", " " * 10, "00", " " * 10, "ZZ", "PAYER".ljust(15), "ZZ", "CLINIC".ljust(15),
        "250630", "1200", repeat, "00501", f"{number:09d}", "0", "P", component,
    )  # fmt: skip
    return element.join(("ISA", *fields))


def wrap(
    body: Sequence[str],
    *,
    element: str = "*",
    component: str = ":",
    end: str = "~",
    after: str = "",
    number: int = 1,
    kind: str = "835",
    paid_on: str = "20250630",
    payer: str = "ACME HEALTH",
) -> str:
    """One interchange around claim segments, which are written with ``*`` and ``:``."""
    inside = [
        f"ST*{kind}*0001",
        f"BPR*I*100*C*ACH************{paid_on}",
        "TRN*1*12345*1999999999",
        f"N1*PR*{payer}",
        "N1*PE*CLINIC*XX*1234567893",
        "LX*1",
        *body,
    ]
    inside.append(f"SE*{len(inside) + 1}*0001")
    segments = [
        "GS*HP*PAYER*CLINIC*20250630*1200*1*X*005010X221A1", *inside, "GE*1*1",
        f"IEA*1*{number:09d}",
    ]  # fmt: skip
    head = isa(element=element, component=component, number=number)
    text = [s.replace("*", "\0").replace(":", component).replace("\0", element) for s in segments]
    return "".join(part + end + after for part in (head, *text))


def claim(
    number: str,
    *services: tuple[str, float, float, Sequence[str]],
    status: int = 1,
    served: str = "20250601",
    more: Sequence[str] = (),
    icn: str = "ICN1",
) -> list[str]:
    """A claim's segments; a service is code with modifiers, charge, paid, and its segments."""
    charge, paid = sum(s[1] for s in services), sum(s[2] for s in services)
    segments = [
        f"CLP*{number}*{status}*{charge:g}*{paid:g}**MB*{icn}",
        "NM1*QC*1*DOE*JANE****MI*M-77",
        "NM1*82*1*HALE*ROY****XX*1999999992",
        *more,
    ]
    for code, billed, got, own in services:
        segments += [
            f"SVC*HC:{code}*{billed:g}*{got:g}**1",
            f"DTM*472*{served}",
            *own,
        ]
    return segments


def record(note_id: str, flags: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "note_id": note_id,
        "status": "coded",
        "levels": [{"joint": "C4-C5", "side": "right"}, {"joint": "C5-C6", "side": "right"}],
        "lines": [
            {"code": code, "modifiers": ["RT"], "units": 1, "joint": joint, "side": "right"}
            for code, joint in (("64490", "C4-C5"), ("64491", "C5-C6"))
        ],
        "flags": [
            {"code": code, "severity": severity, "message": "-", "authority": "-"}
            for code, severity in (flags or {}).items()
        ],
        "meta": {
            "provider": "Dr. Hale", "patient_id": f"p-{note_id}", "date_of_service": "2025-06-01",
        },
        "policy": "default@2024-07-01",
        **changes,
    }  # fmt: skip


def write_records(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in records))
    return path


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Records of two notes: one with a hard flag, one clean."""
    return write_records(
        tmp_path / "records.jsonl",
        record("n-1", {"CONSERVATIVE_CARE_MISSING": "hard"}),
        record("n-2"),
    )
