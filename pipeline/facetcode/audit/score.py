"""What an audit found: rates with exact intervals, errors by class, and what may be claimed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from facetcode.audit.coders import Coded
from facetcode.audit.compare import CLASSES, Verdict, compare
from facetcode.audit.draw import Drawn
from facetcode.audit.exact import exact, notes_needed
from facetcode.audit.read_sheet import Reviewed
from facetcode.audit.sample_file import Sample
from facetcode.audit.sheet import missing_of
from facetcode.claims import Claim
from facetcode.evaluate.intervals import Estimate

ENGINE = "facetcode"


@dataclass(frozen=True, slots=True)
class Found:
    """One note of one coder that was not right, or was billed too high or too low."""

    note_id: str
    stratum: str
    given: str
    right: str
    verdict: Verdict
    comment: str


@dataclass(frozen=True, slots=True)
class Party:
    """How the program or one coder fared on the notes reviewed."""

    name: str
    notes: int
    error: Estimate
    """Share of notes whose claim was wrong."""
    lines: Estimate
    """Share of lines, the reviewer's and what was coded beyond them, that were wrong."""
    classes: Mapping[str, tuple[Estimate, int]]
    """Class to the share of notes with such an error, and in how many it was the first cause."""
    directions: Mapping[str, Estimate]
    """``over``, ``under`` and ``changed`` to the share of notes."""
    over_units: int
    under_units: int
    documentation_judged: int
    weighted: float | None
    """Error rate with each stratum weighed by its size, where the sample is stratified."""
    found: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class Need:
    """How many more notes a claim would take; None where no number would do."""

    claim: float
    holds: bool
    without_errors: int | None
    at_this_rate: int | None


@dataclass(frozen=True, slots=True)
class Score:
    """An audit's result."""

    reviewed: tuple[str, ...]
    replaced: tuple[tuple[str, str], ...]
    """Notes that could not be judged, and the spare that stands in (or nothing)."""
    open_: tuple[str, ...]
    """Notes still to be reviewed, spares that are due included."""
    unused: int
    """Spares reviewed without need; they are not counted."""
    parties: tuple[Party, ...]
    strata: Mapping[str, Estimate]
    """Stratum to the program's error rate, where the sample is stratified."""
    need: Need


def score(
    sample: Sample,
    claims: Mapping[str, Claim],
    reviewed: Mapping[str, Reviewed],
    coded: Mapping[str, Coded] | None = None,
    *,
    claim: float = 0.95,
) -> Score:
    """Score the notes of the sample, and spares where a note could not be judged."""
    counted, replaced, due = _counted(sample, reviewed)
    engine = _party(
        ENGINE, sample, [(drawn, reviewed[drawn.note_id]) for drawn in counted],
        {drawn.note_id: claims[drawn.note_id].lines for drawn in counted},
        {drawn.note_id: missing_of(claims[drawn.note_id]) for drawn in counted},
    )  # fmt: skip
    parties = [engine]
    coded = coded or {}
    for coder in sorted({c.coder for c in coded.values()}):
        own = [d for d in counted if d.note_id in coded and coded[d.note_id].coder == coder]
        if own:
            parties.append(
                _party(
                    coder,
                    sample,
                    [(drawn, reviewed[drawn.note_id]) for drawn in own],
                    {drawn.note_id: coded[drawn.note_id].lines for drawn in own},
                    None,
                )
            )
    wrong = {found.note_id for found in engine.found if found.verdict.wrong}
    strata = {}
    for name in sample.strata if sample.by else ():
        ids = [drawn.note_id for drawn in counted if drawn.stratum == name]
        strata[name] = exact(sum(note_id in wrong for note_id in ids), len(ids))
    used = {drawn.note_id for drawn in counted} | {note_id for note_id, _ in replaced}
    return Score(
        reviewed=tuple(drawn.note_id for drawn in counted),
        replaced=replaced,
        open_=due,
        unused=sum(note_id not in used for note_id in reviewed),
        parties=tuple(parties),
        strata=strata,
        need=_need(len(wrong), len(counted), claim),
    )


def _counted(
    sample: Sample, reviewed: Mapping[str, Reviewed]
) -> tuple[list[Drawn], tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Notes that count, in the sample's order; what was replaced by what; what is still open."""
    spares: dict[str, list[Drawn]] = {}
    for drawn in sample.spares:
        spares.setdefault(drawn.stratum, []).append(drawn)
    counted: list[Drawn] = []
    replaced: list[tuple[str, str]] = []
    due: list[str] = []
    for drawn in sample.sample:
        current: Drawn | None = drawn
        while current is not None:
            found = reviewed.get(current.note_id)
            if found is None:
                due.append(current.note_id)
                break
            if found.lines is not None:
                counted.append(current)
                break
            # Spares step in by the order of the draw: choosing one would bias the sample.
            queue = spares.get(drawn.stratum, [])
            after = queue.pop(0) if queue else None
            replaced.append((current.note_id, after.note_id if after else ""))
            current = after
    return counted, tuple(replaced), tuple(due)


def _party(
    name: str,
    sample: Sample,
    notes: Sequence[tuple[Drawn, Reviewed]],
    lines: Mapping[str, Any],
    missing: Mapping[str, tuple[str, ...]] | None,
) -> Party:
    verdicts: dict[str, Verdict] = {}
    found, wrong_lines, all_lines = [], 0, 0
    judged = 0
    for drawn, review in notes:
        right, note_id = review.lines or (), drawn.note_id
        raised = missing[note_id] if missing is not None else None
        judged += raised is not None and review.missing is not None
        verdict = compare(lines[note_id], right, raised, review.missing)
        verdicts[note_id] = verdict
        hits = (Counter(map(_line_key, lines[note_id])) & Counter(map(_line_key, right))).total()
        total = max(len(lines[note_id]), len(right))
        wrong_lines, all_lines = wrong_lines + total - hits, all_lines + total
        if verdict.errors:
            found.append(
                Found(
                    note_id,
                    drawn.stratum,
                    _said(lines[note_id]),
                    _said(right),
                    verdict,
                    review.comment,
                )
            )
    n = len(notes)
    kinds = {
        note_id: {error.kind for error in verdict.errors} for note_id, verdict in verdicts.items()
    }
    causes = Counter(verdict.cause for verdict in verdicts.values())
    directions = Counter(verdict.direction for verdict in verdicts.values())
    return Party(
        name=name,
        notes=n,
        error=exact(sum(verdict.wrong for verdict in verdicts.values()), n),
        lines=exact(wrong_lines, all_lines),
        classes={
            kind: (
                exact(
                    sum(kind in own for own in kinds.values()),
                    judged if kind == "documentation" else n,
                ),
                causes[kind],
            )
            for kind in CLASSES
        },
        directions={kind: exact(directions[kind], n) for kind in ("over", "under", "changed")},
        over_units=sum(verdict.over for verdict in verdicts.values()),
        under_units=sum(verdict.under for verdict in verdicts.values()),
        documentation_judged=judged,
        weighted=_weighted(sample, notes, verdicts),
        found=tuple(found),
    )


def _line_key(line: Any) -> tuple[Any, ...]:
    """What makes a line the same line on a claim: code, modifiers in any order, units."""
    return (line.code, tuple(sorted(line.modifiers)), line.units)


def _weighted(
    sample: Sample, notes: Sequence[tuple[Drawn, Reviewed]], verdicts: Mapping[str, Verdict]
) -> float | None:
    """The stratified estimate; None without strata or while one of them has no reviewed note."""
    if not sample.by:
        return None
    total, rate = 0, 0.0
    for name, (frame, _) in sample.strata.items():
        own = [verdicts[d.note_id].wrong for d, _ in notes if d.stratum == name]
        if not own:
            return None
        total, rate = total + frame, rate + frame * sum(own) / len(own)
    return rate / total if total else None


def _need(errors: int, reviewed: int, claim: float) -> Need:
    without = notes_needed(errors, reviewed, claim)
    rate = errors / reviewed if reviewed else 0.0
    return Need(
        claim=claim,
        holds=without == 0,
        without_errors=without,
        at_this_rate=notes_needed(errors, reviewed, claim, rate=rate) if reviewed else None,
    )


def _said(lines: Sequence[Any]) -> str:
    said = []
    for line in lines:
        place = " ".join((*line.joints, line.side)).strip()
        said.append(f"{line.word} ({place})" if place else line.word)
    return "; ".join(said) or "nothing to bill"
