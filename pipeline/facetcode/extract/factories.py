"""spaCy factories of facetcode's parts, so that any spaCy pipeline can use one by its name.

``facetcode_sentences``, ``facetcode_sections``, ``facetcode_targets`` and ``facetcode_context``
prepare a Doc; ``facetcode`` does all of it and leaves the facts in ``doc._.facetcode``.
"""

# No "from __future__ import annotations" here: spaCy 3.7 resolves a factory's annotations itself
# and takes a name in quotes for an unfinished model.
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

if TYPE_CHECKING:
    from facetcode.extract.reading import Reading

PARTS = ("facetcode_sentences", "facetcode_sections", "facetcode_targets", "facetcode_context")
"""The parts in the order they need each other; the last three are medspaCy's, with our rules."""

# Modules with medspaCy behind them are imported by the factories that need them: spaCy imports
# this module for every pipeline in an environment where facetcode is installed.
for _name in ("facetcode", "facetcode_sentences", "facetcode_mentions"):
    if not Doc.has_extension(_name):
        Doc.set_extension(_name, default=None)


@Language.component("facetcode_sentences", assigns=["token.is_sent_start"])
def mark_sentences(doc: Doc) -> Doc:
    """Set newline-aware sentence starts; see ``facetcode.extract.text``."""
    from facetcode.extract.text import even, sentences, text_of

    cut = sentences(even(text_of(doc)))
    doc._.facetcode_sentences = cut
    if not len(doc):
        return doc
    offsets = doc.to_array("IDX")
    flags = np.full(len(doc), -1, dtype="int64")
    flags[0] = 1
    for first in np.searchsorted(offsets, np.asarray([s.start for s in cut], dtype=offsets.dtype)):
        at = int(first)
        while at < len(doc) and doc[at].is_space:
            at += 1
        if at < len(doc):
            flags[at] = 1
    # spaCy declares two dimensions; for one attribute it reads one.
    doc.from_array("SENT_START", flags.astype("uint64"))  # type: ignore[arg-type]
    return doc


@Language.factory("facetcode_sections", assigns=["doc._.sections"])
def make_sectionizer(nlp: Language, name: str) -> Any:
    """medspaCy's Sectionizer with the headings of patterns/sections.yaml."""
    from facetcode.extract.sections import build_sectionizer

    return build_sectionizer(nlp)


class Targets:
    """medspaCy's TargetMatcher and the level grammar, written to one span group."""

    def __init__(self, nlp: Language) -> None:
        from facetcode.extract.targets import build_matcher

        self._matcher = build_matcher(nlp)

    def __call__(self, doc: Doc) -> Doc:
        from facetcode.extract.targets import mark

        doc._.facetcode_mentions = mark(doc, self._matcher)
        return doc


@Language.factory("facetcode_targets", assigns=["doc.spans"])
def make_targets(nlp: Language, name: str) -> Targets:
    """The targets of patterns/targets.yaml and the level mentions."""
    return Targets(nlp)


@Language.factory("facetcode_context", requires=["doc.spans", "token.is_sent_start"])
def make_context(nlp: Language, name: str) -> Any:
    """medspaCy's ConText with the modifiers of patterns/context.yaml."""
    from facetcode.extract.assertion import build_context

    return build_context(nlp)


class FactFinder:
    """The whole extraction as one component; its Doc may be tokenized any way."""

    def __init__(self) -> None:
        from facetcode.extract.build import Extractor

        self._extractor = Extractor()

    def __call__(self, doc: Doc) -> Doc:
        doc._.facetcode = self._extractor.facts(doc.text)
        return doc


@Language.factory("facetcode", assigns=["doc._.facetcode"])
def make_fact_finder(nlp: Language, name: str) -> FactFinder:
    """Facts of the note in ``doc._.facetcode``, whatever else the pipeline does."""
    return FactFinder()


def reading_of(
    doc: Doc,
    *,
    given: str,
    even: str,
    meta: Mapping[str, str],
    edits: tuple[tuple[int, int], ...] = (),
) -> "Reading":
    """A Doc that has passed all ``PARTS``, made ready for the fact modules."""
    from facetcode.extract import dates
    from facetcode.extract.reading import Reading
    from facetcode.extract.sections import sections
    from facetcode.extract.targets import targets

    return Reading(
        given=given,
        even=even,
        sentences=doc._.facetcode_sentences,
        sections=sections(doc),
        targets=targets(doc, doc._.facetcode_mentions),
        meta=meta,
        dos=dates.date_of_service(even, meta),
        edits=edits,
    )
