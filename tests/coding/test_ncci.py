"""NCCI tables: the shipped extract, CMS's quarterly files, and one laid over the other."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from facetcode.coding import code, load_policy
from facetcode.coding.cms_files import load_add_ons, load_mue, load_ptp
from facetcode.coding.ncci import read_tables, shipped
from facetcode.errors import PolicyError
from facetcode.facts import Facts, Guidance, Level, Procedure, StatedCode

DAY = date(2025, 1, 1)
QUARTER = date(2026, 10, 1)

PAIRS = [
    ("64490", "77003", DAY, ("64490", 1)),
    ("64492", "76942", DAY, ("64492", 1)),
    ("64490", "20552", DAY, ("20552", 1)),
    ("64491", "20553", date(2016, 12, 31), ("64491", 1)),
    ("64490", "20560", DAY, ("64490", 0)),
    ("64490", "64633", DAY, ("64633", 1)),
    ("64491", "64625", DAY, ("64625", 0)),
    ("64490", "01992", DAY, ("64490", 0)),
    ("64490", "64493", DAY, None),
    ("64490", "62321", DAY, None),
    ("64490", "64479", DAY, None),
    ("64490", "64405", DAY, None),
    ("64490", "64450", DAY, None),
    ("64490", "99152", DAY, None),
    ("64490", "27096", DAY, None),
    ("64490", "99203", DAY, None),
]


@pytest.mark.parametrize(
    ("ours", "other", "day", "expected"),
    [pytest.param(*row, id=f"{row[0]} {row[1]} {row[2]}") for row in PAIRS],
)
def test_shipped_edits(ours: str, other: str, day: date, expected: tuple[str, int] | None) -> None:
    edit = shipped().between(ours, other, day)
    assert (edit and (edit.column1, edit.modifier)) == expected
    assert shipped().between(other, ours, day) == edit


def test_the_outpatient_table_may_differ() -> None:
    for setting, modifier in (("practitioner", 0), ("outpatient", 1)):
        edit = shipped().between("64490", "0216T", DAY, setting)  # type: ignore[arg-type]
        assert edit is not None
        assert edit.modifier == modifier


def test_an_edit_of_unknown_start_is_unverified_before_its_table() -> None:
    edit = shipped().between("64490", "77003")
    assert edit is not None
    assert edit.unverified(date(2020, 1, 1))
    assert not edit.unverified(date(2025, 1, 1))


@pytest.mark.parametrize("code_", ["64490", "64491", "64492", "64495", "0213T", "0215T"])
def test_unit_limits(code_: str) -> None:
    limit = shipped().max_units(code_, DAY)
    assert limit is not None
    assert (limit.units, limit.indicator) == (1, 2)


def test_a_code_without_limit_and_a_code_that_is_no_add_on() -> None:
    assert shipped().max_units("99999") is None
    assert shipped().primaries("64490") == ()
    assert shipped().primaries("64494") == ("64490", "64493")


PTP = (
    "CPT only copyright American Medical Association.\n"
    "Column1/Column2 Edits\n"
    "Column 1\tColumn 2\t*=in existence\tEffective\tDeletion\tModifier\tPTP Edit Rationale\n"
    "\t\tprior to 1996\tDate\tDate\t0=not allowed\n"
    "11000\t11001\t\t19960101\t*\t1\tSomething else\n"
    "64490\t99152\t\t20261001\t*\t0\tStandards\n"
    "20552\t64490\t\t20170101\t20260930\t1\tMisuse\n"
    "64490\t27096\t\t20110401\t20110401\t9\tDeleted\n"
)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_newer_quarter_over_the_shipped_tables(tmp_path: Path) -> None:
    edits = load_ptp(write(tmp_path / "ptp.txt", PTP), seen=QUARTER)
    assert [(e.column1, e.column2, e.modifier) for e in edits] == [
        ("64490", "99152", 0),
        ("20552", "64490", 1),
    ]
    tables = shipped().updated(edits=edits)
    assert tables.between("64490", "99152", date(2026, 10, 2)) is not None
    assert tables.between("64490", "99152", date(2026, 9, 30)) is None
    assert tables.between("64490", "20552", date(2026, 10, 2)) is None
    assert tables.between("64490", "77003", date(2026, 10, 2)) is not None

    facts = Facts(
        Procedure("medial_branch_block"),
        (Level("C4-C5", "right", "joints"),),
        guidance=Guidance("ct"),
        stated_codes=(StatedCode("20552"),),
    )
    policy, meta = load_policy("default").on(), {"date_of_service": "2026-10-02"}
    assert code(facts, policy, note_id="n", meta=meta).status == "query"
    assert code(facts, policy, note_id="n", meta=meta, ncci=tables).status == "coded"


def test_the_same_file_with_commas(tmp_path: Path) -> None:
    path = write(tmp_path / "ptp.csv", PTP.replace("\t", ","))
    assert len(load_ptp(path, seen=QUARTER)) == 2


def test_unit_limits_of_a_quarter(tmp_path: Path) -> None:
    text = (
        '"CPT copyright"\n"HCPCS/\nCPT Code","Practitioner Services MUE Values",'
        '"MUE Adjudication Indicator","MUE Rationale"\n'
        '"64490","1","2 Date of Service Edit: Policy","CMS Policy"\n"99213","1","3 x","y"\n'
        '"64491","2","2 Date of Service Edit: Policy","CMS Policy"\n'
    )
    limits = load_mue(write(tmp_path / "mue.csv", text), effective=QUARTER)
    assert [(x.code, x.units, x.indicator) for x in limits] == [("64490", 1, 2), ("64491", 2, 2)]
    tables = shipped().updated(limits=limits)
    for day, units in ((date(2026, 9, 30), 1), (QUARTER, 2)):
        limit = tables.max_units("64491", day)
        assert limit is not None
        assert limit.units == units


def test_add_ons_of_a_quarter(tmp_path: Path) -> None:
    text = (
        "Add-on Code\tAdd-on Type\tPrimary Code\tEffective Date\tDeletion Date\n"
        "64491\t1\t64490\t20100101\t\n64491\t1\t64999\t20100101\t20200101\n"
        "99999\t1\t64490\t20100101\t\n"
    )
    pairings = load_add_ons(write(tmp_path / "aoc.txt", text), effective=QUARTER)
    assert [(p.code, p.primaries) for p in pairings] == [("64491", ("64490",))]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("nothing here\n", "holds no PTP edits", id="no edits"),
        pytest.param(PTP + "64490\t99153\n", "txt:9: not a PTP edit", id="short row"),
        pytest.param(PTP + "64490\t99153\t\tsoon\t*\t1\t\n", "txt:9: 'soon'", id="bad date"),
        pytest.param(PTP + "64490\t99153\t\t20260101\t*\t7\t\n", "txt:9: the mod", id="modifier"),
    ],
)
def test_broken_ptp_files(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        load_ptp(write(tmp_path / "ptp.txt", text), seen=QUARTER)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("nothing\n", "holds no unit limits", id="none"),
        pytest.param("64490,one,2\n", "units must be a number", id="units"),
    ],
)
def test_broken_mue_files(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        load_mue(write(tmp_path / "mue.csv", text), effective=QUARTER)


def test_other_broken_files(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no header names an add-on code"):
        load_add_ons(write(tmp_path / "aoc.txt", "a\tb\n"), effective=QUARTER)
    with pytest.raises(PolicyError, match="cannot be read as a CMS table"):
        load_ptp(tmp_path / "absent.txt", seen=QUARTER)


def test_broken_yaml_tables(tmp_path: Path) -> None:
    text = "edits:\n  - {column1: ['64490'], column2: ['1'], modifier: 5, effective: unknown, "
    path = write(tmp_path / "t.yaml", text + "seen: 2026-01-01, source: s}\n")
    with pytest.raises(PolicyError, match=r"t\.yaml:2: 'modifier' is 5"):
        read_tables(path)
