"""A note cut into stretches for the page: what each is evidence of, and what it led to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Owner = tuple[str, str]
"""Kind of evidence (``level``) and the name on the page of what rests on it (``level-0``)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of evidence is marked; the letters say it where colour does not reach."""

    letter: str
    name: str


KINDS: dict[str, Kind] = {
    "procedure": Kind("P", "procedure"),
    "level": Kind("L", "level"),
    "side": Kind("Sd", "side"),
    "nerve": Kind("N", "nerve without its joint"),
    "guidance": Kind("G", "guidance"),
    "relief": Kind("R", "relief"),
    "diagnosis": Kind("D", "diagnosis"),
    "score": Kind("S", "pain score"),
    "code": Kind("C", "stated code"),
    "finding": Kind("F", "documentation"),
    "flag": Kind("?", "in question"),
}
"""Kinds in the order in which the first gives a stretch its colour."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of the note: its text, its kinds, and the names of all that rests on it."""

    text: str
    kinds: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()

    @property
    def letters(self) -> str:
        """The kinds' letters, each once."""
        return "".join(dict.fromkeys(KINDS[kind].letter for kind in self.kinds))


def _own(record: Mapping[str, Any]) -> Iterator[tuple[str, str, list[Any]]]:
    """(kind, name, evidence) of every fact, line and flag; a line has the words of its steps."""
    for index, done in enumerate((record["procedure"], *record.get("also", ()))):
        yield "procedure", f"procedure-{index}", done.get("evidence", [])
        yield "procedure", f"procedure-{index}", done.get("intent_evidence", [])
    for plural, kind in (
        ("levels", "level"),
        ("lumbar_levels", "level"),
        ("nerves", "nerve"),
        ("relief", "relief"),
        ("diagnoses", "diagnosis"),
        ("scores", "score"),
        ("stated_codes", "code"),
        ("findings", "finding"),
    ):
        prefix = "lumbar" if plural == "lumbar_levels" else kind
        for index, fact in enumerate(record.get(plural, ())):
            yield kind, f"{prefix}-{index}", fact.get("evidence", [])
            yield "side", f"{prefix}-{index}", fact.get("side_evidence", [])
    yield "guidance", "guidance-0", (record.get("guidance") or {}).get("evidence", [])
    for index, doubt in enumerate(record.get("doubts", ())):
        yield "flag", f"doubt-{index}", doubt.get("evidence", [])
    for index, flag in enumerate(record["flags"]):
        yield "flag", f"flag-{index}", flag.get("evidence", [])


def line_evidence(line: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Where the words stand that a line's reasons rest on."""
    return sorted(
        {
            (spot["start"], spot["end"])
            for step in line.get("because", ())
            for spot in step.get("evidence", ())
            if not spot.get("note_id")
        }
    )


def stretches(
    text: str, record: Mapping[str, Any], checks: Sequence[Mapping[str, Any]] = ()
) -> list[Stretch]:
    """The whole note in order; joined, the stretches are the text again.

    ``checks`` are the items of the documentation checklist, with the ``spots`` that meet them.
    """
    found: list[tuple[int, int, str | None, str]] = [
        (max(0, spot["start"]), min(len(text), spot["end"]), kind, name)
        for kind, name, spots in _own(record)
        for spot in spots
        if not spot.get("note_id") and spot["start"] < spot["end"]
    ]
    for index, line in enumerate(record["lines"]):
        # The line lights its words up; what they are is said by the facts.
        found += [(start, end, None, f"line-{index}") for start, end in line_evidence(line)]
    for index, check in enumerate(checks):
        found += [(start, end, None, f"check-{index}") for start, end in check["spots"]]
    edges = sorted({0, len(text)} | {edge for start, end, *_ in found for edge in (start, end)})
    starts = sorted(found, key=lambda item: item[0])
    made: list[Stretch] = []
    active: list[tuple[int, int, str | None, str]] = []
    coming = 0
    for start, end in pairwise(edges):
        active = [item for item in active if item[1] > start]
        while coming < len(starts) and starts[coming][0] <= start:
            active.append(starts[coming])
            coming += 1
        kinds = {kind for *_, kind, _ in active if kind}
        owners = tuple(dict.fromkeys(name for *_, name in active))
        # A line's words that belong to no fact shown are documentation all the same.
        shown = tuple(kind for kind in KINDS if kind in kinds) or (("finding",) if owners else ())
        made.append(Stretch(text[start:end], shown, owners))
    return made or [Stretch(text)]
