"""What dictation and OCR made of words is read as it was meant, and cited as it stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facetcode import load
from facetcode.coder import Coder
from facetcode.extract.misread import as_meant


@pytest.mark.parametrize(
    ("stands", "meant"),
    [
        ("write sided C4", "right sided C4"),
        ("she will write it down", "she will write it down"),
        ("buy lateral facette joints", "bilateral   facet   joints"),
        ("flora scopic guidance", "fluoroscopic guidance"),
        ("the see arm", "the C arm  "),
        ("radio frequency ablation", "radiofrequency  ablation"),
        ("M forty seven point eight one two", "M47.812"),
        ("M forty seven point eight twelve.", "M47.812                         ."),
        ("M47 point 813", "M47.813"),
        (
            "lV sedation, lf the lst, Electronically slgned",
            "IV sedation, If the 1st, Electronically signed",
        ),
        ("E11 .9, l10; 2O21; O2/l2/2025; 7O-75 %", "E11.9 , I10; 2021; 02/12/2025; 70-75 %"),
        ("C4 ,  CS and C6, lt, lb, x 8 rnos", "C4 ,  C5 and C6, lt, lb, x 8 mos"),
        ("C-5 6 and C-6 7", "C5-6  and C6-7 "),
        ("C-5 3 cc", "C-5 3 cc"),
        ("M 47.812 and M47 .8l4, M47.8 12", "M47.812  and M47.814 , M47.812 "),
        ("April sixteenth twenty twenty five", "April 16        2025"),
        ("in two thousand nineteen", "in 2019"),
        ("twenty twenty percent", "twenty twenty percent"),
        ("b1ock of the rnedial branch", "block of the medial  branch"),
        ("BlLATERAL FACET J0INT lNJECTI0NS", "BILATERAL FACET JOINT INJECTIONS"),
        ("M47.8I2, M47.8 l4, E11.9, F17.21O", "M47.812, M47.814 , E11.9, F17.210"),
        ("8O% relief, 7/1O, l/10", "80% relief, 7/10, 1/10"),
        ("C4-S and CS-6", "C4-5 and C5-6"),
        ("64490-5O 6449l", "64490-50 64491"),
        ("TOO COLD TO GO", "TOO COLD TO GO"),
        ("clinic alone, corner, barn", "clinic alone, corner, barn"),
        ("0.5% bupivacaine, 25G, 10 mg", "0.5% bupivacaine, 25G, 10 mg"),
        ("Technique. She was prone", "Technique: She was prone"),
        ("Procedure performed colon, left", "Procedure performed:       left"),
        ("Procedure    Left T7-8\nPre / post dx   x", "Procedure:   Left T7-8\nPre / post dx:  x"),
        ("Recovery was good. Plan ahead", "Recovery was good. Plan ahead"),
    ],
)
def test_read_as_meant(stands: str, meant: str) -> None:
    text, edits = as_meant(stands)
    assert text.rstrip() == meant.rstrip()
    assert len(text) == len(stands)
    assert all(0 <= start < end <= len(stands) for start, end in edits)


@given(st.text(alphabet=st.sampled_from("C45 lIO01rnm.%/-Mabo\n\ts"), max_size=200))
def test_offsets_hold_whatever_the_text(text: str) -> None:
    meant, edits = as_meant(text)
    assert len(meant) == len(text)
    inside = {i for start, end in edits for i in range(start, end)}
    for i, (a, b) in enumerate(zip(text, meant, strict=True)):
        assert a == b or i in inside


@pytest.fixture(scope="module")
def coder() -> Coder:
    return load("default")


@pytest.mark.parametrize(
    ("note", "lines", "cited"),
    [
        (
            "Procedure. Write sided C4 and C5 median branch block. Under flora scopic guidance the "
            "needles were placed and bupivacaine was injected.",
            ["64490-RT"],
            "flora scopic",
        ),
        (
            "PROCEDURE: BlLATERAL C4-S FACET J0INT lNJECTI0N\nUnder f1uoroscopy the needles were "
            "placed in the joints and 0.5 cc was injected.",
            ["64490-50"],
            "f1uoroscopy",
        ),
    ],
)
def test_codes_rest_on_the_words_as_they_stand(
    coder: Coder, note: str, lines: list[str], cited: str
) -> None:
    record = coder(note)
    assert ["-".join([line.code, *line.modifiers]) for line in record.lines] == lines
    assert cited in [e.text for e in record.facts.guidance.evidence]
    for level in record.facts.levels:
        for spot in level.evidence:
            assert note[spot.start : spot.end] == spot.text
