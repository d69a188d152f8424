"""What a worker process does: build the coder once, then turn chunks of notes into lines."""

from __future__ import annotations

import gc
import json
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from facetcode.coder import Coder, load_rules
from facetcode.errors import FacetcodeError
from facetcode.notes.note import Note
from facetcode.record import to_json


@dataclass(frozen=True, slots=True)
class Settings:
    """What every worker needs to know; plain values, since they travel to another process."""

    policy: str | None = None
    payers: str | None = None
    memory_mb: int = 1024
    """Memory one note may take beyond the built pipeline."""
    models: str | None = None
    auto_at: float | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A note that could be read and not coded; never its text."""

    reason: str
    remedy: str


Outcome = str | Failure
"""The record as one line of JSON, or why there is none."""


def build(settings: Settings) -> Coder:
    """The coder of a run, built now and not at the first note; raises PolicyError, ModelError."""
    rules = load_rules(settings.policy, Path(settings.payers) if settings.payers else None)
    return Coder(rules, models=settings.models, auto_at=settings.auto_at).ready()


def outcome(coder: Coder, note: Note) -> Outcome:
    """One note coded; whatever goes wrong with it stays with it."""
    try:
        return json.dumps(to_json(coder(note)))
    except FacetcodeError as error:
        return Failure(str(error).removeprefix(f"{note.note_id}: "), "mend the note's metadata")
    except MemoryError:
        gc.collect()
        return Failure("it needs more memory than one note may take", "raise --memory, or split it")
    except RecursionError:
        return Failure("it nests too deeply to be read", "split the note")
    except Exception as error:
        # The exception's own words may quote the note: its kind must do.
        return Failure(f"internal error {type(error).__name__}", "please report it")


def serve(pipe: Connection, progress: Any, settings: Settings) -> None:
    """Answer chunks until told to stop: one list of outcomes and the unmatched payers each.

    ``progress`` is shared memory: the index of the note in work and since when, by which the
    parent knows whom a death or a delay is owed to.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        coder = build(settings)
    except Exception as error:
        known = isinstance(error, FacetcodeError)
        pipe.send(str(error) if known else f"internal error {type(error).__name__}")
        return
    _limit_memory(settings.memory_mb)
    pipe.send(None)
    while True:
        try:
            notes: Sequence[Note] | None = pipe.recv()
        except EOFError:
            return
        if notes is None:
            return
        before = coder.unmatched
        done: list[Outcome] = []
        for index, note in enumerate(notes):
            progress[1] = time.monotonic()
            progress[0] = index
            done.append(outcome(coder, note))
        progress[0] = -1
        pipe.send((done, coder.unmatched - before))


def _limit_memory(megabytes: int) -> None:
    """Let allocations beyond the budget fail in this process, where the system knows limits."""
    try:
        import resource

        with Path("/proc/self/statm").open() as file:
            size = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (size + megabytes * 2**20,) * 2)
    except (ImportError, OSError, ValueError):
        return
