"""A patient's notes judged together: cases as rows, and an order that must not matter."""

import json
import random
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from facetcode.cli import app
from facetcode.coding import load_policy
from facetcode.facts import Evidence, Facts, Guidance, Level, Procedure, Relief
from facetcode.record import Record, to_json
from facetcode.series import Visit, code_series

CASES = yaml.safe_load(Path(__file__).with_name("series_cases.yaml").read_text())
SPOT = (Evidence(0, 4, "here"),)
_WHAT: dict[str, tuple[str | None, str, int | None]] = {
    "d1": ("medial_branch_block", "diagnostic", 1),
    "d2": ("medial_branch_block", "diagnostic", 2),
    "d": ("medial_branch_block", "diagnostic", None),
    "t": ("intraarticular", "therapeutic", None),
    "u": ("medial_branch_block", "unstated", None),
    "rfa": ("radiofrequency_ablation", "unstated", None),
    "epidural": ("epidural", "unstated", None),
    "call": (None, "unstated", None),
}


def visit(note_id: str, row: str, patient: str = "p-1", text: str | None = None) -> Visit:
    day, what, where, more = (part.strip() for part in row.split("|"))
    kind, intent, ordinal = _WHAT[what]
    *joints, side = where.split() or [""]
    relief: tuple[Relief, ...] = ()
    if told := re.search(r"(\d+) (today|prior)", more):
        relief = (Relief(float(told[1]), float(told[1]), told[2], SPOT),)  # type: ignore[arg-type]
    claims = {"asc": "asc_facility", "professional": "professional"}
    meta = {"claim_type": claims[more]} if more in claims else {}
    facts = Facts(
        Procedure(kind, intent, ordinal, SPOT),  # type: ignore[arg-type]
        levels=tuple(Level(joint, side, "nerves", SPOT) for joint in joints),  # type: ignore[arg-type]
        guidance=Guidance("fluoroscopy", SPOT),
        relief=relief,
    )
    known = None if day == "nodate" else date.fromisoformat(day)
    if known:
        meta["date_of_service"] = day
    return Visit(note_id, facts, meta, known, "export" if known else None, patient, text)


def coded(visits: list[Visit]) -> dict[str, Record]:
    policy = load_policy("medicare")

    def rules(of: Visit) -> Any:
        return policy.on(of.day)

    return {record.note_id: record for record in code_series(visits, rules)}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_last_note_is_judged_on_the_others(case: dict[str, Any]) -> None:
    visits = [visit(note_id, row) for note_id, row in case["notes"].items()]
    judged, last = case["judged"], visits[-1].note_id
    record = coded(visits)[last]
    raised = {flag.code: flag for flag in record.flags}
    assert set(judged.get("flags", ())) <= set(raised)
    assert not set(judged.get("without", ())) & set(raised)
    series = record.series
    assert series is not None
    if "ordinal" in judged:
        assert series["ordinal"]["judged"] == judged["ordinal"]
    if "days" in judged:
        assert series["earlier"][-1]["days"] == judged["days"]
    if "says" in judged:
        assert re.search(judged["says"], " ".join(series["says"]))
    if "cites" in judged:
        flags = [raised[code] for code in judged["flags"]]
        cited = {e.note_id for flag in flags for e in flag.evidence}
        assert set(judged["cites"]) <= cited
    # The record's own facts stay what its own note says.
    assert record.facts == visits[-1].facts


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
@given(seed=st.integers(0, 1000))
def test_the_order_of_the_notes_does_not_matter(case: dict[str, Any], seed: int) -> None:
    visits = [visit(note_id, row) for note_id, row in case["notes"].items()]
    visits.append(visit("stranger", "2025-03-10 | d1 | C4-C5 right |", patient="p-2"))
    mixed = random.Random(seed).sample(visits, len(visits))
    before, after = coded(visits), coded(mixed)
    for note_id, record in before.items():
        assert to_json(record) == to_json(after[note_id])


def test_notes_of_nobody_are_judged_alone() -> None:
    rows = ("2025-03-03 | d1 | C4-C5 right |", "2025-03-05 | d2 | C4-C5 right |")
    records = coded([visit(f"n-{i}", row, patient="") for i, row in enumerate(rows)])
    assert records["n-1"].series is not None
    assert records["n-1"].series["notes"] == []
    assert "judged alone" in records["n-1"].series["says"][0]
    assert "INTERVAL_TOO_SHORT" not in {flag.code for flag in records["n-1"].flags}


BODY = " ".join(f"the {a} was {b} at the {c}" for a, b, c in [
    ("neck", "prepared", "bedside"), ("lady", "talking", "window"), ("driver", "late", "door"),
    ("needle", "straight", "pillar"), ("clock", "slow", "wall"), ("nurse", "new", "desk"),
    ("phone", "loud", "hall"), ("tape", "torn", "edge"), ("light", "dim", "corner"),
])  # fmt: skip
OWN = " ".join(f"only {word} here" for word in "ash birch cedar elm fir holly ivy larch".split())


@pytest.mark.parametrize(
    ("earlier", "others", "raised"),
    [
        (BODY, OWN, True),  # the visit before says it word for word
        (OWN, OWN, False),  # nothing in common
        (BODY, BODY, False),  # the practice's template: another patient's note holds it too
    ],
)
def test_text_copied_between_visits(earlier: str, others: str, raised: bool) -> None:
    visits = [
        visit("first", "2025-03-03 | d1 | C4-C5 right | 90 today", text=earlier),
        visit("second", "2025-03-24 | d2 | C4-C5 right |", text=BODY),
        visit("other-1", "2025-03-03 | d1 | C4-C5 right |", patient="p-2", text=others),
        visit("other-2", "2025-03-24 | d2 | C4-C5 right |", patient="p-2", text=OWN),
    ]
    flags = {flag.code: flag for flag in coded(visits)["second"].flags}
    assert ("CLONED_NOTE" in flags) is raised
    if raised:
        assert {e.note_id for e in flags["CLONED_NOTE"].evidence} == {None, "first"}


@pytest.mark.parametrize(
    ("first", "second", "state"),
    [
        ("90 today", "85 today", "met"),
        ("90 today", "50 today", "not_met"),
        ("90 today", "", "not_knowable"),
    ],
)
def test_readiness_for_ablation(first: str, second: str, state: str) -> None:
    visits = [
        visit("first", f"2025-03-03 | d1 | C4-C5 right | {first}"),
        visit("second", f"2025-03-24 | d2 | C4-C5 right | {second}"),
    ]
    series = coded(visits)["second"].series
    assert series is not None
    assert [(r["joint"], r["side"], r["state"]) for r in series["ablation"]] == [
        ("C4-C5", "right", state)
    ]


NOTES = {
    "first": (
        "2025-03-03",
        "PROCEDURE: first diagnostic right C4, C5 and C6 medial branch block, fluoroscopy. Needles "
        "were placed and 0.5 mL bupivacaine injected at each nerve.",
    ),
    "call": ("2025-03-04", "Phone call. She reports 60% relief of her neck pain after the block."),
    "second": (
        "2025-03-12",
        "PROCEDURE: second diagnostic right C4, C5, C6 medial branch block, fluoroscopy. Needles "
        "were placed and 0.5 mL bupivacaine injected at each nerve.",
    ),
}


def run(*arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["code", "--history", "--policy", "medicare", *arguments])
    assert done.exit_code == 0, done.stderr
    made = [json.loads(line) for line in done.stdout.splitlines()]
    return {record["note_id"]: record for record in made}


def judge(records: dict[str, Any], *, relief: bool = True) -> None:
    flags = {flag["code"]: flag for flag in records["second"]["flags"]}
    assert "INTERVAL_TOO_SHORT" in flags
    assert {e.get("note_id") for e in flags["INTERVAL_TOO_SHORT"]["evidence"]} == {"first"}
    if relief:
        flag = flags["PRIOR_RELIEF_INSUFFICIENT"]
        (spot,) = flag["evidence"]
        assert spot["note_id"] == "call"
        assert NOTES["call"][1][spot["start"] : spot["end"]] == spot["text"] == "60%"


def test_the_command_reads_a_patients_notes(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    rows = [
        {"note_id": name, "patient_id": "p-7", "date_of_service": day, "text": text}
        for name, (day, text) in reversed(NOTES.items())
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    records = run(str(path))
    assert list(records) == ["second", "call", "first"], "records keep the order of the notes"
    judge(records)
    # A stored record is judged again from its facts alone.
    stored = tmp_path / "records.jsonl"
    stored.write_text("".join(json.dumps(record) + "\n" for record in records.values()))
    judge(run("--facts", str(stored)))


def test_a_folder_can_stand_for_a_patient(tmp_path: Path) -> None:
    for name, (day, text) in NOTES.items():
        (tmp_path / "p-7").mkdir(exist_ok=True)
        (tmp_path / "p-7" / f"{name}.txt").write_text(f"Date of service: {day}\n{text}\n")
    records = run("--patient-folders", str(tmp_path))
    by_name = {note_id.rsplit("/", 1)[-1].removesuffix(".txt"): r for note_id, r in records.items()}
    assert by_name["second"]["series"]["ordinal"] == {"stated": 2, "judged": 2}
    assert by_name["second"]["series"]["date_from"] == "note"
    assert len(by_name["second"]["series"]["notes"]) == 2


def test_without_patients_it_says_so(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text(NOTES["first"][1])
    done = CliRunner().invoke(app, ["code", "--history", str(path)])
    assert "1 of 1 notes name no patient" in done.stderr
    assert "1 of 1 notes have no date" in done.stderr
