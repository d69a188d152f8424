"""Other services of the same day: a second region, another injection, NCCI edits."""

from __future__ import annotations

from dataclasses import dataclass

from facetcode.coding.case import Case, in_note_order
from facetcode.coding.codes import ABLATION, IMAGING, OURS, TRIGGER_POINT, family
from facetcode.coding.coverage import counts_as_lumbar
from facetcode.coding.flags import FlagList
from facetcode.coding.ncci import Edit, Ncci, Setting
from facetcode.facts import Evidence
from facetcode.record import Line

_SEPARATED = frozenset({"25", "57", "59", "XE", "XP", "XS", "XU"})


@dataclass(frozen=True, slots=True)
class SameDay:
    """What the day's other services do to the lines."""

    separate_site: bool = False
    """A real edit stands and another site is documented: the lines carry XS or 59."""
    bundled: bool = False
    """Another service of the day contains the block: no line is billed."""


def check_same_day(case: Case, flags: FlagList, ncci: Ncci) -> SameDay:
    """Raise same-day flags, all but the second region's, and say what becomes of the lines."""
    _injection(case, flags)
    others = _other_codes(case)
    outcome = SameDay()
    if others and case.levels and case.facts.guidance.modality != "none":
        ours = family(case.facts.guidance.modality)[: len(case.levels)]
        setting = _setting(case)
        for other in sorted(others):
            found = (ncci.between(code, other, case.date_of_service, setting) for code in ours)
            edit = next((edit for edit in found if edit is not None), None)
            if edit is not None:
                outcome = _apply(case, flags, edit, others[other], outcome)
    return outcome


def check_regions(case: Case, flags: FlagList, lumbar: tuple[Line, ...]) -> None:
    """Raise MULTI_REGION with the lumbar lines this product only suggests."""
    facts = case.facts
    also = [p for p in facts.also if p.kind == "lumbar_facet"]
    if not (facts.lumbar_levels or also or case.has("lumbar_facet")) or counts_as_lumbar(case):
        return
    said = "; ".join(
        "-".join((line.code, *line.modifiers)) + (f" x{line.units}" if line.units > 1 else "")
        for line in lumbar
    )
    suggestion = f" Lumbar lines, to be coded apart: {said}." if said else ""
    limit = case.rules.regions_per_session
    rule = f" The policy pays {limit} region a session." if isinstance(limit, int) else ""
    evidence = (
        *(e for level in facts.lumbar_levels for e in level.evidence),
        *(e for p in also for e in p.evidence),
        *case.evidence("lumbar_facet"),
    )
    flags.add(
        "MULTI_REGION",
        f"Cervical or thoracic and lumbar facet blocks on one day.{rule}{suggestion}",
        evidence,
    )


def _injection(case: Case, flags: FlagList) -> None:
    also = [p for p in case.facts.also if p.kind in {"epidural", "other"}]
    trigger = [c for c in case.facts.stated_codes if c.code in TRIGGER_POINT]
    if also or trigger or case.has("other_injection"):
        flags.add(
            "SAME_DAY_INJECTION",
            "Another injection on the same day: payers ask why both were needed.",
            (
                *(e for p in also for e in p.evidence),
                *(e for c in trigger for e in c.evidence),
                *case.evidence("other_injection"),
            ),
        )


def _other_codes(case: Case) -> dict[str, tuple[Evidence, ...]]:
    """Codes of the day's other services, stated or implied by what was done, with evidence.

    A code that the note states with a modifier for a separate service answers its own edit.
    Imaging is BUNDLED_IMAGING's. A trigger point injection is 20552 and an ablation 64633
    here: each stands for its family in the edits.
    """
    found: dict[str, tuple[Evidence, ...]] = {}
    for stated in case.facts.stated_codes:
        if stated.code not in OURS | IMAGING and _SEPARATED.isdisjoint(stated.modifiers):
            found[stated.code] = in_note_order((*found.get(stated.code, ()), *stated.evidence))
    if not TRIGGER_POINT & found.keys() and any(
        "trigger" in value.lower() for value in case.values("other_injection")
    ):
        found["20552"] = case.evidence("other_injection")
    ablations = [p for p in case.facts.also if p.kind == "radiofrequency_ablation"]
    if ablations and not ABLATION & found.keys():
        found["64633"] = in_note_order(e for p in ablations for e in p.evidence)
    return found


def _setting(case: Case) -> Setting:
    # Place 19 or 22 alone is no facility claim: the physician's is edited as a practitioner's.
    kind = case.meta.get("claim_type") or case.rules.claim_type
    return "outpatient" if kind == "hopd_facility" else "practitioner"


def _apply(
    case: Case, flags: FlagList, edit: Edit, evidence: tuple[Evidence, ...], so_far: SameDay
) -> SameDay:
    ours_second = edit.column2 in OURS
    other = edit.column1 if ours_second else edit.column2
    old = " (not checked for this date)" if edit.unverified(case.date_of_service) else ""
    if not ours_second:
        flags.add(
            "NCCI_EDIT",
            f"{other} is bundled into {edit.column1}{old}: do not bill it for the same service.",
            evidence,
            severity="soft",
        )
        return so_far
    ablation = other in ABLATION
    if edit.modifier == 1 and case.has("separate_site"):
        return SameDay(separate_site=True, bundled=so_far.bundled)
    if edit.modifier == 0:
        says = "no modifier separates them; bill one of the two"
    elif ablation:
        says = "at the same joint bill the ablation alone; ask whether the joints differ"
    else:
        says = "the block is denied unless another site is documented; ask for both sites"
    flags.add("NCCI_EDIT", f"{other} contains {edit.column2}{old}: {says}.", evidence)
    # A lumbar ablation beside lumbar levels leaves the neck block standing: only ask.
    same_joint = ablation and not case.facts.lumbar_levels
    return SameDay(so_far.separate_site, so_far.bundled or same_joint)
