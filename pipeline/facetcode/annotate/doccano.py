"""doccano's JSON Lines, sequence labelling: a label is a mark's whole inline tag.

doccano's labels have no attributes, so that ``level joint="C4-C5" side="right"`` is one label.
What is stated of the note is metadata, which doccano keeps and exports beside ``label``. Read are
its tuples (``label``, ``labels``, ``entities``) and the objects of projects with relations.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from facetcode.annotate.document import FACT_KEYS, Document, attrs_word, ordered, parse_attrs
from facetcode.annotate.offsets import is_ambiguous
from facetcode.errors import AnnotationError
from facetcode.evaluate.gold import GoldSpan

_LONGEST = 100
"""Characters doccano allows a label."""
_COLUMNS = ("label", "labels", "entities")


def write(documents: Iterable[Document]) -> Iterator[bytes]:
    """A line a note. Raises AnnotationError for a mark whose label doccano could not hold."""
    for document in documents:
        spans = []
        for span in document.spans:
            label = f"{span.label} {attrs_word(span.attrs)}".strip()
            if len(label) > _LONGEST:
                raise AnnotationError(
                    f"{document.note_id}: the mark at {span.start}-{span.end} needs a label of "
                    f"{len(label)} characters and doccano allows {_LONGEST}; take another format"
                )
            spans.append([span.start, span.end, label])
        line = {
            "text": document.text,
            "label": spans,
            "note_id": document.note_id,
            "voice": document.front["voice"],
            "meta": dict(document.front["meta"]),
            "facts": {key: document.front[key] for key in FACT_KEYS if key in document.front},
            "source_id": document.source_id,
            "text_sha256": document.sha256,
            "suggested": document.suggested,
        }
        yield (json.dumps(line, ensure_ascii=True) + "\n").encode()


def read(paths: Iterable[Path]) -> Iterator[Document]:
    """The notes of exports; of a folder, all its ``.jsonl`` files. Raises AnnotationError."""
    for path in paths:
        for file in sorted(path.glob("*.jsonl")) if path.is_dir() else [path]:
            try:
                lines = file.read_bytes().decode("utf-8").split("\n")
            except (OSError, UnicodeDecodeError) as error:
                raise AnnotationError(
                    f"{file}: cannot be read ({type(error).__name__}); unpack doccano's "
                    "archive and name a .jsonl in it"
                ) from None
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _document(line, f"{file}:{number}")


def _document(line: str, where: str) -> Document:
    try:
        data: Any = json.loads(line)
        text = data["text"] if "text" in data else data["data"]
        column = next((name for name in _COLUMNS if data.get(name) is not None), None)
        if column is None or not isinstance(text, str):
            raise KeyError("label")
        claimed = [_claimed(span) for span in data[column]]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise AnnotationError(
            f"{where}: not a note of a sequence labelling project; export it from doccano as JSONL"
        ) from None
    problems, spans = [], []
    for start, end, label in claimed:
        name, _, rest = label.partition(" ")
        attrs = parse_attrs(rest)
        if attrs is None:
            problems.append(
                f'the mark at {start}-{end}: its label is not of the form level joint="C4-C5" …'
            )
            continue
        spans.append(ordered(GoldSpan(name, start, end, attrs)))
    facts = data.get("facts")
    front = {key: data[key] for key in ("note_id", "voice", "meta") if data.get(key) is not None}
    front |= dict(facts) if isinstance(facts, Mapping) else {}
    notices: tuple[str, ...] = ()
    if is_ambiguous(text) and spans:
        notices = ("doccano keeps no words, so that nothing proves how its offsets count here",)
    return Document(
        front,
        text,
        tuple(sorted(spans, key=lambda s: (s.start, s.end))),
        where,
        str(data.get("text_sha256") or ""),
        str(data.get("source_id") or ""),
        str(data.get("suggested") or ""),
        tuple(problems),
        notices,
    )


def _claimed(span: Any) -> tuple[int, int, str]:
    if isinstance(span, Mapping):
        found = (span["start_offset"], span["end_offset"], span["label"])
    else:
        found = tuple(span[:3])
    start, end, label = found
    if type(start) is not int or type(end) is not int or not isinstance(label, str):
        raise TypeError("span")
    return start, end, label
