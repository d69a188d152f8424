"""``facetcode queries`` and ``facetcode template``: what goes back to the physician."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, TextIO

import typer

from facetcode.commands.policy import OnOption, day_of
from facetcode.errors import FacetcodeError

OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write there instead of standard output."),
]


class TemplateFormat(StrEnum):
    """The forms a template can be written in."""

    MD = "md"
    TXT = "txt"


class QueryFormat(StrEnum):
    """The forms queries can be written in."""

    MD = "md"
    CSV = "csv"


class Purpose(StrEnum):
    """What a block is for."""

    DIAGNOSTIC = "diagnostic"
    THERAPEUTIC = "therapeutic"


class Least(StrEnum):
    """The least severe flag that is asked about."""

    HARD = "hard"
    SOFT = "soft"


def template_command(
    policy: Annotated[
        str, typer.Option("--policy", metavar="NAME", help="A policy by name or file.")
    ] = "default",
    procedure: Annotated[
        Purpose | None,
        typer.Option("--procedure", help="For blocks of one purpose; both without it."),
    ] = None,
    form: Annotated[
        TemplateFormat | None,
        typer.Option(
            "--format",
            help="txt: the note alone; md: with each field's reason. Else by --output's suffix.",
            show_default=False,
        ),
    ] = None,
    on: OnOption = None,
    output: OutputOption = None,
) -> None:
    """Print a note template that asks for everything a policy needs and suggests no answer.

    \b
    Examples:
      facetcode template --policy medicare-noridian
      facetcode template --policy medicare --procedure diagnostic --format txt
    """
    from facetcode.coding import load_policy
    from facetcode.physician import template

    in_force = load_policy(policy).on(day_of(on))
    chosen = form or (TemplateFormat.TXT if _suffix(output) == ".txt" else TemplateFormat.MD)
    draw = template.plain if chosen is TemplateFormat.TXT else template.markdown
    with _text_to(output) as stream:
        stream.write(draw(in_force, procedure.value if procedure else None))


def queries_command(
    records: Annotated[
        Path, typer.Argument(metavar="RECORDS", help="Records of facetcode code, JSON Lines.")
    ],
    form: Annotated[
        QueryFormat | None,
        typer.Option(
            "--format",
            help="md: letters, a physician each; csv: a row a question. Else by --output's suffix.",
            show_default=False,
        ),
    ] = None,
    least: Annotated[
        Least,
        typer.Option(
            "--severity", help="soft: ask about every item; hard: only what stops billing."
        ),
    ] = Least.SOFT,
    output: OutputOption = None,
) -> None:
    """Draft the questions to the physicians: one a missing or unclear item, none that leads.

    Exit status 0: drafted; 1: some records could not be read, and are listed.

    \b
    Examples:
      facetcode queries records.jsonl
      facetcode queries records.jsonl --severity hard --output queries.csv
    """
    from facetcode.cli import same_file, say
    from facetcode.physician.queries import draft
    from facetcode.physician.write import write_csv, write_markdown
    from facetcode.recode import read_answers
    from facetcode.run import Tally

    if output is not None and same_file(output, records):
        raise FacetcodeError(f"{output}: is the input; name another file to write to")
    tally = Tally(say)
    answers = list(tally.readable(read_answers(records)))
    drafted = [query for answer in answers for query in draft(answer, least=least.value)]
    chosen = form or (QueryFormat.CSV if _suffix(output) == ".csv" else QueryFormat.MD)
    with _text_to(output) as stream:
        (write_csv if chosen is QueryFormat.CSV else write_markdown)(drafted, stream)
    notes = len({query.note_id for query in drafted})
    say(f"{len(drafted):,} questions on {notes:,} of {len(answers):,} notes")
    if tally.failed:
        raise typer.Exit(1)


def _suffix(path: Path | None) -> str:
    return path.suffix.lower() if path else ""


@contextmanager
def _text_to(target: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that appears whole or not at all."""
    if target is None:
        yield sys.stdout
        return
    from facetcode.output import replacing

    with replacing(target) as file:
        text = TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="")
        yield text
        text.flush()
        text.detach()
