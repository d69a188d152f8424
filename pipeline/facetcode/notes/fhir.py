"""FHIR R4 bulk exports: DocumentReference resources, their documents inline or in Binary files."""

from __future__ import annotations

import base64
import binascii
import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from facetcode.notes import meta
from facetcode.notes.document import MAX_DOCUMENT, Unreadable, text_of
from facetcode.notes.note import Note, Reject
from facetcode.notes.source import Source

_AGAIN = "export it again"
_PREFERRED = ("text/plain", "text/html", "text/rtf", "application/rtf", "application/xml")
"""Media types in the order in which they lose least; of several forms of a document one is read."""


class Binaries:
    """Where each Binary resource of an export lies; built when the first one is asked for."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._base: sqlite3.Connection | None = None

    def get(self, reference: str) -> tuple[bytes, str]:
        """The bytes and media type of ``Binary/<id>``. Raises Unreadable."""
        if self._base is None:
            self._base = self._index()
        name = reference.split("/_history/")[0].rsplit("/", 1)[-1]
        query = "select source, place from binaries where id = ?"
        found = self._base.execute(query, (name,)).fetchone()
        if found is None:
            raise Unreadable(
                "its document is a Binary that is not in the export",
                "give the export's Binary files as well",
            )
        with self._sources[found[0]].open() as file:
            file.seek(found[1])
            resource = json.loads(file.readline())
        return _decoded(resource.get("data")), str(resource.get("contentType", ""))

    def _index(self) -> sqlite3.Connection:
        # A private database of SQLite's: ids and offsets, nothing of a document.
        base = sqlite3.connect("", isolation_level=None)
        base.execute("create table binaries (id text primary key, source int, place int)")
        base.execute("begin")
        for number, source in enumerate(self._sources):
            if source.suffix not in {".ndjson", ".jsonl", ".json"}:
                continue
            place = 0
            with source.open() as file:
                for line in file:
                    if b'"Binary"' in line[:200] or b'"Binary"' in line[-200:]:
                        name = _id_of(line)
                        if name:
                            row = (name, number, place)
                            base.execute("insert or ignore into binaries values (?, ?, ?)", row)
                    place += len(line)
        return base


def _id_of(line: bytes) -> str | None:
    try:
        resource = json.loads(line)
    except (ValueError, RecursionError):
        return None
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    return str(resource.get("id") or "") if kind == "Binary" else None


def is_fhir(line: bytes) -> bool:
    """Whether a line of JSON is a FHIR resource."""
    return b'"resourceType"' in line


def read(source: Source, binaries: Binaries) -> Iterator[Note | Reject]:
    """Notes of the DocumentReference resources of an NDJSON file; others are passed over."""
    with source.open() as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            where = f"{source.name}:{number}"
            try:
                resource = json.loads(line)
            except (ValueError, RecursionError):
                yield Reject(where, "", "the line is not valid JSON", _AGAIN)
                continue
            if not isinstance(resource, dict):
                yield Reject(where, "", "the line is not a FHIR resource", _AGAIN)
            elif resource.get("resourceType") == "DocumentReference":
                yield _note(resource, where, binaries)


def _note(resource: dict[str, Any], where: str, binaries: Binaries) -> Note | Reject:
    note_id = str(resource.get("id") or where)
    if resource.get("status") == "entered-in-error":
        return Reject(where, note_id, "it is marked as entered in error", "leave it out")
    try:
        text = _text(resource, binaries)
    except Unreadable as error:
        return Reject(where, note_id, error.reason, error.remedy)
    except (AttributeError, TypeError, KeyError, IndexError):
        return Reject(where, note_id, "it is not built as a DocumentReference is", _AGAIN)
    return Note(note_id, text, meta.collect(_meta(resource)), where)


def _text(resource: dict[str, Any], binaries: Binaries) -> str:
    attachments = [c["attachment"] for c in resource.get("content", []) if c.get("attachment")]
    if not attachments:
        raise Unreadable("it has no content", _AGAIN)

    def rank(attachment: dict[str, Any]) -> int:
        kind = str(attachment.get("contentType", "")).split(";")[0].lower()
        return _PREFERRED.index(kind) if kind in _PREFERRED else len(_PREFERRED)

    best = min(attachments, key=rank)
    declared = str(best.get("contentType", ""))
    if best.get("data") is not None:
        return text_of(_decoded(best["data"]), declared)
    url = str(best.get("url", ""))
    if "Binary/" not in url:
        raise Unreadable("its content is neither inline nor a Binary", "export it with its content")
    data, kind = binaries.get(url)
    return text_of(data, kind or declared)


def _decoded(data: Any) -> bytes:
    if not isinstance(data, str):
        raise Unreadable("its content holds no data", _AGAIN)
    if len(data) > MAX_DOCUMENT * 4 // 3:
        raise Unreadable("the document is too long for a note", "split it")
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable("its data is not base64", _AGAIN) from None


def _meta(resource: dict[str, Any]) -> dict[str, Any]:
    """Patient, day, author and type as far as they are told; the encounter's day goes first."""
    context = resource.get("context") or {}
    authors = resource.get("author") or [{}]
    kind = resource.get("type") or {}
    codings = kind.get("coding") or [{}]
    subject = (resource.get("subject") or {}).get("reference", "")
    return {
        "patient_id": str(subject).rsplit("/", 1)[-1],
        "date_of_service": (context.get("period") or {}).get("start") or resource.get("date"),
        "provider": authors[0].get("display")
        or str(authors[0].get("reference", "")).split("/")[-1],
        "note_type": kind.get("text") or codings[0].get("display"),
    }
