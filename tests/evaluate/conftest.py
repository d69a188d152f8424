"""Ten invented notes with their labels and records, worked by hand in test_accuracy.py."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from facetcode.coding import code, load_policy
from facetcode.evaluate.cases import Case
from facetcode.evaluate.gold import GoldNote, to_gold
from facetcode.evaluate.gold_check import expected_lines
from facetcode.evaluate.markup import parse_inline
from facetcode.evaluate.score import score_note
from facetcode.facts import Evidence, Facts, Guidance, Level, Procedure
from facetcode.record import to_json

INLINE = """\
---
note_id: clinic-01
voice: clinic
meta: {provider: 'Dr. <Quill>', payer: Payer & Sons}
status: coded
procedure: {kind: medial_branch_block, intent: diagnostic, ordinal: 1}
levels: {C4-C5: right}
named_as: joints
guidance: fluoroscopy
relief: []
diagnoses: []
codes: {default: [64490-RT], medicare: [64490-KX-RT]}
flags: []
clean: false
---
PROCEDURE: <side value="right">right</side> <level joint="C4-C5" side="right">C4-5</level> \
<procedure kind="medial_branch_block">MBB</procedure>, first diagnostic, \
<guidance modality="fluoroscopy">C-arm</guidance>. <script>alert(1)</script> SECRETNAME.
"""
GOLD = parse_inline(INLINE, "clinic-01.txt")
IN_FORCE = {policy: load_policy(policy).on(None) for policy in ("default", "medicare")}
Levels = dict[str, str]


def labelled(number: int, levels: Levels, status: str = "coded", **changes: object) -> GoldNote:
    note_id = f"clinic-{number:02}"
    if status == "not_applicable":
        changes |= {
            "kind": None,
            "intent": "unstated",
            "ordinal": None,
            "guidance": None,
            "spans": (),
        }
    named_as = "joints" if levels else None
    note = dataclasses.replace(
        GOLD, note_id=note_id, status=status, levels=levels, named_as=named_as, **changes
    )  # type: ignore[arg-type]
    codes = {policy: expected_lines(note, policy) for policy in IN_FORCE}
    return dataclasses.replace(note, codes=codes)


def found(levels: Levels, *, block: bool = True, guidance: str = "fluoroscopy") -> Facts:
    def at(words: str) -> tuple[Evidence, ...]:
        start = GOLD.text.index(words)
        return (Evidence(start, start + len(words), words),)

    if not block:
        return Facts(Procedure(None))
    return Facts(
        Procedure("medial_branch_block", "diagnostic", 1, at("MBB")),
        tuple(Level(j, side, "joints", at("C4-5")) for j, side in levels.items()),  # type: ignore[arg-type]
        guidance=Guidance(guidance, at("C-arm")),  # type: ignore[arg-type]
    )


def case_of(note: GoldNote, facts: Facts, confidence: float | None = None) -> Case:
    records = {
        name: dataclasses.replace(
            code(facts, rules, note_id=note.note_id, meta=note.meta), confidence=confidence
        )
        for name, rules in IN_FORCE.items()
    }
    return Case(note, records, score_note(note, records))


def ten_cases() -> list[Case]:
    one, both = {"C4-C5": "right"}, {"C4-C5": "right", "C5-C6": "right"}
    unsided = {"flags": ("SIDE_MISSING",)}
    pairs = [
        (labelled(1, one), found(one), 0.95),
        (labelled(2, {"C4-C5": "bilateral"}), found({"C4-C5": "bilateral"}), 0.95),
        (labelled(3, one), found({"C4-C5": "left"}), 0.85),
        (labelled(4, both), found(one), 0.85),
        (labelled(5, one), found(both), 0.45),
        (labelled(6, one), found(one, guidance="ct"), 0.95),
        (labelled(7, {}, "not_applicable"), found({}, block=False), 0.95),
        (labelled(8, {}, "not_applicable"), found(one), 0.65),
        (
            labelled(9, {"C4-C5": "unstated"}, "query", **unsided),
            found({"C4-C5": "unstated"}),
            0.25,
        ),
        (labelled(10, one), found({"C4-C5": "unstated"}), 0.15),
    ]
    return [case_of(*pair) for pair in pairs]


@pytest.fixture
def ten() -> list[Case]:
    """Right; right on both sides; wrong side; a level missed; one made up; wrong guidance; no
    block, seen; no block, coded; asked with reason; asked without."""
    return ten_cases()


WriteRun = Callable[[Path, list[Case], str], Path]


@pytest.fixture
def write_gold() -> Callable[[Path, list[GoldNote]], Path]:
    def write(path: Path, notes: list[GoldNote]) -> Path:
        path.write_text("".join(json.dumps(to_gold(n)) + "\n" for n in notes), encoding="utf-8")
        return path

    return write


@pytest.fixture
def write_run() -> WriteRun:
    def write(path: Path, cases: list[Case], policy: str) -> Path:
        lines = [json.dumps(to_json(case.records[policy])) + "\n" for case in cases]
        path.write_text("".join(lines), encoding="utf-8")
        return path

    return write


@pytest.fixture
def make_case() -> Callable[..., Case]:
    """A case of (number, gold levels, found levels), right in all else."""

    def make(number: int, gold: Levels, given: Levels, guidance: str = "fluoroscopy") -> Case:
        return case_of(labelled(number, gold), found(given, guidance=guidance))

    return make
