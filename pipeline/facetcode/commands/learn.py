"""``facetcode train`` and ``facetcode models``: what is learnt, and which models are in use."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from facetcode.errors import FacetcodeError

ModelsOption = Annotated[
    str | None,
    typer.Option(
        "--models",
        metavar="DIR",
        help="A folder of your own models, or 'shipped', or 'none'. Without it, your installed "
        "ones, else the shipped.",
        show_default=False,
    ),
]
AutoOption = Annotated[
    float | None,
    typer.Option(
        "--auto-at",
        metavar="SHARE",
        help="Mark records whose claims may go without review, so that this share of them is "
        "right (0.99). Marks none where the certified notes do not allow it.",
        show_default=False,
    ),
]


def train_command(
    annotations: Annotated[
        Path,
        typer.Option(
            "--annotations",
            metavar="PATH",
            help="Your labelled notes: gold files, or annotations.jsonl of the desk.",
        ),
    ],
    into: Annotated[
        Path | None,
        typer.Option(
            "--into",
            metavar="DIR",
            help="Where to install what is better; your user data folder without it.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Train on your own labelled notes; install only what is better on notes held out.

    The shipped models stay as they are. What the held-out notes allow --auto-at to promise is
    printed at the end.

    \b
    Examples:
      facetcode train --annotations annotations.jsonl
      facetcode train --annotations our-gold/ --into models-2026-11
    """
    from rich.console import Console
    from rich.table import Table

    from facetcode.cli import say
    from facetcode.learn.in_use import own_folder
    from facetcode.learn.practice import train

    if not annotations.exists():
        raise FacetcodeError(f"{annotations}: no such file or folder; name your labelled notes")
    target = into or own_folder()
    say("training and measuring on held-out notes; some hundred notes take a minute")
    found = train(annotations, target)
    table = Table(title="On the held-out notes")
    for name in ("task", "measure", "in use", "trained", "gain", "installed"):
        table.add_column(name)
    for one in found:
        gain = one.gain
        table.add_row(
            one.task,
            one.measure,
            _figure(one.in_use),
            _figure(one.trained),
            f"{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})" if gain else "-",
            "yes" if one.installed else "no",
        )
    wide = None if sys.stdout.isatty() else 110
    Console(markup=False, emoji=False, highlight=False, width=wide).print(table)
    for one in found:
        print(f"{one.task}: {one.says}")
    done = ", ".join(one.task for one in found if one.installed)
    say(f"{target}: {f'installed {done}' if done else 'no model is installed'}")


def models_command(models: ModelsOption = None) -> None:
    """List the models in use: where each lies, what it was trained on, whether it still loads.

    Exit status 2 when one of them is refused.

    \b
    Examples:
      facetcode models
      facetcode models --models shipped
    """
    from rich.console import Console
    from rich.table import Table

    from facetcode.errors import ModelError
    from facetcode.learn import store
    from facetcode.learn.in_use import TASKS, found, shipped_folder

    stored = {one.task: one for one in found(models)}
    table = Table()
    for name in ("task", "in use", "trained on", "bytes", "hash", "from"):
        table.add_column(name, overflow="fold")
    refused = []
    for task in TASKS:
        one = stored.get(task)
        if one is None or not one.has_model:
            table.add_row(task, "no: rules alone" if task != "confidence" else "no", *["-"] * 4)
            continue
        try:
            store.load(one)
            state = "yes"
        except ModelError as error:
            state = "refused"
            refused.append(str(error))
        data, model = one.metrics.get("data") or {}, one.metrics["model"]
        own = one.folder.parent.resolve() != shipped_folder().resolve()
        table.add_row(
            task,
            state,
            f"{data.get('notes', '?')} notes",
            f"{model['bytes']:,}",
            str(model["sha256"])[:12],
            str(one.folder) if own else "facetcode",
        )
    wide = None if sys.stdout.isatty() else 110
    Console(markup=False, emoji=False, highlight=False, width=wide).print(table)
    if refused:
        raise FacetcodeError("; ".join(refused))


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
