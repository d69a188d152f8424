"""Documentation items: stated or not, with the words; what a payer asks of them is ``coding``'s."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from facetcode.extract import duration, earlier_block, radiculopathy, sedation
from facetcode.extract.reading import Reading
from facetcode.extract.rules import Words, at_words, load_rules
from facetcode.facts import Finding

_PLACES = 2
"""Places kept of an item; more prove nothing more."""
_BEFORE, _AFTER = 70, 45
"""Characters of the clause in front of a statement, and behind it, that may take it back."""
_LABEL, _LISTED = 45, 6
"""Characters of a line that only labels the lines below it, and how many of those it labels."""
_OUTCOME = 90
"""Characters of a following sentence in which it tells the outcome."""
# A field's label states nothing while its blank is empty.
_UNFILLED = re.compile(
    r"[^:\n]{0,60}:[ \t]*(?:[*_#?]{2,}[ \t.]*(?=\n|$)|(?=\n[ \t]*\S[^:\n]{0,60}:)|$)"
)
# From a label to its value: "Sedation: none".
_AUXILIARY = re.compile(
    r"[ \t\n:|=()\[\]-]*(?:(?:was|were|is|are|has\s+been|have\s+been)\s+(?=\w))?", re.I
)
_CLAUSE = re.compile(r"[;:.]|\b(?:but|however|although|though)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Item:
    """One rule of documentation.yaml, compiled."""

    name: str
    hints: tuple[str, ...]
    alone: Words | None
    pairs: tuple[tuple[Words, Words, int], ...]
    label: Words | None
    told_on: re.Pattern[str] | None
    before: re.Pattern[str] | None
    inside: re.Pattern[str] | None
    after: re.Pattern[str] | None
    sentence: re.Pattern[str] | None
    silent: frozenset[str]


def _pattern(entry: dict[str, Any], key: str) -> re.Pattern[str] | None:
    return re.compile(entry[key], re.IGNORECASE) if key in entry else None


@cache
def _items() -> tuple[_Item, ...]:
    rules = load_rules("documentation")
    words = {name: at_words(parts) for name, parts in rules["words"].items()}
    return tuple(
        _Item(
            name=entry["name"],
            hints=tuple(entry["hints"]),
            alone=at_words(entry["alone"]) if "alone" in entry else None,
            pairs=tuple((words[a], words[b], far) for a, b, far in entry.get("pairs", ())),
            label=at_words(entry["label"]) if "label" in entry else None,
            told_on=_pattern(entry, "told_on"),
            before=_pattern(entry, "before"),
            inside=_pattern(entry, "inside"),
            after=_pattern(entry, "after"),
            sentence=_pattern(entry, "sentence"),
            silent=frozenset(entry["silent"]),
        )
        for entry in rules["items"]
    )


def find(reading: Reading) -> tuple[Finding, ...]:
    """Every item the note states, with at most two places each."""
    found: list[Finding] = []
    low = reading.even.lower()
    for item in _items():
        if not any(hint in low for hint in item.hints):
            continue
        spots = _spots(reading, item)
        if spots:
            evidence = tuple(reading.evidence(start, end) for start, end in spots)
            found.append(Finding(item.name, evidence))
    found += radiculopathy.find(reading)
    reason = sedation.reason(reading) if any(f.name == "sedation" for f in found) else None
    for extra in (reason, duration.find(reading), earlier_block.find(reading)):
        if extra is not None:
            found.append(extra)
    return tuple(found)


def _spots(reading: Reading, item: _Item) -> list[tuple[int, int]]:
    """The first places that state an item and do not take it back; none overlaps another."""
    spots: list[tuple[int, int]] = []
    for start, end in sorted(set(_stated(reading, item))):
        if spots and start < spots[-1][1]:
            continue
        if reading.section_at(start).category in item.silent:
            continue
        if _UNFILLED.match(reading.even, end) or _taken_back(reading, item, start, end):
            continue
        spots.append((start, end))
        if len(spots) == _PLACES:
            break
    return spots


def _stated(reading: Reading, item: _Item) -> Iterator[tuple[int, int]]:
    if item.alone is not None:
        for match in item.alone.finditer(reading.even):
            yield match.start(), match.end()
    for first, second, far in item.pairs:
        ones = [(m.start(), m.end()) for m in first.finditer(reading.even)]
        if not ones:
            continue
        others = [
            (m.start(), m.end())
            for low, high in _around(reading, ones, told_on=item.told_on is not None)
            for m in second.finditer(reading.even, low, high)
        ]
        yield from _pairs(reading, ones, others, far)
        if item.label is not None:
            yield from _labelled(reading, item.label, ones)
        if item.told_on is not None:
            yield from _told_on(reading, item.told_on, ones, others)


def _around(
    reading: Reading, ones: list[tuple[int, int]], *, told_on: bool
) -> list[tuple[int, int]]:
    """Stretches in which the second word of a pair can stand: the sentences of the first ones.

    The second lists are long, and most sentences of a note hold no first word. With ``told_on``
    the sentence behind counts too.
    """
    stretches: list[tuple[int, int]] = []
    for start, _ in ones:
        sentence = reading.sentence_at(start)
        last = sentence.end
        if told_on:
            last = max(last, reading.sentence_at(min(last, max(0, len(reading.even) - 1))).end)
        if stretches and sentence.start <= stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(last, stretches[-1][1]))
        else:
            stretches.append((sentence.start, last))
    return stretches


def _pairs(
    reading: Reading, ones: list[tuple[int, int]], others: list[tuple[int, int]], far: int
) -> Iterator[tuple[int, int]]:
    """A word of each list in one sentence, at most ``far`` characters apart."""
    at = 0
    for start, end in ones:
        sentence = reading.sentence_at(start)
        while at < len(others) and others[at][1] < start - far:
            at += 1
        for left, right in others[at:]:
            if left > end + far or left >= sentence.end:
                break
            if left < sentence.start or (left < end and start < right):
                continue
            yield min(start, left), max(end, right)


def _labelled(
    reading: Reading, label: Words, ones: list[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Words listed line by line below a short heading: "Failed:", then the treatments."""
    starts = [start for start, _ in ones]
    lines = reading.sentences
    for at, line in enumerate(lines[:-1]):
        if line.end - line.start > _LABEL or not label.search(reading.even, line.start, line.end):
            continue
        last = lines[min(at + _LISTED, len(lines) - 1)]
        first = bisect_left(starts, line.end)
        if first < len(ones) and starts[first] < min(last.end, line.end + _LISTED * 100):
            if "\n\n" not in reading.even[line.end : starts[first]]:
                yield ones[first]


def _told_on(
    reading: Reading,
    opening: re.Pattern[str],
    ones: list[tuple[int, int]],
    others: list[tuple[int, int]],
) -> Iterator[tuple[int, int]]:
    """A word in one sentence and its outcome in the next: "She had physiotherapy. Neither ..."."""
    starts = [start for start, _ in ones]
    outcomes = [start for start, _ in others]
    for here, after in pairwise(reading.sentences):
        if not opening.match(reading.even, after.start, after.end):
            continue
        one, other = bisect_left(starts, here.start), bisect_left(outcomes, after.start)
        if one == len(ones) or starts[one] >= here.end or other == len(others):
            continue
        if outcomes[other] < min(after.end, after.start + _OUTCOME):
            yield starts[one], others[other][1]


def _taken_back(reading: Reading, item: _Item, start: int, end: int) -> bool:
    """Whether words around a statement, or inside it, deny it or make it one of something else."""
    sentence = reading.sentence_at(start)
    if item.before is not None:
        before = reading.even[max(sentence.start, start - _BEFORE) : start]
        # Only the clause: "no fever; sedated with 2 mg midazolam" denies nothing of sedation.
        if item.before.search(_CLAUSE.split(before)[-1]):
            return True
    if item.inside is not None and item.inside.search(reading.even, start, end):
        return True
    if item.after is not None:
        after = _AUXILIARY.sub("", reading.even[end : end + _AFTER], count=1)
        if item.after.match(after):
            return True
    return item.sentence is not None and bool(
        item.sentence.search(reading.even, sentence.start, sentence.end)
    )
