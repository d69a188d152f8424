"""What is exported: labelled notes or plain ones, and what their records suggest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from facetcode.annotate.document import Document, digest, from_gold
from facetcode.annotate.suggest import suggestion
from facetcode.claims import records_file
from facetcode.errors import AnnotationError, FacetcodeError
from facetcode.evaluate.corpus import read_corpus
from facetcode.evaluate.gold import CLAIM_TYPES, META_KEYS
from facetcode.notes.formats import read as read_notes
from facetcode.notes.note import Note, Reject

_ID = re.compile(r"([a-z][a-z0-9_-]*)-\d{2,}")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")


def documents(
    paths: Sequence[Path], *, voice: str, split: str | None = None
) -> tuple[list[Document], list[str]]:
    """Labelled notes of gold or inline files, else plain notes in any format ``code`` reads.

    A plain note gets ``<voice>-01`` and so on as its id, in the order of the export, unless its id
    has that form; its own is kept beside. Returned with it: notes that could not be read, a
    sentence each. Raises AnnotationError and NoteFormatError.
    """
    if all(map(_is_labelled, paths)):
        return [from_gold(note) for path in paths for note in read_corpus(path, split)], []
    if split is not None:
        raise FacetcodeError("--split is for labelled notes")
    found: list[Document] = []
    rejected: list[str] = []
    taken: set[str] = set()
    for item in read_notes(list(paths)):
        if isinstance(item, Reject):
            rejected.append(f"{item.source}: {item.reason}; {item.remedy}")
            continue
        own = _ID.fullmatch(item.note_id)
        note_id = item.note_id if own else f"{voice}-{len(found) + 1:02d}"
        if note_id in taken:
            raise AnnotationError(
                f"two notes would be '{note_id}'; name a voice of its own for this export: --voice"
            )
        taken.add(note_id)
        found.append(_plain(item, note_id, own[1] if own else voice))
    return found, rejected


def _is_labelled(path: Path) -> bool:
    """Whether a path holds labelled notes: by the first line of its first file."""
    if not path.exists():
        raise FacetcodeError(f"{path}: no such file or folder")
    if path.is_dir():
        files = sorted(path.glob("*.jsonl")) or sorted(path.rglob("*.txt"))
    else:
        files = [path]
    if not files or files[0].suffix not in (".jsonl", ".txt"):
        return False
    with files[0].open("rb") as file:
        line = file.readline()
    if files[0].suffix == ".txt":
        return path.is_dir() and line == b"---\n"
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(data, dict) and {"spans", "facts", "codes"} <= data.keys()


def _plain(note: Note, note_id: str, voice: str) -> Document:
    meta = {key: value for key, value in note.meta.items() if key in META_KEYS and value}
    # What gold does not allow would be found out only after the work of annotating.
    if not _ISO.fullmatch(meta.get("date_of_service", "2025-01-01")):
        del meta["date_of_service"]
    if meta.get("claim_type", CLAIM_TYPES[0]) not in CLAIM_TYPES:
        del meta["claim_type"]
    front = {"note_id": note_id, "voice": voice, "meta": meta}
    return Document(front, note.text, (), note.source, digest(note.text), note.note_id)


def suggestions(records: Path, given: Iterable[Document]) -> tuple[dict[str, Document], list[str]]:
    """Note id to what its record suggests, and what could not be used, a sentence each.

    Records are matched by the note's own id. One whose evidence is not in the text was made of
    another text, and suggests nothing.
    """
    by_id = dict(_records(records_file(records)))
    found: dict[str, Document] = {}
    problems: list[str] = []
    for document in given:
        name = document.source_id or document.note_id
        record = by_id.get(name)
        if record is None:
            problems.append(f"{document.note_id}: no record of note '{name[:60]}'")
            continue
        if not _fits(record, document.text):
            problems.append(
                f"{document.note_id}: its record was made of another text; code the notes again"
            )
            continue
        try:
            found[document.note_id] = suggestion(record, document)
        except (KeyError, TypeError, AttributeError):
            problems.append(f"{document.note_id}: its record is not whole; code the notes again")
    return found, problems


def _records(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                data = json.loads(line)
            except (ValueError, RecursionError):
                data = None
            if not isinstance(data, dict) or not isinstance(data.get("note_id"), str):
                raise FacetcodeError(f"{file}:{number}: not a record; write one a line")
            yield data["note_id"], data


def _fits(record: Mapping[str, Any], text: str) -> bool:
    """Whether every piece of evidence is the slice of the text it says it is."""

    def spots(value: Any) -> Iterator[Mapping[str, Any]]:
        if isinstance(value, dict):
            for key, inner in value.items():
                if key == "evidence" and isinstance(inner, list):
                    yield from (spot for spot in inner if isinstance(spot, dict))
                else:
                    yield from spots(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from spots(inner)

    facts = {key: record.get(key) for key in ("procedure", "levels", "guidance", "relief",
                                              "diagnoses", "scores")}  # fmt: skip
    return all(
        isinstance(spot.get("start"), int)
        and text[spot["start"] : spot.get("end")] == spot.get("text")
        for spot in spots(facts)
        if not spot.get("note_id")
    )
