"""The note's own codes against its levels: bundled imaging, orphan add-ons, mismatches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from facetcode.coding.case import Case
from facetcode.coding.codes import ADD_ONS, IMAGING, LUMBAR, OURS, PRIMARY
from facetcode.coding.flags import FlagList
from facetcode.facts import StatedCode
from facetcode.record import Line


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What stated or computed lines of one code say: which sides, how many of them."""

    sides: frozenset[str]
    units: int


def check_stated_codes(case: Case, flags: FlagList, by_levels: tuple[Line, ...]) -> None:
    """Compare the codes a note states with the lines its levels make.

    ``by_levels`` holds every line the levels make, paid or not: a third level the payer
    refuses is no mismatch. Bundled imaging is said softly where imaging guided the block: our
    lines leave it out, so only the note's own list would bill it apart.
    """
    stated = case.facts.stated_codes
    imaging = [c for c in stated if c.code in IMAGING]
    if imaging:
        names = ", ".join(sorted({c.code for c in imaging}))
        flags.add(
            "BUNDLED_IMAGING",
            f"{names} is part of the facet codes and is not billed beside them.",
            (e for c in imaging for e in c.evidence),
        )
    ours = [c for c in stated if c.code in OURS]
    lumbar = [c for c in stated if c.code in LUMBAR]
    spoken = case.facts.lumbar_levels or any(p.kind == "lumbar_facet" for p in case.facts.also)
    if lumbar and by_levels and not ours and not spoken:
        flags.add(
            "STATED_CODE_MISMATCH",
            f"The note states {', '.join(sorted({c.code for c in lumbar}))}, codes of lumbar "
            "facets; its levels are cervical or thoracic.",
            (e for c in lumbar for e in c.evidence),
        )
    if not ours:
        return
    codes = {c.code for c in ours}
    if codes & ADD_ONS and not codes & PRIMARY:
        names = ", ".join(sorted(codes))
        flags.add(
            "ADDON_WITHOUT_PRIMARY",
            f"The note states {names} without the primary code it needs.",
            (e for c in ours for e in c.evidence),
        )
    if by_levels:
        _mismatch(flags, ours, by_levels)


def _mismatch(flags: FlagList, ours: list[StatedCode], by_levels: tuple[Line, ...]) -> None:
    evidence = [e for c in ours for e in c.evidence]
    stated, computed = {c.code for c in ours}, {line.code for line in by_levels}
    if stated != computed:
        flags.add(
            "STATED_CODE_MISMATCH",
            f"The note states {', '.join(sorted(stated))}; "
            f"its levels make {', '.join(sorted(computed))}.",
            evidence,
        )
        return
    for code in sorted(stated):
        said = _stated_meaning(c for c in ours if c.code == code)
        made = _line_meaning(line for line in by_levels if line.code == code)
        if said is not None and made.sides and not _agree(said, made):
            flags.add(
                "STATED_CODE_MISMATCH",
                f"The sides or units the note states for {code} are not those of its levels "
                f"({', '.join(sorted(made.sides))}).",
                evidence,
            )
            return


def _agree(said: _Meaning, made: _Meaning) -> bool:
    if said.sides:
        return said.sides == made.sides and said.units <= len(made.sides)
    return said.units <= len(made.sides)


def _stated_meaning(stated: Iterable[StatedCode]) -> _Meaning | None:
    """The sides modifiers name and the units; None where the note gives neither."""
    sides: set[str] = set()
    units = 0
    said = False
    for item in stated:
        if "50" in item.modifiers:
            sides |= {"right", "left"}
        if "RT" in item.modifiers:
            sides.add("right")
        if "LT" in item.modifiers:
            sides.add("left")
        said = said or bool(sides) or item.units is not None
        # Modifier 50 with one unit means both sides, so it never counts more than stated.
        units += item.units or 1
    return _Meaning(frozenset(sides), units) if said else None


def _line_meaning(lines: Iterable[Line]) -> _Meaning:
    sides: set[str] = set()
    units = 0
    for line in lines:
        units += line.units
        if line.side == "bilateral":
            sides |= {"right", "left"}
        elif line.side != "unstated":
            sides.add(line.side)
    return _Meaning(frozenset(sides), units)
