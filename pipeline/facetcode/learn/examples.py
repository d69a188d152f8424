"""Labelled notes made ready to learn from, and what one task is asked about one of their places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from facetcode.evaluate.gold import GoldNote
from facetcode.extract.build import Extractor, find_facts
from facetcode.extract.reading import Reading
from facetcode.facts import Facts
from facetcode.record import facts_from_json

Features = dict[str, float]

_WORD = re.compile(r"[A-Za-z]+|\d+|[%:;=>|/-]")


@dataclass(frozen=True, slots=True)
class ReadNote:
    """A labelled note with its reading; ``first`` are the facts of its first look, if one is kept.

    Where there is one, what the rules said is taken from it: on notes they were mended after, rules
    are right more often than on a stranger's, and a model would learn to trust them too much.
    """

    gold: GoldNote
    hand: str
    """Whose writing it is: the group that is left out whole."""
    reading: Reading
    facts: Facts
    first: Facts | None

    @property
    def by_rule(self) -> Facts:
        """What the rules said of the note before anybody read it, as far as that is known."""
        return self.first or self.facts


@dataclass(frozen=True, slots=True)
class Example:
    """One decision: its features, the right answer, and the rules' answer."""

    note_id: str
    hand: str
    features: Features
    label: str
    rule: str


def read_notes(
    notes: Iterable[GoldNote],
    extractor: Extractor,
    looks: Mapping[str, Mapping[str, Any]],
    hands: Mapping[str, str],
) -> Iterator[ReadNote]:
    """The notes read by rules alone; ``looks`` and ``hands`` are by note id."""
    for note in notes:
        reading = extractor.reading(note.text, note.meta)
        look = looks.get(note.note_id)
        first = facts_from_json(look["facts"], f"first look at {note.note_id}") if look else None
        yield ReadNote(note, hands[note.note_id], reading, find_facts(reading), first)


def around(text: str, start: int, end: int, words: int, features: Features) -> None:
    """Add the words before and after a place, digits told apart from words only."""
    before = _WORD.findall(text, max(0, start - 80), start)[-words:]
    after = _WORD.findall(text, end, end + 80)[:words]
    for side, found in (("before", before), ("after", after)):
        for word in found:
            features[f"{side}: {'#' if word.isdigit() else word.lower()}"] = 1.0


def common(examples: Sequence[Example], least: int) -> list[Example]:
    """The examples without features that fewer than ``least`` notes have.

    Rare words teach nothing and may be names; a model trained on a practice's notes keeps none.
    """
    notes: dict[str, set[str]] = {}
    for example in examples:
        for name in example.features:
            notes.setdefault(name, set()).add(example.note_id)
    kept = {name for name, ids in notes.items() if len(ids) >= least}
    return [
        Example(
            e.note_id,
            e.hand,
            {name: value for name, value in e.features.items() if name in kept},
            e.label,
            e.rule,
        )
        for e in examples
    ]
