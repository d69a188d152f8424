"""The extraction pipeline put together: a note's text in, its facts out."""

from __future__ import annotations

from collections.abc import Mapping

import spacy
from spacy.language import Language

from facetcode.errors import ExtractionError
from facetcode.extract import (
    boxes,
    diagnoses,
    documentation,
    factories,
    grid,
    guidance,
    laterality,
    level_context,
    levels,
    placeholders,
    procedure,
    relief,
    scores,
    stated_codes,
)
from facetcode.extract.medspacy_parts import create_medspacy_tokenizer
from facetcode.extract.misread import as_meant
from facetcode.extract.reading import Reading
from facetcode.extract.rules import Text
from facetcode.extract.screen import could_hold_facet_block
from facetcode.extract.text import Squeezed, even, without_choices
from facetcode.extract.votes import Votes
from facetcode.facts import FACET_BLOCKS, Doubt, Evidence, Facts, Guidance, Procedure

MAX_CHARS = 1_500_000
"""Longest text read as one note; a longer one is an export, not a note."""


class Extractor:
    """The medspaCy pipeline and the fact modules; built once, used for any number of notes."""

    def __init__(self, *, screen: bool = True, votes: Votes | None = None) -> None:
        """``screen`` lets through only notes that could hold a facet block or another injection.

        ``votes`` are trained models that may correct the rules (``facetcode.learn``).
        """
        self.screen = screen
        self.votes = votes
        self.nlp = build_pipeline()

    def reading(self, text: str, meta: Mapping[str, str] | None = None) -> Reading:
        """The note prepared for the fact modules; ExtractionError when it is too long."""
        if len(text) > MAX_CHARS:
            raise ExtractionError(
                f"the note has {len(text):,} characters, more than the {MAX_CHARS:,} of one note; "
                "split it into one file a note"
            )
        squeezed = Squeezed(text)
        given = squeezed.text
        meant, edits = as_meant(even(given))
        clean = without_choices(boxes.ticked_only(meant))
        reading = factories.reading_of(
            self.nlp(clean), given=given, even=Text(clean), meta=meta or {}, edits=edits
        )
        reading.grid = grid.read(meant)
        if given is not text:
            reading.note = (text, squeezed)
        return reading

    def facts(self, text: str, meta: Mapping[str, str] | None = None) -> Facts:
        """Everything the note says that a code or a flag may rest on."""
        if self.screen:
            held = could_hold_facet_block(text)
            if not (self.votes.could_hold(text, held) if self.votes else held):
                return Facts(Procedure(None))
        return find_facts(self.reading(text, meta), self.votes)


def build_pipeline() -> Language:
    """medspaCy's tokenizer, our sentences, and its Sectionizer, TargetMatcher and ConText."""
    nlp = spacy.blank("en")
    nlp.tokenizer = create_medspacy_tokenizer(nlp)
    nlp.max_length = MAX_CHARS
    for name in factories.PARTS:
        nlp.add_pipe(name)
    return nlp


def find_facts(reading: Reading, votes: Votes | None = None) -> Facts:
    """Run every fact module on a prepared note."""
    if votes is not None:
        reading.judged = votes.times(reading)
    mentions = level_context.read(reading)
    done, also = procedure.find(reading, mentions)
    block_today = done.kind in FACET_BLOCKS
    found_relief = relief.find(reading, done.kind)
    found_scores = scores.find(reading, block_today=block_today)
    if votes is not None:
        found_relief, found_scores = votes.numbers(reading, done.kind, found_relief, found_scores)
    found_diagnoses = diagnoses.find(reading)
    if not block_today:
        return Facts(done, relief=found_relief, diagnoses=found_diagnoses, scores=found_scores)
    assert done.kind is not None
    treated = levels.find(reading, mentions, done.kind)
    seen = guidance.find(reading)
    response = any(r.when == "today" for r in found_relief) or any(
        s.when == "post" for s in found_scores
    )
    return Facts(
        procedure=done,
        levels=treated.levels,
        nerves=treated.nerves,
        guidance=seen,
        relief=found_relief,
        diagnoses=found_diagnoses,
        scores=found_scores,
        stated_codes=stated_codes.find(reading),
        findings=documentation.find(reading),
        doubts=(*treated.doubts, *_unfilled(reading, treated, seen, done, response)),
        also=also,
        lumbar_levels=treated.lumbar,
    )


def _unfilled(
    reading: Reading, treated: levels.Found, seen: Guidance, done: Procedure, response: bool
) -> tuple[Doubt, ...]:
    """PLACEHOLDER where an unfilled field stands for a fact no other place states."""
    missing = set()
    if not treated.levels:
        missing.add("level")
    if not treated.levels or any(level.side == "unstated" for level in treated.levels):
        missing.add("side")
    if seen.modality == "unstated":
        missing.add("guidance")
    if done.intent == "unstated":
        missing.add("intent")
    if not response and done.intent != "therapeutic":
        missing.add("relief")
    if not missing:
        return ()
    spots: list[Evidence] = []
    for field in placeholders.find(reading):
        about = placeholders.about(reading, field)
        if about & missing:
            spots.append(field)
    if "side" in missing:
        choice = _side_choice(reading)
        if choice is not None and choice not in spots:
            spots.append(choice)
    if not spots:
        return ()
    return (
        Doubt(
            "PLACEHOLDER",
            "A template field is unfilled where a needed fact should stand.",
            "hard" if missing & {"level", "side", "guidance"} else "soft",
            tuple(spots[:3]),
        ),
    )


def _side_choice(reading: Reading) -> Evidence | None:
    """A choice of sides nobody made, where today's block is told."""
    for section in reading.sections:
        if section.time in {"performed", "none"} and section.category not in {
            "exam",
            "consent",
            "imaging",
        }:
            spot = laterality.unresolved(reading.even, section.body, section.end)
            if spot is not None:
                return reading.evidence(*spot)
    return None
