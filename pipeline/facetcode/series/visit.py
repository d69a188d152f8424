"""One note of a patient's series, and the block session it tells of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from facetcode.facts import Evidence, Facts, Intent, Level, Side

Region = Literal["cervical_thoracic", "lumbar"]
DateFrom = Literal["export", "note"]


@dataclass(frozen=True, slots=True)
class Visit:
    """A note with its facts; ``text`` is None where only stored facts are at hand."""

    note_id: str
    facts: Facts
    meta: Mapping[str, str] = field(default_factory=dict)
    day: date | None = None
    day_from: DateFrom | None = None
    """Who gave the date: the export, or a date the note itself labels as its own."""
    patient: str = ""
    """Whose note it is; empty where nobody says."""
    text: str | None = field(default=None, repr=False)

    @property
    def is_procedure(self) -> bool:
        return self.facts.procedure.kind is not None

    @property
    def intent(self) -> Intent:
        """Diagnostic also where the note only counts it as a first or second block."""
        procedure = self.facts.procedure
        if procedure.intent == "unstated" and procedure.ordinal is not None:
            return "diagnostic"
        return procedure.intent

    @property
    def region(self) -> Region:
        """The region a session counts toward; T12-L1 with L1-L2 is one lumbar session."""
        if self.facts.procedure.kind == "lumbar_facet":
            return "lumbar"
        joints = [level.joint for level in self.facts.levels]
        continued = any(level.joint == "L1-L2" for level in self.facts.lumbar_levels)
        return "lumbar" if joints == ["T12-L1"] and continued else "cervical_thoracic"


def one_sided(side: Side) -> frozenset[str]:
    """The sides a word covers; empty where it is not stated, which excludes neither."""
    if side == "bilateral":
        return frozenset({"right", "left"})
    return frozenset() if side == "unstated" else frozenset({side})


def same_side(first: Side, second: Side) -> bool:
    """Whether two statements can be of the same side; an unstated one can be of either."""
    one, two = one_sided(first), one_sided(second)
    return not one or not two or bool(one & two)


def shared_joints(first: Visit, second: Visit) -> tuple[tuple[Level, Level], ...]:
    """The joints two blocks have in common on a side they may share."""
    known = {level.joint: level for level in second.facts.levels}
    return tuple(
        (level, known[level.joint])
        for level in first.facts.levels
        if level.joint in known and same_side(level.side, known[level.joint].side)
    )


def related(first: Visit, second: Visit) -> bool:
    """Whether two blocks are of one series: same region, a joint in common, no other side."""
    return first.region == second.region and bool(shared_joints(first, second))


def cited(evidence: Iterable[Evidence], visit: Visit, reader: Visit) -> tuple[Evidence, ...]:
    """Evidence of a visit as another note cites it: with the id of the note it stands in."""
    if visit.note_id == reader.note_id:
        return tuple(evidence)
    return tuple(Evidence(e.start, e.end, e.text, visit.note_id) for e in evidence)


def chronological(visits: Iterable[Visit]) -> list[Visit]:
    """The dated visits, earliest first; the same order whatever order they came in."""
    dated = [visit for visit in visits if visit.day is not None]
    return sorted(dated, key=lambda visit: (visit.day or date.min, visit.note_id))
