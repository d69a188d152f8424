import csv
import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from facetcode.errors import FacetcodeError
from facetcode.output import Format, format_for, records_to, replacing, unformula
from facetcode.record import Record, to_json
from facetcode.summary import COLUMNS, flat, line_code

MakeRecord = Callable[..., Record]


def written(target: Path, form: Format, *records: Record) -> Path:
    with records_to(target, form) as writer:
        for record in records:
            writer.write(record)
    return target


def test_json_lines_hold_the_whole_record(tmp_path: Path, make_record: MakeRecord) -> None:
    records = [make_record("n-1"), make_record("n-2", status="query")]
    lines = written(tmp_path / "out.jsonl", Format.JSONL, *records).read_text().splitlines()
    assert [json.loads(line) for line in lines] == [to_json(record) for record in records]


@pytest.mark.parametrize(
    "note_id", ["C4–C5", "\x1b[31m", "lone \ud800 surrogate", "\u202eoverride", "\x9b31m"]
)
def test_json_lines_are_ascii_and_lose_nothing(
    tmp_path: Path, make_record: MakeRecord, note_id: str
) -> None:
    data = written(tmp_path / "out.jsonl", Format.JSONL, make_record(note_id)).read_bytes()
    assert data.isascii() and b"\x1b" not in data
    assert json.loads(data)["note_id"] == note_id


def test_csv_is_one_row_a_record(tmp_path: Path, make_record: MakeRecord) -> None:
    target = written(tmp_path / "out.csv", Format.CSV, make_record("n-1"), make_record("n\n2"))
    with target.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["note_id"] for row in rows] == ["n-1", "n\n2"]
    assert tuple(rows[0]) == COLUMNS
    assert rows[0]["codes"] == "64490-RT"
    assert rows[0]["levels"] == "C4-C5 right"
    assert rows[0]["relief"] == "85% prior"
    assert rows[0]["soft_flags"] == "DIAGNOSIS_MISSING"
    assert rows[0]["confidence"] == ""


def test_csv_holds_no_words_of_the_note(tmp_path: Path, make_record: MakeRecord) -> None:
    data = written(tmp_path / "out.csv", Format.CSV, make_record()).read_text()
    assert "SECRETNAME" not in data and "85% relief" not in data


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-17", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＠x"]
)
def test_a_cell_cannot_start_a_formula(tmp_path: Path, make_record: MakeRecord, cell: str) -> None:
    assert unformula(cell) == f"'{cell}"
    target = written(tmp_path / "out.csv", Format.CSV, make_record(cell))
    with target.open(newline="", encoding="utf-8") as file:
        assert next(csv.DictReader(file))["note_id"] == f"'{cell}"


@pytest.mark.parametrize("cell", ["n-1", "64490-RT", "", "C4-C5 right; C5-C6 left"])
def test_an_ordinary_cell_is_left_alone(cell: str) -> None:
    assert unformula(cell) == cell


def test_units_are_said_where_more_than_one_is_billed(make_record: MakeRecord) -> None:
    line = make_record().lines[0]
    two = type(line)(line.code, (), 2, line.joint, line.side, ())
    assert line_code(two) == "64490 x2"


def test_every_column_has_a_value(make_record: MakeRecord) -> None:
    assert tuple(flat(make_record())) == COLUMNS


def test_parquet_holds_the_record_nested(tmp_path: Path, make_record: MakeRecord) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    # More than a batch, so that spilling is part of the test.
    records = [make_record(f"n-{i}", confidence=0.5 if i % 2 else None) for i in range(2001)]
    target = written(tmp_path / "out.parquet", Format.PARQUET, *records)
    rows = parquet.read_table(target).to_pylist()
    assert len(rows) == 2001
    whole = to_json(records[7])
    row = rows[7]
    for key in ("note_id", "status", "policy", "version", "confidence", "schema", "guidance"):
        assert row[key] == whole[key]
    assert row["levels"][0]["evidence"] == whole["levels"][0]["evidence"]
    assert row["lines"][0]["modifiers"] == ["RT"]
    assert row["lines"][0]["because"][0] == {"step": "the note names C4-C5", "rule": "named-level"}


def test_parquet_without_pyarrow_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with (
        pytest.raises(FacetcodeError, match=r"pip install 'facetcode\[parquet\]'"),
        records_to(tmp_path / "out.parquet", Format.PARQUET),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_parquet_needs_a_file() -> None:
    with (
        pytest.raises(FacetcodeError, match="--output"),
        records_to(None, Format.PARQUET),
    ):
        pass


def test_a_table_in_a_file_has_no_colours(tmp_path: Path, make_record: MakeRecord) -> None:
    text = written(tmp_path / "out.txt", Format.TABLE, make_record("[red]x\x1b[1m")).read_text()
    assert "\x1b" not in text
    assert "[red]x␛[1m" in text and "64490-RT" in text


@pytest.mark.parametrize("form", [f for f in Format if f is not Format.PARQUET])
def test_a_lone_surrogate_breaks_no_format(
    tmp_path: Path, make_record: MakeRecord, form: Format
) -> None:
    assert written(tmp_path / "out", form, make_record("a\ud800b")).stat().st_size


@pytest.mark.parametrize(
    ("name", "terminal", "form"),
    [
        pytest.param(None, True, Format.TABLE, id="terminal"),
        pytest.param(None, False, Format.JSONL, id="pipe"),
        pytest.param("x.csv", True, Format.CSV, id="csv"),
        pytest.param("x.PARQUET", False, Format.PARQUET, id="parquet"),
        pytest.param("x.jsonl", True, Format.JSONL, id="jsonl"),
        pytest.param("x", True, Format.JSONL, id="no-suffix"),
    ],
)
def test_format_follows_who_reads(name: str | None, terminal: bool, form: Format) -> None:
    assert format_for(Path(name) if name else None, terminal=terminal) is form


def test_a_failed_run_leaves_the_last_good_file(tmp_path: Path) -> None:
    target = tmp_path / "records.jsonl"
    target.write_text("last good")
    with pytest.raises(KeyboardInterrupt), replacing(target) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert target.read_text() == "last good"
    assert [path.name for path in tmp_path.iterdir()] == ["records.jsonl"]


def test_a_replaced_file_keeps_its_rights_and_a_link_its_place(tmp_path: Path) -> None:
    target = tmp_path / "records.jsonl"
    target.write_text("old")
    target.chmod(0o640)
    link = tmp_path / "latest.jsonl"
    link.symlink_to(target.name)
    with replacing(link) as file:
        file.write(b"new")
    assert link.is_symlink() and target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_what_is_no_regular_file_is_written_and_not_replaced() -> None:
    with replacing(Path(os.devnull)) as file:
        file.write(b"gone")
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize("name", [".", "missing/records.jsonl"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(FacetcodeError, match=str(tmp_path)), replacing(tmp_path / name):
        pass
