"""Whether and when a statement holds: medspaCy's ConText with our own modifiers."""

from __future__ import annotations

from typing import Any

from spacy.language import Language

from facetcode.extract.medspacy_parts import ConText, ConTextRule
from facetcode.extract.rules import load_rules
from facetcode.extract.targets import GROUP


def build_context(nlp: Language) -> Any:
    """ConText over the span group of targets, with the modifiers of patterns/context.yaml only."""
    context = ConText(
        nlp, rules=None, span_attrs=None, input_span_type="group", span_group_name=GROUP
    )
    rules = [
        ConTextRule(literal=literal, category=entry["category"], direction=direction.upper())
        for entry in load_rules("context")
        for direction in ("forward", "backward", "bidirectional", "terminate")
        for literal in entry.get(direction, ())
    ]
    context.add(rules)
    return context
