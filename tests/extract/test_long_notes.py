"""Long and hostile notes: offsets hold, and nothing is compared with everything."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facetcode.extract.build import Extractor
from facetcode.extract.text import Squeezed, even, sentences

NOTE = "Right C4-5 medial branch block{}under fluoroscopy.{}Pain 7/10 before. Prone, needles placed, 0.5 mL lidocaine injected."


@given(st.lists(st.tuples(st.sampled_from([" ", "\n", "\t ", "x", "C4-5"]), st.integers(1, 400))))
def test_squeezed_text_leads_back_to_every_character(runs: list[tuple[str, int]]) -> None:
    text = "".join(piece * times for piece, times in runs)
    squeezed = Squeezed(text)
    assert not re.search(r"\s{97,}", squeezed.text)
    for at, char in enumerate(squeezed.text):
        assert text[squeezed.back(at)] == char
    assert "".join(squeezed.text.split()) == "".join(text.split())


@pytest.mark.parametrize("blank", [" " * 5000, "\n" * 5000, " \n" * 3000])
def test_evidence_behind_long_blanks_is_the_note_s(blank: str) -> None:
    text = NOTE.format(f" {blank}", blank)
    facts = Extractor().facts(text)
    spots = [*facts.guidance.evidence, *facts.scores[0].evidence, *facts.levels[0].evidence]
    assert [spot.text for spot in spots] == ["fluoroscopy", "7/10", "C4-5"]
    assert all(text[spot.start : spot.end] == spot.text for spot in spots)


@pytest.mark.parametrize("words", ["pain ", "failed, ", "C4 ", "x"])
def test_a_sentence_is_cut_where_it_is_no_sentence(words: str) -> None:
    text = even(words * (9000 // len(words)))
    found = sentences(text)
    assert max(s.end - s.start for s in found) <= 1200
    assert "".join(text[s.start : s.end] for s in found) == text
