"""``facetcode annotate``: labelled notes to and from annotation tools."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from facetcode.errors import FacetcodeError

if TYPE_CHECKING:
    from facetcode.annotate.document import Document

_LISTED = 50


class Tool(StrEnum):
    """The forms notes go out in."""

    BRAT = "brat"
    LABEL_STUDIO = "label-studio"
    DOCCANO = "doccano"
    CSV = "csv"
    DOCBIN = "docbin"


class Source(StrEnum):
    """The forms notes come in."""

    BRAT = "brat"
    LABEL_STUDIO = "label-studio"
    DOCCANO = "doccano"
    CSV = "csv"
    DOCBIN = "docbin"
    DESK = "desk"


def export_command(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="NOTES...", help="Gold or inline files, or notes as code reads them."
        ),
    ],
    tool: Annotated[Tool, typer.Option("--format", help="The tool.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="PATH", help="A file; for brat and csv a new folder."
        ),
    ],
    pre: Annotated[
        Path | None,
        typer.Option("--pre", metavar="RECORDS", help="Records whose findings are suggested."),
    ] = None,
    voice: Annotated[
        str, typer.Option(help="The voice that plain notes get, and the front of their ids.")
    ] = "notes",
    split: Annotated[
        Literal["train", "dev", "test"] | None,
        typer.Option("--split", help="Only the voices that splits.yaml puts there."),
    ] = None,
) -> None:
    """Write notes for an annotation tool, labelled, plain, or with suggestions to correct.

    Exit status 0: written; 1: written without some notes or suggestions, which are listed.

    \b
    Examples:
      facetcode annotate export notes/ --pre results/ --format label-studio --output tasks.json
      facetcode annotate export annotations/gold --split train --format brat --output brat/
    """
    from facetcode.annotate.sources import documents, suggestions
    from facetcode.cli import say

    found, problems = documents(paths, voice=voice, split=split)
    if not found:
        raise FacetcodeError(f"{', '.join(map(str, paths))}: no note to export")
    suggested: dict[str, Document] | None = None
    if pre is not None:
        labelled = any("status" in document.front for document in found)
        if labelled and tool is not Tool.LABEL_STUDIO:
            raise FacetcodeError(
                f"{tool.value} has one layer of marks and these notes are labelled already; export "
                "them without --pre, or to label-studio, which shows both"
            )
        suggested, unused = suggestions(pre, found)
        problems += unused
        if not labelled and tool is not Tool.LABEL_STUDIO:
            found = [suggested.get(document.note_id, document) for document in found]
    if output.exists() and any(path.exists() and output.samefile(path) for path in paths):
        raise FacetcodeError(f"{output}: is the input; name another place to write to")
    _export(tool, found, suggested, output)
    for problem in problems[:_LISTED]:
        say(problem)
    marks = sum(len(document.spans) for document in found)
    hints = f", {len(suggested):,} with suggestions" if suggested is not None else ""
    say(f"{len(found):,} notes with {marks:,} marks{hints}; they hold the notes' text")
    if problems:
        raise typer.Exit(1)


def _export(
    tool: Tool, found: list[Document], suggested: dict[str, Document] | None, output: Path
) -> None:
    from facetcode.annotate import brat, docbin, doccano, label_studio, span_table

    match tool:
        case Tool.BRAT:
            _folder(output, brat.write(found))
        case Tool.CSV:
            _folder(output, span_table.write(found))
        case Tool.DOCCANO:
            _file(output, doccano.write(found))
        case Tool.DOCBIN:
            _file(output, docbin.write(found))
        case Tool.LABEL_STUDIO:
            _file(output, label_studio.write(found, suggested))


def import_command(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILES...", help="What the tool exported.")
    ],
    tool: Annotated[
        Source,
        typer.Option("--format", help="The tool; desk: the review desk's annotations.jsonl."),
    ],
    gold: Annotated[
        Path,
        typer.Option("--gold", metavar="PATH", help="A gold .jsonl, or a folder of one a voice."),
    ],
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            metavar="GOLD",
            help="The notes as they were: same text is demanded, their facts stand in.",
        ),
    ] = None,
    check_only: Annotated[
        bool, typer.Option("--check", help="Say what would come in, and write nothing.")
    ] = False,
) -> None:
    """Read annotated notes back into gold, with checks; a note with a problem stays out.

    Exit status 0: all came in; 1: some did not, and are listed.

    \b
    Examples:
      facetcode annotate import project-1.json --format label-studio --gold annotations/gold
      facetcode annotate import annotations.jsonl --format desk --gold desk.jsonl
    """
    from facetcode.annotate.intake import merge, take_in
    from facetcode.cli import say
    from facetcode.evaluate.corpus import read_corpus

    for path in paths:
        if not path.exists():
            raise FacetcodeError(f"{path}: no such file or folder")
    before = {note.note_id: note for note in read_corpus(against)} if against else None
    result = take_in(_read(tool, paths), before)
    for line in [*result.problems, *(f"look at {notice}" for notice in result.notices)]:
        say(line)
    if result.notes and not check_only:
        for merged in merge(result.notes, gold):
            print(
                f"{merged.path}: {merged.added:,} new, {merged.changed:,} changed, "
                f"{merged.same:,} as before"
            )
    say(f"{len(result.notes):,} notes came in, {result.left_out:,} did not")
    if result.left_out:
        raise typer.Exit(1)
    if not result.notes:
        raise FacetcodeError(f"{', '.join(map(str, paths))}: no note in it")


def _read(tool: Source, paths: list[Path]) -> Iterable[Document]:
    from facetcode.annotate import brat, docbin, doccano, label_studio, span_table
    from facetcode.annotate.intake import read_desk

    readers: dict[Source, Callable[[Iterable[Path]], Iterable[Document]]] = {
        Source.BRAT: brat.read,
        Source.LABEL_STUDIO: label_studio.read,
        Source.DOCCANO: doccano.read,
        Source.CSV: span_table.read,
        Source.DOCBIN: docbin.read,
        Source.DESK: read_desk,
    }
    return readers[tool](paths)


def config_command(
    tool: Annotated[
        Literal["brat", "label-studio"], typer.Argument(help="The tool that wants configuring.")
    ],
) -> None:
    """Print a tool's labelling configuration: labels, attributes, facts of the note.

    \b
    Examples:
      facetcode annotate config label-studio > config.xml
      facetcode annotate config brat > annotation.conf
    """
    from facetcode.annotate import brat, label_studio_config

    sys.stdout.write(brat.config() if tool == "brat" else label_studio_config.config())


def annotate_app(guarded: Callable[[Callable[..., None]], Callable[..., None]]) -> typer.Typer:
    """The commands under ``annotate``."""
    app = typer.Typer(help="Notes to and from annotation tools.", no_args_is_help=True)
    app.command("export", short_help="Notes to a tool.")(guarded(export_command))
    app.command("import", short_help="A tool's work back into gold.")(guarded(import_command))
    app.command("config", short_help="A tool's configuration.")(guarded(config_command))
    return app


def _file(target: Path, pieces: Iterator[bytes]) -> None:
    from facetcode.output import replacing

    with replacing(target) as file:
        for piece in pieces:
            file.write(piece)


def _folder(target: Path, files: Iterator[tuple[str, bytes]]) -> None:
    """A new folder that appears with all its files; one with files in it may hold people's work."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FacetcodeError(f"{target}: is there already; name a new folder, work may be in it")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise FacetcodeError(f"{target}: cannot be written: {error.strerror}") from None
    try:
        for name, data in files:
            (made / name).write_bytes(data)
        if target.exists():
            target.rmdir()
        made.rename(target)
    finally:
        shutil.rmtree(made, ignore_errors=True)
