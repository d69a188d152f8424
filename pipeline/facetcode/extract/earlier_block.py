"""When the earlier block of this series was, as the note states it."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import timedelta

from facetcode.extract import days_told
from facetcode.extract.reading import Reading
from facetcode.extract.rules import Text, lowered
from facetcode.extract.text import Sentence
from facetcode.facts import Finding

_NUMBERED = (
    r"#\s?1|no\.?\s?1|number\s+(?:1|one)"
    r"|(?:block|blk|mbb|set|round|session|injection|inj|procedure)\s?#?\s?(?:1|one)"
)
# In small letters, as the text is searched.
_FIRST = re.compile(
    rf"(?<!\w)(?:first|1st|initial|opening|prior|previous|last|earlier|{_NUMBERED})(?!\w)"
)
_NAMED = re.compile(_NUMBERED, re.IGNORECASE)
_BLOCK = re.compile(
    r"\b(?:blocks?|blocked|blks?|mbbs?|medial\s+branch|diagnostic|facets?|injections?|injected|inj|sets?|one|rounds?|sessions?|numbed)\b"
    r"|#\s?1\b|\bfirst\s+(?:was|were|done|performed|on|in|of\s+(?:the\s+|this\s+)?(?:pair|two|series))\b|\bthe\s+first\s*[,(]",
    re.IGNORECASE,
)
# "The block of March 9", "days since her last injections".
_BLOCK_OF = re.compile(
    r"(?<!\w)(?:blocks?|blks?|mbbs?|injections?|set|session)\s+(?:(?:was|were|done|performed|given)\s+)*(?:of|on|from|dated)\s+"
)
# "Last seen", "prior MRI", "initial pain", "last Friday": first or last of something else.
_OF_ELSE = re.compile(
    r"\s*(?:auth\w*|seen|visit|checked|taken|took|dose|mri|ct|x-?ray|imaging|scan|emg|inr|labs?|pain\b|vas|nrs|score|"
    r"noticed|felt|noted|began|started|saw|clinic|follow\w*|evaluat\w*|consult\w*|review\w*|physical|therapy|treat\w*|"
    r"surger\w*|fusion|appointment|office|contact\w*|spoke|weeks?|months?|years?|night|menst\w*|rfa?\b|ablation|epidural|esi|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|fall|spring|summer|winter|autumn|but\b)\b",
    re.IGNORECASE,
)
_UNTIL_TODAY = re.compile(
    r"\(?(?:ago|prior|previous|before\s?hand|earlier|back|apart|since|ha[vsd])", re.IGNORECASE
)
_AGO = re.compile(r"\(?(?:ago|back|previous|before\s?hand)", re.IGNORECASE)
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
_GOES_ON = re.compile(
    r"\s*(?:that|this|it|which|done|performed|date[d:]?|on)\b[^.;]{0,30}?(?:\b(?:was|is|were|has|had|on|took)\b|:)",
    re.IGNORECASE,
)
# A row numbered 1 below a heading of blocks: "| 1 | 03/11/2026 | 85% |".
_ROW = re.compile(r"(?m:^)[ \t]*\|?[ \t]*#?1[ \t]*\|")
_TITLED = re.compile(r"block|mbb|session|set\b", re.IGNORECASE)
_HEADING_ROWS = 160
"""Characters above a numbered row in which its heading stands."""
_BEHIND = 60
"""Characters behind the sentence in which its date may follow."""


@dataclass(frozen=True, slots=True)
class _Time:
    start: int
    end: int
    days: int | None
    """Days before today; None where the note's own day is not known."""
    date: str | None = None


def find(reading: Reading) -> Finding | None:
    """When the earlier block was: its ISO date, or the days since, as the note states it."""
    text = reading.even
    low = text.low if isinstance(text, Text) else lowered(text)
    times: dict[tuple[int, int], list[_Time]] = {}
    for start, end, sentence in _named(reading, low):
        time = _time_of(reading, sentence, start, end, times)
        if time is None:
            continue
        spot = (reading.evidence(time.start, time.end),)
        if time.date is not None:
            return Finding("prior_block_date", spot, time.date)
        return Finding("interval_days", spot, str(time.days))
    return None


def _named(reading: Reading, low: str) -> list[tuple[int, int, Sentence]]:
    """Where the note names an earlier block, with the sentence; in order of certainty."""
    found: list[tuple[int, int, Sentence]] = []
    for match in _FIRST.finditer(low):
        if reading.section_time(match.start()) in {"planned", "conditional", "other"}:
            continue
        named = _NAMED.match(match.group()) is not None
        if not named and _OF_ELSE.match(low, match.end()):
            continue
        sentence = reading.sentence_at(match.start())
        if named or _BLOCK.search(low, sentence.start, sentence.end):
            found.append((match.start(), match.end(), sentence))
    for match in _ROW.finditer(low):
        if _TITLED.search(low, max(0, match.start() - _HEADING_ROWS), match.start()):
            found.append((match.start(), match.end(), reading.sentence_at(match.end() - 1)))
    for match in _BLOCK_OF.finditer(low):
        # Only what is dated right there.
        reach = Sentence(match.start(), min(len(low), match.end() + 12), 0)
        if reading.section_time(match.start()) not in {"planned", "conditional", "other"}:
            found.append((match.start(), match.end(), reach))
    return found


def _time_of(
    reading: Reading,
    sentence: Sentence,
    start: int,
    end: int,
    known: dict[tuple[int, int], list[_Time]],
) -> _Time | None:
    """The time nearest to the words that name the block, in their clause before any other.

    ``known`` keeps the times of a stretch, which may name the block many times.
    """
    for low, high in _stretches(reading, sentence, start):
        times = known.get((low, high))
        if times is None:
            times = _dated(reading, low, high) + _counted(reading, low, high)
            known[low, high] = times
        if times:
            return min(times, key=lambda t: (max(t.start - end, start - t.end, 0), t.start))
    last = min(len(reading.even), sentence.end + _BEHIND)
    behind = _dates(reading, sentence.end, last)
    return behind[0] if behind else None


def _stretches(reading: Reading, sentence: Sentence, at: int) -> list[tuple[int, int]]:
    """The clause that names the block, its whole sentence, and a next one that goes on with it."""
    text = reading.even
    low = text.rfind(";", sentence.start, at) + 1 or sentence.start
    high = text.find(";", at, sentence.end)
    found = [(low, high if high >= 0 else sentence.end)]
    after = reading.sentence_at(min(sentence.end, max(0, len(text) - 1)))
    if after.start >= sentence.end and _GOES_ON.match(text, after.start, after.end):
        found.append((after.start, after.end))
    return found


def _dates(reading: Reading, low: int, high: int) -> list[_Time]:
    """Dates written out that lie before today."""
    first = bisect_left(reading.dates, low, key=lambda w: w.start)
    last = bisect_left(reading.dates, high, key=lambda w: w.start)
    return [
        _Time(w.start, w.end, None, w.day.isoformat())
        for w in reading.dates[first:last]
        if w.day and (reading.dos is None or w.day < reading.dos)
    ]


def _dated(reading: Reading, low: int, high: int) -> list[_Time]:
    """Dates, and days of the month or week told in words."""
    found = _dates(reading, low, high)
    if reading.dos is None:
        return found
    for told in days_told.days(reading.even, low, high, reading.dos):
        if any(t.start < told.end and told.start < t.end for t in found):
            continue
        day = reading.dos - timedelta(days=told.days)
        found.append(_Time(told.start, told.end, told.days, day.isoformat()))
    return found


def _counted(reading: Reading, low: int, high: int) -> list[_Time]:
    """Days, weeks or months between the blocks, in numbers."""
    found = []
    for gap in days_told.gaps(reading.even, low, high):
        held = reading.even[max(low, gap.start - 40) : gap.end + 40]
        if not _AGO.match(gap.how) and _NOT_GAP.search(held):
            continue
        if gap.how and not _UNTIL_TODAY.match(gap.how) and not _NOW.search(reading.even, low, high):
            continue
        found.append(_Time(gap.start, gap.end, gap.days))
    return found
