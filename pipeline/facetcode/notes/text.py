"""A note a file: plain text, or a document that holds one."""

from __future__ import annotations

from collections.abc import Iterator

from facetcode.notes import meta
from facetcode.notes.decode import Undecodable, decode
from facetcode.notes.document import MAX_DOCUMENT, Unreadable, ccda_meta, kind_of, text_of
from facetcode.notes.note import MAX_NOTE_CHARS, Note, Reject
from facetcode.notes.source import Source

_BYTES = MAX_NOTE_CHARS * 4
"""No encoding needs more bytes than this for a note of the longest length."""


def read(source: Source, *, note_id: str | None = None) -> Iterator[Note | Reject]:
    """The one note of a text file; its id is the file's name without suffix unless given.

    The text is the file's, line breaks and control characters as they stand; only a byte-order
    mark at its start is left out.
    """
    name = note_id or source.stem
    if source.size is not None and source.size > _BYTES:
        yield _too_long(source.name, name, source.size)
        return
    data = source.whole(_BYTES)
    if data is None:
        yield _too_long(source.name, name, _BYTES)
        return
    try:
        text = decode(data)
    except Undecodable as error:
        yield Reject(source.name, name, error.reason, "save it as UTF-8 text")
        return
    yield Note(name, text, {}, source.name)


def document(source: Source, *, note_id: str | None = None) -> Iterator[Note | Reject]:
    """The one note of an HTML, RTF, PDF, DOCX or C-CDA document."""
    name = note_id or source.stem
    data = source.whole(MAX_DOCUMENT)
    if data is None:
        yield _too_long(source.name, name, MAX_DOCUMENT)
        return
    try:
        text = text_of(data, "text/html" if source.suffix in {".html", ".htm"} else "")
        fields = ccda_meta(data) if kind_of(data) == "ccda" else {}
    except Unreadable as error:
        yield Reject(source.name, name, error.reason, error.remedy)
        return
    yield Note(fields.pop("note_id", "") or name, text, meta.collect(fields), source.name)


def _too_long(where: str, name: str, size: int) -> Reject:
    return Reject(
        where, name, f"{size / 1e6:.1f} MB are too long for one note",
        "split the file into one note each",
    )  # fmt: skip
