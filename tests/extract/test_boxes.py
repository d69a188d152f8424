"""What a form's boxes, answers and circles leave said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facetcode.extract.boxes import ticked_only

LINES = [
    ("Side: [ ] Left  [x] Right  [ ] Bilateral", "Side: Right"),
    ("SIDE   [ ] R   [X] L   [ ] B", "SIDE L"),
    ("( ) MBB  (X) RFA  ( ) ESI", "RFA"),
    ("\u2610 cervical \u2612 thoracic", "thoracic"),
    ("Right ( )  Left (x)", "Left"),
    ("Thor  [ ]T4-5  [X]T5-6  [x]T6-7  [ ]T7-8", "Thor T5-6 T6-7"),
    ("PURPOSE  [X] Diagnostic   [ ] 1st  [X] 2nd", "PURPOSE Diagnostic 2nd"),
    ("(Y) consent  (N) sedation  (Y) images saved", "consent images saved"),
    ("Images saved [X]Y [ ]N", "Images saved Y"),
    ("side:   R   ((L))   B", "side: L"),
    (
        "procedure:   joint inj     **medial branch block**     RFA",
        "procedure: medial branch block",
    ),
    ("Block no.   1   ((2))", "Block no. 2"),
    ("**Procedure note**", "Procedure note"),
    ("The **right** C4-5 joint was entered.", "The right C4-5 joint was entered."),
]


@pytest.mark.parametrize(("line", "said"), [pytest.param(*row, id=row[0][:30]) for row in LINES])
def test_what_a_line_says(line: str, said: str) -> None:
    assert " ".join(ticked_only(line).split()) == said


def test_boxes_without_any_tick_stay() -> None:
    assert ticked_only("[ ] Left") == "[ ] Left"


def test_a_tick_on_one_line_says_nothing_of_the_words_of_another() -> None:
    text = "[ ] call at once\nSide [x] right\nNo box here"
    assert ticked_only(text).splitlines()[2] == "No box here"


@given(st.text(alphabet="[]( )xXRLB C45-|*:\nab", max_size=120))
def test_offsets_hold(text: str) -> None:
    cleared = ticked_only(text)
    assert len(cleared) == len(text)
    assert all(a in (b, " ") for a, b in zip(cleared, text, strict=True))
