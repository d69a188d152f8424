"""The coder's last look at the claim before submission: each check passed, failed or not knowable.

A check fails on the claim as it would go out with the note's own codes beside our lines; what
only other notes, the payer or the practice can tell is said to be not knowable from the note.
"""

from __future__ import annotations

from facetcode.coding.case import Coded
from facetcode.coding.codes import IMAGING
from facetcode.coding.coverage import has_authorisation
from facetcode.coding.ncci import Ncci
from facetcode.coding.rules import UNKNOWN
from facetcode.record import Check


def checks(coded: Coded, tables: Ncci) -> tuple[Check, ...]:
    """The verification list of a coded note; empty where there is nothing to bill."""
    if not coded.lines:
        return ()
    return (
        _pairing(coded, tables),
        _units(coded, tables),
        _modifiers(coded),
        _diagnosis(coded),
        _authorisation(coded),
        _frequency(coded),
        _duplicates(coded),
        _bundled(coded),
    )


def _flagged(coded: Coded, *codes: str) -> str:
    return " ".join(flag.message for flag in coded.flags if flag.code in codes)


def _pairing(coded: Coded, tables: Ncci) -> Check:
    name = "add-on with its primary"
    codes = {line.code for line in coded.lines}
    orphans = [c for c in sorted(codes) if (need := tables.primaries(c)) and not codes & {*need}]
    if orphans:
        return Check(name, "failed", f"{', '.join(orphans)} without a primary code.")
    return Check(name, "passed", "Every add-on stands beside a primary code.")


def _units(coded: Coded, tables: Ncci) -> Check:
    name, case = "units", coded.case
    if case.rules.mue == "none":
        return Check(name, "passed", "CMS's unit limits do not bind this payer.")
    totals: dict[str, int] = {}
    for line in coded.lines:
        totals[line.code] = totals.get(line.code, 0) + line.units
    over = []
    for code, units in sorted(totals.items()):
        limit = tables.max_units(code, case.date_of_service)
        if limit is None:
            return Check(name, "not_knowable", f"No unit limit of {code} is in the tables.")
        if units > limit.units:
            over.append(f"{code}: {units} units, the limit is {limit.units} ({limit.source})")
    if over and case.rules.mue is UNKNOWN:
        return Check(
            name,
            "not_knowable",
            f"{'; '.join(over)}; whether the limit binds this claim is not known.",
        )
    if over:
        return Check(name, "failed", f"{'; '.join(over)}.")
    return Check(name, "passed", "Units are within CMS's daily limits.")


def _modifiers(coded: Coded) -> Check:
    name = "modifiers"
    wrong = _flagged(coded, "SIDE_MISSING", "SIDE_CONFLICT", "INTENT_MISSING")
    if wrong:
        return Check(name, "failed", wrong)
    rules = coded.case.rules
    sides = {level.side for level in coded.case.levels}
    styles = (rules.bilateral_first, rules.bilateral_addon)
    if ("bilateral" in sides and UNKNOWN in styles) or UNKNOWN in (rules.kx, rules.one_sided):
        return Check(name, "not_knowable", "How this payer wants the modifiers is not known.")
    return Check(name, "passed", "Modifiers follow the policy.")


def _diagnosis(coded: Coded) -> Check:
    name = "diagnosis"
    wrong = _flagged(coded, "DIAGNOSIS_MISSING", "DIAGNOSIS_NOT_COVERED", "RADICULOPATHY")
    if wrong:
        return Check(name, "failed", wrong)
    case = coded.case
    if not any(d.code for d in case.facts.diagnoses):
        return Check(name, "not_knowable", "The note words its diagnosis without a code.")
    if case.rules.diagnoses_covered is UNKNOWN:
        return Check(name, "not_knowable", "The payer's diagnosis list is not known.")
    return Check(name, "passed", "A documented diagnosis supports the block.")


def _authorisation(coded: Coded) -> Check:
    name, case = "authorisation", coded.case
    wrong = _flagged(coded, "PRIOR_AUTH_MISSING")
    if wrong:
        return Check(name, "failed", wrong)
    if has_authorisation(case):
        return Check(name, "passed", "An authorisation number is given.")
    if case.rules.claim_type != "any" and (
        not case.in_hospital or case.rules.prior_auth_codes is None
    ):
        return Check(name, "passed", "This claim needs no prior authorisation.")
    return Check(name, "not_knowable", "Ask whether the plan wants prior authorisation.")


def _frequency(coded: Coded) -> Check:
    case = coded.case
    limit = (
        case.rules.sessions_therapeutic
        if case.intent == "therapeutic"
        else case.rules.sessions_diagnostic
    )
    if isinstance(limit, int):
        says = f"The payer allows {limit} sessions in twelve months; one note cannot count them."
    else:
        says = "The sessions of the last twelve months are not in one note."
    return Check("frequency", "not_knowable", says)


def _duplicates(coded: Coded) -> Check:
    seen: set[tuple[str, str]] = set()
    twice: set[tuple[str, str]] = set()
    for line in coded.lines:
        key = (line.joint, line.side)
        (twice if key in seen else seen).add(key)
    if twice:
        return Check("duplicates", "failed", "A joint stands on two lines of the same side.")
    return Check("duplicates", "passed", "Each joint and side is billed once in this note.")


def _bundled(coded: Coded) -> Check:
    name = "bundled services"
    wrong = _flagged(coded, "BUNDLED_IMAGING", "NCCI_EDIT")
    if wrong:
        return Check(name, "failed", wrong)
    if any(c.code in IMAGING for c in coded.case.facts.stated_codes):
        return Check(name, "failed", "Imaging is billed beside the facet codes.")
    return Check(name, "passed", "No code of the note is bundled with the lines.")
