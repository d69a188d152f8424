"""Diagnoses of today's visit: ICD-10-CM codes by their form, and spine diagnoses in words."""

from __future__ import annotations

import re
from bisect import bisect_left
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
    r"(?<![A-Za-z0-9.-])(?P<code>[ABD-KM-RV-Z]\d\d)(?![0-9A-Za-z]|\.(?:\d|[A-Z](?![a-z]))|\s?(?:mg|ml|gauge))"
)
# Subdivided but without its point, under such a heading: "E119", "S134XXD".
_UNDOTTED = re.compile(
    r"(?<![A-Za-z0-9.-])(?P<code>[ABD-KM-RV-Z]\d{3}[0-9A-Z]{0,3}|S\d{3}[0-9X]{2}[ADS])"
    r"(?![0-9A-Za-z]|\.\d|\s?(?:mg|ml|gauge))"
)
_LIST = 80
"""Characters a list of codes goes on for behind a code."""
_LIST_AHEAD = 40
"""Characters in front of a code in which another begins its list."""


_CODE = r"[A-TV-Z]\d[0-9A-Z]\.?[0-9A-Z]{0,4}"
# "M54.2 neck pain", "neck pain (M54.2)": a code beside words makes them a diagnosis.
_CODE_BEHIND = re.compile(rf"[\s,:;(\[/-]{{1,4}}(?:ICD\S*\s+)?{_CODE}\b")
_CODE_BEFORE = re.compile(rf"\b{_CODE}[ \t,:;)\]/-]{{1,5}}$")
_LISTS = frozenset({"diagnosis", "assessment", "codes"})


@cache
def _rule(name: str) -> Words:
    rules = load_rules("diagnoses")
    sources = [rules[name]] if isinstance(rules[name], str) else rules[name]
    for part in ("region", "where", "without"):
        sources = [source.replace(f"{{{part}}}", rules[part]) for source in sources]
    return at_words(sources)


@cache
def _behind(name: str) -> re.Pattern[str]:
    return re.compile(load_rules("diagnoses")[name], re.IGNORECASE)


def _standard(raw: str) -> str:
    code = raw.upper().replace(".", "")
    return code if len(code) == 3 else f"{code[:3]}.{code[3:]}"


def find(reading: Reading) -> tuple[Diagnosis, ...]:
    """Codes first, each once in order of mention; then diagnoses in words, code None."""
    codes = _codes(reading)
    words = _words(reading)
    return (
        *(Diagnosis(code, tuple(evidence)) for code, evidence in codes.items()),
        *((Diagnosis(None, tuple(words)),) if words else ()),
    )


def _codes(reading: Reading) -> dict[str, list[Evidence]]:
    """Where each code stands; a code the note takes back anywhere is left out."""
    matches = [*_DOTTED.finditer(reading.even), *_BARE.finditer(reading.even)]
    for section in reading.sections:
        if section.category in _LISTS:
            for pattern in (_SHORT, _UNDOTTED):
                matches += pattern.finditer(reading.even, section.body, section.end)
    # A code without subdivision is one where codes are listed, "M47.814; HTN I10", and where it
    # stands alone in brackets behind a word: "Hypertension (I10)".
    starts = sorted(m.start() for m in matches)
    ends = sorted(m.end() for m in matches)
    for match in _SHORT.finditer(reading.even):
        behind = bisect_left(ends, match.start())
        ahead = bisect_left(starts, match.end())
        if (
            (behind and match.start() - ends[behind - 1] <= _LIST)
            or (ahead < len(starts) and starts[ahead] - match.end() <= _LIST_AHEAD)
            or _bracketed(reading, match)
        ):
            matches.append(match)
    found: dict[str, list[Evidence]] = {}
    rejected: set[str] = set()
    for match in sorted({m.start(): m for m in matches}.values(), key=lambda m: m.start()):
        if reading.section_at(match.start()).category == "family":
            continue
        code = _standard(match["code"])
        before = max(0, match.start() - 60), match.start()
        if _rule("rejected").search(reading.even, *before) or _behind("rejected_after").match(
            reading.even, match.end()
        ):
            rejected.add(code)
        found.setdefault(code, []).append(reading.evidence(match.start(), match.end()))
    return {code: evidence for code, evidence in found.items() if code not in rejected}


def _bracketed(reading: Reading, match: re.Match[str]) -> bool:
    """Whether a code stands alone in brackets behind a word that is no place and no vitamin."""
    text = reading.even
    return (
        text[match.end() : match.end() + 1] in {")", "]"}
        and _OPENED.search(text, max(0, match.start() - 30), match.start()) is not None
    )


_OPENED = re.compile(
    r"\b(?!(?:room|bay|bed|suite|theatre|plate|locker|seat|gate|row|unit|zone|lot|version|form|vitamin|ward|box|slot|bin)\b)"
    r"[A-Za-z]{2,}\s*[(\[](?:ICD\S*\s+)?$",
    re.IGNORECASE,
)


def _words(reading: Reading) -> list[Evidence]:
    """Spine diagnoses in words; complaints and findings only where diagnoses are listed."""
    words: list[Evidence] = []
    spots = [(m.start(), m.end(), True) for m in _rule("words").finditer(reading.even)]
    spots += [(m.start(), m.end(), False) for m in _rule("listed").finditer(reading.even)]
    last = 0
    for start, end, held in sorted(spots, key=lambda spot: (spot[0], -spot[1])):
        if start < last or _not_held(reading, start, end):
            continue
        section = reading.section_at(start)
        beside = _beside_code(reading, start, end)
        if not beside:
            if section.category in {"family", "consent", "plan", "exam", "imaging", "allergies"}:
                continue
            if not held and section.category not in {"diagnosis", "assessment"}:
                continue
            sentence = reading.sentence_at(start)
            if _behind("scan").search(reading.even, sentence.start, start):
                continue
        words.append(reading.evidence(start, end))
        last = end
    return words


def _not_held(reading: Reading, start: int, end: int) -> bool:
    return _rule("negated").search(reading.even, max(0, start - 60), start) is not None or bool(
        _behind("negated_after").match(reading.even, end)
    )


def _beside_code(reading: Reading, start: int, end: int) -> bool:
    return _CODE_BEHIND.match(reading.even, end) is not None or (
        _CODE_BEFORE.search(reading.even, max(0, start - 30), start) is not None
    )
