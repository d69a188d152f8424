"""Percentages of pain relief from a facet block: today's or an earlier one's."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import cache, partial

from facetcode.extract import numbers, percent_columns, percentages, timeline
from facetcode.extract.credit import (
    LUMBAR,
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
from facetcode.extract.reading import Reading
from facetcode.extract.text import Sentence
from facetcode.facts import FACET_BLOCKS, Evidence, Kind, Relief, Side, When


def find(reading: Reading, kind: Kind | None) -> tuple[Relief, ...]:
    """Every stated relief, once for each (low, high, when); ``kind`` is of today's procedure.

    Only a facet block allows *today*; of another procedure, what is said of today is its relief.
    """
    found: dict[tuple[float, float, When], tuple[list[Evidence], Side, str | None]] = {}
    last: tuple[Account, When] | None = None
    refused = 0
    needle = cache(partial(timeline.needle, reading))
    day_of = timeline.entries(reading)
    of_note = cache(partial(region_of_note, reading.even))
    stated = _all(reading)
    for index, percentage in enumerate(stated):
        reach = _reach(stated, index)
        if reach is None:
            continue
        if is_something_else(reading, percentage):
            continue
        told = account(reading, percentage.start, percentage.end, *reach)
        if refused and _SAME_THING.fullmatch(reading.even, refused, percentage.start):
            refused = percentage.end
            continue
        if is_of_other_thing(reading, told, percentage):
            refused = percentage.end
            continue
        if is_threshold(reading, told, percentage):
            continue
        when = _when(reading, told, needle, day_of)
        subject, scope = credit(reading, told, today=when == "today" and kind in FACET_BLOCKS)
        follows = last is not None and _follows(reading, last[0], told)
        if subject is not None and not subject.ours and not (follows and scope == "before"):
            continue
        if not (follows or percentage.headed or _speaks_of_relief(reading, told, subject, when)):
            continue
        if not _is_of_our_block(reading, told, subject, kind, when, of_note, needle):
            continue
        last = (told, when)
        when = when if kind in FACET_BLOCKS else "prior"
        sentence = told.sentence
        days = [
            w.day.isoformat()
            for w in reading.dates_in(sentence.start, sentence.end)
            if w.day and w.day != reading.dos
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


_ROW = 12
"""Percentages in a row; what stands beyond so many others says nothing of this one."""
_DENSE = 7
"""Characters a percentage takes where nothing is told of any: not even its hour and a blank."""


def _reach(stated: list[Percentage], index: int) -> tuple[int, int | None] | None:
    """Offsets between which a percentage is told of; None where they stand too close for that."""
    low = stated[index - _ROW].start if index >= _ROW else None
    high = stated[index + _ROW].end if index + _ROW < len(stated) else None
    if low is not None and high is not None and high - low < 2 * _ROW * _DENSE + _DENSE:
        return None
    return low or 0, high


# "NDI 46%, was 50%": what stands right behind a share of something else is one too.
_SAME_THING = re.compile(
    r"[\s,;(]*(?:->|-|from|to|was|is|now|down|up|previously|before|last)\s(?:\s|to|from|was|at)*",
    re.IGNORECASE,
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
    r"taken|took\s+away|puts\s+it\s+at|calls?\s+it|called\s+it|guessed(?:\s+it\s+(?:as|at))?|allowed|declared|settled\s+on|volunteered|"
    r"wrote(?:\s+down)?|writes(?:\s+down)?|put\s+down|answered|became)\s+"
    r"(?:(?:her|him|them|only|about|approximately|roughly|around|a|an|some|maybe|me|nearly|almost|just|away|good)\s+)*\"?$",
    re.IGNORECASE,
)
# "She told the nurse 60 percent."
_SAYS = re.compile(
    r"\b(?:said|says|told\s+\w+(?:\s+\w+)?|reported|reports|states?|stated|had|noted|felt|put\s+it\s+at|rated\s+it(?:\s+at)?|thinks?|believes?|guess(?:es)?|more\s+like|closer\s+to)\s+"
    r"(?:it\s+(?:was|is)\s+)?(?:more\s+like\s+|closer\s+to\s+|about\s+|around\s+)?\"?$",
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
    if subject is not None and subject.ours and _told_by_hours(text, told):
        return True
    if _sided(text, told):
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


# "Same nerve: 85%, lasting five", "fifty per cent at the first hour", "90% til lunch".
_HOURS = re.compile(
    r"\s*,?\s*(?:(?:at|in|for|by|over|within|during|after)\s+)?(?:the\s+|about\s+)*(?:(?:first|second|third|fourth|fifth|sixth|next|last|"
    r"\d{1,2}(?:st|nd|rd|th)?)\s*(?:hours?|hrs?|h)\b|(?:un)?til\b|through\b|thru\b|throughout\b|mid-?\s?(?:morning|afternoon|day)|"
    r"(?:by|at)?\s*(?:noon|lunch|supper|dinner|bed(?:time)?|night(?:fall)?|evening|midnight|next\s+(?:morning|day))\b|afterwards?\b|after\s+that\b|"
    r"lasting\b|from\s+(?:about\s+|abt\s+)?(?:\d|noon)|then\b|wearing\s+off|each\b)",
    re.IGNORECASE,
)
_AT_HOUR = re.compile(
    r"\b(?:by|at|until|till)\s+(?:the\s+)?(?:noon|lunch(?:time)?|supper|dinner|bed(?:time)?|night|midnight|evening|\d{1,2}(?::\d\d)?\s?(?:am|pm|o'clock)?|"
    r"(?:one|two|three|four|five|six|eight)(?:\s+(?:hours?|o'clock))?)\s*[,:]?\s*(?:it\s+was\s+|about\s+)?$",
    re.IGNORECASE,
)
_COLON = re.compile(r"[:=]\s*\"?$")


def _told_by_hours(text: str, told: Account) -> bool:
    """Whether a share of an hour or of the day is told, or one that a colon sets behind its block."""
    if _HOURS.match(text, told.end) or _AT_HOUR.search(text, told.sentence.start, told.start):
        return True
    return bool(
        _COLON.search(text, told.sentence.start, told.start) and _STOP.match(text, told.end)
    )


_ON_SIDE = re.compile(r"\s*(?:on|in|for)\s+(?:the\s+|her\s+|his\s+)?(right|left)\b", re.IGNORECASE)
_PERCENT_ON_SIDE = re.compile(
    r"(?:%|per\s?cent)\s*(?:on|in|for)\s+(?:the\s+|her\s+|his\s+)?(right|left)\b", re.IGNORECASE
)


def _sided(text: str, told: Account) -> bool:
    """Whether its sentence tells one share of the right and one of the left side."""
    if not _ON_SIDE.match(text, told.end):
        return False
    sides = _PERCENT_ON_SIDE.findall(text, told.sentence.start, told.sentence.end)
    return len({side.lower() for side in sides}) > 1


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
    needle: Callable[[], int],
) -> bool:
    """Whether the block is of the neck or the chest, and not today's where today's was another."""
    where = region(reading, told, subject)
    if kind == "lumbar_facet":
        # What is told in front of today's lumbar needle is of another day.
        return where == "cervical" and (when == "prior" or told.start < needle())
    if where == "lumbar":
        # Beside a block of the chest a lumbar joint may have been done; the result is of both.
        return when == "today" and kind in FACET_BLOCKS and not _names_lumbar(reading, told)
    if (where or of_note()) == "lumbar":
        return False
    if kind is None or kind in FACET_BLOCKS:
        return True
    # Another procedure was done today: unless a block is named, what is told is its result.
    return when == "prior" and (
        (subject is not None and subject.ours)
        or rule("prior").search(reading.even, told.rows, told.sentence.end) is not None
    )


def _names_lumbar(reading: Reading, told: Account) -> bool:
    """Whether the sentence itself, or the lines above its row, speak of the low back."""
    return LUMBAR.search(reading.even, told.rows, told.sentence.end) is not None


def _when(
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
