"""Policies: dated rules of a payer, inherited from file to file, and what holds on one day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, cast

from facetcode.coding.policy_file import Entry, PolicyFile, read_policy_file
from facetcode.coding.rules import FLAG_CODES, KEYS, Rules
from facetcode.errors import NoPolicyInForce, PolicyError
from facetcode.facts import Severity

POLICIES = Path(__file__).with_name("policies")


@dataclass(frozen=True, slots=True)
class FlagRule:
    """How a policy ranks one flag; ``severity`` None means it does not ask."""

    severity: Severity | None
    authority: str


@dataclass(frozen=True, slots=True)
class InForce:
    """One policy on one day: typed rules, the flag table, and the entry behind each."""

    name: str
    description: str
    date: date | None
    label: str
    rules: Rules
    flags: Mapping[str, FlagRule]
    entries: Mapping[str, Entry] = field(repr=False)
    """The entry in force behind each value key and each flag code."""


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """A policy with its inheritance resolved; ``on`` gives what holds on a day."""

    name: str
    description: str
    inherits: tuple[str, ...]
    effective: date
    until: date | None
    values: Mapping[str, tuple[Entry, ...]] = field(repr=False)
    flags: Mapping[str, tuple[Entry, ...]] = field(repr=False)
    path: Path
    _seen: dict[date | None, InForce] = field(default_factory=dict, repr=False)

    def on(self, day: date | None = None) -> InForce:
        """What holds on a day, or the newest rules where no day is given.

        Raises NoPolicyInForce outside the policy's dates. Answers are kept: a batch resolves
        each date of service once.
        """
        found = self._seen.get(day)
        if found is None:
            found = self._seen[day] = self._resolve(day)
        return found

    @property
    def covers(self) -> str:
        """The policy's dates in words."""
        return f"{self.effective} to {self.until}" if self.until else f"{self.effective} onwards"

    @property
    def changes(self) -> tuple[date, ...]:
        """The days on which some value changes, oldest first, within the policy's dates."""
        tables = (self.values, self.flags)
        days = {e.effective for table in tables for entries in table.values() for e in entries}
        return tuple(
            sorted(
                {
                    max(day, self.effective)
                    for day in days
                    if self.until is None or day <= self.until
                }
            )
        )

    def _resolve(self, day: date | None) -> InForce:
        if day is not None and (
            day < self.effective or (self.until is not None and day > self.until)
        ):
            raise NoPolicyInForce(
                f"policy '{self.name}' holds no rules on {day}: it covers {self.covers}; "
                "choose another policy for this date of service"
            )
        at = day or self.changes[-1]
        values = {key: _at(entries, at) for key, entries in self.values.items()}
        flags = {code: _at(entries, at) for code, entries in self.flags.items()}
        rules = Rules(**cast(Any, {key: entry.value for key, entry in values.items()}))
        newest = max(e.effective for e in (*values.values(), *flags.values()))
        return InForce(
            name=self.name,
            description=self.description,
            date=day,
            label=f"{self.name}@{max(newest, self.effective)}",
            rules=rules,
            flags={code: _flag_rule(entry, rules) for code, entry in flags.items()},
            entries={**values, **flags},
        )


@cache
def policy_names() -> tuple[str, ...]:
    """The policies that come with facetcode; files whose name begins with ``_`` are only bases."""
    return tuple(sorted(p.stem for p in POLICIES.glob("*.yaml") if not p.name.startswith("_")))


def load_policy(name_or_path: str | Path) -> Policy:
    """Load a policy by name, or a practice's own file by path.

    A file may inherit from a file beside it or from one that comes with facetcode. Raises
    PolicyError, naming file and line.
    """
    text = str(name_or_path)
    if text in policy_names():
        return _packaged(text)
    path = Path(name_or_path)
    if not path.is_file():
        raise PolicyError(
            f"there is no policy '{text}' and no such file; policies: {', '.join(policy_names())}"
        )
    return _resolve_file(path)


@cache
def _packaged(name: str) -> Policy:
    return _resolve_file(POLICIES / f"{name}.yaml")


def _resolve_file(path: Path) -> Policy:
    chain = _merged(path, ())
    file = chain.own
    if chain.effective is None:
        raise PolicyError(f"{path}:1: the policy has no 'effective' and inherits none")
    if chain.until is not None and chain.until < chain.effective:
        raise PolicyError(
            f"{path}:1: the policy ends {chain.until}, before it begins {chain.effective}"
        )
    _complete(path, "values", chain.values, frozenset(KEYS))
    _complete(path, "flags", chain.flags, FLAG_CODES)
    for table in (chain.values, chain.flags):
        for key, entries in table.items():
            _covering(key, entries, chain.effective, chain.until)
    return Policy(
        name=file.name,
        description=file.description,
        inherits=file.inherits,
        effective=chain.effective,
        until=chain.until,
        values=chain.values,
        flags=chain.flags,
        path=path,
    )


@dataclass(frozen=True, slots=True)
class _Chain:
    own: PolicyFile
    effective: date | None
    until: date | None
    values: dict[str, tuple[Entry, ...]]
    flags: dict[str, tuple[Entry, ...]]


def _merged(path: Path, below: tuple[Path, ...]) -> _Chain:
    """A file over its bases: a key a file gives replaces all of that key's inherited entries."""
    file = read_policy_file(path)
    values: dict[str, tuple[Entry, ...]] = {}
    flags: dict[str, tuple[Entry, ...]] = {}
    effective, until = None, None
    for name in file.inherits:
        base_path = _base_path(name, path)
        if base_path is None:
            raise PolicyError(
                f"{file.inherits_where}: '{file.name}' inherits from '{name}', "
                f"which is neither beside it nor among {', '.join(policy_names())}"
            )
        if base_path.resolve() in {p.resolve() for p in (*below, path)}:
            raise PolicyError(
                f"{file.inherits_where}: '{file.name}' inherits from '{name}', "
                "which inherits from it in turn"
            )
        base = _merged(base_path, (*below, path))
        values |= base.values
        flags |= base.flags
        effective, until = base.effective or effective, base.until or until
    return _Chain(
        own=file,
        effective=file.effective or effective,
        until=file.until or until,
        values=values | dict(file.values),
        flags=flags | dict(file.flags),
    )


def _base_path(name: str, path: Path) -> Path | None:
    for folder in (path.parent, POLICIES):
        candidate = folder / f"{name}.yaml"
        if candidate.is_file():
            return candidate
    return None


def _complete(path: Path, what: str, table: Mapping[str, object], needed: frozenset[str]) -> None:
    missing = sorted(needed - set(table))
    if missing:
        raise PolicyError(
            f"{path}:1: '{what}' has no entry for {', '.join(missing)}; "
            "write the value 'unknown' where nobody knows it, or inherit"
        )


def _covering(key: str, entries: tuple[Entry, ...], effective: date, until: date | None) -> None:
    first, last = entries[0], entries[-1]
    if first.effective > effective:
        raise PolicyError(
            f"{first.where}: '{key}' has a gap: it begins {first.effective}, the policy {effective}"
        )
    if last.until is not None and (until is None or last.until < until):
        raise PolicyError(
            f"{last.where}: '{key}' has a gap: it ends {last.until}, "
            f"the policy {until or 'has no end'}"
        )


def _at(entries: tuple[Entry, ...], day: date) -> Entry:
    for entry in reversed(entries):
        if entry.effective <= day:
            return entry
    raise NoPolicyInForce(f"{entries[0].where}: nothing holds on {day}")  # pragma: no cover


def _flag_rule(entry: Entry, rules: Rules) -> FlagRule:
    authority = entry.authority or entry.cite.document
    # A contractor names its documents once; every flag that rests on them follows.
    if authority == "coverage_document":
        authority = rules.coverage_document
    elif authority == "billing_document":
        authority = rules.billing_document
    severity = None if entry.value == "off" else cast(Severity, entry.value)
    return FlagRule(severity, authority)
