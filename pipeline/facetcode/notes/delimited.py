"""CSV and TSV exports: a note a row, columns by name."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from facetcode.errors import NoteFormatError
from facetcode.notes import meta
from facetcode.notes.decode import Undecodable, encoding_of, has_misfit, misfit, utf8_or_windows
from facetcode.notes.note import Note, Reject

_SAMPLE = 262_144
_FIELD_LIMIT = min(sys.maxsize, 2**31 - 1)
"""csv refuses fields over 128 KB unless told; how long a note may be is judged later."""
_AS_UTF8 = "export it as UTF-8 text"
_QUOTE = "quote fields that hold the delimiter or a line break"
_ID_WORDS = 2
"""Words that an id may have in a column that was guessed; one that was asked for is believed."""


class _Reader(Protocol):
    """What csv.reader returns; type checkers know it under another name in each release."""

    @property
    def line_num(self) -> int: ...
    def __iter__(self) -> Iterator[list[str]]: ...
    def __next__(self) -> list[str]: ...


def read(
    path: Path, *, text_column: str | None = None, id_column: str | None = None
) -> Iterator[Note | Reject]:
    """Notes of a delimited file, one row in memory at a time.

    Raises NoteFormatError, before any note, when the heading cannot be parsed or a needed column
    is not there; rows that do not fit become rejects with the row's first line.
    """
    try:
        encoding = _encoding(path)
    except Undecodable as error:
        yield Reject(str(path), "", error.reason, _AS_UTF8)
        return
    csv.field_size_limit(_FIELD_LIMIT)
    # newline="": a line break inside a quoted note stays as it was written.
    # surrogateescape: bytes that do not decode cost their row and not the rest (see _note).
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
        try:
            sample = file.read(_SAMPLE)
            file.seek(0)
            if sample.startswith("\ufeff"):
                file.read(1)
            rows = csv.reader(file, delimiter=_delimiter(path, sample), strict=True)
            yield from _rows(path, rows, encoding, text_column, id_column)
        except UnicodeDecodeError:
            # UTF-16 and UTF-32: what follows a misfit cannot be told apart.
            reason = f"a part of it {misfit(encoding)}; rows not yet read are left out"
            yield Reject(str(path), "", reason, _AS_UTF8)


def _encoding(path: Path) -> str:
    """The encoding of all of the file: to change midway would change what was read."""
    with path.open("rb") as file:
        name, mark = encoding_of(file.read(_SAMPLE))
        if mark:
            # Python's codecs without a byte order take it from the mark, and leave the mark out.
            return name if name == "utf-8" else name[:6]
        file.seek(0)
        return utf8_or_windows(iter(lambda: file.read(1 << 20), b""))


def _delimiter(path: Path, sample: str) -> str:
    """The delimiter of the heading line: tab, comma, semicolon or bar, whichever it holds most."""
    unquoted = re.sub(r'"[^"]*"', "", sample.lstrip("\r\n"))
    heading = re.split(r"[\r\n]", unquoted, maxsplit=1)[0]
    counts = {mark: heading.count(mark) for mark in "\t,;|"}
    best = max(counts, key=lambda mark: counts[mark])
    if counts[best]:
        return best
    return "\t" if path.suffix.lower() == ".tsv" else ","


def _column(
    path: Path, names: Sequence[str], wanted: str | None, known: Sequence[str], what: str
) -> int | None:
    exact = [name.strip() for name in names]
    simple = [meta.plain(name) for name in names]
    if wanted is None:
        return next((simple.index(name) for name in known if name in simple), None)
    if wanted.strip() in exact:
        return exact.index(wanted.strip())
    # A name without a Latin letter or a digit has no plain form to compare.
    if meta.plain(wanted) and meta.plain(wanted) in simple:
        return simple.index(meta.plain(wanted))
    raise NoteFormatError(
        f"{path}: no column '{wanted}' for the {what}; columns present: {meta.shown(names)}"
    )


def _rows(
    path: Path,
    rows: _Reader,
    encoding: str,
    text_column: str | None,
    id_column: str | None,
) -> Iterator[Note | Reject]:
    names = _heading(path, rows)
    text_at = _column(path, names, text_column, meta.TEXT_NAMES, "note's text")
    if text_at is None:
        raise NoteFormatError(
            f"{path}: no column holds the note's text by its name; name it with --text-column, "
            f"or give the table a heading. Columns present: {meta.shown(names)}"
        )
    id_at = _column(path, names, id_column, meta.ID_NAMES, "note's id")
    if id_at == text_at:
        raise NoteFormatError(
            f"{path}: one column cannot be both text and id; name another with --id-column"
        )
    ids = _Ids(_ID_WORDS if id_column is None else sys.maxsize)
    broken_at = 0
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows, None)
        except csv.Error:
            broken_at = broken_at or line
            continue
        if broken_at:
            # What follows a misplaced quote may be the rest of that note's text. It is taken for
            # a row again when its length is right and its id is built like the ids before.
            if row is not None and not (len(row) == len(names) and ids.know(_cell(row, id_at))):
                continue
            yield _misquoted(path, broken_at, line - 1)
            broken_at = 0
        if row is None:
            return
        if not any(cell.strip() for cell in row):
            continue
        where = f"{path}:{line}"
        if len(row) != len(names):
            # Its cells may have moved: what stands under the id's name may be words of the note.
            yield Reject(where, "", f"{len(row)} fields under {len(names)} columns", _QUOTE)
        elif not ids.take(_cell(row, id_at)):
            remedy = f"{_QUOTE}, or name the right column with --id-column"
            yield Reject(where, "", "its id reads like the words of a note", remedy)
        else:
            given = _cell(row, id_at) or f"{path.stem}:{line}"
            yield _note(where, given, names, row, text_at, id_at, encoding)


def _heading(path: Path, rows: _Reader) -> list[str]:
    """The first row that is not blank."""
    try:
        names = next((row for row in rows if any(cell.strip() for cell in row)), None)
    except csv.Error:
        raise NoteFormatError(
            f"{path}: the heading cannot be parsed (a quote is misplaced); mend its quoting"
        ) from None
    if names is None:
        raise NoteFormatError(f"{path}: the file holds only blank lines; export it again")
    return names


def _cell(row: Sequence[str], at: int | None) -> str:
    return "" if at is None else row[at].strip()


class _Ids:
    """How the ids of a table are built, so that words of a note that moved do not pass for one."""

    def __init__(self, words: int) -> None:
        self._words = words
        self._shapes: set[str] = set()

    def take(self, given: str) -> bool:
        """Whether this can be an id; if so, those to come may be built like it."""
        if '"' in given or len(given.split()) > self._words:
            return False
        self._shapes.add(_shape(given))
        return True

    def know(self, given: str) -> bool:
        """Whether an id is built like one before."""
        return given != "" and _shape(given) in self._shapes


def _shape(given: str) -> str:
    """How an id is built: every number counts as any other, every long code (a UUID) as well."""
    return "code" if re.fullmatch(r"(?=\D*\d)\S{8,}", given) else re.sub(r"\d+", "0", given)


def _misquoted(path: Path, first: int, last: int) -> Reject:
    lost = f"line {first} is" if first >= last else f"lines {first}-{last} are"
    return Reject(
        f"{path}:{first}", "",
        f"the row cannot be parsed (a quote is misplaced); {lost} left out",
        "double the quotes inside quoted fields",
    )  # fmt: skip


def _note(
    where: str,
    note_id: str,
    names: Sequence[str],
    row: list[str],
    text_at: int,
    id_at: int | None,
    encoding: str,
) -> Note | Reject:
    if has_misfit(note_id):
        return Reject(where, "", f"a byte of its id {misfit(encoding)}", _AS_UTF8)
    if has_misfit(row[text_at]):
        return Reject(where, note_id, f"a byte of its text {misfit(encoding)}", _AS_UTF8)
    fields = {
        name: cell
        for i, (name, cell) in enumerate(zip(names, row, strict=True))
        if i not in {text_at, id_at}
    }
    return Note(note_id, row[text_at], meta.collect(fields), where)
