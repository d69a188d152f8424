"""Times of the past as notes tell them: to the day, the month, the season or only the year."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from facetcode.extract.dates import MONTHS, Written
from facetcode.extract.rules import lowered


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as written, as exactly as it is known; half-open offsets."""

    start: int
    end: int
    year: int | None
    month: int | None
    day: int | None = None


_SEASONS = {
    "spring": 4, "summer": 7, "autumn": 10, "fall": 10, "winter": 1, "christmas": 12, "xmas": 12,
    "easter": 4, "thanksgiving": 11, "new year": 1, "new years": 1, "new year's": 1, "labor day": 9,
    "halloween": 10,
}  # fmt: skip
_SLASHED = re.compile(r"(?P<month>1[0-2]|0?[1-9])/(?P<year>\d\d)")
_FEW_YEARS = 6
_ALSO_WORDS = frozenset({"may", "march", "mar", "fall"})
_NAMED = (
    r"(?:(?P<last>last|this\s+past|the\s+past|previous)\s+)?"
    r"(?P<name>" + "|".join(sorted((*MONTHS, *_SEASONS), key=len, reverse=True)) + r")\b\.?"
    r"(?:'s)?(?:,?\s+(?:of\s+)?(?:(?P<y1>(?:19|20)\d\d)\b|'(?P<y2>\d\d)\b"
    r"|(?P<ago>last\s+year|the\s+(?:previous|preceding)\s+year|this\s+year)))?"
)
# Matched in small letters, which is twice as fast as ignoring letter case.
_MOMENT = re.compile(
    r"(?<![a-z0-9])(?:" + _NAMED + r"|(?P<m3>1[0-2]|0?[1-9])\s?[/-]\s?(?P<y3>(?:19|20)\d\d)\b"
    r"|(?P<lastyear>last\s+year)\b"
    r"|(?P<y4>(?:19|20)\d\d)(?:'?s)?(?![\w/-]|\.\d)"
    r"|'(?P<y5>\d\d)(?![\w/]))"
)


def find(text: str, written: Sequence[Written], today: date | None) -> list[Moment]:
    """Every time of the past in an even text, in order; ``written`` are its dates to the day.

    A month or season without a year is the last one before ``today``.
    """
    whole = [w for w in written if w.day is not None]
    found = [
        Moment(w.start, w.end, w.day.year, w.day.month, w.day.day)
        for w in whole
        if w.day is not None and (today is None or w.day <= today)
    ]
    if today is not None:
        found += [m for w in whole if (m := _month_and_year(text, w, today)) is not None]
    at = 0
    for match in _MOMENT.finditer(lowered(text)):
        while at < len(whole) and whole[at].end <= match.start():
            at += 1
        if at < len(whole) and whole[at].start < match.end():
            continue
        moment = _moment(text, match, today)
        if moment is not None:
            found.append(moment)
    return sorted(found, key=lambda moment: moment.start)


def _month_and_year(text: str, written: Written, today: date) -> Moment | None:
    """The other reading of "11/24": a month and its year, where the year is of the last few."""
    match = _SLASHED.fullmatch(text, written.start, written.end)
    if match is None:
        return None
    year = 2000 + int(match["year"])
    if not today.year - _FEW_YEARS <= year <= today.year:
        return None
    return Moment(written.start, written.end, year, int(match["month"]))


def _moment(text: str, match: re.Match[str], today: date | None) -> Moment | None:
    start, end = match.span()
    stated = match["y1"] or match["y3"] or match["y4"]
    short = match["y2"] or match["y5"]
    year = int(stated) if stated else None
    if short:
        year = int(short) + (2000 if int(short) < 70 else 1900)
    if match["m3"]:
        return Moment(start, end, year, int(match["m3"]))
    if match["name"] is None:
        if match["lastyear"]:
            return Moment(start, end, today.year - 1, None) if today else None
        return Moment(start, end, year, None)
    name = match["name"]
    month = MONTHS.get(name) or _SEASONS[name]
    if year is not None:
        return Moment(start, end, year, month)
    if today is None:
        return None
    if match["ago"]:
        return Moment(start, end, today.year - ("this" not in match["ago"]), month)
    if name in _ALSO_WORDS and not match["last"] and text[match.start("name")].islower():
        return None  # the verb, the walk, the accident
    over = month > today.month or (match["last"] is not None and month == today.month)
    return Moment(start, end, today.year - over, month)
