"""The unfinished run of an output folder: what is done already, so that a killed run can go on.

``records.jsonl`` and ``rejects.jsonl`` grow in the work folder; every second their lengths and the
number of items behind them go to the journal, after the bytes themselves are on the disk. Going on
means to cut both files to the last such entry and to read the input on from there.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

WORK = ".facetcode"
"""Name of the work folder in the output folder; it is gone when the run is whole."""
_EVERY = 1.0
"""Seconds between entries: what a kill costs at most, and what an entry's two syncs may cost."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a run has come."""

    items: int = 0
    records: int = 0
    """Length of the records in bytes; ``rejects`` likewise."""
    rejects: int = 0
    unmatched: int = 0
    whole: bool = False
    """Every item of the input is dealt with."""


class Journal:
    """Appends results in the order of the input and remembers how far it came."""

    def __init__(self, folder: Path, fingerprint: Mapping[str, Any]) -> None:
        """Take up the unfinished run of ``folder``, or begin one; not for one that is whole."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.at = reached(folder)
        if not self.at.items:
            _write_whole(folder / "run.json", json.dumps(fingerprint, sort_keys=True))
        self._entries = (folder / "journal.jsonl").open("ab")
        self._records = _cut(self.records_path, self.at.records)
        self._rejects = _cut(self.rejects_path, self.at.rejects)
        self._next = time.monotonic() + _EVERY

    @property
    def records_path(self) -> Path:
        return self.folder / "records.jsonl"

    @property
    def rejects_path(self) -> Path:
        return self.folder / "rejects.jsonl"

    def add(
        self, items: int, records: Sequence[str], rejects: Sequence[str], unmatched: int = 0
    ) -> None:
        """Take the results of the next ``items`` items; lines without their line break."""
        made = _append(self._records, records)
        lost = _append(self._rejects, rejects)
        self.at = Position(
            self.at.items + items,
            self.at.records + made,
            self.at.rejects + lost,
            self.at.unmatched + unmatched,
        )
        if time.monotonic() >= self._next:
            self.save()

    def save(self, *, whole: bool = False) -> None:
        """Put everything so far on the disk, the results before the entry that tells of them."""
        if whole:
            self.at = Position(**{**asdict(self.at), "whole": True})
        for file in (self._records, self._rejects):
            file.flush()
            os.fsync(file.fileno())
        self._entries.write(json.dumps(asdict(self.at)).encode() + b"\n")
        self._entries.flush()
        os.fsync(self._entries.fileno())
        self._next = time.monotonic() + _EVERY

    def close(self) -> None:
        for file in (self._records, self._rejects, self._entries):
            file.close()


def stored(folder: Path) -> Mapping[str, Any] | None:
    """What the unfinished run in a work folder was of; None where there is none to take up."""
    try:
        data: Any = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def discard(folder: Path) -> None:
    """Remove a work folder."""
    shutil.rmtree(folder, ignore_errors=True)


def reached(folder: Path) -> Position:
    """The last entry that was written whole and whose bytes are there."""
    sizes = {
        name: path.stat().st_size if (path := folder / f"{name}.jsonl").exists() else 0
        for name in ("records", "rejects")
    }
    best = Position()
    try:
        lines = (folder / "journal.jsonl").read_bytes().splitlines()
    except OSError:
        return best
    for line in lines:
        try:
            entry = Position(**json.loads(line))
        except (ValueError, TypeError):
            continue
        # A whole run may have moved its files to their place already.
        if entry.whole or (entry.records <= sizes["records"] and entry.rejects <= sizes["rejects"]):
            best = entry
    return best


def _cut(path: Path, size: int) -> BinaryIO:
    """The file, open to append, without what came after its last entry in the journal."""
    file = path.open("ab")
    if path.stat().st_size > size:
        file.truncate(size)
    return file


def _append(file: BinaryIO, lines: Sequence[str]) -> int:
    data = "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")
    file.write(data)
    return len(data)


def _write_whole(path: Path, text: str) -> None:
    place = path.with_suffix(".tmp")
    place.write_text(text, encoding="utf-8")
    os.replace(place, path)
