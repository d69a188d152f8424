"""Percentages of pain relief from a facet block: today's or an earlier one's."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial

from facetcode.extract import percent_columns, percentages, timeline
from facetcode.extract.credit import (
    LUMBAR,
    Account,
    Subject,
    account,
    credit,
    region,
    region_of_note,
    rule,
)
from facetcode.extract.laterality import words as side_words
from facetcode.extract.lookalikes import is_of_other_thing, is_something_else, is_threshold
from facetcode.extract.percentages import Percentage
from facetcode.extract.reading import Reading
from facetcode.extract.relief_time import when_told
from facetcode.extract.relief_words import speaks_of_relief
from facetcode.facts import FACET_BLOCKS, Evidence, Kind, Relief, Side, When


def find(reading: Reading, kind: Kind | None) -> tuple[Relief, ...]:
    """Every stated relief, once for each (low, high, when); ``kind`` is of today's procedure.

    Only a facet block allows *today*; of another procedure, what is said of today is its relief.
    """
    found: dict[tuple[float, float, When], tuple[list[Evidence], Side, str | None]] = {}
    last: tuple[Account, When] | None = None
    refused = 0
    needle = cache(partial(timeline.needle, reading))
    day_of = timeline.entries(reading)
    of_note = cache(partial(region_of_note, reading.even))
    stated = _all(reading)
    for index, percentage in enumerate(stated):
        reach = _reach(stated, index)
        if reach is None:
            continue
        if is_something_else(reading, percentage):
            continue
        told = account(reading, percentage.start, percentage.end, *reach)
        if refused and _SAME_THING.fullmatch(reading.even, refused, percentage.start):
            refused = percentage.end
            continue
        if is_of_other_thing(reading, told, percentage):
            refused = percentage.end
            continue
        if is_threshold(reading, told, percentage):
            continue
        when = when_told(reading, told, needle, day_of)
        subject, scope = credit(reading, told, today=when == "today" and kind in FACET_BLOCKS)
        follows = last is not None and _follows(reading, last[0], told)
        if subject is not None and not subject.ours and not (follows and scope == "before"):
            continue
        if not (follows or percentage.headed or speaks_of_relief(reading, told, subject, when)):
            continue
        if not _is_of_our_block(reading, told, subject, kind, when, of_note, needle):
            continue
        last = (told, when)
        when = when if kind in FACET_BLOCKS else "prior"
        sentence = told.sentence
        days = [
            w.day.isoformat()
            for w in reading.dates_in(sentence.start, sentence.end)
            if w.day and w.day != reading.dos
        ]
        entry = found.setdefault(
            (percentage.low, percentage.high, when),
            ([], _side(reading, told), days[0] if days and when == "prior" else None),
        )
        entry[0].append(reading.evidence(percentage.start, percentage.end))
    return tuple(
        Relief(low, high, when, tuple(evidence), day, side)
        for (low, high, when), (evidence, side, day) in found.items()
    )


_ROW = 8
"""Percentages in a row; what stands beyond so many others says nothing of this one."""
_DENSE = 7
"""Characters a percentage takes where nothing is told of any: not even its hour and a blank."""


def _reach(stated: list[Percentage], index: int) -> tuple[int, int | None] | None:
    """Offsets between which a percentage is told of; None where they stand too close for that."""
    low = stated[index - _ROW].start if index >= _ROW else None
    high = stated[index + _ROW].end if index + _ROW < len(stated) else None
    if low is not None and high is not None and high - low < 2 * _ROW * _DENSE + _DENSE:
        return None
    return low or 0, high


# "NDI 46%, was 50%": what stands right behind a share of something else is one too.
_SAME_THING = re.compile(
    r"[\s,;(]*(?:->|-|from|to|was|is|now|down|up|previously|before|last)\s(?:\s|to|from|was|at)*",
    re.IGNORECASE,
)


def _follows(reading: Reading, earlier: Account, told: Account) -> bool:
    """Whether a bare percentage goes on with the one accepted before it: "right 75%, left 60%"."""
    if told.sentence.start <= earlier.start:
        return True
    text = reading.even
    between = text[earlier.sentence.end : told.sentence.start]
    row = text[told.sentence.start : told.start]
    return not between.strip() and "\n\n" not in between and len(row) < 40 and "." not in row


def _all(reading: Reading) -> list[Percentage]:
    """Percentages with their own sign and those with a label's or a column's, in order."""
    signed = list(percentages.find(reading.even))
    headed = [
        p
        for p in percent_columns.find(reading.given)
        if not any(s.start <= p.start < s.end for s in signed)
    ]
    return sorted({p.start: p for p in [*headed, *signed]}.values(), key=lambda p: p.start)


def _is_of_our_block(
    reading: Reading,
    told: Account,
    subject: Subject | None,
    kind: Kind | None,
    when: When,
    of_note: Callable[[], str | None],
    needle: Callable[[], int],
) -> bool:
    """Whether the block is of the neck or the chest, and not today's where today's was another."""
    where = region(reading, told, subject)
    if kind == "lumbar_facet":
        # What is told in front of today's lumbar needle is of another day.
        return where == "cervical" and (when == "prior" or told.start < needle())
    if where == "lumbar":
        # Beside a block of the chest a lumbar joint may have been done; the result is of both.
        return when == "today" and kind in FACET_BLOCKS and not _names_lumbar(reading, told)
    if (where or of_note()) == "lumbar":
        return False
    if kind is None or kind in FACET_BLOCKS:
        return True
    # Another procedure was done today: unless a block is named, what is told is its result.
    return when == "prior" and (
        (subject is not None and subject.ours)
        or rule("prior").search(reading.even, told.rows, told.sentence.end) is not None
    )


def _names_lumbar(reading: Reading, told: Account) -> bool:
    """Whether the sentence itself, or the lines above its row, speak of the low back."""
    return LUMBAR.search(reading.even, told.rows, told.sentence.end) is not None


_CLAUSE = re.compile(r"[,;\n]|\band\b")


# Where the pain was less, the side of the neck is the block's: "80% for the left neck".
_NECK = re.compile(
    r"\b(?P<side>left|right)\s+(?:side\s+of\s+the\s+)?(?:neck|back|mid-?\s?back)\b", re.I
)


def _side(reading: Reading, told: Account) -> Side:
    """The side the percentage is told of: right behind it, else in front of it in its row."""
    text, start, end, sentence = reading.even, told.start, told.end, told.sentence
    clause = _CLAUSE.search(text, end, min(sentence.end, end + 40))
    stop = clause.start() if clause else min(sentence.end, end + 40)
    behind = side_words(text, end, stop)
    if behind:
        return behind[0].value
    neck = _NECK.search(text, end, stop)
    if neck:
        return "left" if neck["side"].lower() == "left" else "right"
    row = max(sentence.start, text.rfind("\n", 0, start) + 1, start - 60)
    ahead = side_words(text, row, start)
    return ahead[-1].value if ahead else "unstated"
