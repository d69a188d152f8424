"""Percentages and pain scores in context: of today's block, of an earlier one, or neither."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from facetcode.extract import percentages
from facetcode.extract.credit import rule
from facetcode.extract.reading import Reading
from facetcode.facts import FACET_BLOCKS, Evidence, Kind, Relief, Score, When
from facetcode.learn.examples import Example, Features, ReadNote, around

NEITHER = "neither"
"""A threshold, function, a drug's strength, another treatment's relief: no fact of a block."""
_CUES = (
    "ours", "other", "relief", "change", "pain", "literature", "threshold", "result", "now",
    "today", "prior",
)  # fmt: skip
"""Rules of ``relief.yaml`` whose nearness is a feature."""
_WORDS = 5
_NEAR = 20
"""Characters at which a cue counts half."""


@dataclass(frozen=True, slots=True)
class Number:
    """One number to judge; ``said`` is the rules' answer, offsets are in the reading's text."""

    start: int
    end: int
    low: float
    high: float
    evidence: Evidence
    said: str
    score: Score | None = None
    open_ended: bool = False


def numbers(
    reading: Reading, relief: Sequence[Relief], scores: Sequence[Score]
) -> Iterator[Number]:
    """Every percentage of a note, and every score the rules found, with what the rules said."""
    whens = {(e.start, e.end): r.when for r in relief for e in r.evidence}
    for found in percentages.find(reading.even):
        spot = reading.evidence(found.start, found.end)
        said = _overlapping(whens, spot)
        yield Number(
            found.start, found.end, found.low, found.high, spot,
            f"relief {said}" if said else NEITHER, open_ended=found.open_ended,
        )  # fmt: skip
    for score in scores:
        for spot in score.evidence[:1]:
            start, end = _place(reading, spot)
            yield Number(
                start, end, score.low, score.high, spot, f"score {score.when}", score=score
            )


def _place(reading: Reading, spot: Evidence) -> tuple[int, int]:
    """Evidence, whose offsets are the note's, in the text that was read."""
    if reading.note is None:
        return spot.start, spot.end
    offsets, back = range(len(reading.even) + 1), reading.note[1].back
    return bisect_left(offsets, spot.start, key=back), bisect_left(offsets, spot.end, key=back)


def examples(note: ReadNote) -> list[Example]:
    """What the labels say of each number of a note."""
    marked: dict[tuple[int, int], str] = {}
    for span in note.gold.spans:
        if span.label in {"relief", "score"}:
            marked[span.start, span.end] = f"{span.label} {span.attrs['when']}"
    kind = note.by_rule.procedure.kind
    found = []
    for number in numbers(note.reading, note.by_rule.relief, note.facts.scores):
        label = _overlapping(marked, number.evidence) or NEITHER
        features = features_of(note.reading, number, kind)
        found.append(Example(note.gold.note_id, note.hand, features, label, number.said))
    return found


def features_of(reading: Reading, number: Number, kind: Kind | None) -> Features:
    """The number's surroundings, and what the rules say of it."""
    start, end = number.start, number.end
    section, sentence = reading.section_at(start), reading.sentence_at(start)
    features: Features = {
        f"rules: {number.said}": 1.0,
        f"section: {section.category}": 1.0,
        f"section speaks of: {reading.section_time(start)}": 1.0,
        f"done today: {kind or 'nothing'}": 1.0,
        "a score": float(number.score is not None),
        "open": float(number.open_ended),
        "below ten": float(number.high < 10),
        "fifty or more": float(number.low >= 50),
        "dated before today": float(reading.dated_before_today(sentence)),
        "heading dated before today": float(reading.headed_before_today(section)),
        "late in the note": start / max(len(reading.even), 1),
    }
    for name in _CUES:
        for match in rule(name).finditer(reading.even, sentence.start, sentence.end):
            side = "before" if match.end() <= start else "after"
            gap = start - match.end() if side == "before" else max(0, match.start() - end)
            key = f"cue {side}: {name}"
            features[key] = max(features.get(key, 0.0), _NEAR / (_NEAR + gap))
    around(reading.even, start, end, _WORDS, features)
    return features


def revised(
    judged: Sequence[tuple[Number, str]],
    relief: tuple[Relief, ...],
    kind: Kind | None,
) -> tuple[tuple[Relief, ...], tuple[Score, ...]]:
    """Relief and scores by the model's answers; what it leaves keeps its side and its date."""
    known = {(e.start, e.end): r for r in relief for e in r.evidence}
    held: dict[tuple[float, float, When], tuple[list[Evidence], Relief | None]] = {}
    scores = []
    for number, answer in judged:
        what, _, when = answer.partition(" ")
        if number.score is not None and what == "score":
            score = number.score
            scores.append(
                Score(score.low, score.high, score.scale, when, score.evidence)  # type: ignore[arg-type]
            )
        elif number.score is None and what == "relief":
            # Only a facet block of today can have relief of today.
            told: When = "today" if when == "today" and kind in FACET_BLOCKS else "prior"
            before = known.get((number.evidence.start, number.evidence.end))
            entry = held.setdefault((number.low, number.high, told), ([], before))
            entry[0].append(number.evidence)
    return tuple(
        Relief(
            low,
            high,
            when,
            tuple(spots),
            before.date if before and when == "prior" else None,
            before.side if before else "unstated",
        )
        for (low, high, when), (spots, before) in held.items()
    ), tuple(scores)


def _overlapping(held: Mapping[tuple[int, int], str], spot: Evidence) -> str | None:
    exact = held.get((spot.start, spot.end))
    if exact is not None:
        return exact
    return next((v for (a, b), v in held.items() if a < spot.end and spot.start < b), None)
