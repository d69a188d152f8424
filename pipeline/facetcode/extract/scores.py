"""Pain scores on their scale, before and after today's block."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from typing import Literal

from facetcode.extract import numbers, score_runs, timeline
from facetcode.extract.reading import Reading
from facetcode.extract.rules import Text, load_rules, lowered
from facetcode.extract.score_words import Mention, rule
from facetcode.extract.text import Sentence
from facetcode.facts import Score

When = Literal["pre", "post", "other"]
_SILENT = frozenset({"family", "consent", "injectate", "imaging"})


@dataclass(frozen=True, slots=True)
class _Place:
    """What the time of a score is told from, besides its own words."""

    reading: Reading
    low: str
    needle: Callable[[], int]
    day_of: Callable[[int], date | None]


def find(reading: Reading, *, block_today: bool) -> tuple[Score, ...]:
    """Every pain score with when it was taken; all ``other`` when no block was done today."""
    mentions = [
        m for m in score_runs.find(reading) if reading.section_at(m.start).category not in _SILENT
    ]
    whens: list[tuple[When, bool]] = [("other", False)] * len(mentions)
    if block_today and mentions:
        low = reading.even.low if isinstance(reading.even, Text) else lowered(reading.even)
        place = _Place(
            reading, low, cache(partial(timeline.needle, reading)), timeline.entries(reading)
        )
        whens = []
        for index, mention in enumerate(mentions):
            above = mentions[index - 1] if index else None
            below = mentions[index + 1].start if index + 1 < len(mentions) else len(low)
            whens.append(_when(place, mention, above, below, whens[-1][0] if whens else None))
        if not any(when == "pre" for when, _ in whens):
            # The pain of most days is a baseline where nobody asked for that of today.
            whens = [("pre" if usual else when, usual) for when, usual in whens]
    return tuple(
        Score(m.low, m.high, m.scale, when, (reading.evidence(m.start, m.end),))
        for m, (when, _) in zip(mentions, whens, strict=True)
    )


@cache
def _beside(name: str) -> re.Pattern[str]:
    """What a score's own time looks like right behind it."""
    words = load_rules("scores")[name]
    return re.compile(
        r"\s*[,(]?\s*(?:pain\s+)?(?:(?:measured|taken|reported|and|still|all|back|again|lying|sitting|standing)\s+)?"
        rf"(?:(?:on|at|in|by|upon|over)\s+|@\s*)?(?:the\s+)?(?:about\s+)?(?:{words})(?![a-z0-9])"
    )


# Its label stands right in front: "Pre 6/10   Post 1/10", "arrival 7/10", "pain out 1/10".
_LABEL = re.compile(
    r"(?<![a-z])(?:(?P<pre>(?<![\d.])0\s?-?\s?(?:min(?:ute)?s?|h(?:ou)?rs?)|pre|before|baseline|arrival|pain\s+in|intake|check[\s-]?in)|post|after|pain\s+out|discharge|check[\s-]?out)"
    r"(?:-?\s?(?:procedure|block|injection|op|inj))?"
    r"[\s:|=.(-]{0,12}(?:pain|score|nrs|vas)?[\s:|=.(-]{0,8}$"
)
_COLUMN = re.compile(
    rf"(?P<pre>\b(?:pre|before|baseline|arrival)\b|\b0\s?(?:min|h)|\bpain\s+in\b)|\b(?:post|after|discharge|out)\b"
    rf"|\b(?:\d{{1,3}}|{numbers.WORD})\s?(?:min|h)",
    re.IGNORECASE,
)
_FORWARD = re.compile(r"\s*(?:to\b|-|->|=>)")
_REACH = 70
_HEADED = frozenset({"title", "procedure", "levels", "diagnosis"})
_FIELD = 200
"""Characters a field goes on for; an account under its heading is longer."""
# "Back to 8/10 by dinner": what an earlier block did is over.
_AGAIN = re.compile(r"(?<![a-z])(?:back\s+(?:up\s+)?to|returned\s+to)\s+(?:an?\s+)?$")
_BACK = 20


def _when(
    place: _Place, score: Mention, above: Mention | None, below: int, last: When | None
) -> tuple[When, bool]:
    """When a score was taken, and whether it is the pain of most days, not of one hour."""
    reading, low, start, end = place.reading, place.low, score.start, score.end
    sentence, section = reading.sentence_at(start), reading.section_at(start)
    floor, ceiling = max(sentence.start, start - _REACH), min(max(sentence.end, end), end + 40)
    if _is_of_other_day(place, score, floor, ceiling):
        return "other", False
    if score.tagged and last == "other" and above is not None and start - above.end < _RUN_ON:
        return "other", False
    cut = max(low.rfind(mark, floor, start) for mark in (",", ";", "\n"))
    ahead = max(floor, cut)
    after_needle = start > place.needle()
    if not after_needle and not score.tagged:
        usual = rule("usual").search(low, ahead, start)
        if usual or _beside("beside_usual").match(low, end, ceiling):
            return "other", True
    if score.role:
        return score.role, False
    column = _column(reading.even, start)
    label = _LABEL.search(low, max(sentence.start, start - 40), start)
    if label:
        # Under the heading "Post:" a score of before stands too: "7/10 on the way in".
        heads = label.start() < section.body
        if heads and not label["pre"] and _beside("beside_pre").match(low, end, ceiling):
            return "pre", False
        return ("pre" if label["pre"] else "post"), False
    if column:
        return ("pre" if column["pre"] else "post"), False
    if _beside("beside_post").match(low, end, ceiling):
        return "post", False
    if _beside("beside_pre").match(low, end, ceiling):
        return "pre", False
    if _TURN.match(low, end):
        return ("pre" if after_needle else "other"), False
    if after_needle and _beside("beside_late").match(low, end, ceiling):
        return "post", False
    # What stands behind the next score is said of that one.
    return _by_words(place, score, floor, max(end, min(ceiling, below))), False


_RUN_ON = 80
# "Was 8, now 1."
_TURN = re.compile(
    r"\s*(?:,|;|and|but)?\s*(?:(?:it|pain|s?he)\s+(?:is\s+)?)?(?:is\s+)?now\s+(?:(?:at|is|it|only|down|to|about|an?)\s+){0,3}\d"
)


def _by_words(place: _Place, score: Mention, floor: int, ceiling: int) -> When:
    """From the last word of time in front of it, else from its section, else from its place."""
    reading, low, start, end = place.reading, place.low, score.start, score.end
    section = reading.section_at(start)
    posts = list(rule("post").finditer(low, floor, start))
    pres = list(rule("pre").finditer(low, floor, start))
    needle = place.needle()
    told_before = section.time == "prior" and not section.start < needle < start
    firm = any(rule("firmly_pre").match(low, m.start(), start) for m in pres)
    if posts and (not told_before or any(m.group() != "to" for m in posts)):
        if not pres or posts[-1].end() >= pres[-1].end() or not firm:
            return "post"
    if told_before:
        return "pre"
    if (
        pres
        and (firm or start <= needle or section.time == "prior")
        and section.category != "postprocedure"
    ):
        return "pre"
    trailing = [m for m in rule("post").finditer(low, end, ceiling) if m.group() != "to"]
    if trailing and not _FORWARD.match(low, end, ceiling):
        return "post"
    if section.category == "postprocedure" and not reading.headed_before_today(section):
        return "pre" if section.heading.lower().lstrip(" #*").startswith("pre") else "post"
    day = place.day_of(start)
    if day and reading.dos and day > reading.dos:
        return "post"
    field = section.category in _HEADED and start - section.start < _FIELD
    return "post" if start > needle and not field else "pre"


def _is_of_other_day(place: _Place, score: Mention, floor: int, ceiling: int) -> bool:
    reading, low, start, end = place.reading, place.low, score.start, score.end
    sentence = reading.sentence_at(start)
    if _beside("beside_now").match(low, end, ceiling):
        return False
    now = [m.end() for m in _NOW.finditer(low, floor, start)]
    told = [m for m in rule("other").finditer(low, floor, start)]
    if told and (not now or told[-1].start() > now[-1]):
        return True
    if _beside("beside_other").match(low, end, ceiling) and not score.tagged:
        return True
    if now:
        return False
    section, needle = reading.section_at(start), place.needle()
    if reading.headed_before_today(section) and not section.start < needle < start:
        return True
    day = place.day_of(start)
    if day and reading.dos and day < reading.dos:
        return True
    if start < needle and _AGAIN.search(low, max(sentence.start, start - _BACK), start):
        return True
    if reading.dated_before_today(Sentence(sentence.start, start, 0)):
        return True
    if reading.dos and any(
        w.day and w.day < reading.dos for w in reading.dates_in(end, end + _BESIDE)
    ):
        return True
    return score.tagged and _headed_earlier(place, start)


_BESIDE = 8
_ROWS = 8


def _headed_earlier(place: _Place, start: int) -> bool:
    """Whether the line that opens a diary tells of an earlier block: "Block #1 (2/10):"."""
    reading, low = place.reading, place.low
    line = low.rfind("\n", 0, start) + 1
    for _ in range(_ROWS):
        above = low.rfind("\n", 0, max(0, line - 1)) + 1
        if line == 0 or not low[above:line].strip():
            return False
        if low[above:line].rstrip().endswith(":"):
            head = Sentence(above, line, 0)
            return (
                reading.dated_before_today(head)
                or rule("other").search(low, above, line) is not None
            )
        line = above
    return False


_NOW = re.compile(
    r"(?<![a-z])(?:today|now|this\s+(?:morning|afternoon|visit)|currently|on\s+arrival|at\s+present)(?![a-z])"
)
_ROWS_UP = 5
_SLACK = 4
"""Characters a value may stand beside its column's name."""


def _column(text: str, start: int) -> re.Match[str] | None:
    """The name, told in a line above, of the table column a score stands in."""
    line = text.rfind("\n", 0, start) + 1
    bars = text.count("|", line, start)
    if not bars and "  " not in text[line:start].lstrip():
        return None
    at = start - line
    for _ in range(_ROWS_UP):
        above_end = line - 1
        if above_end < 0:
            return None
        line = text.rfind("\n", 0, above_end) + 1
        above = text[line:above_end]
        if not above.strip():
            return None
        if bars:
            cells = above.split("|")
            found = _COLUMN.search(cells[bars]) if len(cells) > bars else None
        else:
            found = _COLUMN.search(above, max(0, at - _SLACK), at + _SLACK + 4)
        if found:
            return found
    return None
