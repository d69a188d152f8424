"""Dates written in notes, and which of them is today's."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

MONTHS = {
    name: number
    for number, names in enumerate(
        "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|"
        "september sep sept|october oct|november nov|december dec".split("|"),
        start=1,
    )
    for name in names.split()
}
_MONTH = "(?P<month>" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\.?"
_NUMERIC = re.compile(
    r"(?<![\d/.\-])(?P<a>\d{1,4})(?P<sep>[/.\-]|\s/\s)(?P<b>\d{1,2})(?:(?P=sep)(?P<c>\d{2,4}))(?![\d/]|\.\d|-\d)"
)
_SHORT = re.compile(
    r"(?<![A-Za-z\d/.\-])(?P<a>1[0-2]|0?[1-9])/(?P<b>3[01]|[12]\d|0?[1-9])(?![\d/]|\.\d|-\d)"
)
_WORDED = re.compile(
    rf"\b(?:{_MONTH}\s+(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<y1>\d{{4}}))?"
    r"|(?P<d2>\d{1,2})(?:st|nd|rd|th)?[\s-](?:of\s+)?"
    rf"{_MONTH.replace('month', 'month2')}[\s,-]*(?P<y2>\d{{4}}|\d{{2}})?)\b",
    re.IGNORECASE,
)
_TODAY = re.compile(
    r"(?:date\s+of\s+(?:the\s+)?(?:procedure|service|operation|surgery|visit|injection|block|encounter)|"
    r"(?:procedure|service|visit|encounter|operative|surgery|exam|proc)\s+date|\bDOS|\bDOP|\bdate|\bseen\s+on|\bdated?)\s*[:=|#-]*\s*$",
    re.IGNORECASE,
)


_VAGUE = re.compile(
    rf"\b(?:in|last|back\s+in|this\s+past|during)\s+(?:early\s+|late\s+|mid-?\s?)?(?:the\s+)?"
    rf"(?:(?:spring|summer|fall|autumn|winter)\s+(?:of\s+)?)?(?:{_MONTH}(?:,?\s+(?:of\s+)?(?P<y1>(?:19|20)\d\d))?"
    r"|(?P<y2>(?:19|20)\d\d))(?!\w|\s+\d)",
    re.IGNORECASE,
)
# A year that dates the injury, the pain or a scan dates no block.
_OF_ELSE = re.compile(
    r"\b(?:injur\w*|accident|collision|crash|mv[ac]|fell|fall|since|onset|began|started|fusion|acdf|"
    r"surger\w*|mri|x-?rays?|scan|retired|married|diagnosed|hurt)\b[^.;]{0,40}$",
    re.IGNORECASE,
)


_MONTH_YEAR = re.compile(
    r"(?<![\d/.\-])(?P<month>1[0-2]|0?[1-9])\s?[/-]\s?(?P<year>20\d\d)(?![\d/]|[.-]\d)"
)
_BARE_YEAR = re.compile(
    r"\b(?:here|blocks?|blocked|mbbs?|inj(?:ection)?s?|injected|spots?|levels?|joints?|sides?|set|round|done|had)\s+(?P<year>20\d\d)\b",
    re.IGNORECASE,
)
_NAMED_YEAR = re.compile(
    rf"(?<!\d\s)(?<!\d)\b{_MONTH}[\s,']*(?:of\s+)?(?P<year>20\d\d|(?<=')\d\d)(?![\d/])",
    re.IGNORECASE,
)


def vague(text: str, start: int, end: int) -> list[tuple[int | None, int | None]]:
    """Month and year of each date without a day in a stretch of text ("in May", "10/2022")."""
    starts, days = _vague_days(text)
    return days[bisect_left(starts, start) : bisect_left(starts, end)]


@lru_cache(maxsize=2)
def _vague_days(text: str) -> tuple[list[int], list[tuple[int | None, int | None]]]:
    """Every date without a day of a note, and where each starts; each sentence asks for its own."""
    found: list[tuple[int, tuple[int | None, int | None]]] = []
    for numeric in _MONTH_YEAR.finditer(text):
        if not _OF_ELSE.search(text, max(0, numeric.start() - 60), numeric.start()):
            found.append((numeric.start(), (int(numeric["month"]), int(numeric["year"]))))
    for named in _NAMED_YEAR.finditer(text):
        if not _OF_ELSE.search(text, max(0, named.start() - 60), named.start()):
            month = MONTHS[named["month"].lower()]
            found.append((named.start(), (month, int(named["year"]) % 100 + 2000)))
    found += [(bare.start(), (None, int(bare["year"]))) for bare in _BARE_YEAR.finditer(text)]
    for match in _VAGUE.finditer(text):
        if match["month"] and match["month"].lower() == "may" and match["month"][0] == "m":
            continue  # the verb
        if _OF_ELSE.search(text, max(0, match.start() - 60), match.start()):
            continue
        year = match["y1"] or match["y2"]
        named_month = MONTHS[match["month"].lower()] if match["month"] else None
        found.append((match.start(), (named_month, int(year) if year else None)))
    found.sort(key=lambda pair: pair[0])
    return [at for at, _ in found], [day for _, day in found]


def opens_with_month(text: str, start: int) -> bool:
    """Whether a sentence begins with a month or a year without a day: "In June I blocked"."""
    return _OPENING.match(text, start) is not None


_OPENING = re.compile(
    rf"\s*(?:back\s+)?(?:in|last|during)\s+(?:early\s+|late\s+|mid-?\s?)?(?:{_MONTH}|(?:19|20)\d\d\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Written:
    """A date as written: half-open offsets; ``day`` is None when the year cannot be known."""

    start: int
    end: int
    day: date | None


_BIRTH = re.compile(r"birth|\bdob\b|\bborn\b", re.IGNORECASE)
_SIGNED = re.compile(r"\bsigned\b[^.;]*$|\bsignature\b[^.;]*$|/e?s/[^.;]*$", re.IGNORECASE)
_EARLIER = re.compile(
    r"\b(?:since|prior|previous|last|first|ago|dated|of|from|injur\w*|accident|mri|ct|x-?ray|fax\w*"
    r"|scheduled|return|until|through|expires?|effective)\b",
    re.IGNORECASE,
)
_BLOCK_ON = re.compile(
    r"(?:\b(?:blocks?|mbbs?|injections?|procedure|done|performed|seen|set)|#\s?[12])\s+(?:was\s+|were\s+)?"
    r"(?:done\s+|performed\s+)?on\s+$",
    re.IGNORECASE,
)
_FIRST_LINES = 160


def _build(year: int, month: int, day: int) -> date | None:
    if year < 100:
        year += 2000 if year < 70 else 1900
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _without_year(today: date | None, month: int, day: int) -> date | None:
    """A date without its year in the note of ``today``; one long after it was last year's."""
    if today is None:
        return None
    day_of_year = _build(today.year, month, day)
    if day_of_year is not None and (day_of_year - today).days > _AHEAD:
        return _build(today.year - 1, month, day)
    return day_of_year


_AHEAD = 150
"""Days a note may plan ahead without naming the year."""


def find(text: str, *, today: date | None = None) -> list[Written]:
    """Every date of an even text, in order; month first, as American notes write it.

    ``today`` completes dates written without a year (``3/12``).
    """
    found: list[Written] = []
    for match in _NUMERIC.finditer(text):
        a, b, c = int(match["a"]), int(match["b"]), int(match["c"])
        if len(match["a"]) == 4:
            day = _build(a, b, c)
        elif a > 12:
            day = _build(c, b, a)
        else:
            day = _build(c, a, b)
        if day is not None and 1930 <= day.year <= 2100 and len(match["a"]) in {1, 2, 4}:
            found.append(Written(match.start(), match.end(), day))
    for match in _WORDED.finditer(text):
        name = (match["month"] or match["month2"]).lower()
        number = int(match["d1"] or match["d2"])
        stated = match["y1"] or match["y2"]
        month = MONTHS[name]
        day = _build(int(stated), month, number) if stated else _without_year(today, month, number)
        found.append(Written(match.start(), match.end(), day))
    if today is not None:
        for match in _SHORT.finditer(text):
            # 8/10 is a pain score far more often than a day in August, "block on 8/10" is not.
            score = int(match["b"]) == 10 and int(match["a"]) <= 10
            if score and not _BLOCK_ON.search(text, max(0, match.start() - 40), match.start()):
                continue
            if not any(w.start <= match.start() < w.end for w in found):
                found.append(
                    Written(
                        match.start(),
                        match.end(),
                        _without_year(today, int(match["a"]), int(match["b"])),
                    )
                )
    return sorted(found, key=lambda written: written.start)


def date_of_service(text: str, meta: Mapping[str, str]) -> date | None:
    """Today's date: from the export, else a date the note labels as today's, else its own date.

    The note's own date is that of its signature, or one that stands in its first lines.
    """
    stated = meta.get("date_of_service")
    if stated:
        try:
            return date.fromisoformat(stated)
        except ValueError:
            return None
    own: date | None = None
    for written in find(text):
        before = text[max(0, written.start - 40) : written.start]
        if not written.day or _BIRTH.search(before):
            continue
        if _TODAY.search(before):
            return written.day
        signed = _SIGNED.search(text, max(0, written.start - 90), written.start)
        if signed or (own is None and written.start < _FIRST_LINES and not _EARLIER.search(before)):
            own = written.day
    return own
