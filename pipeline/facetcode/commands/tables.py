"""Rows for eyes and for scripts: a table on a terminal, tab-separated text in a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TextIO

from facetcode.terminal import one_line

_LONGEST = 2000


def print_rows(header: Sequence[str], rows: Iterable[Sequence[str]], stream: TextIO) -> None:
    """Print rows under a header; every cell is one line and cannot drive a terminal."""
    clean = [[one_line(cell, longest=_LONGEST) for cell in row] for row in rows]
    if not stream.isatty():
        for row in (header, *clean):
            stream.write("\t".join(row) + "\n")
        return
    from rich.table import Table
    from rich.text import Text

    from facetcode.show import console_on

    grid = Table(header_style="bold")
    for name in header:
        grid.add_column(name, overflow="fold")
    for row in clean:
        grid.add_row(*(Text(cell) for cell in row))
    console_on(stream, piped=140).print(grid)


def print_line(text: str, stream: TextIO) -> None:
    """Print one line that cannot drive a terminal."""
    stream.write(one_line(text, longest=_LONGEST) + "\n")
