"""Which reader reads which file, and what holds for notes of every format."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from facetcode.errors import NoteFormatError
from facetcode.notes import delimited, jsonl, text
from facetcode.notes.note import MAX_ID_CHARS, MAX_NOTE_CHARS, Note, Reject
from facetcode.notes.seen import Seen

__all__ = ["SUFFIXES", "Reject", "count_hint", "files", "read"]

SUFFIXES: dict[str, str] = {
    ".txt": "text", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "delimited", ".tsv": "delimited",
}  # fmt: skip
"""File name suffix to reader."""
_NAME_CHARS = 255
"""Longest name of a file on the usual file systems."""


def files(paths: Sequence[Path]) -> list[Path]:
    """Every file to read, once each, folders walked in sorted order, hidden and unknown left out.

    Raises NoteFormatError for a path that is not there or cannot be looked at, a file of a format
    nobody reads, and a folder without any note.
    """
    found: list[Path] = []
    known = ", ".join(SUFFIXES)
    for path in paths:
        try:
            inside = _inside(path) if path.is_dir() else None
            exists = inside is not None or path.exists()
        except OSError as error:
            # A note's text given for a path ends here, its name being too long: do not repeat it.
            place = error.filename if len(path.name) <= _NAME_CHARS else "a path given"
            raise NoteFormatError(
                f"{place}: it cannot be looked at ({error.strerror}); check the path"
            ) from None
        if inside is not None:
            if not inside:
                raise NoteFormatError(
                    f"{path}: no notes in this folder; give one that holds {known}"
                )
            found += inside
        elif not exists:
            raise NoteFormatError(f"{path}: no such file or folder; check the path")
        elif path.suffix.lower() not in SUFFIXES:
            raise NoteFormatError(f"{path}: unknown format '{path.suffix}'; give one of {known}")
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def _inside(folder: Path) -> list[Path]:
    """Notes at any depth below a folder. Raises OSError where a folder in it cannot be listed."""
    found = []
    for above, folders, names in os.walk(folder, onerror=_fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = (Path(above, name) for name in names if not name.startswith("."))
        # A link that leads nowhere is listed too: reading it says so.
        found += [
            path for path in paths
            if path.suffix.lower() in SUFFIXES and (path.is_file() or path.is_symlink())
        ]  # fmt: skip
    return sorted(found)


def _fail(error: OSError) -> None:
    raise error


def read(
    paths: Sequence[Path], *, text_column: str | None = None, id_column: str | None = None
) -> Iterator[Note | Reject]:
    """Notes of files and folders, in order, in constant memory.

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
        empty = True
        try:
            if path.stat().st_size == 0:
                yield Reject(str(path), "", "the file is empty", "export it again or leave it out")
                continue
            kind = SUFFIXES[path.suffix.lower()]
            if kind == "text":
                items = text.read(path, note_id=names[path])
            elif kind == "jsonl":
                items = _with_ids(jsonl.read(path))
            else:
                table = _delimited(path, text_column, id_column, alone=len(chosen) == 1)
                items = _with_ids(table)
            for item in items:
                empty = False
                yield item
        except OSError as error:
            yield Reject(
                str(path), "", f"it cannot be read ({error.strerror})",
                "check the file and its permissions",
            )  # fmt: skip
            continue
        if empty:
            yield Reject(str(path), "", "it holds no note", "export it again or leave it out")


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


def _with_ids(items: Iterator[Note | Reject]) -> Iterator[Note | Reject]:
    """The items of an export, but no note whose id is no id; it may be text, and is not shown."""
    for item in items:
        size = len(item.note_id)
        if size > MAX_ID_CHARS:
            reason = f"{size:,} characters are too long for an id"
            item = Reject(item.source, "", reason, "take the note's id from another column or key")
        yield item


def _text_names(paths: Sequence[Path], chosen: Sequence[Path]) -> dict[Path, str]:
    """Ids of text notes: the stem; where stems collide the path below the folder that was given;
    where those collide too the path as given.
    """
    texts = {p for p in chosen if p.suffix.lower() == ".txt"}
    roots = [p for p in paths if p.is_dir()]

    def below(path: Path) -> str:
        root = next((r for r in roots if r in path.parents), path.parent)
        return path.relative_to(root).with_suffix("").as_posix()

    def given(path: Path) -> str:
        return path.with_suffix("").as_posix()

    names = {path: path.stem for path in texts}
    forms: tuple[Callable[[Path], str], ...] = (below, given)
    for form in forms:
        count = Counter(names.values())
        names = {p: form(p) if count[name] > 1 else name for p, name in names.items()}
    return names


def _checked(items: Iterator[Note | Reject]) -> Iterator[Note | Reject]:
    """Rules for notes of every format: text, a sane length, an id of its own."""
    seen = Seen()
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
        elif (first := seen.before(item.note_id, item.source)) is not None:
            yield Reject(
                item.source, item.note_id, f"its id stood already at {first}",
                "give every note an id of its own",
            )  # fmt: skip
        else:
            yield item


def count_hint(paths: Sequence[Path]) -> int | None:
    """How many notes there are if that is cheap to know (text files, lines).

    None for tables, and where a file cannot be opened: reading it says why.
    """
    total = 0
    for path in files(paths):
        kind = SUFFIXES[path.suffix.lower()]
        if kind == "text":
            total += 1
        elif kind == "jsonl":
            try:
                with path.open("rb") as file:
                    total += sum(1 for line in file if line.strip())
            except OSError:
                return None
        else:
            return None
    return total
