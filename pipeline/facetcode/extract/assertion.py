"""Whether and when a statement holds: medspaCy's ConText with our own modifiers."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from facetcode.extract.medspacy_parts import ConText, ConTextGraph, ConTextModifier, ConTextRule
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


_REACH = 14
"""Tokens a *no* in front of things reaches: dictated sentences go on to what was done."""


class SentenceContext(ConText):  # type: ignore[misc]
    """medspaCy's ConText, asked sentence by sentence, and only where there is a target.

    Its scopes end with the sentence, so the answer is the same; its own loop compares every pair
    of modifiers of a note and every modifier with every target, which long notes pay squared.
    """

    def __call__(self, doc: Doc, targets: str | None = None) -> Doc:
        starts = [sentence.start for sentence in doc.sents]
        groups: dict[int, ConTextGraph] = {}
        for target in doc.spans[GROUP]:
            at = bisect_right(starts, target.start)
            groups.setdefault(at, ConTextGraph()).targets.append(target)
        matcher = self._ConText__matcher
        for match, start, end in matcher(doc) if groups else ():
            graph = groups.get(bisect_right(starts, start))
            if graph is not None and not _month(doc, start, end):
                rule = matcher.rule_map[self.nlp.vocab[match].text]
                graph.modifiers.append(ConTextModifier(rule, start, end, doc))
        for graph in groups.values():
            graph.update_scopes()
            graph.apply_modifiers()
            for target, modifier in graph.edges:
                target._.modifiers += (modifier,)
        return doc


def _month(doc: Doc, start: int, end: int) -> bool:
    """Whether the cue ``may`` is the month: a capital inside its sentence."""
    return doc[start:end].text == "May" and not doc[start].is_sent_start


def build_context(nlp: Language) -> Any:
    """ConText over the span group of targets, with the modifiers of patterns/context.yaml only."""
    context = SentenceContext(
        nlp, rules=None, span_attrs=None, input_span_type="group", span_group_name=GROUP
    )
    # Of two rules on the same words medspaCy keeps one, whichever: both ways is a way of its own.
    ways: dict[tuple[str, str], set[str]] = {}
    for entry in load_rules("context"):
        for direction in ("forward", "backward", "bidirectional", "terminate"):
            for phrase in entry.get(direction, ()):
                for literal in spelled_out(phrase):
                    ways.setdefault((entry["category"], literal), set()).add(direction)
    rules = [
        ConTextRule(
            literal=literal,
            category=category,
            direction=(next(iter(found)) if len(found) == 1 else "bidirectional").upper(),
            max_scope=_REACH if category == "NEGATED" and found == {"forward"} else None,
            terminated_by={"CLOSED"} if category == "NEGATED" else None,
        )
        for (category, literal), found in ways.items()
    ]
    context.add(rules)
    return context
