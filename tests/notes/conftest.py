"""What the tests of the readers share: a batch in a folder, and what is said and read of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from facetcode.notes.formats import read
from facetcode.run import Tally


@dataclass(frozen=True, slots=True)
class Outcome:
    """A batch that was read: ids and texts of its notes, and the messages as a person sees them."""

    notes: list[tuple[str, str]]
    meta: list[dict[str, str]]
    said: list[str]

    @property
    def ids(self) -> list[str]:
        return [note_id for note_id, _ in self.notes]


def read_all(*paths: Path, **columns: Any) -> Outcome:
    said: list[str] = []
    notes = list(Tally(said.append).readable(read(list(paths), **columns)))
    return Outcome([(n.note_id, n.text) for n in notes], [n.meta for n in notes], said)


@pytest.fixture(scope="session")
def reading() -> Callable[..., Outcome]:
    """A function that reads files as the command does, with its messages."""
    return read_all


@pytest.fixture(scope="session")
def put() -> Callable[[Path, str | bytes], Path]:
    """A function that writes a file, and the folders above it, byte for byte."""

    def write(path: Path, content: str | bytes) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return path

    return write
