"""Where raters differ: note by note, field by field and mark by mark."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from facetcode.evaluate.gold import FLAGS
from facetcode.evaluate.labelings import Labeling, Labels, Mark
from facetcode.evaluate.matching import pair_spans

_FIRST = ("status", "kind", "intent", "ordinal", "guidance", "joints", "side", "named_as")


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One field or mark of one note on which raters differ; a word a rater, None where not asked.

    Words are labels and offsets, never those of the note.
    """

    note_id: str
    field: str
    said: tuple[str | None, ...]


def field_order(name: str) -> tuple[int, int, str]:
    """Sort key of fields: what was done first, then codes, then flags in the guidelines' order."""
    if name in _FIRST:
        return 0, _FIRST.index(name), name
    if name.startswith("codes"):
        return 1, 0, name
    if name.startswith("flags"):
        return 3, 0, name
    if name.startswith("flag "):
        return 4, FLAGS.index(name.split()[1]), name
    return 2, 0, name


def span_labels(said: Sequence[Sequence[Labels]], machine: bool) -> list[str]:
    """The labels of marks that raters can be compared on; ``machine`` if one is a record."""
    labels = {label for notes in said for note in notes for label in note.marks}
    # A record cites the words of a level; it keeps none for the word of the side.
    return sorted(labels - {"side"} if machine else labels)


def disagreements(labelings: Sequence[Labeling], aside: set[str]) -> Iterator[Disagreement]:
    """Every difference, by note, field and mark; notes in ``aside`` are left out."""
    for note_id in sorted(set().union(*(labeling.notes for labeling in labelings)) - aside):
        said = [labeling.notes.get(note_id) for labeling in labelings]
        names = sorted({n for labels in said if labels for n in labels.fields}, key=field_order)
        for name in names:
            # All flags together differ where one of them does, and that one is listed.
            if not name.startswith("flags"):
                words = tuple(labels.fields.get(name) if labels else None for labels in said)
                if _differ(words):
                    yield Disagreement(note_id, name, words)
        joints = sorted({j for labels in said if labels for j in labels.sides})
        for joint in joints:
            words = tuple(labels.sides.get(joint) if labels else None for labels in said)
            if _differ(words):
                yield Disagreement(note_id, f"side {joint}", words)
        for a, b in itertools.combinations(range(len(said)), 2):
            first, second = said[a], said[b]
            if first and second:
                machine = labelings[a].machine or labelings[b].machine
                for label in span_labels([[first], [second]], machine):
                    marks = first.marks.get(label, ()), second.marks.get(label, ())
                    for pair in _marks_apart(*marks):
                        row: list[str | None] = [None] * len(said)
                        row[a], row[b] = pair
                        yield Disagreement(note_id, f"{label} mark", tuple(row))


def _differ(words: Sequence[str | None]) -> bool:
    return len(set(words) - {None}) > 1


def _marks_apart(first: Sequence[Mark], second: Sequence[Mark]) -> list[tuple[str, str]]:
    """Marks that differ in words or in reading, beside what answers them, in the note's order."""
    pairs, only_first, only_second = pair_spans(
        [(m.start, m.end) for m in first], [(m.start, m.end) for m in second], exact=False
    )
    apart = [
        (first[i].start, _mark(first[i]), _mark(second[j]))
        for i, j in pairs
        if first[i] != second[j]
    ]
    apart += [(first[i].start, _mark(first[i]), "none") for i in only_first]
    apart += [(second[j].start, "none", _mark(second[j])) for j in only_second]
    return [(a, b) for _, a, b in sorted(apart)]


def _mark(mark: Mark) -> str:
    return f"{mark.start}-{mark.end} {mark.attrs}"
