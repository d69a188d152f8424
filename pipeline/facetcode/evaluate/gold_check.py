"""Whether a labelled note agrees with itself: facts with marks, codes and flags with facts.

The claim lines are derived here on purpose from the guidelines (section 9) and not from
``facetcode.coding``: the program must not mark its own work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from facetcode import anatomy
from facetcode.evaluate.gold import GoldNote
from facetcode.facts import FACET_BLOCKS

STANDING_DOUBTS = frozenset(
    {
        "LEVEL_MISSING",
        "LEVEL_CONFLICT",
        "NERVE_INCOMPLETE",
        "SIDE_MISSING",
        "SIDE_CONFLICT",
        "GUIDANCE_MISSING",
    }
)
"""Flags that always make a query; LEVEL_AMBIGUOUS does only where the codes depend on it."""

_MODIFIER = {"right": "RT", "left": "LT", "bilateral": "50", "unstated": ""}


def expected_lines(note: GoldNote, policy: str) -> tuple[str, ...]:
    """Claim lines that levels, guidance and intent give under ``default`` or ``medicare``."""
    if note.status == "not_applicable" or note.guidance == "none":
        return ()
    joints = sorted(
        note.levels, key=lambda joint: (note.levels[joint] != "bilateral", anatomy.order(joint))
    )
    ultrasound = note.guidance == "ultrasound"
    family = ("0213T", "0214T", "0215T") if ultrasound else ("64490", "64491", "64492")
    modifiers = [_MODIFIER[note.levels[joint]] for joint in joints]
    if len(joints) > 2:
        # One line stands for all further joints, so it can name a side only if they share it.
        further = set(modifiers[2:])
        modifiers[2:] = [further.pop() if len(further) == 1 else ""]
    attested = policy == "medicare" and note.intent == "diagnostic" and not ultrasound
    lines = []
    for code, modifier in zip(family, modifiers, strict=False):
        # KX follows the pricing modifier 50 and precedes RT and LT.
        tail = ("50", "KX") if modifier == "50" else ("KX", modifier)
        lines.append("-".join(p for p in (code, *(tail if attested else (modifier,))) if p))
    return tuple(lines[:2] if policy == "medicare" else lines)


def _levels(note: GoldNote) -> Iterator[str]:
    marked: dict[str, list[str]] = {}
    mentions = 0
    for span in note.spans:
        if span.label == "level":
            mentions += 1
            for joint in span.attrs["joint"].split():
                marked.setdefault(joint, []).append(span.attrs["side"])
    for joint in note.levels:
        if joint not in marked:
            yield f"levels: {joint} has no level mark"
    open_reading = note.status == "query" and {"LEVEL_CONFLICT", "LEVEL_AMBIGUOUS"} & {*note.flags}
    if not open_reading:
        for joint in sorted(marked.keys() - note.levels.keys(), key=anatomy.order):
            yield f"levels: {joint} is marked but not among the facts"
    if "SIDE_CONFLICT" not in note.flags:
        for joint, side in note.levels.items():
            sides = anatomy.merge_sides(marked.get(joint, [side]))
            # A narrated right side "repeated on the other" leaves only right-sided level marks.
            if sides != side and not (side == "bilateral" and sides != "unstated"):
                yield f"levels: the marks of {joint} do not add up to {side}"
    if bool(note.levels) != (note.named_as is not None):
        yield "named_as: null exactly when levels is empty"
    if mentions and note.status == "not_applicable":
        yield "levels: a not_applicable note has no level mark"


def _marked_facts(note: GoldNote) -> Iterator[str]:
    relief = {
        (float(s.attrs["low"]), float(s.attrs["high"]), s.attrs["when"])
        for s in note.spans
        if s.label == "relief"
    }
    facts = {(float(r.low), float(r.high), r.when) for r in note.relief}
    for low, high, when in sorted(facts - relief):
        yield f"relief: {low:g}-{high:g} {when} has no mark"
    for low, high, when in sorted(relief - facts):
        yield f"relief: {low:g}-{high:g} {when} is marked but not among the facts"
    modalities = {s.attrs["modality"] for s in note.spans if s.label == "guidance"}
    stated = {note.guidance} - {None, "unstated"}
    if modalities != stated:
        yield f"guidance: {note.guidance} in the facts, {sorted(modalities)} in the marks"
    codes = {s.attrs["code"] for s in note.spans if s.label == "diagnosis"} - {""}
    for code in sorted(codes ^ {*note.diagnoses}):
        yield f"diagnoses: {code} is not both a fact and a mark"


def _not_applicable(note: GoldNote) -> Iterator[str]:
    if note.levels or note.guidance or note.flags or any(note.codes.values()):
        yield "status: not_applicable has no levels, guidance, codes or flags"
    if note.kind in FACET_BLOCKS or note.intent != "unstated" or note.ordinal:
        yield "status: not_applicable names no facet block, intent or ordinal"
    if any(relief.when == "today" for relief in note.relief):
        yield "relief: without a block today there is no relief from it"


_TRIGGER_CODES = re.compile(r"\b2055[23]\b")


def _performed(note: GoldNote) -> Iterator[str]:
    flags = {*note.flags}
    if note.kind not in FACET_BLOCKS:
        yield f"status: {note.status} needs a medial_branch_block or intraarticular"
    if note.guidance is None:
        yield "guidance: null is for not_applicable notes"
    if note.status == "coded" and STANDING_DOUBTS & flags:
        yield f"status: coded in spite of {', '.join(sorted(STANDING_DOUBTS & flags))}"
    if note.status == "coded" and not note.levels:
        yield "status: coded without levels"
    asked = (STANDING_DOUBTS | {"LEVEL_AMBIGUOUS"}) & flags
    # Trigger point codes take the block in (guidelines, section 8); no flag of ours says so.
    if note.status == "query" and not asked and not _TRIGGER_CODES.search(note.text):
        yield "status: query without a flag that says what to ask"
    if note.ordinal and note.intent != "diagnostic":
        yield "procedure: only a diagnostic block has an ordinal"
    unsided = "unstated" in note.levels.values()
    derived = {
        "LEVEL_LIMIT": len(note.levels) > 2,
        "INTENT_MISSING": note.intent == "unstated",
        "GUIDANCE_MISSING": note.guidance in ("none", "unstated"),
        "GUIDANCE_ULTRASOUND": note.guidance == "ultrasound",
        "SIDE_MISSING": unsided and "SIDE_CONFLICT" not in flags,
    }
    for flag, holds in derived.items():
        # Without any level a side may still be missing or not: nothing follows from the facts.
        if flag == "SIDE_MISSING" and not note.levels:
            continue
        if holds != (flag in flags):
            yield f"flags: {flag} {'is missing' if holds else 'does not follow from the facts'}"
    if note.ordinal != 2:
        for flag in ("PRIOR_RELIEF_MISSING", "PRIOR_RELIEF_INSUFFICIENT", "INTERVAL_TOO_SHORT"):
            if flag in flags:
                yield f"flags: {flag} is for a second diagnostic block"
    for policy, lines in note.codes.items():
        expected = expected_lines(note, policy)
        if lines != expected:
            yield f"codes: {policy} should be [{', '.join(expected)}]"


def check(note: GoldNote) -> list[str]:
    """What is inconsistent in a labelled note, one sentence each; empty when nothing is."""
    problems = [*_levels(note), *_marked_facts(note)]
    problems += _not_applicable(note) if note.status == "not_applicable" else _performed(note)
    if note.clean and (note.status != "coded" or note.flags):
        problems.append("clean: a clean note is coded and has no flags")
    return problems
