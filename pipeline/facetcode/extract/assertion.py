"""Whether and when a statement holds: medspaCy's ConText with our own modifiers."""

from __future__ import annotations

import re
from typing import Any

from spacy.language import Language

from facetcode.extract.medspacy_parts import ConText, ConTextRule
from facetcode.extract.rules import load_rules
from facetcode.extract.targets import GROUP

_CHOICE = re.compile(r"\{([^{}]*)\}")


def spelled_out(phrase: str) -> list[str]:
    """Every phrase that ``for {a|the} {first|second} block`` stands for; an empty choice drops."""
    choice = _CHOICE.search(phrase)
    if choice is None:
        return [" ".join(phrase.split())]
    head, tail = phrase[: choice.start()], phrase[choice.end() :]
    return [full for word in choice[1].split("|") for full in spelled_out(f"{head}{word}{tail}")]


def build_context(nlp: Language) -> Any:
    """ConText over the span group of targets, with the modifiers of patterns/context.yaml only."""
    context = ConText(
        nlp, rules=None, span_attrs=None, input_span_type="group", span_group_name=GROUP
    )
    rules = [
        ConTextRule(literal=literal, category=entry["category"], direction=direction.upper())
        for entry in load_rules("context")
        for direction in ("forward", "backward", "bidirectional", "terminate")
        for phrase in entry.get(direction, ())
        for literal in spelled_out(phrase)
    ]
    context.add(rules)
    return context
