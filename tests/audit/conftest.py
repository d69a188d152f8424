"""A batch of invented records, and a reviewer who fills worksheets."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from facetcode.cli import app

JOINTS = ("C3-C4", "C4-C5", "C5-C6", "C6-C7")


def record(note_id: str, levels: int = 2, side: str = "right", **changes: Any) -> dict[str, Any]:
    modifier = {"right": "RT", "left": "LT", "bilateral": "50"}[side]
    lines = [
        {"code": code, "modifiers": [modifier], "units": 1, "joint": joint, "side": side}
        for code, joint in zip(("64490", "64491", "64492"), JOINTS[:levels], strict=False)
    ]
    return {
        "schema": 1,
        "note_id": note_id,
        "status": "coded",
        "procedure": {"kind": "medial_branch_block"},
        "levels": [{"joint": joint, "side": side} for joint in JOINTS[:levels]],
        "lines": lines,
        "flags": [
            {"code": "UNSIGNED", "severity": "hard", "message": "-", "authority": "-"},
            {"code": "LEVEL_LIMIT", "severity": "soft", "message": "-", "authority": "-"},
        ],
        "meta": {"provider": "Dr. Reyes", "payer": "Medicare", "date_of_service": "2025-03-04"},
        "policy": "default@2024-07-01",
        **changes,
    }


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    """Forty records in a run's folder, of two physicians."""
    folder = tmp_path / "run"
    folder.mkdir()
    rows = [
        record(
            f"n-{n:02d}",
            1 + n % 3,
            ("right", "left", "bilateral")[n % 3],
            meta={
                "provider": "Dr. Reyes" if n % 4 else "Dr. Moss",
                "date_of_service": f"2025-0{1 + n % 6}-10",
            },
        )
        for n in range(40)
    ]
    (folder / "records.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def run(*args: str | Path | int) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args])


Fill = Callable[[list[dict[str, str]]], None]


def filled(source: Path, target: Path, fill: Fill, **style: Any) -> Path:
    """A reviewer's copy of a CSV worksheet, written in a style of one's own."""
    with source.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    fill(rows)
    with target.open("w", encoding=style.pop("encoding", "utf-8"), newline="") as file:
        out = csv.DictWriter(file, list(rows[0]), **style)
        out.writeheader()
        out.writerows(rows)
    return target


def agree(rows: Sequence[dict[str, str]]) -> None:
    for row in rows:
        if row["line"] == "1":
            row["verdict"] = "agree"


def line(rows: Sequence[dict[str, str]], number: int, note_id: str) -> dict[str, str]:
    return next(r for r in rows if r["note_id"] == note_id and r["line"] == str(number))


def ids(rows: Sequence[Mapping[str, str]]) -> list[str]:
    return list(dict.fromkeys(row["note_id"] for row in rows if row["role"] == "sample"))
