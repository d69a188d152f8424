"""Sessions of the rolling twelve months, and other notes of the same day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from facetcode.coding.case import in_note_order
from facetcode.coding.flags import FlagList
from facetcode.coding.rules import Rules, Unknown
from facetcode.facts import Intent
from facetcode.series.visit import Visit, cited


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions of one purpose and region in the twelve months that end with a visit's day."""

    intent: Intent
    since: date
    notes: tuple[Visit, ...]
    """One visit a session day, the visit itself last."""
    unstated: tuple[Visit, ...]
    """Sessions whose purpose their note does not say: they may or may not count."""
    limit: int | Unknown | None


def count_sessions(visit: Visit, visits: Sequence[Visit], rules: Rules) -> Sessions | None:
    """Count a dated block's sessions; None where its own purpose is not known.

    A session is a day: two notes of one day are one. The same day a year ago is outside
    (rolling twelve months, rule sheet section 5, F1; regions F4).
    """
    if visit.day is None or visit.intent == "unstated":
        return None
    since = _year_before(visit.day) + timedelta(days=1)
    within = [
        v
        for v in visits
        if v.day is not None
        and since <= v.day <= visit.day
        and (v.facts.is_facet_block or v.facts.procedure.kind == "lumbar_facet")
        and v.region == visit.region
    ]
    days: dict[date, Visit] = {}
    unstated: dict[date, Visit] = {}
    for v in within:
        if v.day and v.intent == visit.intent:
            days.setdefault(v.day, v)
    days[visit.day] = visit
    for v in within:
        if v.day and v.intent == "unstated" and v.day not in days:
            unstated.setdefault(v.day, v)
    limit = (
        rules.sessions_therapeutic if visit.intent == "therapeutic" else rules.sessions_diagnostic
    )
    return Sessions(visit.intent, since, tuple(days.values()), tuple(unstated.values()), limit)


def check_sessions(visit: Visit, sessions: Sessions, flags: FlagList) -> None:
    """Raise FREQUENCY_LIMIT, or report the limit as unknown where a second session needs it."""
    count, limit = len(sessions.notes), sessions.limit
    if limit is None:
        return
    if isinstance(limit, Unknown):
        if count > 1 and flags.asks("FREQUENCY_LIMIT"):
            flags.unknown(f"sessions_{sessions.intent}")
        return
    evidence = in_note_order(
        e for v in sessions.notes for e in cited(v.facts.procedure.evidence, v, visit)
    )
    if count > limit:
        flags.add(
            "FREQUENCY_LIMIT",
            f"{count} {sessions.intent} sessions since {sessions.since}; "
            f"the policy allows {limit} in twelve months.",
            evidence,
        )
    elif count + len(sessions.unstated) > limit:
        flags.add(
            "FREQUENCY_LIMIT",
            f"{count} {sessions.intent} sessions since {sessions.since} and "
            f"{len(sessions.unstated)} whose purpose is not stated; the policy allows {limit}.",
            evidence,
            severity="soft",
        )


def same_day(visit: Visit, visits: Sequence[Visit]) -> list[Visit]:
    """Other blocks of the day that would go out on the same kind of claim.

    The physician's and the facility's claim of one block are two claims by right.
    """
    kind = visit.meta.get("claim_type", "")
    return [
        v
        for v in visits
        if v.note_id != visit.note_id
        and v.day == visit.day
        and v.facts.is_facet_block
        and (not kind or v.meta.get("claim_type", "") in ("", kind))
    ]


def check_same_day(visit: Visit, others: Sequence[Visit], flags: FlagList) -> None:
    """Raise REPEATED_LEVEL for a joint that another note of the day treats as well."""
    for other in others:
        theirs = {level.joint: level for level in other.facts.levels}
        for level in visit.facts.levels:
            twin = theirs.get(level.joint)
            if twin is None:
                continue
            both = {level.side, twin.side} == {"right", "left"}
            says = (
                f"{level.joint} was treated on the {level.side} here and on the {twin.side} in "
                f"note {other.note_id} of the same day: one claim with both sides, not two."
                if both
                else f"{level.joint} stands in note {other.note_id} of the same day as well: "
                "bill it once."
            )
            flags.add(
                "REPEATED_LEVEL",
                says,
                (*level.evidence, *cited(twin.evidence, other, visit)),
            )


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 1, day=28)
