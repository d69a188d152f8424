"""Documentation items: stated or not, with the words; what a payer asks of them is ``coding``'s."""

from __future__ import annotations

import re
from datetime import date
from functools import cache

from facetcode.extract import numbers
from facetcode.extract.reading import Reading
from facetcode.extract.rules import Words, at_words, load_rules
from facetcode.facts import Finding

# Not prose: wordings of the code or the consent that name what they do not state.
_CODE_TEXT = re.compile(
    r"\b(?:spondylosis|spondylarthr\w*)\b[^.;\n]{0,30}\bwithout\b[^.;\n]{0,30}$|\bwithout\s+myelopathy\s+(?:or|and)\s*$",
    re.IGNORECASE,
)
# A field's label states nothing while its blank is empty.
_UNFILLED = re.compile(
    r"[^:\n]{0,60}:[ \t]*(?:[*_#?]{2,}[ \t.]*(?=\n|$)|(?=\n[ \t]*\S[^:\n]{0,60}:)|$)"
)
# From a label to its value: "Radicular symptoms: absent".
_AUXILIARY = re.compile(r"^[ \t\n:|-]*(?:(?:was|were|is|are|has\s+been)\s+)?", re.IGNORECASE)


@cache
def _items() -> list[tuple[str, tuple[str, ...], Words, re.Pattern[str] | None, frozenset[str]]]:
    return [
        (
            entry["name"],
            tuple(entry["hints"]),
            at_words(entry["patterns"]),
            re.compile(entry["not"], re.IGNORECASE) if entry["not"] else None,
            frozenset(entry["silent"]),
        )
        for entry in load_rules("documentation")
    ]


def find(reading: Reading) -> tuple[Finding, ...]:
    """Every item the note states, with at most two places each."""
    found: list[Finding] = []
    low = reading.even.lower()
    for name, hints, pattern, taken_back, silent in _items():
        if not any(hint in low for hint in hints):
            continue
        spots = []
        for match in pattern.finditer(reading.even):
            if reading.section_at(match.start()).category in silent:
                continue
            if name in {"radiculopathy"} and _CODE_TEXT.search(
                reading.even, max(0, match.start() - 80), match.start()
            ):
                continue
            if _UNFILLED.match(reading.even, match.end()):
                continue
            if taken_back and _taken_back(reading, match, taken_back):
                continue
            spots.append(reading.evidence(match.start(), match.end()))
            if len(spots) == 2:
                break
        if spots:
            found.append(Finding(name, tuple(spots)))
    for extra in (_duration(reading), _interval(reading)):
        if extra is not None:
            found.append(extra)
    return tuple(found)


def _taken_back(reading: Reading, match: re.Match[str], pattern: re.Pattern[str]) -> bool:
    """Whether a word just before the statement, or inside it, denies it."""
    sentence = reading.sentence_at(match.start())
    start = max(sentence.start, match.start() - 45)
    before = reading.even[start : match.start()]
    # Only the clause: "no fever; sedated with 2 mg midazolam" denies nothing of sedation.
    before = re.split(r"[;:.]|\bbut\b", before)[-1]
    return bool(
        pattern.search(before)
        or pattern.search(match.group())
        or pattern.match(_AUXILIARY.sub("", reading.even[match.end() : match.end() + 30]))
    )


_N = rf"(?:\d{{1,3}}(?:\.\d)?|{numbers.WORD}\b|several|many|couple\s+of|few)"
_DURATION = re.compile(
    rf"(?<![\w./])(?P<n>{_N})(?:\s+and\s+a\s+half)?\s*(?:\+|plus|or\s+more)?\s*-?\s*(?:to\s+\d+\s*)?"
    r"(?P<unit>years?|yrs?|yr\b|y\b|months?|mos?\b|mths?|weeks?|wks?)"
    r"(?!\s*[./-]?\s*o\b|\s*(?:old|-old|follow|ago\s+(?:she|he)\s+(?:had|under)|later|after|f/u"
    r"|of\s+(?:pt|physical|therapy|nsaid|home|chiro|conservative|meloxicam|naproxen|relief)))",
    re.IGNORECASE,
)
_PAIN = re.compile(
    r"\b(?:pain|symptoms?|neck|back|cervicalgia|ache|aching|suffer\w*|duration|onset|chronic\w*"
    r"|headaches?|complain\w*|hx|history|axial|spondylosis|facet\w*|present|persist\w*|began"
    r"|started|since|hurt\w*|injur\w*|collision|accident|mv[ac]|whiplash|fell|fall)\b",
    re.IGNORECASE,
)
_NOT_PAIN = re.compile(
    r"\b(?:relief|lasted|lasting|physical\s+therapy|\bpt\b|therapy|home\s+exercise|nsaids?"
    r"|follow[- ]?up|return|rtc|weeks?\s+of|trial|course\s+of|interval|apart|block|mbb|next"
    r"|in\s+(?:the\s+)?clinic|schedule\w*|smok\w*|post-?op\w*|meloxicam|naproxen|ibuprofen"
    r"|gabapentin|exercis\w*|chiro\w*|hold|resume)\b",
    re.IGNORECASE,
)
_SINCE = re.compile(
    r"\b(?:since|(?:goes|going|dat(?:es|ing))\s+back|began|begun|started|starting|onset|developed|beginning|from|"
    r"after|following)\b(?:[\s,:-]+[A-Za-z0-9'.]+){0,7}?[\s,:-]+"
    r"(?:\d{1,2}(?:st|nd|rd|th)?,?\s+|\d{1,2}/(?:\d{1,2}/)?)?'?"
    r"(?P<year>(?:19|20)\d\d)\b"
    r"|\b(?:for|x|many|several|over\s+(?:the\s+)?(?:past|last)?|of)\s*"
    r"(?:many\s+|several\s+|some\s+|a\s+number\s+of\s+|"
    r"the\s+(?:past|last)\s+(?:few|several|many)\s+)?(?P<years>years|yrs)\b"
    r"|\b(?P<long>long-?standing|years\s+of|decades?|multi-?year"
    r"|(?:over|more\s+than|about|nearly|half)\s+a\s+year|a\s+year)\b",
    re.IGNORECASE,
)

_IT_LASTS = re.compile(r"\b(?:it|this|that)\s+(?:has|had|is|was|started|began)\b", re.IGNORECASE)
"""The pain of the sentence before: "It has been there a year and a half"."""


def _duration(reading: Reading) -> Finding | None:
    """Months the pain has lasted, the longest stated; value in whole months."""
    best: tuple[float, int, int] | None = None
    for match in _DURATION.finditer(reading.even):
        months = _months(match["n"], match["unit"])
        if months is None or reading.section_at(match.start()).category in {
            "plan",
            "family",
            "consent",
        }:
            continue
        sentence = reading.sentence_at(match.start())
        before = reading.even[max(sentence.start, match.start() - 70) : match.start()]
        after = reading.even[match.end() : min(sentence.end, match.end() + 50)]
        section = reading.section_at(match.start())
        titled = re.search(r"duration|onset|pain\s+history", section.heading, re.IGNORECASE)
        if not titled:
            near_pain = [m.end() for m in _PAIN.finditer(before)]
            near_other = [m.end() for m in _NOT_PAIN.finditer(before)]
            ahead = _PAIN.search(after)
            ahead_other = _NOT_PAIN.search(after)
            if near_other and (not near_pain or max(near_other) > max(near_pain)):
                continue
            if not near_pain and not (
                ahead and (not ahead_other or ahead.start() < ahead_other.start())
            ):
                continue
            if not near_pain and re.search(r"\bago\b", after[:6]):
                continue
        if best is None or months > best[0]:
            best = (months, match.start(), match.end())
    since = None
    for match in _SINCE.finditer(reading.even):
        if reading.section_at(match.start()).category in {"plan", "family", "consent"}:
            continue
        sentence = reading.sentence_at(match.start())
        told = _PAIN.search(reading.even, sentence.start, sentence.end)
        if not told and not _IT_LASTS.search(reading.even, sentence.start, match.start()):
            continue
        since = match
        break
    if since is not None and (best is None or best[0] < 3):
        months = 12
        if since["year"] and reading.dos is not None:
            # Only the year is sure: counted from its end, though never under three months.
            past = reading.dos.year - int(since["year"])
            months = 0 if past < 1 else max(3, past * 12 + reading.dos.month - 12)
        if months >= 3:
            best = (months, since.start(), since.end())
    if best is None:
        return None
    return Finding("pain_duration", (reading.evidence(best[1], best[2]),), str(int(best[0])))


def _months(raw: str, unit: str) -> float | None:
    word = raw.lower()
    number = {"several": 3.0, "many": 5.0, "few": 3.0}.get(word) or (
        2.0 if word.startswith("couple") else numbers.value(raw)
    )
    if number is None or number > 80:
        return None
    first = unit[0].lower()
    if first == "y":
        return number * 12
    return number if first == "m" else number / 4.345


_FIRST = re.compile(
    r"(?<!\w)(?:first|1st|initial|prior|previous|last|earlier|#\s?1|no\.?\s?1|number\s+(?:1|one)|block\s+(?:1|one)|mbb\s?#?\s?1)\b",
    re.IGNORECASE,
)
_BLOCK = re.compile(
    r"\b(?:blocks?|mbbs?|medial\s+branch|diagnostic|facets?|injections?|sets?|one)\b|#\s?1\b|\bfirst\s+(?:was|done|performed|on)\b",
    re.IGNORECASE,
)
_GAP = re.compile(
    rf"\b(?P<n>\d{{1,3}}|{numbers.WORD})\s*(?P<unit>days?|weeks?|wks?|months?|mos?)\s+(?:ago|prior|earlier|apart|before|after|since|following|have\s+(?:passed|elapsed))",
    re.IGNORECASE,
)


def _interval(reading: Reading) -> Finding | None:
    """When the earlier block was: its ISO date, or the days since, as the note states it."""
    for match in _FIRST.finditer(reading.even):
        if reading.section_time(match.start()) in {"planned", "conditional", "other"}:
            continue
        sentence = reading.sentence_at(match.start())
        if not _BLOCK.search(reading.even, sentence.start, sentence.end):
            continue
        days: list[tuple[date, int, int]] = [
            (w.day, w.start, w.end)
            for w in reading.dates
            if sentence.start <= w.start < min(sentence.end + 60, len(reading.even))
            and w.day
            and (reading.dos is None or w.day < reading.dos)
        ]
        if days:
            day, start, end = min(days, key=lambda d: abs(d[1] - match.end()))
            return Finding("prior_block_date", (reading.evidence(start, end),), day.isoformat())
        gap = _GAP.search(reading.even, sentence.start, sentence.end)
        if gap:
            number = numbers.value(gap["n"])
            factor = {"d": 1, "w": 7, "m": 30}[gap["unit"][0].lower()]
            if number is not None:
                return Finding(
                    "interval_days",
                    (reading.evidence(gap.start(), gap.end()),),
                    str(int(number * factor)),
                )
    return None
