"""Levels to claim lines: order, codes, both-sides styles, modifiers, and why for each.

Modifiers stand as payers price them: 50, then XS/59, then KX/GA/GZ, then RT/LT (rule sheet 4.1).
"""

from __future__ import annotations

from dataclasses import dataclass

from facetcode import anatomy
from facetcode.coding.case import Case
from facetcode.coding.codes import ULTRASOUND, family
from facetcode.coding.flags import FlagList
from facetcode.coding.rules import UNKNOWN, Bilateral, Unknown
from facetcode.facts import Guidance, Level, Side
from facetcode.record import Line, Step

_SIDE_MODIFIER: dict[Side, str] = {"right": "RT", "left": "LT"}
_ORDER = (
    ("first level", "first-level"),
    ("second level", "add-on-second"),
    ("third level", "add-on-third"),
)
_GUIDANCE: dict[str, Step] = {
    "fluoroscopy": Step("fluoroscopy is part of the code", "guidance-included"),
    "ct": Step("CT is part of the code", "guidance-included"),
    "ultrasound": Step("ultrasound: Category III code, guidance included", "guidance-ultrasound"),
    "unstated": Step("imaging to be confirmed: the code needs it", "guidance-unconfirmed"),
}
_NAMED = {"joints": "", "nerves": "the nerves of ", "both": "both the nerves and the joint "}
_ABN_SIGNED = frozenset({"signed", "yes", "true", "ga"})
_ABN_NONE = frozenset({"none", "no", "false", "gz", "unsigned"})


@dataclass(frozen=True, slots=True)
class Built:
    """All lines the levels make, and those of them the policy lets be billed."""

    by_levels: tuple[Line, ...]
    billed: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class _Shape:
    """One physical line of a level: side, units and laterality modifiers, with the step."""

    side: Side
    units: int
    fifty: bool
    step: Step | None


def build_lines(case: Case, flags: FlagList, *, separate_site: bool = False) -> Built:
    """Turn a case's levels into lines; unknown policy values are reported to ``flags``.

    64492 covers every level from the third on: it takes the side of its joints, and no side
    modifier where they differ (annotations/GUIDELINES.md, section 8 and hard example 36).

    No lines where the note says no imaging was used: then it is no facet service
    (rule sheet section 2). ``separate_site`` puts the policy's XS or 59 on every line.
    """
    guidance = case.facts.guidance
    if guidance.modality == "none" or not case.levels:
        return Built((), ())
    codes = family(guidance.modality)
    shared = shared_modifiers(case, flags, codes, separate_site)
    by_levels: list[Line] = []
    billed: list[Line] = []
    for place, level in enumerate(case.levels[:3]):
        further = case.levels[3:] if place == 2 else ()
        paid, extra = _payment(case, flags, place)
        modifiers = shared if not extra else _with_abn(shared, extra)
        lines = level_lines(case, flags, codes[place], place, level, further, modifiers)
        by_levels += lines
        if paid:
            billed += lines
    return Built(tuple(by_levels), tuple(billed))


@dataclass(frozen=True, slots=True)
class Shared:
    """Modifiers every line of the claim carries besides its side's, with their steps."""

    before: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()


def shared_modifiers(
    case: Case, flags: FlagList, codes: tuple[str, str, str], separate_site: bool
) -> Shared:
    """XS or 59 against an NCCI edit and KX on diagnostic lines, where the policy has them."""
    before: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    steps: list[Step] = []
    if separate_site:
        answer = case.rules.separate_site_modifier
        if answer is UNKNOWN:
            flags.unknown("separate_site_modifier")
        elif answer != "none":
            flags.relied_on("separate_site_modifier")
            before = (answer,)
            steps.append(
                Step(
                    f"{answer}: another site than the day's other service",
                    "modifier-separate-site",
                    case.evidence("separate_site"),
                )
            )
    if case.rules.kx is UNKNOWN:
        flags.unknown("kx")
    # KX says the coverage policy's terms are met; it has no place on codes no LCD covers.
    elif case.rules.kx == "diagnostic_lines" and case.intent == "diagnostic":
        if codes is not ULTRASOUND:
            procedure = case.facts.procedure
            status = ("KX",)
            steps.append(
                Step(
                    "KX: diagnostic block",
                    "modifier-kx",
                    procedure.intent_evidence or procedure.evidence,
                )
            )
    return Shared(before, status, tuple(steps))


def _with_abn(shared: Shared, modifier: str) -> Shared:
    """GA or GZ instead of KX: the line is billed as not covered."""
    kept = tuple(step for step in shared.steps if step.rule != "modifier-kx")
    said = "ABN signed" if modifier == "GA" else "no ABN"
    step = Step(f"{modifier}: level not covered, {said}", "modifier-ga-gz")
    return Shared(shared.before, (modifier,), (*kept, step))


def _payment(case: Case, flags: FlagList, place: int) -> tuple[bool, str]:
    """Whether the level at this place is billed, and the modifier an unpaid one carries."""
    rules = case.rules
    limit = rules.max_levels
    if place == 2 and limit is UNKNOWN:
        flags.unknown("max_levels")
    if isinstance(limit, Unknown) or limit is None or place < limit:
        return True, ""
    if rules.third_level is UNKNOWN:
        flags.unknown("third_level")
        return True, ""
    if rules.third_level != "noncovered":
        return True, ""
    abn = case.meta.get("abn", "").strip().lower()
    if rules.third_level_modifier is UNKNOWN:
        if abn:
            flags.unknown("third_level_modifier")
        return False, ""
    if rules.third_level_modifier == "by_abn" and abn in _ABN_SIGNED | _ABN_NONE:
        flags.relied_on("third_level_modifier")
        return True, "GA" if abn in _ABN_SIGNED else "GZ"
    return False, ""


def level_lines(
    case: Case,
    flags: FlagList,
    code: str,
    place: int,
    level: Level,
    further: tuple[Level, ...],
    shared: Shared,
) -> list[Line]:
    """The one or two claim lines of a level at its place in the order, 0 to 2."""
    why = _why(level, place, further, case)
    lines = []
    for shape in _shapes(
        case, flags, level, place, mixed=any(x.side != level.side for x in further)
    ):
        modifiers = [*(("50",) if shape.fifty else ()), *shared.before, *shared.status]
        steps = [*why]
        if shape.step and shape.fifty:
            steps.append(shape.step)
        steps += shared.steps
        side_modifier = _side_modifier(case, flags, level, shape)
        if shape.step and not shape.fifty:
            steps.append(shape.step)
        if side_modifier:
            modifiers.append(side_modifier)
            if level.side != "bilateral":
                steps.append(Step(f"{side_modifier}: {shape.side} side", "modifier-rt-lt"))
        lines.append(
            Line(code, tuple(modifiers), shape.units, level.joint, shape.side, tuple(steps))
        )
    return lines


def _shapes(case: Case, flags: FlagList, level: Level, place: int, *, mixed: bool) -> list[_Shape]:
    """The physical lines of a level; ``mixed`` where the levels of one line differ in side."""
    differ = Step("its joints differ in side: no side modifier", "sides-differ")
    if level.side != "bilateral":
        if mixed:
            return [_Shape("unstated", 1, False, differ)]
        return [_Shape(level.side, 1, False, None)]
    key = "bilateral_first" if place == 0 else "bilateral_addon"
    style: Bilateral | Unknown = (
        case.rules.bilateral_first if place == 0 else case.rules.bilateral_addon
    )
    if style is UNKNOWN:
        flags.unknown(key)
        step = Step("both sides: the payer's style is not known", "bilateral-unknown")
        return [_Shape("bilateral", 1, False, step)]
    flags.relied_on(key)
    if style == "mod50" and mixed:
        return [_Shape("unstated", 1, False, differ)]
    if style == "mod50":
        step = Step("50: both sides of the joint", "modifier-50")
        return [_Shape("bilateral", 1, True, step)]
    if style == "units2":
        step = Step("2 units: both sides of the joint", "two-units")
        return [_Shape("bilateral", 2, False, step)]
    sides: tuple[Side, Side] = ("right", "left")
    return [
        _Shape(side, 1, False, Step(f"{_SIDE_MODIFIER[side]}: one line for each side", "two-lines"))
        for side in sides
    ]


def _side_modifier(case: Case, flags: FlagList, level: Level, shape: _Shape) -> str | None:
    if shape.side not in _SIDE_MODIFIER:
        return None
    if level.side == "bilateral":
        return _SIDE_MODIFIER[shape.side]
    if case.rules.one_sided is UNKNOWN:
        flags.unknown("one_sided")
        return None
    return _SIDE_MODIFIER[shape.side] if case.rules.one_sided == "rt_lt" else None


def _why(level: Level, place: int, further: tuple[Level, ...], case: Case) -> tuple[Step, ...]:
    named = _NAMED[level.named_as]
    steps = [Step(f"the note names {named}{level.joint}", "named-level", level.evidence)]
    if level.because or level.named_as != "joints":
        steps.append(Step(level.because or supply(level.joint), "innervation"))
    if level.side == "bilateral":
        steps.append(
            Step("both sides of one joint: one level", "both-sides-one-level", level.side_evidence)
        )
    elif level.side == "unstated":
        steps.append(Step("side not stated", "side-missing"))
    else:
        steps.append(Step(f"{level.side} side", "side", level.side_evidence))
    if place == 0 and level.side == "bilateral" and len({x.side for x in case.levels}) > 1:
        steps.append(Step("the joint done on both sides stands first", "bilateral-first"))
    steps.append(Step(*_ORDER[place]))
    if further:
        joints = ", ".join(
            f"{item.joint} {item.side}".removesuffix(" unstated") for item in further
        )
        steps.append(
            Step(
                f"further levels in the same single line: {joints}",
                "add-on-third",
                tuple(e for item in further for e in item.evidence),
            )
        )
    steps.append(_guidance_step(case.facts.guidance))
    return tuple(steps)


def _guidance_step(guidance: Guidance) -> Step:
    step = _GUIDANCE[guidance.modality]
    return Step(step.step, step.rule, guidance.evidence)


def supply(joint: str) -> str:
    """The nerves that supply a joint, as a coder would say it."""
    nerves = sorted(anatomy.SUPPLY[joint], key=anatomy.NERVES.index)
    if nerves == [anatomy.TON]:
        return f"third occipital nerve supplies {joint}"
    return f"{' + '.join(nerves)} medial branches supply {joint}"
