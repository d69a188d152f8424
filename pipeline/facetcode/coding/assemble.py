"""Facts and a policy to a record: the one place that runs every coding rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from facetcode.coding.case import Case, Coded, arrange
from facetcode.coding.completeness import check_completeness
from facetcode.coding.coverage import check_coverage
from facetcode.coding.documentation import check_documentation
from facetcode.coding.flags import FlagList
from facetcode.coding.lines import build_lines
from facetcode.coding.lumbar import lumbar_lines
from facetcode.coding.ncci import Ncci, shipped
from facetcode.coding.policy import InForce
from facetcode.coding.same_day import check_regions, check_same_day
from facetcode.coding.stated import check_stated_codes
from facetcode.coding.verification import checks
from facetcode.facts import Facts
from facetcode.record import META_KEYS, Check, Record

_NO_META: Mapping[str, str] = {}

Beside: TypeAlias = Callable[[Case, FlagList], None]
"""Raises flags for what lies outside the one note: the patient's other notes."""


def code(
    facts: Facts,
    policy: InForce,
    *,
    note_id: str,
    meta: Mapping[str, str] | None = None,
    ncci: Ncci | None = None,
    beside: Beside | None = None,
) -> Record:
    """Code one note's facts under a policy in force.

    ``meta`` holds the export's keys: ``date_of_service``, ``claim_type``,
    ``place_of_service``, and, where a practice has them, ``prior_auth`` (a number) and ``abn``
    (``signed`` or ``none``). ``ncci`` replaces the tables that ship. The result depends on
    nothing else, and not on the order of the facts.
    """
    tables = ncci or shipped()
    coded = decide(facts, policy, meta=meta, ncci=tables, beside=beside)
    return Record(
        note_id=note_id,
        status=coded.status,
        facts=facts,
        lines=coded.lines,
        flags=coded.flags,
        policy=policy.label,
        meta={key: meta[key] for key in META_KEYS if meta.get(key)} if meta else {},
        verification=checks(coded, tables),
        lumbar_lines=coded.lumbar,
    )


def verify(
    facts: Facts,
    policy: InForce,
    *,
    meta: Mapping[str, str] | None = None,
    ncci: Ncci | None = None,
) -> tuple[Check, ...]:
    """The verification list of a note's claim; empty where there is nothing to bill."""
    tables = ncci or shipped()
    return checks(decide(facts, policy, meta=meta, ncci=tables), tables)


def decide(
    facts: Facts,
    policy: InForce,
    *,
    meta: Mapping[str, str] | None = None,
    ncci: Ncci | None = None,
    beside: Beside | None = None,
) -> Coded:
    """What ``code`` writes into a record, with the case and the lumbar suggestions beside it."""
    case = arrange(facts, policy.rules, meta if meta is not None else _NO_META)
    if not facts.is_facet_block:
        return Coded(case, "not_applicable", (), (), ())
    flags = FlagList(policy, facts.doubts)
    day = check_same_day(case, flags, ncci or shipped())
    query = check_completeness(case, flags)
    built = build_lines(case, flags, separate_site=day.separate_site)
    lines = () if day.bundled else built.billed
    lumbar = lumbar_lines(case, flags) if facts.lumbar_levels else ()
    check_regions(case, flags, lumbar)
    check_coverage(case, flags, lines)
    check_stated_codes(case, flags, built.by_levels)
    check_documentation(case, flags)
    if beside is not None:
        beside(case, flags)
    return Coded(case, "query" if query else "coded", lines, lumbar, flags.sorted())
