"""Notes with errors for the report: labelled and found marks side by side, and the reasons."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from facetcode.evaluate.cases import Case
from facetcode.evaluate.gold import POLICIES
from facetcode.evaluate.labelings import Mark, marks_of, of_gold
from facetcode.evaluate.matching import pair_spans
from facetcode.evaluate.score import claim
from facetcode.evaluate.summary import kind_of
from facetcode.terminal import visible

LETTERS = {
    "procedure": "P",
    "level": "L",
    "side": "S",
    "guidance": "G",
    "relief": "R",
    "diagnosis": "D",
    "score": "N",
}
"""A letter before each mark, for whom the colours look alike and for print."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a note: its words, and the marks over it, none for plain text.

    ``state`` is ``same``, ``apart`` (answered, yet read otherwise) or ``alone`` (unanswered);
    ``letters`` are given where a mark begins.
    """

    text: str
    labels: str = ""
    state: str = ""
    letters: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Reasons:
    """A record's lines with the steps that led to them, under one policy."""

    policy: str
    gold: str
    found: str
    steps: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    flags: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class WrongNote:
    """One note with an error: what is wrong, the note twice, and why."""

    note_id: str
    voice: str
    kinds: Sequence[str]
    misses: Sequence[tuple[str, str, str]]
    gold: Sequence[Piece]
    found: Sequence[Piece]
    reasons: Sequence[Reasons]


def wrong_notes(cases: Iterable[Case]) -> list[WrongNote]:
    """The notes with an error, worst first: made-up codes, then by number of differences."""
    wrong = [case for case in cases if case.score.misses]
    wrong.sort(key=lambda c: (not c.score.false_code, -len(c.score.misses), c.gold.note_id))
    return [_wrong(case) for case in wrong]


def _wrong(case: Case) -> WrongNote:
    misses = case.score.misses
    labelled = of_gold(case.gold).marks
    found = {label: sorted(m, key=_place) for label, m in marks_of(case.record.facts).items()}
    left: list[tuple[str, Mark, str]] = []
    right: list[tuple[str, Mark, str]] = []
    for label in LETTERS:
        ours, theirs = labelled.get(label, ()), found.get(label, ())
        if label == "side":
            # A record keeps no words of the side: nothing can answer such a mark.
            left += [(label, mark, "same") for mark in ours]
            continue
        pairs, missed, made_up = pair_spans(
            [(m.start, m.end) for m in ours], [(m.start, m.end) for m in theirs], exact=False
        )
        for i, j in pairs:
            state = "same" if ours[i].attrs == theirs[j].attrs else "apart"
            left.append((label, ours[i], state))
            right.append((label, theirs[j], state))
        left += [(label, ours[i], "alone") for i in missed]
        right += [(label, theirs[j], "alone") for j in made_up]
    return WrongNote(
        note_id=case.gold.note_id,
        voice=case.gold.voice,
        kinds=list(dict.fromkeys(kind_of(m.fact, m.gold, m.found) for m in misses)),
        misses=[(m.fact, m.gold, m.found) for m in misses],
        gold=pieces(case.gold.text, left),
        found=pieces(case.gold.text, right),
        reasons=[_reasons(case, policy) for policy in POLICIES if policy in case.records],
    )


def _place(mark: Mark) -> tuple[int, int, str]:
    return mark.start, mark.end, mark.attrs


def pieces(text: str, marks: Sequence[tuple[str, Mark, str]]) -> list[Piece]:
    """The whole text cut wherever a mark begins or ends, so that marks may overlap."""
    edges = sorted({0, len(text), *(e for _, m, _ in marks for e in (m.start, m.end))})
    shown = visible(text)
    cut = []
    for start, end in itertools.pairwise(edges):
        over = [item for item in marks if item[1].start <= start and end <= item[1].end]
        states = {state for _, _, state in over}
        cut.append(
            Piece(
                text=shown[start:end],
                labels=" ".join(sorted({label for label, _, _ in over})),
                state=next((s for s in ("alone", "apart", "same") if s in states), ""),
                letters="".join(LETTERS[label] for label, m, _ in over if m.start == start),
                title="; ".join(f"{label}: {m.attrs}" for label, m, _ in over),
            )
        )
    return cut


def _reasons(case: Case, policy: str) -> Reasons:
    record = case.records[policy]
    return Reasons(
        policy=record.policy,
        gold=_lines(case.gold.codes, policy),
        found=" ".join(claim(record)) or "no lines",
        steps=[
            (word, [(step.step, step.rule) for step in line.because])
            for word, line in zip(claim(record), record.lines, strict=True)
        ],
        flags=[(flag.severity, flag.code, flag.message) for flag in record.flags],
    )


def _lines(codes: Mapping[str, Sequence[str]], policy: str) -> str:
    return " ".join(codes[policy]) or "no lines"
