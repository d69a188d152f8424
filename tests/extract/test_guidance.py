"""Which imaging placed the needle, said in many hands, and what only looks like it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from facetcode.extract.build import Extractor

ROWS = yaml.safe_load((Path(__file__).parent / "guidance.yaml").read_text(encoding="utf-8"))
NOTE = """PROCEDURE: Right C4-5 facet joint injection

TECHNIQUE: Prone. Skin prepped.
{}
0.5 mL lidocaine was injected.
"""


def cases() -> list[Any]:
    return [
        pytest.param(modality, words, id=f"{modality}: {words[:60]}")
        for modality, rows in ROWS.items()
        for words in rows
    ]


@pytest.mark.parametrize(("modality", "words"), cases())
def test_guidance(extractor: Extractor, modality: str, words: str) -> None:
    text = NOTE.format(words)
    found = extractor.facts(text, {"date_of_service": "2026-03-20"}).guidance
    assert found.modality == modality
    for spot in found.evidence:
        assert text[spot.start : spot.end] == spot.text
    assert bool(found.evidence) == (modality != "unstated")
