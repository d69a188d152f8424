"""Numbers as notes write them: digits, words and ranges."""

from __future__ import annotations

import re

_UNITS = {
    w: n
    for n, w in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen".split()
    )
}
_TENS = {
    w: n * 10
    for n, w in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)
}
WORD = (
    r"(?:(?:" + "|".join(_TENS) + r")(?:[- ](?:" + "|".join(list(_UNITS)[1:10]) + r"))?"
    r"|(?:a|one)\s+hundred|hundred|" + "|".join(sorted(_UNITS, key=len, reverse=True)) + r")"
)
"""Regular expression of a number from zero to one hundred in words."""


def value(raw: str) -> float | None:
    """The number ``raw`` spells in digits or words, or None."""
    words = raw.strip().lower().replace("-", " ")
    if re.fullmatch(r"\d+(?:\.\d+)?", words):
        return float(words)
    if "hundred" in words:
        return 100.0
    total = 0
    for word in words.split():
        if word in _TENS:
            total += _TENS[word]
        elif word in _UNITS:
            total += _UNITS[word]
        else:
            return None
    return float(total)
