"""The audit trail: every read and decision, in order, each bound to the one before by a hash.

An entry changed, left out or put in between breaks the chain from there on. Cutting off the end
does not: whoever keeps the last hash elsewhere (``desk verify`` prints it) finds that too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from facetcode.review.schema import audit
from facetcode.review.store import Store, now

_FIRST = "0" * 64
_CHUNK = 5000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What ``verify`` found: entries read, the last hash, and the first entry that does not fit."""

    entries: int
    head: str
    broken: int | None = None


def _hash(
    seq: int, at: str, user: int | None, action: str, item: int | None, detail: str, previous: str
) -> str:
    fields = json.dumps([seq, at, user, action, item, detail, previous], ensure_ascii=True)
    return hashlib.sha256(fields.encode()).hexdigest()


def note_down(
    store: Store,
    connection: Connection,
    action: str,
    *,
    user: int | None,
    item: int | None = None,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Add an entry in the transaction of what it tells of; ``detail`` never holds note text."""
    store.lock_trail(connection)
    last = connection.execute(
        select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)
    ).first()
    seq, previous = (last.seq + 1, last.hash) if last else (1, _FIRST)
    at = now()
    said = json.dumps(detail or {}, sort_keys=True, ensure_ascii=True)
    connection.execute(
        audit.insert().values(
            seq=seq,
            at=at,
            user_id=user,
            action=action,
            item_id=item,
            detail=said,
            previous=previous,
            hash=_hash(seq, at, user, action, item, said, previous),
        )
    )


def verify(store: Store) -> Verdict:
    """Walk the whole chain; ``broken`` is the first sequence number that does not follow."""
    previous, entries = _FIRST, 0
    with store.read() as connection:
        while True:
            rows = connection.execute(
                select(audit).where(audit.c.seq > entries).order_by(audit.c.seq).limit(_CHUNK)
            ).all()
            if not rows:
                return Verdict(entries, previous)
            for row in rows:
                right = _hash(
                    row.seq, row.at, row.user_id, row.action, row.item_id, row.detail, previous
                )
                if row.seq != entries + 1 or row.previous != previous or row.hash != right:
                    return Verdict(entries, previous, entries + 1)
                previous, entries = row.hash, row.seq
