"""Which column of a table is what, for every kind of table; rows of Epic's are put together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from facetcode.errors import NoteFormatError
from facetcode.notes import meta
from facetcode.notes.decode import whole
from facetcode.notes.note import Note, Reject

Row = tuple[str, Sequence[Any]]
"""Where a row stands, and its cells."""

KEYS = ("text", "note_id", *meta.META_NAMES)
"""What ``--map`` may name."""


@dataclass(frozen=True, slots=True)
class Columns:
    """A table's columns by what they hold."""

    names: tuple[str, ...]
    text: int
    note_id: int | None
    meta: Mapping[str, int] = field(default_factory=dict)
    """Columns that ``--map`` named, by the contract's key."""
    line: int | None = None
    """Number of the row within its note, where a note has several (Epic)."""
    version: int | None = None
    """Serial number or date of the note's version; the highest counts."""
    parent: int | None = None
    """Id of the note that this one is an addendum to."""

    def note(self, where: str, stem: str, row: Sequence[Any], text: str) -> Note:
        """A note of a row whose text is given."""
        note_id = cell(row, self.note_id) or f"{stem}:{where.rsplit(':', 1)[-1]}"
        used = {self.text, self.note_id, self.line, *self.meta.values()}
        fields = {
            name: row[i] for i, name in enumerate(self.names) if i not in used and i < len(row)
        }
        named = {key: cell(row, i) for key, i in self.meta.items()}
        return Note(note_id, text, meta.collect({**named, **fields}), where)


_LINE = ("line", "line_num", "line_number", "note_line", "seq", "sequence")
_VERSION = (
    "contact_date_real", "note_csn_id", "contact_serial_num", "contact_num", "contact_date",
    "version", "note_version",
)  # fmt: skip
_PARENT = (
    "addendum_to",
    "addendum_to_note_id",
    "parent_note_id",
    "orig_note_id",
    "original_note_id",
)


def find(
    name: str,
    names: Sequence[str],
    *,
    text_column: str | None = None,
    id_column: str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> Columns:
    """The columns of a table. Raises NoteFormatError for one that is needed and not there."""
    mapping = mapping or {}
    text = index(name, names, text_column or mapping.get("text"), meta.TEXT_NAMES, "note's text")
    if text is None:
        raise NoteFormatError(
            f"{name}: no column holds the note's text by its name; name it with --text-column, "
            f"or give the table a heading. Columns present: {meta.shown(names)}"
        )
    wanted = id_column or mapping.get("note_id")
    note_id = index(name, names, wanted, meta.ID_NAMES, "note's id")
    if note_id == text:
        raise NoteFormatError(
            f"{name}: one column cannot be both text and id; name another with --id-column"
        )
    named = {
        key: index(name, names, column, (), key)
        for key, column in mapping.items()
        if key not in {"text", "note_id"}
    }
    line = index(name, names, None, _LINE, "")
    found = {key: at for key, at in named.items() if at is not None}
    if line is None or note_id is None or line in found.values():
        return Columns(tuple(names), text, note_id, found)
    return Columns(
        tuple(names), text, note_id, found, line,
        index(name, names, None, _VERSION, ""), index(name, names, None, _PARENT, ""),
    )  # fmt: skip


def index(
    table: str, names: Sequence[str], wanted: str | None, known: Sequence[str], what: str
) -> int | None:
    """The column that is wanted, or the first that is known; None where none is."""
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
        f"{table}: no column '{wanted}' for the {what}; columns present: {meta.shown(names)}"
    )


def cell(row: Sequence[Any], at: int | None) -> str:
    """A cell as text without its margins; a whole number without its ".0"."""
    if at is None or at >= len(row) or row[at] is None:
        return ""
    value = row[at]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return whole(str(value).strip())


def notes(columns: Columns, stem: str, rows: Iterable[Row | Reject]) -> Iterator[Note | Reject]:
    """Notes of a table's rows: one each, or several rows a note where rows are numbered."""
    if columns.line is not None:
        yield from _joined(columns, stem, rows)
        return
    for item in rows:
        if isinstance(item, Reject):
            yield item
            continue
        where, row = item
        text = row[columns.text]
        if isinstance(text, str):
            yield columns.note(where, stem, row, whole(text))
        elif text is None:
            yield Reject(
                where, cell(row, columns.note_id), "the note has no text", "export it again"
            )
        else:
            yield Reject(
                where, cell(row, columns.note_id), "its text is a number or a date and no text",
                "name the right column with --text-column",
            )  # fmt: skip


@dataclass(slots=True)
class _Whole:
    """The rows of one note."""

    where: str
    row: Sequence[Any]
    lines: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    """Version to its numbered pieces."""


def _joined(columns: Columns, stem: str, rows: Iterable[Row | Reject]) -> Iterator[Note | Reject]:
    """Notes of numbered rows: the latest version, its lines in the order of their numbers.

    Rows of a note stand together in such exports, so one note is held at a time; where a table
    names addenda they may stand anywhere, and all of it is held.
    """
    together = columns.parent is None
    held: dict[str, _Whole] = {}
    current = ""
    for item in rows:
        if isinstance(item, Reject):
            yield item
            continue
        where, row = item
        note_id = cell(row, columns.note_id)
        number = _number(cell(row, columns.line))
        if not note_id or number is None:
            yield Reject(
                where, note_id, "a row without the note's id or its own number",
                "export NOTE_ID and LINE with every row",
            )  # fmt: skip
            continue
        if together and note_id != current and current:
            yield _made(columns, stem, held.pop(current), [])
        current = note_id
        one = held.setdefault(note_id, _Whole(where, row))
        text = row[columns.text]
        piece = "" if text is None else whole(str(text))
        one.lines.setdefault(cell(row, columns.version), []).append((number, piece))
    if together:
        if current:
            yield _made(columns, stem, held.pop(current), [])
        return
    yield from _with_addenda(columns, stem, held)


def _with_addenda(columns: Columns, stem: str, held: dict[str, _Whole]) -> Iterator[Note | Reject]:
    children: dict[str, list[_Whole]] = {}
    for note_id, one in held.items():
        parent = cell(one.row, columns.parent)
        if parent in held and parent != note_id:
            children.setdefault(parent, []).append(one)
    for note_id, one in held.items():
        parent = cell(one.row, columns.parent)
        if not (parent in held and parent != note_id):
            yield _made(columns, stem, one, children.get(note_id, []))


def _made(columns: Columns, stem: str, one: _Whole, addenda: list[_Whole]) -> Note | Reject:
    text = _text(one)
    note = columns.note(one.where, stem, one.row, text)
    numbers = [number for number, _ in _latest(one)]
    if len(set(numbers)) < len(numbers):
        return Reject(
            one.where, note.note_id, "two of its rows bear the same line number",
            "export its version (NOTE_CSN_ID or CONTACT_DATE_REAL) with every row",
        )  # fmt: skip
    if numbers and max(numbers) - min(numbers) + 1 != len(numbers):
        return Reject(
            one.where, note.note_id, "a line of it is missing", "export all rows of the note"
        )
    for more in addenda:
        # An addendum is a document of its own: it starts a paragraph and says what it is.
        text += f"\n\nADDENDUM: {_text(more)}"
    return Note(note.note_id, text, note.meta, note.source)


def _latest(one: _Whole) -> list[tuple[float, str]]:
    version = max(one.lines, key=lambda v: (_number(v) is not None, _number(v) or 0.0, v))
    return sorted(one.lines[version], key=lambda piece: piece[0])


def _text(one: _Whole) -> str:
    """The pieces as they are: a join adds no character."""
    return "".join(piece for _, piece in _latest(one))


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,15}(?:\.\d+)?", text) else None
