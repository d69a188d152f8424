"""What a coder reads beside the claim: checklist, verification list, policy comparison."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from facetcode.coding import checklist, diff_claims, diff_rules, load_policy, verify
from facetcode.coding.diff import ClaimChange
from facetcode.facts import (
    Diagnosis,
    Evidence,
    Facts,
    Finding,
    Guidance,
    Level,
    Procedure,
    Relief,
    Score,
    StatedCode,
)


def at(start: int) -> tuple[Evidence, ...]:
    return (Evidence(start, start + 1, "x"),)


FULL = Facts(
    Procedure("medial_branch_block", "diagnostic", 2, at(1), at(2)),
    (Level("C4-C5", "right", "joints", at(3)),),
    guidance=Guidance("fluoroscopy", at(4)),
    relief=(Relief(85, 85, "prior", at(5)),),
    diagnoses=(Diagnosis("M47.812", at(6)),),
    scores=(Score(8, 8, 10, "pre", at(7)), Score(1, 1, 10, "post", at(8))),
    findings=(
        Finding("pain_duration", at(9), "6"),
        Finding("conservative_care", at(10)),
        Finding("function", at(11)),
        Finding("images_saved", at(12)),
        Finding("signature", at(13)),
        Finding("no_radiculopathy", at(14)),
        Finding("interval_days", at(15), "21"),
    ),
)
BARE = Facts(Procedure("medial_branch_block"), guidance=Guidance("unstated"))


def states(facts: Facts, policy: str, **meta: str) -> dict[str, str]:
    items = checklist(facts, load_policy(policy).on(), meta=meta)
    return {item.name: item.state for item in items}


def test_a_full_note_meets_what_medicare_asks_with_its_evidence() -> None:
    items = {i.name: i for i in checklist(FULL, load_policy("medicare-noridian").on())}
    not_needed = {n for n, item in items.items() if item.state == "not_needed"}
    assert not_needed == {
        "scores and percentage agree",
        "reason against ablation",
        "ablation considered",
        "sedation reason",
        "prior authorisation",
    }
    assert {item.state for n, item in items.items() if n not in not_needed} == {"met"}
    starts = {
        "levels": 3,
        "guidance": 4,
        "relief from the first block": 5,
        "diagnosis on the list": 6,
        "pain score before": 7,
        "response after": 8,
        "duration": 9,
        "interval": 15,
        "intent": 2,
    }
    assert {name: items[name].evidence[0].start for name in starts} == starts
    assert items["duration"].authority == "L38801"


def test_a_bare_note_misses_it() -> None:
    found = states(BARE, "medicare")
    for name in ("levels", "guidance", "intent", "diagnosis", "duration", "signature", "function"):
        assert found[name] == "missing"
    assert found["relief from the first block"] == "not_needed"


def test_the_articles_table_asks_for_little() -> None:
    found = states(BARE, "default")
    assert {n for n, s in found.items() if s == "missing"} == {
        "levels", "guidance", "diagnosis", "response after",
    }  # fmt: skip
    assert found["signature"] == "not_needed"


def test_what_the_policy_does_not_know_is_unknown() -> None:
    found = states(FULL, "medicare-ngs")
    assert found["diagnosis on the list"] == "unknown"
    assert states(FULL, "aetna")["interval"] == "not_needed"


def test_hospital_claims_ask_for_an_authorisation() -> None:
    assert states(FULL, "medicare-hopd")["prior authorisation"] == "missing"
    assert states(FULL, "medicare-hopd", prior_auth="U1")["prior authorisation"] == "met"


def test_no_block_no_lists() -> None:
    facts = Facts(Procedure("epidural"))
    policy = load_policy("medicare").on()
    assert checklist(facts, policy) == ()
    assert verify(facts, policy) == ()


def verified(facts: Facts, policy: str, **meta: str) -> dict[str, str]:
    return {c.name: c.result for c in verify(facts, load_policy(policy).on(), meta=meta)}


def changed(**changes: Any) -> Facts:
    return replace(FULL, **changes)


BOTH = (Level("C4-C5", "bilateral", "joints"), Level("C5-C6", "bilateral", "joints"))


@pytest.mark.parametrize(
    ("facts", "policy", "check", "result"),
    [
        pytest.param(FULL, "medicare", "add-on with its primary", "passed", id="pairing"),
        pytest.param(FULL, "medicare", "units", "passed", id="units"),
        pytest.param(changed(levels=BOTH), "medicare", "units", "passed", id="50 is one unit"),
        pytest.param(
            changed(levels=BOTH), "medicare-asc", "units", "not_knowable", id="ASC doubling"
        ),
        pytest.param(changed(levels=BOTH), "cpt-strict", "units", "passed", id="no MUE"),
        pytest.param(FULL, "medicare", "modifiers", "passed", id="modifiers"),
        pytest.param(
            changed(levels=BOTH), "aetna", "modifiers", "not_knowable", id="unknown style"
        ),
        pytest.param(
            changed(levels=(Level("C4-C5", "unstated", "joints"),)),
            "medicare",
            "modifiers",
            "failed",
            id="no side",
        ),
        pytest.param(FULL, "medicare", "diagnosis", "passed", id="diagnosis"),
        pytest.param(
            changed(diagnoses=(Diagnosis("M54.2"),)), "medicare", "diagnosis", "failed", id="M54.2"
        ),
        pytest.param(
            changed(diagnoses=(Diagnosis(None),)),
            "medicare",
            "diagnosis",
            "not_knowable",
            id="words only",
        ),
        pytest.param(FULL, "medicare-ngs", "diagnosis", "not_knowable", id="list not known"),
        pytest.param(FULL, "medicare", "authorisation", "passed", id="physician needs none"),
        pytest.param(FULL, "medicare-hopd", "authorisation", "failed", id="hospital does"),
        pytest.param(FULL, "default", "authorisation", "not_knowable", id="ask the plan"),
        pytest.param(FULL, "medicare", "frequency", "not_knowable", id="frequency"),
        pytest.param(FULL, "medicare", "duplicates", "passed", id="duplicates"),
        pytest.param(FULL, "medicare", "bundled services", "passed", id="nothing bundled"),
        pytest.param(
            changed(stated_codes=(StatedCode("77003"),)),
            "medicare",
            "bundled services",
            "failed",
            id="77003",
        ),
    ],
)
def test_verification(facts: Facts, policy: str, check: str, result: str) -> None:
    assert verified(facts, policy)[check] == result


def test_the_list_has_every_item_in_order() -> None:
    assert list(verified(FULL, "medicare")) == [
        "add-on with its primary",
        "units",
        "modifiers",
        "diagnosis",
        "authorisation",
        "frequency",
        "duplicates",
        "bundled services",
    ]


def compare(facts: Facts, a: str, b: str, **meta: str) -> list[ClaimChange]:
    return list(diff_claims([("n-1", facts, meta)], load_policy(a), load_policy(b)))


def test_rules_that_differ() -> None:
    changes = diff_rules(load_policy("default").on(), load_policy("cpt-strict").on())
    assert [(c.key, c.before, c.after) for c in changes] == [
        ("bilateral_addon", "mod50", "units2"),
        ("mue", "cms", "none"),
    ]
    flags = diff_rules(load_policy("default").on(), load_policy("medicare").on())
    assert ("flag", "FUNCTION_MISSING", "off", "soft") in [
        (c.kind, c.key, c.before, c.after) for c in flags
    ]


def test_a_claim_that_changes_says_why() -> None:
    (change,) = compare(FULL, "default", "medicare-noridian")
    assert (change.before, change.after) == (("64490-RT",), ("64490-KX-RT",))
    assert change.why == ("kx: none -> diagnostic_lines",)
    assert change.lines_differ


def test_units_for_fifty() -> None:
    (change,) = compare(changed(levels=BOTH), "default", "cpt-strict")
    assert (change.before[1], change.after[1]) == ("64491-50", "64491 x2")
    assert change.why == ("bilateral_addon: mod50 -> units2",)


def test_a_third_level_needs_two_rules_together() -> None:
    levels = tuple(Level(j, "right", "joints") for j in ("C3-C4", "C4-C5", "C5-C6"))
    therapeutic = Procedure("medial_branch_block", "therapeutic")
    facts = changed(levels=levels, procedure=therapeutic)
    (change,) = compare(facts, "default", "anthem-carelon")
    assert change.after == ("64490-RT", "64491-RT")
    assert "max_levels: 3 -> 2" in change.why


def test_flags_alone_are_a_change() -> None:
    facts = changed(diagnoses=(Diagnosis("M54.2"),), procedure=Procedure("medial_branch_block"))
    (change,) = compare(facts, "default", "medicare")
    assert change.status == ("coded", "query")
    assert "DIAGNOSIS_NOT_COVERED" in change.flags_added
    assert any(why.startswith("diagnoses_covered: ") for why in change.why)


def test_nothing_changes() -> None:
    assert compare(FULL, "default", "cpt-strict") == []


def test_outside_a_policys_dates() -> None:
    (change,) = compare(FULL, "default", "medicare", date_of_service="2015-01-01")
    assert "policy 'medicare' holds no rules on 2015-01-01" in change.problem
