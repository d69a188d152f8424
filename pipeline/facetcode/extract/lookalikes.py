"""Percentages that look like relief and are none: of a drug, a reading, a movement, a rule."""

from __future__ import annotations

import re
from functools import cache

from facetcode.extract.credit import Account, beside, rule
from facetcode.extract.percentages import Percentage
from facetcode.extract.reading import Reading
from facetcode.extract.rules import load_rules

_NEVER = frozenset({"family", "consent"})
_SELDOM = frozenset({"imaging", "exam", "codes", "injectate", "anesthesia", "guidance"})
"""Sections in which only "85% relief" in so many words is one."""
_DRUGS = frozenset({"injectate", "anesthesia", "guidance"})
_STRENGTH = 10.0
"""Drugs are not given stronger; a relief of so little is called one in words."""


# "85% relief" is one whatever stands around it.
_SAID_AFTER = re.compile(
    r"\s*\"?\s*(?:of\s+|concordant\s+|total\s+|overall\s+)*(?:the\s+|her\s+|his\s+|usual\s+|index\s+|neck\s+)*"
    r"(?:pain\s+)?(?:relie[fv]|rele?if)",
    re.IGNORECASE,
)
_SAID_BEFORE = re.compile(
    r"\brelie(?:f|ved)\s*(?:\([^()%]{0,24}\)\s*)?(?:(?:was|is|of|at|about|approximately|rated|estimated|her|him|"
    r"pain|score|by|=|:|-+>?|\||the|right|left)\s*){0,4}[(\"~]?\s*$",
    re.IGNORECASE,
)


def said(text: str, start: int, end: int) -> bool:
    """Whether the word relief stands right beside the percentage at these offsets."""
    return bool(
        _SAID_AFTER.match(text, end, end + 50)
        or _SAID_BEFORE.search(text, max(0, start - 50), start)
    )


@cache
def _not_after() -> re.Pattern[str]:
    return re.compile(
        r"^\s*\)?\"?\s*(?:" + "|".join(load_rules("relief")["not_after"]) + ")", re.IGNORECASE
    )


@cache
def _not_before() -> re.Pattern[str]:
    rules = load_rules("relief")
    return re.compile(
        rf"\b(?:{'|'.join(rules['not_before'])})(?:{rules['not_before_link']})", re.IGNORECASE
    )


def is_something_else(reading: Reading, percentage: Percentage) -> bool:
    """Whether the words beside a percentage, or its section, make it one of a drug or a reading."""
    text, start, end = reading.even, percentage.start, percentage.end
    section = reading.section_at(start)
    plain = said(text, start, end)
    behind = text[end : max(end, min(end + 80, reading.sentence_at(start).end))]
    if section.category in _NEVER:
        return True
    if section.category in _SELDOM and not plain:
        # An account that goes on under the heading of its drugs ends with what it gave.
        changed = section.category in _DRUGS and beside("changed").match(behind)
        if not changed:
            return True
    if _not_after().match(behind):
        return True
    low = max(0, start - 60)
    if percentage.high <= _STRENGTH and (
        beside("drug_after").match(behind)
        or beside("drug_before").search(text[low:start])
        or (0 < percentage.high <= 5 and not plain)
    ):
        return True
    line = max(text.rfind("\n", low, start) + 1, start - _VITALS_REACH)
    return not plain and _VITALS.search(text, line, start) is not None


# "90% less pain" is one, whatever movement it was tried with.
_OF_PAIN = re.compile(
    r"\s*(?:less|(?:reduction|decrease|improvement|drop)\s+(?:in|of)|of)\s+"
    r"(?:(?:the|her|his|their|neck|usual|index|typical|concordant|axial|mid-?back|overall)\s+)*pain\b"
    r"(?!\s+(?:is|are|was|in|remain\w*|left|persist\w*|still)\b)",
    re.IGNORECASE,
)
_VITALS_REACH = 110
_VITALS = re.compile(
    r"\b(?:(?:vitals?|bp|vs(?=[ :]*(?:\d{2,3}\s?/|stable|wnl)))\b|"
    r"(?:[89]\d|1\d\d|2[0-4]\d)/(?:[3-9]\d|1[0-2]\d)\b(?!/))"
    r"(?![^\n]*\b(?:relie|better|pain|block))[^\n]{0,70}$",
    re.IGNORECASE,
)
_BODY_USE = re.compile(
    r"\b(?:rotation|rom|range\s+of\s+motion|mobility|sleep|slept|turn(?:s|ed|ing)?\s+(?:of\s+)?(?:the|her|his)\s+(?:head|neck)|"
    r"function|grip|opioid|medication\s+(?:use|intake)|canal|disc|disk|foram\w+|vertebral\s+body|apportion\w*|impairment|disability|causation|service[\s-]connect\w*)\b",
    re.IGNORECASE,
)
_TOPIC = 12
"""Characters within which a sentence names what all of it is about."""
_PAIN_BETWEEN = re.compile(r"\b(?:pain|relie\w+|ache|block\w*|mbbs?|symptoms?)\b", re.IGNORECASE)
_TRIED = re.compile(r"\b(?:on|with|in|during|at)\s+(?:[a-z]+\s+)?$", re.IGNORECASE)
_LEFT_OVER = re.compile(r"\s*left\b", re.IGNORECASE)
_PERSON = re.compile(r"\b(?:she|he|her|his|pt|patient|mr|mrs|ms|veteran)\b", re.IGNORECASE)


def is_of_other_thing(reading: Reading, told: Account, percentage: Percentage) -> bool:
    """Whether it is a share of something else than pain, or of pain that is left."""
    text, start, end = reading.even, told.start, told.end
    if said(text, start, end) or _OF_PAIN.match(text, end, end + 90):
        return _is_literature(text, told)
    low = max(told.clause[0], start - 70)
    other = _not_before().search(text[low:start])
    # "Relief on neck extension 85%": the movement that was tried, not what got better.
    if other and not (_TRIED.search(text, told.clause[0], low + other.start())):
        return True
    pain_is = beside("pain_is").search(text[max(told.sentence.start, start - 40) : start])
    ahead = text[max(told.sentence.start, start - 120) : start]
    if (
        pain_is
        and not beside("by").search(ahead)
        and not beside("changed").match(text[end : end + 60])
    ):
        return True
    if other:
        return _is_literature(text, told)
    for use in _BODY_USE.finditer(text, told.sentence.start, start):
        topic = use.start() - told.sentence.start < _TOPIC or use.start() >= told.clause[0]
        if topic and not _PAIN_BETWEEN.search(text, use.end(), start):
            return True
    if (
        _LEFT_OVER.match(text, end)
        and percentage.high <= 50
        and not re.search(
            r"\bright\b", text[told.sentence.start : told.sentence.end], re.IGNORECASE
        )
    ):
        return (
            re.search(r"\b(?:still|pain|only|has)\b", text[told.clause[0] : start], re.IGNORECASE)
            is not None
        )
    return _is_literature(text, told)


def _is_literature(text: str, told: Account) -> bool:
    cues = list(rule("literature").finditer(text, told.sentence.start, told.clause[1]))
    if not cues:
        return False
    last = cues[-1].end()
    return last > told.start or not _PERSON.search(text, last, told.start)


def is_threshold(reading: Reading, told: Account, percentage: Percentage) -> bool:
    """Whether the percentage is a bar to clear; a result told right before it is none."""
    text, start, end = reading.even, told.start, told.end
    sentence = told.sentence
    before = text[sentence.start : start]
    bars = [m.start() for m in rule("threshold").finditer(before)]
    results = [
        m.start()
        for m in rule("result").finditer(before)
        if not (
            bars
            and m.start() > bars[-1]
            and _COPULA.match(m.group())
            and not _PERSON.search(before, bars[-1], m.start())
        )
    ]
    if bars and _DATED.search(before, bars[-1]):
        bars = []  # what has a date has happened
    if bars and (
        bars[-1] > (results[-1] if results else -1)
        or (beside("firm").search(before, bars[-1]) and not _SO.search(before, bars[-1]))
    ):
        return True
    clause = _THEN_CLAUSE.split(text[end : max(sentence.end, end)], maxsplit=1)[0]
    another = _PERCENT_SIGN.search(clause)
    if another:
        # What stands with the next percentage is said of that one.
        clause = clause[: another.start()].rpartition(",")[0]
    behind = text[end : max(end, min(end + 90, sentence.end))]
    if beside("met").match(behind) or beside("bar_beside").match(behind):
        return True
    if not results and beside("bar_after").search(clause[:120]):
        return True
    opened = percentage.open_ended
    if opened and not results and beside("then").match(text[end : end + 60]):
        return True
    if opened and not results and told.section.time in {"planned", "conditional"}:
        # What lasted was measured.
        return _LASTED_HOURS.match(text, end) is None
    return _is_listed_bar(text, told, behind) or (opened and _is_ticked_bar(reading.given, told))


_LASTED_HOURS = re.compile(
    r"\s*(?:relief\s+)?(?:for|x|lasting)\s+(?:about\s+)?(?:\d|two|three|four|five|six|several)",
    re.IGNORECASE,
)
# A point of a list of criteria, and what shows that it tells a result all the same.
_POINT = re.compile(r"[ \t]*(?:\(?[a-z0-9]{1,2}[.)]|[-*]|\[[x ]?\])\s", re.IGNORECASE)
_CRITERIA = re.compile(
    r"\b(?:criteri\w*|requirements?|polic(?:y|ies)|coverage|conditions|rules|checklist)\b[^\n]*$",
    re.IGNORECASE,
)
_SHOWN = re.compile(
    r"#\s?\d|\d{1,2}[/-]\d{1,2}|\b(?:gave|given|had|got|reported|was|were|obtained|achieved|provided|documented|met|yes)\b",
    re.IGNORECASE,
)
_POINTS_UP = 12


_TICKED = re.compile(r"[ \t]*\[[x ]?\][ \t]*(?:each|both|all)?[ \t]*", re.IGNORECASE)


def _is_ticked_bar(text: str, told: Account) -> bool:
    """Whether a box was ticked beside a bar: "[X] each 80% or better"."""
    line = text.rfind("\n", 0, told.start) + 1
    return _TICKED.fullmatch(text, line, told.start) is not None


def _is_listed_bar(text: str, told: Account, behind: str) -> bool:
    """Whether it stands in a bare point of a list of criteria: "(b) two blocks, 80% each"."""
    line = text.rfind("\n", 0, told.start) + 1
    if not _POINT.match(text, line) or _SHOWN.search(text, line, told.start):
        return False
    if _SHOWN.search(behind.split("\n")[0]):
        return False
    for _ in range(_POINTS_UP):
        above = text.rfind("\n", 0, max(0, line - 1)) + 1
        if line == 0 or not text[above:line].strip():
            return False
        if not _POINT.match(text, above) and text[above:line].rstrip().endswith(":"):
            return _CRITERIA.search(text, above, line - 1) is not None
        line = above
    return False


_DATED = re.compile(r"(?<!\d)\d{1,2}([/-])\d{1,2}\1(?:20)?\d\d(?!\d)")
# "The threshold is 80%" tells no result.
_COPULA = re.compile(r"(?:is|was|were|with)\b", re.IGNORECASE)
_SO = re.compile(r"[,;]\s+(?:so|and|but|today|she|he|the\s+(?:first|block))\b", re.IGNORECASE)
_PERCENT_SIGN = re.compile(r"%|per\s?cent", re.IGNORECASE)
_THEN_CLAUSE = re.compile(r"[;.]\s|,\s(?:so|and|therefore|but|which)\b")
