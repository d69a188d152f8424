"""Procedure codes a note writes for today, and those it plans, asks for or leaves unbilled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from facetcode.extract.build import Extractor

ROWS = yaml.safe_load((Path(__file__).parent / "stated_codes.yaml").read_text(encoding="utf-8"))
NOTE = """PROCEDURE: Right C4, C5, C6 medial branch block, second diagnostic, fluoroscopy

TECHNIQUE: needles placed, lidocaine 0.5 mL injected at each.

{}
"""


@pytest.mark.parametrize("row", [pytest.param(row, id=row["text"]) for row in ROWS])
def test_stated_codes(extractor: Extractor, row: dict[str, Any]) -> None:
    stated = extractor.facts(NOTE.format(row["text"])).stated_codes
    assert " ".join(code.code for code in stated) == row["codes"]
