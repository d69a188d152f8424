"""Percentages as notes write them: digits or words, ranges, bounds, lists with one sign."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from facetcode.extract import numbers


@dataclass(frozen=True, slots=True)
class Percentage:
    """One percentage, 0-100, as a range; half-open offsets hold its bound's words and its sign."""

    start: int
    end: int
    low: float
    high: float
    open_ended: bool = False
    """Whether a bound opens the range: "over 80%", "less than 20%"."""
    headed: bool = False
    """Whether its sign and the word relief stand in a label or a column's head."""


# Not the end of a longer number: "0.25%", "0,5%", "7/10 80"; dots that lead to a number are none.
_FREE = (
    r"(?<!\d)(?<!\d\.)(?<!(?<!\d)\d/)(?<!10/)(?<!^\.)(?<![\s(]\.)(?<!(?<!\d)\d,)"
    r"(?<!(?<![A-Za-z])[A-Za-z])"
)
_DIGITS = _FREE + r"(?:100(?:\.0+)?|\d{1,2}(?:[.,]\d{1,2})?)"
_WORD = rf"(?<![A-Za-z-]){numbers.WORD}(?![A-Za-z])"
_NUMBER = rf"(?:{_DIGITS}|{_WORD})"
_UNIT = (
    r"(?:-?ish)?(?P<plus{0}>\s?\+|\s?-?plus)?"
    r"(?:[^\S\n]?-?[^\S\n]?%|\s?-?\s?(?:percent(?:age)?|per\s?cent|pct|p\.c\.))"
    r"(?:-?ish)?(?![A-Za-z])"
)
_HEDGE = (
    r"(?:(?:about|around|approximately|roughly|maybe|perhaps|possibly|even|nearly|almost|close\s+to|"
    r"as\s+(?:much|high|good|many)\s+as|up\s+to|at\s+(?:best|most|times))\s+)*"
)
_JOIN = rf"(?:\s*(?:-{{1,3}}|~)\s*|\s*,?\s+(?:(?:to|through|thru|or)\s+)?{_HEDGE})"
# "80% to 90%": the range is read from its second sign.
_GOES_ON = re.compile(
    rf"\s*(?:(?:-{{1,3}}|~)\s*|,?\s+(?:to|through|thru|or)\s+{_HEDGE}|,?\s+(?:maybe|perhaps|possibly|even)\s+)"
    rf"{_NUMBER}\s?(?:%|per\s?cent)",
    re.IGNORECASE,
)
_SIGN = re.compile(r"%|per\s?cent|\bpct\b|\bp\.c\.", re.IGNORECASE)
_SINGLE = re.compile(rf"(?P<low>{_NUMBER}){_UNIT.format('')}", re.IGNORECASE)
# What stands in front of a percentage and makes a range or a list with it, up to its end.
_RANGE = re.compile(
    rf"(?P<low>{_NUMBER})(?:\s?%|\s?percent|\s?per\s?cent)?(?P<join>{_JOIN})$", re.IGNORECASE
)
_JOINS = re.compile(r"[-~]|\b(?:to|through|thru|or|maybe|perhaps|possibly|even)\b", re.IGNORECASE)
_BETWEEN = re.compile(
    rf"\b(?:between|from)\s+{_HEDGE}(?P<low>{_NUMBER})(?:\s?%|\s?percent)?\s+(?:and|to)\s+{_HEDGE}$",
    re.IGNORECASE,
)
_LIST = re.compile(rf"(?P<low>{_NUMBER})\s*(?:/|&|and)\s*$", re.IGNORECASE)
_LISTED = re.compile(
    r"\s*(?:pain\s+)?(?:relief|better|improve|reduc|respectively|less\s+pain)", re.IGNORECASE
)
_UP = re.compile(
    r"(?:(?<![-=<])>\s?(?:=|or\s*=|than)?|(?<![-=])=>|\b(?:(?:well|just|slightly|a\s+(?:little|bit)|way|far|"
    r"somewhat|much)\s+)?(?:(?:greater|more|better|higher|bigger)\s+(?:than|then)(?:\s+or\s+equal\s+to)?|over|above|"
    r"exceed(?:ed|ing|s)?|in\s+excess\s+of|at\s+least|upwards?\s+of|north\s+of|beyond|"
    r"(?:no|not)\s+(?:less|fewer|lower|under)\s+than|(?:a\s+)?minimum(?:\s+of)?))\s*(?:an?\s+|about\s+|=\s*)?$",
    re.IGNORECASE,
)
_DOWN = re.compile(
    r"(?:(?<!-)<\s?(?:=|or\s*=|than)?|\b(?:(?:less|lower|fewer|smaller)\s+(?:than|then)(?:\s+or\s+equal\s+to)?|"
    r"(?:just\s+)?(?:under|below)|at\s+(?:the\s+)?most|(?:no|not)\s+(?:more|greater|better|higher|over|above)"
    r"(?:\s+than)?|up\s+to|not\s+even|(?:a\s+)?maximum(?:\s+of)?))\s*(?:an?\s+|about\s+|=\s*)?$",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"\s*(?:\+|(?:or|and|&)\s+(?:more|greater|better|higher|above|over|up)\b|plus\b)", re.IGNORECASE
)
_LESS = re.compile(r"\s*(?:or|and)\s+(?:less|lower|below|under|fewer)\b", re.IGNORECASE)
_LEAST = 10
"""Lower end of a range that reaches three times as far or more."""
_REACH = 60
"""Characters in front of a percent sign that a range and its bound may take."""


def find(text: str) -> Iterator[Percentage]:
    """Percentages in order, looked for only around a percent sign or word: most of a note has none.

    A fall "from 100% to 20%" is no range and gives nothing: it tells what is left.
    """
    done = 0
    for sign in _SIGN.finditer(text):
        if sign.start() < done:
            continue
        floor = max(done, sign.start() - _REACH)
        match = None
        for match in _SINGLE.finditer(text, max(floor, sign.start() - 24), sign.end() + 4):
            if match.end() >= sign.end():
                break
        if match is None or match.end() < sign.end() or match.start() < done:
            continue
        if _GOES_ON.match(text, match.end(), match.end() + 50):
            continue
        found = list(_read(text, floor, match))
        done = match.end()
        for percentage in found:
            done = max(done, percentage.end)
            yield percentage


def _read(text: str, floor: int, match: re.Match[str]) -> Iterator[Percentage]:
    high = numbers.value(match["low"].replace(",", "."))
    if high is None or high > 100:
        return
    start, end, low = match.start(), match.end(), high
    # Patterns that look back at what stands before must see the number's left neighbours too.
    between = _BETWEEN.search(text, floor, start)
    pair = between or _RANGE.search(text, floor, start)
    # Two numbers with nothing but a blank between them are a range in words only.
    if pair and not between and not _JOINS.search(pair["join"]):
        if pair["low"][0].isdigit() or match["low"][0].isdigit():
            pair = None
        elif "," in pair["join"] and not _LEAST < (numbers.value(pair["low"]) or 0) < high:
            pair = None  # "fifty, sixty percent" is one in speech, a list that falls is none
    if pair:
        first = numbers.value(pair["low"].replace(",", "."))
        falls = first is not None and first > high and re.search(r"to\s", pair.group())
        if falls:
            return
        # "No. 1 - 85%", "Feb 3 or 85%": nobody gives a range from so little to so much.
        if (
            first is not None
            and first <= 100
            and (first >= _LEAST or high < 3 * _LEAST or not first)
        ):
            start, low, high = pair.start("low"), min(first, high), max(first, high)
    elif _LISTED.match(text, end, end + 24):
        listed = _LIST.search(text, floor, start)
        first = numbers.value(listed["low"]) if listed else None
        if listed and first is not None and 20 <= first <= 100:
            yield Percentage(listed.start("low"), listed.end("low"), first, first)
    before = text[max(floor, start - 40) : start]
    down, up = _DOWN.search(before), _UP.search(before)
    bound = min((b for b in (down, up) if b), key=lambda b: b.start(), default=None)
    opened = bound is not None
    if bound is not None:
        start -= len(before) - bound.start()
        low, high = (low, 100.0) if bound is up else (0.0, high)
    more, less = _MORE.match(text, end, end + 20), _LESS.match(text, end, end + 20)
    if more or match["plus"]:
        low, high, opened = low, 100.0, True
    elif less:
        low, high, opened = 0.0, high, True
    end = more.end() if more else less.end() if less else end
    yield Percentage(start, end, low, high, opened)
