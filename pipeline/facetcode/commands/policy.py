"""``facetcode policy``: list the policies, show one, check a file, compare two."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facetcode.errors import FacetcodeError

if TYPE_CHECKING:
    from facetcode.coding import InForce, Policy
    from facetcode.coding.diff import ClaimChange
    from facetcode.facts import Facts

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="A policy by name, or a policy file.")
]
OnOption = Annotated[
    str | None,
    typer.Option("--on", metavar="DATE", help="The date of service, YYYY-MM-DD; else the newest."),
]


def list_command() -> None:
    """List the policies that come with facetcode, with the dates they cover.

    \b
    Examples:
      facetcode policy list
    """
    from facetcode.coding import load_policy, policy_names
    from facetcode.commands.tables import print_rows

    policies = (load_policy(name) for name in policy_names())
    rows = ((p.name, p.covers, p.description) for p in policies)
    print_rows(("policy", "covers", "description"), rows, sys.stdout)


def show_command(name: NameArgument, on: OnOption = None) -> None:
    """Show every rule of a policy on a day: its value, since when, and where it was read.

    \b
    Examples:
      facetcode policy show medicare-noridian
      facetcode policy show medicare --on 2023-06-30
      facetcode policy show our-aetna.yaml
    """
    from facetcode.coding import load_policy, policy_table
    from facetcode.commands.tables import print_line, print_rows

    policy = load_policy(name)
    in_force = policy.on(day_of(on))
    print_line(f"{in_force.label}: {policy.description}", sys.stdout)
    print_line(
        f"covers {policy.covers}; changes on {', '.join(map(str, policy.changes))}", sys.stdout
    )
    if policy.inherits:
        print_line(f"inherits {', '.join(policy.inherits)}", sys.stdout)
    header = ("rule", "value", "about", "since", "sure", "read in", "file")
    rows = (
        (
            row.key,
            row.value,
            row.about,
            f"{row.effective}" + (f" to {row.until}" if row.until else ""),
            row.sure,
            f"{row.cite.document}, {row.cite.version}, {row.cite.section} (read {row.cite.read})",
            _short(row.where),
        )
        for row in policy_table(in_force)
    )
    print_rows(header, rows, sys.stdout)


def check_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A policy or a mapping file.")],
) -> None:
    """Check a policy file of your own, or a mapping from payers to policies.

    Exit status 0: it can be used; 2: it cannot, and the message names file and line.

    \b
    Examples:
      facetcode policy check our-aetna.yaml
      facetcode policy check our-payers.yaml
    """
    from facetcode.coding import load_mapping, load_policy
    from facetcode.coding.policy_file import YamlFile
    from facetcode.commands.tables import print_line

    if not file.is_file():
        raise FacetcodeError(f"{file}: no such file; name a policy or mapping file to check")
    yaml = YamlFile(file)
    if "rules" in yaml.pairs(yaml.root(), "the file"):
        mapping = load_mapping(file)
        rows = len(mapping.rules)
        print_line(
            f"{file}: mapping of {rows} rule{'' if rows == 1 else 's'}; every policy it names "
            f"exists; otherwise '{mapping.otherwise}'",
            sys.stdout,
        )
        return
    policy = load_policy(file)
    print_line(f"{file}: policy '{policy.name}', {policy.covers}", sys.stdout)
    for line in _open_points(policy.on()):
        print_line(line, sys.stdout)


def diff_command(
    before: Annotated[str, typer.Argument(metavar="A", help="A policy by name or file.")],
    after: Annotated[str, typer.Argument(metavar="B", help="Another.")],
    on: OnOption = None,
    records: Annotated[
        Path | None,
        typer.Option(
            "--records", metavar="FILE", help="Recode these records under both, each on its day."
        ),
    ] = None,
) -> None:
    """Compare two policies: the rules that differ or, with records, the claims that change.

    Exit status 0: compared; 1: some records could not be, and are listed.

    \b
    Examples:
      facetcode policy diff default medicare-noridian
      facetcode policy diff medicare medicare-noridian --on 2023-06-30
      facetcode policy diff default medicare-noridian --records records.jsonl
    """
    from facetcode.coding import load_policy

    one, two = load_policy(before), load_policy(after)
    if records is None:
        _print_rules(one.on(day_of(on)), two.on(day_of(on)))
    elif on is not None:
        raise FacetcodeError("records bring their own dates: leave --on out")
    else:
        _print_claims(one, two, records)


def _print_rules(one: InForce, two: InForce) -> None:
    from facetcode.coding import diff_rules
    from facetcode.commands.tables import print_line, print_rows

    changes = diff_rules(one, two)
    if not changes:
        print_line(f"{one.label} and {two.label} have the same rules", sys.stdout)
        return
    rows = ((c.key, c.before, c.after, c.about) for c in changes)
    print_rows(("rule", one.label, two.label, "about"), rows, sys.stdout)


def _print_claims(one: Policy, two: Policy, path: Path) -> None:
    from facetcode.coding import diff_claims
    from facetcode.commands.tables import print_rows
    from facetcode.recode import read_facts
    from facetcode.run import Tally

    tally = Tally(_say)
    count = 0

    def batch() -> Iterator[tuple[str, Facts, dict[str, str]]]:
        nonlocal count
        for stored in tally.readable(read_facts(path)):
            count += 1
            yield stored.note_id, stored.facts, stored.meta

    changes: list[ClaimChange] = []
    for change in diff_claims(batch(), one, two):
        if change.problem:
            tally.failed += 1
            _say(f"{path}: note {change.note_id}: {change.problem}")
        else:
            changes.append(change)
    header = ("note", one.name, two.name, "status", "flags added", "flags removed", "because of")
    print_rows(header, map(_claim_row, changes), sys.stdout)
    lines = sum(change.lines_differ for change in changes)
    _say(
        f"{count:,} records: {lines:,} claims with other lines, "
        f"{len(changes) - lines:,} with other flags or status alone, "
        f"{count - len(changes) - tally.failed:,} the same"
        if count
        else "no record"
    )
    if tally.failed:
        raise typer.Exit(1)


def _claim_row(change: ClaimChange) -> tuple[str, ...]:
    old, new = change.status
    return (
        change.note_id,
        " ".join(change.before) or "no lines",
        " ".join(change.after) or "no lines",
        old if old == new else f"{old} -> {new}",
        " ".join(change.flags_added),
        " ".join(change.flags_removed),
        "; ".join(change.why),
    )


def _say(message: str) -> None:
    from facetcode.cli import say

    say(message)


def _open_points(policy: InForce) -> Iterator[str]:
    from facetcode.coding.rules import UNKNOWN

    unknown = sorted(key for key, e in policy.entries.items() if e.value is UNKNOWN)
    memory = sorted(
        key for key, e in policy.entries.items() if e.sure == "memory" and e.value is not UNKNOWN
    )
    if unknown:
        yield f"unknown, and said so on records that need them: {', '.join(unknown)}"
    if memory:
        yield f"from memory, to be confirmed: {', '.join(memory)}"


def _short(where: str) -> str:
    path, _, line = where.rpartition(":")
    return f"{Path(path).name}:{line}"


def day_of(text: str | None) -> date | None:
    """The day an ``--on`` names; raises FacetcodeError where it is none."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FacetcodeError(f"--on {text}: not a date; write it as YYYY-MM-DD") from None
