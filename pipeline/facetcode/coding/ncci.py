"""CMS's correct-coding tables: procedure-to-procedure edits, unit limits, add-on pairing.

The tables that ship are a dated extract (rule sheet sections 2 and 7: CMS data files of
2024-07-01); ``cms_files`` reads a newer quarter over them. For a date of service before the
extract an edit whose start was not read is ``unverified``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

from yaml.nodes import Node

from facetcode.coding.policy_file import Pairs, YamlFile

SHIPPED = Path(__file__).with_name("data") / "ncci.yaml"

Setting = Literal["both", "practitioner", "outpatient"]


@dataclass(frozen=True, slots=True)
class Edit:
    """Column 2 is not paid beside column 1; ``modifier`` 1 lets a modifier override, 0 never."""

    column1: str
    column2: str
    modifier: int
    effective: date | None
    """First day, or None where only its presence on ``seen`` is known."""
    seen: date
    until: date | None = None
    setting: Setting = "both"
    source: str = ""

    def holds(self, day: date | None) -> bool:
        """Whether the edit applies on a day; without a day, whether it is still open."""
        if day is None:
            return self.until is None
        return (self.effective is None or self.effective <= day) and (
            self.until is None or day <= self.until
        )

    def unverified(self, day: date | None) -> bool:
        """Whether the day lies before the first table the edit was seen in."""
        return day is not None and self.effective is None and day < self.seen


@dataclass(frozen=True, slots=True)
class UnitLimit:
    """Units of a code a day (MUE); indicator 2 is absolute, 3 clinical, 1 a claim line's."""

    code: str
    units: int
    indicator: int
    effective: date
    source: str = ""


@dataclass(frozen=True, slots=True)
class Pairing:
    """The primary codes of which an add-on code needs one on the claim."""

    code: str
    primaries: tuple[str, ...]
    effective: date
    source: str = ""


@dataclass(frozen=True, slots=True)
class Ncci:
    """The tables together; build with ``tables``."""

    edits: Mapping[frozenset[str], tuple[Edit, ...]] = field(repr=False)
    limits: Mapping[str, tuple[UnitLimit, ...]] = field(repr=False)
    pairings: Mapping[str, Pairing] = field(repr=False)

    def between(
        self, first: str, second: str, day: date | None = None, setting: Setting = "practitioner"
    ) -> Edit | None:
        """The edit between two codes, in whichever column each stands, or None."""
        found = self.edits.get(frozenset((first, second)), ())
        return next((e for e in found if e.setting in ("both", setting) and e.holds(day)), None)

    def max_units(self, code: str, day: date | None = None) -> UnitLimit | None:
        """The unit limit of a code: the newest on or before the day, else the oldest known."""
        known = self.limits.get(code, ())
        dated = [limit for limit in known if day is None or limit.effective <= day]
        return dated[-1] if dated else (known[0] if known else None)

    def primaries(self, code: str) -> tuple[str, ...]:
        """The primaries an add-on needs one of; empty for a code that is no add-on."""
        pairing = self.pairings.get(code)
        return pairing.primaries if pairing else ()

    def updated(
        self,
        edits: Iterable[Edit] = (),
        limits: Iterable[UnitLimit] = (),
        pairings: Iterable[Pairing] = (),
    ) -> Ncci:
        """These tables with a newer quarter's over them.

        A newer edit replaces the older ones of the same two columns; what the newer file does
        not name stays.
        """
        newer = list(edits)
        replaced = {(e.column1, e.column2) for e in newer}
        kept = [
            e
            for group in self.edits.values()
            for e in group
            if (e.column1, e.column2) not in replaced
        ]
        new_limits = list(limits)
        starts = {(limit.code, limit.effective) for limit in new_limits}
        kept_limits = [
            limit
            for group in self.limits.values()
            for limit in group
            if (limit.code, limit.effective) not in starts
        ]
        return tables(
            [*newer, *kept],
            [*kept_limits, *new_limits],
            [*self.pairings.values(), *pairings],
        )


def tables(edits: Iterable[Edit], limits: Iterable[UnitLimit], pairings: Iterable[Pairing]) -> Ncci:
    """Index the three tables; of two pairings of one code the later stands."""
    by_pair: dict[frozenset[str], list[Edit]] = {}
    for edit in edits:
        by_pair.setdefault(frozenset((edit.column1, edit.column2)), []).append(edit)
    by_code: dict[str, list[UnitLimit]] = {}
    for limit in limits:
        by_code.setdefault(limit.code, []).append(limit)
    return Ncci(
        edits={pair: tuple(group) for pair, group in by_pair.items()},
        limits={
            code: tuple(sorted(group, key=lambda limit: limit.effective))
            for code, group in by_code.items()
        },
        pairings={pairing.code: pairing for pairing in pairings},
    )


@cache
def shipped() -> Ncci:
    """The extract that comes with facetcode, read once."""
    return read_tables(SHIPPED)


def read_tables(path: Path) -> Ncci:
    """Read tables in the shipped YAML form; PolicyError names file and line."""
    file = YamlFile(path)
    root = file.root()
    top = file.pairs(root, "the tables", ("description", "edits", "units", "add_ons"))
    rows = {
        key: file.items(top[key][1], f"'{key}'") if key in top else []
        for key in ("edits", "units", "add_ons")
    }
    return tables(
        (edit for node in rows["edits"] for edit in _edits(file, node)),
        (limit for node in rows["units"] for limit in _limits(file, node)),
        (_pairing(file, node) for node in rows["add_ons"]),
    )


def _codes(file: YamlFile, node: Node, pairs: Pairs, key: str) -> list[str]:
    given = file.need(pairs, key, node, "a row")
    return [file.text(item, f"a code of '{key}'") for item in file.items(given, f"'{key}'")]


def _number(file: YamlFile, node: Node, pairs: Pairs, key: str) -> int:
    given = file.need(pairs, key, node, "a row")
    text = file.text(given, f"'{key}'")
    if not text.isdecimal():
        file.fail(given, f"'{key}' is '{text}', not a whole number")
    return int(text)


def _edits(file: YamlFile, node: Node) -> list[Edit]:
    keys = ("column1", "column2", "modifier", "effective", "until", "seen", "setting", "source")
    pairs = file.pairs(node, "an edit", keys)
    effective = file.need(pairs, "effective", node, "an edit")
    start = None if effective.value == "unknown" else file.day(effective, "'effective'")
    setting = (
        file.word(pairs["setting"][1], "'setting'", ("both", "practitioner", "outpatient"))
        if "setting" in pairs
        else "both"
    )
    modifier = _number(file, node, pairs, "modifier")
    if modifier not in (0, 1, 9):
        file.fail(pairs["modifier"][1], f"'modifier' is {modifier}; it must be 0, 1 or 9")
    return [
        Edit(
            column1=first,
            column2=second,
            modifier=modifier,
            effective=start,
            seen=file.day(file.need(pairs, "seen", node, "an edit"), "'seen'"),
            until=file.day(pairs["until"][1], "'until'") if "until" in pairs else None,
            setting=setting,  # type: ignore[arg-type]
            source=file.text(file.need(pairs, "source", node, "an edit"), "'source'"),
        )
        for first in _codes(file, node, pairs, "column1")
        for second in _codes(file, node, pairs, "column2")
    ]


def _limits(file: YamlFile, node: Node) -> list[UnitLimit]:
    pairs = file.pairs(node, "a unit limit", ("codes", "units", "indicator", "effective", "source"))
    return [
        UnitLimit(
            code=code,
            units=_number(file, node, pairs, "units"),
            indicator=_number(file, node, pairs, "indicator"),
            effective=file.day(file.need(pairs, "effective", node, "a unit limit"), "'effective'"),
            source=file.text(file.need(pairs, "source", node, "a unit limit"), "'source'"),
        )
        for code in _codes(file, node, pairs, "codes")
    ]


def _pairing(file: YamlFile, node: Node) -> Pairing:
    pairs = file.pairs(node, "an add-on", ("code", "primaries", "effective", "source"))
    return Pairing(
        code=file.text(file.need(pairs, "code", node, "an add-on"), "'code'"),
        primaries=tuple(_codes(file, node, pairs, "primaries")),
        effective=file.day(file.need(pairs, "effective", node, "an add-on"), "'effective'"),
        source=file.text(file.need(pairs, "source", node, "an add-on"), "'source'"),
    )
