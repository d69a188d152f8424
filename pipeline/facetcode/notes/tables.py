"""Parquet files and Excel workbooks: a note a row, columns by name."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from facetcode.errors import NoteFormatError
from facetcode.notes import columns
from facetcode.notes.columns import Row
from facetcode.notes.note import Note, Reject
from facetcode.notes.source import Source

_ROWS = 256
"""Rows of a Parquet file in memory at a time."""
_CELL = 32_767
"""Characters Excel keeps of a cell; it cuts the rest without a word."""
_MAX_WORKBOOK = 512 * 2**20


def parquet(source: Source, **options: Any) -> Iterator[Note | Reject]:
    """Notes of a Parquet file. Raises NoteFormatError when a needed column is not there."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError:
        yield _missing(source, "pyarrow")
        return
    with source.open() as file:
        try:
            table = pyarrow.parquet.ParquetFile(_seekable(file))
        except (pyarrow.ArrowInvalid, OSError):
            yield Reject(source.name, "", "it is no whole Parquet file", "export it again")
            return
        schema = table.schema_arrow
        found = columns.find(source.name, schema.names, **options)
        kind = schema.field(found.text).type
        kind = kind.value_type if pyarrow.types.is_dictionary(kind) else kind
        if not (pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind)):
            raise NoteFormatError(
                f"{source.name}: the column '{schema.names[found.text]}' is of type {kind} and "
                "holds no text; name another with --text-column"
            )
        yield from columns.notes(found, source.stem, _parquet_rows(source, table))


def _parquet_rows(source: Source, table: Any) -> Iterator[Row | Reject]:
    number = 0
    try:
        for batch in table.iter_batches(batch_size=_ROWS):
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                number += 1
                yield f"{source.name}:{number}", [_plain(value) for value in row]
    except (OSError, ValueError) as error:  # pyarrow's errors are kinds of these
        reason = f"it cannot be read on after row {number:,} ({type(error).__name__})"
        yield Reject(source.name, "", reason, "export it again")


def excel(source: Source, **options: Any) -> Iterator[Note | Reject]:
    """Notes of the sheets of a workbook that have a column of text; values, not formulas."""
    try:
        import openpyxl
    except ModuleNotFoundError:
        yield _missing(source, "openpyxl")
        return
    data = source.whole(_MAX_WORKBOOK)
    if data is None:
        yield Reject(source.name, "", "the workbook is too large", "export it as CSV or Parquet")
        return
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except Exception as error:
        reason = f"the workbook cannot be parsed ({type(error).__name__})"
        yield Reject(source.name, "", reason, "save it again as XLSX, or as CSV")
        return
    problem: NoteFormatError | None = None
    fitting = False
    for sheet in book.worksheets:
        name = f"{source.name}/{sheet.title}" if len(book.worksheets) > 1 else source.name
        rows = enumerate(sheet.iter_rows(values_only=True), start=1)
        heading = next((row for _, row in rows if any(_said(c) for c in row)), None)
        if heading is None:
            continue
        try:
            names = [str(c) if c is not None else "" for c in heading]
            found = columns.find(name, names, **options)
        except NoteFormatError as error:
            problem = problem or error
            continue
        fitting = True
        cells: Iterator[Row | Reject] = (
            (f"{name}:{number}", [_plain(value) for value in row])
            for number, row in rows
            if any(_said(c) for c in row)
        )
        for item in columns.notes(found, source.stem, cells):
            if isinstance(item, Note) and len(item.text) >= _CELL:
                yield Reject(
                    item.source, item.note_id,
                    f"its text fills the {_CELL:,} characters of a cell and was cut there",
                    "export it as CSV or Parquet",
                )  # fmt: skip
            else:
                yield item
    if problem is not None and not fitting:
        raise problem


def _said(value: object) -> bool:
    return value is not None and str(value).strip() != ""


def _plain(value: Any) -> Any:
    """Dates in ISO form, bytes as what they are: no text."""
    if isinstance(value, datetime):
        midnight = (value.hour, value.minute, value.second) == (0, 0, 0)
        return value.date().isoformat() if midnight else value.isoformat(" ", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    return None if isinstance(value, bytes | Mapping | list) else value


def _seekable(file: Any) -> Any:
    """Parquet is read from its end; what cannot seek is read whole, in memory."""
    return file if file.seekable() else io.BytesIO(file.read())


def _missing(source: Source, library: str) -> Reject:
    return Reject(source.name, "", f"reading it needs {library}", "pip install 'facetcode[batch]'")
