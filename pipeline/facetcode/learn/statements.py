"""Whether a named facet block is the one performed today, or planned, earlier, boilerplate."""

from __future__ import annotations

from collections.abc import Iterator

from facetcode.extract.level_context import OURS
from facetcode.extract.reading import LIVE, Reading
from facetcode.extract.targets import Target
from facetcode.learn.examples import Example, Features, ReadNote, around

TODAY = "today"
OTHER = "another time"
_WORDS = 5


def mentions(reading: Reading) -> Iterator[Target]:
    """Whole names of a facet block; bare "block" and "injection" are not labelled."""
    return reading.of(*OURS)


def by_rule(reading: Reading, target: Target) -> str:
    """The rules' answer for one mention."""
    return TODAY if reading.status(target) in LIVE else OTHER


def examples(note: ReadNote) -> list[Example]:
    """What the labels say of each name of a facet block."""
    marks = [(s.start, s.end) for s in note.gold.spans if s.label == "procedure"]
    block = note.gold.status != "not_applicable"
    found = []
    for target in mentions(note.reading):
        spot = note.reading.evidence(target.start, target.end)
        today = block and any(a < spot.end and spot.start < b for a, b in marks)
        found.append(
            Example(
                note.gold.note_id,
                note.hand,
                features_of(note.reading, target),
                TODAY if today else OTHER,
                by_rule(note.reading, target),
            )
        )
    return found


def features_of(reading: Reading, target: Target) -> Features:
    """A mention's cues, section, dates and words, and what the rules make of them."""
    section, sentence = reading.section_at(target.start), reading.sentence_at(target.start)
    features: Features = {
        f"rules: {reading.status(target)}": 1.0,
        f"section: {section.category}": 1.0,
        f"section speaks of: {reading.section_time(target.start)}": 1.0,
        "dated before today": float(reading.dated_before_today(sentence)),
        "heading dated before today": float(reading.headed_before_today(section)),
        "late in the note": target.start / max(len(reading.even), 1),
        "done with the needle": float(any(True for _ in reading.of("ACT"))),
        "level beside": float(
            any(sentence.start <= t.start < sentence.end for t in reading.of("LEVEL"))
        ),
    }
    for category, _, _ in target.modifiers:
        features[f"cue: {category}"] = 1.0
    around(reading.even, target.start, target.end, _WORDS, features)
    return features
