"""The side of each level: side words found, told from other sides, and tied to levels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from facetcode.extract.level_context import Treated
from facetcode.extract.reading import Reading
from facetcode.extract.rules import load_rules
from facetcode.extract.text import Sentence

KnownSide = Literal["right", "left", "bilateral"]


@dataclass(frozen=True, slots=True)
class SideWord:
    """One side word of a sentence that may tell a treated side; offsets half-open."""

    value: KnownSide
    start: int
    end: int


@cache
def _sides() -> list[tuple[KnownSide, re.Pattern[str]]]:
    return [
        (e["value"], re.compile(e["pattern"], re.IGNORECASE))
        for e in load_rules("laterality")["side"]
    ]


@cache
def _pattern(key: str) -> re.Pattern[str]:
    rule = load_rules("laterality")[key]
    joined = "|".join(f"(?:{p})" for p in rule) if isinstance(rule, list) else rule
    return re.compile(
        joined.replace("?P<side>", "") if isinstance(rule, list) else joined, re.IGNORECASE
    )


@cache
def _named(key: str) -> list[re.Pattern[str]]:
    """Patterns of a rule whose group ``side`` holds the side word."""
    return [re.compile(p, re.IGNORECASE) for p in load_rules("laterality")[key]]


# "placed in the right C3-4 joint": a side with a level behind it is the level's.
_LEVEL_NEXT = re.compile(
    r"[\s,-]*(?:[CT]-?\d|(?:cervical|thoracic|facet|medial\s+branch|z-?joint|third\s+occ|TON)\b)",
    re.IGNORECASE,
)


# "RN and RT(R) agreed": a radiologic technologist, no side.
_TECHNOLOGIST = re.compile(
    r"\bR\.?T\.?\s?\(R\)|\bRN,?\s+(?:and\s+)?RT\b(?:\s?\(R\))?|\bRT\s+(?:tech\w*|present|in\s+room)"
)


def words(text: str, start: int, end: int) -> list[SideWord]:
    """Side words between two offsets, in order, without the sides of other things."""
    unresolved = [m.span() for m in _pattern("unresolved").finditer(text, start, end)]
    unresolved += [m.span() for m in _TECHNOLOGIST.finditer(text, start, end)]
    found: list[SideWord] = []
    for value, pattern in _sides():
        for match in pattern.finditer(text, start, end):
            inside = any(a <= match.start() < b for a, b in unresolved)
            taken = any(w.start <= match.start() < w.end for w in found)
            if inside or taken:
                continue
            other = _pattern("not_before").search(
                text, max(start, match.start() - 40), match.start()
            )
            if other and not (
                other.group().lower().startswith("placed") and _LEVEL_NEXT.match(text, match.end())
            ):
                continue
            said = match.group().lower()
            if (
                said.endswith("left")
                and _VERB.match(text, match.end())
                and (
                    said != "left"
                    or not _THE.search(text, max(start, match.start() - 8), match.start())
                )
            ):
                continue
            behind = _NEW_LINE.split(text[match.end() : match.end() + 40], maxsplit=1)[0]
            if _pattern("not_after").search(behind):
                continue
            found.append(SideWord(value, match.start(), match.end()))
    return sorted(found, key=lambda word: word.start)


# "and left half a millilitre at each": a verb, no side.
_VERB = re.compile(
    r"\s+(?:half|a|an|about|some|the(?!\s+(?:side|[CT]-?\d))|him|her|them|it|in\s+place|behind|\d|with|home|work|without|to)\b",
    re.IGNORECASE,
)
_THE = re.compile(r"(?:the|on|at|of|,|:|;|-|to)\s*$", re.IGNORECASE)
# "Side: Left" and in the next line "Procedure": the fields of a form say nothing of each other.
_NEW_LINE = re.compile(r"\n(?=\s*[A-Z0-9\[(*-])")


_LETTER = re.compile(r"\s*(?P<side>[RLB]|[RL]T|BL|B/L)\.?(?=\s|[.,;]|$)(?!\s*[/|])")
_OF_LETTER: dict[str, KnownSide] = {"R": "right", "L": "left", "B": "bilateral"}


def letter(text: str, start: int, end: int) -> list[SideWord]:
    """The side that a field of its own names with a letter: ``Side: L``."""
    match = _LETTER.match(text, start, end)
    if match is None or unresolved(text, start, end):
        return []
    return [SideWord(_OF_LETTER[match["side"][0]], match.start("side"), match.end("side"))]


def unresolved(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Offsets of a choice of sides nobody made (``right/left``), or None."""
    match = _pattern("unresolved").search(text, start, end)
    return match.span() if match else None


_FILLER = re.compile(
    r"[\s,:;()&+\[\]\-*#]*(?:(?:the|at|of|for|to|in|on|and|side|sided|level|levels|joint|joints|facet|facets|nerve|"
    r"nerves|medial|branch|branches|cervical|thoracic|block|blocks|injection|injections|mbb|mbbs|mb|mbs|"
    r"diagnostic|therapeutic|first|second|confirmatory|repeat|intra-?articular|zygapophys[a-z]*|z-joints?|"
    r"dorsal|ramus|rami|paravertebral|spinal|steroid|under|fluoroscopic(?:ally)?|fluoro|guided|guidance|"
    r"targeting|corresponding|upper|lower|mid|third|occipital|ton|with|performed|was|were|approach|same|"
    r"levels?|number|no|dx|tx|\d|articular|pillar|pillars|lateral|mass|spine|neck|region|only|just|alone)"
    r"[\s,:;()&+\[\]\-/*#.]*)*$",
    re.IGNORECASE,
)
_BACK = re.compile(
    r"[\s,(:\-\[]*(?:(?:facet|zygapophys[a-z]*|z-?joints?|joints?|medial|branch|branches|nerves?|mbbs?|mbs?|levels?|dorsal|ramus|rami|blocks?|"
    r"injections?|articular|pillars?|done|performed|completed|treated|on|to|at|the|her|his|side|only|all)[\s,(:\-\[]*)*$",
    re.IGNORECASE,
)


_PARTED = re.compile(r"[,;\n]|\b(?:and|then)\b|[+&]", re.IGNORECASE)


def _own(
    text: str,
    treated: Treated,
    before: Sequence[SideWord],
    after: Sequence[SideWord],
    floor: int,
    ceiling: int,
) -> SideWord | None:
    """The side word that stands with one mention and not with its neighbour."""
    start, end = treated.target.start, treated.target.end
    behind = next((w for w in after if w.start >= end and w.end <= ceiling), None)
    ahead = next((w for w in reversed(before) if w.end <= start and w.start >= floor), None)
    behind_fits = behind is not None and _BACK.match(text[end : behind.start]) is not None
    ahead_fits = ahead is not None and _FILLER.match(text[ahead.end : start]) is not None
    if ahead_fits and behind_fits and ahead is not None and behind is not None:
        # "both sides at C4-5, left only at C3-4": what a comma parts goes with the level behind it.
        if _PARTED.search(text, end, behind.start):
            return ahead
        # "C3-4 on the right and C4-5 on the left": a side before "and" goes with the level before.
        return (
            behind if start - ahead.end > behind.start - end and ceiling - behind.end > 0 else ahead
        )
    if ahead_fits:
        return ahead
    return behind if behind_fits else None


def assign(reading: Reading, mentions: Sequence[Treated]) -> dict[int, SideWord]:
    """The side word of each mention that has one in its sentence, by the mention's start offset.

    A side that stands with a mention is its own; mentions of the same list without one take the
    list's: the side in front of the list, or the one behind its end.
    """
    result: dict[int, SideWord] = {}
    by_sentence: dict[Sentence, list[Treated]] = {}
    for treated in mentions:
        by_sentence.setdefault(reading.sentence_at(treated.target.start), []).append(treated)
    for sentence, group in by_sentence.items():
        found = words(reading.even, sentence.start, sentence.end)
        if not found:
            continue
        result.update(_in_sentence(reading.even, sentence, group, found))
    for treated in mentions:
        if treated.target.start not in result:
            beside = _in_line(reading, treated)
            if beside is not None:
                result[treated.target.start] = beside
        for at in (treated.target.start, *(item.start for item in treated.mention.items)):
            side = _ticked(reading, at)
            if side is not None:
                result[at] = side
    return result


def _in_line(reading: Reading, treated: Treated) -> SideWord | None:
    """The one side of a form's line that holds the level in another field."""
    text = reading.even
    start = text.rfind("\n", 0, treated.target.start) + 1
    end = text.find("\n", treated.target.end)
    end = end if end >= 0 else len(text)
    if end - start > 160 or not _FIELDS.search(text, start, end):
        return None
    found = words(text, start, end)
    return found[0] if len({word.value for word in found}) == 1 else None


_FIELDS = re.compile(r"\||\t|\b(?:side|laterality)\s*[:=]", re.IGNORECASE)


def _ticked(reading: Reading, offset: int) -> SideWord | None:
    """The side a grid ticks for the level at ``offset``."""
    ticks = reading.grid.side_at(offset)
    value = merge(t.value for t in ticks)
    return SideWord(value, ticks[0].start, ticks[0].end) if value else None


def _in_sentence(
    text: str, sentence: Sentence, group: Sequence[Treated], found: Sequence[SideWord]
) -> dict[int, SideWord]:
    suffix_style = _suffix_style(text, group, found)
    own: dict[int, SideWord] = {}
    if not suffix_style and (told := _prefix_style(group, found)):
        return told
    used: set[int] = set()
    for index, treated in enumerate(group):
        floor = group[index - 1].target.end if index else sentence.start
        ceiling = group[index + 1].target.start if index + 1 < len(group) else sentence.end
        between = [
            w for w in found if floor <= w.start and w.end <= ceiling and w.start not in used
        ]
        if suffix_style:
            word = next((w for w in between if w.start >= treated.target.end), None)
        else:
            word = _own(text, treated, between, between, floor, ceiling)
        if word is not None:
            own[treated.target.start] = word
            used.add(word.start)
    default = None
    free = [w for w in found if w.start not in used]
    for treated in group:
        start = treated.target.start
        if start in own:
            default = own[start]
        elif default is not None and not suffix_style:
            own[start] = default
    # Mentions before the first side of the list: the one behind the list holds for all of it.
    following: SideWord | None = None
    for treated in reversed(group):
        start = treated.target.start
        if start in own:
            following = own[start]
        elif following is not None:
            own[start] = following
    if not own:
        first = group[0].target.start
        ahead = [w for w in free if w.end <= first]
        word = ahead[-1] if ahead else (free[0] if free else None)
        if word is not None:
            own = {t.target.start: word for t in group}
    return own


def _prefix_style(
    group: Sequence[Treated], found: Sequence[SideWord]
) -> dict[int, SideWord] | None:
    """The sides of levels that stand behind theirs: "on the right the C3-4, on the left the C4-5".

    None unless two sides or more each have levels of their own behind them.
    """
    if len({word.value for word in found}) < 2 or found[0].start > group[0].target.start:
        return None
    told = {
        treated.target.start: next(
            word for word in reversed(found) if word.end <= treated.target.start
        )
        for treated in group
    }
    return told if {w.value for w in told.values()} == {w.value for w in found} else None


def _suffix_style(text: str, group: Sequence[Treated], found: Sequence[SideWord]) -> bool:
    """Whether sides stand behind their levels: ``C3-4 on the right and C4-5 on the left``."""
    if len(group) < 2 or len(found) < 2:
        return False
    if found[0].start < group[0].target.start:
        return False
    return found[-1].start >= group[-1].target.end


def other_side(reading: Reading) -> list[tuple[int, int, KnownSide | None]]:
    """Where the note says the same was done on the other side, or on a named second side."""
    found: list[tuple[int, int, KnownSide | None]] = []
    for match in _pattern("other_side").finditer(reading.even):
        if reading.section_time(match.start()) in {"performed", "none"}:
            found.append((match.start(), match.end(), None))
    for pattern in _named("repeated_side"):
        for match in pattern.finditer(reading.even):
            if reading.section_time(match.start()) in {"performed", "none"}:
                side: KnownSide = "left" if match["side"].lower() == "left" else "right"
                found.append((match.start("side"), match.end("side"), side))
    return sorted(found)


def corrected(reading: Reading) -> SideWord | None:
    """The side that the note says should have been written; the last such word wins.

    Told either in so many words ("should read left") or by a passage that calls the side above
    wrong and names one side that it does not take back.
    """
    found = None
    for pattern in _named("corrected_side"):
        for match in pattern.finditer(reading.even):
            if reading.section_time(match.start()) in {"performed", "none"}:
                value = match["side"].lower()
                side: KnownSide = (
                    "bilateral" if value == "bilateral" else "left" if value == "left" else "right"
                )
                found = SideWord(side, match.start("side"), match.end("side"))
    return found or _called_wrong(reading)


def _called_wrong(reading: Reading) -> SideWord | None:
    """The one side a passage leaves standing that calls a side wrong; None without one."""
    spots = [*_pattern("side_wrong").finditer(reading.even)]
    for section in reading.sections:
        if section.category == "addendum":
            spots += _pattern("put_right").finditer(reading.even, section.start, section.end)
    for match in spots:
        section = reading.section_at(match.start())
        if section.category in {"history", "family", "exam", "imaging"}:
            continue
        sentence = reading.sentence_at(match.start())
        end = min(section.end, sentence.end + _PASSAGE)
        stop = reading.even.find("\n\n", sentence.end, end)
        spoken = words(reading.even, sentence.start, stop if stop >= 0 else end)
        kept = [
            word
            for word in spoken
            if not _pattern("taken_back").search(
                reading.even, max(sentence.start, word.start - 50), word.start
            )
            and not _pattern("taken_back_after").match(reading.even, word.end)
        ]
        if len({word.value for word in kept}) == 1:
            return kept[-1]
    return None


_PASSAGE = 160
"""Characters after a sentence that calls a side wrong in which the right one is told."""


def merge(values: Iterable[KnownSide]) -> KnownSide | None:
    """Right and left make bilateral; None for no side at all."""
    known = set(values)
    if not known:
        return None
    if len(known) > 1:
        return "bilateral"
    return known.pop()
