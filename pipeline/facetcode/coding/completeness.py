"""Facts the codes themselves depend on: levels, nerves, sides, guidance, intent.

A gap here makes the record a query (contract, ``status``); a gap in the documentation does not.
"""

from __future__ import annotations

from facetcode.coding.case import Case
from facetcode.coding.flags import FlagList
from facetcode.coding.rules import UNKNOWN

CODE_DETERMINING: tuple[str, ...] = (
    "LEVEL_MISSING",
    "LEVEL_AMBIGUOUS",
    "LEVEL_CONFLICT",
    "NERVE_INCOMPLETE",
    "SIDE_MISSING",
    "SIDE_CONFLICT",
    "GUIDANCE_MISSING",
    "INTENT_MISSING",
    "PLACEHOLDER",
    "NCCI_EDIT",
)
"""Flags that, when hard, leave a code, a side, a modifier or the line itself open."""


def check_completeness(case: Case, flags: FlagList) -> bool:
    """Raise what is missing for the codes; whether the record must be a query.

    Doubts that extraction raised are in ``flags`` already: a conflict said once is not said
    again as a missing fact.
    """
    _levels(case, flags)
    _sides(case, flags)
    _guidance(case, flags)
    open_intent = _intent(case, flags)
    return open_intent or flags.hard(*(c for c in CODE_DETERMINING if c != "INTENT_MISSING"))


def _levels(case: Case, flags: FlagList) -> None:
    facts = case.facts
    if facts.nerves and not flags.has("NERVE_INCOMPLETE"):
        nerves = sorted(facts.nerves, key=lambda n: (n.side, n.name))
        names = ", ".join(dict.fromkeys(f"{n.name} ({n.side})" for n in nerves))
        flags.add(
            "NERVE_INCOMPLETE",
            f"Blocked nerves that complete no joint: {names}. Ask which other nerve was blocked.",
            (e for n in facts.nerves for e in n.evidence),
        )
    known = ("NERVE_INCOMPLETE", "LEVEL_MISSING", "LEVEL_AMBIGUOUS", "LEVEL_CONFLICT")
    if not case.levels and not flags.has(*known):
        flags.add(
            "LEVEL_MISSING",
            "The note names no cervical or thoracic facet joint or medial branch.",
            facts.procedure.evidence,
        )
    if case.rules.t12_l1 is UNKNOWN and any(x.joint == "T12-L1" for x in case.levels):
        flags.unknown("t12_l1")


def _sides(case: Case, flags: FlagList) -> None:
    bare = [level for level in case.levels if level.side == "unstated"]
    if bare and not flags.has("SIDE_MISSING", "SIDE_CONFLICT"):
        joints = ", ".join(level.joint for level in bare)
        flags.add(
            "SIDE_MISSING",
            f"No side is documented for {joints}.",
            (e for level in bare for e in level.evidence),
        )


def _guidance(case: Case, flags: FlagList) -> None:
    guidance = case.facts.guidance
    if guidance.modality == "ultrasound":
        flags.add(
            "GUIDANCE_ULTRASOUND",
            "Ultrasound guidance: 0213T-0215T apply, not 64490-64492, and many payers do not "
            "cover them.",
            guidance.evidence,
        )
    elif flags.has("GUIDANCE_MISSING"):
        return
    elif guidance.modality == "unstated":
        flags.add("GUIDANCE_MISSING", "The note does not say which imaging guided the needle.")
    elif guidance.modality == "none":
        flags.add(
            "GUIDANCE_MISSING",
            "The note says no imaging was used: 64490-64492 need it. Ask whether this was a "
            "trigger point injection (20552, 20553).",
            guidance.evidence,
        )


def _intent(case: Case, flags: FlagList) -> bool:
    """Raise a missing intent where the policy needs it; whether a modifier hangs on it."""
    if case.intent != "unstated":
        return False
    if case.rules.intent_needed is UNKNOWN:
        flags.unknown("intent_needed")
        return False
    if not case.rules.intent_needed:
        return False
    kx = case.rules.kx == "diagnostic_lines"
    asked = "; KX depends on it" if kx else ""
    flags.add(
        "INTENT_MISSING",
        f"The note does not say whether the block was diagnostic or therapeutic{asked}.",
        case.facts.procedure.evidence,
    )
    return kx and flags.has("INTENT_MISSING")
