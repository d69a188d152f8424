"""One run over an export: read, code in worker processes, journal, and finish whole."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from facetcode.batch import fingerprint, finish, journal
from facetcode.batch.journal import WORK, Journal
from facetcode.batch.pool import Chunk, Item, Pool, chunks, outcomes
from facetcode.batch.worker import Failure, Settings
from facetcode.errors import FacetcodeError
from facetcode.learn.in_use import models_in_use
from facetcode.notes.formats import files, read
from facetcode.notes.note import Note, Reject

OnProgress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is asked to do."""

    paths: list[Path]
    out: Path
    policy: str | None = None
    payers: Path | None = None
    workers: int = 1
    timeout: float = 60.0
    memory_mb: int = 1024
    reading: Mapping[str, Any] = field(default_factory=dict)
    """Options of the readers: the columns of tables."""
    billing: str | None = None
    restart: bool = False
    retry: bool = False
    """Code again what a whole run could not, and keep its records."""
    models: str | None = None
    """A folder of own models, ``shipped`` or ``none``; None for those in use."""
    auto_at: float | None = None


def run_batch(plan: Plan, *, on_progress: OnProgress = lambda done: None) -> finish.Summary | None:
    """Code an export into ``plan.out``; None when a whole run of the same input lies there.

    Raises FacetcodeError for input that is not there, an output folder that cannot be written or
    is in use or holds another run, and a full disk; what was done until then is gone on from.
    """
    inputs = files(plan.paths)
    try:
        plan.out.mkdir(parents=True, exist_ok=True)
        with _alone(plan.out):
            return _run(plan, inputs, on_progress)
    except OSError as error:
        raise FacetcodeError(_said(plan.out, error)) from error


def _run(plan: Plan, inputs: list[Path], on_progress: OnProgress) -> finish.Summary | None:
    work = plan.out / WORK
    options = {**plan.reading, "billing": plan.billing, "auto_at": plan.auto_at}
    options = {key: value for key, value in options.items() if value}
    models = models_in_use(plan.models).check()
    promised = {family: g.says for family, g in models.promised(plan.auto_at).items()}
    print_ = fingerprint.of_run(
        inputs, policy=plan.policy, payers=plan.payers, options=options, models=models.used()
    )
    if plan.restart:
        journal.discard(work)
    elif finish.stored(plan.out, print_):
        if not plan.retry:
            journal.discard(work)
            return None
    elif plan.retry:
        raise FacetcodeError(f"{plan.out}: holds no whole run of this input; --retry needs one")
    else:
        _refuse_other(plan, work, print_)
    at = journal.reached(work)
    if not at.whole:
        at = _code(plan, Journal(work, print_), on_progress)
    summary = finish.finish(work, plan.out, print_, at, form=plan.billing, promised=promised)
    journal.discard(work)
    return summary


def _refuse_other(plan: Plan, work: Path, print_: Mapping[str, Any]) -> None:
    """Not to mix two runs in one folder, nor to write over one that nobody said is old."""
    if plan.restart:
        return
    begun = journal.stored(work)
    if begun is not None and begun != json.loads(json.dumps(print_)):
        changed = ", ".join(sorted(k for k in {*begun, *print_} if begun.get(k) != print_.get(k)))
        raise FacetcodeError(
            f"{plan.out}: holds an unfinished run that differs in {changed}; name another --out, "
            "or drop that run with --restart"
        )
    if begun is None and (plan.out / finish.MANIFEST).exists():
        raise FacetcodeError(
            f"{plan.out}: holds the records of another run; name another --out, or replace them "
            "with --restart"
        )


def _code(plan: Plan, log: Journal, on_progress: OnProgress) -> journal.Position:
    """Everything from where the journal stands to the end of the input."""
    settings = Settings(
        plan.policy,
        str(plan.payers) if plan.payers is not None else None,
        plan.memory_mb,
        plan.models,
        plan.auto_at,
    )
    try:
        items = read(plan.paths, **plan.reading)
        # Read again and passed over: what a reader knows of earlier rows must be known again.
        kept = _Kept(plan.out / finish.RECORDS if plan.retry else None)
        skipped = 0
        for item in islice(items, log.at.items):
            kept.line(item)
            skipped += 1
        if skipped < log.at.items:
            raise FacetcodeError(f"{plan.out}: the input is shorter than it was; use --restart")
        done = log.at.items
        on_progress(done)
        first = next(items, None)
        if first is not None:
            with Pool(plan.workers, settings, timeout=plan.timeout) as pool:
                for chunk in pool.map(map(kept.fill, chunks(_with(first, items)))):
                    records, rejects = _lines(chunk)
                    log.add(len(chunk.items), records, rejects, chunk.unmatched)
                    done += len(chunk.items)
                    on_progress(done)
        log.save(whole=True)
        return log.at
    except (KeyboardInterrupt, FacetcodeError):
        log.save()
        raise
    finally:
        log.close()


class _Kept:
    """Records of a whole run, taken again in the order of the same input."""

    def __init__(self, path: Path | None) -> None:
        self._lines = path.open(encoding="utf-8") if path is not None else iter(())
        self._next = next(self._lines, None)

    def line(self, item: Item) -> str | None:
        """The record of an item, when it is the next that there is."""
        if self._next is None or json.loads(self._next)["note_id"] != item.note_id:
            return None
        line, self._next = self._next.rstrip("\n"), next(self._lines, None)
        return line

    def fill(self, chunk: Chunk) -> Chunk:
        """The chunk with what is known of its items."""
        for index, item in enumerate(chunk.items):
            if isinstance(item, Note) and (line := self.line(item)) is not None:
                chunk.outcomes[index] = line
        return chunk


def _with(first: Item, rest: Iterator[Item]) -> Iterator[Item]:
    yield first
    yield from rest


def _lines(chunk: Chunk) -> tuple[list[str], list[str]]:
    """Records and rejects of a chunk, as lines, each kind in the order of the input."""
    records: list[str] = []
    rejects: list[str] = []
    for item, outcome in outcomes(chunk):
        if isinstance(item, Reject):
            rejects.append(_reject(item.source, item.note_id, item.reason, item.remedy))
        elif isinstance(outcome, Failure):
            rejects.append(_reject(item.source, item.note_id, outcome.reason, outcome.remedy))
        else:
            assert isinstance(item, Note) and outcome is not None
            records.append(outcome)
    return records, rejects


def _reject(source: str, note_id: str, reason: str, remedy: str) -> str:
    return json.dumps({"source": source, "note_id": note_id, "reason": reason, "remedy": remedy})


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """The output folder for this run alone; the lock goes with the process, however it ends."""
    try:
        from filelock import FileLock, Timeout
    except ModuleNotFoundError as error:
        raise FacetcodeError(
            "a batch needs filelock, which is not installed: pip install 'facetcode[batch]'"
        ) from error
    lock = FileLock(out / f"{WORK}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise FacetcodeError(
            f"{out}: another run is writing here; wait for it, or name another --out"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _said(out: Path, error: OSError) -> str:
    if error.errno in {errno.ENOSPC, getattr(errno, "EDQUOT", None)}:
        return f"{out}: the disk is full; free some space and run the same command to go on"
    place = error.filename if isinstance(error.filename, str | os.PathLike) else out
    return f"{place}: {error.strerror or type(error).__name__}; check it and run the command again"
