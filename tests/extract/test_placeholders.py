"""Unfilled template fields: which stand for a fact of the block that no other place states."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from facetcode.extract.build import Extractor

ROWS = yaml.safe_load((Path(__file__).parent / "placeholders.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", [pytest.param(row, id=row["text"][:90]) for row in ROWS])
def test_placeholder(extractor: Extractor, row: dict[str, Any]) -> None:
    doubts = extractor.facts(row["text"], {"date_of_service": "2026-03-20"}).doubts
    assert ("PLACEHOLDER" in {doubt.code for doubt in doubts}) == row["raised"]
