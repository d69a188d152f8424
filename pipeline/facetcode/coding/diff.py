"""Two policies compared: which rules differ, and which claims of a batch change and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from facetcode.coding.assemble import code
from facetcode.coding.case import iso_date
from facetcode.coding.ncci import Ncci
from facetcode.coding.policy import InForce, Policy
from facetcode.coding.rules import KEYS, CodeSet, Unknown
from facetcode.errors import NoPolicyInForce
from facetcode.facts import Facts
from facetcode.record import Line, Record


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A value or a flag that differs between two policies in force."""

    kind: Literal["value", "flag"]
    key: str
    before: str
    after: str
    about: str


@dataclass(frozen=True, slots=True)
class ClaimChange:
    """One note whose claim differs; ``why`` names the rules that make the difference.

    ``problem`` says why a note could not be compared; everything else is then empty.
    """

    note_id: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    status: tuple[str, str] = ("", "")
    flags_added: tuple[str, ...] = ()
    flags_removed: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    problem: str = ""

    @property
    def lines_differ(self) -> bool:
        return self.before != self.after


def shown_line(line: Line) -> str:
    """A line as a coder writes it: ``64490-50-KX``, ``64491 x2``."""
    text = "-".join((line.code, *line.modifiers))
    return f"{text} x{line.units}" if line.units > 1 else text


def shown_value(value: object) -> str:
    """A policy value as its file writes it."""
    if isinstance(value, Unknown):
        return "unknown"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, CodeSet):
        return ", ".join(value.written)
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def diff_rules(before: InForce, after: InForce) -> tuple[RuleChange, ...]:
    """Every value and flag in which two policies in force differ, values first."""
    changes = []
    for key, spec in KEYS.items():
        one, two = getattr(before.rules, key), getattr(after.rules, key)
        if one != two:
            changes.append(RuleChange("value", key, shown_value(one), shown_value(two), spec.about))
    for flag in sorted(before.flags):
        grades = before.flags[flag].severity or "off", after.flags[flag].severity or "off"
        if grades[0] != grades[1]:
            changes.append(RuleChange("flag", flag, *grades, "how grave the flag is"))
    return tuple(changes)


def diff_claims(
    batch: Iterable[tuple[str, Facts, Mapping[str, str]]],
    before: Policy,
    after: Policy,
    *,
    ncci: Ncci | None = None,
) -> Iterator[ClaimChange]:
    """Recode a batch of note id, facts and metadata under both policies; yield what changes.

    Each note is coded on its own date of service, or under the newest rules where it has none.
    A note outside either policy's dates is yielded with ``problem``.
    """
    for note_id, facts, meta in batch:
        day = iso_date(meta.get("date_of_service"))
        try:
            pair = before.on(day), after.on(day)
        except NoPolicyInForce as problem:
            yield ClaimChange(note_id, problem=str(problem))
            continue
        one, two = (code(facts, p, note_id=note_id, meta=meta, ncci=ncci) for p in pair)
        added, removed = _codes(two) - _codes(one), _codes(one) - _codes(two)
        if _shown(one) == _shown(two) and one.status == two.status and not added | removed:
            continue
        yield ClaimChange(
            note_id=note_id,
            before=_shown(one),
            after=_shown(two),
            status=(one.status, two.status),
            flags_added=tuple(sorted(added)),
            flags_removed=tuple(sorted(removed)),
            why=_why(facts, meta, pair, one, ncci),
        )


def _shown(record: Record) -> tuple[str, ...]:
    return tuple(shown_line(line) for line in record.lines)


def _codes(record: Record) -> set[str]:
    return {flag.code for flag in record.flags}


def _why(
    facts: Facts,
    meta: Mapping[str, str],
    pair: tuple[InForce, InForce],
    base: Record,
    ncci: Ncci | None,
) -> tuple[str, ...]:
    """The rules that, changed alone from the one policy to the other, change this record.

    Where only several together do, all that differ and affect lines are named.
    """
    before, after = pair
    causes, others = [], []
    for change in diff_rules(before, after):
        says = f"{change.key}: {change.before} -> {change.after}"
        mixed = _with(before, after, change)
        alone = code(facts, mixed, note_id=base.note_id, meta=meta, ncci=ncci)
        if (_shown(alone), alone.status, _codes(alone)) != (
            _shown(base),
            base.status,
            _codes(base),
        ):
            causes.append(says)
        elif change.kind == "value" and KEYS[change.key].affects == "lines":
            others.append(says)
    return tuple(causes or others)


def _with(before: InForce, after: InForce, change: RuleChange) -> InForce:
    key = change.key
    if change.kind == "flag":
        return replace(before, flags={**before.flags, key: after.flags[key]})
    rules = replace(before.rules, **cast(Any, {key: getattr(after.rules, key)}))
    return replace(before, rules=rules, entries={**before.entries, key: after.entries[key]})
