"""Facts and a policy to a record: the one place that runs every coding rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from facetcode.coding.case import Case, arrange
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
from facetcode.facts import Facts
from facetcode.record import Flag, Line, Record, Status

_NO_META: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Coded:
    """A case with all that coding found, lumbar suggestions included."""

    case: Case
    status: Status
    lines: tuple[Line, ...]
    lumbar: tuple[Line, ...]
    flags: tuple[Flag, ...]


def code(
    facts: Facts,
    policy: InForce,
    *,
    note_id: str,
    meta: Mapping[str, str] | None = None,
    ncci: Ncci | None = None,
) -> Record:
    """Code one note's facts under a policy in force.

    ``meta`` holds the export's keys: ``date_of_service``, ``claim_type``,
    ``place_of_service``, and, where a practice has them, ``prior_auth`` (a number) and ``abn``
    (``signed`` or ``none``). ``ncci`` replaces the tables that ship. The result depends on
    nothing else, and not on the order of the facts.
    """
    coded = decide(facts, policy, meta=meta, ncci=ncci)
    return Record(
        note_id=note_id,
        status=coded.status,
        facts=facts,
        lines=coded.lines,
        flags=coded.flags,
        policy=policy.label,
    )


def decide(
    facts: Facts,
    policy: InForce,
    *,
    meta: Mapping[str, str] | None = None,
    ncci: Ncci | None = None,
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
    return Coded(case, "query" if query else "coded", lines, lumbar, flags.sorted())
