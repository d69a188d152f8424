"""Was it foreseen: the flags raised beforehand against what payers then denied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from facetcode.claims import Claim
from facetcode.denials.join import Case
from facetcode.denials.reasons import reason
from facetcode.evaluate.intervals import Estimate, proportion


@dataclass(frozen=True, slots=True)
class Warned:
    """How one kind of warning compares with outcomes; the unit is the claim of one note."""

    name: str
    both: int
    warned_only: int
    denied_only: int
    neither: int

    @property
    def precision(self) -> Estimate:
        """Share of warned claims that were denied."""
        return proportion(self.both, self.both + self.warned_only)

    @property
    def recall(self) -> Estimate:
        """Share of denied claims that were warned of."""
        return proportion(self.both, self.both + self.denied_only)

    @property
    def false_alarms(self) -> Estimate:
        """Share of claims that were not denied and yet warned of."""
        return proportion(self.warned_only, self.warned_only + self.neither)


@dataclass(frozen=True, slots=True)
class OnSubject:
    """One denial reason: in how many of its claims a flag on its very subject stood."""

    code: str
    label: str
    claims: int
    flagged: Estimate
    """Share with a flag that foretells this reason; ``value`` None where no flag does."""
    warned: Estimate
    """Share with any hard flag or as a query."""


def is_warned(claim: Claim) -> bool:
    """Whether the record said not to bill yet: a hard flag, or a query."""
    return claim.status == "query" or bool(claim.flagged("hard"))


def _any_flag(claim: Claim) -> bool:
    return is_warned(claim) or bool(claim.flagged("soft"))


def warnings(cases: Sequence[Case], *, reduced: bool = False) -> list[Warned]:
    """Warnings of any kind, then flag by flag, the most frequent first.

    A claim counts as denied when one of its lines is, or, with ``reduced``, was paid in part.
    """
    claims, denied = _claims(cases, reduced)
    rules: list[tuple[str, Callable[[Claim], bool]]] = [
        ("hard flag or query", is_warned),
        ("any hard or soft flag", _any_flag),
    ]
    names: dict[str, int] = defaultdict(int)
    for claim in claims.values():
        for flag in claim.flagged("hard", "soft"):
            names[flag] += 1
    for flag in sorted(names, key=lambda name: (-names[name], name)):
        rules.append((flag, lambda claim, flag=flag: flag in claim.flags))  # type: ignore[misc]
    return [_warned(name, claims, denied, rule) for name, rule in rules]


def _claims(cases: Sequence[Case], reduced: bool) -> tuple[dict[str, Claim], set[str]]:
    bad = {"denied", "reduced"} if reduced else {"denied"}
    claims = {case.claim.note_id: case.claim for case in cases}
    return claims, {case.claim.note_id for case in cases if case.outcome in bad}


def _warned(
    name: str, claims: dict[str, Claim], denied: set[str], rule: Callable[[Claim], bool]
) -> Warned:
    warned = {note_id for note_id, claim in claims.items() if rule(claim)}
    return Warned(
        name,
        len(warned & denied),
        len(warned - denied),
        len(denied - warned),
        len(claims.keys() - warned - denied),
    )


def on_subject(cases: Sequence[Case]) -> list[OnSubject]:
    """Reason by reason, whether its own flag stood; the most frequent reason first."""
    groups: dict[str, dict[str, Claim]] = defaultdict(dict)
    for case in cases:
        for adjustment in case.refused:
            groups[adjustment.reason][case.claim.note_id] = case.claim
    found = []
    for code, claims in groups.items():
        known = reason(code)
        hits = sum(bool(known.flags & {*c.flagged("hard", "soft")}) for c in claims.values())
        found.append(
            OnSubject(
                code,
                known.label,
                len(claims),
                proportion(hits, len(claims) if known.flags else 0),
                proportion(sum(map(is_warned, claims.values())), len(claims)),
            )
        )
    return sorted(found, key=lambda row: (-row.claims, row.code))
