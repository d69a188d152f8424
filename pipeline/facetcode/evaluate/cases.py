"""Labelled notes beside what facetcode said of them, read now or from a file of records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from facetcode.errors import AnnotationError, RecordError
from facetcode.evaluate.gold import POLICIES, GoldNote
from facetcode.evaluate.labelings import of_record, policy_family
from facetcode.evaluate.score import NoteScore, score_note
from facetcode.notes.formats import Reject
from facetcode.recode import read_records
from facetcode.record import Record

NO_RECORD = "has labels and no record"
OTHER_TEXT = "the record was made from another text"


@dataclass(frozen=True, slots=True)
class Case:
    """One labelled note, its records by the labels' policy, and how they compare."""

    gold: GoldNote
    records: Mapping[str, Record]
    score: NoteScore

    @property
    def record(self) -> Record:
        """The record that facts are judged on: under ``default`` where there is one."""
        return self.records.get("default") or self.records["medicare"]

    def meta(self, key: str) -> str:
        """What the note's or the record's metadata say under a key; empty where neither does."""
        return self.gold.meta.get(key) or self.record.meta.get(key, "")


def code_cases(
    notes: Iterable[GoldNote],
    told: Callable[[int], object] = lambda done: None,
    *,
    models: str | None = None,
) -> list[Case]:
    """Read, code and score each labelled note, with the models that ``models`` names.

    Labels follow the rules in force when they were written, whatever date the invented note bears:
    the claims are made under the newest rules of each policy.
    """
    from facetcode.coding import code, load_policy
    from facetcode.extract.build import Extractor
    from facetcode.learn.in_use import models_in_use

    used = models_in_use(models)
    extractor = Extractor(votes=used.votes)
    in_force = {policy: load_policy(policy).on(None) for policy in POLICIES}
    cases = []
    for done, note in enumerate(notes, 1):
        facts = extractor.facts(note.text, note.meta)
        records = {
            policy: used.assessed(
                code(facts, rules, note_id=note.note_id, meta=note.meta), note.text, {}
            )
            for policy, rules in in_force.items()
        }
        cases.append(Case(note, records, score_note(note, records)))
        told(done)
    return cases


def stored_cases(
    notes: Sequence[GoldNote], records: Path, told: Callable[[Reject], object]
) -> list[Case]:
    """Score labelled notes against records that exist already; nothing is read again.

    A note may have a record under ``default``, under Medicare, or both; records of other notes are
    passed over. ``told`` hears of records that cannot be read, labelled notes without a record,
    and records of another text. Raises RecordError for a policy the labels state no codes under,
    and AnnotationError where no note has a record.
    """
    by_id = {note.note_id: note for note in notes}
    found: dict[str, dict[str, Record]] = {}
    for record in read_records(records_file(records)):
        if isinstance(record, Reject):
            told(record)
            continue
        if record.note_id not in by_id:
            continue
        family = policy_family(record.policy)
        if family not in POLICIES:
            raise RecordError(
                f"{records}: note '{record.note_id}' was coded under {family}; labels state codes "
                "under default and medicare: code the notes with --policy default or medicare"
            )
        held = found.setdefault(record.note_id, {})
        if family in held:
            raise RecordError(
                f"{records}: note '{record.note_id}' has two records under {family}; keep one"
            )
        held[family] = record
    cases = []
    for note in notes:
        held = found.get(note.note_id, {})
        problem, remedy = _unusable(note, held)
        if problem:
            told(Reject(str(records), note.note_id, problem, remedy))
        else:
            cases.append(Case(note, held, score_note(note, held)))
    if not cases:
        raise AnnotationError(f"{records}: holds no record of the labelled notes; compare the ids")
    return cases


def records_file(path: Path) -> Path:
    """A batch's folder stands for its records."""
    inside = path / "records.jsonl"
    return inside if path.is_dir() and inside.is_file() else path


def _unusable(note: GoldNote, records: Mapping[str, Record]) -> tuple[str, str]:
    if not records:
        return NO_RECORD, "code it too, or it counts for nothing"
    for record in records.values():
        if any(note.text[e.start : e.end] != e.text for e in of_record(record).quoted):
            return OTHER_TEXT, "code the labelled text"
    return "", ""
