"""Text copied from one visit to the next, apart from what other patients' notes hold as well.

Exact runs of words are compared, by overlapping windows (shingles) of ``WINDOW`` words. Near
matches and sketches (rapidfuzz, datasketch) are not used: a payer's reviewer argues from
identical wording, and exact runs are what evidence can show.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from facetcode.facts import Evidence
from facetcode.series.visit import Visit

WINDOW = 8
"""Words of a shingle: long enough that two dictations seldom share one by chance."""
LEAST_WORDS = 40
"""Copied words below which a passage is a phrase and not a note."""
LEAST_SHARE = 0.5
"""Share of a note's own words (boilerplate apart) that must be an earlier visit's."""
SHARE_ALONE = 0.8
"""The share where no other patient's notes can tell the practice's template from a copy."""
_PASSAGES = 3
"""Passages cited, the longest first."""

_PLACES = 16
"""Places of one window that are tried: a page of one repeated line must not cost minutes."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Copied:
    """What one note repeats of an earlier one: passages in both, as (own, other's) evidence."""

    source: Visit
    words: int
    share: float
    passages: tuple[tuple[Evidence, Evidence], ...]
    compared: bool
    """Whether other patients' notes were there to tell boilerplate by."""


@dataclass(frozen=True, slots=True)
class _Words:
    visit: Visit
    spans: tuple[tuple[int, int], ...]
    words: tuple[str, ...]
    shingles: tuple[int, ...]


def copies(visits: Sequence[Visit]) -> dict[str, Copied]:
    """Note id to what that note copies; only dated notes with text of patients with several.

    A run is held to two passes over the texts, and only windows that repeat within a patient
    are remembered, so the memory does not grow with all the words of the batch.
    """
    by_patient: dict[str, list[Visit]] = {}
    for visit in visits:
        if visit.text is not None:
            by_patient.setdefault(visit.patient, []).append(visit)
    repeated: dict[int, str] = {}
    shared: set[int] = set()
    for patient, group in by_patient.items():
        if not patient or len({v.day for v in group if v.day}) < 2:
            continue
        for shingle in _repeated(group):
            # Repeated within two patients is a template by itself.
            if repeated.setdefault(shingle, patient) != patient:
                shared.add(shingle)
    if not repeated:
        return {}
    for patient, group in by_patient.items():
        for visit in group:
            shared.update(
                s
                for s in _split(visit).shingles
                if repeated.get(s, patient) != patient or (not patient and s in repeated)
            )
    found: dict[str, Copied] = {}
    for patient, group in by_patient.items():
        compared = len(by_patient) > 1
        if patient and len(group) > 1:
            found.update(_of_patient(group, shared, compared))
    return found


def _split(visit: Visit) -> _Words:
    text = visit.text or ""
    spans = tuple(match.span() for match in _WORD.finditer(text))
    words = tuple(text[start:end].lower() for start, end in spans)
    shingles = tuple(hash(words[i : i + WINDOW]) for i in range(len(words) - WINDOW + 1))
    return _Words(visit, spans, words, shingles)


def _repeated(group: Iterable[Visit]) -> set[int]:
    seen: set[int] = set()
    twice: set[int] = set()
    for visit in group:
        own = set(_split(visit).shingles)
        twice |= own & seen
        seen |= own
    return twice


def _of_patient(group: Sequence[Visit], shared: set[int], compared: bool) -> Mapping[str, Copied]:
    notes = sorted(
        (_split(v) for v in group if v.day), key=lambda n: (str(n.visit.day), n.visit.note_id)
    )
    found = {}
    for place, note in enumerate(notes):
        best: Copied | None = None
        for earlier in notes[:place]:
            if earlier.visit.day == note.visit.day:
                continue  # two versions of one visit's note: REPEATED_LEVEL looks at those
            made = _compare(note, earlier, shared, compared)
            if made and (best is None or (made.words, made.share) > (best.words, best.share)):
                best = made
        least = LEAST_SHARE if compared else SHARE_ALONE
        if best and best.words >= LEAST_WORDS and best.share >= least:
            found[note.visit.note_id] = best
    return found


def _compare(note: _Words, earlier: _Words, shared: set[int], compared: bool) -> Copied | None:
    boilerplate = _covered(note, shared)
    own = len(note.words) - sum(boilerplate)
    if not own:
        return None
    runs = _runs(note, earlier, shared)
    words = sum(not boilerplate[i] for start, _, n in runs for i in range(start, start + n))
    runs = sorted(runs, key=lambda run: (-run[2], run[0]))[:_PASSAGES]
    passages = tuple(
        (_passage(note, start, n, cite=False), _passage(earlier, other, n, cite=True))
        for start, other, n in runs
    )
    return Copied(earlier.visit, words, words / own, passages, compared) if passages else None


def _covered(note: _Words, shared: set[int]) -> list[bool]:
    """Which words stand in a window that another patient's note holds too."""
    covered = [False] * len(note.words)
    for place, shingle in enumerate(note.shingles):
        if shingle in shared:
            covered[place : place + WINDOW] = [True] * WINDOW
    return covered


def _runs(note: _Words, earlier: _Words, shared: set[int]) -> list[tuple[int, int, int]]:
    """Longest common runs as (word here, word there, words), left to right, boilerplate apart."""
    places: dict[int, list[int]] = {}
    for place, shingle in enumerate(earlier.shingles):
        if shingle not in shared and len(known := places.setdefault(shingle, [])) < _PLACES:
            known.append(place)
    found = []
    here = 0
    while here < len(note.shingles):
        best = (0, 0)
        for there in places.get(note.shingles[here], ()):
            n = 0
            while (
                here + n < len(note.shingles)
                and there + n < len(earlier.shingles)
                and note.shingles[here + n] == earlier.shingles[there + n]
                and note.shingles[here + n] not in shared
            ):
                n += 1
            best = max(best, (n, -there))
        windows, there = best[0], -best[1]
        if windows:
            found.append((here, there, windows + WINDOW - 1))
            here += windows + WINDOW - 1
        else:
            here += 1
    return found


def _passage(note: _Words, start: int, words: int, *, cite: bool) -> Evidence:
    text = note.visit.text or ""
    first, last = note.spans[start][0], note.spans[start + words - 1][1]
    return Evidence(first, last, text[first:last], note.visit.note_id if cite else None)
