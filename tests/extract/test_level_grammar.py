"""Every notation of levels, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facetcode import anatomy
from facetcode.extract.level_grammar import find
from facetcode.extract.text import even

NOTATIONS = [
    ("C3-4", "C3-C4"),
    ("C3–C4", "C3-C4"),
    ("C3/4", "C3-C4"),
    ("C3/C4", "C3-C4"),
    ("C3/4/5", "C3-C4 C4-C5"),
    ("C4-C5-C6", "C4-C5 C5-C6"),
    ("C34", "C3-C4"),
    ("C45, C56", "C4-C5 C5-C6"),
    ("C4C5", "C4-C5"),
    ("T1011", "T10-T11"),
    ("T910", "T9-T10"),
    ("L5S1", "L5-S1"),
    ("C-4", "C4"),
    ("C-4-5", "C4-C5"),
    ("C 4-5", "C4-C5"),
    ("C4 - C5", "C4-C5"),
    ("C three four", "C3-C4"),
    ("C four five and five six", "C4-C5 C5-C6"),
    ("C four through C seven", "C4..C7"),
    ("see five six facet", "C5-C6"),
    ("see four see five and see six", "C4 C5 C6"),
    ("cervical 4, cervical 5", "C4 C5"),
    ("6th cervical", "C6"),
    ("between C4 and C5", "C4-C5"),
    ("C4, C5 and C6", "C4 C5 C6"),
    ("C4,5,6 MBB", "C4 C5 C6"),
    ("C4 5 6 MBB", "C4 C5 C6"),
    ("C4 & 5", "C4 C5"),
    ("C3, 4, and 5", "C3 C4 C5"),
    ("C4-5, 5-6 and 6-7", "C4-C5 C5-C6 C6-C7"),
    ("C4-5/C5-6", "C4-C5 C5-C6"),
    ("C4-5/5-6", "C4-C5 C5-C6"),
    ("C3-C6", "C3..C6"),
    ("C3 thru 6", "C3..C6"),
    ("C4-5 through C6-7", "C4-C5 C5-C6 C6-C7"),
    ("TON, C3 and C4", "TON C3 C4"),
    ("third occipital nerve and C3", "TON C3"),
    ("C7, C8, T1", "C7 C8 T1"),
    ("C7-T1", "C7-T1"),
    ("C7-1", "C7-T1"),
    ("C7-T1-T2", "C7-T1 T1-T2"),
    ("T12-L1", "T12-L1"),
    ("T12-1", "T12-L1"),
    ("T12", "T12"),
    ("T9, T10 & T11", "T9 T10 T11"),
    # A fax: S for 5, O for 0, l for 1.
    ("C4-S facet", "C4-C5"),
    ("C4, CS and C6", "C4 C5 C6"),
    ("T1O-11", "T10-T11"),
    ("C7-Tl", "C7-T1"),
    # Ordinals in words.
    ("fifth and sixth cervical medial branches", "C5 C6"),
    ("the 4th, 5th and 6th thoracic medial branches", "T4 T5 T6"),
    ("the third through sixth cervical nerves", "C3..C6"),
    ("between the sixth and seventh thoracic vertebrae", "T6-T7"),
    ("between the eighth and ninth and the ninth and tenth thoracic vertebrae", "T8-T9 T9-T10"),
    # A quantity after a level is none.
    ("C4-5, 6 mL", "C4-C5"),
    ("C4-5 and 5 mL", "C4-C5"),
    ("C5, 25-gauge", "C5"),
    ("C5-6, 8/10 pain", "C5-C6"),
    ("C4, C5, C6, 25g", "C4 C5 C6"),
]

NO_LEVELS = [
    "T 98.2",
    "T36.6",
    "see two patients today",
    "first and second cervical medial branch blocks",
    "her second thoracic facet injection",
    "fifth dorsal ramus",
    "C4s",
    "L45%",
    "ABC4",
    "C45.2",
    "SpO2",
    "T1.5",
]


def spelled(text: str) -> str:
    return " ".join(
        item.first
        if item.form == "single"
        else f"{item.first}{'-' if item.form == 'pair' else '..'}{item.last}"
        for mention in find(even(text))
        for item in mention.items
    )


@pytest.mark.parametrize(("text", "levels"), [pytest.param(*row, id=row[0]) for row in NOTATIONS])
def test_notation(text: str, levels: str) -> None:
    assert spelled(text) == levels


@pytest.mark.parametrize("text", NO_LEVELS)
def test_no_level(text: str) -> None:
    assert spelled(text) == ""


LEADING = st.sampled_from(["", "left ", "right-sided ", "at "])
STYLES = st.sampled_from(["{a}-{b}", "{a}/{b}", "{a}-{n}", "{a}/{n}", "{a} - {b}"])
JOINTS = st.lists(
    st.sampled_from([j for j in anatomy.CERVICAL_THORACIC if j != "T12-L1"]),
    min_size=1, max_size=5, unique=True,
)  # fmt: skip


@given(joints=JOINTS, style=STYLES, leading=LEADING)
def test_a_list_of_joints_reads_as_those_joints(
    joints: list[str], style: str, leading: str
) -> None:
    def write(joint: str) -> str:
        upper, lower = joint.split("-")
        if upper[0] != lower[0]:
            return joint
        return style.format(a=upper, b=lower, n=lower[1:])

    text = leading + ", ".join(map(write, joints))
    found = [j for m in find(text) for item in m.items for j in item.joints]
    assert found == joints


@given(st.text(alphabet="CTLS0123456789-/, andSOIl|thru.%mL", max_size=60))
def test_anything_parses_and_offsets_hold(text: str) -> None:
    end = 0
    for mention in find(text):
        assert end <= mention.start < mention.end <= len(text)
        end = mention.end
        for item in mention.items:
            assert mention.start <= item.start < item.end <= mention.end
