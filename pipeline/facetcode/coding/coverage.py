"""What the payer covers: levels, diagnoses, purpose, authorisation."""

from __future__ import annotations

import re

from facetcode import anatomy
from facetcode.coding.case import T12_L1, Case
from facetcode.coding.flags import FlagList
from facetcode.coding.rules import UNKNOWN, CodeSet, Unknown
from facetcode.facts import Diagnosis
from facetcode.record import Line

HEADERS: frozenset[str] = frozenset({"M47.81", "M47.89", "M48.1", "M53.8", "M54.5"})
"""ICD-10-CM categories that need a further character before any payer reads them."""

_REGION_DIGIT = {
    "2": frozenset({"cervical"}),
    "3": frozenset({"cervical", "thoracic"}),
    "4": frozenset({"thoracic"}),
    "5": frozenset({"thoracic"}),
    "6": frozenset({"lumbar"}),
    "7": frozenset({"lumbar"}),
}
"""The regions a spondylosis code's last digit speaks of; 3 and 5 are the junctions."""
_BY_REGION = re.compile(r"M47\.8[19]([2-7])|M48\.1([2-7])")


def check_coverage(case: Case, flags: FlagList, lines: tuple[Line, ...]) -> None:
    """Raise what stands against coverage; ``lines`` are those that would be billed."""
    _levels(case, flags)
    _diagnoses(case, flags)
    _purpose(case, flags)
    _authorisation(case, flags, lines)


def level_count(case: Case) -> int:
    """Levels of the session as payers count them.

    T12-L1 done with L1-L2 is one lumbar session (rule sheet 1.6), so its lumbar levels count.
    """
    if counts_as_lumbar(case):
        return len(case.levels) + len({level.joint for level in case.facts.lumbar_levels})
    return len(case.levels)


def counts_as_lumbar(case: Case) -> bool:
    """Whether T12-L1 is the only level here and continues into the lumbar levels."""
    return [level.joint for level in case.levels] == [T12_L1] and any(
        level.joint == "L1-L2" for level in case.facts.lumbar_levels
    )


def _levels(case: Case, flags: FlagList) -> None:
    limit, count = case.rules.max_levels, level_count(case)
    if isinstance(limit, Unknown) or limit is None or count <= limit:
        return
    over = case.levels[limit:]
    wording = {
        "bill": f"billing beyond {_NUMBERS.get(limit, limit)} levels may be denied",
        "appeal_only": "a further level is considered only on appeal",
        "noncovered": "a further level is not covered",
    }
    third = case.rules.third_level
    says = "what a further level does is not known" if third is UNKNOWN else wording[third]
    flags.add(
        "LEVEL_LIMIT",
        f"{count} levels in one session, the policy pays {limit}: {says}.",
        (e for level in over for e in level.evidence),
    )


_NUMBERS = {1: "one", 2: "two", 3: "three"}


def normal_code(code: str) -> str:
    """An ICD-10-CM code as lists write it: upper case, with its dot."""
    code = code.strip().upper()
    return code if "." in code or len(code) <= 3 else f"{code[:3]}.{code[3:]}"


def coded_diagnoses(case: Case) -> list[tuple[str, Diagnosis]]:
    """The note's diagnosis codes, normalised, with the diagnosis each comes from."""
    return [(normal_code(d.code), d) for d in case.facts.diagnoses if d.code]


def supports(case: Case, code: str) -> bool:
    """Whether a diagnosis code is on the policy's list for this procedure."""
    rules = case.rules
    if isinstance(rules.diagnoses_covered, CodeSet) and code in rules.diagnoses_covered:
        return True
    cyst = rules.diagnoses_cyst_only
    return isinstance(cyst, CodeSet) and code in cyst and case.has("facet_cyst")


def fits_region(case: Case, code: str) -> bool:
    """Whether a spondylosis code's region is one of those treated; other codes always fit."""
    match = _BY_REGION.fullmatch(code)
    if match is None:
        return True
    spoken_of = _REGION_DIGIT[match[1] or match[2]]
    return not {*_treated_regions(case)}.isdisjoint(spoken_of)


def _treated_regions(case: Case) -> set[str]:
    regions = {anatomy.region(level.joint) for level in case.levels}
    if any(level.joint == "C7-T1" for level in case.levels):
        regions.add("thoracic")
    if case.facts.lumbar_levels or any(level.joint == T12_L1 for level in case.levels):
        regions.add("lumbar")
    return regions


def _diagnoses(case: Case, flags: FlagList) -> None:
    rules = case.rules
    if not case.facts.diagnoses:
        flags.add("DIAGNOSIS_MISSING", "No diagnosis is documented.")
        return
    coded = coded_diagnoses(case)
    if not coded:
        # Words are a diagnosis; which code they deserve is a question for the claim, not a flag.
        return
    if rules.diagnoses_covered is UNKNOWN:
        if flags.asks("DIAGNOSIS_NOT_COVERED"):
            flags.unknown("diagnoses_covered")
        return
    if rules.diagnoses_covered is None:
        return
    evidence = [e for _, d in coded for e in d.evidence]
    on_list = [code for code, _ in coded if supports(case, code)]
    if not on_list:
        names = ", ".join(sorted({code for code, _ in coded}))
        headers = sorted({code for code, _ in coded if code in HEADERS})
        more = f" {', '.join(headers)} needs a further character." if headers else ""
        flags.add(
            "DIAGNOSIS_NOT_COVERED",
            f"None of the diagnoses ({names}) is on the policy's list.{more}",
            evidence,
        )
    elif case.levels and not any(fits_region(case, code) for code in on_list):
        names = ", ".join(sorted(set(on_list)))
        flags.add(
            "DIAGNOSIS_NOT_COVERED",
            f"The listed diagnosis ({names}) is of another region than the levels treated.",
            evidence,
        )


def _purpose(case: Case, flags: FlagList) -> None:
    rules, evidence = case.rules, case.facts.procedure.intent_evidence
    if case.intent == "therapeutic":
        if rules.therapeutic is UNKNOWN:
            flags.unknown("therapeutic")
        elif rules.therapeutic == "not_covered":
            flags.add(
                "THERAPEUTIC_NOT_COVERED",
                "The policy covers no therapeutic facet block.",
                evidence,
            )
        elif rules.therapeutic == "needs_rfa_reason" and not case.has("rfa_contraindicated"):
            flags.add(
                "THERAPEUTIC_RFA_REASON",
                "Therapeutic block without the reason why ablation cannot be done.",
                evidence,
            )
    elif rules.rfa_plan_needed is UNKNOWN:
        flags.unknown("rfa_plan_needed")
    elif rules.rfa_plan_needed and not case.has("rfa_considered"):
        flags.add(
            "RFA_NOT_CONSIDERED",
            "The note does not say that ablation is considered if the block helps.",
        )


def _authorisation(case: Case, flags: FlagList, lines: tuple[Line, ...]) -> None:
    codes = case.rules.prior_auth_codes
    if codes is None or not case.in_hospital or has_authorisation(case):
        return
    if isinstance(codes, Unknown):
        flags.unknown("prior_auth_codes")
        return
    needed = sorted({line.code for line in lines} & set(codes))
    if needed:
        flags.add(
            "PRIOR_AUTH_MISSING",
            f"Hospital outpatient {', '.join(needed)} without a prior authorisation number.",
        )


def has_authorisation(case: Case) -> bool:
    """Whether the note or the export gives a prior authorisation number."""
    return case.has("prior_auth") or bool(case.meta.get("prior_auth", "").strip())
