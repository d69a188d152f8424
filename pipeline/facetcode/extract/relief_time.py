"""Whether a percentage tells of today's block or of an earlier one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from facetcode.extract.credit import Account, rule
from facetcode.extract.reading import Reading
from facetcode.extract.text import Sentence
from facetcode.facts import When


def when_told(
    reading: Reading,
    told: Account,
    needle: Callable[[], int],
    day_of: Callable[[int], date | None],
) -> When:
    """From the words and dates of its clause, its sentence, its rows, then heading and place."""
    text = reading.even
    section = told.section
    whole = (told.sentence.start, max(told.sentence.end, told.end))
    day = day_of(told.start)
    if day is not None and reading.dos is not None and day != reading.dos:
        if day < reading.dos:
            return "prior"
        # An entry of a later day tells of today's block, unless it names an earlier one.
        if not rule("prior").search(text, told.sentence.start, told.start):
            return "today"
    # What stands in front of it in its sentence tells its time before what comes behind.
    ahead = (told.sentence.start, max(told.clause[1], told.end))
    for low, high in (told.clause, ahead, whole, (told.rows, whole[1])):
        now = rule("now").search(text, low, high)
        today = _nearest("today", text, low, high, told.start)
        earlier = [
            m
            for m in rule("prior").finditer(text, low, high)
            if m.start() >= told.sentence.start or not _numbers_today(reading, m)
        ]
        prior = min((abs(m.start() - told.start) for m in earlier), default=None)
        if reading.dated_before_today(Sentence(low, high, 0)) or _years_ago(reading, low, high):
            return "prior"
        if _since_today(reading, low, high):
            return "today"
        if now and (prior is None or abs(now.start() - told.start) <= prior):
            return "today"
        if today is not None and (prior is None or today <= prior):
            told_before = reading.headed_before_today(section) or (
                section.time == "prior" and not section.start < needle() < told.start
            )
            if not told_before or (re.search(r"minutes", text[low:high]) and prior is None):
                return "today"
            return "prior"
        if prior is not None:
            return "prior"
    if reading.headed_before_today(section):
        return "prior"
    if section.time == "performed" and section.category not in {"title", "procedure", "levels"}:
        return "today"
    if section.time in {"prior", "planned"} and not section.start < needle() < told.start:
        return "prior"
    # No section says when: before the account of the needle it is history, after it the result.
    return "today" if told.start > needle() else "prior"


_ORDINAL = re.compile(r"#|first|1st|initial|mbb|block", re.IGNORECASE)
_TITLE = 120
"""Characters in which a note without headings names what was done."""


def _numbers_today(reading: Reading, cue: re.Match[str]) -> bool:
    """Whether "#1" above a row stands in the title: it numbers today's block."""
    section = reading.section_at(cue.start())
    titled = section.category in {"title", "procedure"} or cue.start() < _TITLE
    return titled and _ORDINAL.match(cue.group()) is not None


def _since_today(reading: Reading, low: int, high: int) -> bool:
    """Whether a stretch is dated today or later: the diary of an addendum."""
    days = [w.day for w in reading.dates_in(low, high) if w.day]
    return bool(days) and reading.dos is not None and all(day >= reading.dos for day in days)


_DATE = 30
"""Characters a date takes."""
_YEAR = re.compile(r"(?<![\d/.-])20\d\d(?![\d/.-])")


def _years_ago(reading: Reading, low: int, high: int) -> bool:
    """Whether a bare year before today's stands beside a treatment: "MBB x2 2023 -> 90%"."""
    if reading.dos is None:
        return False
    return any(
        int(match.group()) < reading.dos.year
        and not any(
            w.start <= match.start() < w.end
            for w in reading.dates_in(match.start() - _DATE, match.end())
        )
        and rule("ours").search(reading.even, low, match.start()) is not None
        for match in _YEAR.finditer(reading.even, low, high)
    )


def _nearest(name: str, text: str, low: int, high: int, at: int) -> int | None:
    return min((abs(m.start() - at) for m in rule(name).finditer(text, low, high)), default=None)
