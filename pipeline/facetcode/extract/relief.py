"""Percentages of pain relief from a facet block: today's or an earlier one's."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial

from facetcode.extract import numbers, percent_columns, percentages
from facetcode.extract.credit import (
    Account,
    Subject,
    account,
    beside,
    credit,
    region,
    region_of_note,
    rule,
)
from facetcode.extract.laterality import words as side_words
from facetcode.extract.lookalikes import is_of_other_thing, is_something_else, is_threshold, said
from facetcode.extract.percentages import Percentage
from facetcode.extract.reading import LIVE, Reading
from facetcode.extract.text import Sentence
from facetcode.facts import FACET_BLOCKS, Evidence, Kind, Relief, Side, When


def find(reading: Reading, kind: Kind | None) -> tuple[Relief, ...]:
    """Every stated relief, once for each (low, high, when); ``kind`` is of today's procedure.

    Only a facet block allows *today*; of another procedure, what is said of today is its relief.
    """
    found: dict[tuple[float, float, When], tuple[list[Evidence], Side, str | None]] = {}
    last: tuple[Account, When] | None = None
    needle = cache(partial(_needle, reading))
    of_note = cache(partial(region_of_note, reading.even))
    for percentage in _all(reading):
        if is_something_else(reading, percentage):
            continue
        told = account(reading, percentage.start, percentage.end)
        if is_of_other_thing(reading, told, percentage) or is_threshold(reading, told, percentage):
            continue
        when = _when(reading, told, needle)
        subject, scope = credit(reading, told, today=when == "today" and kind in FACET_BLOCKS)
        follows = last is not None and _follows(reading, last[0], told)
        if subject is not None and not subject.ours and not (follows and scope == "before"):
            continue
        if not (follows or percentage.headed or _speaks_of_relief(reading, told, subject, when)):
            continue
        if not _is_of_our_block(reading, told, subject, kind, when, of_note):
            continue
        last = (told, when)
        when = when if kind in FACET_BLOCKS else "prior"
        sentence = told.sentence
        days = [
            w.day.isoformat()
            for w in reading.dates
            if sentence.start <= w.start < sentence.end and w.day and w.day != reading.dos
        ]
        entry = found.setdefault(
            (percentage.low, percentage.high, when),
            ([], _side(reading, told), days[0] if days and when == "prior" else None),
        )
        entry[0].append(reading.evidence(percentage.start, percentage.end))
    return tuple(
        Relief(low, high, when, tuple(evidence), day, side)
        for (low, high, when), (evidence, side, day) in found.items()
    )


def _follows(reading: Reading, earlier: Account, told: Account) -> bool:
    """Whether a bare percentage goes on with the one accepted before it: "right 75%, left 60%"."""
    if told.sentence.start <= earlier.start:
        return True
    text = reading.even
    between = text[earlier.sentence.end : told.sentence.start]
    row = text[told.sentence.start : told.start]
    return not between.strip() and "\n\n" not in between and len(row) < 40 and "." not in row


def _all(reading: Reading) -> list[Percentage]:
    """Percentages with their own sign and those with a label's or a column's, in order."""
    signed = list(percentages.find(reading.even))
    headed = [
        p
        for p in percent_columns.find(reading.given)
        if not any(s.start <= p.start < s.end for s in signed)
    ]
    return sorted({p.start: p for p in [*headed, *signed]}.values(), key=lambda p: p.start)


# A percentage that lasted, or that something gave, is a result without the word relief.
_LASTED = re.compile(
    rf"\s*[,(|/]?\s*(?:(?:for|x|lasting|lasted|over|during|until)\s*)?(?:about\s+|approximately\s+|~\s*|the\s+|most\s+of\s+)*"
    rf"(?:(?:\d{{1,3}}(?:\.\d)?|{numbers.WORD}|several|a\s+few|some|one|that|the)\s*-?\s*(?:\d{{1,2}}\s*)?"
    r"(?:h|hrs?|hours?|days?|weeks?|wks?|months?|mos?|minutes|mins?|afternoon|evening|rest)\b)",
    re.IGNORECASE,
)
_GAVE = re.compile(
    r"\b(?:gave|gives|given|giving|helped|help|provided|yielded|got|produced|obtained|achieved|brought|took|"
    r"taken|took\s+away|puts\s+it\s+at|calls\s+it|call\s+it)\s+"
    r"(?:(?:her|him|them|only|about|approximately|roughly|around|a|an|some|maybe|me|nearly|almost|just|away)\s+)*$",
    re.IGNORECASE,
)
# "She told the nurse 60 percent."
_SAYS = re.compile(
    r"\b(?:said|says|told\s+\w+(?:\s+\w+)?|reported|reports|states?|stated|had|noted|felt|put\s+it\s+at|rated\s+it(?:\s+at)?)\s+"
    r"(?:it\s+was\s+)?(?:about\s+|around\s+)?\"?$",
    re.IGNORECASE,
)
_SAYS_AFTER = re.compile(
    r"\s*[\",.]*\s*(?:(?:s?he|pt|patient)\s+(?:says|said|reports|states|thinks|feels)|"
    r"(?:per|by|according\s+to)\s+(?:the\s+|her\s+|his\s+)?(?:pt|patient|own|report))",
    re.IGNORECASE,
)
_STOP = re.compile(r"\s*(?:[.;,\"\n]|$)")
_HEADED = re.compile(r"relief|response|diary|result|outcome|block|mbb", re.IGNORECASE)


def _speaks_of_relief(reading: Reading, told: Account, subject: Subject | None, when: When) -> bool:
    """Whether a named block, what stands around it, or its heading makes it one of relief."""
    text, start, end = reading.even, told.start, told.end
    if subject is not None and subject.ours and subject.start >= told.rows:
        return True
    if said(text, start, end) or _HEADED.search(told.section.heading):
        return True
    behind = text[end : max(end, min(end + 120, told.sentence.end))]
    ahead = text[max(told.rows, start - 120) : start]
    if beside("changed").match(behind) or beside("of_pain").match(behind):
        return True
    if beside("by").search(ahead) or _GAVE.search(ahead):
        return True
    if _LASTED.match(text, end) or (_SAYS.search(ahead) and _STOP.match(text, end)):
        return True
    near = text[max(told.rows, start - 110) : min(told.sentence.end, end + 90)]
    return bool(
        rule("relief").search(near)
        or (
            rule("change").search(near)
            and (told.section.category == "postprocedure" or rule("pain").search(near))
        )
        or (when == "today" and (_SCORE.search(near) or _SAYS_AFTER.match(text, end)))
        or ((when == "today" or (subject and subject.ours)) and _OF_SIDE.search(ahead))
    )


# "right 85%, left 75%"
_OF_SIDE = re.compile(
    r"\b(?:right|left|rt|lt|[rl])(?:\s+(?:side|neck))?\s*[-:=(]?\s*(?:about|only)?\s*$",
    re.IGNORECASE,
)
_SCORE = re.compile(
    r"\b\d{1,2}(?:\s?-\s?\d{1,2})?\s?/\s?10\b|\b(?:nrs|vas)\b|\bpre\b[^\n]{0,20}\bpost\W{1,3}\d",
    re.IGNORECASE,
)


def _is_of_our_block(
    reading: Reading,
    told: Account,
    subject: Subject | None,
    kind: Kind | None,
    when: When,
    of_note: Callable[[], str | None],
) -> bool:
    """Whether the block is of the neck or the chest, and not today's where today's was another."""
    where = region(reading, told, subject)
    if where == "lumbar":
        return False
    if kind == "lumbar_facet":
        return where == "cervical" and when == "prior"
    if (where or of_note()) == "lumbar":
        return False
    if kind is None or kind in FACET_BLOCKS:
        return True
    # Another procedure was done today: unless a block is named, what is told is its result.
    return when == "prior" and (
        (subject is not None and subject.ours)
        or rule("prior").search(reading.even, told.rows, told.sentence.end) is not None
    )


def _needle(reading: Reading) -> int:
    """Offset of the middle of what is told of today's needle; the note's end when nothing is."""
    for labels in (("ACT", "BLOCK"), ("MBB", "FACET_INJECTION", "MEDIAL_BRANCH")):
        acts = [t.start for t in reading.of(*labels) if reading.status(t) in LIVE]
        if acts:
            return acts[len(acts) // 2]
    return len(reading.even)


def _when(reading: Reading, told: Account, needle: Callable[[], int]) -> When:
    """From the words and dates of its clause, its sentence, its rows, then heading and place."""
    text = reading.even
    section = told.section
    whole = (told.sentence.start, max(told.sentence.end, told.end))
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
            told_before = section.time == "prior" or reading.headed_before_today(section)
            if not told_before or (re.search(r"minutes", text[low:high]) and prior is None):
                return "today"
            return "prior"
        if prior is not None:
            return "prior"
    if reading.headed_before_today(section):
        return "prior"
    if section.time == "performed" and section.category not in {"title", "procedure", "levels"}:
        return "today"
    if section.time in {"prior", "planned"}:
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
    days = [w.day for w in reading.dates if low <= w.start < high and w.day]
    return bool(days) and reading.dos is not None and all(day >= reading.dos for day in days)


_YEAR = re.compile(r"(?<![\d/.-])20\d\d(?![\d/.-])")


def _years_ago(reading: Reading, low: int, high: int) -> bool:
    """Whether a bare year before today's stands beside a treatment: "MBB x2 2023 -> 90%"."""
    if reading.dos is None:
        return False
    return any(
        int(match.group()) < reading.dos.year
        and not any(w.start <= match.start() < w.end for w in reading.dates)
        and rule("ours").search(reading.even, low, match.start()) is not None
        for match in _YEAR.finditer(reading.even, low, high)
    )


def _nearest(name: str, text: str, low: int, high: int, at: int) -> int | None:
    return min((abs(m.start() - at) for m in rule(name).finditer(text, low, high)), default=None)


_CLAUSE = re.compile(r"[,;\n]|\band\b")


def _side(reading: Reading, told: Account) -> Side:
    """The side the percentage is told of: right behind it, else in front of it in its row."""
    text, start, end, sentence = reading.even, told.start, told.end, told.sentence
    clause = _CLAUSE.search(text, end, min(sentence.end, end + 40))
    behind = side_words(text, end, clause.start() if clause else min(sentence.end, end + 40))
    if behind:
        return behind[0].value
    row = max(sentence.start, text.rfind("\n", 0, start) + 1, start - 60)
    ahead = side_words(text, row, start)
    return ahead[-1].value if ahead else "unstated"
