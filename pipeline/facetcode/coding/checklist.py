"""What the policy asks of one note, item by item: met with its evidence, missing, or not needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from facetcode.coding.assemble import decide
from facetcode.coding.case import Case, Coded, in_note_order
from facetcode.coding.coverage import coded_diagnoses, has_authorisation
from facetcode.coding.documentation import days_since_prior, prior_relief, sedated
from facetcode.coding.ncci import Ncci
from facetcode.coding.policy import InForce
from facetcode.coding.rules import UNKNOWN
from facetcode.facts import Evidence, Facts

State = Literal["met", "missing", "not_needed", "unknown"]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing a policy may ask for; ``unknown`` where the policy's own value is not known.

    ``says`` is the flag's message for a missing item. Absence is judged on the whole note as
    extraction read it, so a missing item has no evidence of its own.
    """

    name: str
    asks: str
    state: State
    authority: str
    evidence: tuple[Evidence, ...] = ()
    says: str = ""


@dataclass(frozen=True, slots=True)
class _Ask:
    name: str
    asks: str
    flags: tuple[str, ...]
    needed: Callable[[Case], bool]
    evidence: Callable[[Case], Iterable[Evidence]]
    keys: tuple[str, ...] = ()
    """Policy values without which the item cannot be judged."""


def checklist(
    facts: Facts,
    policy: InForce,
    *,
    meta: Mapping[str, str] | None = None,
    ncci: Ncci | None = None,
) -> tuple[Item, ...]:
    """The policy's checklist for a note; empty where no neck or thoracic facet block was done."""
    coded = decide(facts, policy, meta=meta, ncci=ncci)
    if coded.status == "not_applicable":
        return ()
    return tuple(_item(ask, coded, policy) for ask in _ASKS)


def _item(ask: _Ask, coded: Coded, policy: InForce) -> Item:
    case = coded.case
    # An item stays on the list while any of its flags is asked for; its first flag names who asks.
    asked = [code for code in ask.flags if policy.flags[code].severity is not None]
    authority = policy.flags[(asked or ask.flags)[0]].authority
    raised = [flag for flag in coded.flags if flag.code in ask.flags]
    if raised:
        evidence = in_note_order(e for flag in raised for e in flag.evidence)
        says = " ".join(flag.message for flag in raised)
        return Item(ask.name, ask.asks, "missing", raised[0].authority, evidence, says)
    if not asked or not ask.needed(case):
        return Item(ask.name, ask.asks, "not_needed", authority)
    if any(getattr(case.rules, key) is UNKNOWN for key in ask.keys):
        return Item(ask.name, ask.asks, "unknown", authority, in_note_order(ask.evidence(case)))
    return Item(ask.name, ask.asks, "met", authority, in_note_order(ask.evidence(case)))


def _always(_: Case) -> bool:
    return True


def _second(case: Case) -> bool:
    return case.facts.procedure.ordinal == 2


def _found(*names: str) -> Callable[[Case], Iterable[Evidence]]:
    return lambda case: (e for name in names for e in case.evidence(name))


def _levels(case: Case) -> Iterable[Evidence]:
    return (e for level in case.levels for e in level.evidence)


def _scores(when: str) -> Callable[[Case], Iterable[Evidence]]:
    return lambda case: (e for s in case.facts.scores if s.when == when for e in s.evidence)


def _response(case: Case) -> Iterable[Evidence]:
    today = (e for r in case.facts.relief if r.when == "today" for e in r.evidence)
    return (*_scores("post")(case), *today, *case.evidence("post_response"))


def _prior(case: Case) -> Iterable[Evidence]:
    counted = prior_relief(case)
    return counted.evidence if counted else ()


def _interval(case: Case) -> Iterable[Evidence]:
    found = days_since_prior(case)
    return found[1] if found else ()


def _diagnosis(case: Case) -> Iterable[Evidence]:
    coded = [d for _, d in coded_diagnoses(case)]
    return (e for d in coded or case.facts.diagnoses for e in d.evidence)


_ASKS: tuple[_Ask, ...] = (
    _Ask(
        "levels",
        "each joint or medial branch by name",
        ("LEVEL_MISSING", "LEVEL_AMBIGUOUS", "LEVEL_CONFLICT", "NERVE_INCOMPLETE"),
        _always,
        _levels,
    ),
    _Ask("sides", "the side of each level", ("SIDE_MISSING", "SIDE_CONFLICT"), _always, _levels),
    _Ask(
        "guidance",
        "fluoroscopy or CT",
        ("GUIDANCE_MISSING", "GUIDANCE_ULTRASOUND"),
        _always,
        lambda case: case.facts.guidance.evidence,
    ),
    _Ask("images", "images saved", ("IMAGES_NOT_SAVED",), _always, _found("images_saved")),
    _Ask(
        "level limit",
        "no more levels than the policy pays",
        ("LEVEL_LIMIT",),
        _always,
        _levels,
        ("max_levels",),
    ),
    _Ask(
        "intent",
        "diagnostic or therapeutic",
        ("INTENT_MISSING",),
        lambda case: case.rules.intent_needed is not False,
        lambda case: case.facts.procedure.intent_evidence or case.facts.procedure.evidence,
        ("intent_needed",),
    ),
    _Ask("diagnosis", "a diagnosis", ("DIAGNOSIS_MISSING",), _always, _diagnosis),
    _Ask(
        "diagnosis on the list",
        "a diagnosis code the policy lists for the region treated",
        ("DIAGNOSIS_NOT_COVERED",),
        lambda case: case.rules.diagnoses_covered is not None and bool(coded_diagnoses(case)),
        _diagnosis,
        ("diagnoses_covered",),
    ),
    _Ask(
        "no radiculopathy",
        "no untreated radiculopathy",
        ("RADICULOPATHY",),
        _always,
        _found("no_radiculopathy"),
    ),
    _Ask(
        "duration",
        "how long the pain has lasted",
        ("DURATION_MISSING",),
        lambda case: case.rules.min_months_pain is not None,
        _found("pain_duration"),
        ("min_months_pain",),
    ),
    _Ask(
        "conservative care",
        "conservative care tried and failed",
        ("CONSERVATIVE_CARE_MISSING",),
        _always,
        _found("conservative_care"),
    ),
    _Ask(
        "function",
        "a disability scale or functional deficit",
        ("FUNCTION_MISSING",),
        _always,
        _found("function"),
    ),
    _Ask(
        "pain score before",
        "a pain score before the block",
        ("PAIN_SCORE_MISSING",),
        _always,
        _scores("pre"),
    ),
    _Ask(
        "response after",
        "the response to the block",
        ("POST_RESPONSE_MISSING",),
        _always,
        _response,
        ("numeric_response_needed",),
    ),
    _Ask(
        "scores and percentage agree",
        "a stated percentage that fits the scores",
        ("RELIEF_MISMATCH",),
        lambda case: any(r.when == "today" for r in case.facts.relief),
        _response,
    ),
    _Ask(
        "relief from the first block",
        "the percentage of relief from the first diagnostic block",
        ("PRIOR_RELIEF_MISSING", "PRIOR_RELIEF_INSUFFICIENT"),
        _second,
        _prior,
        ("relief_share",),
    ),
    _Ask(
        "interval",
        "enough days since the first diagnostic block",
        ("INTERVAL_TOO_SHORT",),
        lambda case: _second(case) and days_since_prior(case) is not None,
        _interval,
        ("min_days_between",),
    ),
    _Ask(
        "reason against ablation",
        "for a therapeutic block, why ablation cannot be done",
        ("THERAPEUTIC_RFA_REASON", "THERAPEUTIC_NOT_COVERED"),
        lambda case: case.intent == "therapeutic" and case.rules.therapeutic != "covered",
        _found("rfa_contraindicated"),
        ("therapeutic",),
    ),
    _Ask(
        "ablation considered",
        "that ablation is considered if the block helps",
        ("RFA_NOT_CONSIDERED",),
        lambda case: case.intent != "therapeutic" and case.rules.rfa_plan_needed is not False,
        _found("rfa_considered"),
        ("rfa_plan_needed",),
    ),
    _Ask(
        "sedation reason",
        "for sedation, a reason of this patient's",
        ("SEDATION_UNSUPPORTED",),
        lambda case: sedated(case) and case.rules.sedation != "no_rule",
        _found("sedation_reason"),
        ("sedation",),
    ),
    _Ask(
        "signature",
        "a signature",
        ("UNSIGNED",),
        lambda case: case.rules.signature_needed is not False or case.has("unsigned"),
        _found("signature"),
        ("signature_needed",),
    ),
    _Ask(
        "prior authorisation",
        "a hospital outpatient authorisation number",
        ("PRIOR_AUTH_MISSING",),
        lambda case: (
            case.in_hospital
            and (case.rules.prior_auth_codes is not None or has_authorisation(case))
        ),
        _found("prior_auth"),
        ("prior_auth_codes",),
    ),
)
