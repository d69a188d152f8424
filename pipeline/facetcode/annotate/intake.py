"""Annotated notes back into gold, checked: labels, overlaps, attributes, facts, changed text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from facetcode.annotate.document import (
    FACT_KEYS,
    Document,
    digest,
    fingerprint,
    from_gold,
    span_problems,
    to_note,
)
from facetcode.errors import AnnotationError
from facetcode.evaluate.gold import GoldNote, read_gold, to_gold
from facetcode.evaluate.gold_check import check
from facetcode.output import replacing


@dataclass(slots=True)
class Intake:
    """What came in, and what did not and why; nothing in it quotes a note."""

    notes: list[GoldNote] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """What kept a note out."""
    notices: list[str] = field(default_factory=list)
    """What somebody should look at in notes that came in."""
    left_out: int = 0


def take_in(documents: Iterable[Document], against: Mapping[str, GoldNote] | None = None) -> Intake:
    """Check documents and make labelled notes of them.

    ``against`` holds the notes as they were before, by id: their text must be the same, and their
    facts stand where the tool keeps none.
    """
    result = Intake()
    seen: set[str] = set()
    for document in documents:
        before = (against or {}).get(document.note_id)
        found = [f"{_name(document)}: {problem}" for problem in _problems(document, before)]
        if document.note_id in seen:
            found.append(f"{_name(document)}: the note came in already; keep one of the two")
        seen.add(document.note_id)
        stated = _with_facts(document, before, result)
        note = None
        if not found:
            try:
                note = to_note(stated)
            except AnnotationError as error:
                found.append(f"{_name(document)}: {_reason(str(error), document)}")
        if note is None:
            result.problems += found
            result.left_out += 1
            continue
        result.notes.append(note)
        result.notices += [f"{_name(document)}: {notice}" for notice in document.notices]
        result.notices += [f"{_name(document)}: {problem}" for problem in check(note)]
        if document.suggested and document.suggested == fingerprint(from_gold(note)):
            result.notices.append(
                f"{_name(document)}: exactly what facetcode suggested; labels nobody has checked "
                "measure nothing"
            )
    return result


def _name(document: Document) -> str:
    return f"{document.where}: {document.note_id or 'a note without an id'}"


def _reason(message: str, document: Document) -> str:
    return message.removeprefix(f"{document.where}: ")


def _problems(document: Document, before: GoldNote | None) -> list[str]:
    problems = list(span_problems(document))
    if not document.note_id:
        problems.append(
            "no note_id; it was lost on the way, or the note was not exported from here"
        )
    told = before.text if before else None
    changed = bool(document.sha256) and digest(document.text) != document.sha256
    if changed or (told is not None and told != document.text):
        was = f"; it had {len(told)}" if told is not None else ""
        problems.append(
            f"its text has changed: {len(document.text)} characters{was}; offsets would be wrong, "
            "restore the text or label the note anew"
        )
    if "status" not in document.front and before is None:
        problems.append(
            "nothing is stated of the note (status, levels, codes …); state it in the tool, or "
            "name gold that does with --against"
        )
    return problems


def _with_facts(document: Document, before: GoldNote | None, result: Intake) -> Document:
    """The document with facts of before where it has none."""
    if before is None:
        return document
    known = from_gold(before).front
    if "status" in document.front:
        return replace(
            document, front={**{k: known[k] for k in ("voice", "meta")}, **document.front}
        )
    result.notices.append(f"{_name(document)}: its facts are those of before; only marks are new")
    kept = {key: known[key] for key in ("note_id", "voice", "meta", *FACT_KEYS)}
    return replace(document, front={**document.front, **kept})


def read_desk(paths: Iterable[Path]) -> Iterable[Document]:
    """Gold lines as documents: the desk's ``annotations.jsonl``, or gold of another place."""
    for path in paths:
        for number, note in enumerate(read_gold(path), start=1):
            yield replace(from_gold(note), where=f"{path}:{number}")


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of the notes of one gold file."""

    path: Path
    added: int
    changed: int
    same: int


def merge(notes: Iterable[GoldNote], target: Path) -> list[Merged]:
    """Put notes into a gold file, or into ``<voice>.jsonl`` of a folder: by id, in order of ids.

    Notes that are there and did not come in stay. Each file is replaced whole or not at all.
    """
    files: dict[Path, dict[str, GoldNote]] = {}
    for note in notes:
        path = target if target.suffix == ".jsonl" else target / f"{note.voice}.jsonl"
        files.setdefault(path, {})[note.note_id] = note
    if target.suffix != ".jsonl":
        target.mkdir(parents=True, exist_ok=True)
    merged = []
    for path, own in sorted(files.items()):
        there = {note.note_id: note for note in read_gold(path)} if path.exists() else {}
        added = sum(note_id not in there for note_id in own)
        changed = sum(there[i] != note for i, note in own.items() if i in there)
        everything = {**there, **own}
        with replacing(path) as file:
            for note_id in sorted(everything, key=_order):
                line = json.dumps(to_gold(everything[note_id]), ensure_ascii=False)
                file.write(f"{line}\n".encode("utf-8", "surrogatepass"))
        merged.append(Merged(path, added, changed, len(own) - added - changed))
    return merged


def _order(note_id: str) -> tuple[str, int]:
    voice, _, number = note_id.rpartition("-")
    return voice, int(number)
