"""What training on the corpus and on a practice's notes share: reading, scoring, ablation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facetcode.coding import code, load_policy
from facetcode.errors import AnnotationError
from facetcode.evaluate.gold import POLICIES, GoldNote
from facetcode.evaluate.score import NoteScore, claim, score_note
from facetcode.extract.build import Extractor
from facetcode.extract.votes import Votes
from facetcode.learn.agreement import claim_of, claim_of_look
from facetcode.learn.confidence import Looked
from facetcode.learn.voices import Interval, over_groups
from facetcode.record import Record, facts_from_json

Look = Mapping[str, Any]


def records_of(note: GoldNote, extractor: Extractor) -> dict[str, Record]:
    """A labelled note's records, one a policy of the labels, under the newest rules of each."""
    facts = extractor.facts(note.text, note.meta)
    return {
        policy: code(facts, load_policy(policy).on(None), note_id=note.note_id, meta=note.meta)
        for policy in POLICIES
    }


def read_looks(folder: Path) -> dict[str, Look]:
    """First looks by note id; a folder that is not there holds none. Raises AnnotationError."""
    looks: dict[str, Look] = {}
    for path in sorted(folder.glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    look = json.loads(line)
                    looks[look["note_id"]] = look
                    _ = look["voice"], look["program"], look["facts"], look["claims"]
                except (ValueError, KeyError, TypeError):
                    raise AnnotationError(
                        f"{path}:{number}: not a first look; make it again from before the voice "
                        "was read, or delete the line"
                    ) from None
    return looks


def looked_first(note: GoldNote, hand: str, look: Look) -> Looked:
    """A note as the program of its first look read it."""
    return Looked(
        note,
        hand,
        facts_from_json(look["facts"], f"first look at {note.note_id}"),
        {policy: claim_of_look(look, policy) for policy in POLICIES},
        {policy: _lines(look["claims"][policy]["lines"]) for policy in POLICIES},
    )


def looked_now(note: GoldNote, hand: str, records: Mapping[str, Record]) -> Looked:
    """A note as this program reads it; honest where no rule was written from it."""
    return Looked(
        note,
        hand,
        records[POLICIES[0]].facts,
        {policy: claim_of(record) for policy, record in records.items()},
        {policy: claim(record) for policy, record in records.items()},
    )


def _lines(given: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(
        "-".join((line["code"], *sorted(line["modifiers"], key=lambda m: (m != "50", m))))
        for line in given
    )


def fingerprint(notes: Sequence[GoldNote], looks: Mapping[str, Look]) -> dict[str, Any]:
    """What a model was trained on: a hash over texts, labels and first looks, and how many."""
    digest = hashlib.sha256()
    for note in sorted(notes, key=lambda n: n.note_id):
        labels = (sorted(note.levels.items()), note.status, sorted(note.codes.items()))
        spans = [(s.label, s.start, s.end, sorted(s.attrs.items())) for s in note.spans]
        first = looks.get(note.note_id)
        digest.update(repr((note.note_id, note.text, labels, spans)).encode())
        digest.update(json.dumps(first, sort_keys=True).encode() if first else b"-")
    return {
        "sha256": digest.hexdigest(),
        "notes": len(notes),
        "voices": len({note.voice for note in notes}),
        "first_looks": sum(note.note_id in looks for note in notes),
    }


@dataclass(frozen=True, slots=True)
class Ablated:
    """One figure with rules alone and with models, and the difference over hands."""

    figure: str
    rules: float
    models: float
    gain: Interval


def scores(notes: Sequence[GoldNote], votes: Callable[[GoldNote], Votes | None]) -> list[NoteScore]:
    """Each note scored when it is read with the votes that the callable gives for it."""
    extractor = Extractor()
    found = []
    for note in notes:
        extractor.votes = votes(note)
        found.append(score_note(note, records_of(note, extractor)))
    return found


_F1 = ("joint+side", "relief", "diagnosis")


def ablation(
    rules: Sequence[NoteScore], models: Sequence[NoteScore], hands: Sequence[str]
) -> list[Ablated]:
    """Every fact with rules alone and with models on the same notes; intervals over hands."""

    def shares(of: Callable[[NoteScore], bool]) -> tuple[Any, Any]:
        both = (np.array([float(of(s)) for s in side]) for side in (rules, models))
        one, other = both
        return (lambda rows: float(np.mean(one[rows]))), (lambda rows: float(np.mean(other[rows])))

    def f1s(fact: str) -> tuple[Any, Any]:
        tables = [
            np.array([(s.facts[fact].tp, s.facts[fact].fp, s.facts[fact].fn) for s in side])
            for side in (rules, models)
        ]

        def f1(table: Any) -> Callable[[Any], float]:
            def figure(rows: Any) -> float:
                tp, fp, fn = table[rows].sum(axis=0)
                return float(2 * tp / (2 * tp + fp + fn)) if tp + fp + fn else 1.0

            return figure

        return f1(tables[0]), f1(tables[1])

    figures: dict[str, tuple[Any, Any]] = {f"{fact}, F1": f1s(fact) for fact in _F1}
    figures |= {
        f"codes exact, {policy}": shares(lambda s, p=policy: s.claims[p])  # type: ignore[misc]
        for policy in POLICIES
    }
    figures["status"] = shares(lambda s: s.fields["status"])
    figures["no code without a block"] = shares(lambda s: not s.false_code)
    figures["note all correct"] = shares(lambda s: s.all_correct)
    everything = np.arange(len(rules))
    return [
        Ablated(
            name,
            one(everything),
            other(everything),
            over_groups(lambda rows, a=one, b=other: b(rows) - a(rows), hands, 500),  # type: ignore[misc]
        )
        for name, (one, other) in figures.items()
    ]


def not_worse(found: Sequence[Ablated], fact: str) -> bool:
    """Whether claims and the task's own fact are as often exact as with rules alone, and no other
    figure of the whole program is surely lower."""
    watched = {"codes exact, default", "codes exact, medicare", fact}
    return all(
        one.models >= one.rules if one.figure in watched else one.gain.high >= 0 for one in found
    )


def interval_json(interval: Interval) -> dict[str, float]:
    """An interval as metrics hold it, to four digits."""
    return {k: round(getattr(interval, k), 4) for k in ("value", "low", "high")}


def ablation_json(found: Sequence[Ablated]) -> list[dict[str, Any]]:
    """An ablation as metrics hold it."""
    return [
        {
            "figure": one.figure,
            "rules": round(one.rules, 4),
            "models": round(one.models, 4),
            "gain": interval_json(one.gain),
        }
        for one in found
    ]
