"""What a record shows of its own soundness: independent readings that agree, doubts, strangeness.

Every feature is a number a coder can check on the note. They are read from facts, claim and text,
so that a record of an earlier program (a first look) has them as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
import numpy.typing as npt

from facetcode.facts import Evidence, Facts
from facetcode.record import Record

FEATURES: Mapping[str, str] = {
    "coded": "a facet block, nothing asked",
    "query": "a facet block, something asked",
    "other_done": "no facet block, another procedure named",
    "nothing_read": "no procedure, diagnosis, score or relief was found at all",
    "levels": "joints, up to six",
    "no_level": "a facet block without a joint",
    "one_place": "joints that rest on a single place of the note, as a share",
    "places": "places a joint rests on, on average, up to five",
    "head_and_body": "the joints stand in the first third of the note and again after it",
    "as_nerves": "joints named as nerves alone",
    "both_namings": "nerves and joints are named, and agree",
    "bilateral": "joints on both sides, as a share",
    "mixed_sides": "joints on different sides",
    "no_side": "a joint without a side",
    "left_nerves": "nerves that complete no joint",
    "guidance_unstated": "no imaging word",
    "guidance_places": "imaging words, up to five",
    "procedure_places": "names of the procedure, up to five",
    "intent_unstated": "a facet block of which neither diagnostic nor therapeutic is said",
    "level_doubt": "doubts about levels",
    "side_doubt": "doubts about sides",
    "other_doubt": "other doubts",
    "codes_agree": "the note's own codes are those of the lines",
    "codes_differ": "the note's own codes are others",
    "also_done": "other procedures the same day",
    "relief": "percentages of relief, up to four",
    "block_words": "words of a facet block where none was coded, up to six",
    "level_words": "names of levels where no block was coded, up to six",
    "many_level_words": "names of levels beyond those the joints rest on, up to ten",
    "long": "length of the note, doublings of a thousand characters",
    "under_medicare": "the claim is under a policy that asks for KX",
    "strange": "how unlike the nearest note of the corpus, 0-1",
}
"""Name to meaning, in the order of the columns."""

_LEVEL = re.compile(r"\b(?:[CT]-?\d{1,2}\b|TON\b)")
_BLOCK = re.compile(
    r"medial\s+branch|\bmbbs?\b|facet\s+(?:joint\s+)?(?:block|inj)|zygapoph|occipital\s+nerve",
    re.IGNORECASE,
)
_FAMILY = frozenset({"64490", "64491", "64492", "0213T", "0214T", "0215T"})
_HEAD = 1 / 3

Row = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Claim:
    """What of a record's answer the features need; ``codes`` are those of the lines, in order."""

    status: str
    codes: tuple[str, ...]
    modifiers: frozenset[str]
    policy: str

    @property
    def family(self) -> str:
        """The labelled policy that this one is like: ``medicare`` asks for KX, ``default`` not."""
        return "medicare" if self.policy.startswith("medicare") else "default"


def claim_of(record: Record) -> Claim:
    """The claim of a record made here."""
    return Claim(
        record.status,
        tuple(line.code for line in record.lines),
        frozenset(m for line in record.lines for m in line.modifiers),
        record.policy,
    )


def claim_of_look(look: Mapping[str, Any], policy: str) -> Claim:
    """The claim of a first look under one of its policies."""
    said = look["claims"][policy]
    return Claim(
        said["status"],
        tuple(line["code"] for line in said["lines"]),
        frozenset(m for line in said["lines"] for m in line["modifiers"]),
        policy,
    )


def unread(facts: Facts) -> bool:
    """Whether nothing at all was found, as in most of an export, which the screen leaves out."""
    return facts.procedure.kind is None and not (facts.diagnoses or facts.scores or facts.relief)


def row(facts: Facts, claim: Claim, text: str, nearest: float) -> Row:
    """The features of one note, in the order of ``FEATURES``; ``nearest`` is its likeness, 0-1.

    A note of which nothing was read has one row whatever its text, which need not be looked at.
    """
    medicare = claim.family == "medicare"
    if unread(facts):
        only = {"nothing_read": 1.0, "under_medicare": float(medicare)}
        return np.array([only.get(name, 0.0) for name in FEATURES])
    levels, block = facts.levels, facts.is_facet_block
    places = [len({(e.start, e.end) for e in level.evidence}) for level in levels]
    sides = {level.side for level in levels}
    namings = {level.named_as for level in levels}
    stated = {c.code for c in facts.stated_codes} & _FAMILY
    doubts = [d.code for d in facts.doubts]
    head = len(text) * _HEAD
    spots = [e for level in levels for e in level.evidence]
    named = len(_LEVEL.findall(text))
    values = {
        "coded": claim.status == "coded",
        "query": claim.status == "query",
        "other_done": not block and facts.procedure.kind is not None,
        "nothing_read": 0,
        "levels": min(len(levels), 6),
        "no_level": block and not levels,
        "one_place": _share(n <= 1 for n in places),
        "places": min(5.0, sum(places) / len(places)) if places else 0,
        "head_and_body": _first(spots) < head < _last(spots),
        "as_nerves": namings == {"nerves"},
        "both_namings": "both" in namings or len(namings) > 1,
        "bilateral": _share(level.side == "bilateral" for level in levels),
        "mixed_sides": len(sides) > 1,
        "no_side": "unstated" in sides,
        "left_nerves": min(len(facts.nerves), 3),
        "guidance_unstated": block and facts.guidance.modality == "unstated",
        "guidance_places": min(len(facts.guidance.evidence), 5),
        "procedure_places": min(len(facts.procedure.evidence), 5),
        "intent_unstated": block and facts.procedure.intent == "unstated",
        "level_doubt": sum(d.startswith(("LEVEL", "NERVE")) for d in doubts),
        "side_doubt": sum(d.startswith("SIDE") for d in doubts),
        "other_doubt": sum(not d.startswith(("LEVEL", "NERVE", "SIDE")) for d in doubts),
        "codes_agree": bool(stated) and stated == set(claim.codes),
        "codes_differ": bool(stated) and stated != set(claim.codes),
        "also_done": min(len(facts.also), 3),
        "relief": min(len(facts.relief), 4),
        "block_words": 0 if block else min(len(_BLOCK.findall(text)), 6),
        "level_words": 0 if block else min(named, 6),
        "many_level_words": min(max(0, named - 2 * sum(places)), 10) if block else 0,
        "long": log(max(len(text), 100) / 1000, 2),
        "under_medicare": medicare,
        "strange": 1 - nearest,
    }
    return np.array([float(values[name]) for name in FEATURES])


def _share(of: Any) -> float:
    answers = list(of)
    return sum(answers) / len(answers) if answers else 0.0


def _first(spots: Sequence[Evidence]) -> float:
    return min((e.start for e in spots), default=float("inf"))


def _last(spots: Sequence[Evidence]) -> float:
    return max((e.start for e in spots), default=-1.0)
