"""Whether a labelled corpus can be trusted: form, offsets, facts with marks, copies and leaks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from facetcode.errors import AnnotationError
from facetcode.evaluate.corpus import SPLITS, split_files
from facetcode.evaluate.duplicates import NEAR, near_duplicates
from facetcode.evaluate.gold import GoldNote, GoldSpan, from_gold
from facetcode.evaluate.gold_check import check
from facetcode.evaluate.markup import LABELS, parse_inline

CLASSES = {
    "schema": "not a labelled note as annotations/schema.json says",
    "offset": "marks that do not fit the text",
    "consistency": "facts, codes or flags that do not fit the marks or each other",
    "inline": "gold that is not what its inline file compiles to",
    "second": "second labels of another text",
    "id": "a note id that stands twice",
    "duplicate": "the same words twice",
    "near-duplicate": "nearly the same words twice",
    "leak": "a voice, a patient or a text in two splits",
    "split": "voices and splits that do not fit",
}
"""The classes of problems, in the order they are told."""
WARNINGS = frozenset({"duplicate", "near-duplicate"})
"""Classes that do not make a corpus wrong: within one split a practice's template may repeat."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: its class of ``CLASSES``, where, and what; never words of a note."""

    kind: str
    where: str
    what: str

    @property
    def is_error(self) -> bool:
        """Whether the corpus must not be used as it is."""
        return self.kind not in WARNINGS


@dataclass(frozen=True, slots=True)
class _Held:
    note: GoldNote
    where: str


def check_corpus(path: Path, near: float = NEAR) -> tuple[int, list[Problem]]:
    """Check a gold file, a folder of them, or the folder that holds ``gold``; notes and problems.

    Beside gold, ``inline``, ``first``, ``second`` and ``splits.yaml`` are checked where they are.
    Every problem is found, not the first alone. Raises AnnotationError where there is nothing to
    check.
    """
    if not path.exists():
        raise AnnotationError(f"{path}: no such file or folder")
    gold = path / "gold" if (path / "gold").is_dir() else path
    files = [gold] if gold.is_file() else sorted(gold.glob("*.jsonl"))
    if not files:
        raise AnnotationError(f"{path}: no gold .jsonl file; compile the inline files first")
    problems: list[Problem] = []
    held: list[_Held] = []
    lines = 0
    for file in files:
        for found in _read(file):
            lines += 1
            if isinstance(found, Problem):
                problems.append(found)
            else:
                held.append(found)
    for item in held:
        problems += _note_problems(item)
    problems += _repeated_ids(held)
    split_of, wrong = _splits(gold, held)
    problems += wrong
    problems += _copies(held, split_of, near)
    problems += _patients(held, split_of)
    root = gold if gold.is_dir() else gold.parent
    problems += _inline(root.parent / "inline", held)
    for labelling in ("first", "second"):
        problems += _second(root.parent / labelling, held)
    ranks = list(CLASSES)
    return lines, sorted(problems, key=lambda p: (ranks.index(p.kind), p.where, p.what))


def _read(file: Path) -> Iterator[_Held | Problem]:
    """The notes of one file; a line that is none is a problem and the rest goes on."""
    with file.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            where = f"{file.name}:{number}"
            try:
                data = json.loads(line.decode("utf-8"))
                if not isinstance(data, dict):
                    raise ValueError
                note = from_gold(data, file.name, number)
            except AnnotationError as error:
                yield Problem("schema", where, str(error).removeprefix(f"{where}: "))
            except KeyError as error:
                yield Problem("schema", where, f"missing key {error}")
            except (ValueError, RecursionError) as error:
                # Only our own words: those of the parser may quote the line.
                outside = "span lies outside" in str(error)
                what = "a span lies outside the text" if outside else "not a JSON object"
                yield Problem("offset" if outside else "schema", where, what)
            except (TypeError, AttributeError):
                yield Problem("schema", where, "a value of the wrong type")
            else:
                yield _Held(note, where)


def _note_problems(item: _Held) -> Iterator[Problem]:
    note, where = item.note, f"{item.where} {item.note.note_id}"
    malformed = [*_mark_problems(note.spans)]
    for what in malformed:
        yield Problem("schema", where, what)
    for what in _offset_problems(note):
        yield Problem("offset", where, what)
    # Facts are held against the marks' attributes, which must be there for that.
    if not malformed:
        for what in check(note):
            yield Problem("consistency", where, what)


def _mark_problems(spans: Sequence[GoldSpan]) -> Iterator[str]:
    for span in spans:
        at = f"mark at {span.start}"
        wanted = LABELS.get(span.label)
        if wanted is None:
            yield f"{at}: unknown label {span.label!r}; use {', '.join(LABELS)}"
        elif not isinstance(span.attrs, Mapping) or set(span.attrs) != set(wanted):
            yield f"{at}: {span.label} has exactly the attributes {', '.join(wanted)}"
        else:
            for key, allows in wanted.items():
                value = span.attrs[key]
                if not isinstance(value, str) or not allows(value):
                    yield f"{at}: {span.label} cannot have this {key}"


def _offset_problems(note: GoldNote) -> Iterator[str]:
    before = 0
    for span in note.spans:
        at = f"{span.label} mark at {span.start}-{span.end}"
        if span.start < before:
            yield f"{at}: overlaps the mark before it, or stands out of order"
        before = max(before, span.end)
        words = note.text[span.start : span.end]
        if words != words.strip():
            yield f"{at}: begins or ends with blank space"
        if any(_inside_a_word(note.text, edge) for edge in (span.start, span.end)):
            yield f"{at}: begins or ends within a word"


def _inside_a_word(text: str, edge: int) -> bool:
    return 0 < edge < len(text) and text[edge - 1].isalnum() and text[edge].isalnum()


def _repeated_ids(held: Sequence[_Held]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for item in held:
        known = first.setdefault(item.note.note_id, item.where)
        if known != item.where:
            yield Problem("id", f"{item.where} {item.note.note_id}", f"also at {known}")


def _splits(gold: Path, held: Sequence[_Held]) -> tuple[dict[str, set[str]], list[Problem]]:
    """Voice to its splits, with what is wrong about them; empty without a file of splits."""
    file = next((f for f in split_files(gold) if f.is_file()), None)
    if file is None:
        return {}, []
    try:
        data: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}, [Problem("split", file.name, "cannot be read as YAML")]
    good = isinstance(data, dict) and all(
        split in SPLITS and isinstance(voices, list) and all(isinstance(v, str) for v in voices)
        for split, voices in data.items()
    )
    if not good:
        said = f"write lists of voices under {', '.join(SPLITS)}"
        return {}, [Problem("split", file.name, said)]
    of: dict[str, set[str]] = {}
    for split, voices in data.items():
        for voice in voices:
            of.setdefault(voice, set()).add(split)
    problems = [
        Problem("leak", file.name, f"voice {voice} is in {' and '.join(sorted(splits))}")
        for voice, splits in of.items()
        if len(splits) > 1
    ]
    problems += [
        Problem("split", file.name, f"voice {voice} has labelled notes and no split")
        for voice in sorted({item.note.voice for item in held} - of.keys())
    ]
    return of, problems


def _copies(
    held: Sequence[_Held], split_of: Mapping[str, set[str]], near: float
) -> Iterator[Problem]:
    """Each note that copies an earlier one, by id: the likest of a class, and how many more."""
    # In the order of ids, so that the same corpus in other files gives the same answer.
    items = sorted(held, key=lambda item: (item.note.note_id, item.where))
    found: dict[tuple[int, str], list[tuple[float, int]]] = {}
    for i, j, likeness in near_duplicates([item.note.text for item in items], near):
        a, b = items[i].note, items[j].note
        if a.note_id == b.note_id:
            continue  # told already as an id that stands twice
        apart = split_of.get(a.voice, set()) ^ split_of.get(b.voice, set())
        same = likeness == 1.0
        kind = "leak" if apart else "duplicate" if same else "near-duplicate"
        found.setdefault((j, kind), []).append((-likeness, i))
    for (j, kind), others in found.items():
        likeness, i = min(others)
        what = "the same words as" if likeness == -1.0 else f"{-likeness:.0%} the words of"
        more = f", and {len(others) - 1:,} more" if len(others) > 1 else ""
        said = f"{what} {items[i].note.note_id} ({items[i].where}){more}"
        yield Problem(kind, f"{items[j].where} {items[j].note.note_id}", said)


def _patients(held: Sequence[_Held], split_of: Mapping[str, set[str]]) -> Iterator[Problem]:
    """A patient whose notes lie in two splits: what is learnt of one note answers the other."""
    splits: dict[str, set[str]] = {}
    places: dict[str, list[str]] = {}
    for item in held:
        patient = item.note.meta.get("patient_id")
        if patient:
            splits.setdefault(patient, set()).update(split_of.get(item.note.voice, ()))
            places.setdefault(patient, []).append(item.note.note_id)
    for patient, found in splits.items():
        if len(found) > 1:
            notes = ", ".join(sorted(places[patient]))
            yield Problem("leak", notes, f"one patient_id in {' and '.join(sorted(found))}")


def _inline(folder: Path, held: Sequence[_Held]) -> Iterator[Problem]:
    """Gold beside what its inline file says now; a note without an inline file is its own."""
    for item in held:
        note = item.note
        path = folder / note.voice / f"{note.note_id}.txt"
        if path.is_file():
            where = f"{item.where} {note.note_id}"
            try:
                compiled = parse_inline(path.read_bytes().decode("utf-8"), path.name)
            except (AnnotationError, UnicodeDecodeError):
                yield Problem("inline", where, "its inline file no longer compiles")
                continue
            if compiled != note:
                parts = ("text", "spans", "meta", "levels", "codes", "flags")
                differing = [p for p in parts if getattr(compiled, p) != getattr(note, p)]
                said = ", ".join(differing) or "facts"
                yield Problem("inline", where, f"differs in {said}; compile the inline files again")


def _second(folder: Path, held: Sequence[_Held]) -> Iterator[Problem]:
    """Labels kept to measure agreement must be of the same text; their slips are part of it."""
    texts = {item.note.note_id: item.note.text for item in held}
    for file in sorted(folder.glob("*.jsonl")) if folder.is_dir() else ():
        for found in _read(file):
            if isinstance(found, Problem):
                yield Problem(found.kind, f"{folder.name}/{found.where}", found.what)
                continue
            where = f"{folder.name}/{found.where} {found.note.note_id}"
            if found.note.note_id not in texts:
                yield Problem("second", where, "there is no gold label of this note")
            elif texts[found.note.note_id] != found.note.text:
                yield Problem("second", where, "its text is not that of the gold label")
