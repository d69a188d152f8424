"""One note's facts with what the patient's other notes add: ordinal, relief, interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from facetcode.coding.case import arrange
from facetcode.coding.documentation import days_since_prior
from facetcode.facts import Facts, Finding, Relief
from facetcode.series.findings import Findings
from facetcode.series.relief import Told, counted
from facetcode.series.visit import Visit, cited


def filled_up(found: Findings) -> Facts:
    """The note's facts with the ordinal, the relief and the interval that the series gives."""
    visit, facts = found.visit, found.visit.facts
    if found.ordinal != facts.procedure.ordinal and found.ordinal in (1, 2):
        facts = replace(facts, procedure=replace(facts.procedure, ordinal=found.ordinal))  # type: ignore[arg-type]
    if found.ordinal != 2 or not found.earlier:
        return facts
    latest = found.earlier[-1]
    told = [t for t in _of_latest(found) if t.by.note_id != visit.note_id]
    own = tuple(
        # With one earlier block an undated statement of this note can only be of that one.
        replace(r, date=str(latest.day))
        if r.when == "prior" and r.date is None and len(found.earlier) == 1
        else r
        for r in facts.relief
    )
    if not any(t.after for t in told) and any(r.when == "prior" for r in own):
        told = []
    heard = tuple(
        Relief(
            t.relief.low,
            t.relief.high,
            "prior",
            cited(t.relief.evidence, t.by, visit),
            str(latest.day),
            t.relief.side,
        )
        for t in told
    )
    facts = replace(facts, relief=(*own, *heard))
    return replace(facts, findings=(*facts.findings, *_interval(found, latest)))


def _of_latest(found: Findings) -> Sequence[Told]:
    """What other notes tell of the latest earlier block, on any side, up to this visit's day."""
    latest, visit = found.earlier[-1], found.visit
    told = [
        t
        for t in found.history.told.get(latest.note_id, ())
        if t.by.day and visit.day and t.by.day <= visit.day
    ]
    return counted(told)


def _interval(found: Findings, latest: Visit) -> tuple[Finding, ...]:
    visit = found.visit
    if visit.day is None or latest.day is None:
        return ()
    days = (visit.day - latest.day).days
    case = arrange(visit.facts, found.rules, visit.meta)
    stated = days_since_prior(case)
    if stated is not None and stated[0] < days:
        return ()  # the note itself says less: the shorter interval is the one to ask about
    evidence = cited(latest.facts.procedure.evidence, latest, visit)
    return (Finding("interval_days", evidence, str(days)),)
