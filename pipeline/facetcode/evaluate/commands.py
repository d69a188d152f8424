"""``facetcode evaluate`` and ``facetcode annotations``: measuring against labelled notes.

Scoring is imported when a command runs: ``facetcode --help`` must not wait for NumPy and SciPy.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from facetcode.commands.learn import ModelsOption
from facetcode.errors import AnnotationError, FacetcodeError

if TYPE_CHECKING:
    from facetcode.evaluate.gold import GoldNote
    from facetcode.evaluate.score import NoteScore

GoldArgument = Annotated[
    Path, typer.Argument(metavar="GOLD", help="A gold .jsonl, or a folder of gold or inline files.")
]


def evaluate_command(
    gold: GoldArgument,
    split: Annotated[
        Literal["train", "dev", "test"] | None,
        typer.Option("--split", help="Only the voices that splits.yaml puts there."),
    ] = None,
    by: Annotated[
        Literal["voice"] | None, typer.Option("--by", help="One row a voice, beside the others.")
    ] = None,
    errors: Annotated[bool, typer.Option("--errors", help="List every difference.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Also write the figures as JSON."),
    ] = None,
    models: ModelsOption = None,
) -> None:
    """Measure facts, claims and flags against labelled notes, each figure with its interval.

    \b
    Examples:
      facetcode evaluate annotations/gold --split dev --by voice --errors
      facetcode evaluate my-labelled-notes.jsonl
    """
    import json

    from rich.console import Console

    try:
        from facetcode.evaluate import tables
        from facetcode.evaluate.corpus import read_corpus
        from facetcode.evaluate.summary import summarise, to_json
    except ModuleNotFoundError as error:
        raise FacetcodeError(
            f"{error.name} is not installed and measuring needs it: "
            "pip install 'facetcode[evaluate]'"
        ) from None
    notes = read_corpus(gold, split)
    scores = list(score_all(notes, models=models))
    summary = summarise(scores)
    wide = None if sys.stdout.isatty() else 110
    console = Console(markup=False, emoji=False, highlight=False, width=wide)
    tables.show(console, summary, split or gold.name)
    if by:
        tables.show_voices(console, scores)
    if errors:
        tables.show_errors(console, scores)
    if output is not None:
        output.write_text(json.dumps(to_json(summary), indent=1) + "\n", encoding="utf-8")


def score_all(
    notes: list[GoldNote],
    told: Callable[[int], object] = lambda done: None,
    *,
    models: str | None = None,
) -> Iterator[NoteScore]:
    """Read, code and score each labelled note, with the models that ``models`` names.

    Labels follow the rules in force when they were written, whatever date the invented note bears:
    the claims are made under the newest rules of each policy.
    """
    from facetcode.coding import code, load_policy
    from facetcode.evaluate.gold import POLICIES
    from facetcode.evaluate.score import score_note
    from facetcode.extract.build import Extractor
    from facetcode.learn.in_use import models_in_use

    extractor = Extractor(votes=models_in_use(models).votes)
    in_force = {policy: load_policy(policy).on(None) for policy in POLICIES}
    for done, note in enumerate(notes, 1):
        facts = extractor.facts(note.text, note.meta)
        records = {
            policy: code(facts, rules, note_id=note.note_id, meta=note.meta)
            for policy, rules in in_force.items()
        }
        yield score_note(note, records)
        told(done)


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
