"""Agreement between labelings of the same notes: fields by kappa, marks by F1, and where not."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from facetcode.evaluate.disagreements import (
    Disagreement,
    disagreements,
    field_order,
    span_labels,
)
from facetcode.evaluate.intervals import Estimate, f1_interval
from facetcode.evaluate.kappa import (
    SEED,
    Agreement,
    Floats,
    Units,
    bootstrap,
    interval,
    kappas,
    table_of,
)
from facetcode.evaluate.labelings import Labeling, Labels, Mark
from facetcode.evaluate.matching import Counts, compare, compare_spans

HOWS = ("exact", "overlap", "exact, attributes", "overlap, attributes")
"""How marks may answer each other: the same words or some of them, read alike or not."""
HUMANS, MIXED, MACHINES = "human-human", "machine-human", "machine-machine"

_FEW = 2
"""Raters up to whom the kappa is Cohen's and the pair is the whole."""


@dataclass(frozen=True, slots=True)
class SpanAgreement:
    """Marks both made, only the first, only the second (tp, fn, fp); F1 with its interval."""

    counts: Counts
    f1: Estimate


@dataclass(frozen=True, slots=True)
class Pair:
    """Two raters, by their places among the labelings, on the notes both labelled."""

    a: int
    b: int
    who: str
    notes: int
    fields: Mapping[str, Agreement]
    spans: Mapping[str, Mapping[str, SpanAgreement]]


@dataclass(frozen=True, slots=True)
class Beside:
    """Mean kappa of the human pairs, of the machine with each human, and the second less the first.

    All on the notes that every rater labelled; the intervals come from the same draws of notes.
    """

    human: Estimate
    machine: Estimate
    difference: Estimate


@dataclass(frozen=True, slots=True)
class AgreementReport:
    """All that was found about some labelings of the same notes."""

    labelings: Sequence[Labeling]
    common: int
    """Notes that every rater labelled."""
    pairs: Sequence[Pair]
    together: Mapping[str, Agreement]
    """Fleiss' kappa of more than two raters, on the notes that all labelled; else empty."""
    beside: Mapping[str, Beside]
    disagreements: Sequence[Disagreement]
    set_aside: Sequence[str]
    """Notes whose text differs between labelings: their offsets say nothing about each other."""


def compare_labelings(labelings: Sequence[Labeling], seed: int = SEED) -> AgreementReport:
    """Compare two or more labelings; notes that only one of them holds are left out."""
    aside = _other_texts(labelings)
    common = _shared(labelings, aside)
    pairs = [
        _pair(labelings, a, b, aside, seed)
        for a, b in itertools.combinations(range(len(labelings)), 2)
    ]
    several = len(labelings) > _FEW and common
    everybody = [[labeling.notes[i] for i in common] for labeling in labelings]
    together = _fields(everybody, seed) if several else {}
    return AgreementReport(
        labelings=labelings,
        common=len(common),
        pairs=pairs,
        together=together,
        beside=_beside(labelings, everybody, seed) if several else {},
        disagreements=list(disagreements(labelings, aside)),
        set_aside=sorted(aside),
    )


def _shared(labelings: Sequence[Labeling], aside: set[str]) -> list[str]:
    held = [set(labeling.notes) for labeling in labelings]
    return sorted(set.intersection(*held) - aside)


def _other_texts(labelings: Sequence[Labeling]) -> set[str]:
    texts: dict[str, str] = {}
    differing = set()
    for labeling in labelings:
        for note_id, labels in labeling.notes.items():
            if labels.text is not None and texts.setdefault(note_id, labels.text) != labels.text:
                differing.add(note_id)
    for labeling in labelings:
        for note_id, labels in labeling.notes.items():
            text = texts.get(note_id)
            if text is not None and any(text[e.start : e.end] != e.text for e in labels.quoted):
                differing.add(note_id)
    return differing


def _pair(labelings: Sequence[Labeling], a: int, b: int, aside: set[str], seed: int) -> Pair:
    two = (labelings[a], labelings[b])
    shared = _shared(two, aside)
    machines = sum(labeling.machine for labeling in two)
    said = [[labeling.notes[i] for i in shared] for labeling in two]
    return Pair(
        a=a,
        b=b,
        who=(HUMANS, MIXED, MACHINES)[machines],
        notes=len(shared),
        fields=_fields(said, seed) if shared else {},
        spans=_spans(said, span_labels(said, bool(machines))) if shared else {},
    )


def units_of(said: Sequence[Sequence[Labels]]) -> dict[str, Units]:
    """Field to what was rated, of raters' labels of the same notes in the same order.

    A note counts for a field where every rater filled it. The side is rated a joint, of joints
    that every rater names; a flag that nobody ever raised is no field.
    """
    units: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
    for place, of_note in enumerate(zip(*said, strict=True)):
        names = set.intersection(*(set(labels.fields) for labels in of_note))
        for name in names:
            words = tuple(labels.fields[name] for labels in of_note)
            units.setdefault(name, []).append((place, words))
        joints = set.intersection(*(set(labels.sides) for labels in of_note))
        for joint in sorted(joints):
            words = tuple(labels.sides[joint] for labels in of_note)
            units.setdefault("side", []).append((place, words))
    return {
        name: units[name]
        for name in sorted(units, key=field_order)
        if not name.startswith("flag ") or any("raised" in words for _, words in units[name])
    }


def _fields(said: Sequence[Sequence[Labels]], seed: int) -> dict[str, Agreement]:
    units = units_of(said)
    found = kappas(list(units.values()), len(said[0]), seed)
    return dict(zip(units, found, strict=True))


def _spans(
    said: Sequence[Sequence[Labels]], names: Sequence[str]
) -> dict[str, dict[str, SpanAgreement]]:
    found: dict[str, dict[str, SpanAgreement]] = {}
    for name in names:
        counts = [
            mark_counts(a.marks.get(name, ()), b.marks.get(name, ()))
            for a, b in zip(*said, strict=True)
        ]
        found[name] = {how: _span_agreement([c[how] for c in counts]) for how in HOWS}
    return found


def mark_counts(first: Sequence[Mark], second: Sequence[Mark]) -> dict[str, Counts]:
    """How many marks of two raters answer each other, a way of ``HOWS``."""
    places = [[(m.start, m.end) for m in marks] for marks in (first, second)]
    read: dict[str, Counts] = {
        "exact": compare_spans(*places, exact=True),
        "overlap": compare_spans(*places, exact=False),
        "exact, attributes": compare(first, second),
    }
    alike = Counts()
    for attrs in {m.attrs for m in (*first, *second)}:
        same = [[(m.start, m.end) for m in marks if m.attrs == attrs] for marks in (first, second)]
        alike += compare_spans(*same, exact=False)
    return {**read, "overlap, attributes": alike}


def _span_agreement(counts: Sequence[Counts]) -> SpanAgreement:
    total = sum(counts, Counts())
    if total.f1 is None:
        return SpanAgreement(total, Estimate(None, 0.0, 1.0, 0))
    low, high = f1_interval(np.array([(c.tp, c.fp, c.fn) for c in counts]))
    return SpanAgreement(total, Estimate(total.f1, low, high, total.tp + total.fp + total.fn))


def _beside(
    labelings: Sequence[Labeling], said: Sequence[Sequence[Labels]], seed: int
) -> dict[str, Beside]:
    """Human pairs beside pairs of a machine and a human; empty without two humans and a machine."""
    pairs = list(itertools.combinations(range(len(labelings)), 2))
    kind = {pair: labelings[pair[0]].machine + labelings[pair[1]].machine for pair in pairs}
    if not {0, 1} <= set(kind.values()):
        return {}
    units = {pair: units_of([said[pair[0]], said[pair[1]]]) for pair in pairs if kind[pair] < _FEW}
    notes = len(said[0])
    found: dict[str, Beside] = {}
    for name in sorted(set().union(*units.values()), key=field_order):
        rated = [pair for pair in units if name in units[pair]]
        found_kappas = kappas([units[pair][name] for pair in rated], notes, seed)
        draws = bootstrap([table_of(units[pair][name], notes) for pair in rated], notes, seed)
        groups: tuple[_Group, _Group] = ([], [])
        for pair, agreement, drawn in zip(rated, found_kappas, draws, strict=True):
            if agreement.kappa.value is not None:
                groups[kind[pair]].append((agreement.kappa, drawn))
        if groups[0] and groups[1]:
            found[name] = _set_beside(*groups)
    return found


_Group: TypeAlias = list[tuple[Estimate, Floats]]


def _set_beside(human: _Group, machine: _Group) -> Beside:
    people, people_draws = _mean(human)
    program, program_draws = _mean(machine)
    apart = _kappa_of(program) - _kappa_of(people)
    low, high = interval(program_draws - people_draws, apart)
    if low == high:
        # No draw moved the difference: the bounds of each mean are all that is known of it.
        low, high = program.low - _kappa_of(people), _kappa_of(program) - people.low
    return Beside(people, program, Estimate(apart, low, high, people.n))


def _mean(group: _Group) -> tuple[Estimate, Floats]:
    """Mean kappa of some pairs; its interval is no narrower than the pairs' bounds on average."""
    draws: Floats = np.mean([drawn for _, drawn in group], axis=0)
    kappa = sum(_kappa_of(one) for one, _ in group) / len(group)
    low, high = interval(draws, kappa)
    if low == high:
        low = min(low, sum(one.low for one, _ in group) / len(group))
        high = max(high, sum(one.high for one, _ in group) / len(group))
    return Estimate(kappa, low, high, min(one.n for one, _ in group)), draws


def _kappa_of(estimate: Estimate) -> float:
    return 0.0 if estimate.value is None else estimate.value
