"""Public notes beside the project, where there are any: no false code, every facet block found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from facetcode.coder import Coder
from facetcode.coding import load_policy
from facetcode.extract.build import Extractor

NOTES = Path(__file__).resolve().parents[3] / "shared" / "notes" / "real_notes.jsonl"
pytestmark = pytest.mark.skipif(not NOTES.exists(), reason="the public notes are not here")


def test_codes_stand_on_facet_notes_only(extractor: Extractor) -> None:
    coder = Coder(load_policy("default"), extractor)
    found: dict[str, list[str]] = {}
    kinds: dict[str, str] = {}
    with NOTES.open(encoding="utf-8") as lines:
        for line in lines:
            note = json.loads(line)
            kinds[note["note_id"]] = note["kind"]
            record = coder(note)
            for level in record.facts.levels:
                assert all(note["text"][e.start : e.end] == e.text for e in level.evidence)
            if record.lines:
                found[note["note_id"]] = [f"{v.code}-{'-'.join(v.modifiers)}" for v in record.lines]
    assert {kinds[note_id] for note_id in found} == {"cervical_thoracic_facet"}
    assert len(found) == 15, "one facet note names no level; the others have lines"
