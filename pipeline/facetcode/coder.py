"""The whole path for one note, in memory: text to facts to record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from facetcode.coding import InForce, PayerMapping, Policy, choose_policy, code, load_mapping
from facetcode.coding import load_policy as load_named_policy
from facetcode.coding.choose import load_chosen
from facetcode.errors import FacetcodeError, NoteFormatError
from facetcode.facts import Facts
from facetcode.notes.note import Note
from facetcode.record import Record

if TYPE_CHECKING:
    from facetcode.extract.build import Extractor
    from facetcode.learn.guarantee import Guarantee
    from facetcode.learn.in_use import Models

NoteLike: TypeAlias = str | Note | Mapping[str, Any]
"""What a coder takes: a note's text, a Note, or a mapping with the contract's keys."""

OnError: TypeAlias = Callable[[Note, Exception], None]

AUTO = "auto"
"""The policy's name when each note's metadata is to choose it."""


def load_rules(
    policy: str | Path | None = AUTO, payers: str | Path | None = None
) -> Policy | PayerMapping:
    """A policy by name or file; without one, or with ``auto``, the mapping that chooses it.

    ``payers`` is a practice's mapping file (docs/policies.md); without it the shipped example
    serves. Raises PolicyError, and FacetcodeError where both a policy and a mapping are named.
    """
    if policy is None or policy == AUTO:
        return load_mapping(payers)
    if payers is not None:
        raise FacetcodeError(
            f"name a policy ({policy}) or a mapping from payers to policies ({payers}), not both"
        )
    return load_named_policy(policy)


def load(policy: str | Path = "default", models: str | Path | None = None) -> Coder:
    """Load everything needed to code notes under a policy, given by name or as a file.

    With ``auto`` each note's payer, contractor or state, claim type and date choose its policy.
    ``models`` is a folder of a practice's own, ``shipped`` or ``none`` (docs/learning.md). Takes
    some seconds, once: spaCy and scikit-learn are imported here. Raises PolicyError, ModelError.

    >>> from facetcode import load
    >>> from facetcode.record import to_json
    >>> coder = load(policy="default")
    >>> record = coder("Right C4-5 medial branch block under fluoroscopy.")
    >>> [(line.code, line.modifiers) for line in record.lines]
    [('64490', ('RT',))]
    >>> to_json(record)["status"]  # the record as the dict that `facetcode code` writes
    'coded'
    """
    return Coder(load_rules(policy), models=models).ready()


class Coder:
    """Notes to records under one policy, or the one a mapping chooses for each note's payer.

    The note's date of service picks the rules in force. Not tied to files:
    ``facetcode.notes.formats.read`` yields notes for ``pipe``.
    """

    def __init__(
        self,
        policy: Policy | PayerMapping,
        extractor: Extractor | None = None,
        *,
        models: str | Path | None = None,
        auto_at: float | None = None,
    ) -> None:
        """``models`` as for ``load``; ``auto_at`` is the share of marked claims to be right."""
        self.policy = policy
        self._models_named = models
        self._auto_at = auto_at
        self.unmatched = 0
        """Notes that name a payer no row of the mapping fits, coded under its ``otherwise``."""
        self._extractor = extractor

    @property
    def extractor(self) -> Extractor:
        """The pipeline that finds facts, built when first asked for."""
        if self._extractor is None:
            # Imported late: coding stored facts, and --help, must not pay for spaCy.
            from facetcode.extract.build import Extractor

            self._extractor = Extractor(votes=self.models.votes)
        return self._extractor

    @cached_property
    def models(self) -> Models:
        """The trained models in use, found when first asked for. Raises ModelError."""
        from facetcode.learn.in_use import models_in_use

        return models_in_use(self._models_named)

    @cached_property
    def promised(self) -> Mapping[str, Guarantee]:
        """What ``auto_at`` promises, by family of policies; empty where nobody asked."""
        return self.models.promised(self._auto_at)

    def ready(self) -> Coder:
        """Build and load everything now, so that the first note is not the slow one."""
        _ = self.extractor, self.models.load(), self.promised
        return self

    def __call__(self, note: NoteLike) -> Record:
        """The record of one note.

        Raises NoteFormatError for a mapping without text or with a date that is not ISO,
        ExtractionError, and NoPolicyInForce when the policy has no rules on the note's date.
        """
        note = as_note(note)
        facts = self.extractor.facts(note.text, note.meta)
        record = self.code_facts(facts, note_id=note.note_id, meta=note.meta)
        return self.models.assessed(record, note.text, self.promised)

    def pipe(
        self, notes: Iterable[NoteLike], *, on_error: OnError | None = None
    ) -> Iterator[Record]:
        """Records for many notes, in their order, read as they are consumed.

        The first note that fails raises, unless ``on_error`` is given: it is told of the note and
        the exception, and the rest goes on.
        """
        for position, given in enumerate(notes, start=1):
            # Outside the try: a pipeline that cannot be built is not the note's failure.
            _ = self.extractor, self.models.load(), self.promised
            try:
                note = as_note(given, default_id=f"note-{position}")
            except NoteFormatError as error:
                if on_error is None:
                    raise
                on_error(Note(f"note-{position}", ""), error)
                continue
            try:
                record = self(note)
            except Exception as error:
                if on_error is None:
                    raise
                on_error(note, error)
                continue
            yield record

    def code_facts(
        self, facts: Facts, *, note_id: str, meta: Mapping[str, str] | None = None
    ) -> Record:
        """The coding alone, for facts from a structured form or an earlier record."""
        return code(facts, self.rules(note_id, meta or {}), note_id=note_id, meta=meta)

    def rules(self, note_id: str, meta: Mapping[str, str]) -> InForce:
        """The policy for a note, as it holds on its date of service.

        Raises NoPolicyInForce, and NoteFormatError for a date that is not ISO.
        """
        day = date_of_service(note_id, meta)
        if isinstance(self.policy, Policy):
            return self.policy.on(day)
        choice = choose_policy(meta, self.policy)
        in_force = load_chosen(choice, self.policy).on(day)
        self.unmatched += not choice.matched and bool(meta.get("payer", "").strip())
        return in_force


def as_note(given: NoteLike, default_id: str = "note") -> Note:
    """A Note from what a caller holds; a mapping's keys are those of JSON Lines input."""
    if isinstance(given, Note):
        return given
    if isinstance(given, str):
        return Note(default_id, given)
    note_id = str(given.get("note_id") or given.get("id") or default_id)
    text = given.get("text")
    if not isinstance(text, str):
        keys = ", ".join(sorted(map(str, given))) or "none"
        raise NoteFormatError(f"{note_id}: a note needs its words under 'text'; keys here: {keys}")
    return Note(note_id, text, meta_of(given))


def meta_of(given: Mapping[str, Any]) -> dict[str, str]:
    """The plain values beside a note's id and text, as strings; lists and objects are left out."""
    return {
        str(key): value.isoformat() if isinstance(value, date) else str(value)
        for key, value in given.items()
        if key not in {"note_id", "id", "text"} and isinstance(value, str | int | float | date)
    }


def date_of_service(note_id: str, meta: Mapping[str, str]) -> date | None:
    """The day whose rules apply, from ``meta["date_of_service"]``; None when it is not given.

    An unreadable date raises: coding under today's rules instead would be a guess.
    """
    given = meta.get("date_of_service", "").strip()
    if not given:
        return None
    try:
        return datetime.fromisoformat(given).date()
    except ValueError:
        raise NoteFormatError(
            f"{note_id}: date_of_service is not an ISO date; write it as YYYY-MM-DD"
        ) from None
