"""Tables that people have had open in a spreadsheet program: CSV in whatever quoting, and XLSX.

Such programs change separator, quoting, encoding and line breaks, turn ``50`` into a number and
leave blank rows and columns behind. What is read here is the same table before and after.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from facetcode.errors import FacetcodeError
from facetcode.notes.decode import Undecodable, decode
from facetcode.output import unformula

_MOST_BYTES = 256 * 2**20
_MOST_ROWS = 1_000_000
_SEPARATORS = "\t,;|"


@dataclass(frozen=True, slots=True)
class Row:
    """One row that is not blank: where it stands, and its cells by the heading's names."""

    where: str
    cells: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.cells.get(name, "")


def read_table(path: Path, *, needs: Sequence[str] = ()) -> list[Row]:
    """The rows of a CSV, TSV or XLSX file under its heading.

    Names are lower case with ``_`` for what is no letter or digit; cells are text without margins,
    whole numbers without ``.0``, dates ISO. Of a workbook it is the first sheet that has the
    columns of ``needs``. Raises FacetcodeError where the file or a needed column cannot be read.
    """
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise FacetcodeError(f"{path}: larger than {_MOST_BYTES >> 20} MB; split the table")
        data = path.read_bytes()
    except OSError as error:
        raise FacetcodeError(f"{path}: cannot be read: {error.strerror}") from None
    # A workbook is a ZIP archive, whatever its name says.
    sheets = _workbook(path, data) if data.startswith(b"PK\x03\x04") else [_delimited(path, data)]
    heading: list[str] = []
    for rows in sheets:
        found = next(rows, None)
        if found is None:
            continue
        names = [plain(cell) for cell in found[1]]
        if not set(needs) <= set(names):
            heading = heading or names
            continue
        twice = {name for name in names if name and names.count(name) > 1}
        if twice:
            raise FacetcodeError(f"{path}: two columns are named {', '.join(sorted(twice))}")
        return list(_under(path, names, rows))
    if not heading:
        raise FacetcodeError(f"{path}: the table is empty")
    missing = ", ".join(name for name in needs if name not in heading)
    raise FacetcodeError(
        f"{path}: no column {missing}; columns present: {', '.join(filter(None, heading))[:300]}"
    )


def _under(
    path: Path, names: Sequence[str], rows: Iterator[tuple[int, list[str]]]
) -> Iterator[Row]:
    for number, cells in rows:
        where = f"{path}:{number}"
        if any(cells[len(names) :]):
            raise FacetcodeError(
                f"{where}: more cells than the heading has names; a cell with a separator in it "
                "has lost its quotes, save the table again"
            )
        yield Row(where, {name: cell for name, cell in zip(names, cells, strict=False) if name})


def plain(name: str) -> str:
    """A heading as a key: ``Patient Control Number`` becomes ``patient_control_number``."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _text(cell: str) -> str:
    """A cell as it was before a formula was guarded against and margins crept in."""
    cell = cell.replace("\u00a0", " ").strip()
    if cell.startswith("'") and unformula(cell[1:]) != cell[1:]:
        cell = cell[1:]
    return re.sub(r"^(-?\d+)\.0+$", r"\1", cell)


def _delimited(path: Path, data: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        text = decode(data)
    except Undecodable as error:
        raise FacetcodeError(f"{path}: {error.reason}; save the table as CSV UTF-8") from None
    lines = text.lstrip("\ufeff")
    first = next((line for line in lines.splitlines() if line.strip()), "")
    separator = ""
    if re.fullmatch(r"sep=.", first.strip()):  # Excel's own hint, one line above the heading
        separator = first.strip()[-1]
        lines = lines.split(first, 1)[1]
        first = next((line for line in lines.splitlines() if line.strip()), "")
    if not separator:
        unquoted = re.sub(r'"[^"]*"', "", first)
        separator = max(_SEPARATORS, key=unquoted.count)
    csv.field_size_limit(max(csv.field_size_limit(), _MOST_BYTES))
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=separator, strict=True)
    try:
        for row in reader:
            cells = [_text(cell) for cell in row]
            if any(cells):
                yield reader.line_num, cells
    except csv.Error:
        raise FacetcodeError(
            f"{path}:{reader.line_num}: a quote is misplaced; save the table again"
        ) from None


def _workbook(path: Path, data: bytes) -> Iterator[Iterator[tuple[int, list[str]]]]:
    try:
        import openpyxl
    except ModuleNotFoundError:
        raise FacetcodeError(
            f"{path}: reading a workbook needs openpyxl: pip install 'facetcode[audit]'"
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and validations that we do not read
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except Exception as error:  # openpyxl lets whatever its parsers raise through
        raise FacetcodeError(
            f"{path}: the workbook cannot be parsed ({type(error).__name__}); save it again as XLSX"
        ) from None
    for sheet in book.worksheets:
        yield _sheet(path, sheet)


def _sheet(path: Path, sheet: Any) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        if number > _MOST_ROWS:
            raise FacetcodeError(f"{path}: more than {_MOST_ROWS:,} rows; split the table")
        cells = [_value(value) for value in row]
        if any(cells):
            yield number, cells


def _value(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if not (value.hour or value.minute) else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return _text(str(value))
