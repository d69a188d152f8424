"""``facetcode code --history``: all notes read first, then each judged on its patient's others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from facetcode.coder import Coder
from facetcode.coding.case import iso_date
from facetcode.notes.formats import Reject, read
from facetcode.notes.note import Note
from facetcode.recode import Stored, read_facts
from facetcode.record import Record
from facetcode.run import Tally
from facetcode.series import Visit, code_series


def code_history(
    paths: list[Path],
    facts: Path | None,
    coder: Coder,
    tally: Tally,
    *,
    patient_folders: bool = False,
    text_column: str | None = None,
    id_column: str | None = None,
) -> Iterator[Record]:
    """Records of notes, or of the stored facts in ``facts``, in their order.

    Holds all of them in memory: a note's record can depend on any other note of the batch.
    ``patient_folders`` takes a note's folder for its patient where the export names none.
    """
    given: dict[str, Note | Stored] = {}
    visits: list[Visit] = []
    if facts is not None:
        for stored in tally.readable(_once(read_facts(facts))):
            given[stored.note_id] = stored
            visits.append(_stored_visit(stored))
    else:
        # A phone call need not name the block whose relief it tells: no note is screened out.
        coder.extractor.screen = False
        notes = read(paths, text_column=text_column, id_column=id_column)
        for note in tally.readable(notes):
            try:
                visit = _visit(note, coder, patient_folders)
            except Exception as error:  # one bad note must not cost the others theirs
                tally.failure(note, error)
                continue
            given[note.note_id] = note
            visits.append(visit)

    def failed(visit: Visit, error: Exception) -> None:
        tally.failure(given[visit.note_id], error)

    _say_gaps(visits, tally.say)
    for record in code_series(
        visits, lambda visit: coder.rules(visit.note_id, visit.meta), on_error=failed
    ):
        source = given[record.note_id]
        # Stored facts come without the words that confidence rests on.
        text = source.text if isinstance(source, Note) else None
        yield record if text is None else coder.models.assessed(record, text, coder.promised)


def _visit(note: Note, coder: Coder, patient_folders: bool) -> Visit:
    from facetcode.extract.dates import date_of_service as stated_day  # spaCy's room, only here

    patient = note.meta.get("patient_id", "").strip()
    if not patient and patient_folders and note.source:
        patient = str(Path(note.source).parent.resolve())
    exported = iso_date(note.meta.get("date_of_service"))
    # A date that the export gives and nobody can read is not replaced by another.
    stated = None if note.meta.get("date_of_service") else stated_day(note.text, note.meta)
    return Visit(
        note_id=note.note_id,
        facts=coder.extractor.facts(note.text, note.meta),
        meta=note.meta,
        day=exported or stated,
        day_from="export" if exported else "note" if stated else None,
        patient=patient,
        text=note.text,
    )


def _stored_visit(stored: Stored) -> Visit:
    day = iso_date(stored.meta.get("date_of_service"))
    return Visit(
        note_id=stored.note_id,
        facts=stored.facts,
        meta=stored.meta,
        day=day,
        day_from="export" if day else None,
        patient=stored.meta.get("patient_id", "").strip(),
    )


def _once(items: Iterator[Stored | Reject]) -> Iterator[Stored | Reject]:
    """The items, but no second record of one note: other notes cite it by its id."""
    seen: dict[str, str] = {}
    for item in items:
        if isinstance(item, Stored):
            first = seen.setdefault(item.note_id, item.source)
            if first != item.source:
                reason = f"its note's record stood already at {first}"
                yield Reject(item.source, item.note_id, reason, "leave one of the two out")
                continue
        yield item


def _say_gaps(visits: list[Visit], say: Callable[[str], None]) -> None:
    alone = sum(not v.patient for v in visits)
    undated = sum(v.day is None for v in visits)
    if alone:
        say(f"{alone:,} of {len(visits):,} notes name no patient and are judged alone")
    if undated:
        say(f"{undated:,} of {len(visits):,} notes have no date and stand in no series")
