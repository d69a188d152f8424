"""From draw to signature, through what spreadsheet programs do to a worksheet."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from .conftest import agree, filled, ids, line, record, run

Rows = list[dict[str, str]]


@pytest.fixture
def sample(batch: Path, tmp_path: Path) -> Path:
    target = tmp_path / "sample.json"
    args = ("--size", 12, "--seed", 5, "--spares", 3, "-o", target)
    assert run("audit", "draw", batch, *args).exit_code == 0
    return target


@pytest.fixture
def sheet(batch: Path, sample: Path, tmp_path: Path) -> Path:
    target = tmp_path / "sheet.csv"
    assert run("audit", "sheet", sample, batch, "-o", target).exit_code == 0
    return target


def scored(tmp_path: Path, sample: Path, batch: Path, *sheets: Path, **options: Any) -> Any:
    target = tmp_path / "score.json"
    extra = [part for key, value in options.items() for part in (f"--{key}", value)]
    result = run("audit", "score", sample, batch, *sheets, "--output", target, *extra)
    assert result.exit_code == 0, result.stderr
    return json.loads(target.read_text())


def plant(rows: Rows) -> None:
    """One error of each class, a note each, in the first seven notes of the sample."""
    agree(rows)
    notes = ids(rows)
    by_lines = sorted(notes, key=lambda i: (line(rows, 2, i)["suggested_code"] == "", i))
    changes: list[dict[str, str]] = [
        {"code": "0213T"}, {"modifiers": "KX " + line(rows, 1, by_lines[1])["suggested_modifiers"]},
        {"units": "2"}, {"level": "T1-T2"}, {"side": "unset"}, {"missing": "DURATION_MISSING"},
    ]  # fmt: skip
    for note_id, cells in zip(by_lines, changes, strict=False):
        row = line(rows, 1, note_id)
        if cells.get("side"):
            cells = {"side": "left" if row["suggested_side"] == "right" else "right"}
        row.update(cells, verdict="differs")


def test_a_planted_error_of_each_class_is_found_and_named(
    tmp_path: Path, sample: Path, batch: Path, sheet: Path
) -> None:
    data = scored(tmp_path, sample, batch, filled(sheet, tmp_path / "f.csv", plant))
    (engine,) = data["parties"]
    assert engine["notes"] == 12
    for kind in ("code", "modifier", "units", "level", "side", "documentation"):
        assert round(engine["classes"][kind]["value"] * 12) == 1, kind
        assert engine["classes"][kind]["first_cause"] == 1, kind
    # The documentation's error is no error of the claim.
    assert engine["error_rate"]["value"] == pytest.approx(5 / 12)
    assert len(engine["found"]) == 6


def shuffled(rows: Rows) -> None:
    plant(rows)
    rows.sort(key=lambda row: (row["suggested_code"], row["line"]), reverse=True)


@pytest.mark.parametrize(
    ("style", "after"),
    [
        pytest.param({"delimiter": ";"}, None, id="semicolons"),
        pytest.param({"delimiter": "\t", "encoding": "utf-16"}, None, id="excel-unicode-text"),
        pytest.param({"quoting": csv.QUOTE_ALL, "lineterminator": "\n"}, None, id="all-quoted"),
        pytest.param({}, lambda t: t.replace("\r\n", "\r\n,,,\r\n\r\n"), id="blank-rows"),
        pytest.param({}, lambda t: "sep=,\r\n" + t, id="separator-hint"),
        pytest.param({}, lambda t: re.sub(r"\r\n", ",,\r\n", t), id="empty-columns"),
        pytest.param({}, lambda t: t.replace(",0213T,", ", 0213t ,"), id="case-and-margins"),
        pytest.param({}, lambda t: re.sub(r",agree,", ",Agree,", t), id="verdict-in-capitals"),
        pytest.param({}, lambda t: re.sub(r",(\d),(sample|spare)", r",\1.0,\2", t), id="floats"),
    ],
)
def test_what_a_spreadsheet_program_changes_changes_no_figure(
    tmp_path: Path,
    sample: Path,
    batch: Path,
    sheet: Path,
    style: dict[str, Any],
    after: Callable[[str], str] | None,
) -> None:
    expected = scored(tmp_path, sample, batch, filled(sheet, tmp_path / "f.csv", plant))
    other = filled(sheet, tmp_path / "g.csv", shuffled, **style)
    if after is not None:
        other.write_bytes(after(other.read_bytes().decode()).encode())
    assert scored(tmp_path, sample, batch, other) == expected


def test_a_workbook_reads_back_as_its_csv(
    tmp_path: Path, sample: Path, batch: Path, sheet: Path
) -> None:
    expected = scored(tmp_path, sample, batch, filled(sheet, tmp_path / "f.csv", plant))
    book_path = tmp_path / "sheet.xlsx"
    assert run("audit", "sheet", sample, batch, "-o", book_path).exit_code == 0
    with (tmp_path / "f.csv").open(newline="") as file:
        answers = list(csv.reader(file))
    book = openpyxl.load_workbook(book_path)
    page = book["audit"]
    assert [cell.value for cell in page[1]] == answers[0]
    for number, row in enumerate(answers[1:], start=2):
        for column, value in enumerate(row, start=1):
            # As a person types it: numbers become numbers.
            page.cell(number, column).value = int(value) if value.isdecimal() else value or None
    page.move_range(f"A2:Z{page.max_row}", rows=3)
    book.move_sheet("how to fill it", -1)
    book.save(book_path)
    assert scored(tmp_path, sample, batch, book_path) == expected


def test_a_blind_sheet_tells_nothing_and_scores_the_same(
    tmp_path: Path, sample: Path, batch: Path
) -> None:
    target = tmp_path / "blind.csv"
    assert run("audit", "sheet", sample, batch, "--blind", "-o", target).exit_code == 0
    said = target.read_text()
    assert "suggested" not in said and "6449" not in said and "UNSIGNED" not in said
    truth = {r["note_id"]: r for r in map(json.loads, (batch / "records.jsonl").open())}

    def code(rows: Rows) -> None:
        assert {sum(r["note_id"] == i for r in rows) for i in ids(rows)} == {3}
        for note_id in ids(rows):
            for number, right in enumerate(truth[note_id]["lines"], start=1):
                line(rows, number, note_id).update(
                    code=right["code"], modifiers=" ".join(right["modifiers"]),
                    level=right["joint"], side=right["side"],
                )  # fmt: skip
            line(rows, 1, note_id).update(verdict="done", missing="UNSIGNED")
        line(rows, 1, ids(rows)[0])["side"] = "left"
        line(rows, 1, ids(rows)[0])["modifiers"] = "LT"

    (engine,) = scored(tmp_path, sample, batch, filled(target, tmp_path / "f.csv", code))["parties"]
    first = truth[ids(list(csv.DictReader(target.open(encoding="utf-8-sig"))))[0]]
    wrong = first["lines"][0]["side"] != "left"
    assert round(engine["error_rate"]["value"] * 12) == wrong
    assert engine["classes"]["documentation"]["value"] == 0


def test_coders_are_scored_beside_the_program(
    tmp_path: Path, sample: Path, batch: Path, sheet: Path
) -> None:
    with sheet.open(encoding="utf-8-sig") as file:
        notes = ids(list(csv.DictReader(file)))
    truth = {r["note_id"]: r for r in map(json.loads, (batch / "records.jsonl").open())}
    coded = tmp_path / "final-codes.csv"
    with coded.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["note_id", "coder", "line", "code", "modifiers", "units"])
        for n, note_id in enumerate(notes):
            lines = truth[note_id]["lines"]
            # The second coder always leaves the last line out.
            for number, given in enumerate(lines[: len(lines) - n % 2], start=1):
                mods = " ".join(given["modifiers"])
                out.writerow([note_id, f"coder{n % 2}", number, given["code"], mods, 1])
            if n % 2 and len(lines) == 1:
                out.writerow([note_id, "coder1", 0, "", "", 0])
    filled(sheet, tmp_path / "f.csv", agree)
    parties = scored(tmp_path, sample, batch, tmp_path / "f.csv", coded=coded)["parties"]
    assert [(p["name"], p["notes"], p["error_rate"]["value"]) for p in parties] == [
        ("facetcode", 12, 0.0), ("coder0", 6, 0.0), ("coder1", 6, 1.0),
    ]  # fmt: skip
    assert parties[2]["directions"]["under"]["value"] == 1.0
    assert parties[2]["over_units"] == 0 and parties[2]["under_units"] >= 6


def test_a_spare_steps_in_by_the_order_of_the_draw(
    tmp_path: Path, sample: Path, batch: Path, sheet: Path
) -> None:
    drawn = json.loads(sample.read_text())

    def fill(rows: Rows) -> None:
        agree(rows)
        line(rows, 1, drawn["sample"][3]["note_id"])["verdict"] = "unusable"
        line(rows, 1, drawn["spares"][0]["note_id"])["verdict"] = "unusable"

    data = scored(tmp_path, sample, batch, filled(sheet, tmp_path / "f.csv", fill))
    spares = [d["note_id"] for d in drawn["spares"]]
    assert data["replaced"] == [
        {"note_id": drawn["sample"][3]["note_id"], "by": spares[0]},
        {"note_id": spares[0], "by": spares[1]},
    ]
    assert (data["reviewed"], data["open"], data["spares_without_need"]) == (12, [], 1)


SIGN = ("--drawn-by", "R. Amin", "--reviewed-by", "J. Okafor", "--signed-by", "M. <Lindt>")


def test_the_signed_page_stands_alone(
    tmp_path: Path, sample: Path, batch: Path, sheet: Path
) -> None:
    form = filled(sheet, tmp_path / "f.csv", plant)
    html = tmp_path / "audit.html"
    result = run("audit", "score", sample, batch, form, "--html", html, *SIGN, "--on", "2025-07-01")
    assert result.exit_code == 0, result.stderr
    page = html.read_text()
    assert "R. Amin" in page and "J. Okafor" in page and "M. &lt;Lindt&gt;, 2025-07-01" in page
    assert not re.search(r"https?://(?!www\.w3\.org)", page) and "<script" not in page
    assert "default-src 'none'" in page and "@media print" in page
    for path in (sample, batch / "records.jsonl", form):
        import hashlib

        assert hashlib.sha256(path.read_bytes()).hexdigest() in page
    for kind in ("code", "modifier", "units", "level", "side", "documentation"):
        assert f"<b>{kind}</b>:" in page
    run("audit", "score", sample, batch, form, "--html", html, *SIGN, "--on", "2025-07-01")
    assert html.read_text() == page


def test_an_audit_is_signed_only_when_it_is_complete(
    tmp_path: Path, sample: Path, batch: Path, sheet: Path
) -> None:
    def half(rows: Rows) -> None:
        agree(rows[: len(rows) // 3])

    form, html = filled(sheet, tmp_path / "f.csv", half), tmp_path / "audit.html"
    args = ("audit", "score", sample, batch, form, "--html", html)
    result = run(*args, *SIGN, "--on", "2025-07-01")
    assert result.exit_code == 2 and "signed when it is complete" in result.stderr
    assert not html.exists()
    result = run(*args)
    assert result.exit_code == 0 and "still to be reviewed" in result.stderr
    assert "Not complete" in html.read_text()


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        pytest.param({"verdict": "maybe"}, "is no verdict", id="verdict"),
        pytest.param({"verdict": "differs"}, "nothing says what is right", id="nothing-filled"),
        pytest.param({"verdict": "agree", "side": "left"}, "agree, and yet", id="agree-and-cell"),
        pytest.param({"side": "up"}, "right, left or bilateral", id="side"),
        pytest.param({"units": "two"}, "whole number", id="units"),
        pytest.param({"level": "L4-L5"}, "facet joints", id="level"),
        pytest.param({"modifiers": "RTX"}, "two characters", id="modifier"),
        pytest.param({"code": "644900"}, "five characters", id="code"),
        pytest.param({"missing": "HAIR_MISSING"}, "no documentation flag", id="flag"),
        pytest.param({"note_id": "n-99", "verdict": "agree"}, "not a note of the sample", id="id"),
    ],
)
def test_a_row_that_cannot_be_right_is_listed(
    tmp_path: Path, sample: Path, batch: Path, sheet: Path, cells: dict[str, str], says: str
) -> None:
    def fill(rows: Rows) -> None:
        agree(rows)
        line(rows, 1, ids(rows)[0]).update({"verdict": "", **cells})

    result = run("audit", "score", sample, batch, filled(sheet, tmp_path / "f.csv", fill))
    assert result.exit_code == 1 and says in result.stderr and "f.csv:2" in result.stderr


def test_other_records_are_refused(tmp_path: Path, sample: Path, sheet: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text(json.dumps(record("n-01")))
    result = run("audit", "score", sample, other, sheet)
    assert result.exit_code == 2 and "not the records the sample was drawn from" in result.stderr


def test_a_worksheet_with_work_in_it_is_not_written_over(
    sample: Path, batch: Path, sheet: Path
) -> None:
    result = run("audit", "sheet", sample, batch, "-o", sheet)
    assert result.exit_code == 2 and "a review may be in it" in result.stderr


def test_ids_survive_a_program_that_takes_zeros_away(tmp_path: Path) -> None:
    records, sample, sheet = (tmp_path / name for name in ("r.jsonl", "s.json", "w.csv"))
    records.write_text("".join(json.dumps(record(f"000{n}7")) + "\n" for n in range(1, 4)))
    run("audit", "draw", records, "--size", 3, "--seed", 1, "-o", sample)
    run("audit", "sheet", sample, records, "-o", sheet)

    def fill(rows: Rows) -> None:
        agree(rows)
        for row in rows:
            row["note_id"] = str(int(row["note_id"]))

    data = scored(tmp_path, sample, records, filled(sheet, tmp_path / "f.csv", fill))
    assert (data["reviewed"], data["open"]) == (3, [])


def test_an_id_that_looks_like_a_formula_is_an_id(tmp_path: Path) -> None:
    records, sample, sheet = (tmp_path / name for name in ("r.jsonl", "s.json", "w.csv"))
    records.write_text(json.dumps(record("=1+1")))
    run("audit", "draw", records, "--size", 1, "--seed", 1, "-o", sample)
    run("audit", "sheet", sample, records, "-o", sheet)
    assert "'=1+1" in sheet.read_text()
    data = scored(tmp_path, sample, records, filled(sheet, tmp_path / "f.csv", agree))
    assert data["reviewed"] == 1
