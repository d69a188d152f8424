"""``facetcode batch``: a night's or a year's export into one output folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from facetcode.commands.learn import AutoOption, ModelsOption
from facetcode.errors import FacetcodeError
from facetcode.notes.columns import KEYS


class Billing(StrEnum):
    """The forms claims can be written in."""

    FHIR = "fhir"
    HL7 = "hl7"


class Engine(StrEnum):
    """What does the work."""

    LOCAL = "local"
    SPARK = "spark"


def batch_command(
    exports: Annotated[
        list[str], typer.Argument(metavar="EXPORT...", help="Exports, or folders of them.")
    ],
    target: Annotated[
        str, typer.Option("--out", metavar="DIR", help="Folder for everything the run makes.")
    ],
    policy: Annotated[
        str | None,
        typer.Option(
            "--policy",
            metavar="NAME",
            help="A policy by name or file. Without it each note's payer and date choose.",
            show_default=False,
        ),
    ] = None,
    payers: Annotated[
        Path | None,
        typer.Option("--payers", metavar="FILE", help="Your mapping from payers to policies."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Processes; as many as cores.", show_default=False),
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, help="Seconds that one note may take.")
    ] = 60.0,
    memory: Annotated[
        int, typer.Option("--memory", min=64, help="Megabytes that one note may take.")
    ] = 1024,
    text_column: Annotated[
        str | None,
        typer.Option("--text-column", metavar="NAME", help="Column of the note's text."),
    ] = None,
    id_column: Annotated[
        str | None, typer.Option("--id-column", metavar="NAME", help="Column of the note's id.")
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="KEY=COLUMN",
            help="Your column for a key (text, note_id, payer …); may be given several times.",
        ),
    ] = None,
    billing: Annotated[
        Billing | None,
        typer.Option("--billing", help="Also write the claims of notes that are ready to bill."),
    ] = None,
    engine: Annotated[
        Engine, typer.Option("--engine", help="spark: from Parquet to Parquet, on a cluster.")
    ] = Engine.LOCAL,
    master: Annotated[
        str | None,
        typer.Option("--master", metavar="URL", help="Spark's master; its own settings without."),
    ] = None,
    retry: Annotated[
        bool,
        typer.Option(
            "--retry",
            help="Code again what a whole run could not, with more --timeout or --memory.",
        ),
    ] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Drop what another run left in the folder.")
    ] = False,
    auto_at: AutoOption = None,
    models: ModelsOption = None,
) -> None:
    """Code a whole export: records, a worklist, queries, a report and a manifest in one folder.

    A run that was stopped goes on where it was when the same command is given again; one that is
    whole does nothing. Exit status as for `code`.

    \b
    Examples:
      facetcode batch night/ --out results/2026-11-24
      facetcode batch export.csv --out results --policy medicare --billing fhir
      facetcode batch --engine spark --master yarn hdfs:///notes --out hdfs:///records
    """
    if engine is Engine.SPARK:
        if auto_at is not None or models is not None:
            raise FacetcodeError("--auto-at and --models go with the local engine")
        _on_spark(exports, target, master, policy, payers)
        return
    if master is not None:
        raise FacetcodeError("--master goes with --engine spark")
    from facetcode.batch.run import Plan, run_batch
    from facetcode.cli import SOME_FAILED, say
    from facetcode.notes.formats import count_hint

    paths, out = [Path(export) for export in exports], Path(target)
    plan = Plan(
        paths=paths,
        out=out,
        policy=policy,
        payers=payers,
        workers=workers or _cores(),
        timeout=timeout,
        memory_mb=memory,
        reading={
            "text_column": text_column,
            "id_column": id_column,
            "mapping": _mapping(map_ or []),
        },
        billing=billing.value if billing else None,
        restart=restart,
        retry=retry,
        models=models,
        auto_at=auto_at,
    )
    with _progress(lambda: count_hint(paths)) as show:
        summary = run_batch(plan, on_progress=show)
    if summary is None:
        say(f"{out}: nothing new; these records are of the same input (--restart codes it again)")
        return
    status = summary.status
    say(
        f"{summary.notes:,} records: {status['coded']:,} coded, {status['query']:,} to query, "
        f"{status['not_applicable']:,} not applicable; see {out / 'report.html'}"
    )
    for family, guarantee in summary.promised.items():
        say(f"policies like {family}: {guarantee}")
    if summary.new.notes:
        say(
            f"{summary.new.notes:,} notes in {len(summary.new.kinds):,} groups are unlike what the "
            f"models know; see 'new_notes' in {out / 'summary.json'}"
        )
    if summary.unmatched:
        say(f"{summary.unmatched:,} notes name a payer that no rule of the mapping fits")
    if summary.rejects:
        say(f"{summary.rejects:,} could not be coded; see {out / 'rejects.jsonl'}")
        raise typer.Exit(SOME_FAILED)


def _on_spark(
    exports: list[str], target: str, master: str | None, policy: str | None, payers: Path | None
) -> None:
    from facetcode.batch.spark import run_spark
    from facetcode.cli import SOME_FAILED, say

    mapping = str(payers) if payers is not None else None
    counts = run_spark(exports, target, master=master, policy=policy, payers=mapping)
    said = ", ".join(f"{n:,} {status.replace('_', ' ')}" for status, n in sorted(counts.items()))
    say(f"{sum(counts.values()):,} rows in {target}: {said or 'none'}")
    if counts.get("rejected"):
        raise typer.Exit(SOME_FAILED)


def _mapping(given: list[str]) -> dict[str, str]:
    """``--map`` as pairs. Raises FacetcodeError for what is none."""
    found: dict[str, str] = {}
    for pair in given:
        key, mark, column = pair.partition("=")
        if not mark or not column.strip() or key not in KEYS:
            raise FacetcodeError(
                f"--map {pair}: write KEY=COLUMN, the key one of {', '.join(KEYS)}"
            )
        found[key] = column
    return found


def _cores() -> int:
    """Cores this process may use, which a container may hold to fewer than the machine's."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def _progress(total: Callable[[], int | None]) -> Iterator[Callable[[int], object]]:
    """Notes done, notes a second and time left, drawn only where somebody watches."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(TextColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:,.0f} notes/s" if task.speed else "starting")

    columns = (BarColumn(), MofNCompleteColumn(), Rate(""), TimeRemainingColumn())
    console = Console(stderr=True, markup=False, emoji=False, highlight=False)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("notes", total=total())
        yield lambda done: bar.update(task, completed=done)
