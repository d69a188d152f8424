"""What makes a percentage one of relief: words beside it, an hour it held, a side, who said it."""

from __future__ import annotations

import re

from facetcode.extract import numbers
from facetcode.extract.credit import Account, Subject, beside, rule
from facetcode.extract.lookalikes import said
from facetcode.extract.reading import Reading
from facetcode.facts import When

# A percentage that lasted, or that something gave, is a result without the word relief.
_LASTED = re.compile(
    rf"\s*[,(|/]?\s*(?:(?:for|x|lasting|lasted|over|during|until)\s*)?(?:about\s+|approximately\s+|~\s*|the\s+|most\s+of\s+)*"
    rf"(?:(?:\d{{1,3}}(?:\.\d)?|{numbers.WORD}|several|a\s+few|some|one|that|the)\s*-?\s*(?:\d{{1,2}}\s*)?"
    r"(?:h|hrs?|hours?|days?|weeks?|wks?|months?|mos?|minutes|mins?|afternoon|evening|rest)\b)",
    re.IGNORECASE,
)
_GAVE = re.compile(
    r"\b(?:gave|gives|given|giving|helped|help|provided|yielded|got|produced|obtained|achieved|brought|took|"
    r"taken|took\s+away|puts\s+it\s+at|calls?\s+it|called\s+it|guessed(?:\s+it\s+(?:as|at))?|allowed|declared|settled\s+on|volunteered|"
    r"wrote(?:\s+down)?|writes(?:\s+down)?|put\s+down|answered|became)\s+"
    r"(?:(?:her|him|them|only|about|approximately|roughly|around|a|an|some|maybe|me|nearly|almost|just|away|good)\s+)*\"?$",
    re.IGNORECASE,
)
# "She told the nurse 60 percent."
_SAYS = re.compile(
    r"\b(?:said|says|told\s+\w+(?:\s+\w+)?|reported|reports|states?|stated|had|noted|felt|put\s+it\s+at|rated\s+it(?:\s+at)?|thinks?|believes?|guess(?:es)?|more\s+like|closer\s+to)\s+"
    r"(?:it\s+(?:was|is)\s+)?(?:more\s+like\s+|closer\s+to\s+|about\s+|around\s+)?\"?$",
    re.IGNORECASE,
)
_SAYS_AFTER = re.compile(
    r"\s*[\",.]*\s*(?:(?:s?he|pt|patient)\s+(?:says|said|reports|states|thinks|feels)|"
    r"(?:per|by|according\s+to)\s+(?:the\s+|her\s+|his\s+)?(?:pt|patient|own|report))",
    re.IGNORECASE,
)
_STOP = re.compile(r"\s*(?:[.;,\"\n]|$)")
_HEADED = re.compile(r"relief|response|diary|result|outcome|block|mbb", re.IGNORECASE)


def speaks_of_relief(reading: Reading, told: Account, subject: Subject | None, when: When) -> bool:
    """Whether a named block, what stands around it, or its heading makes it one of relief."""
    text, start, end = reading.even, told.start, told.end
    if subject is not None and subject.ours and subject.start >= told.rows:
        return True
    if said(text, start, end) or _HEADED.search(told.section.heading):
        return True
    behind = text[end : max(end, min(end + 120, told.sentence.end))]
    ahead = text[max(told.rows, start - 120) : start]
    if beside("changed").match(behind) or beside("of_pain").match(behind):
        return True
    if beside("by").search(ahead) or _GAVE.search(ahead):
        return True
    if subject is not None and subject.ours and _told_by_hours(text, told):
        return True
    if _sided(text, told):
        return True
    if _LASTED.match(text, end) or (_SAYS.search(ahead) and _STOP.match(text, end)):
        return True
    near = text[max(told.rows, start - 110) : min(told.sentence.end, end + 90)]
    return bool(
        rule("relief").search(near)
        or (
            rule("change").search(near)
            and (told.section.category == "postprocedure" or rule("pain").search(near))
        )
        or (when == "today" and (_SCORE.search(near) or _SAYS_AFTER.match(text, end)))
        or ((when == "today" or (subject and subject.ours)) and _OF_SIDE.search(ahead))
    )


# "Same nerve: 85%, lasting five", "fifty per cent at the first hour", "90% til lunch".
_HOURS = re.compile(
    r"\s*,?\s*(?:(?:at|in|for|by|over|within|during|after)\s+)?(?:the\s+|about\s+)*(?:(?:first|second|third|fourth|fifth|sixth|next|last|"
    r"\d{1,2}(?:st|nd|rd|th)?)\s*(?:hours?|hrs?|h)\b|(?:un)?til\b|through\b|thru\b|throughout\b|mid-?\s?(?:morning|afternoon|day)|"
    r"(?:by|at)?\s*(?:noon|lunch|supper|dinner|bed(?:time)?|night(?:fall)?|evening|midnight|next\s+(?:morning|day))\b|afterwards?\b|after\s+that\b|"
    r"lasting\b|from\s+(?:about\s+|abt\s+)?(?:\d|noon)|then\b|wearing\s+off|each\b)",
    re.IGNORECASE,
)
_AT_HOUR = re.compile(
    r"\b(?:by|at|until|till)\s+(?:the\s+)?(?:noon|lunch(?:time)?|supper|dinner|bed(?:time)?|night|midnight|evening|\d{1,2}(?::\d\d)?\s?(?:am|pm|o'clock)?|"
    r"(?:one|two|three|four|five|six|eight)(?:\s+(?:hours?|o'clock))?)\s*[,:]?\s*(?:it\s+was\s+|about\s+)?$",
    re.IGNORECASE,
)
_COLON = re.compile(r"[:=]\s*\"?$")


def _told_by_hours(text: str, told: Account) -> bool:
    """Whether a share of an hour or of the day is told, or one a colon sets behind its block."""
    if _HOURS.match(text, told.end) or _AT_HOUR.search(text, told.sentence.start, told.start):
        return True
    return bool(
        _COLON.search(text, told.sentence.start, told.start) and _STOP.match(text, told.end)
    )


_ON_SIDE = re.compile(r"\s*(?:on|in|for)\s+(?:the\s+|her\s+|his\s+)?(right|left)\b", re.IGNORECASE)
_PERCENT_ON_SIDE = re.compile(
    r"(?:%|per\s?cent)\s*(?:on|in|for)\s+(?:the\s+|her\s+|his\s+)?(right|left)\b", re.IGNORECASE
)


def _sided(text: str, told: Account) -> bool:
    """Whether its sentence tells one share of the right and one of the left side."""
    if not _ON_SIDE.match(text, told.end):
        return False
    sides = _PERCENT_ON_SIDE.findall(text, told.sentence.start, told.sentence.end)
    return len({side.lower() for side in sides}) > 1


# "right 85%, left 75%"
_OF_SIDE = re.compile(
    r"\b(?:right|left|rt|lt|[rl])(?:\s+(?:side|neck))?\s*[-:=(]?\s*(?:about|only)?\s*$",
    re.IGNORECASE,
)
_SCORE = re.compile(
    r"\b\d{1,2}(?:\s?-\s?\d{1,2})?\s?/\s?10\b|\b(?:nrs|vas)\b|\bpre\b[^\n]{0,20}\bpost\W{1,3}\d",
    re.IGNORECASE,
)
