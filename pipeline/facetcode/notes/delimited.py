"""CSV and TSV exports: a note a row, columns by name."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol

from facetcode.errors import NoteFormatError
from facetcode.notes import columns
from facetcode.notes.columns import Columns, Row
from facetcode.notes.decode import Undecodable, encoding_of, has_misfit, misfit, utf8_or_windows
from facetcode.notes.note import Note, Reject
from facetcode.notes.source import Source

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


def read(source: Source, **options: Any) -> Iterator[Note | Reject]:
    """Notes of a delimited file, one row in memory at a time; ``options`` are ``columns.find``'s.

    Raises NoteFormatError, before any note, when the heading cannot be parsed or a needed column
    is not there; rows that do not fit become rejects with the row's first line.
    """
    try:
        encoding = _encoding(source)
    except Undecodable as error:
        yield Reject(source.name, "", error.reason, _AS_UTF8)
        return
    csv.field_size_limit(_FIELD_LIMIT)
    sample = source.head(_SAMPLE).decode(encoding, "ignore").removeprefix("\ufeff")
    # newline="": a line break inside a quoted note stays as it was written.
    # surrogateescape: bytes that do not decode cost their row and not the rest (see _row).
    with (
        source.open() as raw,
        io.TextIOWrapper(raw, encoding=encoding, errors="surrogateescape", newline="") as file,
    ):
        try:
            rows = csv.reader(_unmarked(file), delimiter=_delimiter(source, sample), strict=True)
            yield from _rows(source, rows, encoding, options)
        except UnicodeDecodeError:
            # UTF-16 and UTF-32: what follows a misfit cannot be told apart.
            reason = f"a part of it {misfit(encoding)}; rows not yet read are left out"
            yield Reject(source.name, "", reason, _AS_UTF8)


def _unmarked(lines: Iterator[str]) -> Iterator[str]:
    """The lines of a file without its byte-order mark."""
    first = next(lines, None)
    if first is not None:
        yield first.removeprefix("\ufeff")
        yield from lines


def _encoding(source: Source) -> str:
    """The encoding of all of the file: to change midway would change what was read."""
    with source.open() as file:
        head = file.read(_SAMPLE)
        name, mark = encoding_of(head)
        if mark:
            # Python's codecs without a byte order take it from the mark, and leave the mark out.
            return name if name == "utf-8" else name[:6]
        return utf8_or_windows(chain([head], iter(lambda: file.read(1 << 20), b"")))


def _delimiter(source: Source, sample: str) -> str:
    """The delimiter of the heading line: tab, comma, semicolon or bar, whichever it holds most."""
    unquoted = re.sub(r'"[^"]*"', "", sample.lstrip("\r\n"))
    heading = re.split(r"[\r\n]", unquoted, maxsplit=1)[0]
    counts = {mark: heading.count(mark) for mark in "\t,;|"}
    best = max(counts, key=lambda mark: counts[mark])
    if counts[best]:
        return best
    return "\t" if source.suffix == ".tsv" else ","


def _rows(
    source: Source, rows: _Reader, encoding: str, options: Mapping[str, Any]
) -> Iterator[Note | Reject]:
    names = _heading(source.name, rows)
    found = columns.find(source.name, names, **options)
    # Numbered rows are pieces of notes: their ids repeat, and are judged as they are put together.
    guessed = not (options.get("id_column") or (options.get("mapping") or {}).get("note_id"))
    sound = _sound(source.name, names, rows, encoding, found, guessed=guessed)
    yield from columns.notes(found, source.stem, sound)


def _sound(
    path: str,
    names: Sequence[str],
    rows: _Reader,
    encoding: str,
    found: Columns,
    *,
    guessed: bool,
) -> Iterator[Row | Reject]:
    """Rows whose cells stand under their names."""
    id_at = found.note_id
    ids = _Ids(_ID_WORDS if guessed else sys.maxsize)
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
            yield _row(where, row, found, encoding)


def _heading(path: str, rows: _Reader) -> list[str]:
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


def _misquoted(path: str, first: int, last: int) -> Reject:
    lost = f"line {first} is" if first >= last else f"lines {first}-{last} are"
    return Reject(
        f"{path}:{first}", "",
        f"the row cannot be parsed (a quote is misplaced); {lost} left out",
        "double the quotes inside quoted fields",
    )  # fmt: skip


def _row(where: str, row: list[str], found: Columns, encoding: str) -> Row | Reject:
    given = _cell(row, found.note_id)
    if has_misfit(given):
        return Reject(where, "", f"a byte of its id {misfit(encoding)}", _AS_UTF8)
    if has_misfit(row[found.text]):
        return Reject(where, given, f"a byte of its text {misfit(encoding)}", _AS_UTF8)
    return where, row
