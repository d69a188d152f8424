"""Which reader reads which file, and what holds for notes of every format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from facetcode.errors import NoteFormatError
from facetcode.notes import delimited, jsonl, text
from facetcode.notes.note import MAX_NOTE_CHARS, Note, Reject

__all__ = ["SUFFIXES", "Reject", "count_hint", "files", "read"]

SUFFIXES: dict[str, str] = {
    ".txt": "text", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "delimited", ".tsv": "delimited",
}  # fmt: skip
"""File name suffix to reader."""


def files(paths: Sequence[Path]) -> list[Path]:
    """Every file to read, folders walked in sorted order, hidden and unknown files left out.

    Raises NoteFormatError for a path that is not there, a file of a format nobody reads, and a
    folder without any note.
    """
    found: list[Path] = []
    known = ", ".join(SUFFIXES)
    for path in paths:
        if path.is_dir():
            inside = [
                p for p in sorted(path.rglob("*"))
                if p.is_file() and p.suffix.lower() in SUFFIXES
                and not any(part.startswith(".") for part in p.relative_to(path).parts)
            ]  # fmt: skip
            if not inside:
                raise NoteFormatError(f"{path}: no notes in this folder; it reads {known}")
            found += inside
        elif not path.exists():
            raise NoteFormatError(f"{path}: no such file or folder; check the path")
        elif path.suffix.lower() not in SUFFIXES:
            raise NoteFormatError(f"{path}: unknown format '{path.suffix}'; it reads {known}")
        else:
            found.append(path)
    return found


def read(
    paths: Sequence[Path], *, text_column: str | None = None, id_column: str | None = None
) -> Iterator[Note | Reject]:
    """Notes of files and folders, in order, in constant memory but for their ids.

    Raises NoteFormatError at once for paths that :func:`files` refuses; what is wrong with one
    note is a Reject, and the rest goes on.
    """
    chosen = files(paths)
    return _checked(_all(paths, chosen, text_column, id_column))


def _all(
    paths: Sequence[Path], chosen: Sequence[Path], text_column: str | None, id_column: str | None
) -> Iterator[Note | Reject]:
    names = _text_names(paths, chosen)
    for path in chosen:
        try:
            if path.stat().st_size == 0:
                yield Reject(str(path), "", "the file is empty", "export it again or leave it out")
                continue
            kind = SUFFIXES[path.suffix.lower()]
            if kind == "text":
                yield from text.read(path, note_id=names[path])
            elif kind == "jsonl":
                yield from jsonl.read(path)
            else:
                yield from _delimited(path, text_column, id_column, alone=len(chosen) == 1)
        except OSError as error:
            yield Reject(
                str(path), "", f"it cannot be read ({error.strerror})", "check its permissions"
            )


def _delimited(
    path: Path, text_column: str | None, id_column: str | None, *, alone: bool
) -> Iterator[Note | Reject]:
    try:
        yield from delimited.read(path, text_column=text_column, id_column=id_column)
    except NoteFormatError as error:
        if alone:
            raise
        # One table of many without its column must not end the run.
        yield Reject(str(path), "", str(error).removeprefix(f"{path}: "), "or leave the file out")


def _text_names(paths: Sequence[Path], chosen: Sequence[Path]) -> dict[Path, str]:
    """Ids of text notes: the stem, or the path below the folder given where stems collide."""
    texts = [p for p in chosen if p.suffix.lower() == ".txt"]
    stems: dict[str, int] = {}
    for path in texts:
        stems[path.stem] = stems.get(path.stem, 0) + 1
    roots = [p for p in paths if p.is_dir()]
    names = {}
    for path in texts:
        name = path.stem
        root = next((r for r in roots if r in path.parents), None)
        if stems[name] > 1 and root is not None:
            name = path.relative_to(root).with_suffix("").as_posix()
        names[path] = name
    return names


def _checked(items: Iterator[Note | Reject]) -> Iterator[Note | Reject]:
    """Rules for notes of every format: text, a sane length, an id of its own."""
    first: dict[str, str] = {}
    for item in items:
        if isinstance(item, Reject):
            yield item
        elif not item.text.strip():
            yield Reject(item.source, item.note_id, "the note has no text", "export it again")
        elif len(item.text) > MAX_NOTE_CHARS:
            yield Reject(
                item.source, item.note_id,
                f"{len(item.text):,} characters are too long for a note, over {MAX_NOTE_CHARS:,}",
                "split the file into one note each",
            )  # fmt: skip
        elif item.note_id in first:
            yield Reject(
                item.source, item.note_id, f"its id stood already at {first[item.note_id]}",
                "give every note an id of its own",
            )  # fmt: skip
        else:
            first[item.note_id] = item.source
            yield item


def count_hint(paths: Sequence[Path]) -> int | None:
    """How many notes there are if that is cheap to know (text files, lines); None for tables."""
    total = 0
    for path in files(paths):
        kind = SUFFIXES[path.suffix.lower()]
        if kind == "text":
            total += 1
        elif kind == "jsonl":
            with path.open("rb") as file:
                total += sum(1 for line in file if line.strip())
        else:
            return None
    return total
