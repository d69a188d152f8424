"""What holds for every claim, whatever the facts: hypothesis makes the facts."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facetcode import anatomy
from facetcode.coding import code, load_policy, policy_names
from facetcode.coding.codes import ADD_ONS, PRIMARY
from facetcode.coding.ncci import shipped
from facetcode.coding.reasons import REASONS
from facetcode.facts import (
    Diagnosis,
    Doubt,
    Evidence,
    Facts,
    Finding,
    Guidance,
    Level,
    Nerve,
    Procedure,
    Relief,
    Score,
    StatedCode,
)
from facetcode.record import Record, facts_from_json, facts_to_json, to_json

evidence = st.lists(
    st.builds(lambda a, n: Evidence(a, a + n, "x" * n), st.integers(0, 900), st.integers(1, 9)),
    max_size=2,
).map(tuple)
sides = st.sampled_from(["right", "left", "bilateral", "unstated"])
percent = st.integers(0, 100).map(float)
procedures = st.builds(
    Procedure,
    st.sampled_from(
        ["medial_branch_block"] * 4
        + ["intraarticular"] * 2
        + ["lumbar_facet", "radiofrequency_ablation", "epidural", "other", None]
    ),
    st.sampled_from(["diagnostic", "therapeutic", "unstated"]),
    st.sampled_from([None, 1, 2]),
    evidence,
    evidence,
)
NAMES = (
    "pain_duration conservative_care function images_saved signature unsigned sedation "
    "sedation_reason radiculopathy no_radiculopathy rfa_contraindicated rfa_considered "
    "prior_block_date interval_days post_response prior_auth other_injection steroid "
    "lumbar_facet separate_site facet_cyst"
).split()
facts = st.builds(
    Facts,
    procedure=procedures,
    levels=st.lists(
        st.builds(
            Level,
            st.sampled_from(anatomy.CERVICAL_THORACIC),
            sides,
            st.sampled_from(["joints", "nerves", "both"]),
            evidence,
        ),
        max_size=6,
    ).map(tuple),
    nerves=st.lists(
        st.builds(Nerve, st.sampled_from(anatomy.NERVES), sides, evidence), max_size=2
    ).map(tuple),
    guidance=st.builds(
        Guidance,
        st.sampled_from(["fluoroscopy", "ct", "ultrasound", "none", "unstated"]),
        evidence,
    ),
    relief=st.lists(
        st.builds(
            lambda a, b, *rest: Relief(min(a, b), max(a, b), *rest),
            percent,
            percent,
            st.sampled_from(["today", "prior"]),
            evidence,
            st.sampled_from([None, "2026-01-05", "2026-02-30", "soon"]),
            sides,
        ),
        max_size=3,
    ).map(tuple),
    diagnoses=st.lists(
        st.builds(
            Diagnosis,
            st.sampled_from([None, "M47.812", "m47812", "M54.2", "M54.12", "M47.814", "M47.81"]),
            evidence,
        ),
        max_size=3,
    ).map(tuple),
    scores=st.lists(
        st.builds(
            lambda a, b, *rest: Score(min(a, b), max(a, b), *rest),
            st.integers(0, 10).map(float),
            st.integers(0, 10).map(float),
            st.sampled_from([10.0, 100.0]),
            st.sampled_from(["pre", "post", "other"]),
            evidence,
        ),
        max_size=3,
    ).map(tuple),
    stated_codes=st.lists(
        st.builds(
            StatedCode,
            st.sampled_from(
                "64490 64491 64492 0213T 0214T 77003 76942 20552 64633 64635 99213 62321".split()
            ),
            st.sampled_from([(), ("50",), ("RT",), ("LT",), ("KX", "RT")]),
            st.sampled_from([None, 1, 2]),
            evidence,
        ),
        max_size=3,
    ).map(tuple),
    findings=st.lists(
        st.builds(
            Finding,
            st.sampled_from(NAMES),
            evidence,
            st.sampled_from([None, "6", "2", "moderate", "2026-01-05", "trigger_point", "nan"]),
        ),
        max_size=6,
    ).map(tuple),
    doubts=st.lists(
        st.builds(
            Doubt,
            st.sampled_from(["LEVEL_AMBIGUOUS", "SIDE_CONFLICT", "PLACEHOLDER", "NOT_A_FLAG"]),
            st.sampled_from(["One reading.", "Another reading."]),
            st.sampled_from(["hard", "soft", "info"]),
            evidence,
        ),
        max_size=2,
    ).map(tuple),
    also=st.lists(procedures, max_size=2).map(tuple),
    lumbar_levels=st.lists(
        st.builds(Level, st.sampled_from(anatomy.LUMBAR), sides, st.just("joints"), evidence),
        max_size=4,
    ).map(tuple),
)
policies = st.sampled_from(policy_names())
metas = st.fixed_dictionaries(
    {},
    optional={
        "date_of_service": st.sampled_from(["2026-01-20", "2024-02-29", "", "yesterday"]),
        "claim_type": st.sampled_from(["professional", "asc_facility", "hopd_facility"]),
        "place_of_service": st.sampled_from(["11", "19", "22", "24"]),
        "abn": st.sampled_from(["signed", "none", "?"]),
    },
)

# Derandomised, so that the same fact sets are tried on every machine; FACETCODE_EXAMPLES=10000
# tries ten thousand, which takes a minute.
EXAMPLES = int(os.environ.get("FACETCODE_EXAMPLES", "1500"))
many = settings(max_examples=EXAMPLES, derandomize=True)
some = settings(max_examples=max(EXAMPLES // 5, 100), derandomize=True)


def claim(record: Record) -> object:
    return [
        (line.code, line.modifiers, line.units, line.joint, line.side) for line in record.lines
    ], [(f.code, f.severity, f.message, f.authority, f.evidence) for f in record.flags]


@many
@given(facts, policies, metas)
def test_claims_hold_together(facts: Facts, name: str, meta: dict[str, str]) -> None:
    policy = load_policy(name).on()
    record = code(facts, policy, note_id="n", meta=meta)
    codes = [line.code for line in record.lines]
    if set(codes) & ADD_ONS:
        assert set(codes) & PRIMARY
        assert codes[0] in PRIMARY
    sides = [(line.code, line.side) for line in record.lines]
    assert len(sides) == len(set(sides)), "64492 at most once, once for each side in two lines"
    joints = [(line.joint, line.side) for line in record.lines]
    assert len(joints) == len(set(joints)), "a joint never twice"
    per_joint = {line.joint: line.code for line in record.lines}
    assert len(per_joint) == len(set(codes)), "one code a joint"
    for line in record.lines:
        assert not ("50" in line.modifiers and {"RT", "LT"} & set(line.modifiers))
        assert not {"RT", "LT"} <= set(line.modifiers)
        assert not ("KX" in line.modifiers and {"GA", "GZ"} & set(line.modifiers))
        assert len(line.modifiers) <= 4, "a claim line holds four modifiers"
        limit = shipped().max_units(line.code)
        if policy.rules.mue == "cms":
            assert limit is not None
            assert line.units <= limit.units
        assert line.because[0].rule == "named-level"
        assert {step.rule for step in line.because} <= set(REASONS)
    if record.status == "not_applicable":
        assert not record.lines
        assert not record.flags
        assert not facts.is_facet_block
    if record.status == "query":
        assert any(flag.severity == "hard" for flag in record.flags)
    seen = [(flag.code, flag.evidence) for flag in record.flags]
    assert len(seen) == len(set(seen))
    ranks = [("hard", "soft", "info").index(flag.severity) for flag in record.flags]
    assert ranks == sorted(ranks)


@some
@given(facts, policies, metas, st.randoms(use_true_random=False))
def test_order_of_facts_does_not_matter(
    facts: Facts, name: str, meta: dict[str, str], random: Random
) -> None:
    policy = load_policy(name).on()

    def shuffled(items: tuple[object, ...]) -> tuple[object, ...]:
        return tuple(random.sample(items, len(items)))

    keys = (
        "levels nerves relief diagnoses scores stated_codes findings doubts also lumbar_levels"
    ).split()
    changes: dict[str, Any] = {key: shuffled(getattr(facts, key)) for key in keys}
    other = replace(facts, **changes)
    assert claim(code(other, policy, note_id="n", meta=meta)) == claim(
        code(facts, policy, note_id="n", meta=meta)
    )


@some
@given(facts, policies)
def test_a_stored_record_codes_the_same(facts: Facts, name: str) -> None:
    policy = load_policy(name).on()
    record = code(facts, policy, note_id="n")
    again = facts_from_json(to_json(record), "n")
    assert claim(code(again, policy, note_id="n")) == claim(record)
    assert facts_to_json(again) == facts_to_json(facts_from_json(facts_to_json(again), "n"))


@pytest.mark.parametrize("name", policy_names())
def test_dates_of_service_outside_a_policy_are_the_callers_to_see(name: str) -> None:
    policy = load_policy(name)
    assert policy.on(max(policy.effective, date(2026, 11, 1))).rules
