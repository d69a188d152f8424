"""What the series says of one visit, and how the record tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from facetcode.coding.rules import Rules, Unknown
from facetcode.record import evidence_to_json
from facetcode.series.ablation import Readiness
from facetcode.series.clones import Copied
from facetcode.series.relief import Ledger, Told
from facetcode.series.sessions import Sessions
from facetcode.series.visit import Visit, cited


@dataclass(frozen=True, slots=True)
class History:
    """One patient's dated visits, earliest first, the undated ones, and who tells what relief."""

    dated: Sequence[Visit]
    undated: Sequence[Visit]
    told: Ledger


@dataclass(frozen=True, slots=True)
class Findings:
    """What the series says of one visit; ``series`` in the record is this as JSON."""

    visit: Visit
    history: History
    rules: Rules
    earlier: Sequence[Visit]
    """Diagnostic blocks of the same series before this one, earliest first."""
    ordinal: int | None
    """The ordinal the block is judged by: the note's, or the series'."""
    sessions: Sessions | None
    others: Sequence[Visit]
    """Other blocks of the same day and kind of claim."""
    ablation: Sequence[Readiness]
    copied: Copied | None
    says: Sequence[str]


def series_to_json(found: Findings) -> dict[str, Any]:
    """The record's ``series``: keys stand only where there is something to say.

    Evidence carries the ``note_id`` of the note it stands in, unless that is the record's own.
    """
    visit, history = found.visit, found.history
    made: dict[str, Any] = {
        "date": str(visit.day) if visit.day else None,
        "date_from": visit.day_from,
        "notes": [v.note_id for v in history.dated if v.note_id != visit.note_id],
        "undated": [v.note_id for v in history.undated if v.note_id != visit.note_id],
        "says": list(found.says),
    }
    if visit.facts.is_facet_block and visit.day:
        made["ordinal"] = {"stated": visit.facts.procedure.ordinal, "judged": found.ordinal}
        made["earlier"] = [_block(v, found) for v in found.earlier]
        made["relief_after"] = _told(
            [t for t in history.told.get(visit.note_id, ()) if t.after], visit
        )
    if found.sessions is not None:
        made["sessions"] = _sessions(found.sessions)
    if found.others:
        made["same_day"] = [v.note_id for v in found.others]
    if found.ablation:
        made["ablation"] = [_ready(item) for item in found.ablation]
    if found.copied is not None:
        made["copied"] = {
            "from": found.copied.source.note_id,
            "words": found.copied.words,
            "share": round(found.copied.share, 2),
            "compared": found.copied.compared,
        }
    return made


def _block(block: Visit, found: Findings) -> dict[str, Any]:
    visit = found.visit
    days = (visit.day - block.day).days if visit.day and block.day else None
    return {
        "note_id": block.note_id,
        "date": str(block.day),
        "days": days,
        "kind": block.facts.procedure.kind,
        "ordinal": block.facts.procedure.ordinal,
        "levels": {level.joint: level.side for level in block.facts.levels},
        "relief": _told(found.history.told.get(block.note_id, ()), visit),
    }


def _told(told: Sequence[Told], reader: Visit) -> list[dict[str, Any]]:
    return [
        {
            "low": t.relief.low,
            "high": t.relief.high,
            "side": t.relief.side,
            "told_by": t.by.note_id,
            "date": str(t.by.day),
            "evidence": evidence_to_json(cited(t.relief.evidence, t.by, reader)),
        }
        for t in told
    ]


def _sessions(sessions: Sessions) -> dict[str, Any]:
    limit = sessions.limit
    return {
        "intent": sessions.intent,
        "since": str(sessions.since),
        "count": len(sessions.notes),
        "notes": [v.note_id for v in sessions.notes],
        "unstated": [v.note_id for v in sessions.unstated],
        "limit": "unknown" if isinstance(limit, Unknown) else limit,
    }


def _ready(item: Readiness) -> dict[str, Any]:
    return {
        "joint": item.joint,
        "side": item.side,
        "state": item.state,
        "says": item.says,
        "evidence": evidence_to_json(item.evidence),
    }
