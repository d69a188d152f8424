"""Facts that are structured already, from a form or an earlier run, read to be coded alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from facetcode.coder import meta_of
from facetcode.errors import NoteFormatError, RecordError
from facetcode.facts import Facts
from facetcode.notes.formats import Reject
from facetcode.record import (
    Flag,
    Record,
    Status,
    confidence_from_json,
    facts_from_json,
    flags_from_json,
    lines_from_json,
    status_from_json,
)

_ANSWER = frozenset({"schema", "status", "confidence", "policy", "version"})
"""Keys of a record that say how it was coded before, not what the encounter was."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The facts of one encounter, and what the form says about it (see ``Note.meta``)."""

    note_id: str
    facts: Facts
    meta: dict[str, str]
    source: str


@dataclass(frozen=True, slots=True)
class Answer(Stored):
    """A whole record of an earlier run: the facts, and how they were judged."""

    status: Status
    flags: tuple[Flag, ...]


T = TypeVar("T")


def read_facts(path: Path) -> Iterator[Stored | Reject]:
    """Read records, one JSON object a line: those ``facetcode code`` writes, or a form's.

    A line that is not a record is a Reject, naming file and line; the rest goes on. Raises
    NoteFormatError when the file cannot be opened or holds nothing.
    """
    return _read(path, lambda stored, data: stored)


def read_answers(path: Path) -> Iterator[Answer | Reject]:
    """Read whole records, as ``facetcode code`` writes them; rejects and errors as above."""
    return _read(path, _answer)


def read_records(path: Path) -> Iterator[Record | Reject]:
    """Read records whole, lines and all, to be measured; rejects and errors as above.

    Of a record only what judging needs is kept: not its last look before submission.
    """
    return _read(path, _whole)


def _whole(stored: Stored, data: Mapping[str, Any]) -> Record:
    where = stored.source
    return Record(
        note_id=stored.note_id,
        status=status_from_json(data, where),
        facts=stored.facts,
        lines=lines_from_json(data, where),
        flags=flags_from_json(data, where),
        policy=str(data.get("policy", "")),
        confidence=confidence_from_json(data, where),
        version=str(data.get("version", "")),
        meta=stored.meta,
    )


def answer_of(data: Mapping[str, Any]) -> Answer:
    """One whole record as an Answer; raises RecordError where it is none."""
    note_id = str(data["note_id"])
    return _answer(Stored(note_id, facts_from_json(data, note_id), meta_of(data["meta"]), ""), data)


def _answer(stored: Stored, data: Mapping[str, Any]) -> Answer:
    return Answer(
        stored.note_id,
        stored.facts,
        stored.meta,
        stored.source,
        status_from_json(data, stored.source),
        flags_from_json(data, stored.source),
    )


def _read(path: Path, make: Callable[[Stored, Mapping[str, Any]], T]) -> Iterator[T | Reject]:
    try:
        # Bytes, so that one line in another encoding spoils only itself.
        file = path.open("rb")
    except OSError as error:
        raise NoteFormatError(f"{path}: cannot be read: {error.strerror}") from error
    empty = True
    with file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            empty = False
            yield _record(line.removeprefix(b"\xef\xbb\xbf"), f"{path}:{number}", make)
    if empty:
        raise NoteFormatError(f"{path}: holds no records; expected one JSON object a line")


def _record(line: bytes, where: str, make: Callable[[Stored, Mapping[str, Any]], T]) -> T | Reject:
    try:
        data: Any = json.loads(line)
    except (ValueError, RecursionError):
        # The parser's own message can quote the line, and the line may quote the note.
        return Reject(where, "", "not a JSON object", "write one record a line")
    if not isinstance(data, Mapping):
        return Reject(where, "", "not a JSON object", "write one record a line")
    note_id = data.get("note_id") or data.get("id")
    if not isinstance(note_id, str | int):
        return Reject(where, "", "no 'note_id'", "give every record the id of its note")
    said = data.get("meta")
    # A record keeps its note's metadata under ``meta``; a form has it beside the facts.
    meta = meta_of(said) if isinstance(said, Mapping) else {}
    meta |= {key: value for key, value in meta_of(data).items() if key not in _ANSWER}
    try:
        return make(Stored(str(note_id), facts_from_json(data, where), meta, where), data)
    except RecordError as error:
        reason = str(error).removeprefix(f"{where}: ")
        return Reject(where, str(note_id), reason, "mend the record or leave the key out")
