"""Percentages read from words and digits, with their bounds and ranges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facetcode.extract import percentages

ONE = [
    ("80%", 80, 80, "80%"),
    ("80 percent", 80, 80, "80 percent"),
    ("eighty per cent", 80, 80, "eighty per cent"),
    ("a hundred percent", 100, 100, "a hundred percent"),
    ("87.5%", 87.5, 87.5, "87.5%"),
    ("80-90%", 80, 90, "80-90%"),
    ("80%-90%", 80, 90, "80%-90%"),
    ("80% to 90%", 80, 90, "80% to 90%"),
    ("between 80 and 85 percent", 80, 85, "80 and 85 percent"),
    ("80 to as much as 90%", 80, 90, "80 to as much as 90%"),
    ("80, maybe 85%", 80, 85, "80, maybe 85%"),
    ("eighty eighty five percent", 80, 85, "eighty eighty five percent"),
    (">80%", 80, 100, ">80%"),
    (">= 80%", 80, 100, ">= 80%"),
    ("at least 80%", 80, 100, "at least 80%"),
    ("no less than 80%", 80, 100, "no less than 80%"),
    ("not more than 20%", 0, 20, "not more than 20%"),
    ("less than twenty percent", 0, 20, "less than twenty percent"),
    ("80+%", 80, 100, "80+%"),
    ("80% or better", 80, 100, "80% or better"),
    ("80% or so", 80, 80, "80%"),
    ("-> 80% x 6h", 80, 80, "80%"),
    ("->80%", 80, 80, "80%"),
    ("Relief.....80%", 80, 80, "80%"),
    ("Feb 12, 85%", 85, 85, "85%"),
    ("two out of ten, about seventy percent", 70, 70, "seventy percent"),
    ("Block No. 1 - 85%", 85, 85, "85%"),
]


@pytest.mark.parametrize(
    ("text", "low", "high", "words"), [pytest.param(*row, id=row[0]) for row in ONE]
)
def test_one_percentage(text: str, low: float, high: float, words: str) -> None:
    (found,) = percentages.find(text)
    assert (found.low, found.high) == (low, high)
    assert text[found.start : found.end] == words


@pytest.mark.parametrize(
    "text", ["from 100% to 20%", "120%", "150 %", ".25%", "80", "percent", "C80%", "%"]
)
def test_no_percentage(text: str) -> None:
    assert list(percentages.find(text)) == []


def test_a_list_shares_its_sign() -> None:
    found = [(p.low, p.high) for p in percentages.find("90 and 85% relief, then 40%")]
    assert found == [(90, 90), (85, 85), (40, 40)]


@given(st.text(alphabet="0159%.,-/> toandperct\n", max_size=80))
def test_any_text_gives_ordered_shares(text: str) -> None:
    done = 0
    for found in percentages.find(text):
        assert done <= found.start < found.end <= len(text)
        assert 0 <= found.low <= found.high <= 100
        done = found.end
