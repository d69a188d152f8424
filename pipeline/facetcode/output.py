"""Records out: JSON Lines, CSV, Parquet or a table, to standard output or to a file made whole."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, Protocol, TextIO

from facetcode.errors import FacetcodeError
from facetcode.record import Record, to_json
from facetcode.summary import COLUMNS, flat
from facetcode.terminal import visible


class Format(StrEnum):
    """The forms records can be written in."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    TABLE = "table"


class Writer(Protocol):
    """Takes records one at a time; ``finish`` writes what was held back."""

    def write(self, record: Record) -> None: ...

    def finish(self) -> None: ...


def format_for(target: Path | None, *, terminal: bool) -> Format:
    """The format when none is asked for: by the file's suffix, else by who reads."""
    if target is not None:
        by_suffix = {".csv": Format.CSV, ".parquet": Format.PARQUET}
        return by_suffix.get(target.suffix.lower(), Format.JSONL)
    return Format.TABLE if terminal else Format.JSONL


@contextmanager
def records_to(target: Path | None, form: Format) -> Iterator[Writer]:
    """A writer of records to a file, or to standard output when ``target`` is None.

    The file appears when the block ends well; an exception in the block leaves what was there
    before. Raises FacetcodeError when the place cannot be written or Parquet has no file.
    """
    if target is None:
        if form is Format.PARQUET:
            raise FacetcodeError("Parquet is binary: name a file for it with --output FILE")
        writer = _text_writer(form, sys.stdout)
        yield writer
        writer.finish()
        sys.stdout.flush()
        return
    with replacing(target) as file:
        if form is Format.PARQUET:
            from facetcode.parquet import ParquetRecords  # only now: pyarrow is optional

            records = ParquetRecords(file)
            yield records
            records.finish()
            return
        # A lone surrogate, which JSON input can hold, has no UTF-8 form.
        text = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="")
        writer = _text_writer(form, text)
        yield writer
        writer.finish()
        text.flush()
        text.detach()


@contextmanager
def replacing(target: Path) -> Iterator[IO[bytes]]:
    """Open a file that takes ``target``'s place when the block ends well, and else leaves no trace.

    Nobody reads half a file, and a failed run does not cost the last good one. What is not a
    regular file (a pipe, /dev/null) is written directly: it cannot be replaced.
    """
    target = target.resolve()  # replace what a link points to, not the link
    if target.is_dir():
        raise FacetcodeError(f"{target}: is a folder; name a file to write to")
    direct = target.exists() and not target.is_file()
    place = target if direct else target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        file = place.open("wb" if direct else "xb")
    except OSError as error:
        raise FacetcodeError(f"{target}: cannot be written: {error.strerror}") from error
    if direct:
        with file:
            yield file
        return
    try:
        with file:
            yield file
        if target.exists():
            shutil.copymode(target, place)
        os.replace(place, target)
    finally:
        place.unlink(missing_ok=True)


def _text_writer(form: Format, stream: TextIO) -> Writer:
    if form is Format.CSV:
        return _Csv(stream)
    if form is Format.TABLE:
        return _Table(stream)
    return _JsonLines(stream)


class _JsonLines:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, record: Record) -> None:
        # ASCII: valid in every locale, and no character of a note can drive a terminal.
        self._stream.write(json.dumps(to_json(record)) + "\n")
        self._stream.flush()  # who reads a pipe sees each record as it is made

    def finish(self) -> None:
        pass


class _Csv:
    def __init__(self, stream: TextIO) -> None:
        self._clean = visible if stream.isatty() else str
        self._rows = csv.writer(stream)  # RFC 4180, also its CRLF: that quotes a lone CR too
        self._rows.writerow(COLUMNS)

    def write(self, record: Record) -> None:
        row = flat(record)
        self._rows.writerow([self._cell(row[column]) for column in COLUMNS])

    def _cell(self, value: str | int | float | None) -> str | int | float | None:
        return unformula(self._clean(value)) if isinstance(value, str) else value

    def finish(self) -> None:
        pass


_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""First characters that make a spreadsheet run a cell: OWASP's list and their full-width forms."""


def unformula(cell: str) -> str:
    """A cell that no spreadsheet runs: what would start a formula gets an apostrophe before it."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


class _Table:
    """Held until the end: a table's columns are as wide as their widest cell."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._records: list[Record] = []

    def write(self, record: Record) -> None:
        self._records.append(record)

    def finish(self) -> None:
        from facetcode.show import console_on, print_table  # rich, only when it is used

        # Wide enough that no level is cut apart in a file or a log.
        print_table(self._records, console_on(self._stream, piped=140))
