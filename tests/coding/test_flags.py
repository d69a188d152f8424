"""The flag list: policy severities, doubts as they are, nothing twice."""

from __future__ import annotations

import pytest

from facetcode.coding import load_policy
from facetcode.coding.flags import FlagList
from facetcode.facts import Doubt, Evidence

HERE = (Evidence(5, 9, "C4-5"),)


def test_severity_and_authority_are_the_policys() -> None:
    flags = FlagList(load_policy("medicare-noridian").on())
    flags.add("FUNCTION_MISSING", "No function.")
    flags.add("NCCI_EDIT", "An edit.", severity="soft")
    assert [(f.code, f.severity, f.authority) for f in flags.sorted()] == [
        ("FUNCTION_MISSING", "soft", "L38801"),
        ("NCCI_EDIT", "soft", "CMS NCCI PTP tables"),
    ]


def test_a_flag_that_is_off_is_not_raised() -> None:
    flags = FlagList(load_policy("default").on())
    flags.add("FUNCTION_MISSING", "No function.")
    assert flags.sorted() == ()


def test_a_doubt_keeps_its_severity_and_takes_the_policys_authority() -> None:
    doubt = Doubt("SIDE_CONFLICT", "Header says left, body right.", "soft", HERE)
    (flag,) = FlagList(load_policy("medicare-palmetto").on(), (doubt,)).sorted()
    assert (flag.severity, flag.message, flag.authority, flag.evidence) == (
        "soft",
        doubt.message,
        "A58350",
        HERE,
    )


def test_a_doubt_no_policy_knows_is_kept() -> None:
    (flag,) = FlagList(load_policy("default").on(), (Doubt("NEW_DOUBT", "New."),)).sorted()
    assert flag.authority == "Summit RCM, CPT 64490-64492"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["soft first", "hard first"])
def test_of_two_doubts_on_the_same_words_the_graver_stands(order: tuple[int, int]) -> None:
    doubts = (
        Doubt("LEVEL_AMBIGUOUS", "Perhaps.", "soft", HERE),
        Doubt("LEVEL_AMBIGUOUS", "Surely.", "hard", HERE),
    )
    (flag,) = FlagList(load_policy("default").on(), (doubts[i] for i in order)).sorted()
    assert (flag.severity, flag.message) == ("hard", "Surely.")


def test_the_same_code_on_other_words_stands_twice() -> None:
    doubts = (
        Doubt("SIDE_CONFLICT", "One.", "hard", HERE),
        Doubt("SIDE_CONFLICT", "Two.", "hard", (Evidence(50, 54, "left"),)),
    )
    assert len(FlagList(load_policy("default").on(), doubts).sorted()) == 2


def test_hard_before_soft_before_info() -> None:
    doubts = (Doubt("A", "a", "info"), Doubt("B", "b", "soft"), Doubt("C", "c", "hard"))
    found = FlagList(load_policy("default").on(), doubts).sorted()
    assert [f.severity for f in found] == ["hard", "soft", "info"]


@pytest.mark.parametrize(
    ("keys", "severity"),
    [
        pytest.param(["relief_share"], "soft", id="documentation"),
        pytest.param(["relief_share", "bilateral_first"], "hard", id="a line hangs on it"),
    ],
)
def test_unknown_rules_make_one_flag(keys: list[str], severity: str) -> None:
    flags = FlagList(load_policy("uhc").on())
    for key in keys:
        flags.unknown(key)
    (flag,) = flags.sorted()
    assert (flag.code, flag.severity) == ("PAYER_RULE_UNKNOWN", severity)
    assert all(key in flag.message for key in keys)


def test_a_value_from_memory_is_said_once_relied_on() -> None:
    flags = FlagList(load_policy("medicare").on())
    flags.relied_on("kx")
    assert flags.sorted() == ()
    flags.relied_on("third_level_modifier")
    assert [(f.code, f.severity) for f in flags.sorted()] == [("PAYER_RULE_UNKNOWN", "info")]
