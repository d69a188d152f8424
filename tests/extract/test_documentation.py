"""Documentation items in many hands, and what looks like them: whether a note states them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from facetcode.extract.build import Extractor

ROWS = yaml.safe_load((Path(__file__).parent / "documentation.yaml").read_text(encoding="utf-8"))
NOTE = """PROCEDURE: Right C4-5 and C5-6 medial branch blocks, diagnostic #1, fluoroscopy

{}

TECHNIQUE: prone, 25g needles to C4, C5, C6, 0.5 mL lidocaine each.

{}
"""
BEFORE = {"pain_duration", "conservative_care", "function", "radiculopathy", "rfa_contraindicated"}
"""Items that stand before the account of the block; the others stand behind it."""
LEAST_MONTHS = 3


def cases(kind: str) -> list[Any]:
    return [
        pytest.param(item, words, id=f"{item}: {words[:60]}")
        for item, rows in ROWS.items()
        for words in rows[kind]
    ]


def stated(extractor: Extractor, item: str, words: str) -> bool:
    text = NOTE.format(words, "") if item in BEFORE else NOTE.format("", words)
    found = [
        finding
        for finding in extractor.facts(text, {"date_of_service": "2026-03-20"}).findings
        if finding.name == item
    ]
    for finding in found:
        for spot in finding.evidence:
            assert text[spot.start : spot.end] == spot.text
    if item == "pain_duration":
        return any(float(finding.value or 0) >= LEAST_MONTHS for finding in found)
    return bool(found)


@pytest.mark.parametrize(("item", "words"), cases("stated"))
def test_stated(extractor: Extractor, item: str, words: str) -> None:
    assert stated(extractor, item, words)


@pytest.mark.parametrize(("item", "words"), cases("not_stated"))
def test_not_stated(extractor: Extractor, item: str, words: str) -> None:
    assert not stated(extractor, item, words)
