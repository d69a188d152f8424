"""Records and their notes into the desk; doing it again changes nothing that has not changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, select, update

from facetcode.errors import RecordError
from facetcode.notes.formats import Reject
from facetcode.notes.note import Note
from facetcode.record import facts_from_json, flags_from_json, status_from_json
from facetcode.review.audit import note_down
from facetcode.review.schema import items, notes, records
from facetcode.review.store import Store

T = TypeVar("T")

_CHUNK = 1000
_LISTED = 50


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
    for chunk in _chunks(given):
        fresh: dict[str, dict[str, str]] = {}
        for note in chunk:
            if isinstance(note, Reject):
                result.rejected += 1
                result.problem(f"{note.source}: {note.reason}; {note.remedy}")
                continue
            if "\0" in note.note_id or not note.note_id.strip():
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
                connection.execute(notes.insert(), new)
            result.notes += len(new) + len(changed)


def import_records(store: Store, lines: Iterable[tuple[str, bytes]], result: Imported) -> None:
    """Put records in, as ``facetcode code`` writes them; ``lines`` are (file:line, JSON)."""
    for chunk in _chunks(lines):
        rows: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
        for where, line in chunk:
            if not line.strip():
                continue
            try:
                item, record = _row(where, line)
            except RecordError as error:
                result.rejected += 1
                result.problem(f"{error}; code the notes again with facetcode code")
                continue
            rows[item["note_id"]] = item, record
        with store.write() as connection:
            _put(store, connection, rows, result)


def _put(
    store: Store,
    connection: Connection,
    rows: Mapping[str, tuple[dict[str, Any], dict[str, Any]]],
    result: Imported,
) -> None:
    texts = {
        row.note_id: json.loads(row.text)
        for row in connection.execute(
            select(notes.c.note_id, notes.c.text).where(notes.c.note_id.in_(rows))
        )
    }
    known = {
        row.note_id: row
        for row in connection.execute(
            select(items.c.id, items.c.note_id, items.c.version, records.c.record_hash)
            .join(records)
            .where(items.c.note_id.in_(rows))
        )
    }
    fresh: list[str] = []
    for note_id, (item, record) in rows.items():
        before = known.get(note_id)
        if note_id not in texts:
            result.without_note += 1
            result.problem(f"note {note_id}: its text is not in the notes given")
        elif not _fits(json.loads(record["suggested"]), texts[note_id]):
            result.rejected += 1
            result.problem(f"note {note_id}: record and text do not fit; code the note again")
        elif before is None:
            fresh.append(note_id)
        elif before.record_hash == record["record_hash"]:
            result.unchanged += 1
        elif before.version > 0:
            result.kept += 1
            result.problem(f"note {note_id}: coders have begun on it; the new record is left out")
        else:
            connection.execute(update(items).where(items.c.id == before.id).values(item))
            connection.execute(update(records).where(records.c.item_id == before.id).values(record))
            result.updated += 1
    if not fresh:
        return
    connection.execute(items.insert(), [rows[key][0] for key in fresh])
    given = _ids(connection, fresh)
    connection.execute(records.insert(), [{"item_id": given[key], **rows[key][1]} for key in fresh])
    result.added += len(fresh)
    note_down(store, connection, "imported", user=None, detail={"records": len(fresh)})


def _row(where: str, line: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        raise RecordError(f"{where}: not a JSON object") from None
    note_id = data.get("note_id") if isinstance(data, dict) else None
    if not isinstance(note_id, str) or not note_id.strip() or "\0" in note_id:
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
    body = json.dumps(data)
    return item, {"suggested": body, "record_hash": digest(body)}


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
    return value.replace("\0", "").strip() if isinstance(value, str) else ""


def _fits(record: Mapping[str, Any], text: str) -> bool:
    """Whether the evidence of levels and guidance stands in the text where the record says."""
    spots = [
        spot
        for fact in (record["procedure"], record.get("guidance") or {}, *record.get("levels", ()))
        for spot in fact.get("evidence", ())
        if not spot.get("note_id")
    ]
    return all(text[spot["start"] : spot["end"]] == spot["text"] for spot in spots)


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


def numbered(path: Path) -> Iterator[tuple[str, bytes]]:
    """The lines of a records file, each with its place."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            yield f"{path}:{number}", line
