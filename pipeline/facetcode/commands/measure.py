"""``facetcode agree`` and ``facetcode compare``: raters, and runs, of the same notes."""

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


def compare_command(
    before: Annotated[
        Path, typer.Argument(metavar="RUN_A", help="Records of the run there is, or its folder.")
    ],
    after: Annotated[
        Path, typer.Argument(metavar="RUN_B", help="Records of the run that may replace it.")
    ],
    gold: Annotated[
        Path | None,
        typer.Option(
            "--gold", metavar="GOLD", help="Labelled notes: say what is better and worse."
        ),
    ] = None,
    fail_if_worse: Annotated[
        bool,
        typer.Option(
            "--fail-if-worse", help="Exit 1 if fewer notes are right or a record is lost."
        ),
    ] = False,
    most: Annotated[
        int, typer.Option("--most", min=0, help="Changes to print; 0 prints all.")
    ] = 50,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Also write figures and changes as JSON."),
    ] = None,
) -> None:
    """Compare two runs over the same notes: what changed, and against labels for better or worse.

    Exit status 0: compared; 1: some records could not be read and are listed, or the second run is
    worse and --fail-if-worse is given.

    \b
    Examples:
      facetcode compare results-1.0/ results-1.1/
      facetcode compare old.jsonl new.jsonl --gold gold/ --fail-if-worse
    """
    from facetcode.cli import same_file, say

    if fail_if_worse and gold is None:
        raise FacetcodeError(
            "--fail-if-worse needs --gold: without labels a change is only a change"
        )
    if output and any(same_file(output, path) for path in (before, after, gold) if path):
        raise FacetcodeError(f"{output}: is an input; name another file to write to")
    need("comparing", "scipy")
    import dataclasses

    from rich.console import Console

    from facetcode.evaluate import compare_tables
    from facetcode.evaluate.cases import OTHER_TEXT
    from facetcode.evaluate.compare import compare_runs, judge, read_run
    from facetcode.evaluate.corpus import read_corpus

    failed: list[str] = []

    def told(reject: Reject) -> None:
        failed.append(reject.note_id)
        whose = f"note {reject.note_id}: " if reject.note_id else ""
        say(f"{reject.source}: {whose}{reject.reason}; {reject.remedy}")

    found = compare_runs(read_run(before, told), read_run(after, told))
    if not found.notes:
        raise FacetcodeError("the runs have no note in common; note ids must be the same")
    if gold is not None:

        def judged_told(reject: Reject) -> None:
            # What cannot be read was said already, and labels of notes that a run does not hold
            # are no fault of it: a corpus may be larger than a night's export.
            if reject.reason == OTHER_TEXT:
                told(reject)

        judged = judge(read_corpus(gold), before, after, judged_told)
        found = dataclasses.replace(found, judged=judged)
    wide = None if sys.stdout.isatty() else 120
    console = Console(markup=False, emoji=False, highlight=False, width=wide)
    compare_tables.show(console, found, most)
    if output is not None:
        write_json(output, compare_tables.to_json(found))
    if fail_if_worse:
        for reason in found.worse:
            say(f"worse: {reason}")
    if failed or (fail_if_worse and found.worse):
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
