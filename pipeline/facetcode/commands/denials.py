"""``facetcode denials``: what payers denied, and whether it was foreseen."""

from __future__ import annotations

import csv
import io
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facetcode.errors import FacetcodeError

if TYPE_CHECKING:
    from facetcode.denials.report import Findings
    from facetcode.evaluate.intervals import Estimate


class By(StrEnum):
    """What denials are grouped by."""

    CODE = "code"
    MODIFIER = "modifier"
    LEVELS = "levels"
    PAYER = "payer"
    PHYSICIAN = "physician"
    FLAG = "flag"
    MONTH = "month"


def denials_command(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="REMITTANCES... RECORDS",
            help="835 files, tables (.csv, .tsv, .xlsx) or folders; last the records.",
        ),
    ],
    by: Annotated[
        list[By] | None,
        typer.Option("--by", help="Print only these tables; again for more.", show_default=False),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="All of it as one page.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="The figures as JSON.")
    ] = None,
    lines: Annotated[
        Path | None, typer.Option("--lines", metavar="FILE", help="Every joined line as CSV.")
    ] = None,
) -> None:
    """Join remittances to records: denials by reason, code, payer …, and which were foreseen.

    Exit status 0: all files were read; 1: some could not be, and are listed.

    \b
    Examples:
      facetcode denials remits/ results/records.jsonl
      facetcode denials may.835 june.csv results/ --html denials.html --by payer --by code
    """
    from facetcode.claims import read_claims, records_file, sha256_of
    from facetcode.cli import same_file, say
    from facetcode.html_page import missing

    if len(paths) < 2:
        raise FacetcodeError("name the remittances, and last the records they are joined to")
    try:
        from facetcode.denials.join import join
        from facetcode.denials.read import read_remittances
        from facetcode.denials.report import find, line_rows, page, to_json
        from facetcode.denials.settle import settle
    except ModuleNotFoundError as error:
        raise missing(error) from None
    *remits, records = paths
    inputs = [records_file(records), *(path for path in remits if path.is_file())]
    for target in (html, output, lines):
        if target and any(same_file(target, path) for path in inputs):
            raise FacetcodeError(f"{target}: is an input; name another file to write to")
    claims = read_claims(records)
    read, broken = read_remittances(remits, say)
    settled = settle(read.claims)
    findings = find(read, settled, join(settled.claims, claims))
    if html:
        file = records_file(records)
        text = page(findings, (file.name, sha256_of(file)))
        _write(html, text.encode("utf-8", "backslashreplace"))
    if output:
        _write(output, (json.dumps(to_json(findings), indent=1) + "\n").encode())
    if lines:
        _write(lines, _csv(list(line_rows(findings.cases))))
    _print(findings, by)
    say(_counts(findings))
    if broken:
        raise typer.Exit(1)


def _print(findings: Findings, by: list[By] | None) -> None:
    from facetcode.commands.tables import print_rows
    from facetcode.html_page import percent

    def interval(e: Estimate) -> str:
        return "–" if e.value is None else f"{percent(e.low)} to {percent(e.high)}"

    if not by:
        print_rows(
            ("reason", "label", "lines", "claims", "money", "remarks"),
            [
                (row.code, row.label, str(row.lines), str(row.claims), _said(row.money),
                 ", ".join(f"{code} x{n}" for code, n in row.remarks))
                for row in findings.reasons
            ],
            sys.stdout,
        )  # fmt: skip
        print_rows(
            ("warning", "warned, denied", "warned, not", "denied, not warned", "precision",
             "95 % interval", "recall", "95 % interval"),
            [
                (row.name, str(row.both), str(row.warned_only), str(row.denied_only),
                 percent(row.precision.value), interval(row.precision),
                 percent(row.recall.value), interval(row.recall))
                for row in findings.warnings
            ],
            sys.stdout,
        )  # fmt: skip
    for name in dict.fromkeys(by or By):
        print_rows(
            (name.value, "lines", "denied", "95 % interval", "in part", "refused", "reasons"),
            [
                (row.name, str(row.lines), percent(row.denied.value), interval(row.denied),
                 str(row.reduced), _said(row.refused),
                 ", ".join(f"{code} x{n}" for code, n in row.reasons))
                for row in findings.by[name]
            ],
            sys.stdout,
        )  # fmt: skip


def _counts(findings: Findings) -> str:
    read, settled, joined = findings.read, findings.settled, findings.joined
    parts = [
        f"{len(read.claims):,} decisions in {read.files:,} files",
        f"{len(joined.cases):,} lines joined",
        f"{joined.without_record:,} facet claims without a record",
    ]
    for n, what in (
        (joined.ambiguous, "that several records fit"),
        (joined.other, "of other services"),
        (settled.reversals, "reversals"),
        (settled.secondary, "of further payers"),
        (read.other_sets, "transaction sets that are no 835"),
        (read.provider_adjustments, "adjustments of the provider as a whole (PLB), left out"),
        (read.unbalanced, "lines that do not balance"),
    ):
        if n:
            parts.append(f"{n:,} {what}")
    return "; ".join(parts)


def _said(money: object) -> str:
    return "–" if money is None else f"{money:,.2f}"


def _csv(rows: list[dict[str, str]]) -> bytes:
    from facetcode.denials.report import LINE_COLUMNS
    from facetcode.output import unformula
    from facetcode.terminal import one_line

    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(LINE_COLUMNS)
    for row in rows:
        writer.writerow([unformula(one_line(row[name])) for name in LINE_COLUMNS])
    return ("\ufeff" + out.getvalue()).encode("utf-8", "backslashreplace")


def _write(target: Path, data: bytes) -> None:
    from facetcode.output import replacing

    with replacing(target) as file:
        file.write(data)
