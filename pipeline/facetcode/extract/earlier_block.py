"""When the earlier block of this series was, as the note states it."""

from __future__ import annotations

import re
from datetime import date

from facetcode.extract import numbers
from facetcode.extract.reading import Reading
from facetcode.extract.text import Sentence
from facetcode.facts import Finding

_FIRST = re.compile(
    r"(?<!\w)(?:first|1st|initial|prior|previous|last|earlier|#\s?1|no\.?\s?1|number\s+(?:1|one)|"
    r"block\s+(?:1|one)|mbb\s?#?\s?1)\b",
    re.IGNORECASE,
)
_NAMED = re.compile(r"#\s?1|no\.?\s?1|number|block|mbb", re.IGNORECASE)
_BLOCK = re.compile(
    r"\b(?:blocks?|mbbs?|medial\s+branch|diagnostic|facets?|injections?|sets?|one)\b|#\s?1\b"
    r"|\bfirst\s+(?:was|done|performed|on)\b",
    re.IGNORECASE,
)
# "Last seen", "prior MRI", "initial pain": first or last of something else.
_OF_ELSE = re.compile(
    r"\s*(?:auth\w*|seen|visit|checked|taken|took|dose|mri|ct|x-?ray|imaging|scan|emg|inr|labs?|pain\b|vas|nrs|score|"
    r"noticed|felt|noted|began|started|saw|clinic|follow\w*|evaluat\w*|consult\w*|review\w*|physical|therapy|treat\w*|"
    r"surger\w*|fusion|appointment|office|contact\w*|spoke|week|month|year|night|menst\w*|rfa?\b|ablation|epidural|esi)\b",
    re.IGNORECASE,
)
_GAP = re.compile(
    rf"\b(?P<n>\d{{1,3}}|{numbers.WORD})\s*(?P<unit>days?|weeks?|wks?|months?|mos?)\s+"
    r"(?P<how>ago|prior|earlier|apart|back|before|after|since|following|have\s+(?:passed|elapsed))",
    re.IGNORECASE,
)
_INTERVAL = re.compile(
    rf"\b(?:interval|gap|time\s+(?:since|from))\b[^.;\n]{{0,40}}?\b(?P<n>\d{{1,3}}|{numbers.WORD})\s*"
    r"(?P<unit>days?|weeks?|wks?|months?|mos?)\b",
    re.IGNORECASE,
)
_UNTIL_TODAY = re.compile(r"\b(?:ago|prior|earlier|back|apart|since|have)", re.IGNORECASE)
_AGO = re.compile(r"ago|back", re.IGNORECASE)
_NOW = re.compile(
    r"\b(?:returns?|returned|today|now|here|second|repeat|confirmatory|comes|attends)\b",
    re.IGNORECASE,
)
# Days that the relief held, or that a rule asks for.
_NOT_GAP = re.compile(
    r"\b(?:lasted|lasting|wore\s+off|came\s+back|pain\s+returned|recurred|relief\s+for|called|at\s+least|no\s+(?:sooner|earlier)|"
    r"minimum|not\s+before|required?|until)\b",
    re.IGNORECASE,
)


def find(reading: Reading) -> Finding | None:
    """When the earlier block was: its ISO date, or the days since, as the note states it."""
    for match in _FIRST.finditer(reading.even):
        if reading.section_time(match.start()) in {"planned", "conditional", "other"}:
            continue
        if not _NAMED.match(match.group()) and _OF_ELSE.match(reading.even, match.end()):
            continue
        sentence = reading.sentence_at(match.start())
        if not _BLOCK.search(reading.even, sentence.start, sentence.end):
            continue
        found = _dated(reading, sentence, match.end()) or _counted(reading, sentence)
        if found is not None:
            return found
    return None


def _dated(reading: Reading, sentence: Sentence, near: int) -> Finding | None:
    """The earlier date nearest to the words that name the block, in their sentence or behind."""
    days: list[tuple[int, date, int, int]] = [
        (abs(w.start - near), w.day, w.start, w.end)
        for w in reading.dates
        if sentence.start <= w.start < sentence.end + 60
        and w.day
        and (reading.dos is None or w.day < reading.dos)
    ]
    if not days:
        return None
    _, day, start, end = min(days)
    return Finding("prior_block_date", (reading.evidence(start, end),), day.isoformat())


def _counted(reading: Reading, sentence: Sentence) -> Finding | None:
    """Days, weeks or months between the blocks, in numbers."""
    for pattern in (_GAP, _INTERVAL):
        for gap in pattern.finditer(reading.even, sentence.start, sentence.end):
            if not (pattern is _GAP and _AGO.match(gap["how"])) and _NOT_GAP.search(
                reading.even, max(sentence.start, gap.start() - 40), gap.end() + 40
            ):
                continue
            if pattern is _GAP and not (
                _UNTIL_TODAY.match(gap["how"])
                or _NOW.search(reading.even, sentence.start, sentence.end)
            ):
                continue
            number = numbers.value(gap["n"])
            if number is not None:
                factor = {"d": 1, "w": 7, "m": 30}[gap["unit"][0].lower()]
                spot = reading.evidence(gap.start(), gap.end())
                return Finding("interval_days", (spot,), str(int(number * factor)))
    return None
