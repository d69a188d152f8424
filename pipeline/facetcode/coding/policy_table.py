"""A policy in force as rows a person can read: each value and flag with where it was read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from facetcode.coding.diff import shown_value
from facetcode.coding.policy import InForce
from facetcode.coding.policy_file import Cite, Sure
from facetcode.coding.rules import KEYS


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One value or flag in force: since when, until when, on whose word, how sure."""

    kind: Literal["value", "flag"]
    key: str
    value: str
    about: str
    effective: date
    until: date | None
    cite: Cite
    sure: Sure
    where: str
    """``file:line`` of the entry, which may stand in an inherited file."""


def policy_table(policy: InForce) -> Iterator[PolicyRow]:
    """Every value in the order of its keys, then every flag by code."""
    for key, spec in KEYS.items():
        yield _row(policy, "value", key, spec.about)
    for code in sorted(policy.flags):
        yield _row(policy, "flag", code, policy.flags[code].authority)


def _row(policy: InForce, kind: Literal["value", "flag"], key: str, about: str) -> PolicyRow:
    entry = policy.entries[key]
    return PolicyRow(
        kind,
        key,
        shown_value(entry.value),
        about,
        entry.effective,
        entry.until,
        entry.cite,
        entry.sure,
        entry.where,
    )
