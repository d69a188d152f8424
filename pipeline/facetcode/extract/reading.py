"""One note made ready for the fact modules: its sentences, sections, targets and their times."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Literal

from facetcode.extract import dates, grid
from facetcode.extract.dates import Written
from facetcode.extract.sections import SectionSpan, Time
from facetcode.extract.targets import Target
from facetcode.extract.text import Offsets, Sentence, Squeezed
from facetcode.facts import Evidence

Status = Literal[
    "performed",
    "prior",
    "planned",
    "conditional",
    "cancelled",
    "negated",
    "denied",
    "other",
    "unknown",
]
LIVE: frozenset[str] = frozenset({"performed", "unknown"})
"""Times of a statement that may describe today's procedure."""

_DECISIVE = {
    "OTHER_PERSON": "other",
    "DENIED": "denied",
    "CANCELLED": "cancelled",
    "NEGATED": "negated",
}
_TENSE = {
    "HISTORICAL": "prior",
    "PLANNED": "planned",
    "CONDITIONAL": "conditional",
    "TODAY": "performed",
}
# Text that explains how such blocks are done: present tense, no patient, no past verb.
_GENERAL = re.compile(r"\b(?:is|are|lies|lie|runs|courses?|can\s+be|should\s+be)\b", re.IGNORECASE)
_PAST = re.compile(
    r"\b(?:was|were|had|did|today|(?:i|we)\s+(?:then\s+)?\w+ed|has\s+been|have\s+been|patient\s+\w+ed)\b",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(?:the\s+)?first\b", re.IGNORECASE)
_TODAY_WORD = re.compile(r"\b(?:today|this\s+(?:morning|afternoon|visit))\b", re.IGNORECASE)


@dataclass(slots=True)
class Reading:
    """A prepared note; ``even`` and ``given`` have the same length and share offsets."""

    given: str
    even: str
    sentences: list[Sentence]
    sections: list[SectionSpan]
    targets: list[Target]
    meta: Mapping[str, str]
    dos: date | None
    dates: list[dates.Written] = field(default_factory=list)
    edits: tuple[tuple[int, int], ...] = ()
    """Where ``even`` reads otherwise than the note stands (``misread``)."""
    note: tuple[str, Squeezed] | None = None
    """The note as it came, where long runs of blanks were taken out of ``given``."""
    grid: grid.Grid = field(default_factory=grid.Grid)
    judged: Mapping[tuple[int, int], Status] = field(default_factory=dict)
    """Statuses a trained model gives instead of the rules', by a target's offsets."""
    _sentence_index: Offsets = field(init=False)
    _section_index: Offsets = field(init=False)
    _date_starts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._sentence_index = Offsets([s.start for s in self.sentences])
        self._section_index = Offsets([s.start for s in self.sections])
        if not self.dates:
            self.dates = dates.find(self.even, today=self.dos)
        self._date_starts = [w.start for w in self.dates]

    def sentence_at(self, offset: int) -> Sentence:
        """The sentence that holds an offset."""
        if not self.sentences:
            return Sentence(0, len(self.even), 0)
        return self.sentences[self._sentence_index.at(offset)]

    def section_at(self, offset: int) -> SectionSpan:
        """The section that holds an offset."""
        return self.sections[self._section_index.at(offset)]

    def known_section_at(self, offset: int) -> SectionSpan:
        """The section that holds an offset; a field nobody listed belongs to the one above it."""
        index = self._section_index.at(offset)
        while index > 0 and self.sections[index].category == "other":
            index -= 1
        return self.sections[index]

    def section_time(self, offset: int) -> Time:
        """The time the section speaks of; a field nobody listed keeps that of the one above it."""
        return self.known_section_at(offset).time

    def words(self, start: int, end: int) -> str:
        """Even text between two offsets."""
        return self.even[start:end]

    def evidence(self, start: int, end: int) -> Evidence:
        """Evidence for half-open offsets, without surrounding blanks, in the note's own words."""
        for first, last in self.edits:
            if first < end and start < last:
                start, end = min(start, first), max(end, last)
        piece = self.given[start:end]
        start += len(piece) - len(piece.lstrip())
        end -= len(piece) - len(piece.rstrip())
        end = max(start, end)
        if self.note is None:
            return Evidence(start, end, self.given[start:end])
        text, squeezed = self.note
        start, end = squeezed.back(start), squeezed.back(end)
        return Evidence(start, end, text[start:end])

    def of(self, *labels: str) -> Iterator[Target]:
        """Targets with one of these labels, in order."""
        return (target for target in self.targets if target.label in labels)

    def dates_in(self, start: int, end: int) -> list[Written]:
        """The dates that begin between two offsets, in order."""
        return self.dates[
            bisect_left(self._date_starts, start) : bisect_left(self._date_starts, end)
        ]

    def dated_before_today(self, sentence: Sentence) -> bool:
        """Whether a sentence is dated, and only before today."""
        days = [w.day for w in self.dates_in(sentence.start, sentence.end) if w.day is not None]
        if not days:
            vague = dates.vague(self.even, sentence.start, sentence.end)
            if self.dos is None:
                # Nobody names the month of today: "In June I blocked" tells of an earlier one.
                return (
                    bool(vague) and dates.opens_with_month(self.even, sentence.start)
                ) or _ON_DAY.search(self.even, sentence.start, sentence.end) is not None
            return any(_before(month, year, self.dos) for month, year in vague)
        return self.dos is not None and all(day < self.dos for day in days)

    def headed_before_today(self, section: SectionSpan) -> bool:
        """Whether a heading bears an earlier date: "Response to block #1 (7/24/2025):"."""
        days = [w.day for w in self.dates_in(section.start, section.body) if w.day]
        return bool(days) and self.dos is not None and all(day < self.dos for day in days)

    def names_procedure(self, sentence: Sentence) -> bool:
        """Whether a sentence is the first under a heading that names the procedure."""
        section = self.section_at(sentence.end - 1)
        return (
            section.category == "procedure"
            and section.time == "performed"
            and bool(section.heading)
            and not self.even[section.body : max(section.body, sentence.start)].strip()
        )

    def done_today(self, offset: int) -> bool:
        """Whether the heading says what follows was done: "Procedure performed today"."""
        return _DONE_TODAY.search(self.section_at(offset).heading) is not None

    def has_day(self, sentence: Sentence) -> bool:
        """Whether a sentence holds a date to the day."""
        return any(w.day for w in self.dates_in(sentence.start, sentence.end))

    def status(self, target: Target) -> Status:
        """Whether and when the thing named here happened; see :func:`status_of`."""
        judged = self.judged.get((target.start, target.end))
        return judged or status_of(self, target.start, target.end, target.modifiers)


def _distance(start: int, end: int, cue: tuple[str, int, int]) -> int:
    return max(cue[1] - end, start - cue[2], 0)


_ON_DAY = re.compile(r"\bon\s+\d{1,2}/\d{1,2}\b(?!\s?(?:/|points?|scale))", re.IGNORECASE)
_DONE_TODAY = re.compile(
    r"\b(?:procedures?|operations?|injections?|blocks?)\b.*\b(?:performed|done|today)\b",
    re.IGNORECASE,
)


def status_of(
    reading: Reading, start: int, end: int, modifiers: tuple[tuple[str, int, int], ...]
) -> Status:
    """The time of a statement from its cues, its dates, its tense and its section, in that order.

    Of cues that disagree on tense the nearer one wins; a cue that takes the statement back
    (cancelled, denied, negated, someone else's) beats all tenses.
    """
    for category, status in _DECISIVE.items():
        if any(m[0] == category for m in modifiers):
            return status  # type: ignore[return-value]
    sentence = reading.sentence_at(start)
    section = reading.section_time(start)
    if reading.done_today(start) and not reading.has_day(sentence):
        return "performed"  # "Procedure performed today": what stands under it was
    cues = sorted((m for m in modifiers if m[0] in _TENSE), key=lambda m: _distance(start, end, m))
    if reading.names_procedure(sentence):
        # "Medial branch block, first of a planned two": a title names what was done.
        cues = [m for m in cues if m[0] == "TODAY"]
    if any(m[0] == "TODAY" for m in cues):
        # "Today I performed a first diagnostic block": first says which, not when.
        cues = [m for m in cues if not _NUMBERED.match(reading.even, m[1], m[2])]
    past_dated = reading.dated_before_today(sentence)
    if section == "performed" and not reading.has_day(sentence):
        past_dated = False  # an account of today tells since when the pain is there
    if past_dated and not _TODAY_WORD.search(reading.even, sentence.start, sentence.end):
        if not (cues and cues[0][0] == "PLANNED"):
            return "prior"
    if cues:
        return _TENSE[cues[0][0]]  # type: ignore[return-value]
    if reading.names_procedure(sentence):
        return "performed"
    if section == "performed":
        general = _GENERAL.search(reading.even, sentence.start, sentence.end)
        if general and not _PAST.search(reading.even, sentence.start, sentence.end):
            return "conditional"
        return "performed"
    if section == "none":
        return "unknown"
    return section


def _before(month: int | None, year: int | None, today: date) -> bool:
    """Whether a month or a year without a day lies before today's month or year."""
    if year is None:
        return month != today.month
    return (year, month or 0) < (today.year, today.month if month else 0)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def search(
    reading: Reading, pattern: str, start: int = 0, end: int | None = None
) -> Iterator[re.Match[str]]:
    """Matches of a rule's pattern in the even text, case ignored; patterns compile once."""
    return _compiled(pattern).finditer(
        reading.even, start, len(reading.even) if end is None else end
    )
