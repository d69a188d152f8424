"""Pain scores before and after, and dates that look like them."""

from __future__ import annotations

from datetime import date

import pytest

from facetcode.extract import dates
from facetcode.extract.build import Extractor

NOTE = """Procedure: Right C4-5, C5-6 medial branch block, second diagnostic, fluoroscopy.
History: neck pain for 3 years. {}
Technique: prone, needles to C4, C5, C6, 0.5 mL 0.5% bupivacaine each.
Result: {}
"""
SCORES = [
    ("Pain 7/10.", "Pain 1/10.", "post1 pre7"),
    ("Rates pain 6-7/10.", "0-1/10 with extension.", "post0 pre6"),
    ("", "Pain went from 8/10 to 2/10.", "post2 pre8"),
    ("", "NRS 8 -> 1.", "post1 pre8"),
    ("VAS 70/100.", "VAS 10/100.", "post10 pre70"),
    ("First block took it from 8/10 to 1/10. Now 7/10.", "", "other1 other8 pre7"),
    ("Block #1 on 2/10: 7/10 to 2/10.", "", "other2 other7"),
    ("Verbal pain score 7.", "Verbal pain score 1.", "post1 pre7"),
    ("Pain 7/10 at rest, 9/10 with extension.", "15 min: 3/10.", "post3 pre7 pre9"),
]


@pytest.mark.parametrize(
    ("before", "after", "expected"), [pytest.param(*row, id=row[0] + row[1]) for row in SCORES]
)
def test_scores(extractor: Extractor, before: str, after: str, expected: str) -> None:
    facts = extractor.facts(NOTE.format(before, after), {"date_of_service": "2026-03-20"})
    assert sorted(f"{s.when}{s.low:g}" for s in facts.scores) == expected.split()


TODAY = date(2026, 1, 20)
DATES = [
    ("#1 was Dec 16, 90%", [date(2025, 12, 16)]),
    ("return Feb 10", [date(2026, 2, 10)]),
    ("block on 1/10", [date(2026, 1, 10)]),
    ("block #1 on 1/10", [date(2026, 1, 10)]),
    ("pain 7/10", []),
    ("from 7/10 to 2/10", []),
]


@pytest.mark.parametrize(("text", "days"), [pytest.param(*row, id=row[0]) for row in DATES])
def test_dates_without_a_year(text: str, days: list[date]) -> None:
    assert [w.day for w in dates.find(text, today=TODAY)] == days


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("MBB 10/2023 with 70%", [(10, 2023)], id="month and year in digits"),
        pytest.param("MBB Oct 2023", [(10, 2023)], id="month by name"),
        pytest.param("injured in 10/2023", [], id="of the injury"),
        pytest.param("on 10/20/2023", [], id="a whole date"),
    ],
)
def test_dates_without_a_day(text: str, found: list[tuple[int, int]]) -> None:
    assert dates.vague(text, 0, len(text)) == found
