"""The screen ahead of the pipeline loses no facet block, and spares what has nothing of one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from facetcode.evaluate.markup import parse_inline
from facetcode.extract.screen import could_hold_facet_block

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "notes" / "real_notes.jsonl"


def test_every_labelled_facet_block_passes() -> None:
    notes = [parse_inline(p.read_text(encoding="utf-8"), p.stem)
             for p in sorted((ROOT / "annotations" / "inline").glob("*/*.txt"))]  # fmt: skip
    blocks = [note for note in notes if note.status != "not_applicable"]
    assert len(blocks) >= 50
    assert [note.note_id for note in blocks if not could_hold_facet_block(note.text)] == []


@pytest.mark.skipif(not REAL.exists(), reason="the public notes are not here")
def test_every_real_facet_note_passes_and_most_others_do_not() -> None:
    records = [json.loads(line) for line in REAL.open(encoding="utf-8")]
    facet = [r for r in records if r["kind"] in {"cervical_thoracic_facet", "lumbar_facet", "rfa"}]
    assert all(could_hold_facet_block(r["text"]) for r in facet)
    other = [r for r in records if r["kind"] == "other"]
    assert sum(could_hold_facet_block(r["text"]) for r in other) < len(other) / 4


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("R C4-5 MBB", True),
        ("rnedial brach b1ock", True),
        ("median branch", True),
        ("C4 C5 block under fluoro", True),
        ("neck injection", False),
        ("cervical injection", True),
        ("in particular, an epidural for labour", False),
        ("TON, C3", True),
        ("z joint", True),
        ("64490", True),
        ("Blood pressure 120/80, ton of work, no complaints", True),
        ("heart block, EKG unchanged", False),
        ("flu injection in the arm", False),
        ("Cough for three days; lungs clear.", False),
        ("", False),
    ],
)
def test_words(text: str, passes: bool) -> None:
    assert could_hold_facet_block(text) is passes
