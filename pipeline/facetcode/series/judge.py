"""A patient's notes judged together: the facts of one note, filled up by what the others say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from facetcode.coding.assemble import code
from facetcode.coding.case import in_note_order
from facetcode.coding.flags import FlagList
from facetcode.coding.ncci import Ncci
from facetcode.coding.policy import InForce
from facetcode.record import Check, Record
from facetcode.series.ablation import readiness
from facetcode.series.clones import Copied, copies
from facetcode.series.fill import filled_up
from facetcode.series.findings import Findings, History, series_to_json
from facetcode.series.relief import ledger
from facetcode.series.sessions import check_same_day, check_sessions, count_sessions, same_day
from facetcode.series.visit import Visit, chronological, related

_FIRST_AGAIN_DAYS = 365
"""How long an earlier diagnostic block of the series contradicts a note that says "first"."""


def code_series(
    visits: Sequence[Visit],
    rules: Callable[[Visit], InForce],
    *,
    ncci: Ncci | None = None,
    on_error: Callable[[Visit, Exception], None] | None = None,
) -> Iterator[Record]:
    """Records of all visits in the order given, each judged on its patient's other notes.

    The records depend on the notes alone, not on their order. ``rules`` gives the policy in
    force for a visit; what it raises goes to ``on_error`` and costs that visit its record.
    """
    groups: dict[str, list[Visit]] = {}
    for visit in visits:
        groups.setdefault(visit.patient, []).append(visit)
    histories = {patient: _history(group) for patient, group in groups.items() if patient}
    copied = copies(visits)
    for visit in visits:
        try:
            policy = rules(visit)
            history = histories.get(visit.patient) or _history([visit])
            yield _code(visit, history, policy, copied.get(visit.note_id), ncci)
        except Exception as error:
            if on_error is None:
                raise
            on_error(visit, error)


def _history(group: Sequence[Visit]) -> History:
    dated = chronological(group)
    undated = sorted((v for v in group if v.day is None), key=lambda v: v.note_id)
    return History(dated, undated, ledger(dated))


def _code(
    visit: Visit, history: History, policy: InForce, copied: Copied | None, ncci: Ncci | None
) -> Record:
    found = _look(visit, history, policy, copied)
    record = code(
        filled_up(found),
        policy,
        note_id=visit.note_id,
        meta=visit.meta,
        ncci=ncci,
        beside=lambda case, flags: _flag(found, flags),
    )
    return replace(
        record,
        facts=visit.facts,  # what this note says; what the others say stands in ``series``
        verification=tuple(_checked(check, found) for check in record.verification),
        series=series_to_json(found),
    )


def _look(visit: Visit, history: History, policy: InForce, copied: Copied | None) -> Findings:
    says: list[str] = []
    if not visit.patient:
        says.append("The note names no patient: it is judged alone.")
    if history.undated and visit.patient:
        ids = ", ".join(v.note_id for v in history.undated if v.note_id != visit.note_id)
        if ids:
            says.append(f"Without a date of service, and so not placed in the series: {ids}.")
    if visit.day is None:
        says.append("No date of service: ordinal, interval and sessions are not judged.")
        return Findings(
            visit,
            history,
            policy.rules,
            (),
            visit.facts.procedure.ordinal,
            None,
            (),
            (),
            None,
            says,
        )
    if not visit.facts.is_facet_block:
        ready = (
            readiness(visit, _until(history, visit.day), history.told, policy.rules)
            if visit.facts.procedure.kind == "radiofrequency_ablation"
            else ()
        )
        return Findings(visit, history, policy.rules, (), None, None, (), ready, copied, says)
    earlier = _earlier(visit, history.dated)
    ordinal = _ordinal(visit, earlier, says)
    blocks = [
        v for v in _until(history, visit.day) if v.note_id == visit.note_id or related(v, visit)
    ]
    ready = (
        readiness(visit, blocks, history.told, policy.rules) if visit.intent == "diagnostic" else ()
    )
    return Findings(
        visit,
        history,
        policy.rules,
        earlier,
        ordinal,
        count_sessions(visit, history.dated, policy.rules),
        same_day(visit, history.dated),
        ready,
        copied,
        says,
    )


def _until(history: History, day: date) -> list[Visit]:
    return [v for v in history.dated if v.facts.is_facet_block and v.day and v.day <= day]


def _earlier(visit: Visit, dated: Sequence[Visit]) -> list[Visit]:
    """Earlier diagnostic blocks of the series, those left out that led to an ablation.

    Two of them before an ablation are that ablation's two (rule sheet section 5, R1 and R2).
    """
    blocks = [
        v
        for v in dated
        if v.facts.is_facet_block
        and v.intent == "diagnostic"
        and v.day is not None
        and visit.day is not None
        and v.day < visit.day
        and related(v, visit)
    ]
    for ablation in dated:
        if ablation.facts.procedure.kind != "radiofrequency_ablation" or ablation.day is None:
            continue
        if visit.day is not None and ablation.day > visit.day:
            continue
        used = [v for v in blocks if v.day is not None and v.day < ablation.day]
        if len({v.day for v in used}) >= 2:
            blocks = [v for v in blocks if v not in used]
    return blocks


def _ordinal(visit: Visit, earlier: Sequence[Visit], says: list[str]) -> int | None:
    stated = visit.facts.procedure.ordinal
    if visit.intent != "diagnostic":
        return stated
    latest = earlier[-1] if earlier else None
    if latest is None:
        if stated == 2:
            says.append("The first block is not among the notes given.")
        return stated
    if stated is None:
        return 2
    if stated == 1 and latest.day and visit.day:
        if (visit.day - latest.day).days <= _FIRST_AGAIN_DAYS:
            says.append(
                f"The note calls the block the first; note {latest.note_id} of {latest.day} is an "
                "earlier diagnostic block of the same joint and side: judged as a further one."
            )
            return 2
    return stated


def _flag(found: Findings, flags: FlagList) -> None:
    visit = found.visit
    if found.sessions is not None:
        check_sessions(visit, found.sessions, flags)
    check_same_day(visit, found.others, flags)
    if found.copied is not None:
        _flag_copied(found.copied, flags)


def _flag_copied(copied: Copied, flags: FlagList) -> None:
    evidence = in_note_order(e for pair in copied.passages for e in pair)
    share = f"{copied.share:.0%}".replace("%", " %")
    source = f"note {copied.source.note_id} of {copied.source.day}"
    if copied.compared:
        flags.add(
            "CLONED_NOTE",
            f"{copied.words} words ({share} of the note's own) stand word for word in {source}.",
            evidence,
        )
    else:
        flags.add(
            "CLONED_NOTE",
            f"{copied.words} words ({share}) stand word for word in {source}; without other "
            "patients' notes they cannot be told from a template.",
            evidence,
            severity="info",
        )


def _checked(check: Check, found: Findings) -> Check:
    """The checks of one note that the series can settle: frequency and duplicates."""
    sessions = found.sessions
    if check.name == "frequency" and sessions is not None and isinstance(sessions.limit, int):
        count, unsure = len(sessions.notes), len(sessions.unstated)
        says = (
            f"{count} {sessions.intent} sessions since {sessions.since} in the notes given; "
            f"the payer allows {sessions.limit}."
        )
        if count > sessions.limit:
            return Check(check.name, "failed", says)
        if count + unsure <= sessions.limit:
            return Check(check.name, "passed", says)
        return Check(check.name, "not_knowable", f"{says} {unsure} more do not say their purpose.")
    if check.name == "duplicates" and found.others and check.result == "passed":
        ids = ", ".join(v.note_id for v in found.others)
        return Check(
            check.name,
            "failed",
            f"Facet blocks of the same day stand in {ids} too: one claim, one primary code.",
        )
    return check
