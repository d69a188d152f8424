"""Other injections of the same day, and facet blocks of the low back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from facetcode.extract.reading import LIVE, Reading
from facetcode.extract.rules import Words, at_words, load_rules
from facetcode.extract.targets import Target
from facetcode.extract.text import Sentence
from facetcode.facts import Evidence, Kind, Procedure

_HEADER = frozenset({"title", "procedure", "levels", "codes"})
_ELSEWHERE = frozenset(
    {"history", "indication", "plan", "exam", "imaging", "diagnosis", "assessment", "family",
     "consent", "allergies", "codes", "admin", "signature", "timeout"}
)  # fmt: skip
"""Sections in which another injection is remembered, wished for or explained, not done."""
_DONE = re.compile(
    r"inject|block|infiltrat|\b(?:performed|done|given|added|carried\s+out|placed|received)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"[;:]|\b(?:but|however|although|though|while)\b"
    r"|,\s*(?=(?:and\s+)?(?:we|i|he|she|the|then|as|both|two|each)\b)",
    re.IGNORECASE,
)
_LUMBAR = re.compile(
    r"\b(?:lumbar|lumbosacral|low(?:er)?\s+back|L\s?(?:[1-5]|one|two|three|four|five)"
    r"(?:\s?[-/]\s?(?:L?[1-5]|S1|one|two|three|four|five))?)\b",
    re.IGNORECASE,
)
_NOT_LUMBAR = re.compile(
    r"\b(?:cervical|thoracic|thoracolumbar|[CT]\s?\d{1,2}|TON)\b", re.IGNORECASE
)
_OTHER_TIMES = frozenset({"planned", "conditional", "other", "prior"})
_AROUND = 130
"""Characters around a site in which it is said what was done to it."""
_BEHIND = 45
"""Characters behind a statement that may take it back: "injected by orthopaedics last month"."""


def find(
    reading: Reading, facet: Sequence[Target], others: Sequence[Target], kinds: dict[str, Kind]
) -> tuple[Procedure, ...]:
    """Other procedures of today, one a kind; ``facet`` and ``others`` name what may be today's."""
    found: dict[str, Procedure] = {}
    for target in others:
        if target.label in {"SURGERY", "RFA"} or target.label in found:
            continue
        if _is_done(reading, target):
            spot = reading.evidence(target.start, target.end)
            found[target.label] = Procedure(kinds[target.label], evidence=(spot,))
    if "OTHER_INJECTION" not in found:
        told = next(_told(reading), None)
        if told is not None:
            found["OTHER_INJECTION"] = Procedure("other", evidence=(told,))
    lumbar = next((t for t in facet if _is_lumbar(reading, t)), None) or _lumbar_told(reading)
    if lumbar is not None:
        spot = reading.evidence(lumbar.start, lumbar.end)
        found["LUMBAR"] = Procedure("lumbar_facet", evidence=(spot,))
    return tuple(found.values())


def _is_done(reading: Reading, target: Target) -> bool:
    """Whether a procedure that the note names was done: a heading, or a verb beside it."""
    section = reading.section_at(target.start)
    if section.category in _HEADER:
        return True
    sentence = reading.sentence_at(target.start)
    told = reading.section_time(target.start) == "performed" or section.category not in _ELSEWHERE
    return (
        told
        and (
            _DONE.search(reading.even, sentence.start, sentence.end) is not None
            or any(
                sentence.start <= act.start < sentence.end and reading.status(act) in LIVE
                for act in reading.of("ACT", "BLOCK")
            )
        )
        and not _not_now(reading, sentence, target.start, target.end)
    )


@dataclass(frozen=True, slots=True)
class _Rules:
    """patterns/same_day.yaml, compiled."""

    hints: tuple[str, ...]
    site: Words
    told: Words
    alone: Words
    not_now: re.Pattern[str]


@cache
def _rules() -> _Rules:
    rules = load_rules("same_day")
    told = [
        rules[name].replace("{site}", rules["site"]) for name in ("named", "done_to", "done_into")
    ]
    return _Rules(
        hints=tuple(rules["hints"]),
        site=at_words(rules["site"]),
        told=at_words([*told, rules["points"]]),
        alone=at_words(rules["alone"]),
        not_now=re.compile(rules["not_now"], re.IGNORECASE),
    )


def _told(reading: Reading) -> Iterator[Evidence]:
    """Injections told in prose or a list: the site and what was done to it, side by side."""
    rules = _rules()
    low = reading.even.lower()
    if not any(hint in low for hint in rules.hints):
        return
    for start, end in sorted(set(_statements(reading, rules))):
        section = reading.section_at(start)
        if section.category in _ELSEWHERE or reading.section_time(start) in _OTHER_TIMES:
            continue
        sentence = reading.sentence_at(start)
        if not reading.dated_before_today(sentence) and not _not_now(reading, sentence, start, end):
            yield reading.evidence(start, end)


def _statements(reading: Reading, rules: _Rules) -> Iterator[tuple[int, int]]:
    """Offsets of statements around each site, and of those that need none."""
    windows: list[tuple[int, int]] = []
    for site in rules.site.finditer(reading.even):
        sentence = reading.sentence_at(site.start())
        low = max(sentence.start, site.start() - _AROUND)
        high = min(sentence.end, site.end() + _AROUND)
        if windows and low < windows[-1][1]:
            windows[-1] = (windows[-1][0], max(high, windows[-1][1]))
        else:
            windows.append((low, high))
    for low, high in windows:
        for match in rules.told.finditer(reading.even, low, high):
            yield match.start(), match.end()
    for match in rules.alone.finditer(reading.even):
        yield match.start(), match.end()


def _not_now(reading: Reading, sentence: Sentence, start: int, end: int) -> bool:
    """Whether the clause plans, denies or remembers what it names."""
    not_now = _rules().not_now
    ahead = _CLAUSE.split(reading.even[sentence.start : start])[-1]
    behind = reading.even[end : min(sentence.end, end + _BEHIND)]
    return any(
        not_now.search(part) for part in (ahead, reading.even[start:end], _CLAUSE.split(behind)[0])
    )


def _is_lumbar(reading: Reading, target: Target) -> bool:
    """Whether a facet block of today is one of the low back alone."""
    section = reading.section_at(target.start)
    if section.category not in _HEADER and (
        section.category in _ELSEWHERE
        or reading.section_time(target.start) not in {"performed", "none"}
    ):
        return False
    sentence = reading.sentence_at(target.start)
    words = reading.words(sentence.start, sentence.end)
    if not _LUMBAR.search(words) or _NOT_LUMBAR.search(words):
        return False
    if section.category in _HEADER or section.time == "performed":
        return not _not_now(reading, sentence, target.start, target.end)
    return any(
        sentence.start <= b.start < sentence.end and reading.status(b) in LIVE
        for b in reading.of("BLOCK", "ACT", "MBB", "FACET_INJECTION")
    ) and not _not_now(reading, sentence, target.start, target.end)


_INJECTED = re.compile(
    r"\b(?:injected|blocked|an(?:a)?esthetized|anaesthetised|treated|done)\b", re.I
)


def _lumbar_told(reading: Reading) -> Target | None:
    """A joint or branch of the low back that was injected, whatever a *without* in front denies.

    "Without moving him, we then injected the L4-5 facet joints."
    """
    for target in reading.of("FACET_JOINT", "MEDIAL_BRANCH"):
        if reading.status(target) not in LIVE | {"negated"}:
            continue
        section = reading.section_at(target.start)
        sentence = reading.sentence_at(target.start)
        if section.category in _ELSEWHERE or reading.section_time(target.start) in _OTHER_TIMES:
            continue
        words = reading.words(sentence.start, sentence.end)
        if (
            _LUMBAR.search(words)
            and not _NOT_LUMBAR.search(words)
            and _INJECTED.search(words)
            and not _not_now(reading, sentence, target.start, target.end)
        ):
            return target
    return None
