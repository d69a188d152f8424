"""JSON Lines: a note a line, under the contract's keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from facetcode.notes import meta
from facetcode.notes.decode import Undecodable, decode, encoding_of, whole
from facetcode.notes.note import Note, Reject
from facetcode.notes.source import Source


def read(source: Source, *, mapping: Mapping[str, str] | None = None) -> Iterator[Note | Reject]:
    """Notes of a JSON Lines file, one line in memory at a time; broken lines become rejects."""
    path = source.name
    with source.open() as file:
        head = file.read(65_536)
        try:
            name, skip = encoding_of(head)
        except Undecodable as error:
            yield Reject(str(path), "", error.reason, "write JSON Lines as UTF-8 text")
            return
        if name.startswith(("utf-16", "utf-32")):
            try:
                text = decode(head + file.read())
            except Undecodable as error:
                yield Reject(str(path), "", error.reason, "write JSON Lines as UTF-8 text")
                return
            lines: Iterator[bytes] = (line.encode("utf-8") for line in text.split("\n"))
        else:
            lines = _lines(chain([head[skip:]], iter(lambda: file.read(_BLOCK), b"")))
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _note(line, source, number, mapping or {})


_BLOCK = 1 << 20


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines of bytes that may come from where nobody can go back to the start."""
    rest: list[bytes] = []
    for block in blocks:
        first, found, last = block.rpartition(b"\n")
        if not found:
            rest.append(last)
            continue
        yield from b"".join([*rest, first]).split(b"\n")
        rest = [last]
    if tail := b"".join(rest):
        yield tail


def _note(line: bytes, source: Source, number: int, mapping: Mapping[str, str]) -> Note | Reject:
    where = f"{source.name}:{number}"
    try:
        record = json.loads(decode(line))
    except Undecodable as error:
        return Reject(where, "", error.reason, "write JSON Lines as UTF-8 text")
    except RecursionError:
        return Reject(where, "", "the JSON is nested too deeply", "write one flat object a line")
    except ValueError as error:
        # The decoder's own message quotes nothing of the line, only the position.
        position = getattr(error, "colno", None)
        at = f" at column {position}" if position else ""
        return Reject(
            where, "", f"the line is not valid JSON{at}", "mend the line or export it again"
        )
    if not isinstance(record, dict):
        return Reject(where, "", "the line is not a JSON object", "write one object a line")
    for key, named in mapping.items():
        if named in record:
            record[key] = record[named]
    note_id = _id(record) or f"{source.stem}:{number}"
    text = record.get("text")
    if text is None:
        missing = "'text' is null" if "text" in record else "no key 'text'"
        return Reject(
            where, note_id, f"{missing}; keys present: {meta.shown(sorted(record)[:12])}",
            "name the note's text 'text'",
        )  # fmt: skip
    if not isinstance(text, str):
        return Reject(where, note_id, "'text' is not a string", "write the note's text as a string")
    return Note(note_id, whole(text), meta.collect(record), where)


def _id(record: dict[str, Any]) -> str:
    for key in ("note_id", "id"):
        value = record.get(key)
        if isinstance(value, float) and value.is_integer():
            # What pandas makes of whole numbers in a column with gaps.
            value = int(value)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return whole(str(value).strip())
    return ""
