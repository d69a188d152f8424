"""What an export says besides the text: names of columns and dates of service."""

from __future__ import annotations

from typing import Any

import pytest

from facetcode.notes.meta import collect, iso_date, shown


@pytest.mark.parametrize(
    ("written", "day"),
    [
        pytest.param("2025-03-04", "2025-03-04", id="iso"),
        pytest.param(" 2025-03-04T10:30:00Z ", "2025-03-04", id="iso-time"),
        pytest.param("2025-03-04 00:00:00.000", "2025-03-04", id="database-time"),
        pytest.param("03/04/2025", "2025-03-04", id="us"),
        pytest.param("3/4/2025 10:30 AM", "2025-03-04", id="us-time"),
        pytest.param("03-04-2025", "2025-03-04", id="us-dashes"),
        pytest.param("04-Mar-2025", "2025-03-04", id="oracle"),
        pytest.param("04-MAR-25", "2025-03-04", id="oracle-short"),
        pytest.param("Mar 4, 2025", "2025-03-04", id="short-month"),
        pytest.param("March 4, 2025", "2025-03-04", id="month"),
        pytest.param("20250304", "2025-03-04", id="digits"),
        pytest.param("202503", None, id="year-and-month-is-no-day"),
        pytest.param("2025314", None, id="seven-digits"),
        pytest.param("20251332", None, id="no-such-day"),
        pytest.param("45720", None, id="spreadsheet-number"),
        pytest.param("3/4/25", None, id="year-of-two-digits"),
        pytest.param("25/12/2025", None, id="day-first"),
        pytest.param("yesterday", None, id="words"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_dates(written: str, day: str | None) -> None:
    assert iso_date(written) == day


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        pytest.param({"Payer Name": " BCBS ", "POS": 11},
                     {"payer": "BCBS", "place_of_service": "11"}, id="names"),
        pytest.param({"dos": "", "date": "2025-03-04"}, {"date_of_service": "2025-03-04"},
                     id="first-that-holds-a-value"),
        pytest.param({"mrn": "1", "patient_id": "2"}, {"patient_id": "1"}, id="first-wins"),
        pytest.param({"date": "soon"}, {"date_of_service_raw": "soon"}, id="date-not-read"),
        pytest.param({"payer": ["a"], "provider": {"n": 1}, "state": None}, {}, id="no-value"),
        pytest.param({"": "x", "本文": "y", "weight": 80}, {}, id="not-the-contracts"),
        pytest.param({"payer": "a\ud800"}, {"payer": "a�"}, id="half-surrogate"),
    ],
)  # fmt: skip
def test_fields_come_under_the_contracts_names(
    fields: dict[str, Any], found: dict[str, str]
) -> None:
    assert collect(fields) == found


@pytest.mark.parametrize(
    ("names", "text"),
    [
        pytest.param(["NOTE ID", "note_text"], "NOTE ID, note_text", id="names"),
        pytest.param(["", "id"], ", id", id="no-name"),
        pytest.param([], "none", id="none"),
        pytest.param(["T1", "C4/5 side"], "T1, C4/5 side", id="digits-in-names"),
        *(
            pytest.param(["id", cell], "2, not shown because", id=kind)
            for kind, cell in {
                "long": "x" * 41, "lines": "a\nb", "quote": '0,"Seen', "sentence": "Seen today.",
                "number": "1042", "date": "3/4/2025", "words": "had pain in the neck and arm",
            }.items()
        ),
    ],
)  # fmt: skip
def test_names_are_shown_unless_one_is_no_name(names: list[str], text: str) -> None:
    assert shown(names).startswith(text)
