"""Numbers whose percent sign stands in their field's label or at the head of their column."""

from __future__ import annotations

import re
from collections.abc import Iterator

from facetcode.extract import numbers
from facetcode.extract.percentages import Percentage
from facetcode.extract.text import line_spans

_OF = r"(?:(?:of|pain|index|neck|est\.?|estimated|patient|reported)\s+){0,3}"
_GAIN = r"(?:relief|improvement|improved|better|reduction|reduced|decrease|benefit|response)"
_NAME = (
    rf"(?:(?:%|percent(?:age)?\b|pct\b)\s*{_OF}{_GAIN}\b|"
    rf"\b{_GAIN}\s*(?:\(\s*|in\s+|,\s*)?(?:%|percent(?:age)?\b|pct\b)\s*\)?)"
)
_SIGNED = re.compile(_NAME, re.IGNORECASE)
_NUMBER = (
    r"(?P<bound>[<>]\s?=?\s?)?(?P<low>\d{1,3})(?:\s?(?:-|to)\s?(?P<high>\d{1,3}))?(?P<plus>\+)?"
)
_CELL = re.compile(_NUMBER)
_FIELD = re.compile(
    rf"{_NAME}[^\d\n|:=%]{{0,30}}(?:\bblock\s*#?\d\b[^\d\n|:=%]{{0,10}})?[:=]\s*{_NUMBER}"
    r"(?![\d.,]*\s?(?:%|/|percent|pct|h\b|hr|hour|min|day|week|[./]\d))(?!\d)",
    re.IGNORECASE,
)
_LABEL = re.compile(
    rf"\b{_GAIN}\b[^\d\n|:=%]{{0,24}}(?:#?\d[^\d\n|:=%]{{0,6}})?\((?:%|percent)\)\s*[:=]\s*{_NUMBER}"
    r"(?![\d.,]*\s?(?:%|/|percent|pct|[./]\d))(?!\d)",
    re.IGNORECASE,
)
_GAP = re.compile(r"\||\t|[ ]{2,}")
_BAR = re.compile(r"\|")
_RULER = re.compile(r"[\s|:+=-]*$")
_ROWS = 24


def find(text: str) -> Iterator[Percentage]:
    """Bare numbers that a label or a column's head makes percentages of relief, in no order."""
    if not _SIGNED.search(text) and "(%)" not in text:
        return
    fields = {m.start("low"): m for pattern in (_FIELD, _LABEL) for m in pattern.finditer(text)}
    for field in fields.values():
        yield from _read(field)
    lines = line_spans(text)
    for index, (start, end) in enumerate(lines):
        column = _column(text, start, end)
        if column is None:
            continue
        for low, high in lines[index + 1 : index + 1 + _ROWS]:
            if not text[low:high].strip() or (low < high and not _GAP.search(text, low, high)):
                break
            if not _RULER.match(text, low, high):
                yield from _cell(text, low, high, column)


def _cells(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Half-open offsets of a row's cells; between bars a cell may be empty."""
    bars = "|" in text[start:end]
    while start < end and text[start] in " |\t":
        start += 1
    edges = [start]
    for gap in (_BAR if bars else _GAP).finditer(text, start, end):
        edges += [gap.start(), gap.end()]
    edges.append(end)
    return list(zip(edges[::2], edges[1::2], strict=True))


def _column(text: str, start: int, end: int) -> int | None:
    """Which column of a table's head names relief in percent, or None when the line is no head."""
    if not _SIGNED.search(text, start, end) or not _GAP.search(text, start, end):
        return None
    if re.search(r"\d\s?%|:", text[start:end]):
        return None
    for index, (low, high) in enumerate(_cells(text, start, end)):
        if _SIGNED.search(text, low, high):
            return index
    return None


def _cell(text: str, start: int, end: int, column: int) -> Iterator[Percentage]:
    cells = _cells(text, start, end)
    if column >= len(cells):
        return
    low, high = cells[column]
    piece = text[low:high]
    at = low + len(piece) - len(piece.lstrip())
    match = _CELL.match(text, at, low + len(piece.rstrip()))
    if match and match.end() == low + len(piece.rstrip()):
        yield from _read(match)


def _read(match: re.Match[str]) -> Iterator[Percentage]:
    low = numbers.value(match["low"])
    high = numbers.value(match["high"] or match["low"])
    if low is None or high is None or max(low, high) > 100:
        return
    low, high = min(low, high), max(low, high)
    bound = match["bound"] or ""
    if ">" in bound or match["plus"]:
        high = 100.0
    elif "<" in bound:
        low = 0.0
    start = match.start("bound") if bound else match.start("low")
    end = max(match.end("low"), match.end("high"), match.end("plus"))
    yield Percentage(start, end, low, high, bool(bound or match["plus"]), headed=True)
