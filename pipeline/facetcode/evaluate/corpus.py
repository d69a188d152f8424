"""A labelled corpus on disk: gold files, inline folders, and which voices belong to which split."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from facetcode.errors import AnnotationError
from facetcode.evaluate.gold import GoldNote, read_gold
from facetcode.evaluate.markup import parse_inline

SPLITS = ("train", "dev", "test")
SPLITS_FILE = "splits.yaml"


def read_splits(path: Path) -> dict[str, str]:
    """Voice to split, from a file that lists the voices under train, dev and test."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise AnnotationError(f"{path}: cannot be read as YAML ({type(error).__name__})") from None
    if not isinstance(data, dict) or set(data) - {*SPLITS}:
        raise AnnotationError(f"{path}: write the voices under {', '.join(SPLITS)}")
    found: dict[str, str] = {}
    for split, voices in data.items():
        if not isinstance(voices, list) or not all(isinstance(v, str) for v in voices):
            raise AnnotationError(f"{path}: {split}: write a list of voices")
        for voice in voices:
            if voice in found:
                raise AnnotationError(f"{path}: voice '{voice}' is in {found[voice]} and {split}")
            found[voice] = split
    return found


def read_corpus(path: Path, split: str | None = None) -> list[GoldNote]:
    """The labelled notes of a gold file, a folder of them, or a folder of inline files.

    ``split`` keeps the voices that ``splits.yaml``, in the folder or beside it, puts there. Raises
    AnnotationError where there is no note, a note is malformed, or an id stands twice.
    """
    notes = list(_notes(path))
    if split is not None:
        file = next((f for f in split_files(path) if f.is_file()), None)
        if file is None:
            raise AnnotationError(f"{path}: no {SPLITS_FILE} in or beside it says what is {split}")
        of_voice = read_splits(file)
        unknown = sorted({note.voice for note in notes} - set(of_voice))
        if unknown:
            raise AnnotationError(f"{file}: name the split of {', '.join(unknown)}")
        notes = [note for note in notes if of_voice[note.voice] == split]
    if not notes:
        of_split = f" of split {split}" if split else ""
        raise AnnotationError(f"{path}: no labelled note{of_split}; give gold .jsonl files")
    seen: set[str] = set()
    for note in notes:
        if note.note_id in seen:
            raise AnnotationError(f"{path}: note '{note.note_id}' is labelled twice")
        seen.add(note.note_id)
    return notes


def split_files(path: Path) -> Iterator[Path]:
    """Where the splits of a gold file or folder may be told: in the folder, or beside it."""
    folder = path if path.is_dir() else path.parent
    yield folder / SPLITS_FILE
    yield folder.parent / SPLITS_FILE


def _notes(path: Path) -> Iterator[GoldNote]:
    if not path.exists():
        raise AnnotationError(f"{path}: no such file or folder")
    if path.is_file():
        yield from read_gold(path)
        return
    files = sorted(path.glob("*.jsonl"))
    for file in files:
        yield from read_gold(file)
    if not files:
        for file in sorted(path.rglob("*.txt")):
            yield parse_inline(file.read_text(encoding="utf-8"), file.stem)
