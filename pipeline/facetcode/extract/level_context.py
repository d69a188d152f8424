"""What each level mention is a level of, whether it was treated today, and by which procedure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from facetcode import anatomy
from facetcode.extract.level_grammar import Mention
from facetcode.extract.reading import LIVE, Reading, Status
from facetcode.extract.rules import Words, at_words, load_rules
from facetcode.extract.targets import LEVEL, Target

Object = Literal["nerve", "joint", "bone", "level", "not_treated"]
Place = Literal["header", "body", "addendum", "diagnosis"]

PROCEDURES = (
    "MBB", "FACET_INJECTION", "RFA", "EPIDURAL", "ROOT_BLOCK", "OCCIPITAL",
    "TRIGGER_POINT", "OTHER_INJECTION", "SURGERY", "STUDY",
)  # fmt: skip
OURS = frozenset({"MBB", "FACET_INJECTION"})

_HEADER = frozenset({"title", "procedure", "levels", "side", "codes"})


@dataclass(frozen=True, slots=True)
class Treated:
    """A level mention read in its sentence."""

    target: Target
    mention: Mention
    status: Status
    object: Object
    procedure: str | None
    """Label of the procedure the sentence or its field ties the levels to; None without one."""
    place: Place
    acted: bool
    """Whether needle or drug or the block itself stand in the same sentence."""
    narrated: bool = False
    """Whether what was done to the patient stands in the same sentence: needle, drug, drape."""
    named: bool = False
    """Whether the block's own name stands in the same sentence, or in the line right above."""

    @property
    def live(self) -> bool:
        """Whether the mention may name levels of today's facet block."""
        return self.status in LIVE and self.object != "not_treated"


@cache
def _rule(name: str, template: str = "{}") -> re.Pattern[str]:
    fragments = "|".join(f"(?:{f})" for f in load_rules("levels")[name])
    return re.compile(template.format(f"(?:{fragments})"), re.IGNORECASE)


# Between a list and the word behind it that governs it: sides, "the", brackets, counts.
_GAP_AFTER = (
    r"[\s,]*(?:\([^()\n]{{0,40}}\)\s*)?(?:(?:on|at|in)\s+(?:the\s+)?)?"
    r"(?:(?:left|right|bilateral(?:ly)?|b/?l|both|sided?|cervical|thoracic|spinal|paravertebral|respective|"
    r"corresponding|diagnostic|therapeutic|posterior|vertebral)[\s,-]*)*{}"
)
_GAP_BEFORE = (
    r"{}(?:\s+(?:nerve\s+)?(?:blocks?|injections?|blockade|nerves?|inj\.?))?[\s:,(#0-9.-]*"
    r"(?:(?:were|was|are|located|performed|done|supplying|innervating|targeting|arising|levels?|sites?|"
    r"at|of|for|to|from|over|on|the|left|right|bilateral(?:ly)?|b/?l|both|sides?|sided|cervical|thoracic|"
    r"spinal|spine|paravertebral|and|diagnostic|therapeutic|first|second|confirmatory|joint|joints|facet|"
    r"corresponding|including|named|namely|using|fluoroscop[a-z]*|guided|guidance|under|with|"
    r"bl|lt|rt|r|l)[\s:,(-]*)*$"
)


# "The joints between the sixth and seventh thoracic vertebrae" are no vertebrae.
_JOINT_BETWEEN = re.compile(r"\b(?:joints?|facets?)\s+between\s+(?:the\s+)?$", re.IGNORECASE)


def _object(reading: Reading, target: Target, following: int, preceding: int) -> Object:
    """The word that governs a mention, looked for between its neighbours in the sentence."""
    sentence = reading.sentence_at(target.start)
    after = reading.words(target.end, min(following, sentence.end, target.end + 90))
    before = reading.words(max(preceding, sentence.start, target.start - 110), target.start)
    if _rule("not_after", r"^(?:\s+(?:and|&)\s+\S+)?{}").match(after):
        return "not_treated"
    if _rule("not_before", r"\b{}$").search(before):
        return "not_treated"
    if _JOINT_BETWEEN.search(before):
        return "joint"
    for kind in ("nerve", "joint", "bone"):
        if _rule(kind, "^" + _GAP_AFTER).match(after):
            return kind
    if _rule("level", "^" + _GAP_AFTER).match(after):
        tail = _rule("level", "^" + _GAP_AFTER).match(after)
        rest = after[tail.end() :] if tail else ""
        for kind in ("nerve", "joint"):
            if _rule(kind, r"^\s*(?:of\s+the\s+)?" + "{}").match(rest):
                return kind  # type: ignore[return-value]
    last = None
    for kind in ("nerve", "joint", "bone"):
        match = _rule(kind, _GAP_BEFORE).search(before)
        if match and (last is None or match.start() > last[0]):
            last = (match.start(), kind)
    return last[1] if last else "level"  # type: ignore[return-value]


def _procedure(
    reading: Reading, target: Target, others: Sequence[Target], following: Sequence[Target]
) -> Target | None:
    """The procedure a sentence ties a level to: the next one to the right before another level,
    else the nearest to the left, else the next to the right."""
    sentence = reading.sentence_at(target.start)
    first = bisect_left(others, sentence.start, key=_start)
    here = others[first : bisect_left(others, sentence.end, lo=first, key=_start)]
    if not here:
        return None
    next_level = next(
        (t.start for t in following if target.end <= t.start < sentence.end), sentence.end
    )
    right = [t for t in here if target.end <= t.start < next_level]
    if right:
        return right[0]
    left = [t for t in here if t.start < target.end]
    return left[-1] if left else here[0]


# "left C5-6 -- correction, C4-5": what stands before is taken back where it stands.
_CORRECTS = re.compile(
    r"\b(?:correction|corrected\s+to|i\s+mean|make\s+that|scratch\s+that|should\s+(?:be|read)|sorry|or\s+rather)\b"
    r"|^\s+no,?\s+$",
    re.IGNORECASE,
)


def _taken_back(reading: Reading, levels: Sequence[Target], index: int) -> bool:
    """Whether a level is corrected to the next one in its own sentence."""
    if index + 1 >= len(levels):
        return False
    target, following = levels[index], levels[index + 1]
    if following.start - target.end > 50:
        return False
    same = reading.sentence_at(target.start) == reading.sentence_at(following.start)
    return same and _CORRECTS.search(reading.words(target.end, following.start)) is not None


def _line_above(reading: Reading, target: Target, others: Sequence[Target]) -> Target | None:
    """The procedure named in the line right above, where a note breaks its title into lines."""
    before = bisect_left(others, target.start, key=_start)
    if not before:
        return None
    above = others[before - 1]
    between = reading.words(above.end, target.start)
    near = len(between) < 90 and between.count("\n") == 1
    return above if near and above.label in OURS and reading.status(above) in LIVE else None


def _next_line(reading: Reading, above: Target, target: Target) -> bool:
    """Whether a level goes on with a list: in the line below, or behind a semicolon and a side."""
    between = reading.words(above.end, target.start)
    return _SEMICOLON.fullmatch(between) is not None or (
        len(between) < 60 and between.count("\n") == 1
    )


_SEMICOLON = re.compile(r"\s?;\s?(?:(?:right|left|bilateral|both|and|[rl]|rt|lt|b/?l)\s)*", re.I)


def _start(target: Target) -> int:
    return target.start


def _place(reading: Reading, target: Target, narrated: bool) -> Place:
    section = reading.section_at(target.start)
    category = section.category
    if category == "other" and any(
        section.start <= t.start < section.body for t in reading.of(*OURS)
    ):
        # A numbered item or a field that is headed by the block's own name.
        return "header"
    if category == "addendum":
        return "addendum"
    if category == "diagnosis":
        return "diagnosis"
    if category == "title" and narrated:
        return "body"  # an account that opens the note; no heading stands above it
    return "header" if category in _HEADER else "body"


def read(reading: Reading) -> list[Treated]:
    """Every level mention with its object, time and procedure, in order."""
    levels = [t for t in reading.targets if t.label == LEVEL and t.mention]
    procedures = [t for t in reading.targets if t.label in PROCEDURES]
    acts = [t.start for t in reading.of("ACT")]
    runs = _runs(reading, levels)
    found: list[Treated] = []
    in_field: dict[int, str] = {}
    listed: tuple[Target, Target] | None = None
    for index, target in enumerate(levels):
        first, last = runs[index]
        following = levels[last + 1].start if last + 1 < len(levels) else len(reading.even)
        preceding = levels[first - 1].end if first else 0
        governed = Target(LEVEL, levels[first].start, levels[last].end)
        kind = _object(reading, governed, following, preceding)
        if kind == "level" and any(i.first == anatomy.TON for i in target.mention.items):  # type: ignore[union-attr]
            kind = "nerve"
        if reading.grid.leaves_out(target.start) or _taken_back(reading, levels, index):
            kind = "not_treated"
        section = reading.section_at(target.start)
        procedure = _procedure(
            reading, target, procedures, levels[index + 1 : index + 3]
        ) or _line_above(reading, target, procedures)
        if procedure is None and listed is not None and _next_line(reading, listed[1], target):
            procedure = listed[0]
        label = procedure.label if procedure else in_field.get(section.start)
        named = procedure is not None and procedure.label in OURS
        listed = (procedure, target) if procedure is not None and named else None
        if procedure and procedure.label != "STUDY":
            in_field[section.start] = procedure.label
        sentence = reading.sentence_at(target.start)
        status = reading.status(target)
        # A plan for the procedure is a plan for its levels: "RFA of C4-C6 will be scheduled".
        if procedure and status == "unknown":
            status = reading.status(procedure)
        acted = _rule("act", r"\b{}").search(reading.even, sentence.start, sentence.end) is not None
        at = bisect_left(acts, sentence.start)
        narrated = at < len(acts) and acts[at] < sentence.end
        assert target.mention is not None
        found.append(
            Treated(
                target,
                target.mention,
                status,
                kind,
                label,
                _place(reading, target, narrated),
                acted,
                narrated,
                named,
            )
        )
    return found


_BETWEEN = re.compile(
    r"[\s,&+/;]*(?:(?:and|the|at|on|of|left|right|bilateral(?:ly)?|b/?l|lt|rt|l|r|sided?|side|levels?|both|"
    r"as\s+well\s+as|plus|then|also)[\s,&+/;.()-]*)*$",
    re.IGNORECASE,
)


def _runs(reading: Reading, levels: Sequence[Target]) -> list[tuple[int, int]]:
    """For each mention the first and last of its run: only sides and *and* between mentions."""
    groups: list[list[int]] = []
    for index, target in enumerate(levels):
        if groups:
            last = levels[groups[-1][-1]]
            gap = reading.words(last.end, target.start)
            same = reading.sentence_at(last.start) == reading.sentence_at(target.start)
            if same and len(gap) < 60 and _BETWEEN.match(gap):
                groups[-1].append(index)
                continue
        groups.append([index])
    return [(group[0], group[-1]) for group in groups for _ in group]


@cache
def _repeated(rule: str) -> Words:
    return at_words(load_rules("levels")[rule])


def generalises(reading: Reading, *, rest: bool = False) -> bool:
    """Whether the account says what was done at one level was done at the others too.

    ``rest``: only words that leave levels unnamed count ("the remaining joints", not "each").
    """
    rule = "repeated_rest" if rest else "repeated"
    return any(
        reading.section_time(match.start()) in {"performed", "none"}
        for match in _repeated(rule).finditer(reading.even)
    )
