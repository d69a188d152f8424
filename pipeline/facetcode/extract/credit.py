"""Which treatment a percentage is credited to: the facet block, another one, or nothing named.

The nearest treatment of the percentage's clause has it, then the rest of its sentence, then the
lines above a row of a table or diary, then the sentences before it, then its heading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from facetcode.extract.reading import Reading
from facetcode.extract.rules import Words, at_words, load_rules
from facetcode.extract.sections import SectionSpan
from facetcode.extract.text import Sentence

Scope = Literal["clause", "sentence", "rows", "before", "heading", "none"]


@dataclass(frozen=True, slots=True)
class Subject:
    """A treatment named in the note: ``ours`` is a facet block; offsets half-open."""

    ours: bool
    start: int
    end: int
    care: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """What is told around one percentage; offsets half-open, each stretch holds the one before.

    ``clause`` lies in ``sentence``; ``rows`` starts at the lines above a bare row of a table.
    """

    start: int
    end: int
    clause: tuple[int, int]
    sentence: Sentence
    rows: int
    section: SectionSpan


@cache
def rule(name: str) -> Words:
    """A rule of ``relief.yaml`` that starts at a word."""
    return at_words(load_rules("relief")[name])


@cache
def beside(name: str) -> re.Pattern[str]:
    """A rule of ``relief.yaml`` that is tied to an end of the searched stretch."""
    return re.compile(load_rules("relief")[name], re.IGNORECASE)


_CUT = re.compile(
    r"[;|\t]|,(?!\d)|[.!?]\s|\s/\s|(?<=\s)(?:and|but|while|whereas|then|yet|however|though|although|"
    r"vs\.?|versus|so|because|therefore)\b",
    re.IGNORECASE,
)
_PLAIN_WORD = re.compile(r"[A-Za-z]{3,}")
_BLANK_LINE = re.compile(r"\n[ ]*\r?\n")
_ROW_WORDS = 4
_ROWS_REACH = 320
_BEFORE_REACH = 280
_LINK_REACH = 90
_AHEAD_REACH = 500
_BEHIND_REACH = 250


def account(
    reading: Reading, start: int, end: int, floor: int = 0, ceiling: int | None = None
) -> Account:
    """The clause, sentence and rows that tell of the percentage at these offsets.

    What stands outside ``floor`` and ``ceiling`` says nothing of it.
    """
    text = reading.even
    whole = reading.sentence_at(start)
    # In a list that never stops, what stands far away says nothing of this percentage.
    sentence = Sentence(
        max(whole.start, start - _AHEAD_REACH, floor),
        min(whole.end, end + _BEHIND_REACH, len(text) if ceiling is None else ceiling),
        whole.line,
    )
    section = reading.section_at(start)
    low = sentence.start
    for cut in _CUT.finditer(text, sentence.start, start):
        if cut.end() <= start:
            low = cut.start()
    cut_after = _CUT.search(text, end, sentence.end)
    high = cut_after.start() if cut_after else max(sentence.end, end)
    floor = max(floor, start - _ROWS_REACH, reading.known_section_at(start).start)
    rows = _rows(text, sentence, floor, start)
    return Account(start, end, (low, high), sentence, rows, section)


def _rows(text: str, sentence: Sentence, floor: int, start: int) -> int:
    """Where the account of a percentage begins: its sentence, or the lines above a bare row.

    A row of a table, a diary or a list ("7/15  80%  6 hrs") says what it counts only above it.
    """
    at = sentence.start
    while at > floor and len(_PLAIN_WORD.findall(text, at, start)) < _ROW_WORDS:
        above = text.rfind("\n", 0, max(0, at - 1)) + 1
        if not text[above:at].strip():
            # A blank line parts a table from its heading, and one paragraph from another.
            higher = text.rfind("\n", 0, max(0, above - 1)) + 1
            if higher < floor or not text[higher:above].rstrip().endswith(":"):
                break
            above = higher
        if above < floor:
            break
        at = above
    return at


def subjects(reading: Reading, low: int, high: int) -> list[Subject]:
    """The treatments named between two offsets that may have given relief, in order."""
    text = reading.even
    spans: list[tuple[int, int, str]] = []
    small = any(c.islower() for c in text[low:high])
    for name in ("other", "care", "ours", "vague"):
        spans += [(m.start(), m.end(), name) for m in rule(name).finditer(text, low, high)]
    spans += [(m.start(), m.end(), "care") for m in _THERAPY.finditer(text, low, high) if small]
    spans.sort(key=lambda span: (span[0], -span[1]))
    found: list[Subject] = []
    taken = low
    for start, end, name in spans:
        if start < taken:
            continue
        # What is not done still covers its words: "RFA of the medial branches" names no block.
        taken = end
        if name in {"other", "care"} and _not_done(text, low, start, end, high):
            continue
        ours = name == "ours" or (name == "vague" and not _stands_for_other(found, text, start))
        found.append(Subject(ours, start, end, care=name == "care"))
    return found


# PT is physical therapy where the note writes small letters too and nobody reports or tolerates.
_THERAPY = re.compile(
    r"\bPT\b(?![^\S\n]+(?:reports?|states?|says?|said|had|has|was|is|were|will|tolerated|denies|denied|told|seen|placed|"
    r"in|able|c/o|to|up|a|an|the|returns?|here|who|with|presents?|came|feels?|felt|rates?|rated|notes?|got|did|gets?|"
    r"[A-Z]{2,})\b)"
)


def _not_done(text: str, low: int, start: int, end: int, high: int) -> bool:
    return bool(
        beside("not_yet").search(text[max(low, start - 60) : start])
        or beside("not_yet_after").match(text[end : min(high, end + 40)])
    )


_SEVERAL = re.compile(
    r"\b(?:two|three|2|3|both|series|several|multiple)\b[^.;]{0,40}$", re.IGNORECASE
)


def _stands_for_other(found: list[Subject], text: str, start: int) -> bool:
    """Whether "the injection" goes on with an epidural named shortly before."""
    if not found or found[-1].ours or found[-1].care:
        return False
    last = found[-1]
    between = text[last.end : start]
    if not re.search(r"[.;\n]", between):
        return True
    counted = _SEVERAL.search(text[max(0, last.start - 60) : last.start])
    numbered = re.search(r"\b(?:first|1st|second|2nd|initial|prior)\s+$|#\s?\d\s*$", between)
    return len(between) < _LINK_REACH and (counted is not None or numbered is None)


def credit(reading: Reading, told: Account, *, today: bool) -> tuple[Subject | None, Scope]:
    """The treatment a percentage belongs to and where it is named.

    ``today``: the account is of the encounter's own block, which need not be named again; what
    was said of other treatments before it does not count.
    """
    text = reading.even
    low = min(told.rows, told.sentence.start)
    found = subjects(reading, low, told.sentence.end)
    own = [s for s in found if s.start >= told.sentence.start]
    inside = [s for s in own if told.clause[0] <= s.start < told.clause[1]]
    subject = _of_clause(text, inside, told)
    if subject:
        return subject, "clause"
    subject = _of_sentence(text, own, told)
    if subject:
        return subject, "sentence"
    rows = [s for s in found if s.end <= told.sentence.start and not s.care]
    if rows and (rows[-1].ours or not today):
        return rows[-1], "rows"
    if not today:
        subject = _before(reading, told)
        if subject:
            return subject, "before"
    heading = subjects(reading, told.section.start, told.section.body)
    if heading and not (today and heading[-1].care):
        return heading[-1], "heading"
    return None, "none"


def _of_clause(text: str, inside: list[Subject], told: Account) -> Subject | None:
    before = [s for s in inside if s.end <= told.start]
    after = [s for s in inside if s.start >= told.end]
    linked = _linked(text, after, told)
    if before and beside("gave").search(text[before[-1].end : told.start]):
        # "RFA was agreed given 85% relief from the block": what is tied behind it goes first.
        tied = linked and not linked.care and _TIED.match(text, told.end)
        return linked if tied else before[-1]
    if linked or before:
        return linked or before[-1]
    return after[0] if after else None


_TIED = re.compile(
    r"\s*(?:[a-z]+\s+){0,3}(?:relief|improvement|reduction|benefit|response|better)\s+(?:from|with|after|following|w/|to|s/p)\b",
    re.IGNORECASE,
)


def _linked(text: str, after: list[Subject], told: Account) -> Subject | None:
    """The treatment that "from", "after" or "with" ties to the percentage in front of it."""
    for subject in after[:1]:
        low = told.end
        for cut in _CUT.finditer(text, told.end, subject.start):
            low = cut.end()
        if subject.start - told.end < _LINK_REACH and beside("from").search(
            text[low : subject.start]
        ):
            return subject
    return None


# "He got 90% relief, and after I burned them" tells of another time.
_NEW_CLAUSE = re.compile(
    r"\b(?:and|but|then)\s+(?:after|when|since|with|following)\b", re.IGNORECASE
)


def _of_sentence(text: str, own: list[Subject], told: Account) -> Subject | None:
    after = [s for s in own if s.start >= told.end]
    linked = _linked(text, after, told)
    if linked and _NEW_CLAUSE.search(text, told.end, linked.start):
        linked = None
    if linked and not re.search(r"%|percent", text[told.end : linked.start], re.IGNORECASE):
        return linked
    for subject in reversed([s for s in own if s.end <= told.start]):
        if not (subject.care and _failed(text, told.sentence.start, told.start)):
            return subject
    return linked or next((s for s in after if s.ours), None)


def _failed(text: str, low: int, high: int) -> bool:
    return beside("failed").search(text, low, high) is not None


def _before(reading: Reading, told: Account) -> Subject | None:
    """The last treatment of the sentences before, in the same paragraph."""
    text = reading.even
    section = reading.known_section_at(told.start)
    # "Pt: 90%" in an entry of a chart goes on with it.
    opens = section.start if section.category != "admin" else 0
    floor = max(0, opens, told.rows - _BEFORE_REACH)
    floor = max([floor, *(m.end() for m in _BLANK_LINE.finditer(text, floor, told.rows))])
    if floor >= told.rows:
        return None
    floor_of_last = reading.sentence_at(max(floor, told.rows - 2)).end
    for subject in reversed(subjects(reading, floor, told.rows)):
        if subject.care:
            # What was tried is listed and has failed; only a single one right before may have it.
            sentence = reading.sentence_at(subject.start)
            if sentence.end < floor_of_last or _failed(text, sentence.start, sentence.end):
                continue
        return subject
    return None


LUMBAR = re.compile(
    r"\b(?:lumbar|lumbosacral|low(?:er)?\s+back|l-?spine|lbp|sciatica|si\s+joint|sacral|"
    r"L[1-5](?!\d)(?:\s?-|/|\b)|L\s+(?:facets?|mbbs?|rfas?)\b)",
    re.IGNORECASE,
)
_CERVICAL = re.compile(
    r"\b(?:cervical|cerv|c-?spine|thoracic|t-?spine|neck|[CT]\d{1,2}|mid-?\s?back|upper\s+back|TON|"
    r"cmbbs?|tmbbs?|third\s+occipital)\b",
    re.IGNORECASE,
)


def region(reading: Reading, told: Account, subject: Subject | None) -> str | None:
    """``lumbar`` or ``cervical``, as the nearest words say that name a region; None if none do."""
    text = reading.even
    stretches = [told.clause, (told.sentence.start, told.end)]
    if subject is not None:
        own = reading.sentence_at(subject.start)
        stretches.append((max(own.start, subject.start - 60), min(own.end, subject.end + 40)))
    stretches += [(told.sentence.start, told.sentence.end), (told.rows, told.end)]
    stretches += [(max(0, told.rows - _BEFORE_REACH), told.end)]
    for low, high in stretches:
        spots = [
            (abs(m.start() - told.start), name)
            for name, pattern in (("lumbar", LUMBAR), ("cervical", _CERVICAL))
            for m in pattern.finditer(text, low, high)
        ]
        if spots:
            return min(spots)[1]
    return None


def region_of_note(text: str) -> str | None:
    """The region most of a note speaks of, or None."""
    lumbar, cervical = len(LUMBAR.findall(text)), len(_CERVICAL.findall(text))
    if lumbar == cervical:
        return None
    return "lumbar" if lumbar > cervical else "cervical"
