"""Diagnoses of today's visit: ICD-10-CM codes by their form, and spine diagnoses in words."""

from __future__ import annotations

import re
from functools import cache

from facetcode.extract.reading import Reading
from facetcode.extract.rules import Words, at_words, load_rules
from facetcode.facts import Diagnosis, Evidence

# A letter, a digit, a digit or letter, and up to four more after a point; U is not used for spines.
_DOTTED = re.compile(
    r"(?<![A-Za-z0-9.])(?P<code>[A-TV-Za-tv-z]\d[0-9A-Za-z]\.[0-9A-Za-z]{1,4})(?![0-9A-Za-z]|\.\d)"
)
# Without the point only where it cannot be anything else.
_BARE = re.compile(
    r"(?<![A-Za-z0-9.-])(?P<code>[MG]\d{2}\d{1,4}|M\d{2}[0-9A-Z]{1,4})(?![0-9A-Za-z])"
)
# A category without subdivision (I10, G35) only under a diagnosis heading; C, T, L, S are levels.
_SHORT = re.compile(
    r"(?<![A-Za-z0-9.-])(?P<code>[ABD-KM-RV-Z]\d\d)(?![0-9A-Za-z]|\.\d|\s?(?:mg|ml|gauge))"
)
_LIST = 80
"""Characters a list of codes goes on for behind a code."""


@cache
def _rule(name: str) -> Words:
    return at_words(load_rules("diagnoses")[name])


def _standard(raw: str) -> str:
    code = raw.upper().replace(".", "")
    return code if len(code) == 3 else f"{code[:3]}.{code[3:]}"


def find(reading: Reading) -> tuple[Diagnosis, ...]:
    """Codes first, each once in order of mention; then diagnoses in words, code None."""
    codes: dict[str, list[Evidence]] = {}
    matches = [*_DOTTED.finditer(reading.even), *_BARE.finditer(reading.even)]
    for section in reading.sections:
        if section.category in {"diagnosis", "assessment", "codes"}:
            matches += _SHORT.finditer(reading.even, section.body, section.end)
    # A code without subdivision is one where codes are listed: "M47.814; HTN I10".
    ends = [m.end() for m in matches]
    matches += [
        m
        for m in _SHORT.finditer(reading.even)
        if any(0 < m.start() - end <= _LIST for end in ends)
    ]
    for match in sorted({m.start(): m for m in matches}.values(), key=lambda m: m.start()):
        if _rule("rejected").search(reading.even, max(0, match.start() - 40), match.start()):
            continue
        section = reading.section_at(match.start())
        if section.category == "family":
            continue
        found = codes.setdefault(_standard(match["code"]), [])
        found.append(reading.evidence(match.start(), match.end()))
    words: list[Evidence] = []
    for match in _rule("words").finditer(reading.even):
        section = reading.section_at(match.start())
        if section.category in {"family", "consent", "plan", "exam", "imaging"}:
            continue
        if _rule("negated").search(reading.even, max(0, match.start() - 50), match.start()):
            continue
        words.append(reading.evidence(match.start(), match.end()))
    return (
        *(Diagnosis(code, tuple(evidence)) for code, evidence in codes.items()),
        *((Diagnosis(None, tuple(words)),) if words else ()),
    )
