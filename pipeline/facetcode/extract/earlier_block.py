"""When the earlier block of this series was, as the note states it."""

from __future__ import annotations

import re
from datetime import date

from facetcode.extract import numbers
from facetcode.extract.reading import Reading
from facetcode.facts import Finding

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


def find(reading: Reading) -> Finding | None:
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
