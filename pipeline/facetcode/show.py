"""Records for eyes: the table of many notes, and one note with its evidence in colour."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from facetcode.facts import Evidence, Facts
from facetcode.record import Check, Flag, Line, Record
from facetcode.summary import done, flat, levels, line_code
from facetcode.terminal import one_line, visible


@dataclass(frozen=True, slots=True)
class Mark:
    """How evidence of one kind is shown; the letter says it where colour does not reach."""

    letter: str
    name: str
    style: str


PROCEDURE = Mark("P", "procedure", "black on bright_cyan")
LEVEL = Mark("L", "level", "black on bright_yellow")
NERVE = Mark("N", "nerve without its joint", "black on dark_orange")
GUIDANCE = Mark("G", "guidance", "black on bright_green")
RELIEF = Mark("R", "relief", "black on bright_magenta")
DIAGNOSIS = Mark("D", "diagnosis", "white on blue")
SCORE = Mark("S", "pain score", "black on plum2")
CODE = Mark("C", "code the note states", "white on dark_green")
FINDING = Mark("F", "documentation", "black on grey74")
DOUBT = Mark("?", "in question", "white on red")
MARKS = (PROCEDURE, LEVEL, NERVE, GUIDANCE, RELIEF, DIAGNOSIS, SCORE, CODE, FINDING, DOUBT)

STATUS_STYLE = {"coded": "green", "query": "bold yellow", "not_applicable": "dim"}
SEVERITY = {
    "hard": ("do not bill yet", "bold red"),
    "soft": ("at risk", "yellow"),
    "info": ("to know", "cyan"),
}

RESULT = {
    "passed": ("passed", "green"),
    "failed": ("FAILED", "bold red"),
    "not_knowable": ("not in the note", "yellow"),
}

_WIDE = 116
"""Columns of a terminal from which note and reasons stand beside each other."""
_LONGEST = 20_000
"""Characters of a note shown whole; of a longer one, the surroundings of the evidence."""
_AROUND = 400


def console_on(stream: TextIO, *, piped: int) -> Console:
    """A console that prints text as it stands: no markup, no emoji names, no guessed colours.

    ``piped`` is its width in columns where the stream is no terminal and COLUMNS is not set.
    """
    width = None if stream.isatty() or "COLUMNS" in os.environ else piped
    return Console(file=stream, width=width, markup=False, emoji=False, highlight=False)


def print_table(records: Iterable[Record], console: Console) -> None:
    """Print one row a record: what was done, where, what to bill and what to ask first."""
    grid = Table(header_style="bold")
    for name in ("note", "status", "done today", "levels"):
        grid.add_column(name, overflow="fold")
    for name in ("codes", "ask before billing"):
        grid.add_column(name, no_wrap=True)  # half a code is worse than a wrapped sentence
    for record in records:
        row = flat(record)
        style = STATUS_STYLE[record.status]
        grid.add_row(
            Text(one_line(record.note_id)),
            Text(record.status.replace("_", " "), style=style),
            Text(done(record.facts.procedure)),
            Text(str(row["levels"]).replace("; ", "\n")),
            Text("\n".join(map(line_code, record.lines)), style=style),
            Text(str(row["hard_flags"]).replace("; ", "\n"), style="yellow"),
        )
    console.print(grid)


def print_note(text: str, record: Record, console: Console) -> None:
    """Print one note with its evidence marked, the lines with their reasons, and the flags."""
    spans = marked(record)
    legend = Text("\n" if spans else "")
    for mark in MARKS:
        if any(mark in marks for _, _, marks in spans):
            legend.append(f"[{mark.letter}:{mark.name}]", style=mark.style)
            legend.append("  ")
    note = Panel(
        Group(highlighted(text, spans), legend),
        title=Text(one_line(record.note_id)),
        title_align="left",
    )
    answer = Group(*_answer(record))
    if console.width >= _WIDE:
        beside = Table.grid(padding=(0, 1), expand=True)
        beside.add_column(ratio=3)
        beside.add_column(ratio=2)
        beside.add_row(note, answer)
        console.print(beside)
    else:
        console.print(note)
        console.print(answer)
    if record.flags:
        console.print(Rule(Text("flags")))
        console.print(_flags(record.flags))
    if record.verification:
        console.print(Rule(Text("before submission")))
        console.print(_checks(record.verification))


Span = tuple[int, int, tuple[Mark, ...]]
"""A stretch of the note, half-open, and what it is evidence of."""


def marked(record: Record) -> list[Span]:
    """The note cut where evidence begins or ends: disjoint spans in order, none unmarked."""
    found = [
        (evidence.start, evidence.end, mark)
        for mark, items in _evidence(record.facts, record.flags)
        for evidence in items
        if evidence.note_id is None and evidence.start < evidence.end
    ]
    edges = sorted({edge for start, end, _ in found for edge in (start, end)})
    spans: list[Span] = []
    active: list[tuple[int, int, Mark]] = []
    coming = iter(sorted(found, key=lambda item: item[0]))
    following = next(coming, None)
    for start, end in pairwise(edges):
        active = [item for item in active if item[1] > start]
        while following is not None and following[0] <= start:
            active.append(following)
            following = next(coming, None)
        here = {mark for _, _, mark in active}
        marks = tuple(mark for mark in MARKS if mark in here)
        if not marks:
            continue
        if spans and spans[-1][1] == start and spans[-1][2] == marks:
            spans[-1] = (spans[-1][0], end, marks)
        else:
            spans.append((start, end, marks))
    return spans


def _evidence(facts: Facts, flags: Sequence[Flag]) -> Iterator[tuple[Mark, Iterable[Evidence]]]:
    for procedure in (facts.procedure, *facts.also):
        yield PROCEDURE, (*procedure.evidence, *procedure.intent_evidence)
    for level in (*facts.levels, *facts.lumbar_levels):
        yield LEVEL, level.evidence
    for nerve in facts.nerves:
        yield NERVE, nerve.evidence
    yield GUIDANCE, facts.guidance.evidence
    for relief in facts.relief:
        yield RELIEF, relief.evidence
    for diagnosis in facts.diagnoses:
        yield DIAGNOSIS, diagnosis.evidence
    for score in facts.scores:
        yield SCORE, score.evidence
    for stated in facts.stated_codes:
        yield CODE, stated.evidence
    for finding in facts.findings:
        yield FINDING, finding.evidence
    for doubt in facts.doubts:
        yield DOUBT, doubt.evidence
    for flag in flags:
        yield DOUBT, flag.evidence


def highlighted(text: str, spans: Sequence[Span]) -> Text:
    """The note, safe to print, with each span coloured and bracketed with its letters.

    Long notes are cut to the surroundings of their evidence; what is left out is counted.
    """
    safe = visible(text)
    shown = Text()
    for start, end in _windows(len(safe), spans):
        if start is None:
            shown.append(f"\n[… {end:,} characters without evidence …]\n", style="dim italic")
            continue
        here = start
        for left, right, marks in spans:
            if not start <= left < end:
                continue
            shown.append(safe[here:left])
            # The first kind gives the colour; the letters name every kind.
            letters = "".join(mark.letter for mark in marks)
            shown.append(f"[{letters}:{safe[left:right]}]", style=marks[0].style)
            here = right
        shown.append(safe[here:end])
    shown.rstrip()
    return shown


def _windows(length: int, spans: Sequence[Span]) -> Iterator[tuple[int | None, int]]:
    """What to show of a note: (start, end), or (None, n) where n characters are left out."""
    if length <= _LONGEST:
        yield 0, length
        return
    wanted: list[list[int]] = [[0, _AROUND]]
    for left, right, _ in spans:
        start, end = max(0, left - _AROUND), min(length, right + _AROUND)
        if start <= wanted[-1][1]:
            wanted[-1][1] = max(wanted[-1][1], end)
        else:
            wanted.append([start, end])
    here = 0
    for start, end in wanted:
        if start > here:
            yield None, start - here
        yield start, end
        here = end
    if here < length:
        yield None, length - here


def _answer(record: Record) -> Iterator[RenderableType]:
    style = STATUS_STYLE[record.status]
    facts = record.facts
    yield Text.assemble((record.status.replace("_", " "), style), f"  under {record.policy}")
    yield Text(done(facts.procedure))
    if facts.levels:
        yield Text(f"{levels(record)}; {_guidance(facts)}")
    for line in record.lines:
        yield Text()
        yield from _line(line, style)
    if not record.lines:
        yield Text("\nno lines", style="dim")
    if record.lumbar_lines:
        codes = ", ".join(f"{line_code(line)} ({line.joint})" for line in record.lumbar_lines)
        yield Text(f"\nlumbar levels, to be coded apart: {codes}", style="dim")


def _guidance(facts: Facts) -> str:
    modality = facts.guidance.modality
    return {"none": "no image guidance", "unstated": "guidance not stated"}.get(modality, modality)


def _line(line: Line, style: str) -> Iterator[RenderableType]:
    side = "" if line.side == "unstated" else f" {line.side}"
    yield Text.assemble((line_code(line), style), f"  {line.joint}{side}")
    steps = Table.grid(padding=(0, 1))
    for step in line.because:
        steps.add_row(" ·", Text.assemble(visible(step.step), (f"  ({step.rule})", "dim")))
    yield steps


def _flags(flags: Iterable[Flag]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    ranks = list(SEVERITY)
    for flag in sorted(flags, key=lambda flag: ranks.index(flag.severity)):
        meaning, style = SEVERITY[flag.severity]
        grid.add_row(
            Text(f"{flag.severity:4} {flag.code}", style=style),
            Text.assemble(visible(flag.message), (f"  ({meaning}; {flag.authority})", "dim")),
        )
    return grid


def _checks(checks: Iterable[Check]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column()
    for check in checks:
        result, style = RESULT[check.result]
        grid.add_row(Text(result, style=style), Text(check.name), Text(visible(check.says)))
    return grid
