"""The day of the earlier block, dated or counted, and times that are of something else."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from facetcode.extract.build import Extractor

ROWS = yaml.safe_load((Path(__file__).parent / "earlier_block.yaml").read_text(encoding="utf-8"))
TODAY = date(2026, 3, 20)
NOTE = """PROCEDURE: Right C4, C5, C6 medial branch block, second diagnostic, fluoroscopy

HISTORY: {}

TECHNIQUE: needles placed, lidocaine 0.5 mL injected at each.
"""


@pytest.mark.parametrize("row", [pytest.param(row, id=row["text"]) for row in ROWS])
def test_days_since_the_earlier_block(extractor: Extractor, row: dict[str, Any]) -> None:
    facts = extractor.facts(NOTE.format(row["text"]), {"date_of_service": TODAY.isoformat()})
    days = [
        int(f.value) if f.name == "interval_days" else (TODAY - date.fromisoformat(f.value)).days
        for f in facts.findings
        if f.name in {"interval_days", "prior_block_date"} and f.value
    ]
    assert days == ([] if row["days"] is None else [row["days"]])
