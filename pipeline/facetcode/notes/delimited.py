"""CSV and TSV exports: a note a row, columns by name."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from facetcode.errors import NoteFormatError
from facetcode.notes import meta
from facetcode.notes.decode import Undecodable, encoding_of
from facetcode.notes.note import Note, Reject

_SAMPLE = 262_144
_NAME_CHARS = 40
_FIELD_LIMIT = min(sys.maxsize, 2**31 - 1)
"""csv refuses fields over 128 KB unless told; how long a note may be is judged later."""


def read(
    path: Path, *, text_column: str | None = None, id_column: str | None = None
) -> Iterator[Note | Reject]:
    """Notes of a delimited file, one row in memory at a time.

    Raises NoteFormatError, before any note, when the file is empty or a needed column is not
    there; rows that do not fit become rejects with the row's first line.
    """
    try:
        encoding = _encoding(path)
    except Undecodable as error:
        yield Reject(str(path), "", error.reason, "export it as UTF-8 text")
        return
    csv.field_size_limit(_FIELD_LIMIT)
    # newline="": a line break inside a quoted note stays as it was written.
    with path.open(encoding=encoding, newline="") as file:
        sample = file.read(_SAMPLE)
        file.seek(0)
        if sample.startswith("\ufeff"):
            file.read(1)
        rows = csv.reader(file, delimiter=_delimiter(path, sample), strict=True)
        yield from _rows(path, rows, text_column, id_column)


def _encoding(path: Path) -> str:
    """UTF-8 if all of the file is: to change to cp1252 midway would change what was read."""
    with path.open("rb") as file:
        name, _ = encoding_of(file.read(_SAMPLE))
    if name != "utf-8":
        return {
            "utf-16-le": "utf-16",
            "utf-16-be": "utf-16",
            "utf-32-le": "utf-32",
            "utf-32-be": "utf-32",
        }.get(name, name)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            while file.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _delimiter(path: Path, sample: str) -> str:
    """The delimiter of the heading line: tab, comma, semicolon or bar, whichever it holds most."""
    heading = next(csv.reader(io.StringIO(sample), delimiter="\x00"), [""])
    line = heading[0] if heading else ""
    counts = {mark: line.count(mark) for mark in "\t,;|"}
    best = max(counts, key=lambda mark: counts[mark])
    if counts[best]:
        return best
    return "\t" if path.name.lower().split(".")[-1] == "tsv" else ","


def _column(
    path: Path, names: Sequence[str], wanted: str | None, known: Sequence[str], what: str
) -> int | None:
    present = _shown(names)
    if wanted is not None:
        for index, name in enumerate(names):
            if name.strip() == wanted or meta.plain(name) == meta.plain(wanted):
                return index
        raise NoteFormatError(
            f"{path}: no column '{wanted}' for the {what}; columns present: {present}"
        )
    simple = [meta.plain(name) for name in names]
    return next((simple.index(name) for name in known if name in simple), None)


def _shown(names: Sequence[str]) -> str:
    """Column names for a message; what is too long for a name may be a note, and is not shown."""
    return ", ".join(
        name if len(name) <= _NAME_CHARS else f"(no name: {len(name):,} characters)"
        for name in names
    )


def _rows(
    path: Path,
    rows: Iterator[list[str]],
    text_column: str | None,
    id_column: str | None,
) -> Iterator[Note | Reject]:
    names = next(rows, None)
    if not names:
        raise NoteFormatError(f"{path}: the file is empty; export it again")
    text_at = _column(path, names, text_column, meta.TEXT_NAMES, "note's text")
    if text_at is None:
        raise NoteFormatError(
            f"{path}: no column holds the note's text by its name; name it with --text-column. "
            f"Columns present: {_shown(names)}"
        )
    id_at = _column(path, names, id_column, meta.ID_NAMES, "note's id")
    reader = rows
    while True:
        first_line = getattr(reader, "line_num", 0) + 1
        where = f"{path}:{first_line}"
        try:
            row = next(reader, None)
        except csv.Error:
            yield Reject(
                where, "", "the row cannot be parsed (a quote is misplaced)", "mend the quoting"
            )
            continue
        except UnicodeDecodeError:
            yield Reject(where, "", "the rest of the file does not decode", "export it as UTF-8")
            return
        if row is None:
            return
        if not any(cell.strip() for cell in row):
            continue
        yield _note(path, where, first_line, names, row, text_at, id_at)


def _note(
    path: Path,
    where: str,
    line: int,
    names: Sequence[str],
    row: list[str],
    text_at: int,
    id_at: int | None,
) -> Note | Reject:
    given = row[id_at].strip() if id_at is not None and id_at < len(row) else ""
    note_id = given or f"{path.stem}:{line}"
    if len(row) > len(names):
        return Reject(
            where, note_id, f"{len(row)} fields under {len(names)} columns",
            "quote fields that hold the delimiter",
        )  # fmt: skip
    if text_at >= len(row):
        return Reject(where, note_id, "the row ends before the text column", "export the row again")
    fields = {
        name: cell
        for i, (name, cell) in enumerate(zip(names, row, strict=False))
        if i not in {text_at, id_at}
    }
    return Note(note_id, row[text_at], meta.collect(fields), where)
