"""A note on its way to or from an annotation tool: text, marks, and what is stated of the note."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from facetcode.errors import AnnotationError
from facetcode.evaluate.gold import FRONT_KEYS, GoldNote, GoldSpan, make_note
from facetcode.evaluate.markup import LABELS

FACT_KEYS = tuple(key for key in FRONT_KEYS if key not in ("note_id", "voice", "meta"))
"""What is stated of a note as a whole, beside its id, voice and metadata."""
_ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Document:
    """One note; ``front`` has the keys of an inline file's front matter, as far as they are known.

    ``sha256`` is that of the text the tool was given, empty where the tool does not keep it.
    """

    front: Mapping[str, Any]
    text: str
    spans: tuple[GoldSpan, ...]
    where: str = ""
    sha256: str = ""
    source_id: str = ""
    suggested: str = ""
    """Fingerprint of what was suggested, where a record filled the marks and facts."""
    problems: tuple[str, ...] = ()
    """What the reader could not make sense of: each a sentence without words of the note."""
    notices: tuple[str, ...] = ()
    """What it could, and somebody should know."""

    @property
    def note_id(self) -> str:
        """The note's id in gold, or nothing."""
        return str(self.front.get("note_id") or "")


def digest(text: str) -> str:
    """SHA-256 of a text, by which a tool's change of it is noticed."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def fingerprint(document: Document) -> str:
    """SHA-256 of a document's marks and facts, by which an unchanged suggestion is noticed."""
    facts = {key: document.front.get(key) for key in FACT_KEYS}
    spans = [[s.start, s.end, s.label, dict(s.attrs)] for s in document.spans]
    return digest(json.dumps([facts, spans], sort_keys=True))


def from_gold(note: GoldNote) -> Document:
    """A labelled note as a document."""
    front = {
        "note_id": note.note_id,
        "voice": note.voice,
        "meta": dict(note.meta),
        "status": note.status,
        "procedure": {"kind": note.kind, "intent": note.intent, "ordinal": note.ordinal},
        "levels": dict(note.levels),
        "named_as": note.named_as,
        "guidance": note.guidance,
        "relief": [{"low": r.low, "high": r.high, "when": r.when} for r in note.relief],
        "diagnoses": list(note.diagnoses),
        "codes": {policy: list(lines) for policy, lines in note.codes.items()},
        "flags": list(note.flags),
        "clean": note.clean,
    }
    return Document(front, note.text, note.spans, sha256=digest(note.text))


def to_note(document: Document) -> GoldNote:
    """The labelled note of a document. Raises AnnotationError for the first thing not allowed."""
    first = next(iter(span_problems(document)), None)
    if first is not None:
        raise AnnotationError(f"{document.where}: {first}")
    spans = tuple(sorted(document.spans, key=lambda span: (span.start, span.end)))
    try:
        return make_note(document.front, document.text, spans, document.where, {})
    except AnnotationError as error:
        # The line after the place is always 1 here: tools' files have no lines of front matter.
        raise AnnotationError(
            str(error).replace(f"{document.where}:1:", f"{document.where}:", 1)
        ) from None


def span_problems(document: Document) -> Iterator[str]:
    """What is wrong with the marks, one sentence each, by label and offsets, never by words."""
    yield from document.problems
    length = len(document.text)
    sound: list[GoldSpan] = []
    for span in document.spans:
        name = f"mark {span.label[:40]!r} at {span.start}-{span.end}"
        if span.label not in LABELS:
            yield f"{name}: unknown label; use {', '.join(LABELS)}"
            continue
        if not 0 <= span.start < span.end <= length:
            yield f"{name}: lies outside the text, which has {length} characters"
            continue
        words = document.text[span.start : span.end]
        if words != words.strip():
            yield f"{name}: begins or ends with blank space; mark the words only"
        yield from _attribute_problems(span, name)
        sound.append(span)
    sound.sort(key=lambda span: (span.start, span.end))
    for before, after in pairwise(sound):
        if after.start < before.end:
            yield (
                f"marks '{before.label}' at {before.start}-{before.end} and '{after.label}' at "
                f"{after.start}-{after.end} overlap; keep one"
            )


def _attribute_problems(span: GoldSpan, name: str) -> Iterator[str]:
    wanted = LABELS[span.label]
    for key, allows in wanted.items():
        if key not in span.attrs:
            yield f"{name}: lacks {key}"
        elif not allows(span.attrs[key]):
            yield f"{name}: cannot have this {key}"
    for key in span.attrs:
        if key not in wanted:
            yield f"{name}: has no attribute {key[:40]!r}"


def attrs_word(attrs: Mapping[str, str]) -> str:
    """Attributes as inline marks write them: ``joint="C4-C5" side="right"``."""
    return " ".join(f'{key}="{value}"' for key, value in attrs.items())


def parse_attrs(text: str) -> dict[str, str] | None:
    """Attributes as inline marks write them; None where anything else stands there."""
    pairs = _ATTRIBUTE.findall(text)
    if _ATTRIBUTE.sub("", text).strip(" ,;\t") or len(dict(pairs)) != len(pairs):
        return None
    return dict(pairs)


def ordered(span: GoldSpan) -> GoldSpan:
    """The mark with its attributes in the order of the guidelines, unknown ones last."""
    wanted = LABELS.get(span.label, {})
    keys: Sequence[str] = [key for key in wanted if key in span.attrs]
    keys = [*keys, *(key for key in span.attrs if key not in wanted)]
    return GoldSpan(span.label, span.start, span.end, {key: span.attrs[key] for key in keys})
