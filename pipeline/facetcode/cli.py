"""The command line: thin over ``coder``, ``output`` and ``show``.

Only light modules are imported here: ``facetcode --help`` must not wait for spaCy, rich or NumPy.
Records go to standard output; everything said about them goes to standard error.
"""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, ParamSpec

import typer

from facetcode import __version__
from facetcode.commands import batch as batch_commands
from facetcode.commands import denials as denial_commands
from facetcode.commands import learn as learn_commands
from facetcode.commands import measure as measure_commands
from facetcode.commands import physician as physician_commands
from facetcode.commands import policy as policy_commands
from facetcode.commands.annotate import annotate_app
from facetcode.commands.audit import audit_app
from facetcode.commands.desk import desk_app
from facetcode.commands.evaluate import check_command, compile_command, evaluate_command
from facetcode.commands.learn import AutoOption, ModelsOption
from facetcode.errors import FacetcodeError
from facetcode.output import Format, format_for
from facetcode.terminal import one_line

P = ParamSpec("P")

SOME_FAILED = 1
WRONG_USE = 2

app = typer.Typer(
    help="Suggest CPT 64490-64492 from facet-block procedure notes, with the words they rest on.",
    no_args_is_help=True,
    # Plain help: rich's costs a third of the time that --help may take.
    rich_markup_mode=None,
    # Typer's tracebacks show local variables, and those hold note text.
    pretty_exceptions_enable=False,
)

PolicyOption = Annotated[
    str | None,
    typer.Option(
        "--policy",
        metavar="NAME",
        help="A policy by name (default, medicare) or file. Without it, or with auto, each note's "
        "payer, claim type and date choose.",
        show_default=False,
    ),
]
PayersOption = Annotated[
    Path | None,
    typer.Option(
        "--payers", metavar="FILE", help="Your mapping from payers to policies (docs/policies.md)."
    ),
]
TextColumn = Annotated[
    str | None, typer.Option("--text-column", metavar="NAME", help="CSV column of the note's text.")
]
IdColumn = Annotated[
    str | None, typer.Option("--id-column", metavar="NAME", help="CSV column of the note's id.")
]


def say(message: str) -> None:
    """A message to standard error, which no part of it can drive."""
    print(f"facetcode: {one_line(message, longest=2000)}", file=sys.stderr)


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Turn whatever ends a command early into a message and an exit status, never a traceback."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                # An id that the terminal's encoding lacks is no reason to lose its record.
                stream.reconfigure(errors="backslashreplace")
        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except typer.Exit:
            raise
        except FacetcodeError as error:
            say(str(error))
            raise typer.Exit(WRONG_USE) from None
        except BrokenPipeError:
            # Whoever read has had enough (`| head`): end as other programs do, without a word.
            # Python flushes standard output once more at exit, and that must find something open.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(141) from None
        except KeyboardInterrupt:
            say("interrupted")
            raise typer.Exit(130) from None
        except Exception as error:
            # The exception's own words may quote the note: its kind and place must do.
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            say(f"internal error {type(error).__name__} at {where}; please report it")
            raise typer.Exit(SOME_FAILED) from None

    return run


def _version(asked: bool) -> None:
    if asked:
        print(f"facetcode {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Suggest CPT 64490-64492 from facet-block procedure notes, with the words they rest on."""


@app.command("code")
@guarded
def code_command(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH...", help="Notes: .txt, .jsonl, .csv, .tsv, or folders of them."
        ),
    ] = None,
    policy: PolicyOption = None,
    payers: PayersOption = None,
    history: Annotated[
        bool,
        typer.Option(
            "--history", help="Judge each note on its patient's other notes (patient_id, dates)."
        ),
    ] = False,
    patient_folders: Annotated[
        bool,
        typer.Option(
            "--patient-folders", help="With --history: a folder holds the notes of one patient."
        ),
    ] = False,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="Default: a table on a terminal, else JSON Lines, or by the suffix of --output.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Write to a file, whole or not at all."),
    ] = None,
    facts: Annotated[
        Path | None,
        typer.Option(
            "--facts", metavar="FILE", help="Code records whose facts are filled in already."
        ),
    ] = None,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    auto_at: AutoOption = None,
    models: ModelsOption = None,
) -> None:
    """Code notes: one record a note.

    Exit status 0: every note has a record; 1: some notes could not be read and are listed;
    2: wrong usage or input not found.

    \b
    Examples:
      facetcode code notes/ --policy medicare
      facetcode code export.csv --text-column NOTE_TEXT --output codes.parquet
      facetcode code --facts form.jsonl > records.jsonl
      facetcode code export.csv --history --payers our-payers.yaml
      facetcode code export.csv --auto-at 0.99
    """
    paths = paths or []
    if bool(paths) == (facts is not None):
        raise FacetcodeError("name the notes to code, or records with --facts FILE (not both)")
    if patient_folders and not (history and paths):
        raise FacetcodeError("--patient-folders goes with --history and the folders' notes")
    if auto_at is not None and facts is not None:
        raise FacetcodeError("--auto-at needs the notes: how sure a record is rests on their words")
    inputs = [*paths, *([facts] if facts else [])]
    if output and any(same_file(output, path) for path in inputs):
        raise FacetcodeError(f"{output}: is the input; name another file to write to")
    from facetcode.coder import Coder, load_rules
    from facetcode.notes.formats import count_hint
    from facetcode.run import NothingRead, Tally, code_facts, code_notes, say_unmatched, write

    coder = Coder(load_rules(policy, payers), models=models, auto_at=auto_at)
    for family, guarantee in coder.promised.items() if auto_at is not None else ():
        say(f"policies like {family}: {guarantee.says}")
    form = form or format_for(output, terminal=sys.stdout.isatty())
    tally = Tally(say)
    if history:
        from facetcode.history import code_history

        total = None
        records = code_history(
            paths,
            facts,
            coder,
            tally,
            patient_folders=patient_folders,
            text_column=text_column,
            id_column=id_column,
        )
    elif facts is not None:
        total, records = None, code_facts(facts, coder, tally)
    else:
        total = count_hint(paths)
        records = code_notes(paths, coder, tally, text_column=text_column, id_column=id_column)
    # On one terminal a bar and a stream of records would overwrite each other.
    streams = output is None and form is not Format.TABLE and sys.stdout.isatty()
    try:
        write(records, tally, form, output, total=total, progress=not streams)
    except NothingRead as error:
        if tally.failed:
            say(f"{tally.summary()}{error}")
            raise typer.Exit(SOME_FAILED) from None
        raise FacetcodeError(f"{', '.join(map(str, inputs))}: no notes found{error}") from None
    say_unmatched(coder, say)
    say(tally.summary())
    if tally.failed:
        raise typer.Exit(SOME_FAILED)


@app.command("show", short_help="Show one note, its evidence in colour.")
@guarded
def show_command(
    path: Annotated[Path, typer.Argument(metavar="NOTE", help="A note, or an export with --id.")],
    note_id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Which note of an export.")
    ] = None,
    policy: PolicyOption = None,
    payers: PayersOption = None,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    models: ModelsOption = None,
) -> None:
    """Show one note: its evidence in colour, the lines with their reasons, the flags.

    \b
    Examples:
      facetcode show note.txt
      facetcode show export.csv --id 1042 --policy medicare
    """
    from facetcode.coder import Coder, load_rules
    from facetcode.run import find_note
    from facetcode.show import console_on, print_note

    coder = Coder(load_rules(policy, payers), models=models)
    note = find_note(path, note_id, text_column=text_column, id_column=id_column)
    print_note(note.text, coder(note), console_on(sys.stdout, piped=100))


app.command("batch", short_help="Code a whole export, with a worklist and a report.")(
    guarded(batch_commands.batch_command)
)
app.command("evaluate", short_help="Measure accuracy on labelled notes.")(guarded(evaluate_command))
app.command("agree", short_help="Agreement between annotators, or with the program.")(
    guarded(measure_commands.agree_command)
)
app.command("compare", short_help="Two runs: what changed, better or worse.")(
    guarded(measure_commands.compare_command)
)
labels = typer.Typer(help="Labelled notes: compile and check them.", no_args_is_help=True)
labels.command("compile", short_help="Inline files to gold files.")(guarded(compile_command))
labels.command("check", short_help="Form, offsets, consistency, copies and leaks.")(
    guarded(check_command)
)
app.add_typer(labels, name="annotations")
app.command("queries", short_help="Draft the questions to the physicians.")(
    guarded(physician_commands.queries_command)
)
app.command("template", short_help="A note template that asks what a policy needs.")(
    guarded(physician_commands.template_command)
)
app.command("train", short_help="Learn from your own labelled notes.")(
    guarded(learn_commands.train_command)
)
app.command("models", short_help="The trained models in use.")(
    guarded(learn_commands.models_command)
)
rules = typer.Typer(help="Policies: list, show, check and compare.", no_args_is_help=True)
rules.command("list", short_help="The policies there are.")(guarded(policy_commands.list_command))
rules.command("show", short_help="One policy's rules on a day.")(
    guarded(policy_commands.show_command)
)
rules.command("check", short_help="Check a file of yours.")(guarded(policy_commands.check_command))
rules.command("diff", short_help="Two policies, or a batch under both.")(
    guarded(policy_commands.diff_command)
)
app.add_typer(rules, name="policy")
app.command("denials", short_help="What payers denied, and whether it was foreseen.")(
    guarded(denial_commands.denials_command)
)
app.add_typer(annotate_app(guarded), name="annotate")
app.add_typer(audit_app(guarded), name="audit")
app.add_typer(desk_app(guarded), name="desk")


def same_file(target: Path, source: Path) -> bool:
    """Whether writing ``target`` would overwrite ``source``, under whatever name."""
    return target.exists() and source.exists() and os.path.samefile(target, source)
