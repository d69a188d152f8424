"""Where today's needle is told and which day an entry of a running chart is of."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from datetime import date

from facetcode.extract.reading import LIVE, Reading


def needle(reading: Reading) -> int:
    """Offset of the middle of what is told of today's needle; the note's end when nothing is."""
    day_of = entries(reading)
    acts = _starts(reading, day_of, "ACT", "BLOCK")
    if not acts:
        # An account under a heading of something else ("Current meds:") is one all the same.
        narrated = [
            t.start
            for t in reading.of("ACT")
            if reading.section_time(t.start) == "prior" and not t.modifiers
        ]
        acts = narrated if len(narrated) >= _ACCOUNT else []
    acts = acts or _starts(reading, day_of, "MBB", "FACET_INJECTION", "MEDIAL_BRANCH")
    return acts[len(acts) // 2] if acts else len(reading.even)


_ACCOUNT = 3
"""Acts that make an account; fewer are a remark about another day."""


def _starts(reading: Reading, day_of: Callable[[int], date | None], *labels: str) -> list[int]:
    return [
        t.start
        for t in reading.of(*labels)
        if reading.status(t) in LIVE
        and not reading.dated_before_today(reading.sentence_at(t.start))
        and not _is_earlier(reading, day_of(t.start))
    ]


def _is_earlier(reading: Reading, day: date | None) -> bool:
    return day is not None and reading.dos is not None and day < reading.dos


_STAMP = re.compile(
    r"[ \t*#>=\-\[(]*(?:(?:addendum|late\s+entry|entry|pasted|addend|update|called|cb|phone|"
    r"tc|portal(?:\s+message)?|message|on)[ :*\-(]*)?$",
    re.IGNORECASE,
)
_REACH = 40
"""Characters a line may hold in front of the date that stamps it."""
_BLANK = re.compile(r"\n[ \t]*\r?\n")


def entries(reading: Reading) -> Callable[[int], date | None]:
    """A function that tells the day of the dated entry an offset stands in; None outside of any.

    An entry begins with a line that begins with a date, and ends with its paragraph, with its
    section or with the next entry.
    """
    text = reading.even
    starts: list[int] = []
    days: list[date] = []
    for written in reading.dates:
        line = text.rfind("\n", max(0, written.start - _REACH - 1), written.start) + 1
        if written.day is None or (line == 0 and written.start > _REACH):
            continue
        if _STAMP.match(text, line, written.start):
            starts.append(line)
            days.append(written.day)

    blanks = [m.start() for m in _BLANK.finditer(text)] if starts else []

    def day_of(offset: int) -> date | None:
        index = bisect_right(starts, offset) - 1
        if index < 0:
            return None
        start = starts[index]
        if bisect_right(blanks, start) != bisect_right(blanks, offset):
            return None
        section = reading.known_section_at(offset)
        return days[index] if section.start <= start else None

    return day_of
