"""Percentages of pain relief from a facet block: today's or an earlier one's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from facetcode.extract import numbers
from facetcode.extract.laterality import words as side_words
from facetcode.extract.reading import Reading
from facetcode.extract.rules import at_words, load_rules
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
_SECTION_SILENT = frozenset({"family", "consent", "imaging", "exam", "codes", "injectate"})


@cache
def _rule(name: str) -> re.Pattern[str]:
    source = load_rules("relief")[name]
    return re.compile(source, re.IGNORECASE) if name.startswith("not_") else at_words(source)


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


def _source(reading: Reading, sentence: Sentence, start: int, end: int) -> str:
    """``ours``, ``other`` or ``unknown``: which treatment the sentence credits, nearest first."""
    text = reading.even
    stretches = [(sentence.start, sentence.end)]
    if reading.section_at(start).category != "postprocedure":
        stretches.append((max(0, sentence.start - 160), sentence.start))
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


_LUMBAR = re.compile(r"\b(?:lumbar|lumbosacral|low\s+back|L\d(?:\s?-|/|\b))", re.IGNORECASE)
_CERVICAL = re.compile(r"\b(?:cervical|thoracic|neck|C\d|T\d|mid-?back|TON)\b", re.IGNORECASE)


def _lumbar_only(reading: Reading, sentence: Sentence) -> bool:
    words = reading.words(max(0, sentence.start - 120), sentence.end)
    own = reading.words(sentence.start, sentence.end)
    if _LUMBAR.search(own):
        return not _CERVICAL.search(own)
    return bool(_LUMBAR.search(words)) and not _CERVICAL.search(words)


def _when(reading: Reading, sentence: Sentence, start: int, end: int) -> When:
    section = reading.section_at(start)
    words = reading.words(sentence.start, sentence.end)
    at = start - sentence.start
    today = [abs(m.start() - at) for m in _rule("today").finditer(words)]
    prior = [abs(m.start() - at) for m in _rule("prior").finditer(words)]
    if reading.dated_before_today(sentence) or reading.headed_before_today(section):
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


def _side(reading: Reading, sentence: Sentence, end: int) -> Side:
    near = side_words(reading.even, end, min(sentence.end, end + 40))
    return near[0].value if near else "unstated"


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


def find(reading: Reading, *, block_today: bool) -> tuple[Relief, ...]:
    """Every stated relief, once for each (low, high, when); ``block_today`` allows *today*."""
    found: dict[tuple[float, float, When], tuple[list[Evidence], Side, str | None]] = {}
    for match in _percentages(reading.even):
        bounds = _bounds(match)
        start, end = match.start(), match.end()
        if bounds is None or not _is_relief(reading, start, end):
            continue
        sentence = reading.sentence_at(start)
        when: When = _when(reading, sentence, start, end) if block_today else "prior"
        days = [
            w.day.isoformat()
            for w in reading.dates
            if sentence.start <= w.start < sentence.end and w.day and w.day != reading.dos
        ]
        key = (*bounds, when)
        entry = found.setdefault(
            key, ([], _side(reading, sentence, end), days[0] if days and when == "prior" else None)
        )
        entry[0].append(reading.evidence(start, end))
    return tuple(
        Relief(low, high, when, tuple(evidence), day, side)
        for (low, high, when), (evidence, side, day) in found.items()
    )


# "85% relief" is one whatever stands before it.
_SAID = re.compile(r"\s*(?:of\s+)?(?:the\s+|her\s+|his\s+)?(?:pain\s+)?relie[fv]", re.IGNORECASE)


def _is_relief(reading: Reading, start: int, end: int) -> bool:
    text = reading.even
    section = reading.section_at(start)
    if section.category in _SECTION_SILENT:
        return False
    if _rule("not_after").match(text[end : end + 60]):
        return False
    sentence = reading.sentence_at(start)
    said = _SAID.match(text[end : end + 40]) is not None
    if not said and _rule("not_before").search(text, max(sentence.start, start - 60), start):
        return False
    words = reading.words(sentence.start, sentence.end)
    if _is_threshold(words, start - sentence.start):
        return False
    heading = re.search(r"relief|response|diary|result", section.heading, re.IGNORECASE)
    near = words[max(0, start - sentence.start - 110) : end - sentence.start + 90]
    if not (heading or said or _rule("relief").search(near)):
        if not (_rule("change").search(near) and _rule("pain").search(words)):
            return False
    source = _source(reading, sentence, start, end)
    if source == "other":
        return False
    return not _lumbar_only(reading, sentence)
