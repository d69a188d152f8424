"""How long the pain has lasted: stated in months or years, or counted from when it began."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from datetime import date
from functools import cache

from facetcode.extract import moments, numbers
from facetcode.extract.moments import Moment
from facetcode.extract.reading import Reading
from facetcode.extract.rules import Words, at_words, load_rules, lowered
from facetcode.facts import Finding

_SILENT = frozenset({"plan", "family", "consent", "codes", "signature", "allergies"})
_LEAST = 3
"""Months payers ask for; a time known only roughly counts for no less once it is past."""
_UNKNOWN_LONG = 12
"""Months written for a time without a number, "for years"."""
_BEFORE, _AFTER = 110, 70
"""Characters of a sentence in front of a time, and behind it, where the pain is named."""

_N = (
    rf"(?:\d{{1,3}}(?:\.\d)?|{numbers.WORD}\b|several|many|(?:a\s+)?couple(?:\s+of)?|(?:a\s+)?few|half\s+an?|1/2(?:\s+an?)?"
    r"|\b(?-i:a|an)\b)"
)
# Matched in small letters, which is twice as fast as ignoring letter case.
_FOR = re.compile(
    rf"(?<![\w./-])(?:x\s?|~|>|<)?(?P<n>{_N})(?P<half>\s+and\s+a\s+half|\s*1/2|\.5)?"
    r"\s*(?:\+|plus|or\s+more|(?:odd|full|whole|long|good|further)\b)?\s*(?:(?:-|to)\s*\d{1,3}\s*)?-?\s*"
    r"(?P<unit>years?|winters?|summers?|harvests?|yrs?|y(?:rs?)?\b|months?|mos?\b|mths?|m\b(?=\s*(?:[.,;)]|$|\n|duration|hx|history|of\s+\w*\s*pain))|weeks?|wks?|days?)(?![a-z])"
    r"(?P<half2>\s+and\s+(?:a\s+)?half)?"
    r"(?!\s*[./-]?\s*o\b|\s*(?:old|-old|follow|later|f/u|from\s+now|per\b|(?:after|post)[\s-]+(?:the\s+|her\s+|his\s+)?(?:first|second|last|block|injection|mbb|surger|procedure|op\b|fusion|rf)"
    r"|of\s+(?:age|pt|physical|therap|nsaid|home|chiro|conservative|meloxicam|naproxen|relief|treat|exerc|physio|acup|experience|service|notice)|\s+(?:warranty|supply|notice|lease|contract|refill)))",
)
_OFTEN = re.compile(r"\b(?:times|once|twice|days?|weeks?|months?|\dx?)\s+$", re.IGNORECASE)
"""In front of "a year": how often, not how long."""
_ORDINAL = re.compile(
    r"\b(?:in|into|entering)\s+(?:its|the|her|his|their)\s+(?P<n>\d{1,2}(?=st|nd|rd|th)|fourth|fifth|sixth|seventh|eighth|ninth|"
    r"tenth|eleventh|twelfth|second|third)(?:st|nd|rd|th)?\s+(?P<unit>year|month)\b",
    re.IGNORECASE,
)
_ORDINALS = dict(
    zip(
        "second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(),
        range(2, 13),
        strict=True,
    )
)
_PERSON = re.compile(
    r"\b(?:lady|wom[ae]n|m[ae]n|patient|pt|male|female|gentleman|mister|mr|mrs|he|she|veteran|girl|boy|aged?)\s*,?\s*"
    r"(?:is\s+|of\s+|now\s+)*$",
    re.IGNORECASE,
)
_THIS = re.compile(
    r"\b(?:it|this|that|these|they|which)\b[^.;]{0,20}\b(?:has|have|had|is|was|started|began|goes|lasts?|been)\b"
    r"|\b(?:has|had|have)\s+(?:had\s+)?(?:this|it|them)\b|\bgoing\s+on\b|\bpresent\b|\bsymptomatic\b|\bongoing\b",
    re.IGNORECASE,
)
_TITLED = re.compile(r"duration|onset|pain\s+h(?:istory|x)|chronicity|length", re.IGNORECASE)
_LABEL = re.compile(
    r"\b(?:duration|onset|chronicity|how\s+long|since\s+when)\b[^.;\n]{0,25}$", re.I
)
_AGO = re.compile(r"\s*(?:ago|back|earlier|previously)\b", re.IGNORECASE)
_SINCE = re.compile(r"\bsince\b|\bthereafter\b|\bnever\s+(?:settled|recovered|been)", re.IGNORECASE)
_IT_WAS = re.compile(r"\bit\s+was\s+(?:in|on|about|around|after)\s+(?:the\s+)?$", re.IGNORECASE)
_HISTORY_OF = re.compile(r"\W*(?:hx|history|h/o|of)\b", re.IGNORECASE)
_OF_ELSE = re.compile(
    r";|\b(?:until|till|but|mri|x-?ray|ct|blocks?|injections?|rfa?|ablation|neurotomy|epidural|esi|"
    r"relief|therapy|physio\w*|pt)\b",
    re.IGNORECASE,
)
_CLOSE_BY = 200
"""Characters in front of the sentence in which the accident of "ever since" is dated."""
_FOR_PAIN = re.compile(r"\s*,?\s*(?:for|with)\s+", re.IGNORECASE)
_BRITISH = re.compile(
    r"(?:\b(?:for|x|over|past|last|of)\s*(?P<n>\d{1,2})|(?:,|:|\bpain|\bache|\btrouble)\s*(?P<many>1[3-9]|[2-9]\d))\s?/\s?(?P<of>12|52)\b(?!\s?/)",
    re.IGNORECASE,
)
"""Months and weeks as British notes write them: "for 14/12", "6/52"."""
_YEARS_OLD = 18
_EVER_SINCE = re.compile(
    r"\b(?:ever\s+since|since\s+(?:then|that|the\s+(?:day|accident|injury|collision|crash|fall|incident|event|loss|mv[ac]))"
    r"|from\s+(?:that|then|the)\s+(?:day|time|date|moment)?(?:\s+on(?:wards?)?)?|since)(?=\s*(?:[.,;:)]|$|\n|and\b|with\b|without\b))"
    r"|\bever\s+since\b|\bsince\s+then\b|\bthereafter\b|\bthenceforth\b"
    r"|\bnever\s+(?:\w+\s+)?(?:settled|gone|recovered|resolved|left|been\s+(?:right|the\s+same)|got(?:ten)?\s+(?:better|over)|went\s+away|cleared)",
    re.IGNORECASE,
)


@cache
def _words(name: str) -> Words:
    return at_words(load_rules("duration")[name])


def find(reading: Reading) -> Finding | None:
    """Months the pain has lasted, the longest stated, in whole months."""
    past = moments.find(reading.even, reading.dates, reading.dos)
    found = [
        time
        for time in (
            *_stated(reading),
            *_since(reading, past),
            *_ever_since(reading, past),
            *_long(reading),
        )
        if reading.section_at(time[1]).category not in _SILENT
    ]
    if not found:
        return None
    months, start, end = max(found, key=lambda time: (time[0], -time[1]))
    return Finding("pain_duration", (reading.evidence(start, end),), str(int(months)))


def _stated(reading: Reading) -> Iterator[tuple[float, int, int]]:
    """Numbers of weeks, months or years that the pain has lasted."""
    for match in _FOR.finditer(lowered(reading.even)):
        months = _months(match["n"], match["unit"], bool(match["half"] or match["half2"]))
        often = _OFTEN.search(reading.even, max(0, match.start() - 16), match.start())
        if often and match["n"] in {"a", "an"}:
            continue
        if months is not None and _of_pain(reading, match.start(), match.end(), months):
            yield months, match.start(), match.end()
    for match in _BRITISH.finditer(reading.even):
        if _of_pain(reading, match.start(), match.end()):
            number = int(match["n"] or match["many"])
            yield number / (1 if match["of"] == "12" else 4), match.start(), match.end()
    for match in _ORDINAL.finditer(reading.even):
        word = match["n"].lower()
        number = (int(word) if word.isdigit() else _ORDINALS[word]) - 1
        if _of_pain(reading, match.start(), match.end()):
            months = number * (12 if match["unit"].lower() == "year" else 1)
            yield months, match.start(), match.end()


def _of_pain(reading: Reading, start: int, end: int, months: float = 0) -> bool:
    """Whether a length of time is the pain's: the nearer word in front decides, else behind."""
    sentence = reading.sentence_at(start)
    before = reading.even[max(sentence.start, start - _BEFORE) : start]
    after = reading.even[end : min(sentence.end, end + _AFTER)]
    if _TITLED.search(reading.section_at(start).heading) or _LABEL.search(before):
        return not _nearest(after, "other", 12)
    if months >= 12 * _YEARS_OLD and _PERSON.search(before):
        return False
    pain, other = _last(before, "pain"), _last(before, "other")
    if pain >= 0:
        return pain > other
    if _AGO.match(after) and _last(before, "event") > other:
        # "was rear-ended fourteen months ago and has had neck pain ever since"
        rest = reading.even[end : sentence.end]
        if _SINCE.search(rest) and _nearest(rest, "pain", len(rest)):
            return True
    if other >= 0:
        # "followed in the clinic with a 14-month history of neck pain"
        return bool(_HISTORY_OF.match(after)) and _nearest(after, "pain", 25)
    if _THIS.search(before):
        return True
    near, away = _first(after, "pain"), _first(after, "other")
    if _AGO.match(after):
        dated = _words("began").search(before) is not None
        return dated and (near is not None or _previous_pain(reading, sentence.start))
    return near is not None and (away is None or near < away)


def _since(reading: Reading, past: list[Moment]) -> Iterator[tuple[float, int, int]]:
    """Pain dated from its beginning: "since a fall in 2021", "began in 11/2024"."""
    for when in past:
        months = _elapsed(when, reading.dos)
        if months is not None and _began(reading, when):
            yield months, when.start, when.end


def _began(reading: Reading, when: Moment) -> bool:
    """Whether a date is the one the pain began on."""
    sentence = reading.sentence_at(when.start)
    before = reading.even[max(sentence.start, when.start - _BEFORE) : when.start]
    if _TITLED.search(reading.section_at(when.start).heading) or _LABEL.search(before):
        return True
    cues = list(_words("began").finditer(before))
    if not cues:
        # "It was in the spring of 2024 that the neck first ached."
        return _IT_WAS.search(before) is not None and _nearest(
            reading.even[when.end : sentence.end], "pain", _AFTER
        )
    lead, between = before[: cues[-1].start()], before[cues[-1].end() :]
    if _OF_ELSE.search(between):
        return False
    after = reading.even[when.end : sentence.end]
    pain, other = _last(lead, "pain"), _last(lead, "other")
    if pain >= 0 or other >= 0:
        return pain > other or _follows(after)
    return (
        any(_words("pain").search(part) for part in (between, after[:_AFTER]))
        or _words("event").search(between) is not None
        or _THIS.search(before) is not None
        or _previous_pain(reading, sentence.start)
    )


def _ever_since(reading: Reading, past: list[Moment]) -> Iterator[tuple[float, int, int]]:
    """Pain "ever since" an accident dated close by, or elsewhere in the note."""
    accidents: list[tuple[float, int, int]] | None = None
    for match in _EVER_SINCE.finditer(reading.even):
        sentence = reading.sentence_at(match.start())
        if not _words("pain").search(reading.even, sentence.start, sentence.end):
            continue
        if accidents is None:
            accidents = [
                (months, when.start, when.end)
                for when in past
                if (months := _elapsed(when, reading.dos)) is not None
                and _eventful(reading, when.start, when.end)
            ]
        starts = [start for _, start, _ in accidents]
        near = bisect_left(starts, sentence.start - _CLOSE_BY)
        if near < len(starts) and starts[near] < match.start():
            yield accidents[near]
        else:
            yield from accidents[:1]


def _eventful(reading: Reading, start: int, end: int) -> bool:
    """Whether a date is that of an accident or an injury: "DOI 02/03/2024", "MVA '23"."""
    sentence = reading.sentence_at(start)
    near = reading.even[max(sentence.start, start - 60) : min(sentence.end, end + 25)]
    return _words("event").search(near) is not None


def _long(reading: Reading) -> Iterator[tuple[float, int, int]]:
    """Long times without a number: "for years", "a decade of neck ache"."""
    for match in _words("long").finditer(reading.even):
        if _OFTEN.search(reading.even, max(0, match.start() - 16), match.start()):
            continue
        if _of_pain(reading, match.start(), match.end(), 0):
            text = match.group().lower()
            months = 6 if "half a year" in text or "months" in text else _UNKNOWN_LONG
            yield months, match.start(), match.end()


def _elapsed(when: Moment, dos: date | None) -> float | None:
    """Months from a date to the day of service; None when the date is not past."""
    if dos is None:
        return _UNKNOWN_LONG if when.year is not None else None
    if when.year is None:
        return None
    if when.month is None:
        # Only the year is sure: counted from its end, though never under three months.
        past = dos.year - when.year
        return max(_LEAST, past * 12 + dos.month - 12) if past >= 1 else None
    months = (dos.year - when.year) * 12 + dos.month - when.month
    if when.day is not None and dos.day < when.day:
        months -= 1
    return months if months >= 0 else None


def _previous_pain(reading: Reading, start: int) -> bool:
    """Whether the sentence before speaks of the pain."""
    if start == 0:
        return False
    before = reading.sentence_at(start - 1)
    return _words("pain").search(reading.even, before.start, before.end) is not None


def _follows(after: str) -> bool:
    """Whether the pain is named right behind a time: "since 2024 for right-sided neck pain"."""
    said = _FOR_PAIN.match(after)
    return said is not None and _nearest(after[said.end() :], "pain", 30)


def _last(text: str, name: str) -> int:
    end = -1
    for match in _words(name).finditer(text):
        end = match.start()
    return end


def _first(text: str, name: str) -> int | None:
    match = _words(name).search(text)
    return match.start() if match else None


def _nearest(text: str, name: str, within: int) -> bool:
    match = _words(name).search(text)
    return match is not None and match.start() <= within


def _months(raw: str, unit: str, half: bool) -> float | None:
    word = " ".join(raw.lower().split())
    number: float | None
    if word.startswith(("half", "1/2")):
        number = 0.5
    elif "couple" in word:
        number = 2.0
    elif "few" in word or word == "several":
        number = 3.0
    elif word == "many":
        number = 5.0
    elif word in {"a", "an"}:
        number = 1.0
    else:
        number = numbers.value(raw)
    if number is None or (number > 80 and unit[0].lower() != "d"):
        return None
    number += 0.5 if half else 0.0
    first = unit[0].lower()
    if unit.lower().startswith(("winter", "summer", "harvest")):
        first = "y"
    if first == "d":
        return number / 30
    if first == "y":
        return number * 12
    return number if first == "m" else number / 4
