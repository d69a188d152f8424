"""What the note talks about: medspaCy's TargetMatcher over our labels, and the level mentions.

Both are written to the span group ``facetcode``, where ConText asserts them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span

from facetcode.extract import level_grammar
from facetcode.extract.medspacy_parts import TargetMatcher, TargetRule
from facetcode.extract.rules import Text, at_words, load_rules
from facetcode.extract.text import text_of

GROUP = "facetcode"
LEVEL = "LEVEL"

# Whole names first: of two overlapping targets the earlier label here wins, then the longer one.
_ORDER = [entry["label"] for entry in load_rules("targets")]


@dataclass(frozen=True, slots=True)
class Target:
    """One thing the note names: its label, half-open offsets and the ConText modifiers on it."""

    label: str
    start: int
    end: int
    modifiers: tuple[tuple[str, int, int], ...] = ()
    """Category and half-open offsets of each modifier."""
    mention: level_grammar.Mention | None = None


@dataclass(frozen=True, slots=True)
class Matcher:
    """A TargetMatcher a label, each asked only where the note holds one of the label's hints."""

    by_label: tuple[tuple[tuple[str, ...], Any], ...]

    def __call__(self, doc: Doc) -> list[Span]:
        """Spans of every label, in no order."""
        text = Text(text_of(doc))
        flat = text.low.replace("\n", " ")
        return [
            span
            for hints, matcher in self.by_label
            if any(hint in flat for hint in hints)
            for span in matcher.spans(doc, text)
        ]


class WordTargets(TargetMatcher):  # type: ignore[misc]
    """medspaCy's TargetMatcher whose patterns are matched in small-letter text.

    Its own matcher ignores case character by character, which costs more than the rest of the
    pipeline; rules, labels and spans are the same.
    """

    def add(self, rules: Any) -> None:
        """Add rules that have a pattern."""
        super().add(rules)
        every = rules if isinstance(rules, list) else [rules]
        self._words = [(rule.category, at_words(rule.pattern)) for rule in every]

    def spans(self, doc: Doc, text: Text) -> Iterator[Span]:
        """The spans of a document with the given text."""
        for label, words in self._words:
            for match in words.finditer(text):
                span = doc.char_span(
                    match.start(), match.end(), label=label, alignment_mode="expand"
                )
                if span is not None:
                    yield span


def build_matcher(nlp: Language) -> Matcher:
    """Matchers for the labels of patterns/targets.yaml that return their spans."""
    built = []
    for entry in load_rules("targets"):
        matcher = WordTargets(nlp, result_type=None, prune=False)
        pattern = "|".join(f"(?:{p})" for p in entry["patterns"])
        matcher.add(TargetRule(literal=entry["label"], category=entry["label"], pattern=pattern))
        built.append((tuple(entry["hints"]), matcher))
    return Matcher(tuple(built))


def mark(doc: Doc, matcher: Matcher) -> list[level_grammar.Mention | None]:
    """Write every target and level mention to the span group, in order of start.

    Returns, parallel to the group, the parsed mention of each LEVEL span and None for others.
    Targets do not overlap each other; a level may lie inside one (``C4-5 facet block``).
    """
    ranked = sorted(
        matcher(doc), key=lambda span: (_ORDER.index(span.label_), span.start - span.end)
    )
    taken: set[int] = set()
    found: list[tuple[Span, level_grammar.Mention | None]] = []
    for span in ranked:
        if taken.isdisjoint(range(span.start, span.end)):
            taken.update(range(span.start, span.end))
            found.append((span, None))
    for mention in level_grammar.find(text_of(doc)):
        level = doc.char_span(mention.start, mention.end, label=LEVEL, alignment_mode="expand")
        if level is not None:
            found.append((level, mention))
    found.sort(key=lambda pair: (pair[0].start_char, pair[0].end_char))
    doc.spans[GROUP] = [span for span, _ in found]
    return [mention for _, mention in found]


def targets(doc: Doc, mentions: list[level_grammar.Mention | None]) -> list[Target]:
    """The marked targets with what ConText says of each; ConText must have run."""
    found = []
    for span, mention in zip(doc.spans[GROUP], mentions, strict=True):
        modifiers = []
        for modifier in span._.modifiers:
            first, last = modifier.modifier_span
            words = doc[first:last]
            modifiers.append((modifier.category, words.start_char, words.end_char))
        start, end = (mention.start, mention.end) if mention else (span.start_char, span.end_char)
        found.append(Target(span.label_, start, end, tuple(modifiers), mention))
    return found
