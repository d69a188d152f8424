"""Two CSV tables: ``notes.csv``, a row a note, and ``spans.csv``, a row a mark."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from facetcode.annotate.document import FACT_KEYS, Document, ordered
from facetcode.annotate.offsets import CODE_POINTS, to_code_points
from facetcode.errors import AnnotationError
from facetcode.evaluate.gold import GoldSpan
from facetcode.evaluate.markup import LABELS
from facetcode.output import unformula

NOTES, SPANS = "notes.csv", "spans.csv"
_ATTRIBUTES = tuple(dict.fromkeys(key for wanted in LABELS.values() for key in wanted))
_NOTE_COLUMNS = (
    "note_id",
    "voice",
    "source_id",
    "text_sha256",
    "suggested",
    "meta",
    *FACT_KEYS,
    "text",
)
_SPAN_COLUMNS = ("note_id", "start", "end", "label", *_ATTRIBUTES, "words")
_WORDS = frozenset({"status", "named_as", "guidance"})
"""Facts that are one word or nothing; the others stand as JSON."""


def write(documents: Iterable[Document]) -> Iterator[tuple[str, bytes]]:
    """Both tables: name and content. The cells of ``notes.csv`` hold the notes' whole text."""
    notes, spans = [], []
    for document in documents:
        front = document.front
        notes.append(
            {
                "note_id": document.note_id,
                "voice": str(front["voice"]),
                "source_id": document.source_id,
                "text_sha256": document.sha256,
                "suggested": document.suggested,
                "meta": json.dumps(front["meta"]),
                **{key: _cell(key, front[key]) for key in FACT_KEYS if key in front},
                "text": document.text,
            }
        )
        for span in document.spans:
            spans.append(
                {
                    "note_id": document.note_id,
                    "start": str(span.start),
                    "end": str(span.end),
                    "label": span.label,
                    **span.attrs,
                    "words": document.text[span.start : span.end],
                }
            )
    yield NOTES, _csv(_NOTE_COLUMNS, notes)
    yield SPANS, _csv(_SPAN_COLUMNS, spans)


def _cell(key: str, value: Any) -> str:
    if key in _WORDS:
        return value or ""
    return json.dumps(value)


def _csv(columns: tuple[str, ...], rows: Iterable[Mapping[str, str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_guarded(row.get(name, "")) for name in columns])
    return ("\ufeff" + out.getvalue()).encode("utf-8", "surrogatepass")


def read(paths: Iterable[Path]) -> Iterator[Document]:
    """The notes of folders that hold both tables. Raises AnnotationError."""
    for path in paths:
        folder = path if path.is_dir() else path.parent
        marks: dict[str, list[dict[str, str]]] = defaultdict(list)
        for row in _rows(folder / SPANS, _SPAN_COLUMNS[:4]):
            marks[row["note_id"]].append(row)
        known = set()
        for row in _rows(folder / NOTES, ("note_id", "text")):
            known.add(row["note_id"])
            yield _document(row, marks[row["note_id"]])
        lost = marks.keys() - known
        if lost:
            raise AnnotationError(
                f"{folder / SPANS}: {len(lost)} notes have marks and no row in {NOTES}"
            )


def _document(row: Mapping[str, str], marks: list[dict[str, str]]) -> Document:
    text, where = row["text"], row["where"]
    problems: list[str] = []
    front: dict[str, Any] = {"note_id": row["note_id"], "voice": row.get("voice", "")}
    for key in ("meta", *FACT_KEYS):
        cell = row.get(key, "")
        if key in _WORDS:
            # An empty cell says null only where the note's facts are there at all.
            if cell or row.get("status"):
                front[key] = cell or None
        elif cell:
            try:
                # Spreadsheets write true in capitals.
                front[key] = json.loads(cell.lower() if key == "clean" else cell)
            except ValueError:
                problems.append(f"{key}: the cell is not JSON any more")
    claimed = []
    for mark in marks:
        if not (mark["start"].isdecimal() and mark["end"].isdecimal()):
            raise AnnotationError(f"{mark['where']}: start and end are whole numbers")
        claimed.append((int(mark["start"]), int(mark["end"]), mark.get("words") or None))
    places, reading = to_code_points(text, claimed)
    spans = []
    for mark, place in zip(marks, places, strict=True):
        if place is None:
            problems.append(
                f"the words kept with the mark at {mark['start']}-{mark['end']} do not stand there"
            )
            continue
        wanted = LABELS.get(mark["label"], {})
        attrs = {
            key: mark.get(key, "") for key in _ATTRIBUTES if key in wanted or mark.get(key, "")
        }
        spans.append(ordered(GoldSpan(mark["label"], *place, attrs)))
    return Document(
        front,
        text,
        tuple(sorted(spans, key=lambda s: (s.start, s.end))),
        where,
        row.get("text_sha256", ""),
        row.get("source_id", ""),
        row.get("suggested", ""),
        tuple(problems),
        () if reading == CODE_POINTS else (f"its offsets count {reading}; they were converted",),
    )


def _rows(file: Path, needs: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Rows by column, cells exactly as they stand: a note's margins are part of it."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise AnnotationError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise AnnotationError(f"{file}: not UTF-8; save the table as CSV UTF-8") from None
    heading = text.split("\n", 1)[0]
    separator = max(",;\t", key=heading.count)
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        missing = [name for name in needs if name not in names]
        if missing:
            raise AnnotationError(f"{file}: no column {', '.join(missing)}")
        for cells in reader:
            if any(cells):
                row = dict(zip(names, map(_unguarded, cells), strict=False))
                yield {**dict.fromkeys(names, ""), **row, "where": f"{file}:{reader.line_num}"}
    except csv.Error:
        raise AnnotationError(f"{file}:{reader.line_num}: a quote is misplaced") from None


def _guarded(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would run, or before one such."""
    bare = cell.lstrip("'")
    return f"'{cell}" if unformula(bare) != bare else cell


def _unguarded(cell: str) -> str:
    """The inverse of ``_guarded``."""
    return cell[1:] if cell.startswith("'") and _guarded(cell) != cell else cell
