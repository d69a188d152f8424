"""Imaging that guided today's needle."""

from __future__ import annotations

import re
from functools import cache

from facetcode.extract.reading import Reading
from facetcode.extract.rules import Words, at_words, load_rules
from facetcode.facts import Evidence, Guidance, Modality

_ORDER: tuple[Modality, ...] = ("fluoroscopy", "ct", "ultrasound")
_SILENT = frozenset({"consent", "family", "exam", "imaging", "diagnosis", "codes"})
_NEGATED = re.compile(
    r"\b(?:without|no|not|instead\s+of|rather\s+than|unavailable)\s+(?:the\s+use\s+of\s+)?(?:live\s+)?$",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"\b(?:previous(?:ly)?|prior|last|history|had|ago|underwent|plan|will|schedule|recommend|if|next|future|consider|request(?:ed|ing)?)\b",
    re.IGNORECASE,
)
# A ticked box stands before its option: "IMAGING: [X] Fluoroscopy".
_LETTER = re.compile(r"[A-Za-z0-9]{2}")
_FIELD = frozenset(
    {"procedure", "title", "guidance", "narrative", "levels", "findings", "anesthesia", "addendum"}
)


_ANOTHER_DAY = re.compile(
    r"\b(?:will|would|if|may|can be|should|previous(?:ly)?|last|try for|next)\b", re.IGNORECASE
)


@cache
def _pattern(key: str) -> Words:
    return at_words(load_rules("guidance")[key])


def _counts(reading: Reading, start: int) -> bool:
    """Whether imaging named here guided today's needle: not a plan, a past block or a scan."""
    section = reading.section_at(start)
    between = reading.even[section.body : start]
    if section.category == "imaging" and section.heading and not _LETTER.search(between):
        # "Imaging: fluoroscopy" is a field of the account; "Imaging: MRI of ..." is none of ours.
        return True
    if section.category in _SILENT:
        return False
    sentence = reading.sentence_at(start)
    words = reading.words(sentence.start, sentence.end)
    if _pattern("not_guidance").search(words):
        return False
    if reading.dated_before_today(sentence) or _ANOTHER_DAY.search(
        reading.even, max(sentence.start, start - 60), start
    ):
        return False
    if section.category in _FIELD or reading.section_time(start) == "performed":
        return True
    # Only what stands in front: "under fluoroscopy …, after contrast had shown" is of today.
    past = _PAST.search(reading.even, sentence.start, start)
    return not past or bool(re.search(r"\btoday\b", words, re.IGNORECASE))


def find(reading: Reading) -> Guidance:
    """The modality that placed the needle: fluoroscopy or CT before ultrasound, ``none`` if denied.

    Of fluoroscopy and CT the one named more often, the first named on a tie.
    """
    refused = [
        reading.evidence(m.start(), m.end())
        for m in _pattern("none").finditer(reading.even)
        if _counts(reading, m.start())
    ]
    found: dict[Modality, list[Evidence]] = {}
    for modality in _ORDER:
        for match in _pattern(modality).finditer(reading.even):
            if not match.group().strip() or any(e.start <= match.start() < e.end for e in refused):
                continue
            if _NEGATED.search(reading.even, max(0, match.start() - 30), match.start()):
                continue
            if _counts(reading, match.start()):
                found.setdefault(modality, []).append(reading.evidence(match.start(), match.end()))
    imaged = {m: e for m, e in found.items() if m != "ultrasound"}
    if imaged:
        best = max(imaged, key=lambda m: (m == "ct" and len(imaged[m]) >= 1, len(imaged[m])))
        return Guidance(best, tuple(imaged[best][:4]))
    if "ultrasound" in found:
        return Guidance("ultrasound", tuple(found["ultrasound"][:4]))
    if refused:
        return Guidance("none", tuple(refused[:2]))
    return Guidance("unstated")
