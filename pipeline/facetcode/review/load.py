"""Records and their notes into the desk; doing it again changes nothing that has not changed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Table, column, func, select, text, update

from facetcode.errors import RecordError
from facetcode.notes.formats import Reject
from facetcode.notes.note import Note
from facetcode.record import facts_from_json, flags_from_json, status_from_json
from facetcode.review.audit import note_down
from facetcode.review.schema import items, notes, records
from facetcode.review.store import HOLD_MINUTES, Store, before_now

T = TypeVar("T")

_CHUNK = 1000
_LISTED = 50
_UNKEPT = re.compile("[\0\ud800-\udfff]")
"""Characters that a database's text cannot hold."""


@dataclass
class Imported:
    """What became of an import; ``problems`` name note and remedy, never note text."""

    notes: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    kept: int = 0
    """Records that changed after a coder had begun on them: the coder's stay."""
    without_note: int = 0
    rejected: int = 0
    problems: list[str] = field(default_factory=list)

    def problem(self, said: str) -> None:
        """Keep a message, of many only the first."""
        if len(self.problems) < _LISTED:
            self.problems.append(said)


def import_notes(store: Store, given: Iterable[Note | Reject], result: Imported) -> None:
    """Put the notes' texts in. A text that changed under a record already there is refused."""
    for chunk in _ahead(_chunks(given)):
        fresh: dict[str, dict[str, str]] = {}
        for note in chunk:
            if isinstance(note, Reject):
                result.rejected += 1
                result.problem(f"{note.source}: {note.reason}; {note.remedy}")
                continue
            if not _usable(note.note_id):
                result.rejected += 1
                result.problem(f"{note.source}: a note without a usable id; give it one")
                continue
            body = json.dumps(note.text)
            fresh[note.note_id] = {
                "note_id": note.note_id,
                "text": body,
                "text_hash": digest(body),
            }
        with store.write() as connection:
            known = _hashes(connection, fresh)
            changed = [
                key
                for key, row in fresh.items()
                if known.get(key, "") not in ("", row["text_hash"])
            ]
            with_record = _ids(connection, changed)
            for key in changed:
                row = fresh.pop(key)
                if key in with_record:
                    result.rejected += 1
                    result.problem(
                        f"note {key}: its text is another than the one its record was made of; "
                        "import it under a new id"
                    )
                else:
                    connection.execute(update(notes).where(notes.c.note_id == key).values(row))
            new = [row for key, row in fresh.items() if key not in known]
            if new:
                _insert(connection, notes, new, notes.c.note_id)
            result.notes += len(new) + len(changed)


def import_records(store: Store, lines: Iterable[tuple[str, bytes]], result: Imported) -> None:
    """Put records in, as ``facetcode code`` writes them; ``lines`` are (file:line, JSON)."""
    for rows, errors in _ahead(map(_read, _chunks(lines))):
        result.rejected += len(errors)
        for error in errors:
            result.problem(f"{error}; code the notes again with facetcode code")
        with store.write() as connection:
            _put(store, connection, rows, result)


def _read(chunk: list[tuple[str, bytes]]) -> tuple[dict[str, _Row], list[RecordError]]:
    """The rows of a chunk's records by note, the last of a note alone, and what was none."""
    rows: dict[str, _Row] = {}
    errors: list[RecordError] = []
    for where, line in chunk:
        if not line.strip():
            continue
        try:
            row = _row(where, line)
        except RecordError as error:
            errors.append(error)
        else:
            rows[row.item["note_id"]] = row
    return rows, errors


def _put(
    store: Store,
    connection: Connection,
    rows: Mapping[str, _Row],
    result: Imported,
) -> None:
    columns = (items.c.id, items.c.version, items.c.held_at, records.c.record_hash)
    known = {
        row.note_id: row
        for row in connection.execute(
            select(notes.c.note_id, notes.c.text, *columns)
            .outerjoin(items, items.c.note_id == notes.c.note_id)
            .outerjoin(records, records.c.item_id == items.c.id)
            .where(notes.c.note_id.in_(rows))
        )
    }
    since = before_now(minutes=HOLD_MINUTES)
    fresh: list[str] = []
    for note_id, row in rows.items():
        before = known.get(note_id)
        if before is None:
            result.without_note += 1
            result.problem(f"note {note_id}: its text is not in the notes given")
        elif not row.fits(json.loads(before.text)):
            result.rejected += 1
            result.problem(f"note {note_id}: record and text do not fit; code the note again")
        elif before.id is None:
            fresh.append(note_id)
        elif before.record_hash == row.record["record_hash"]:
            result.unchanged += 1
        elif before.version > 0 or (before.held_at or "") >= since:
            result.kept += 1
            result.problem(f"note {note_id}: coders have begun on it; the new record is left out")
        else:
            connection.execute(update(items).where(items.c.id == before.id).values(row.item))
            changed = update(records).where(records.c.item_id == before.id).values(row.record)
            connection.execute(changed)
            result.updated += 1
    if not fresh:
        return
    made = _insert(
        connection, items, [rows[key].item for key in fresh], items.c.id, items.c.note_id
    )
    bodies = [{"item_id": row.id, **rows[row.note_id].record} for row in made]
    _insert(connection, records, bodies, records.c.item_id)
    result.added += len(fresh)
    note_down(store, connection, "imported", user=None, detail={"records": len(fresh)})


def _insert(
    connection: Connection, table: Table, rows: list[dict[str, Any]], *back: Column[Any]
) -> list[Any]:
    """Rows put in, which have the same keys all; the columns of them that were asked for."""
    if connection.dialect.name != "postgresql":
        return list(connection.execute(table.insert().returning(*back), rows))
    # One parameter for all of them: the driver sends executemany a row at a time, and a statement
    # of a thousand rows takes it longer to take apart than the server to carry out.
    names = list(rows[0])
    given = func.json_to_recordset(text("CAST(:rows AS json)").bindparams(rows=json.dumps(rows)))
    columns = (column(name, table.c[name].type) for name in names)
    told = given.table_valued(*columns, name="given").render_derived(with_types=True)
    put = table.insert().from_select(names, select(*told.c)).returning(*back)
    return list(connection.execute(put))


@dataclass(frozen=True, slots=True)
class _Row:
    """A record on its way in: its row of ``items``, its row of ``records``, and what must fit."""

    item: dict[str, Any]
    record: dict[str, str]
    spots: list[tuple[int, int, str]]

    def fits(self, text: str) -> bool:
        """Whether the text is the one the record was made of, as far as its words tell."""
        return all(text[start:end] == words for start, end, words in self.spots)


def _usable(note_id: str) -> bool:
    """Whether both databases can hold the id, and a person can tell it from another."""
    return bool(note_id.strip()) and not _UNKEPT.search(note_id)


def _row(where: str, line: bytes) -> _Row:
    try:
        body = line.decode("utf-8").strip()
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise RecordError(f"{where}: not a JSON object") from None
    note_id = data.get("note_id") if isinstance(data, dict) else None
    if not isinstance(note_id, str) or not _usable(note_id):
        raise RecordError(f"{where}: no 'note_id'")
    facts_from_json(data, where)
    flags_from_json(data, where)
    if not isinstance(data.get("lines"), list):
        raise RecordError(f"{where}: lines: is missing")
    meta = data.get("meta")
    said: Mapping[str, Any] = meta if isinstance(meta, dict) else {}
    item = {
        "note_id": note_id,
        **listed(data, where),
        "payer": _meta(said, "payer"),
        "provider": _meta(said, "provider"),
        "patient": _meta(said, "patient_id"),
        "day": _meta(said, "date_of_service")[:10],
        "state": "open",
        "version": 0,
    }
    return _Row(item, {"suggested": body, "record_hash": digest(body)}, _spots(data))


def listed(data: Mapping[str, Any], where: str) -> dict[str, Any]:
    """What lists show of a record: its columns in ``items``."""
    flags = "".join(f",{flag['code']}" for flag in data["flags"])
    confidence = data.get("confidence")
    return {
        "status": status_from_json(data, where),
        "flags": f"{flags},",
        "codes": " ".join(map(line_word, data["lines"])),
        "confidence": confidence if isinstance(confidence, int | float) else None,
    }


def line_word(line: Mapping[str, Any]) -> str:
    """A claim line in one word, ``64490-KX-RT``."""
    word = "-".join((str(line["code"]), *map(str, line.get("modifiers") or ())))
    units = line.get("units", 1)
    return word if units == 1 else f"{word}x{units}"


def _meta(said: Mapping[str, Any], key: str) -> str:
    value = said.get(key, "")
    return _UNKEPT.sub("", value).strip() if isinstance(value, str) else ""


def _spots(record: Mapping[str, Any]) -> list[tuple[int, int, str]]:
    """Where in the note the evidence of procedure, levels and guidance must stand."""
    return [
        (spot["start"], spot["end"], spot["text"])
        for fact in (record["procedure"], record.get("guidance") or {}, *record.get("levels", ()))
        for spot in fact.get("evidence", ())
        if not spot.get("note_id")
    ]


def digest(body: str) -> str:
    """SHA-256 of a stored text."""
    return hashlib.sha256(body.encode()).hexdigest()


def _hashes(connection: Connection, keys: Iterable[str]) -> dict[str, str]:
    found = connection.execute(
        select(notes.c.note_id, notes.c.text_hash).where(notes.c.note_id.in_(list(keys)))
    )
    return {row.note_id: row.text_hash for row in found}


def _ids(connection: Connection, keys: Iterable[str]) -> dict[str, int]:
    found = connection.execute(
        select(items.c.note_id, items.c.id).where(items.c.note_id.in_(list(keys)))
    )
    return {row.note_id: row.id for row in found}


def _chunks(given: Iterable[T]) -> Iterator[list[T]]:
    stream = iter(given)
    while chunk := list(islice(stream, _CHUNK)):
        yield chunk


def _ahead(given: Iterator[T]) -> Iterator[T]:
    """The same, each made while the one before it is put into the database."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        coming = pool.submit(next, given, None)
        while (made := coming.result()) is not None:
            coming = pool.submit(next, given, None)
            yield made


def numbered(path: Path) -> Iterator[tuple[str, bytes]]:
    """The lines of a records file, each with its place."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            yield f"{path}:{number}", line
