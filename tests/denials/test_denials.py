"""From remittances to patterns: what counts, what joins to what, and what was foreseen."""

import csv
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from sklearn.metrics import precision_score, recall_score

from facetcode.denials.era835 import read_835
from facetcode.denials.reasons import reason, remark
from facetcode.denials.remittance import Read
from facetcode.denials.settle import outcome_of, settle

from .conftest import claim, record, run, wrap, write_records

DENIED = ("64490:RT", 300, 0, ["CAS*CO*50*300", "LQ*HE*N115"])
PAID = ("64490:RT", 300, 200, ["CAS*CO*45*100"])
PAID_SECOND = ("64491:RT", 150, 100, ["CAS*CO*45*50"])


def figures(tmp_path: Path, *paths: Path, status: int = 0) -> dict[str, Any]:
    target = tmp_path / "out.json"
    result = run("denials", *paths, "--output", target)
    assert result.exit_code == status, result.stderr
    data: dict[str, Any] = json.loads(target.read_text())
    return data


def by(data: dict[str, Any], what: str) -> dict[str, tuple[int, float]]:
    return {row["name"]: (row["lines"], row["denied"]["value"]) for row in data["by"][what]}


def test_denials_are_counted_by_everything_asked_for(tmp_path: Path, two: Path) -> None:
    era = tmp_path / "may.835"
    era.write_text(wrap([*claim("n-1", DENIED, PAID_SECOND), *claim("n-2", PAID)]))
    data = figures(tmp_path, era, two)
    assert by(data, "code") == {"64490": (2, 0.5), "64491": (1, 0.0)}
    assert by(data, "modifier") == {"RT": (3, pytest.approx(1 / 3))}
    assert by(data, "levels") == {"2": (3, pytest.approx(1 / 3))}
    assert by(data, "payer") == {"ACME HEALTH": (3, pytest.approx(1 / 3))}
    assert by(data, "physician") == {"Dr. Hale": (3, pytest.approx(1 / 3))}
    assert by(data, "flag") == {"CONSERVATIVE_CARE_MISSING": (2, 0.5), "no flag": (1, 0.0)}
    assert by(data, "month") == {"2025-06": (3, pytest.approx(1 / 3))}
    (why,) = data["reasons"]
    assert (why["code"], why["label"]) == ("50", "not medically necessary")
    assert (why["lines"], why["claims"], why["money"]) == (1, 1, "300")
    assert (why["groups"], why["remarks"]) == ([["CO", 1]], [["N115", 1]])
    assert data["by"]["code"][0]["refused"] == "300"


@pytest.mark.parametrize(
    ("service", "status", "expected"),
    [
        pytest.param(DENIED, 1, "denied", id="refused"),
        pytest.param(PAID, 1, "paid", id="agreed-price"),
        pytest.param(
            ("64490", 300, 0, ["CAS*PR*1*200", "CAS*CO*45*100"]), 1, "paid", id="deductible"
        ),
        pytest.param(("64490", 300, 0, ["CAS*OA*23*300"]), 1, "paid", id="earlier-payer"),
        pytest.param(("64490", 300, 0, ["CAS*CO*987*300"]), 1, "denied", id="unknown-unpaid"),
        pytest.param(("64490", 300, 90, ["CAS*CO*987*210"]), 1, "paid", id="unknown-paid"),
        pytest.param(("64490", 300, 150, ["CAS*CO*151*150"]), 1, "reduced", id="in-part"),
        pytest.param(("64490", 300, 0, []), 4, "denied", id="status-alone"),
        pytest.param(("64490", 300, 0, ["CAS*PR*96*300"]), 1, "denied", id="not-covered-patient"),
        pytest.param(("64491", 100, 50, ["CAS*CO*59*50"]), 1, "paid", id="priced-together"),
    ],
)
def test_the_outcome_of_a_line(service: Any, status: int, expected: str) -> None:
    into = Read()
    read_835(wrap(claim("n-1", service, status=status)), "f", into)
    assert outcome_of(into.claims[0].lines[0], into.claims[0]) == expected


def test_a_claim_denied_as_a_whole_counts(tmp_path: Path, two: Path) -> None:
    era = tmp_path / "may.835"
    era.write_text(wrap(["CLP*n-1*4*450*0**MB*I", "CAS*CO*29*450"]))
    data = figures(tmp_path, era, two)
    assert by(data, "code") == {"whole claim": (1, 1.0)}
    assert (data["reasons"][0]["code"], data["reasons"][0]["money"]) == ("29", "450")


def test_the_claims_reason_explains_an_unpaid_line(tmp_path: Path, two: Path) -> None:
    era = tmp_path / "may.835"
    era.write_text(wrap(claim("n-1", ("64490", 300, 0, []), more=["CAS*CO*29*300"])))
    assert figures(tmp_path, era, two)["reasons"][0]["money"] == "300"


def settled(*bodies: tuple[list[str], str]) -> Any:
    into = Read()
    for number, (body, paid_on) in enumerate(bodies, start=1):
        read_835(wrap(body, number=number, paid_on=paid_on), "f", into)
    return settle(into.claims)


REVERSED = ("64490:RT", -300, 0, ["CAS*CO*50*-300"])


def test_a_reversal_takes_the_payers_mistake_back() -> None:
    found = settled(
        (claim("n-1", PAID, icn="B"), "20250720"),
        (claim("n-1", REVERSED, status=22, icn="A"), "20250720"),
        (claim("n-1", DENIED, icn="A"), "20250601"),
    )
    (first,) = found.claims
    assert first.payer_number == "B" and found.reversals == 1 and found.unmatched_reversals == 0


def test_a_reversal_of_what_is_not_here_is_counted() -> None:
    found = settled(
        (claim("n-1", REVERSED, status=22), "20250601"), (claim("n-1", PAID), "20250602")
    )
    assert (len(found.claims), found.unmatched_reversals) == (1, 1)


def test_a_claim_sent_again_and_paid_was_denied_first() -> None:
    found = settled((claim("n-1", DENIED), "20250601"), (claim("n-1", PAID), "20250801"))
    (first,) = found.claims
    assert outcome_of(first.lines[0], first) == "denied" and len(found.later_paid) == 1


def test_lines_decided_apart_on_one_day_are_one_claim() -> None:
    found = settled((claim("n-1", PAID), "20250601"), (claim("n-1", PAID_SECOND), "20250601"))
    assert [line.code for line in found.claims[0].lines] == ["64490", "64491"]


def test_further_payers_and_undecided_claims_are_left_out() -> None:
    found = settled(
        (claim("n-1", PAID), "20250601"),
        (claim("n-1", DENIED, status=2), "20250701"),
        (claim("n-2", PAID, status=25), "20250701"),
    )
    assert (len(found.claims), found.secondary, found.no_decision) == (1, 1, 1)


@pytest.mark.parametrize(
    ("number", "member", "served", "code", "counts"),
    [
        pytest.param("n-1", "", "20250601", "64490", (1, 0, 0, 0), id="number"),
        pytest.param("N-1", "", "20250601", "64490", (1, 0, 0, 0), id="number-in-capitals"),
        pytest.param("p-n-1", "", "20250601", "64490", (1, 0, 0, 0), id="number-is-the-patient"),
        pytest.param("ACC9", "p-n-1", "20250601", "64491", (1, 0, 0, 0), id="member-day-code"),
        pytest.param("ACC9", "p-n-1", "20250602", "64490", (0, 1, 0, 0), id="another-day"),
        pytest.param("ACC9", "p-n-1", "20250601", "64492", (0, 1, 0, 0), id="another-code"),
        pytest.param("ACC9", "shared", "20250601", "64490", (0, 0, 1, 0), id="two-records"),
        pytest.param("ACC9", "", "20250601", "99213", (0, 0, 0, 1), id="another-service"),
    ],
)
def test_what_joins_to_what(
    tmp_path: Path, number: str, member: str, served: str, code: str, counts: tuple[int, ...]
) -> None:
    shared = {"patient_id": "shared", "date_of_service": "2025-06-01"}
    records = write_records(
        tmp_path / "r.jsonl", record("n-1"), record("n-2", meta=shared), record("n-3", meta=shared)
    )
    era = tmp_path / "may.835"
    body = claim(number, (code, 300, 0, ["CAS*CO*50*300"]), served=served)
    era.write_text(wrap([s.replace("MI*M-77", f"MI*{member}") for s in body]))
    found = figures(tmp_path, era, records)["counts"]
    keys = ("joined_lines", "facet_claims_without_record", "ambiguous_claims", "other_claims")
    assert tuple(found[key] for key in keys) == counts


TABLE = """Patient Control Number;CPT;Modifier;Charge;Paid;CARC;RARC;Payer;Payment Date
n-1;64490;RT;$300.00;0;CO-50;N115;Acme;06/30/2025
n-1;64491;RT;"1,150.00";100.00;CO-45:50 PR-2:1000;;Acme;06/30/2025

n-2;64490-RT;;300;(0.00);97;M15;Acme;2025-07-01
"""


def test_a_table_is_read_as_an_835_is(tmp_path: Path, two: Path) -> None:
    path = tmp_path / "june.csv"
    path.write_text(TABLE)
    data = figures(tmp_path, path, two)
    assert by(data, "code") == {"64490": (2, 1.0), "64491": (1, 0.0)}
    assert by(data, "modifier")["RT"] == (3, pytest.approx(2 / 3))
    assert {r["code"]: r["money"] for r in data["reasons"]} == {"50": "300.00", "97": "300"}
    assert list(by(data, "month")) == ["2025-06", "2025-07"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("note_id,paid\nn-1,3\n", "needs a column code", id="no-code"),
        pytest.param("code,paid\n64490,3\n", "whose line it is", id="no-number"),
        pytest.param("note_id,code,paid\nn-1,64490,much\n", ":2: paid is no number", id="money"),
        pytest.param("note_id,code,carc\nn-1,64490,because\n", "reason code", id="reason"),
        pytest.param("note_id,code,paid,dos\nn-1,64490,1,june\n", "a day", id="day"),
        pytest.param("note_id,code,paid\n", "no rows", id="empty"),
    ],
)
def test_a_table_that_cannot_be_right_is_told(
    tmp_path: Path, two: Path, text: str, says: str
) -> None:
    good, bad = tmp_path / "a.835", tmp_path / "b.csv"
    good.write_text(wrap(claim("n-1", DENIED)))
    bad.write_text(text)
    result = run("denials", good, bad, two)
    assert result.exit_code == 1 and says in result.stderr
    assert "1 files" in result.stderr, "the good file still counts"


def test_the_same_file_twice_counts_once(tmp_path: Path, two: Path) -> None:
    folder = tmp_path / "remits"
    folder.mkdir()
    for name in ("a.835", "copy of a.835"):
        (folder / name).write_text(wrap(claim("n-1", DENIED)))
    assert figures(tmp_path, folder, two)["counts"]["joined_lines"] == 1


def test_the_warning_is_judged_as_scikit_learn_judges_it(tmp_path: Path) -> None:
    # Warned (hard flag or query) and denied, note by note.
    cases = [(1, 1)] * 4 + [(1, 0)] * 2 + [(0, 1)] * 3 + [(0, 0)] * 6
    records, body = [], []
    for number, (warned, denied) in enumerate(cases):
        flags = {"UNSIGNED": "hard"} if warned else {"FUNCTION_MISSING": "soft"}
        if warned and number % 2:
            records.append(record(f"n-{number}", status="query"))
        else:
            records.append(record(f"n-{number}", flags))
        body += claim(f"n-{number}", DENIED if denied else PAID, PAID_SECOND)
    era = tmp_path / "may.835"
    era.write_text(wrap(body))
    data = figures(tmp_path, era, write_records(tmp_path / "r.jsonl", *records))
    first = data["warnings"][0]
    warned, denied = zip(*cases, strict=True)
    assert first["name"] == "hard flag or query"
    assert first["precision"]["value"] == pytest.approx(precision_score(denied, warned))
    assert first["recall"]["value"] == pytest.approx(recall_score(denied, warned))
    assert first["false_alarms"]["value"] == pytest.approx(2 / 8)
    for name in ("precision", "recall"):
        assert first[name]["low"] < first[name]["value"] < first[name]["high"]
    rows = {row["name"]: row for row in data["warnings"]}
    assert (rows["UNSIGNED"]["both"], rows["UNSIGNED"]["warned_only"]) == (2, 1)
    assert rows["FUNCTION_MISSING"]["both"] == 3


def test_a_flag_on_the_reasons_own_subject_is_told_apart(tmp_path: Path) -> None:
    records = write_records(
        tmp_path / "r.jsonl",
        record("n-1", {"CONSERVATIVE_CARE_MISSING": "hard"}),
        record("n-2", {"BUNDLED_IMAGING": "hard"}),
        record("n-3"),
    )
    era = tmp_path / "may.835"
    era.write_text(wrap([s for n in (1, 2, 3) for s in claim(f"n-{n}", DENIED)]))
    (row,) = figures(tmp_path, era, records)["on_subject"]
    assert (row["claims"], row["flagged"]["value"]) == (3, pytest.approx(1 / 3))
    assert row["warned"]["value"] == pytest.approx(2 / 3)


def test_an_unknown_reason_is_shown_as_its_number() -> None:
    assert (reason("987").label, reason("987").kind, remark("N99999")) == ("", "unknown", "")
    assert reason("50").kind == "denial" and remark("N115")


def test_the_page_stands_alone_and_escapes(tmp_path: Path, two: Path) -> None:
    era, html = tmp_path / "may.835", tmp_path / "denials.html"
    era.write_text(wrap(claim("n-1", DENIED, PAID_SECOND), payer="<script>alert(1)</script>"))
    result = run("denials", era, two, "--html", html)
    assert result.exit_code == 0, result.stderr
    page = html.read_text()
    assert hashlib.sha256(era.read_bytes()).hexdigest() in page
    assert "&lt;script&gt;" in page and "<script" not in page
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert page.count("data:image/svg+xml") == 3 and "not medically necessary" in page
    run("denials", era, two, "--html", html)
    assert html.read_text() == page


def test_the_lines_are_a_table(tmp_path: Path, two: Path) -> None:
    era, lines = tmp_path / "may.835", tmp_path / "lines.csv"
    era.write_text(wrap(claim("n-1", DENIED)))
    assert run("denials", era, two, "--lines", lines).exit_code == 0
    with lines.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["note_id"], row["outcome"], row["reasons"]) == ("n-1", "denied", "CO-50")
    assert (row["refused"], row["remarks"]) == ("300", "N115")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        pytest.param("nowhere.835", "no such file or folder", id="missing"),
        pytest.param("empty", "holds no file", id="empty-folder"),
        pytest.param("bad.835", "no remittance could be read", id="none-readable"),
    ],
)
def test_wrong_use_is_told(tmp_path: Path, two: Path, name: str, says: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.835").write_text("hello")
    result = run("denials", tmp_path / name, two)
    assert result.exit_code == 2 and says in result.stderr
