"""Offsets as tools count them: code points, UTF-16 units, Windows line breaks as one or two.

Browsers count UTF-16 units, in which a character beyond the first 65,536 (an emoji, some symbols)
is two; Label Studio wrote such offsets until it changed to code points, and doccano did. Which of
the readings a document was counted in is decided by the words the tool kept beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate

Claimed = tuple[int, int, str | None]
"""Start and end as the tool gives them, and the words it says stand there, if it does."""

CODE_POINTS = "code points"


def _units(text: str) -> list[int]:
    return [2 if character > "\uffff" else 1 for character in text]


def _folded(text: str) -> list[int]:
    return [0 if text[i : i + 2] == "\r\n" else 1 for i in range(len(text))]


def _units_folded(text: str) -> list[int]:
    return [a if b else 0 for a, b in zip(_units(text), _folded(text), strict=True)]


READINGS: Mapping[str, Callable[[str], list[int]] | None] = {
    CODE_POINTS: None,
    "UTF-16 units": _units,
    "code points, line breaks as one": _folded,
    "UTF-16 units, line breaks as one": _units_folded,
}
"""Name of a way to count, and what each character counts in it."""


def to_code_points(text: str, spans: Sequence[Claimed]) -> tuple[list[tuple[int, int] | None], str]:
    """Offsets in code points, and the reading that fits every span whose words are given.

    Where no reading fits all, code points are taken and each span that does not fit is None.
    """
    best: tuple[list[tuple[int, int] | None], str] | None = None
    for name, weigh in READINGS.items():
        found = [_place(text, span, weigh) for span in spans]
        if all(place is not None for place in found):
            return found, name
        best = best or (found, name)
        if text.isascii() and "\r" not in text:
            break  # all ways to count are one
    return best or ([], CODE_POINTS)


def is_ambiguous(text: str) -> bool:
    """Whether the ways to count differ on this text."""
    return "\r\n" in text or any(character > "\uffff" for character in text)


def _place(
    text: str, span: Claimed, weigh: Callable[[str], list[int]] | None
) -> tuple[int, int] | None:
    start, end, words = span
    if weigh is not None:
        borders = list(accumulate(weigh(text), initial=0))
        # Where a character weighs nothing, a mark begins behind it and ends before it.
        begins = {offset: place for place, offset in enumerate(borders)}
        if start not in begins or end not in begins:
            return None
        start, end = begins[start], borders.index(end)
    if not 0 <= start < end <= len(text):
        return None
    if words is not None and _same(words) != _same(text[start:end]):
        return None
    return start, end


def _same(words: str) -> str:
    """Words to compare: tools show line breaks and runs of blanks in their own ways."""
    return " ".join(words.replace("\\n", "\n").split())
