"""Every line says why: words, nerves, side, order, guidance, modifiers."""

from __future__ import annotations

import pytest

from facetcode.coding import code, load_policy
from facetcode.coding.reasons import REASONS, reason
from facetcode.facts import Evidence, Facts, Guidance, Level, Procedure
from facetcode.record import Line, to_json

WORDS = Evidence(60, 72, "C4, C5 and C6")
IMAGING = Evidence(90, 101, "fluoroscopy")
INTENT = Evidence(11, 34, "Dx medial branch block")


def first_line(policy: str, *levels: Level, modality: str = "fluoroscopy") -> Line:
    facts = Facts(
        Procedure("medial_branch_block", "diagnostic", 1, intent_evidence=(INTENT,)),
        levels,
        guidance=Guidance(modality, (IMAGING,)),  # type: ignore[arg-type]
    )
    return code(facts, load_policy(policy).on(), note_id="n").lines[0]


def test_nerves_to_line_under_medicare() -> None:
    said = "C4 + C5 medial branches supply C4-C5"
    line = first_line("medicare", Level("C4-C5", "right", "nerves", (WORDS,), said))
    assert [(s.step, s.rule, s.evidence) for s in line.because] == [
        ("the note names the nerves of C4-C5", "named-level", (WORDS,)),
        (said, "innervation", ()),
        ("right side", "side", ()),
        ("first level", "first-level", ()),
        ("fluoroscopy is part of the code", "guidance-included", (IMAGING,)),
        ("KX: diagnostic block", "modifier-kx", (INTENT,)),
        ("RT: right side", "modifier-rt-lt", ()),
    ]


def test_the_innervation_is_said_even_when_extraction_did_not() -> None:
    line = first_line("default", Level("C2-C3", "left", "nerves", (WORDS,)))
    assert line.because[1].step == "third occipital nerve supplies C2-C3"


@pytest.mark.parametrize(
    ("policy", "rules"),
    [
        pytest.param("default", ["modifier-50"], id="fifty"),
        pytest.param("rt-lt-lines", ["two-lines"], id="two lines"),
        pytest.param("aetna", ["bilateral-unknown"], id="unknown style"),
        pytest.param("medicare", ["modifier-50", "modifier-kx"], id="fifty before KX"),
        pytest.param("medicare-asc", ["modifier-kx", "two-lines"], id="KX before RT and LT"),
    ],
)
def test_steps_stand_in_the_order_of_the_modifiers(policy: str, rules: list[str]) -> None:
    line = first_line(policy, Level("C4-C5", "bilateral", "joints", (WORDS,)))
    assert [s.rule for s in line.because] == [
        "named-level",
        "both-sides-one-level",
        "first-level",
        "guidance-included",
        *rules,
    ]


def test_the_single_64492_names_every_further_level() -> None:
    joints = ("C2-C3", "C3-C4", "C4-C5", "C5-C6", "C6-C7")
    facts = Facts(
        Procedure("medial_branch_block"),
        tuple(
            Level(joint, "right", "joints", (Evidence(i, i + 1, "x"),))
            for i, joint in enumerate(joints)
        ),
        guidance=Guidance("ct"),
    )
    third = code(facts, load_policy("default").on(), note_id="n").lines[2]
    assert (third.code, third.joint, third.units) == ("64492", "C4-C5", 1)
    further = next(s for s in third.because if s.step.startswith("further"))
    assert further.step == "further levels in the same single line: C5-C6 right, C6-C7 right"
    assert [e.start for e in further.evidence] == [3, 4]


def test_rules_are_cited() -> None:
    assert all(r.says.endswith(".") and r.cite for r in REASONS.values())
    with pytest.raises(KeyError):
        reason("no-such-rule")


def test_the_contracts_example() -> None:
    """The record of the contract: line, flag, authority and policy label."""
    facts = Facts(
        Procedure("medial_branch_block", "diagnostic", 2),
        (Level("C4-C5", "right", "nerves"),),
        guidance=Guidance("fluoroscopy"),
    )
    record = to_json(code(facts, load_policy("medicare-noridian").on(), note_id="n-17"))
    assert record["policy"] == "medicare-noridian@2026-05-21"
    assert record["status"] == "coded"
    assert record["lines"][0]["modifiers"] == ["KX", "RT"]
    care = next(f for f in record["flags"] if f["code"] == "CONSERVATIVE_CARE_MISSING")
    assert (care["severity"], care["authority"]) == ("hard", "L38801")
