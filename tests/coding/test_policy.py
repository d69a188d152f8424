"""Policy files: strict loading, inheritance, dates of service; one broken file a message."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from facetcode.coding import load_policy, policy_names, policy_table
from facetcode.coding.policy import POLICIES
from facetcode.coding.rules import FLAG_CODES, KEYS, UNKNOWN, CodeSet
from facetcode.errors import NoPolicyInForce, PolicyError

BAD = Path(__file__).with_name("bad_policies")

MISTAKES = [
    ("unknown-key", 5, "'bilateral_frist' is not a key of 'values'"),
    ("unknown-top-key", 4, "'rules' is not a key of a policy file"),
    ("duplicate-key", 7, "'bilateral_first' stands twice"),
    ("duplicate-entry-key", 6, "'value' stands twice"),
    ("bad-date", 6, "'effective' is '2024-02-30', not a date"),
    ("overlap", 7, "overlaps: one entry runs until 2020-06-30, the next begins 2020-01-01"),
    ("gap", 7, "has a gap: nothing holds between 2019-12-31 and 2020-02-01"),
    ("late-start", 6, "has a gap: it begins 2012-01-01, the policy 2010-01-01"),
    ("early-end", 6, "has a gap: it ends 2020-12-31, the policy has no end"),
    ("out-of-order", 7, "must run from the oldest to the newest"),
    ("ends-before-it-begins", 6, "ends 2009-01-01, before it begins 2010-01-01"),
    ("no-citation", 6, "has no 'cite'"),
    ("citation-without-section", 6, "the citation of 'bilateral_first' has no 'section'"),
    ("no-sure", 6, "has no 'sure'"),
    ("bad-sure", 6, "'sure' is 'certain'; it must be one of primary, data, secondary, memory"),
    ("unknown-base", 3, "inherits from 'defualt', which is neither beside it nor among"),
    ("loop-a", 3, "which inherits from it in turn"),
    ("wrong-word", 6, "must be one of mod50, units2, rt_lt_lines"),
    ("wrong-type", 6, "'max_levels' must be a whole number"),
    ("wrong-bool", 6, "'intent_needed' must be true or false"),
    ("bad-diagnosis", 6, "the range 'M47.812-M54.2', whose ends must differ in the last digit"),
    ("bad-code", 6, "'6449O', which is no CPT code"),
    ("unknown-flag", 5, "'LEVEL_MISING' is not a key of 'flags'"),
    ("bad-severity", 6, "is 'fatal'; it must be one of hard, soft, info, off"),
    ("incomplete", 1, "'values' has no entry for bilateral_addon, billing_document,"),
    ("never-in-force", 1, "has no 'effective' and inherits none"),
    ("not-a-list", 5, "'bilateral_first' must be a list"),
    ("broken-yaml", 5, "not valid YAML"),
    ("wrong-name", 1, "'name' is 'right-name', but the file is called 'wrong-name.yaml'"),
    ("no-description", 1, "has no 'description'"),
    ("unknown-document", 6, "'coverage_document' must be known"),
    ("empty", 1, "the file is empty"),
]


@pytest.mark.parametrize(
    ("name", "line", "words"), [pytest.param(*row, id=row[0]) for row in MISTAKES]
)
def test_each_mistake_names_file_line_and_cause(name: str, line: int, words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load_policy(BAD / f"{name}.yaml")
    message = str(caught.value)
    found = re.search(r"[\w-]+\.yaml:(\d+): ", message)
    assert found is not None, message
    assert int(found[1]) == line, message
    assert words in message


def test_every_bad_file_is_tried() -> None:
    assert {p.stem for p in BAD.glob("*.yaml")} == {row[0] for row in MISTAKES} | {"loop-b"}


def test_a_name_that_is_no_policy_lists_the_policies() -> None:
    with pytest.raises(PolicyError, match="no policy 'medicaid' and no such file; policies: aetna"):
        load_policy("medicaid")


def test_undecodable_file(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes("name: café".encode("latin-1"))
    with pytest.raises(PolicyError, match="cannot be read as UTF-8 text"):
        load_policy(path)


@pytest.mark.parametrize("name", policy_names())
def test_shipped_policy_answers_on_each_of_its_days_of_change(name: str) -> None:
    policy = load_policy(name)
    for day in (*policy.changes, policy.changes[-1] + timedelta(days=1)):
        in_force = policy.on(day)
        assert set(in_force.entries) == set(KEYS) | FLAG_CODES
        assert in_force.label.startswith(f"{name}@")
        assert date.fromisoformat(in_force.label.partition("@")[2]) <= day
    with pytest.raises(NoPolicyInForce, match=f"it covers {policy.effective} onwards"):
        policy.on(policy.effective - timedelta(days=1))


@pytest.mark.parametrize("path", sorted(POLICIES.glob("*.yaml")), ids=lambda p: p.stem)
def test_unknown_values_are_never_cited_as_primary(path: Path) -> None:
    if path.stem.startswith("_"):
        return
    policy = load_policy(path.stem)
    for key, entries in policy.values.items():
        for entry in entries:
            assert entry.value is not UNKNOWN or entry.sure in {"memory", "secondary"}, key


CONTRACTORS = ("first-coast", "novitas", "ngs", "palmetto", "cgs", "wps", "noridian")


@pytest.mark.parametrize("contractor", CONTRACTORS)
@pytest.mark.parametrize("claim", ["", "-asc", "-hopd"])
def test_each_contractor_has_each_claim_type(contractor: str, claim: str) -> None:
    rules = load_policy(f"medicare-{contractor}{claim}").on().rules
    assert rules.coverage_document.startswith("L3")
    expected = {"": "professional", "-asc": "asc_facility", "-hopd": "hopd_facility"}
    assert rules.claim_type == expected[claim]
    assert rules.bilateral_addon == ("rt_lt_lines" if claim == "-asc" else "mod50")


DATED = [
    ("medicare", "2021-04-25", "third_level", "appeal_only"),
    ("medicare", "2024-07-06", "third_level", "appeal_only"),
    ("medicare", "2024-07-07", "third_level", UNKNOWN),
    ("medicare", "2024-08-05", "third_level", "noncovered"),
    ("medicare-palmetto", "2024-07-06", "third_level", "appeal_only"),
    ("medicare-palmetto", "2024-07-07", "third_level", "noncovered"),
    ("medicare-wps", "2024-07-13", "third_level", "appeal_only"),
    ("medicare-wps", "2024-07-14", "third_level", "noncovered"),
    ("medicare-novitas", "2024-08-10", "third_level", "appeal_only"),
    ("medicare-novitas", "2024-08-11", "third_level", "noncovered"),
    ("medicare-hopd", "2023-06-30", "prior_auth_codes", None),
    ("medicare-hopd", "2023-07-01", "prior_auth_codes", ("64490", "64491", "64492")),
    ("medicare-hopd", "2024-08-04", "prior_auth_codes", ("64490", "64491", "64492")),
    ("medicare-hopd", "2024-08-05", "prior_auth_codes", ("64490", "64491")),
    ("medicare-asc", "2025-01-01", "prior_auth_codes", None),
    ("medicare-noridian-jf", "2026-04-15", "coverage_document", "L38803"),
    ("medicare-noridian-jf", "2026-04-16", "coverage_document", "L38801"),
    ("medicare-noridian-jf", "2026-04-15", "billing_document", "A58405"),
    ("medicare-noridian", "2023-01-01", "coverage_document", "L38801"),
    ("medicare-ngs", "2026-05-20", "diagnoses_covered", UNKNOWN),
    ("medicare-first-coast", "2022-01-01", "sedation", "reason_needed"),
    ("default", "2024-06-30", "t12_l1", UNKNOWN),
    ("default", "2024-07-01", "t12_l1", "cervical_thoracic"),
]


@pytest.mark.parametrize(
    ("name", "day", "key", "value"),
    [pytest.param(*row, id=f"{row[0]} {row[2]} {row[1]}") for row in DATED],
)
def test_dated_values(name: str, day: str, key: str, value: object) -> None:
    assert getattr(load_policy(name).on(date.fromisoformat(day)).rules, key) == value


def test_label_is_the_newest_value_in_force() -> None:
    assert load_policy("medicare").on().label == "medicare@2026-05-21"
    assert load_policy("medicare-noridian").on(date(2026, 6, 1)).label == (
        "medicare-noridian@2026-05-21"
    )
    assert load_policy("medicare").on(date(2022, 1, 1)).label == "medicare@2021-04-25"


def test_a_day_is_resolved_once() -> None:
    policy = load_policy("medicare")
    assert policy.on(date(2025, 1, 1)) is policy.on(date(2025, 1, 1))
    assert load_policy("medicare") is policy


def test_a_practices_file_inherits_from_a_shipped_policy(tmp_path: Path) -> None:
    path = tmp_path / "our-aetna.yaml"
    path.write_text(
        "name: our-aetna\ndescription: Our contract.\ninherits: aetna\n"
        "effective: 2026-03-01\nuntil: 2026-12-31\nvalues:\n  bilateral_first:\n"
        "    - {effective: 2026-03-01, value: rt_lt_lines, sure: primary, cite: {document: "
        "Contract, version: '2026', section: '4', read: 2026-03-01}}\n",
        encoding="utf-8",
    )
    policy = load_policy(path)
    assert policy.on().rules.bilateral_first == "rt_lt_lines"
    assert policy.on().rules.bilateral_addon is UNKNOWN
    with pytest.raises(NoPolicyInForce, match="covers 2026-03-01 to 2026-12-31"):
        policy.on(date(2027, 1, 1))


@pytest.mark.parametrize(
    ("code", "on_list"),
    [
        pytest.param("M47.812", True, id="first of a range"),
        pytest.param("M47.815", True, id="last of a range"),
        pytest.param("M47.811", False, id="before a range"),
        pytest.param("M47.22", True, id="x ending"),
        pytest.param("M47.2", True, id="x ending itself"),
        pytest.param("M54.2", True, id="single"),
        pytest.param("M54.21", False, id="longer than single"),
    ],
)
def test_diagnosis_lists(code: str, on_list: bool) -> None:
    listed = KEYS["diagnoses_covered"].read(["M47.812-M47.815", "M47.2x", "M54.2"])
    assert isinstance(listed, CodeSet)
    assert (code in listed) is on_list


def test_the_table_shows_every_value_with_its_citation() -> None:
    table = list(policy_table(load_policy("medicare-novitas-hopd").on()))
    assert len(table) == len(KEYS) + len(FLAG_CODES)
    rows = {row.key: row for row in table}
    assert rows["third_level"].value == "noncovered"
    assert rows["third_level"].cite.document == "LCD L34892"
    assert "medicare-novitas.yaml:" in rows["third_level"].where
    assert "_hospital-outpatient.yaml:" in rows["claim_type"].where
    assert rows["diagnoses_covered"].value == "unknown"
    assert rows["prior_auth_codes"].value == "64490, 64491"
    assert (rows["DURATION_MISSING"].value, rows["DURATION_MISSING"].about) == ("hard", "L34892")
