"""Which reader reads which file, and what holds for notes of every format."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from facetcode.errors import NoteFormatError
from facetcode.notes import delimited, fhir, hl7v2, jsonl, source, tables, text
from facetcode.notes.note import MAX_ID_CHARS, MAX_NOTE_CHARS, Note, Reject
from facetcode.notes.seen import Seen
from facetcode.notes.source import Broken, Source

__all__ = ["SUFFIXES", "Reject", "count_hint", "files", "read"]

SUFFIXES: dict[str, str] = {
    ".txt": "text", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "delimited",
    ".tsv": "delimited", ".parquet": "parquet", ".xlsx": "excel", ".hl7": "hl7", ".xml": "document",
    ".html": "document", ".htm": "document", ".rtf": "document", ".pdf": "document",
    ".docx": "document", ".gz": "gzip", ".zip": "zip",
}  # fmt: skip
"""File name suffix to reader."""
_NAME_CHARS = 255
"""Longest name of a file on the usual file systems."""
_HEAD = 4096


def _kind(given: Source) -> str:
    """The reader for a source: by its first bytes where they leave no doubt, else by its suffix."""
    head = given.head(_HEAD)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n\x0b")
    by_suffix = SUFFIXES.get(given.suffix, "")
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        return by_suffix if by_suffix in {"excel", "document"} else _in_zip(given)
    if start.startswith((b"{\\rtf", b"%PDF-")) or b"<clinicaldocument" in start.lower():
        return "document"
    if re.match(rb"(?:MSH|FHS|BHS)[^\w\s]", start):
        return "hl7"
    if by_suffix in {"jsonl", "text", ""} and start.startswith(b"{"):
        if fhir.is_fhir(start.split(b"\n")[0]):
            return "fhir"
        return by_suffix or "jsonl"
    return by_suffix


def _in_zip(given: Source) -> str:
    """Office documents are zip archives too; their parts say which."""
    names = [m.name for m in source.members(given) if isinstance(m, Source)]
    for part, kind in (("/xl/workbook.xml", "excel"), ("/word/document.xml", "document")):
        if any(name.endswith(part) for name in names):
            return kind
    return "zip"


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
    paths: Sequence[Path],
    *,
    text_column: str | None = None,
    id_column: str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> Iterator[Note | Reject]:
    """Notes of files and folders, in order, in constant memory.

    ``mapping`` names a practice's own columns by the contract's keys. Raises NoteFormatError at
    once for paths that :func:`files` refuses; what is wrong with one note is a Reject, and the
    rest goes on.
    """
    chosen = files(paths)
    options = _Options(text_column, id_column, mapping or {})
    return _checked(_all(paths, chosen, options))


def _all(
    paths: Sequence[Path], chosen: Sequence[Path], options: _Options
) -> Iterator[Note | Reject]:
    names = _text_names(paths, chosen)
    binaries = fhir.Binaries([source.of_file(path) for path in chosen if path.exists()])
    for path in chosen:
        empty = True
        reader = _Reader(options, binaries, alone=len(chosen) == 1, name=names.get(path))
        try:
            if path.stat().st_size == 0:
                yield Reject(str(path), "", "the file is empty", "export it again or leave it out")
                continue
            for item in reader.items(source.of_file(path)):
                empty = False
                yield item
        except OSError as error:
            yield Reject(
                str(path), "", f"it cannot be read ({error.strerror or type(error).__name__})",
                "check the file and its permissions",
            )  # fmt: skip
            continue
        if empty and not reader.passed_over:
            yield Reject(str(path), "", "it holds no note", "export it again or leave it out")


@dataclass(frozen=True, slots=True)
class _Options:
    """What a practice says of its tables; see ``columns.find``."""

    text_column: str | None
    id_column: str | None
    mapping: Mapping[str, str]


class _Reader:
    """The notes of one file, whatever it is packed in."""

    def __init__(
        self,
        options: _Options,
        binaries: fhir.Binaries,
        *,
        alone: bool,
        name: str | None,
    ) -> None:
        self._options, self._binaries = options, binaries
        self._alone, self._name = alone, name
        self.passed_over = False
        """Whether the file is of a kind that need not hold notes: other resources or messages."""

    def items(self, given: Source, depth: int = 0) -> Iterator[Note | Reject]:
        """Notes and rejects of a source; an archive's members in its order."""
        try:
            kind = _kind(given)
            if kind == "gzip":
                yield from self._packed(given, depth, lambda: [source.unzipped(given)])
            elif kind == "zip" and depth:
                yield Reject(given.name, "", "archives are packed in archives", "unpack it first")
            elif kind == "zip":
                yield from self._packed(given, depth, lambda: source.members(given))
            else:
                yield from self._read(given, kind, packed=depth > 0)
        except Broken as error:
            yield Reject(given.name, "", error.reason, error.remedy)

    def _packed(
        self, given: Source, depth: int, unpack: Callable[[], Iterable[Source | Reject]]
    ) -> Iterator[Note | Reject]:
        if depth >= _NESTED:
            yield Reject(given.name, "", "archives are packed in archives", "unpack it first")
            return
        for item in unpack():
            if isinstance(item, Reject):
                yield item
            else:
                yield from self.items(item, depth + 1)

    def _read(self, given: Source, kind: str, *, packed: bool) -> Iterator[Note | Reject]:
        # The id was chosen for the file itself; a member of an archive has its own name.
        name = None if packed else self._name
        readers: dict[str, Callable[[], Iterator[Note | Reject]]] = {
            "text": lambda: text.read(given, note_id=name),
            "document": lambda: text.document(given, note_id=name),
            "jsonl": lambda: jsonl.read(given, mapping=self._options.mapping),
            "fhir": lambda: fhir.read(given, self._binaries),
            "hl7": lambda: hl7v2.read(given),
            "delimited": partial(self._table, given, delimited.read),
            "parquet": partial(self._table, given, tables.parquet),
            "excel": partial(self._table, given, tables.excel),
        }
        if kind not in readers:
            known = ", ".join(SUFFIXES)
            reason = f"unknown format '{given.suffix}'"
            yield Reject(given.name, "", reason, f"give one of {known}")
            return
        self.passed_over = self.passed_over or kind in {"fhir", "hl7"}
        items = readers[kind]()
        yield from items if kind in {"text", "document"} else _with_ids(items)

    def _table(
        self, given: Source, read_table: Callable[..., Iterator[Note | Reject]]
    ) -> Iterator[Note | Reject]:
        try:
            yield from read_table(given, **asdict(self._options))
        except NoteFormatError as error:
            if self._alone:
                raise
            # One table of many without its column must not end the run.
            reason = str(error).removeprefix(f"{given.name}: ")
            yield Reject(given.name, "", reason, "or leave the file out")


_NESTED = 2
"""A gzip file in a zip archive is read; what is packed deeper is not."""


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
    texts = {p for p in chosen if SUFFIXES[p.suffix.lower()] in {"text", "document"}}
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
        if kind in {"text", "document"}:
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
