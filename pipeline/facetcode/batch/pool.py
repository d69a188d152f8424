"""A pool of worker processes that keeps order, and loses one note at a time at worst."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from facetcode.batch import worker
from facetcode.batch.worker import Failure, Outcome, Settings
from facetcode.errors import FacetcodeError
from facetcode.notes.note import Note, Reject

CHUNK_NOTES = 64
CHUNK_CHARS = 400_000
"""A chunk ends with the note that reaches either: small enough to redo, large enough to send."""
_AHEAD = 4
"""Chunks in work or waiting a worker: what bounds memory when one note holds up the order."""
_STARTS = 3
"""A worker that cannot be started this often in a row ends the run."""
_TICK = 0.2
"""Seconds between two looks at how long the notes in work have taken."""

Item = Note | Reject


@dataclass(slots=True)
class Chunk:
    """Consecutive items of the input, and what became of each."""

    number: int
    items: list[Item]
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    """By index in ``items``; rejects have none."""
    unmatched: int = 0
    losses: int = 0
    """Deaths of workers that no note of the chunk was caught at."""

    def open(self) -> list[int]:
        """Indices of the notes without an outcome yet."""
        return [
            i for i, item in enumerate(self.items)
            if isinstance(item, Note) and i not in self.outcomes
        ]  # fmt: skip


def chunks(items: Iterable[Item], *, first: int = 0) -> Iterator[Chunk]:
    """The input cut into chunks, the same way at every run."""
    held: list[Item] = []
    size, number = 0, first
    for item in items:
        held.append(item)
        size += len(item.text) if isinstance(item, Note) else 0
        if len(held) >= CHUNK_NOTES or size >= CHUNK_CHARS:
            yield Chunk(number, held)
            held, size, number = [], 0, number + 1
    if held:
        yield Chunk(number, held)


@dataclass(slots=True)
class _Worker:
    process: Any
    pipe: Connection
    progress: Any
    ready: bool = False
    chunk: Chunk | None = None
    sent: list[int] = field(default_factory=list)


class Pool:
    """Codes chunks in ``count`` processes; a context manager, so that none outlives the run."""

    def __init__(self, count: int, settings: Settings, *, timeout: float = 60.0) -> None:
        self._settings = settings
        self._timeout = timeout
        # A server that has the heavy modules loaded makes each new worker cheap; plain fork is
        # unsafe beside threads, and Windows has neither.
        method = "forkserver" if sys.platform != "win32" else "spawn"
        self._context: Any = multiprocessing.get_context(method)
        if method == "forkserver":
            self._context.set_forkserver_preload(["facetcode.batch.preload"])
        self._workers: list[_Worker] = []
        self._failed_starts = 0
        self._count = count

    def __enter__(self) -> Pool:
        self._workers = [self._start() for _ in range(self._count)]
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._workers:
            one.process.kill()
        for one in self._workers:
            one.process.join()
            one.pipe.close()

    def map(self, source: Iterator[Chunk]) -> Iterator[Chunk]:
        """Every chunk with its outcomes, in the order of the input.

        Raises FacetcodeError when no worker can be started.
        """
        todo: deque[Chunk] = deque()
        waiting: dict[int, Chunk] = {}
        expected: deque[int] = deque()
        exhausted = False
        while True:
            while not exhausted and len(expected) < _AHEAD * self._count:
                chunk = next(source, None)
                if chunk is None:
                    exhausted = True
                    break
                expected.append(chunk.number)
                if chunk.open():
                    todo.append(chunk)
                else:
                    waiting[chunk.number] = chunk
                if len(todo) >= self._count and any(w.ready and not w.chunk for w in self._workers):
                    break  # somebody is idle: hand out work before reading on
            while expected and expected[0] in waiting:
                yield waiting.pop(expected.popleft())
            if exhausted and not expected:
                return
            for one in self._workers:
                if one.ready and one.chunk is None and todo:
                    self._give(one, todo.popleft())
            for chunk in self._collect():
                if chunk.open():
                    todo.appendleft(chunk)
                else:
                    waiting[chunk.number] = chunk

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        # Index of the note in work, and since when; -1 between chunks.
        progress = self._context.RawArray("d", [-1.0, 0.0])
        process = self._context.Process(
            target=worker.serve, args=(theirs, progress, self._settings), daemon=True
        )
        process.start()
        theirs.close()
        return _Worker(process, ours, progress)

    def _give(self, one: _Worker, chunk: Chunk) -> None:
        one.chunk, one.sent = chunk, chunk.open()
        one.progress[0] = -1.0
        try:
            one.pipe.send([chunk.items[i] for i in one.sent])
        except OSError:
            pass  # it is dead: its pipe says so at the next look

    def _collect(self) -> Iterator[Chunk]:
        """Chunks that came back, whole or with a note the fewer to do."""
        busy = [w for w in self._workers if w.chunk is not None or not w.ready]
        heard = set(wait([w.pipe for w in busy], timeout=_TICK)) if busy else set()
        for one in busy:
            if one.pipe in heard:
                chunk = self._hear(one)
            elif self._late(one):
                seconds = f"{self._timeout:g} s"
                chunk = self._lost(
                    one, Failure(f"it took longer than {seconds}", "raise --timeout, or split it")
                )
            else:
                continue
            if chunk is not None:
                yield chunk

    def _hear(self, one: _Worker) -> Chunk | None:
        try:
            message = one.pipe.recv()
        except (EOFError, OSError):
            if not one.ready:
                self._failed_starts += 1
                if self._failed_starts >= _STARTS:
                    raise FacetcodeError(
                        "the worker processes die while they start; is there memory enough for "
                        f"{self._count}? name fewer with --workers"
                    ) from None
                self._replace(one)
                return None
            return self._lost(
                one, Failure("the process that read it died", "give it more memory, or report it")
            )
        if not one.ready:
            if message is not None:
                raise FacetcodeError(str(message))
            one.ready = True
            self._failed_starts = 0
            return None
        chunk = one.chunk
        assert chunk is not None
        outcomes, unmatched = message
        chunk.outcomes.update(zip(one.sent, outcomes, strict=True))
        chunk.unmatched += unmatched
        one.chunk = None
        return chunk

    def _late(self, one: _Worker) -> bool:
        if one.chunk is None or one.progress[0] < 0:
            return False
        return bool(time.monotonic() - one.progress[1] > self._timeout)

    def _lost(self, one: _Worker, failure: Failure) -> Chunk | None:
        """A worker that is given up, with the one note it was at; the rest is done again."""
        chunk, at = one.chunk, int(one.progress[0])
        if chunk is not None and 0 <= at < len(one.sent):
            chunk.outcomes[one.sent[at]] = failure
        elif chunk is not None:
            chunk.losses += 1
            if chunk.losses >= _STARTS:
                chunk.outcomes.update(dict.fromkeys(chunk.open(), failure))
        self._replace(one)
        return chunk

    def _replace(self, one: _Worker) -> None:
        one.process.kill()
        one.process.join()
        one.pipe.close()
        fresh = self._start()
        one.process, one.pipe, one.progress = fresh.process, fresh.pipe, fresh.progress
        one.ready, one.chunk, one.sent = False, None, []


def outcomes(chunk: Chunk) -> Sequence[tuple[Item, Outcome | None]]:
    """The chunk's items with what became of them, in order."""
    return [(item, chunk.outcomes.get(i)) for i, item in enumerate(chunk.items)]
