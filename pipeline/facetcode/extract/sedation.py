"""Why sedation was given: a reason of this patient's own, not comfort, nerves or habit."""

from __future__ import annotations

import re
from functools import cache

from facetcode.extract.reading import Reading
from facetcode.extract.rules import Words, at_words, load_rules
from facetcode.extract.text import Sentence
from facetcode.facts import Finding

_SILENT = frozenset({"plan", "consent", "family"})
_LABELLED = re.compile(
    r"\b(?:sedation|mac|an(?:a)?esthesia)\s+(?:reason|indication|rationale|justification|necessity)\s*[:|-]\s*\S"
    r"|\b(?:reason|indication|rationale|justification|necessity)\s+for\s+(?:the\s+)?(?:sedation|mac)\b",
    re.IGNORECASE,
)
_ABSENT = re.compile(
    r"\b(?:no|not|without|w/o|den(?:ies|ied)|negative\s+for|neither|nor|never|none|risks?|includ\w+|rule\s+out)\s+"
    r"(?:(?!sedat|ended|led|caus|result)\w+[\s,/-]+){0,4}$",
    re.IGNORECASE,
)
_AFTERWARDS = re.compile(
    r"^\W*(?:\w+\W+){0,3}?(?:afterwards|improved|relieved|resolved|noted\s+after|after\s+the\s+(?:block|injection))",
    re.IGNORECASE,
)
# What speaks of lying still under the needle ties a reason to the sedation of the next sentence.
_NEEDLE = re.compile(
    r"\b(?:needles?|injections?|blocks?|procedures?|attempts?|still|sedat\w*|table|iv\s+starts?|reason|prone)\b",
    re.IGNORECASE,
)


_OPENS = re.compile(
    r"\s*(?:this\s+was\s+)?(?:given|used|chosen|required|needed|necessary|because|due\s+to|reason|indicated|owing)\b",
    re.IGNORECASE,
)
# "Spasmodic torticollis; 2 mg midazolam to allow positioning."
_ALLOWS = re.compile(
    r"\bto\s+(?:allow|permit|enable|keep|hold|help|prevent|control|steady|still|make)\b",
    re.IGNORECASE,
)


@cache
def _words(name: str) -> Words:
    return at_words(load_rules("documentation")["words"][name])


def reason(reading: Reading) -> Finding | None:
    """The words of a reason for sedation, in the sentence of the sedation or one beside it."""
    for label in _LABELLED.finditer(reading.even):
        line_end = reading.even.find("\n", label.end())
        own = _own(reading, label.start(), line_end if line_end >= 0 else len(reading.even))
        if own is not None:
            return Finding("sedation_reason", (reading.evidence(label.start(), own[1]),))
    sentences = reading.sentences
    for at, sentence in enumerate(sentences):
        own = _own(reading, sentence.start, sentence.end)
        if own is None or reading.section_at(sentence.start).category in _SILENT:
            continue
        # "..., RN observer (M. Roe); given because she faints": the name cut it from its sedation.
        back = 3 if _OPENS.match(reading.even, sentence.start, sentence.end) else 1
        beside = any(_sedates(reading, near) for near in sentences[max(0, at - back) : at + 2])
        tied = _words("cause").search(reading.even, sentence.start, sentence.end) or _NEEDLE.search(
            reading.even, sentence.start, sentence.end
        )
        if not tied and beside:
            after = sentences[min(at + 1, len(sentences) - 1)]
            tied = _ALLOWS.search(reading.even, after.start, after.end)
        if _sedates(reading, sentence) or (beside and tied):
            return Finding("sedation_reason", (reading.evidence(*own),))
    return None


def _sedates(reading: Reading, sentence: Sentence) -> bool:
    return _words("sedated").search(reading.even, sentence.start, sentence.end) is not None


def _own(reading: Reading, start: int, end: int) -> tuple[int, int] | None:
    """Offsets of a condition that this patient has, in a stretch of text; None without one."""
    for match in _words("reason").finditer(reading.even, start, end):
        if _ABSENT.search(reading.even, max(start, match.start() - 60), match.start()):
            continue
        if _AFTERWARDS.match(reading.even[match.end() : min(end, match.end() + 40)]):
            continue
        return match.start(), match.end()
    return None
