"""Choice of policy from a note's metadata, and the mapping file a practice edits."""

from __future__ import annotations

from pathlib import Path

import pytest

from facetcode.coding import choose_policy, load_mapping, policy_for
from facetcode.errors import NoPolicyInForce, PolicyError

ROWS = [
    ({}, "default"),
    ({"payer": "Blue Something"}, "default"),
    ({"payer": "Medicare"}, "medicare"),
    ({"payer": "Medicare", "state": "FL"}, "medicare-first-coast"),
    ({"payer": "medicare part b", "state": "tx"}, "medicare-novitas"),
    ({"payer": "Medicare", "state": "OK"}, "medicare-novitas"),
    ({"payer": "Medicare", "state": "NY", "claim_type": "professional"}, "medicare-ngs"),
    ({"payer": "Medicare", "state": "NC", "claim_type": "asc_facility"}, "medicare-palmetto-asc"),
    ({"payer": "Medicare", "state": "OH", "claim_type": "hopd_facility"}, "medicare-cgs-hopd"),
    ({"payer": "Medicare", "state": "CA"}, "medicare-noridian"),
    ({"payer": "Medicare", "state": "AZ"}, "medicare-noridian-jf"),
    ({"payer": "Medicare", "contractor": "WPS"}, "medicare-wps"),
    ({"payer": "Medicare", "contractor": "First Coast"}, "medicare-first-coast"),
    ({"payer": "Medicare", "contractor": "Noridian JF"}, "medicare-noridian-jf"),
    ({"payer": "Medicare", "contractor": "Noridian Healthcare"}, "medicare-noridian"),
    ({"payer": "Medicare", "claim_type": "asc_facility"}, "medicare-asc"),
    ({"payer": "Medicare", "state": "XX"}, "medicare"),
    ({"payer": "Humana Medicare Advantage", "state": "GA"}, "medicare-palmetto"),
    ({"payer": "UHC Medicare Advantage", "state": "MI"}, "medicare-wps"),
    ({"payer": "Aetna PPO", "date_of_service": "2026-03-01"}, "aetna"),
    ({"payer": "Aetna PPO", "date_of_service": "2025-03-01"}, "default"),
    ({"payer": "Aetna PPO"}, "default"),
    ({"payer": "UnitedHealthcare", "date_of_service": "2026-09-10"}, "uhc"),
    ({"payer": "Anthem Blue Cross", "date_of_service": "2024-01-01"}, "anthem-carelon"),
]


@pytest.mark.parametrize(
    ("meta", "policy"),
    [pytest.param(*row, id=" ".join(row[0].values()) or "nothing") for row in ROWS],
)
def test_the_shipped_mapping(meta: dict[str, str], policy: str) -> None:
    assert choose_policy(meta, load_mapping()).policy == policy


def test_the_row_that_chose_is_named() -> None:
    mapping = load_mapping()
    assert choose_policy({"payer": "Medicare"}, mapping).why.endswith("payers.yaml:17")
    assert choose_policy({}, mapping).why == "no rule matches: 'otherwise'"


def test_the_policy_is_taken_on_the_date_of_service() -> None:
    mapping = load_mapping()
    meta = {"payer": "Medicare", "state": "WA", "date_of_service": "2025-01-01"}
    assert policy_for(meta, mapping).rules.coverage_document == "L38803"
    with pytest.raises(NoPolicyInForce):
        policy_for({**meta, "date_of_service": "2019-01-01"}, mapping)


def write(folder: Path, text: str) -> Path:
    path = folder / "map.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_practices_own_policy_file(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(
        "name: ours\ndescription: Ours.\ninherits: rt-lt-lines\n", encoding="utf-8"
    )
    path = write(
        tmp_path, "rules:\n  - {when: {payer: 'ours*'}, policy: ours.yaml}\notherwise: default\n"
    )
    mapping = load_mapping(path)
    assert policy_for({"payer": "Ours Gold"}, mapping).rules.bilateral_first == "rt_lt_lines"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        pytest.param("rules: []\n", 1, "has no 'otherwise'", id="no fallback"),
        pytest.param(
            "rules:\n  - {when: {payer: x}, policy: medicaid}\notherwise: default\n",
            2,
            "'medicaid' is neither a policy nor a file",
            id="no such policy",
        ),
        pytest.param(
            "rules:\n  - {when: {insurer: x}, policy: default}\notherwise: default\n",
            2,
            "'insurer' is not a key of 'when'",
            id="unknown key",
        ),
        pytest.param(
            "rules:\n  - {when: {payer: x}, from: soon, policy: default}\notherwise: default\n",
            2,
            "'from' is 'soon', not a date",
            id="bad date",
        ),
        pytest.param(
            "contractors: {FL: acme}\nrules:\n"
            "  - {when: {payer: x}, policy: 'medicare-{contractor}'}\notherwise: default\n",
            3,
            "'medicare-acme' is neither a policy nor a file",
            id="unknown contractor",
        ),
    ],
)
def test_mistakes_in_a_mapping(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load_mapping(write(tmp_path, text))
    assert f"map.yaml:{line}: " in str(caught.value)
    assert words in str(caught.value)
