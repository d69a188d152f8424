"""What a rater says of notes, in one form: an annotator's gold files or facetcode's records."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from facetcode import anatomy
from facetcode.errors import AnnotationError
from facetcode.evaluate.corpus import read_corpus
from facetcode.evaluate.gold import FLAGS, POLICIES, GoldNote, GoldSpan
from facetcode.evaluate.score import claim, labelled_status
from facetcode.facts import Evidence, Facts
from facetcode.notes.formats import Reject
from facetcode.recode import read_records
from facetcode.record import Record

NO_BLOCK = "not_applicable"
NOT_FROM_ONE_NOTE = frozenset(
    {"FREQUENCY_LIMIT", "REPEATED_LEVEL", "CLONED_NOTE", "PAYER_RULE_UNKNOWN"}
)
"""Flags that labels never hold: they follow from other notes or from the policy."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A marked stretch of a note: half-open offsets, and its attributes in one normal form."""

    start: int
    end: int
    attrs: str


@dataclass(frozen=True, slots=True)
class Labels:
    """What one rater says of one note.

    ``fields`` holds one word a field; a field that the note gives no reason to fill (guidance
    where no block was done) is left out. ``text`` is None for records, which hold no note.
    """

    note_id: str
    text: str | None
    fields: Mapping[str, str]
    sides: Mapping[str, str]
    marks: Mapping[str, tuple[Mark, ...]]
    quoted: tuple[Evidence, ...] = ()
    """The words a record cites, by which it can be told whether it read the same text."""


@dataclass(frozen=True, slots=True)
class Labeling:
    """One rater's labels by note id; ``machine`` where they are records of facetcode."""

    source: str
    machine: bool
    notes: Mapping[str, Labels]


def read_labeling(path: Path, told: Callable[[Reject], object]) -> Labeling:
    """Read gold files, a folder of them or of inline files, or a file of records.

    A batch's folder stands for its ``records.jsonl``. ``told`` hears of records that cannot be
    read; a malformed label raises AnnotationError, and so does a note that stands twice.
    """
    if path.is_dir() and (path / "records.jsonl").is_file():
        path /= "records.jsonl"
    if path.is_file() and holds_records(path):
        notes: dict[str, Labels] = {}
        for record in _readable(read_records(path), told):
            if record.note_id in notes:
                raise AnnotationError(f"{path}: note '{record.note_id}' has two records; keep one")
            notes[record.note_id] = of_record(record)
        if not notes:
            raise AnnotationError(f"{path}: no record could be read")
        return Labeling(str(path), True, notes)
    gold = read_corpus(path)
    return Labeling(str(path), False, {note.note_id: of_gold(note) for note in gold})


def holds_records(path: Path) -> bool:
    """Whether a JSON Lines file holds records and not labelled notes, by its first line."""
    with path.open("rb") as file:
        line = next((line for line in file if line.strip()), b"")
    try:
        first = json.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return False
    return isinstance(first, dict) and "procedure" in first and "lines" in first


def _readable(
    items: Iterable[Record | Reject], told: Callable[[Reject], object]
) -> Iterator[Record]:
    for item in items:
        if isinstance(item, Reject):
            told(item)
        else:
            yield item


def of_gold(note: GoldNote) -> Labels:
    """What an annotator says of a note."""
    fields = {
        "status": note.status,
        "kind": note.kind or "none",
        **{f"codes {policy}": _set(note.codes[policy]) for policy in POLICIES},
        "relief": _set(f"{r.low:g}-{r.high:g} {r.when}" for r in note.relief),
        "diagnoses": _set(note.diagnoses),
        "clean": "yes" if note.clean else "no",
    }
    if note.status != NO_BLOCK:
        fields |= _block_fields(note.intent, note.ordinal, note.guidance, note.levels)
        fields |= _flag_fields(note.flags, "medicare")
        if note.named_as:
            fields["named_as"] = note.named_as
    marks: dict[str, set[Mark]] = {}
    for span in note.spans:
        marks.setdefault(span.label, set()).add(Mark(span.start, span.end, _attrs(span)))
    return Labels(note.note_id, note.text, fields, dict(note.levels), _in_order(marks))


def of_record(record: Record) -> Labels:
    """What facetcode says of a note; codes and flags bear the name of the policy's family."""
    facts, family = record.facts, policy_family(record.policy)
    block = record.status != NO_BLOCK
    levels = {level.joint: level.side for level in facts.levels} if block else {}
    fields = {
        "status": labelled_status(record),
        "kind": facts.procedure.kind or "none",
        f"codes {family}": _set(claim(record)),
        "relief": _set(f"{r.low:g}-{r.high:g} {r.when}" for r in facts.relief),
        "diagnoses": _set(d.code for d in facts.diagnoses if d.code),
    }
    if block:
        fields |= _block_fields(
            facts.procedure.intent, facts.procedure.ordinal, facts.guidance.modality, levels
        )
        fields |= _flag_fields([flag.code for flag in record.flags], family)
        named = {level.named_as for level in facts.levels}
        if named:
            fields["named_as"] = named.pop() if len(named) == 1 else "both"
    marks = marks_of(facts)
    held = (
        facts.procedure.evidence,
        facts.guidance.evidence,
        *(level.evidence for level in facts.levels),
        *(relief.evidence for relief in facts.relief),
        *(diagnosis.evidence for diagnosis in facts.diagnoses),
        *(score.evidence for score in facts.scores),
    )
    quoted = tuple(e for evidence in held for e in evidence if e.note_id is None)
    return Labels(record.note_id, None, fields, levels, _in_order(marks), quoted)


def policy_family(policy: str) -> str:
    """Under which of the labels' policies a record's codes can be judged, else the policy's name.

    Medicare's contractors bill professional and hospital claims alike; surgery centres write both
    sides on lines of their own.
    """
    name = policy.split("@", 1)[0]
    return "medicare" if name.startswith("medicare") and not name.endswith("-asc") else name


def marks_of(facts: Facts) -> dict[str, set[Mark]]:
    """The words a record's facts rest on, as an annotator would have marked them."""
    marks: dict[str, set[Mark]] = {
        "procedure": _marks(facts.procedure.evidence, facts.procedure.kind or ""),
        "guidance": _marks(facts.guidance.evidence, facts.guidance.modality),
        "level": set(),
        "relief": set(),
        "diagnosis": set(),
        "score": set(),
    }
    # The same words may stand behind several joints; they are one mark that names them all.
    places: dict[tuple[int, int], dict[str, str]] = {}
    for level in facts.levels:
        for mark in _marks(level.evidence, ""):
            places.setdefault((mark.start, mark.end), {})[level.joint] = level.side
    for (start, end), joints in places.items():
        side = anatomy.merge_sides(list(joints.values()))
        marks["level"].add(Mark(start, end, _level(joints, side)))
    for nerve in facts.nerves:
        for mark in _marks(nerve.evidence, _level((), nerve.side)):
            if (mark.start, mark.end) not in places:
                marks["level"].add(mark)
    for relief in facts.relief:
        marks["relief"] |= _marks(relief.evidence, f"{relief.low:g}-{relief.high:g} {relief.when}")
    for diagnosis in facts.diagnoses:
        marks["diagnosis"] |= _marks(diagnosis.evidence, diagnosis.code or "in words")
    for score in facts.scores:
        value = f"{score.low:g}" if score.low == score.high else f"{score.low:g}-{score.high:g}"
        marks["score"] |= _marks(score.evidence, f"{score.when} {value}/{score.scale:g}")
    return marks


def _marks(evidence: Iterable[Evidence], attrs: str) -> set[Mark]:
    return {Mark(e.start, e.end, attrs) for e in evidence if e.note_id is None and e.start < e.end}


def _in_order(marks: Mapping[str, Iterable[Mark]]) -> dict[str, tuple[Mark, ...]]:
    def place(mark: Mark) -> tuple[int, int, str]:
        return mark.start, mark.end, mark.attrs

    return {label: tuple(sorted(found, key=place)) for label, found in marks.items()}


def _attrs(span: GoldSpan) -> str:
    """A mark's attributes as ``marks_of`` writes them, so that equal ones are equal strings."""
    attrs = span.attrs
    if span.label == "level":
        return _level(attrs["joint"].split(), attrs["side"])
    if span.label == "relief":
        return f"{float(attrs['low']):g}-{float(attrs['high']):g} {attrs['when']}"
    if span.label == "diagnosis":
        return attrs["code"] or "in words"
    if span.label == "score":
        value = "-".join(f"{float(part):g}" for part in attrs["value"].split("-"))
        return f"{attrs['when']} {value}/{float(attrs['scale']):g}"
    return " ".join(attrs.values())


def _level(joints: Iterable[str], side: str) -> str:
    return " ".join((*sorted(joints, key=anatomy.order), side))


def _block_fields(
    intent: str, ordinal: int | None, guidance: str | None, levels: Mapping[str, str]
) -> dict[str, str]:
    return {
        "intent": intent,
        "ordinal": str(ordinal or "none"),
        "guidance": guidance or "none",
        "joints": _set(levels),
    }


def _flag_fields(raised: Sequence[str], family: str) -> dict[str, str]:
    """Each flag as a field, and all together; those of another policy are fields of their own."""
    of_policy = "" if family == "medicare" else f" {family}"
    counted = set(raised) - NOT_FROM_ONE_NOTE
    fields = {f"flags{of_policy}": _set(counted)}
    for flag in FLAGS:
        if flag not in NOT_FROM_ONE_NOTE:
            fields[f"flag {flag}{of_policy}"] = "raised" if flag in counted else "not raised"
    return fields


def _set(words: Iterable[str]) -> str:
    return " ".join(sorted(words)) or "none"
