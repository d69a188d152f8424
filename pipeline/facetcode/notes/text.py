"""Plain text: a note a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from facetcode.notes.decode import Undecodable, decode
from facetcode.notes.note import MAX_NOTE_CHARS, Note, Reject

_BYTES = MAX_NOTE_CHARS * 4
"""No encoding needs more bytes than this for a note of the longest length."""


def read(path: Path, *, note_id: str | None = None) -> Iterator[Note | Reject]:
    """The one note of a text file; its id is the file's name without suffix unless given.

    The text is the file's, line breaks and control characters as they stand; only a byte-order
    mark at its start is left out.
    """
    name = note_id or path.stem
    size = path.stat().st_size
    if size > _BYTES:
        yield Reject(
            str(path), name, f"{size / 1e6:.1f} MB are too long for one note",
            "split the file into one note each",
        )  # fmt: skip
        return
    try:
        text = decode(path.read_bytes())
    except Undecodable as error:
        yield Reject(str(path), name, error.reason, "save it as UTF-8 text")
        return
    yield Note(name, text, {}, str(path))
