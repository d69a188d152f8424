"""Relief whose percent sign stands in a label or at the head of a table's column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facetcode.extract import percent_columns

READ = [
    ("% relief: 85", [(85, 85, "85")]),
    ("Percent pain relief = 80-90", [(80, 90, "80-90")]),
    ("Relief from block 1 (%): 85", [(85, 85, "85")]),
    ("Improvement (%): >80", [(80, 100, ">80")]),
    ("Hour | NRS | Relief %\n--- | --- | ---\n1 | 1/10 | 90\n6 | 4 | 50", [(50, 50, "50"), (90, 90, "90")]),
    ("Time\tNRS\t% relief\n15 min\t2/10\t75\n30 min\t1/10\t90+", [(75, 75, "75"), (90, 100, "90+")]),
    ("hour | pain | relief %\n1 | | 90", [(90, 90, "90")]),
    ("| % relief | hours |\n| 85 | 6 |", [(85, 85, "85")]),
    ("% relief: 85%", []),
    ("% relief: 8/10", []),
    ("Relief: 85", []),
    ("Time  NRS  Sat %\n15 min  2  97", []),
    ("Hour | Relief %\n\n3 | 90", []),
    ("% relief: 850", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [pytest.param(*row, id=row[0]) for row in READ])
def test_a_head_gives_its_sign(text: str, expected: list[tuple[float, float, str]]) -> None:
    found = percent_columns.find(text)
    assert sorted((p.low, p.high, text[p.start : p.end]) for p in found) == expected


@given(st.text(alphabet="09|\t %:>()\nrelif", max_size=80))
def test_any_text_gives_shares_inside_it(text: str) -> None:
    for found in percent_columns.find("Relief %" + text):
        assert 0 <= found.low <= found.high <= 100
        assert 0 <= found.start < found.end <= len(text) + 8
