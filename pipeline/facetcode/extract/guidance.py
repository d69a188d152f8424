"""Imaging that guided today's needle."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cache

from facetcode.extract.reading import Reading
from facetcode.extract.rules import Words, at_words, load_rules
from facetcode.facts import Evidence, Guidance, Modality

_ORDER: tuple[Modality, ...] = ("fluoroscopy", "ct", "ultrasound")
_SILENT = frozenset({"consent", "family", "exam", "imaging", "diagnosis", "codes", "allergies"})
_FIELD = frozenset(
    {"procedure", "title", "guidance", "narrative", "levels", "findings", "anesthesia", "addendum"}
)
_PLACES = 8
"""Places kept as evidence."""
_PAST = re.compile(
    r"\b(?:previous(?:ly)?|prior|last|history|had|ago|underwent|plan|will|schedule|recommend|if|next|future|consider|"
    r"request(?:ed|ing)?|relief|gave(?!\s+(?:him|her|them|the\s+patient)\s+(?:an?|the|two)\b)|first\s+(?:block|injection|set)|elsewhere|outside)\b",
    re.IGNORECASE,
)
_TODAY = re.compile(r"\b(?:today|presents?\s+for|here\s+for|comes\s+for|now)\b", re.IGNORECASE)
# A ticked box stands before its option: "IMAGING: [X] Fluoroscopy".
_LETTER = re.compile(r"[A-Za-z0-9]{2}")
_TICKED = re.compile(r"(?:\[\s?[xX*]\s?\]|\(\s?[xX*]\s?\)|[\u2611\u2612\u2713\u2714\u25a0])\s*$")
_TICKED_NONE = re.compile(
    r"(?:fluoro\w*|\bct\b|ultrasound|\bus\b|imaging|guidance)[^\n]{0,60}?"
    r"(?:\[\s?[xX*]\s?\]|\(\s?[xX*]\s?\)|[\u2611\u2612\u2713\u2714\u25a0])\s*(?P<none>none)\b",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"(?<!\w)(?:II|fl)(?!\w)")
_NAMED = re.compile(
    r"\b(?:guidance|imaging|modality|img|guided\s+by|guide|should\s+read|read|correct(?:ed)?(?:\s+to)?|actually|was|is|used)"
    r"\s*(?:used|modality|method|type)?\s*[:|=>-]*\s*(?:was\s+|is\s+|read\s+)?$",
    re.IGNORECASE,
)
_CUE = re.compile(
    r"(?:\b(?:done|performed|placed|mbb|block|dx|under|by|using|via|with|mhz|linear|\d\s?mhz)|[,+(/])\s*$",
    re.IGNORECASE,
)
# Words of an account of the needle.
_NEEDLE = re.compile(
    r"\b(?:needles?|tips?|2[0-9]\s?-?\s?g(?:a|auge)?|advanced|guid(?:e|ed|ing)|spinal|in-?\s?plane|out-?\s?of-?\s?plane|axis|scouts?|tunnel|coaxial\w*)\b",
    re.IGNORECASE,
)
# What a scan is of, or shows, is no guidance.
_SCAN = re.compile(
    r"[ \t]*(?:scans?|report|findings?|myelogram|angiogra\w*|technolog\w*|abdomen|chest|head|neck)?"
    r"[ \t]*(?:of\b|from\b|dated|on\s+\d|\d|in\s+20|show|demonstrat|reveal|negative|normal|"
    r"reviewed|c-?\s?spine|cervical|thoracic|t-?\s?spine|flex|army|navy|veteran|citizen|marine|technolog)",
    re.IGNORECASE,
)
_FINDING = re.compile(
    r"\b(?:show\w*|reveal\w*|demonstrat\w*|arthropathy|degenerat\w*|spondyl\w*|hypertroph\w*|stenosis|unremarkable|"
    r"protrusion|bulge|fracture|reviewed|dated)\b",
    re.IGNORECASE,
)
# A code's wording, and a choice nobody made, state nothing.
_CODE_TEXT = re.compile(
    r"\b(?:7700[0-3]|77012|77021|76942|76000|6449\d|021[3-8]T)\b[^.\n]{0,60}$", re.IGNORECASE
)
_CHOICE = re.compile(
    r"\b(?:fluoro\w*|c-?arm|ct|ultrasound|us)\s*(?:/|,|\bor\b)\s*(?:fluoro\w*|ct|ultrasound|us)\s*(?:/|,|,?\s*\bor\b)\s*"
    r"(?:fluoro\w*|ct|ultrasound|us|none)\b|\b(?:fluoroscopy|image\s+guidance\s*\(fluoroscopy)\s+or\s+ct\b",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"[ \t]*(?:guidance\s+)?(?:will|would|may|might|can|is\s+to|should)\s+(?:then\s+|also\s+)?be\b",
    re.I,
)
_CORRECTS = re.compile(
    r"\b(?:correct\w*|should\s+(?:read|say|state|be)|in\s+error|erroneous\w*|amend\w*|wrong\w*|mis-?(?:stated|dictated)|"
    r"as\s+stated\s+above|above|mistake\w*)\b",
    re.IGNORECASE,
)
_OTHER_BLOCK = re.compile(
    r"\b(?:occipital|trigger|tpis?|tps?|gon|shoulder|knee|bursa|si\s+joint)\b", re.I
)
_CLAUSE = re.compile(r"[;:.]|,(?=\s*(?:but|so|then|the\s+needle))|\bbut\b")


@cache
def _pattern(key: str) -> Words:
    return at_words(load_rules("guidance")[key])


@cache
def _bare(modality: Modality) -> Words:
    return at_words(load_rules("guidance")["bare"][modality])


@cache
def _cue(key: str) -> re.Pattern[str]:
    return re.compile(load_rules("guidance")[key], re.IGNORECASE)


@dataclass(slots=True)
class _Found:
    """Mentions that count, by modality, and those of an imaging that was not used."""

    used: dict[Modality, list[Evidence]] = field(default_factory=dict)
    corrected: dict[Modality, list[Evidence]] = field(default_factory=dict)
    views: list[Evidence] = field(default_factory=list)
    refused: list[Evidence] = field(default_factory=list)


def find(reading: Reading) -> Guidance:
    """The modality that placed the needle: fluoroscopy or CT before ultrasound, ``none`` if denied.

    A correction beats all else. Of fluoroscopy and CT, CT: its suite has both.
    """
    found = _Found()
    choices = [(m.start(), m.end()) for m in _CHOICE.finditer(reading.even)]
    for match in _pattern("none").finditer(reading.even):
        if _counts(reading, match.start()) and not _of_another_block(reading, match.start()):
            found.refused.append(reading.evidence(match.start(), match.end()))
    if "none" in reading.even.lower():
        for match in _TICKED_NONE.finditer(reading.given):
            if _counts(reading, match.start("none")):
                found.refused.append(reading.evidence(*match.span("none")))
    ends: dict[Modality, int] = {}
    for modality in _ORDER:
        spots = [(m.start(), m.end(), False) for m in _pattern(modality).finditer(reading.even)]
        if modality == "fluoroscopy" and _LETTERS.search(reading.even):
            found_so = _pattern("letters").finditer(reading.even)
            spots += [(m.start(), m.end(), False) for m in found_so]
        spots += [(m.start(), m.end(), True) for m in _bare(modality).finditer(reading.even)]
        for start, end, bare in sorted(spots, key=lambda spot: (spot[0], -spot[1])):
            if start < ends.get(modality, 0) or not reading.even[start:end].strip():
                continue
            ends[modality] = end
            choice = bisect_right(choices, (start, len(reading.even))) - 1
            if choice >= 0 and start < choices[choice][1]:
                continue
            _sort(reading, found, modality, start, end, bare=bare)
    for match in _pattern("views").finditer(reading.even):
        if not _SCAN.match(reading.even, match.end()) and _counts(reading, match.start()):
            found.views.append(reading.evidence(match.start(), match.end()))
    return _decided(found)


def _sort(
    reading: Reading, found: _Found, modality: Modality, start: int, end: int, *, bare: bool
) -> None:
    """Put one mention where it belongs: used, the one a correction names, refused, or nowhere."""
    sentence = reading.sentence_at(start)
    before = reading.even[max(sentence.start, start - 70) : start]
    if bare and not _about_needle(reading, before, start, end):
        return
    if _CODE_TEXT.search(before):
        return
    if modality == "ultrasound" and _cue("other_ultrasound").search(
        reading.even, max(sentence.start, start - 60), min(sentence.end, end + 40)
    ):
        return
    if _LATER.match(reading.even, end) or not _counts(reading, start):
        return
    spot = reading.evidence(start, end)
    after = reading.even[end : min(sentence.end, end + 60)]
    if _cue("denied_before").search(_CLAUSE.split(before)[-1]) or _cue("denied_after").match(after):
        if modality != "ultrasound" and not re.match(r"\W*time\b", after, re.IGNORECASE):
            found.refused.append(spot)
        return
    if any(e.start <= spot.start < e.end for e in found.refused):
        return
    found.used.setdefault(modality, []).append(spot)
    addendum = reading.section_at(start).category == "addendum"
    if _CORRECTS.search(reading.even, sentence.start, sentence.end) or (
        addendum and _CORRECTS.search(reading.even, max(0, sentence.start - 120), sentence.start)
    ):
        found.corrected.setdefault(modality, []).append(spot)


def _decided(found: _Found) -> Guidance:
    used = found.used
    if len(found.corrected) == 1 and len(used) > 1:
        used = found.corrected
    for modality in ("ct", "fluoroscopy", "ultrasound"):
        if modality in used:
            return Guidance(modality, tuple(used[modality][:_PLACES]))
    if found.refused:
        return Guidance("none", tuple(found.refused[:2]))
    if found.views:
        return Guidance("fluoroscopy", tuple(found.views[:_PLACES]))
    return Guidance("unstated")


def _about_needle(reading: Reading, before: str, start: int, end: int) -> bool:
    """Whether a bare "CT", "US" or "X-ray" names the guidance: a tick, a field, or the needle."""
    # The box is blank in the even text, where only what was ticked is left.
    ticked = _TICKED.search(reading.given[max(0, start - 8) : start])
    if ticked or _NAMED.search(before):
        return not _SCAN.match(reading.even, end)
    if _SCAN.match(reading.even, end):
        return False
    if (
        re.search(r"\b(?:let|to|for|of|told|tells|with)\s+$", before, re.I)
        and before[-5:].isupper()
    ):
        return False
    if reading.section_at(start).category == "guidance":
        return True
    sentence = reading.sentence_at(start)
    if not _NEEDLE.search(reading.even, sentence.start, sentence.end):
        # "MBB C4-6, US": in a title or after a preposition of use
        return bool(
            _CUE.search(before)
            and reading.section_at(start).category in {"title", "procedure", "narrative"}
            and reading.even[start:end].isupper()
            and reading.even[start:end].startswith("US")
        )
    return True


def _of_another_block(reading: Reading, start: int) -> bool:
    sentence = reading.sentence_at(start)
    return _OTHER_BLOCK.search(reading.even, sentence.start, sentence.end) is not None


def _counts(reading: Reading, start: int) -> bool:
    """Whether imaging named here is of today: not a plan, a past block or a scan."""
    section = reading.section_at(start)
    between = reading.even[section.body : start]
    if section.category == "imaging" and section.heading and not _LETTER.search(between):
        # "Imaging: fluoroscopy" is a field of the account; "Imaging: MRI of ..." is none of ours.
        line_end = reading.even.find("\n", start)
        return not _FINDING.search(reading.even, start, line_end if line_end >= 0 else section.end)
    if section.category in _SILENT:
        return False
    sentence = reading.sentence_at(start)
    if reading.dated_before_today(sentence):
        return False
    clause = _CLAUSE.split(reading.even[max(sentence.start, start - 60) : start])[-1]
    if _cue("another_day").search(clause):
        return False
    if section.category in _FIELD or reading.section_time(start) == "performed":
        return True
    # Only what stands in front: "under fluoroscopy …, after contrast had shown" is of today.
    past = _PAST.search(reading.even, sentence.start, start)
    return not past or bool(_TODAY.search(reading.even, sentence.start, sentence.end))
