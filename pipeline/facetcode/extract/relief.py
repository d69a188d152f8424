"""Percentages of pain relief from a facet block: today's or an earlier one's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from facetcode.extract import numbers
from facetcode.extract.laterality import words as side_words
from facetcode.extract.reading import Reading
from facetcode.extract.rules import Words, at_words, load_rules
from facetcode.extract.sections import SectionSpan
from facetcode.extract.text import Sentence
from facetcode.facts import Evidence, Relief, Side, When

_NUMBER = rf"(?:\d{{1,3}}(?:\.\d+)?|{numbers.WORD})"
_UNIT = r"\s?(?:%|percent(?:age)?|per\s?cent|pct)(?![A-Za-z])"
_PERCENT = re.compile(
    rf"(?P<bound>(?:>|<|=>|>=|=|~|\b(?:greater|more|better|less|lower|fewer)\s+than(?:\s+or\s+equal\s+to)?|\bover|\babove|\bat\s+least|\bexceed(?:ing|ed|s)|\bin\s+excess\s+of|\bunder|\bbelow|\bup\s+to|\bnearly|\balmost)\s*(?:an?\s+)?(?:=\s*)?)?"
    rf"(?<![\d.])(?P<low>{_NUMBER})(?:{_UNIT})?\s*(?:(?:-{{1,2}}|to|through|or)\s*(?P<high>{_NUMBER}))?{_UNIT}"
    rf"(?P<after>\s*(?:\+|or\s+(?:more|greater|better|higher)|plus\b|or\s+less))?",
    re.IGNORECASE,
)
_UP = re.compile(r">|greater|more|better|over|above|at\s+least|exceed|excess", re.IGNORECASE)
_DOWN = re.compile(r"<|less|lower|fewer|under|below|up\s+to", re.IGNORECASE)
_NEVER = frozenset({"family", "consent"})
_SELDOM = frozenset({"imaging", "exam", "codes", "injectate"})
"""Sections in which only "85% relief" in so many words is one."""


@cache
def _rule(name: str) -> Words:
    return at_words(load_rules("relief")[name])


@cache
def _beside(name: str) -> re.Pattern[str]:
    return re.compile(load_rules("relief")[name], re.IGNORECASE)


def _bounds(match: re.Match[str]) -> tuple[float, float] | None:
    low = numbers.value(match["low"])
    high = numbers.value(match["high"]) if match["high"] else low
    if low is None or high is None or max(low, high) > 100:
        return None
    low, high = min(low, high), max(low, high)
    bound = match["bound"] or ""
    after = (match["after"] or "").lower()
    if (
        _UP.search(bound)
        or "+" in after
        or "more" in after
        or "greater" in after
        or "better" in after
        or "plus" in after
        or "higher" in after
    ):
        return (low, 100.0)
    if _DOWN.search(bound) or "less" in after:
        return (0.0, high)
    return low, high


def _is_threshold(words: str, at: int) -> bool:
    """Whether the percentage is a bar to clear; a result told right before it is none."""
    if not _rule("threshold").search(words):
        return False
    before = words[:at]
    last_bar = max((m.start() for m in _rule("threshold").finditer(before)), default=-1)
    last_result = max((m.start() for m in _rule("result").finditer(before)), default=-1)
    following = _rule("threshold").search(words, at)
    if last_bar < 0:
        # A bar word right after the number: "80% relief is required", not "80%; will go to RFA".
        clause = re.split(r"[;.]|, (?:so|and|therefore)", words[at:])[0]
        return bool(
            following
            and re.search(
                r"\b(?:requir|needed|necessary|criteri|threshold|qualif|considered|would|must|positive\s+(?:is|=)"
                r"|[:=-]\s*(?:not\s+)?met\b)",
                clause,
                re.IGNORECASE,
            )
        )
    return last_bar > last_result or bool(
        re.search(
            r"\b(?:if|must|requir\w*|criteri\w*|defined|should)\b", before[last_bar:], re.IGNORECASE
        )
    )


_PLAIN_WORD = re.compile(r"[A-Za-z]{3,}")
_ROW_WORDS = 4
_ROW_LEAD = 260


def _lead(reading: Reading, sentence: Sentence, start: int) -> int:
    """Where the account of a percentage begins: its sentence, or the lines above a bare row.

    A row of a table, a diary or a list ("7/15  80%  6 hrs") says what it counts only above it.
    """
    text = reading.even
    at = sentence.start
    floor = max(0, start - _ROW_LEAD, reading.section_at(start).start)
    while len(_PLAIN_WORD.findall(text, at, start)) < _ROW_WORDS and at > floor:
        above = text.rfind("\n", 0, max(0, at - 1)) + 1
        if above < floor or not text[above:at].strip():
            break
        at = above
    return at


def _source(reading: Reading, sentence: Sentence, lead: int, start: int, end: int) -> str:
    """``ours``, ``other`` or ``unknown``: which treatment the sentence credits, nearest first."""
    text = reading.even
    stretches = [(sentence.start, sentence.end), (lead, sentence.start)]
    after_block = reading.section_at(start).category == "postprocedure" or _rule("today").search(
        text, lead, sentence.end
    )
    if not after_block:
        stretches.append((max(0, lead - 160), lead))
    for low, high in stretches:
        found: list[tuple[int, str]] = []
        for name in ("ours", "other_treatment"):
            for match in _rule(name).finditer(text, low, high):
                gap = start - match.end() if match.end() <= start else match.start() - end + 15
                found.append((gap, name))
        if found:
            gap, name = min(found)
            if name == "ours":
                return "ours"
            # "80% after MBB, proceed to RFA": the other treatment is only planned.
            planned = any(
                t.label in {"RFA", "EPIDURAL", "TRIGGER_POINT"}
                and low <= t.start < high
                and reading.status(t) in {"planned", "conditional"}
                for t in reading.targets
            )
            if planned or (any(n == "ours" for _, n in found) and gap > 25):
                return "ours"
            return "other"
    return "unknown"


_LUMBAR = re.compile(
    r"\b(?:lumbar|lumbosacral|low(?:er)?\s+back|L\d(?:\s?-|/|\b)|L\s+(?:facets?|mbbs?|rfas?)\b)",
    re.IGNORECASE,
)
_CERVICAL = re.compile(r"\b(?:cervical|thoracic|neck|C\d|T\d|mid-?back|TON)\b", re.IGNORECASE)


def _lumbar_only(reading: Reading, sentence: Sentence, lead: int) -> bool:
    own = reading.words(sentence.start, sentence.end)
    if _LUMBAR.search(own):
        return not _CERVICAL.search(own)
    words = reading.words(max(0, min(lead, sentence.start - 120)), sentence.end)
    return bool(_LUMBAR.search(words)) and not _CERVICAL.search(words)


def _when(reading: Reading, sentence: Sentence, start: int, end: int) -> When:
    section = reading.section_at(start)
    lead = _lead(reading, sentence, start)
    words = reading.words(lead, sentence.end)
    at = start - lead
    today = [abs(m.start() - at) for m in _rule("today").finditer(words)]
    prior = [abs(m.start() - at) for m in _rule("prior").finditer(words)]
    if reading.dated_before_today(Sentence(lead, sentence.end, 0)) or reading.headed_before_today(
        section
    ):
        return "prior"
    if today and (not prior or min(today) <= min(prior)):
        return (
            "today"
            if section.time != "prior" or re.search(r"\btoday\b|minutes", words, re.IGNORECASE)
            else "prior"
        )
    if prior:
        return "prior"
    if section.time == "performed" and section.category not in {"title", "procedure", "levels"}:
        return "today"
    if section.time in {"prior", "planned"}:
        return "prior"
    # No section says when: before the account of the needle it is history, after it the result.
    acts = [
        t.start for t in reading.of("ACT", "BLOCK") if reading.status(t) in {"performed", "unknown"}
    ]
    return "today" if acts and start > acts[len(acts) // 2] else "prior"


def _side(reading: Reading, sentence: Sentence, start: int, end: int) -> Side:
    """The side the percentage is told of: right behind it, else in front of it in its row."""
    clause = _CLAUSE.search(reading.even, end, min(sentence.end, end + 40))
    behind = side_words(
        reading.even, end, clause.start() if clause else min(sentence.end, end + 40)
    )
    if behind:
        return behind[0].value
    row = max(sentence.start, reading.even.rfind("\n", 0, start) + 1, start - 60)
    ahead = side_words(reading.even, row, start)
    return ahead[-1].value if ahead else "unstated"


_CLAUSE = re.compile(r"[,;\n]|\band\b")


_SIGN = re.compile(r"%|per\s?cent|\bpct\b", re.IGNORECASE)


def _percentages(text: str) -> Iterator[re.Match[str]]:
    """Percentages, looked for only around a percent sign or word: most of a note has none."""
    done = 0
    for sign in _SIGN.finditer(text):
        if sign.start() < done:
            continue
        for match in _PERCENT.finditer(
            text, max(done, sign.start() - 60), min(len(text), sign.end() + 20)
        ):
            if match.start() >= done:
                done = match.end()
                yield match


def find(reading: Reading, *, block_today: bool, other_today: bool = False) -> tuple[Relief, ...]:
    """Every stated relief, once for each (low, high, when); ``block_today`` allows *today*.

    Where another procedure was done today (``other_today``), what is said of today is its relief.
    """
    found: dict[tuple[float, float, When], tuple[list[Evidence], Side, str | None]] = {}
    for match in _percentages(reading.even):
        bounds = _bounds(match)
        start, end = match.start(), match.end()
        if bounds is None or not _is_relief(reading, start, end):
            continue
        sentence = reading.sentence_at(start)
        when: When = _when(reading, sentence, start, end)
        if when == "today" and other_today:
            continue
        when = when if block_today else "prior"
        days = [
            w.day.isoformat()
            for w in reading.dates
            if sentence.start <= w.start < sentence.end and w.day and w.day != reading.dos
        ]
        key = (*bounds, when)
        entry = found.setdefault(
            key,
            (
                [],
                _side(reading, sentence, start, end),
                days[0] if days and when == "prior" else None,
            ),
        )
        entry[0].append(reading.evidence(start, end))
    return tuple(
        Relief(low, high, when, tuple(evidence), day, side)
        for (low, high, when), (evidence, side, day) in found.items()
    )


# "85% relief" is one whatever stands before it.
_SAID = re.compile(r"\s*(?:of\s+)?(?:the\s+|her\s+|his\s+)?(?:pain\s+)?relie[fv]", re.IGNORECASE)


# A percentage that lasted, or that something gave, is a result without the word relief.
_LASTED = re.compile(
    rf"\s*[,(|/]?\s*(?:(?:for|x|lasting|lasted|over)\s*)?(?:about\s+|approximately\s+|~\s*|the\s+|most\s+of\s+)*"
    rf"(?:(?:\d{{1,3}}(?:\.\d)?|{numbers.WORD}|several|a\s+few|some|one|that|the)\s*-?\s*(?:\d{{1,2}}\s*)?"
    r"(?:h|hrs?|hours?|days?|weeks?|wks?|months?|mos?|minutes|mins?|afternoon|evening|rest)\b)",
    re.IGNORECASE,
)
_GAVE = re.compile(
    r"\b(?:gave|gives|given|giving|helped|help|provided|yielded|got|produced|obtained|achieved|brought)\s+"
    r"(?:(?:her|him|them|only|about|approximately|roughly|around|a|an|some|maybe|me|nearly|almost|just)\s+)*$",
    re.IGNORECASE,
)


def _is_relief(reading: Reading, start: int, end: int) -> bool:
    text = reading.even
    section = reading.section_at(start)
    said = _SAID.match(text, end, end + 40) is not None
    if section.category in _NEVER or (section.category in _SELDOM and not said):
        return False
    if _beside("not_after").match(text[end : end + 60]):
        return False
    sentence = reading.sentence_at(start)
    lead = _lead(reading, sentence, start)
    other = None if said else _beside("not_before").search(text, max(lead, start - 60), start)
    # "Pain is 30%" is what is left, "pain is 30% better" what is gone.
    if other and not (
        other.group().lower().startswith("pain")
        and _BETTER.match(text, end)
        and not _LIMB.search(text, max(lead, other.start() - 20), other.start())
    ):
        return False
    if _is_threshold(reading.words(sentence.start, sentence.end), start - sentence.start):
        return False
    words = reading.words(lead, sentence.end)
    line = text.rfind("\n", 0, start) + 1
    if not said and _VITALS.search(text, line, start):
        return False
    source = _source(reading, sentence, lead, start, end)
    if source == "other":
        return False
    sided = source == "ours" and _OF_SIDE.search(text, max(line, start - 12), start)
    if not (said or sided or _speaks_of_relief(words, section, start - lead, end - lead)):
        return False
    return not _lumbar_only(reading, sentence, lead)


# "She told the nurse 60 percent."
_SAYS = re.compile(
    r"\b(?:said|says|told\s+\w+(?:\s+\w+)?|reported|reports|states?|stated|put\s+it\s+at|rated\s+it(?:\s+at)?)\s+"
    r"(?:it\s+was\s+)?(?:about\s+|around\s+)?$",
    re.IGNORECASE,
)
_OF_SIDE = re.compile(r"\b(?:right|left|[RL])\s*[:=]?\s*$")
"""A side in front of a percentage: "right 85%, left 75%"."""
_VITALS = re.compile(
    r"\b(?:(?:vitals?|vs|bp)\b|(?:[89]\d|1\d\d|2[0-4]\d)/(?:[3-9]\d|1[0-2]\d)\b(?!/))"
    r"(?![^\n]*\b(?:relie|better|pain|block))[^\n]{0,70}$",
    re.IGNORECASE,
)


def _speaks_of_relief(words: str, section: SectionSpan, start: int, end: int) -> bool:
    """Whether what stands around a percentage, or its heading, makes it one of relief."""
    near = words[max(0, start - 110) : end + 90]
    return bool(
        _HEADED.search(section.heading)
        or _rule("relief").search(near)
        or _LASTED.match(words, end)
        or _GAVE.search(words[:start])
        or (_SAYS.search(words[:start]) and _STOP.match(words, end))
        or (
            _rule("change").search(near)
            and (section.category == "postprocedure" or _rule("pain").search(words))
        )
    )


_LIMB = re.compile(r"\b(?:arm|hand|leg|foot|knee|hip|wrist|elbow|shoulder)\s+$", re.IGNORECASE)
_STOP = re.compile(r"\s*(?:[.;,\"\n]|$)")
_BETTER = re.compile(r"\s*(?:better|improved|less|gone|reduced|resolved|relieved)\b", re.IGNORECASE)
_HEADED = re.compile(r"relief|response|diary|result", re.IGNORECASE)
