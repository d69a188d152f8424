"""Whether a note could hold a facet block, from which of the screen's words stand in it."""

from __future__ import annotations

import re
from functools import cache

from facetcode.extract.rules import load_rules, lowered
from facetcode.extract.screen import could_hold_facet_block
from facetcode.learn.examples import Example, Features, ReadNote

HOLDS = "may hold one"
FREE = "holds none"
_MORE = (
    "medial branch", "mbb", "lumbar", "cervical", "thoracic", "fluoro", "needle", "c-arm",
    "ablation", "follow up", "mri", "consent", "time-out", "time out", "prone", "bupivacaine",
    "lidocaine", "will schedule", "scheduled", "cancel", "denied", "authoriz", "impression",
)  # fmt: skip
"""Words that tell an account of a block from a note that only speaks of one."""


@cache
def _words() -> tuple[str, ...]:
    rules = load_rules("screen")
    return tuple(dict.fromkeys([*rules["sure"], *rules["procedures"], *_MORE]))


_LEVEL = re.compile(r"\b[ct]-?\d")


def examples(note: ReadNote) -> list[Example]:
    """One decision a note: whether it holds a facet block of that day."""
    text = note.gold.text
    held = note.gold.status != "not_applicable"
    rule = by_rule(text)
    return [
        Example(
            note.gold.note_id, note.hand, features_of(text, rule), HOLDS if held else FREE, rule
        )
    ]


def by_rule(text: str) -> str:
    """The screen's own answer."""
    return HOLDS if could_hold_facet_block(text) else FREE


def features_of(text: str, rule: str) -> Features:
    """Which words stand in the note, how long it is, and what the screen says."""
    low = lowered(text)
    features: Features = {f"word: {word}": 1.0 for word in _words() if word in low}
    features[f"rules: {rule}"] = 1.0
    features["levels named"] = float(min(len(_LEVEL.findall(low)), 8))
    features["long"] = min(len(text) / 2000, 4.0)
    return features
