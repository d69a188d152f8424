"""``facetcode agree``: how far raters of the same notes agree, people and the program alike."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from facetcode.errors import FacetcodeError

if TYPE_CHECKING:
    from facetcode.notes.formats import Reject


def agree_command(
    labelings: Annotated[
        list[Path],
        typer.Argument(
            metavar="A B...",
            help="Labelings of the same notes: gold .jsonl files or folders, or records.",
        ),
    ],
    most: Annotated[
        int,
        typer.Option("--most", min=0, help="Disagreements to print; 0 prints all."),
    ] = 50,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Of the bootstrap behind the intervals.")
    ] = 20250101,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="FILE",
            help="Also write all figures and every disagreement as JSON.",
        ),
    ] = None,
) -> None:
    """Measure agreement: kappa on fields, F1 on marks, each with its interval, and where not.

    Exit status 0: compared; 1: some records could not be read, or some notes were set aside
    because their text differs, and they are listed.

    \b
    Examples:
      facetcode agree annotations/gold annotations/second
      facetcode agree first.jsonl second.jsonl records.jsonl --output agreement.json
    """
    from facetcode.cli import same_file, say

    if len(labelings) < 2:
        raise FacetcodeError("name two labelings or more to compare")
    if output and any(same_file(output, path) for path in labelings):
        raise FacetcodeError(f"{output}: is an input; name another file to write to")
    need("measuring agreement", "scipy")
    from rich.console import Console

    from facetcode.evaluate import agreement_tables
    from facetcode.evaluate.agreement import compare_labelings
    from facetcode.evaluate.labelings import read_labeling

    failed: list[str] = []

    def told(reject: Reject) -> None:
        failed.append(reject.note_id)
        whose = f"note {reject.note_id}: " if reject.note_id else ""
        say(f"{reject.source}: {whose}{reject.reason}; {reject.remedy}")

    report = compare_labelings([read_labeling(path, told) for path in labelings], seed)
    if not any(pair.notes for pair in report.pairs):
        raise FacetcodeError("the labelings have no note in common; note ids must be the same")
    for note_id in report.set_aside:
        say(f"note {note_id}: set aside, its text differs between the labelings")
    wide = None if sys.stdout.isatty() else 120
    console = Console(markup=False, emoji=False, highlight=False, width=wide)
    agreement_tables.show(console, report, most)
    if output is not None:
        write_json(output, agreement_tables.to_json(report))
    if failed or report.set_aside:
        raise typer.Exit(1)


def need(what: str, *modules: str) -> None:
    """Raise FacetcodeError where a library of the extra ``evaluate`` is missing."""
    from importlib.util import find_spec

    for module in modules:
        if find_spec(module) is None:
            raise FacetcodeError(
                f"{module} is not installed and {what} needs it: pip install 'facetcode[evaluate]'"
            )


def write_json(target: Path, data: Any) -> None:
    """Write plain data to a file, whole or not at all."""
    import json

    from facetcode.output import replacing

    with replacing(target) as file:
        # ASCII: valid whatever reads it, and a lone surrogate of an id stays an escape.
        file.write((json.dumps(data, indent=1) + "\n").encode("ascii"))
