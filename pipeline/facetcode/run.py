"""One run of the command: read, code, write, and account for every note that was given."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from facetcode.coder import Coder
from facetcode.coding.choose import PayerMapping
from facetcode.errors import FacetcodeError, NoteFormatError
from facetcode.notes.formats import Reject, read
from facetcode.notes.note import Note
from facetcode.output import Format, records_to
from facetcode.recode import Stored, read_facts
from facetcode.record import Record

T = TypeVar("T")

_FEW = 5
"""Notes up to which a progress bar would only flicker."""
_LISTED = 10
"""Ids that a message lists before it only counts the rest."""


class Tally:
    """What became of each note; failures are said as they come, the rest is counted."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.records: Counter[str] = Counter()
        self.failed = 0

    def readable(self, items: Iterable[T | Reject]) -> Iterator[T]:
        """The items that could be read; the rejects among them are reported."""
        for item in items:
            if isinstance(item, Reject):
                self.failed += 1
                whose = f"note {item.note_id}: " if item.note_id else ""
                self.say(f"{item.source}: {whose}{item.reason}; {item.remedy}")
            else:
                yield item

    def failure(self, given: Note | Stored, error: Exception) -> None:
        """Report a note that could be read and not coded."""
        self.failed += 1
        # Only our own errors are known to quote no note; of others the kind must do.
        known = isinstance(error, FacetcodeError)
        reason = str(error) if known else f"internal error {type(error).__name__}"
        place = f"{given.source}: " if given.source else ""
        self.say(f"{place}note {given.note_id}: {reason.removeprefix(f'{given.note_id}: ')}")

    def count(self, record: Record) -> None:
        """Take note of one record."""
        self.records[record.status] += 1

    @property
    def seen(self) -> int:
        """Notes that have been dealt with, one way or the other."""
        return self.records.total() + self.failed

    def summary(self) -> str:
        """The run in one sentence."""
        made = self.records.total()
        names = {"coded": "coded", "query": "to query", "not_applicable": "not applicable"}
        kinds = ", ".join(f"{n:,} {names[status]}" for status, n in self.records.most_common())
        text = f"{made:,} record{'' if made == 1 else 's'}: {kinds}" if made else "no record"
        if not self.failed:
            return text
        notes = "1 note" if self.failed == 1 else f"{self.failed:,} notes"
        return f"{text}; {notes} could not be coded (listed above)"


def code_notes(
    paths: list[Path],
    coder: Coder,
    tally: Tally,
    *,
    text_column: str | None = None,
    id_column: str | None = None,
) -> Iterator[Record]:
    """Records of the notes in files and folders, in their order, as they are consumed."""
    notes = read(paths, text_column=text_column, id_column=id_column)
    yield from coder.pipe(tally.readable(notes), on_error=tally.failure)


def code_facts(path: Path, coder: Coder, tally: Tally) -> Iterator[Record]:
    """Records of facts that are filled in already: the coding alone, without spaCy."""
    for stored in tally.readable(read_facts(path)):
        try:
            record = coder.code_facts(stored.facts, note_id=stored.note_id, meta=stored.meta)
        except Exception as error:  # one bad record must not cost the others theirs
            tally.failure(stored, error)
            continue
        yield record


def write(
    records: Iterable[Record],
    tally: Tally,
    form: Format,
    output: Path | None,
    *,
    total: int | None = None,
    progress: bool = False,
) -> None:
    """Write records and count them; a run without any leaves the output file as it was."""
    with records_to(output, form) as writer:
        with _progress(total, progress) as show_progress:
            for record in records:
                writer.write(record)
                tally.count(record)
                show_progress(tally.seen)
        if not tally.records:
            raise NothingRead(f"; {output} is not written" if output else "")


def say_unmatched(coder: Coder, say: Callable[[str], None]) -> None:
    """Say how many notes name a payer that no row of the mapping knows."""
    if coder.unmatched and isinstance(coder.policy, PayerMapping):
        notes = "1 note names" if coder.unmatched == 1 else f"{coder.unmatched:,} notes name"
        say(
            f"{notes} a payer that no rule of the mapping fits on their date; coded under "
            f"'{coder.policy.otherwise}': choose with --policy, or add the payer with --payers"
        )


class NothingRead(FacetcodeError):
    """Not one note could be coded, so there is nothing to write."""


@contextmanager
def _progress(total: int | None, wanted: bool) -> Iterator[Callable[[int], object]]:
    """A function to tell how many notes are done; it draws only where somebody watches."""
    if not wanted or (total is not None and total <= _FEW) or not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True, markup=False, emoji=False, highlight=False)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("notes", total=total)
        yield lambda done: bar.update(task, completed=done)


def find_note(
    path: Path,
    note_id: str | None,
    *,
    text_column: str | None = None,
    id_column: str | None = None,
) -> Note:
    """The one note of a file, or that of an export with the given id; raises NoteFormatError."""
    ids: list[str] = []
    first: Note | None = None
    reject: Reject | None = None
    for item in read([path], text_column=text_column, id_column=id_column):
        if isinstance(item, Reject):
            if note_id is None or item.note_id == note_id:
                reject = reject or item
        elif note_id is None or item.note_id != note_id:
            first = first or item
            ids.append(item.note_id)
        else:
            return item
    names = ", ".join(ids[:_LISTED]) + (", …" if len(ids) > _LISTED else "")
    if note_id is None and len(ids) == 1 and first is not None:
        return first
    if note_id is None and ids:
        raise NoteFormatError(f"{path}: holds {len(ids):,} notes; choose one with --id: {names}")
    if reject is not None:
        raise NoteFormatError(f"{reject.source}: {reject.reason}; {reject.remedy}")
    if note_id is None:
        raise NoteFormatError(f"{path}: holds no note")
    raise NoteFormatError(f"{path}: no note '{note_id}'; its notes: {names or 'none'}")
