"""``facetcode evaluate`` and ``facetcode annotations``: measuring against labelled notes.

Scoring is imported when a command runs: ``facetcode --help`` must not wait for NumPy and SciPy.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from facetcode.commands.learn import ModelsOption
from facetcode.commands.measure import need, write_json
from facetcode.errors import AnnotationError, FacetcodeError

if TYPE_CHECKING:
    from facetcode.notes.formats import Reject

_LISTED = 10
"""Notes without a record that are named before the rest is only counted."""

GoldArgument = Annotated[
    Path, typer.Argument(metavar="GOLD", help="A gold .jsonl, or a folder of gold or inline files.")
]


def evaluate_command(
    gold: GoldArgument,
    records: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RECORDS]",
            help="Records of facetcode code or batch: they are judged, no note is read again.",
            show_default=False,
        ),
    ] = None,
    split: Annotated[
        Literal["train", "dev", "test"] | None,
        typer.Option("--split", help="Only the voices that splits.yaml puts there."),
    ] = None,
    by: Annotated[
        Literal["voice"] | None, typer.Option("--by", help="One row a voice, beside the others.")
    ] = None,
    errors: Annotated[bool, typer.Option("--errors", help="List every difference.")] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report", metavar="FILE", help="Write one HTML page: figures, charts, every error."
        ),
    ] = None,
    fees: Annotated[
        Path | None,
        typer.Option(
            "--fees", metavar="FILE", help="Your fees, a CSV of code,fee: weigh lines in money."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Also write the figures as JSON."),
    ] = None,
    models: ModelsOption = None,
) -> None:
    """Measure facts, claims and flags against labelled notes, each figure with its interval.

    Exit status 0: all compared; 1: some notes or records could not be, and are listed.

    \b
    Examples:
      facetcode evaluate annotations/gold --split dev --by voice --errors
      facetcode evaluate my-labelled-notes.jsonl
      facetcode evaluate gold.jsonl records.jsonl --fees fees.csv --report report.html
    """
    from facetcode.cli import same_file, say

    targets = [target for target in (report, output) if target]
    for source in filter(None, (gold, records, fees)):
        if any(same_file(target, source) for target in targets):
            raise FacetcodeError(f"{source}: is an input; name another file to write to")
    need("measuring", "scipy")
    if report is not None:
        need("a report", "matplotlib", "jinja2")
    from rich.console import Console

    from facetcode.evaluate import tables
    from facetcode.evaluate.accuracy import accuracies, read_fees
    from facetcode.evaluate.cases import code_cases, stored_cases
    from facetcode.evaluate.corpus import read_corpus
    from facetcode.evaluate.summary import summarise, to_json

    notes = read_corpus(gold, split)
    amounts = read_fees(fees) if fees else None
    left_out: list[str] = []

    def told(reject: Reject) -> None:
        left_out.append(reject.note_id)
        if len(left_out) > _LISTED:
            return
        whose = f"note {reject.note_id}: " if reject.note_id else ""
        say(f"{reject.source}: {whose}{reject.reason}; {reject.remedy}")

    if records is None:
        cases = code_cases(notes, models=models)
    else:
        cases = stored_cases(notes, records, told)
    if len(left_out) > _LISTED:
        say(f"and {len(left_out) - _LISTED:,} more that could not be compared")
    scores = [case.score for case in cases]
    summary = summarise(scores)
    wide = None if sys.stdout.isatty() else 110
    console = Console(markup=False, emoji=False, highlight=False, width=wide)
    tables.show_accuracies(console, accuracies(cases, amounts))
    tables.show(console, summary, split or gold.name)
    if by:
        tables.show_voices(console, scores)
    if errors:
        tables.show_errors(console, scores)
    if output is not None:
        from facetcode.evaluate.figures import figures

        write_json(output, {**to_json(summary), **figures(cases, amounts)})
    if report is not None:
        from facetcode.evaluate.report import page
        from facetcode.output import replacing

        title = f"{gold.name}, {split}" if split else gold.name
        origin = "read by this facetcode" if records is None else f"records of {records.name}"
        text = page(cases, title, fees=amounts, source=origin, left_out=len(left_out))
        with replacing(report) as file:
            # A lone surrogate, which JSON input can hold, has no UTF-8 form.
            file.write(text.encode("utf-8", "backslashreplace"))
    if left_out:
        raise typer.Exit(1)


def compile_command(
    folder: Annotated[Path, typer.Argument(metavar="ANNOTATIONS", help="Holds inline/ and gold/.")],
) -> None:
    """Check the inline files and write them as gold/<voice>.jsonl, offsets and all."""
    from facetcode.evaluate.markup import compile_folder

    inline = folder / "inline"
    if not inline.is_dir():
        raise AnnotationError(f"{inline}: no such folder; it holds one folder a voice")
    for path in compile_folder(inline, folder / "gold"):
        print(path)


def check_command(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="ANNOTATIONS", help="A gold file, a folder of them, or what holds gold/."
        ),
    ],
    near: Annotated[
        float,
        typer.Option("--near", min=0.1, max=1.0, help="Likeness from which notes are copies."),
    ] = 0.8,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Also write the problems as JSON."),
    ] = None,
) -> None:
    """Check labelled notes: form, offsets, facts with marks, copies, and leaks between splits.

    Exit status 0: nothing wrong (warnings may be told); 1: errors are listed.

    \b
    Examples:
      facetcode annotations check annotations
      facetcode annotations check my-gold/ --near 0.7 --output problems.json
    """
    need("checking for copies", "sklearn")
    from facetcode.cli import say
    from facetcode.evaluate.corpus_check import CLASSES, check_corpus
    from facetcode.terminal import one_line

    notes, problems = check_corpus(folder, near)
    for problem in problems:
        level = "error" if problem.is_error else "warning"
        print(f"{level} {problem.kind}: {one_line(problem.where)}: {one_line(problem.what)}")
    if output is not None:
        rows = [
            {"class": p.kind, "error": p.is_error, "where": p.where, "what": p.what}
            for p in problems
        ]
        write_json(output, {"notes": notes, "problems": rows, "classes": CLASSES})
    errors = sum(problem.is_error for problem in problems)
    say(f"{notes:,} notes: {errors:,} errors, {len(problems) - errors:,} warnings")
    if errors:
        raise typer.Exit(1)
