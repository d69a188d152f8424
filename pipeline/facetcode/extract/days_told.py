"""Days of the past as prose tells them: "the ninth of March", "last Friday", "nine days ago"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from facetcode.extract import numbers
from facetcode.extract.dates import MONTHS

_UNITS = "first second third fourth fifth sixth seventh eighth ninth".split()
_TEENS = (
    "tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth "
    "nineteenth"
).split()
_ORDINALS = {
    **{word: number for number, word in enumerate((*_UNITS, *_TEENS), start=1)},
    "twentieth": 20,
    **{f"twenty-{word}": 20 + number for number, word in enumerate(_UNITS, start=1)},
    "thirtieth": 30,
    "thirty-first": 31,
}
_WORD = "|".join(sorted((w.replace("-", "[- ]") for w in _ORDINALS), key=len, reverse=True))
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_WEEKDAY = r"(?:mon|tues?|wednes|thurs?|fri|satur|sun)day"
# "the ninth of March", "the 9th inst.", "on the ninth", "March ninth"
_DAY = re.compile(
    rf"\b(?P<on>on\s+|only\s+(?:on\s+)?|was\s+|dated\s+)?the\s+(?P<day>{_WORD}|\d{{1,2}}(?:st|nd|rd|th))"
    rf"(?:\s+(?:day\s+)?(?:of\s+)?(?P<month>{_MONTH})\b\.?(?:,?\s+(?P<year>(?:19|20)\d\d))?"
    r"|\s+(?P<inst>inst\b|instant|of\s+(?:this|the)\s+month|just\s+(?:gone|past))|(?P<bare>\b))"
    rf"|\b(?P<month2>{_MONTH})\.?\s+(?:the\s+)?(?P<day2>{_WORD}\b)(?:,?\s+(?P<year2>(?:19|20)\d\d))?",
    re.IGNORECASE,
)
# What may follow a day without its month: "on the ninth tee" is none.
_AFTER_DAY = re.compile(
    r"\W*(?:$|[.,;:)|]|(?:and|for|at|with|which|that|by|when|we|i|he|she|but|gave|last|a|of\s+last|from|to|in)\b)",
    re.IGNORECASE,
)
_NOT_ALONE = frozenset({"first", "second"})
"""Day numbers that without a month are rather a block's: "on the first"."""
_WEEKDAY_OF = re.compile(
    rf"\b(?P<ago>a\s+week\s+(?:ago\s+)?(?:(?:last|this\s+past|on)\s+)?(?P<day3>{_WEEKDAY}))"
    rf"|\b(?P<day2>{_WEEKDAY})\s+(?:of\s+)?last\s+week|\blast\s+week(?:'s)?\s+(?:on\s+)?(?P<day4>{_WEEKDAY})"
    rf"|\b(?:last|this\s+past|past|on|(?P<this>this))\s+(?P<day>{_WEEKDAY})(?!\s+(?:of\s+)?(?:last|week|next))"
    r"|\b(?P<week>last\s+week)(?:'s)?\b|\b(?P<now>earlier\s+this\s+week)\b|\b(?P<yesterday>yesterday)(?:'s)?\b",
    re.IGNORECASE,
)
_N = rf"(?:\d{{1,3}}|{numbers.WORD}|an?|(?:a\s+)?couple(?:\s+of)?|(?:a\s+)?few|several|half\s+a)"
_UNIT = r"(?:days?|d|weeks?|wks?|w|fortnights?|months?|mos?|mths?)"
_GAP = re.compile(
    rf"(?<![\w.])(?P<n>{_N})\s*(?P<half>and\s+a\s+half\s+)?-?\s*(?P<unit>{_UNIT})\b(?P<half2>\s+and\s+a\s+half)?(?:\s*,?\s*(?:to\s+be\s+exact|exactly|only|now|all\s+told)\b,?)?\s*"
    r"(?P<how>\(?(?:ago|prior|previous(?:ly)?|beforehand|earlier|apart|back|before|after|since|following|post|out\s+from|on\s+from|p\b|"
    r"(?:have|has|had)\s+(?:passed|elapsed|gone\s+by|gone)))",
    re.IGNORECASE,
)
# "Day 9 since the first block"
_NTH = re.compile(
    r"\b(?:post-?(?:block|procedure)\s+)?(?P<unit>day|week)\s+(?:no\.?\s*|number\s+|#)?(?P<n>\d{1,3})\s+(?P<how>since|after|post|following|from)\b",
    re.IGNORECASE,
)
_INTERVAL = re.compile(
    rf"\b(?:interval|gap|time|days|elapsed)\b(?:[^.;\n]|\bno\.|(?<=\d)\.(?=\d)){{0,50}}?[\s:=](?P<n>\d{{1,3}}|{numbers.WORD})\s*"
    r"(?P<unit>days?|d|weeks?|wks?|months?|mos?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Told:
    """A time of the past as told, and the days before today; half-open offsets."""

    start: int
    end: int
    days: int
    how: str = ""
    """The word that makes a number of days a time of the past, "ago" or "since"; else empty."""


def days(text: str, start: int, end: int, today: date) -> list[Told]:
    """Days of a month or a week in a stretch of text, all before ``today``."""
    found = []
    for match in _DAY.finditer(text, start, end):
        day = _day(text, match, today)
        if day is not None and day < today:
            found.append(Told(match.start(), match.end(), (today - day).days))
    for match in _WEEKDAY_OF.finditer(text, start, end):
        found.append(Told(match.start(), match.end(), _weeks(match, today)))
    return found


def gaps(text: str, start: int, end: int) -> list[Told]:
    """Days, weeks and months counted between two times; whose they are the caller must see."""
    found = []
    for pattern in (_GAP, _NTH, _INTERVAL):
        for match in pattern.finditer(text, start, end):
            half = pattern is _GAP and bool(match["half"] or match["half2"])
            length = _length(match["n"], match["unit"], half)
            if length is not None:
                how = (
                    ""
                    if pattern is _INTERVAL
                    else "since"
                    if pattern is _NTH
                    else match["how"].lower()
                )
                found.append(Told(match.start(), match.end(), length, how))
    return found


def _day(text: str, match: re.Match[str], today: date) -> date | None:
    word = (match["day"] or match["day2"]).lower().replace(" ", "-")
    number = _ORDINALS[word] if word in _ORDINALS else int(word[:-2])
    name = match["month"] or match["month2"]
    year = match["year"] or match["year2"]
    if name is not None:
        month = MONTHS[name.lower()]
        if year is not None:
            return _built(int(year), month, number)
        day = _built(today.year, month, number)
        return day if day is None or day < today else _built(today.year - 1, month, number)
    if match["bare"] is not None and (
        match["on"] is None or word in _NOT_ALONE or not _AFTER_DAY.match(text, match.end())
    ):
        return None
    if number < today.day:
        return _built(today.year, today.month, number)
    before = today.replace(day=1) - timedelta(days=1)
    return _built(before.year, before.month, number)


def _built(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _weeks(match: re.Match[str], today: date) -> int:
    """Days since a day of this or the last week."""
    if match["yesterday"]:
        return 1
    if match["week"]:
        return 7
    if match["now"]:
        return 3
    name = match["day"] or match["day2"] or match["day3"] or match["day4"]
    number = next(i for i, day in enumerate(_DAYS) if day[:3] == name[:3].lower())
    since = (today.weekday() - number) % 7
    if match["day3"]:
        return since + 7
    if match["day2"] or match["day4"]:
        return today.weekday() + 7 - number
    return since or 7


def _length(raw: str, unit: str, half: bool) -> int | None:
    word = " ".join(raw.lower().split())
    number: float | None
    if word.startswith("half"):
        number = 0.5
    elif "couple" in word:
        number = 2
    elif "few" in word or word == "several":
        number = 3
    else:
        number = 1 if word in {"a", "an"} else numbers.value(raw)
    if number is None:
        return None
    factor = {"d": 1, "w": 7, "f": 14, "m": 30}[unit[0].lower()]
    return int((number + (0.5 if half else 0)) * factor)
