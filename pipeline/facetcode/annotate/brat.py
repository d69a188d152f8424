"""brat stand-off: ``<note>.txt``, ``<note>.ann``, ``annotation.conf``, and ``<note>.yaml`` beside.

Attributes with a fixed set of values are attribute lines (``A1  level_side T1 right``); free ones
stand in the mark's note (``#1  AnnotatorNotes T1  joint="C4-C5 C5-C6"``), since brat's attributes
hold no blanks. brat keeps nothing about a whole document, so that stands in the YAML file, in the
words of an inline file's front matter. Offsets are code points (http://brat.nlplab.org/standoff).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from facetcode.annotate.document import Document, attrs_word, ordered, parse_attrs
from facetcode.annotate.label_studio_config import CHOICES
from facetcode.annotate.offsets import CODE_POINTS, to_code_points
from facetcode.errors import AnnotationError
from facetcode.evaluate.gold import GoldSpan
from facetcode.evaluate.markup import LABELS

_FIXED = {(label, key): values for (label, key), values in CHOICES.items() if key != "joint"}
_BOUND = re.compile(r"(T\d+)\t(\S+) (\d+ \d+(?:;\d+ \d+)*)(?:\t(.*))?")
_ATTRIBUTE = re.compile(r"[AM]\d+\t(\S+) (\S+)(?: (.+))?")
_NOTE = re.compile(r"#\d*\t(\S+) (\S+)(?:\t(.*))?")
_MAY_BE_EMPTY = {"level": "joint", "diagnosis": "code"}


def config() -> str:
    """``annotation.conf`` of the collection."""
    lines = ["[entities]", *LABELS, "", "[relations]", "", "[events]", "", "[attributes]"]
    for (label, key), values in _FIXED.items():
        lines.append(f"{label}_{key}\tArg:{label}, Value:{'|'.join(values)}")
    return "\n".join(lines) + "\n"


def write(documents: Iterable[Document]) -> Iterator[tuple[str, bytes]]:
    """The files of a collection: name and content."""
    yield "annotation.conf", config().encode()
    for document in documents:
        name = document.note_id
        yield f"{name}.txt", document.text.encode("utf-8")
        yield f"{name}.ann", _ann(document).encode("utf-8")
        front = {**document.front, "text_sha256": document.sha256}
        for key in ("source_id", "suggested"):
            if getattr(document, key):
                front[key] = getattr(document, key)
        head = yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=10_000)
        yield f"{name}.yaml", head.encode("utf-8")


def _ann(document: Document) -> str:
    lines: list[str] = []
    attributes = notes = 0
    for number, span in enumerate(document.spans, start=1):
        # brat shows a line break inside a mark as a blank, and so it is written.
        words = re.sub(r"[\r\n]", " ", document.text[span.start : span.end])
        lines.append(f"T{number}\t{span.label} {span.start} {span.end}\t{words}")
        free = {}
        for key, value in span.attrs.items():
            if (span.label, key) in _FIXED:
                attributes += 1
                lines.append(f"A{attributes}\t{span.label}_{key} T{number} {value}")
            else:
                free[key] = value
        if free:
            notes += 1
            lines.append(f"#{notes}\tAnnotatorNotes T{number}\t{attrs_word(free)}")
    return "".join(f"{line}\n" for line in lines)


def read(paths: Iterable[Path]) -> Iterator[Document]:
    """The documents of collections. Raises AnnotationError for a folder without ``.ann`` files."""
    for path in paths:
        files = sorted(path.rglob("*.ann")) if path.is_dir() else [path]
        if not files:
            raise AnnotationError(f"{path}: no .ann file in it; name brat's collection folder")
        for file in files:
            yield _document(file)


def _document(file: Path) -> Document:
    text = _read(file.with_suffix(".txt"))
    front = _front(file.with_suffix(".yaml"))
    given = str(front.pop("text_sha256", "") or "")
    source_id = str(front.pop("source_id", "") or "")
    suggested = str(front.pop("suggested", "") or "")
    problems: list[str] = []
    marks, attrs, notes, others = _lines(_read(file), problems)
    places, reading = to_code_points(
        text, [(start, end, words) for _, _, start, end, words in marks]
    )
    spans = []
    for (mark, label, start, end, _), place in zip(marks, places, strict=True):
        if place is None:
            problems.append(f"{mark}: the words kept with {start}-{end} do not stand there")
            continue
        own = dict(attrs.get(mark, {}))
        free = parse_attrs(notes.get(mark, ""))
        if free is None:
            problems.append(f'{mark}: its note is not of the form key="value"')
        own = {
            key.removeprefix(f"{label}_"): value for key, value in {**own, **(free or {})}.items()
        }
        if label in _MAY_BE_EMPTY:
            own.setdefault(_MAY_BE_EMPTY[label], "")
        spans.append(ordered(GoldSpan(label, *place, own)))
    notices = []
    if reading != CODE_POINTS:
        notices.append(f"its offsets count {reading}; they were converted")
    if others:
        notices.append(f"{others} relations, events and the like were left out")
    return Document(
        front,
        text,
        tuple(sorted(spans, key=lambda s: (s.start, s.end))),
        str(file),
        given,
        source_id,
        suggested,
        tuple(problems),
        tuple(notices),
    )


Marks = list[tuple[str, str, int, int, str | None]]
"""Id, label, start, end and words of text-bound lines."""


def _lines(
    ann: str, problems: list[str]
) -> tuple[Marks, dict[str, dict[str, str]], dict[str, str], int]:
    """Marks, their attributes and their notes, and how many lines are something else."""
    marks: Marks = []
    attrs: dict[str, dict[str, str]] = {}
    notes: dict[str, str] = {}
    others = 0
    # Only line feeds part lines: a mark may hold a form feed or a line separator.
    for number, line in enumerate(ann.split("\n"), start=1):
        line = line.removesuffix("\r")
        if not line.strip():
            continue
        if found := _BOUND.fullmatch(line):
            mark, label, place, words = found.groups()
            if ";" in place:
                problems.append(f"line {number}: {mark} is in pieces; mark one stretch of words")
                continue
            start, end = map(int, place.split())
            marks.append((mark, label, start, end, words))
        elif found := _ATTRIBUTE.fullmatch(line):
            name, mark, value = found.groups()
            attrs.setdefault(mark, {})[name] = value or "true"
        elif found := _NOTE.fullmatch(line):
            kind, mark, words = found.groups()
            if kind == "AnnotatorNotes":
                notes[mark] = words or ""
        else:
            others += 1
    return marks, attrs, notes, others


def _read(file: Path) -> str:
    try:
        # Not by lines: Python would turn Windows line breaks into one character each.
        return file.read_bytes().decode("utf-8")
    except OSError as error:
        raise AnnotationError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise AnnotationError(f"{file}: not UTF-8, which brat writes") from None


def _front(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    try:
        front = yaml.safe_load(_read(file))
    except (yaml.YAMLError, ValueError):
        raise AnnotationError(
            f"{file}: not YAML; write key: value lines as in a front matter"
        ) from None
    if not isinstance(front, Mapping):
        raise AnnotationError(f"{file}: write key: value lines as in a front matter")
    return {str(key): value for key, value in front.items()}
