"""Grids of levels and sides: which side is ticked for which level, and which level for none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facetcode.extract import grid

GRIDS = [
    pytest.param(
        "Level      R      L\nC3-4      (X)    (X)\nC4-5      ( )    (X)\n",
        {"C3-4": {"right", "left"}, "C4-5": {"left"}},
        id="columns, ticks",
    ),
    pytest.param(
        "Level | Right | Left\nC4-5 | x | \nC5-6 | | x\nC6-7 | | \n",
        {"C4-5": {"right"}, "C5-6": {"left"}, "C6-7": set()},
        id="bars",
    ),
    pytest.param(
        "NERVE        R      L      B\nC5          [ ]    [ ]    [ ]\nC6          [ ]    [X]    [ ]\n"
        "C7          [ ]    [ ]    [X]\n",
        {"C5": set(), "C6": {"left"}, "C7": {"bilateral"}},
        id="three columns",
    ),
    pytest.param(
        "         C4      C5      C6\nRight    [x]     [x]     [ ]\nLeft     [ ]     [x]     [ ]\n",
        {"C4": {"right"}, "C5": {"right", "left"}, "C6": set()},
        id="a row a side",
    ),
    pytest.param(
        "Level   Right   Left\nT5-6    0.5 mL  \nT6-7            0.5 mL\n",
        {"T5-6": {"right"}, "T6-7": {"left"}},
        id="volumes for ticks",
    ),
]


@pytest.mark.parametrize(("text", "sides"), GRIDS)
def test_sides(text: str, sides: dict[str, set[str]]) -> None:
    found = grid.read(text)
    for level, values in sides.items():
        at = text.index(level)
        assert {t.value for t in found.side_at(at)} == values
        assert found.leaves_out(at) == (not values)


NONE = [
    pytest.param("Level   R   L\nC4-5   [ ]   [ ]\n", id="nothing ticked"),
    pytest.param("Right and left rotation 60.\nC5-6 disc x 2 years\n", id="prose"),
    pytest.param(
        "L:   [ ]C3   [x]C4   [x]C5\nR:   [ ]C3   [ ]C4   [x]C5\n", id="boxes beside levels"
    ),
    pytest.param("Grip R 5 L 5\nC6 5/5 x\n", id="strength"),
]


@pytest.mark.parametrize("text", NONE)
def test_no_grid(text: str) -> None:
    assert grid.read(text) == grid.Grid()


def test_a_grid_ends_where_prose_begins() -> None:
    text = "Level  R  L\nC4-5  [x]  [ ]\nTime out: right C4, C5 confirmed x 2\n"
    assert not grid.read(text).leaves_out(text.index("C4, C5"))


@given(st.text(alphabet="RL C45[]x()|\n-", max_size=200))
def test_any_text_is_read(text: str) -> None:
    for tick in grid.read(text).ticks:
        assert text[tick.start : tick.end] in {"R", "L"}
