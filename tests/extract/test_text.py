"""Even text keeps its length, sentences keep every word, unticked options vanish."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facetcode.extract.boxes import ticked_only
from facetcode.extract.build import Extractor
from facetcode.extract.text import even, sentences


@given(st.text(max_size=200))
def test_even_text_keeps_offsets(text: str) -> None:
    assert len(even(text)) == len(text)
    assert len(ticked_only(even(text))) == len(text)


@given(st.text(alphabet="aB. \n:-C4,;|", max_size=200))
def test_sentences_hold_every_word_once(text: str) -> None:
    cut = sentences(text)
    covered = "".join(text[s.start : s.end] for s in cut)
    assert "".join(covered.split()) == "".join(text.split())
    assert all(a.end <= b.start for a, b in itertools.pairwise(cut))


SPLIT = [
    ("One. Two.", ["One.", "Two."]),
    ("Seen by Dr. Smith today. Done.", ["Seen by Dr. Smith today.", "Done."]),
    ("the needle was\nadvanced to C5", ["the needle was\nadvanced to C5"]),
    ("PLAN: RFA\nSIDE: Left", ["PLAN: RFA", "SIDE: Left"]),
    ("- first\n- second", ["- first", "- second"]),
]


@pytest.mark.parametrize(
    ("text", "expected"), [pytest.param(*row, id=row[0][:20]) for row in SPLIT]
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert [text[s.start : s.end].strip() for s in sentences(text)] == expected


@given(st.text(max_size=300))
def test_any_text_has_facts_and_true_evidence(text: str) -> None:
    extractor = _shared()
    facts = extractor.facts("MBB right C4-5 fluoroscopy needle " + text)
    for level in facts.levels:
        for e in level.evidence:
            assert ("MBB right C4-5 fluoroscopy needle " + text)[e.start : e.end] == e.text


_EXTRACTORS: list[Extractor] = []


def _shared() -> Extractor:
    if not _EXTRACTORS:
        _EXTRACTORS.append(Extractor(screen=False))
    return _EXTRACTORS[0]
