"""Suggested 64493-64495 lines for lumbar levels of the same day: recognised, not coded here."""

from __future__ import annotations

from facetcode.coding.case import T12_L1, Case, billing_order
from facetcode.coding.codes import LUMBAR, LUMBAR_ULTRASOUND
from facetcode.coding.coverage import counts_as_lumbar
from facetcode.coding.flags import FlagList
from facetcode.coding.lines import Shared, level_lines, shared_modifiers
from facetcode.coding.rules import UNKNOWN
from facetcode.record import Line


def lumbar_lines(case: Case, flags: FlagList) -> tuple[Line, ...]:
    """Lines a coder would suggest for the lumbar levels, in the policy's style.

    With T12-L1 as the day's only other level they continue its session: T12-L1 with L1-L2 is
    64490 and 64494 (rule sheet 1.6; CMS's add-on file takes 64490 as a primary of 64494).
    """
    levels = case.facts.lumbar_levels
    if case.rules.t12_l1 == "lumbar":
        levels = (*(x for x in case.facts.levels if x.joint == T12_L1), *levels)
    if not levels or case.facts.guidance.modality == "none":
        return ()
    codes = LUMBAR_ULTRASOUND if case.facts.guidance.modality == "ultrasound" else LUMBAR
    ordered = billing_order(levels)
    start = 1 if counts_as_lumbar(case) else 0
    shared = shared_modifiers(case, flags, codes, separate_site=False)
    if codes is LUMBAR_ULTRASOUND:
        shared = Shared()
    if start == 0 and case.levels:
        shared = _other_region(case, flags, shared)
    lines: list[Line] = []
    for place, level in enumerate(ordered[: 3 - start], start=start):
        further = ordered[3 - start :] if place == 2 else ()
        lines += level_lines(case, flags, codes[place], place, level, further, shared)
    return tuple(lines)


def _other_region(case: Case, flags: FlagList, shared: Shared) -> Shared:
    """The modifier some payers want on the second region's codes; no NCCI edit asks for it."""
    modifier = case.rules.multi_region_modifier
    if modifier is UNKNOWN:
        flags.unknown("multi_region_modifier")
        return shared
    return shared if modifier == "none" else Shared((modifier,), shared.status, shared.steps)
