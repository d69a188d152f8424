"""Tables as spreadsheet programs save them, and files that are none."""

import tempfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facetcode.errors import FacetcodeError
from facetcode.spreadsheets import plain, read_table


def cells(path: Path) -> list[dict[str, str]]:
    return [dict(row.cells) for row in read_table(path)]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"Note ID,Units\n007,50\n", id="plain"),
        pytest.param(b"\xef\xbb\xbfNote ID;Units\r\n007;50\r\n", id="bom-semicolons"),
        pytest.param("Note ID\tUnits\n007\t50.0\n".encode("utf-16"), id="utf-16-tabs"),
        pytest.param(b'sep=|\nNote ID|Units\n"007"|" 50 "\n', id="hint-and-margins"),
        pytest.param(b"\n,\nNote ID,Units,\n\n007,50,\n,,\n", id="blank-rows-and-column"),
        pytest.param("Note ID,Units\n007\u00a0,50\n".encode("cp1252"), id="windows"),
    ],
)
def test_the_same_table_in_every_dress(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(data)
    (row,) = cells(path)
    assert {k: v for k, v in row.items() if v} == {"note_id": "007", "units": "50"}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(b"", "the table is empty", id="empty"),
        pytest.param(b"a,a\n1,2\n", "two columns are named a", id="twice"),
        pytest.param(b"a,b\n1,2,3\n", ":2: more cells than the heading", id="ragged"),
        pytest.param(b'a,b\n"1" x,2\n', "a quote is misplaced", id="quote"),
        pytest.param(b"a,b\n1,2\n", "no column code; columns present: a, b", id="column"),
        pytest.param(b"PK\x03\x04junk", "cannot be parsed", id="no-workbook"),
        pytest.param(bytes(range(256)) * 40, "not text", id="binary"),
    ],
)
def test_what_is_no_table_is_told(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(data)
    with pytest.raises(FacetcodeError, match=says):
        read_table(path, needs=() if "column code" not in says else ("code",))


def test_a_workbooks_sheet_is_found_by_its_columns(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["help"])
    sheet = book.create_sheet("data")
    sheet.append([])
    sheet.append(["Note ID", "Code"])
    sheet.append([7, 64490.0])
    path = tmp_path / "t.csv"  # whatever it is called
    book.save(path)
    (row,) = read_table(path, needs=("code",))
    assert (row["note_id"], row["code"]) == ("7", "64490")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_an_error_of_ours(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(data)
        try:
            read_table(path)
        except FacetcodeError:
            pass


@pytest.mark.parametrize(
    ("name", "key"),
    [("Patient Control Number", "patient_control_number"), (" CARC/RARC ", "carc_rarc"), ("", "")],
)
def test_headings_become_keys(name: str, key: str) -> None:
    assert plain(name) == key
