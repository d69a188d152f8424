"""Passages of another paper inside a note: notes pasted between rulers, records quoted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from facetcode.extract.rules import load_rules

_QUOTED = re.compile(
    '(?:(?<=[\\s:(])|^)(?:"(?=[A-Za-z])(?P<straight>[^"]{80,4000})(?<=[A-Za-z.!?)%])"(?![\\w])'
    "|\u201c(?P<curly>[^\u201c\u201d]{80,4000})\u201d)"
)
# A line of ornaments, alone or around a few words.
_RULER = re.compile(r"^[ ]*[-=*_~#>]{3,}[^\n]{0,80}$", re.MULTILINE)
_WHOLE = 0.8
"""A quotation that is this share of the note is how the note was exported."""


@cache
def _words(key: str) -> re.Pattern[str]:
    return re.compile("|".join(load_rules("foreign")[key]), re.IGNORECASE)


def passages(text: str) -> list[tuple[int, int]]:
    """Half-open offsets of what another paper says, in order and not overlapping."""
    found: list[tuple[int, int]] = []
    for start, end in sorted([*_quoted(text), *_pasted(text)]):
        if not found or start >= found[-1][1]:
            found.append((start, end))
    return found


def _quoted(text: str) -> Iterator[tuple[int, int]]:
    for match in _QUOTED.finditer(text):
        start, end = match.span()
        if end - start < _WHOLE * len(text) and _words("account").search(text, start, end):
            yield start, end


def _pasted(text: str) -> Iterator[tuple[int, int]]:
    """From the line that announces a paste to the ruler that ends it."""
    rulers = list(_RULER.finditer(text))
    for at, ruler in enumerate(rulers):
        line = text.rfind("\n", 0, max(ruler.start() - 1, 0)) + 1
        if not _words("announced").search(text, line, ruler.end()):
            continue
        if at + 1 < len(rulers):
            yield ruler.end(), rulers[at + 1].start()
