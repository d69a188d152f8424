"""Codes a note holds and those it takes back; diagnoses held in words and what is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from facetcode.extract.build import Extractor

ROWS = yaml.safe_load((Path(__file__).parent / "diagnoses.yaml").read_text(encoding="utf-8"))
NOTE = """PROCEDURE: Right C4-5 facet joint injection under fluoroscopy. Needle placed.

{}
"""


@pytest.mark.parametrize("row", [pytest.param(row, id=row["text"]) for row in ROWS])
def test_diagnoses(extractor: Extractor, row: dict[str, Any]) -> None:
    found = extractor.facts(NOTE.format(row["text"])).diagnoses
    assert " ".join(d.code for d in found if d.code) == row.get("codes", "")
    words = [e.text for d in found if d.code is None for e in d.evidence]
    if "words" in row:
        assert " | ".join(words) == row["words"]
