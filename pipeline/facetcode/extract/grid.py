"""Ticks in a grid of levels and sides: a row a level with columns R and L, or a row a side."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from facetcode.extract.text import line_spans

KnownSide = Literal["right", "left", "bilateral"]


@dataclass(frozen=True, slots=True)
class Tick:
    """A side ticked for one cell; ``row`` and ``column`` are half-open stretches of the text.

    ``row`` is the line of the tick; ``column`` the heading above it. A level mention that lies in
    either has this side.
    """

    value: KnownSide
    start: int
    end: int
    row: tuple[int, int]
    column: tuple[int, int]


_SIDE = re.compile(
    r"(?<![A-Za-z/])(?P<right>R|Rt|RT|Right|RIGHT)(?![A-Za-z/])"
    r"|(?<![A-Za-z/])(?P<left>L|Lt|LT|Left|LEFT)(?![A-Za-z/\d])"
    r"|(?<![A-Za-z/])(?P<bilateral>B|BL|B/L|Bil|BIL|Bilat|BILAT|Bilateral|BILATERAL|Both|BOTH)(?![A-Za-z/])"
)
_LEVEL = re.compile(
    r"(?<![A-Za-z\d])(?:[CT]-?\d{1,2}(?:\s?[-/]\s?[CTL]?\d{1,2})?|TON)(?![\dA-Za-z])"
)
_MARK = re.compile(
    r"\[\s*[xX*\u2713\u2714]\s*\]|\(\s*[xX*]\s*\)|[\u2611\u2612\u2713\u2714\u25a0\u25cf]"
    r"|(?<![A-Za-z\d.])(?:[xX]{1,2}|yes|YES|Yes|Y|done|Done|\+)(?![A-Za-z\d])"
    r"|\d?\.\d+(?:\s?(?:mL|ml|cc))?|\d(?:\s?(?:mL|ml|cc))"
)
_BOX = re.compile(r"\[[ _xX*]?\]|\([ _xX*]\)")
_REACH = 14
"""Lines a heading may stand above its row."""
_WIDEST = 160
"""Characters of the longest line that can be a row."""


def _cells(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The cells of a row drawn with bars, as offsets; empty for a row without bars."""
    if text.count("|", start, end) < 2:
        return []
    cells, here = [], start
    while (bar := text.find("|", here, end)) >= 0:
        cells.append((here, bar))
        here = bar + 1
    return [*cells, (here, end)]


def _under(
    mark: re.Match[str],
    line: tuple[int, int],
    heads: Sequence[tuple[int, int]],
    top: tuple[int, int],
    text: str,
) -> int | None:
    """Which heading a mark stands under: its cell's in a table of bars, else the nearest column."""
    cells, above = _cells(text, *line), _cells(text, *top)
    if cells and len(cells) == len(above):
        at = next((i for i, (a, b) in enumerate(cells) if a <= mark.start() < b), None)
        return next(
            (
                i
                for i, (a, _) in enumerate(heads)
                if at is not None and above[at][0] <= a < above[at][1]
            ),
            None,
        )
    middle = (mark.start() + mark.end()) / 2 - line[0]
    gaps = [abs((a + b) / 2 - top[0] - middle) for a, b in heads]
    best = min(range(len(heads)), key=gaps.__getitem__)
    return best if gaps[best] <= 6 else None


def _side(match: re.Match[str]) -> KnownSide:
    return match.lastgroup  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Grid:
    """What the grids of a note tick, and the stretches of those levels they leave unticked."""

    ticks: tuple[Tick, ...] = ()
    unticked: tuple[tuple[int, int], ...] = ()

    def side_at(self, offset: int) -> list[Tick]:
        """The ticks of the level that stands at ``offset``."""
        return [t for t in self.ticks if any(a <= offset < b for a, b in (t.row, t.column))]

    def leaves_out(self, offset: int) -> bool:
        """Whether a grid names a level there and ticks it on no side."""
        return any(a <= offset < b for a, b in self.unticked)


def read(text: str) -> Grid:
    """Every grid of the even text; an untouched grid, without any tick, is none."""
    found: list[Tick] = []
    unticked: list[tuple[int, int]] = []
    lines = line_spans(text)
    for number, line in enumerate(lines):
        if line[1] - line[0] > _WIDEST:
            continue
        sides = list(_SIDE.finditer(text, *line))
        if {m.lastgroup for m in sides} >= {"right", "left"}:
            rows = _rows_of_levels(text, lines, number, sides)
        elif _SIDE_HEAD.search(text, *line):
            rows = _rows_with_side(text, lines, number)
        else:
            rows = _rows_of_sides(text, lines, number)
        if any(ticks for _, ticks in rows):
            for stretch, ticks in rows:
                found += ticks
                if not ticks:
                    unticked.append(stretch)
    return Grid(tuple(found), tuple(unticked))


Rows = list[tuple[tuple[int, int], list[Tick]]]


def _rows_of_levels(
    text: str, lines: Sequence[tuple[int, int]], number: int, sides: Sequence[re.Match[str]]
) -> Rows:
    """A heading with R and L, and a row a level below it."""
    top = lines[number]
    if _LEVEL.search(text, *top) or not _bare(text, top):
        return []
    heads = [m.span() for m in sides]
    rows: Rows = []
    for line in lines[number + 1 : number + 1 + _REACH]:
        levels = list(_LEVEL.finditer(text, *line))
        if not levels or text[line[0] : levels[0].start()].strip(" |-+=_*.[]()xX"):
            if text[line[0] : line[1]].strip(" |-+=_"):
                break
            continue
        ticks = []
        for mark in _MARK.finditer(text, levels[-1].end(), line[1]):
            at = _under(mark, line, heads, top, text)
            if at is not None:
                ticks.append(Tick(_side(sides[at]), *heads[at], line, (0, 0)))
        rows.append((line, ticks))
    return rows


_SIDE_HEAD = re.compile(r"\b(?:sides?|laterality)\b", re.IGNORECASE)
_GAP = re.compile(r"[ ]{2,}|\||\t")


def _rows_with_side(text: str, lines: Sequence[tuple[int, int]], number: int) -> Rows:
    """A heading with a column named Side, and a row a level below it that says R, L or both."""
    top = lines[number]
    if _LEVEL.search(text, *top) or not _bare(text, top) or not _GAP.search(text, *top):
        return []
    rows: Rows = []
    for line in lines[number + 1 : number + 1 + _REACH]:
        level = _LEVEL.search(text, *line)
        if level is None or text[line[0] : level.start()].strip(" |-+=_*"):
            if text[line[0] : line[1]].strip(" |-+=_"):
                break
            continue
        cells = [m.start() for m in _GAP.finditer(text, level.end(), line[1])] + [line[1]]
        for start, end in itertools.pairwise(cells):
            side = _SIDE.search(text, start, end)
            if side and not text[start:end].strip(" |\t").replace(side.group(), "", 1).strip():
                rows.append((line, [Tick(_side(side), *side.span(), line, (0, 0))]))
                break
    return rows


def _rows_of_sides(text: str, lines: Sequence[tuple[int, int]], number: int) -> Rows:
    """A heading with levels, and a row for the right and one for the left below it."""
    top = lines[number]
    heads = [m.span() for m in _LEVEL.finditer(text, *top)]
    if len(heads) < 2 or not _bare(text, top) or _BOX.search(text, *top):
        return []
    columns: dict[int, list[Tick]] = {at: [] for at in range(len(heads))}
    rows = 0
    for line in lines[number + 1 : number + 4]:
        side = _SIDE.search(text, *line)
        if (
            side is None
            or text[line[0] : side.start()].strip(" |[](){}*-")
            or not _bare(text, line)
        ):
            break
        rows += 1
        for mark in _MARK.finditer(text, side.end(), line[1]):
            at = _under(mark, line, heads, top, text)
            if at is not None:
                columns[at].append(Tick(_side(side), *side.span(), (0, 0), heads[at]))
    return [(heads[at], ticks) for at, ticks in columns.items()] if rows else []


_WORDS = re.compile(r"[A-Za-z]{3,}")
_NAMES = re.compile(
    r"(?:levels?|joints?|nerves?|facets?|medial|branch(?:es)?|sides?|rt|lt|right|left|bilat(?:eral)?|both|treated|"
    r"blocked|injected|done|site|vol(?:ume)?|agent|drug|dose|contrast|needle|notes?|comments?|check|circle|mark|"
    r"cervical|thoracic|ton|target|laterality|amount|local|steroid)$",
    re.IGNORECASE,
)


def _bare(text: str, line: tuple[int, int]) -> bool:
    """Whether a line holds names of columns and no prose."""
    words = _WORDS.findall(text, *line)
    return all(_NAMES.match(word) for word in words)
