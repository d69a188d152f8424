"""Whether an id has stood before, in constant memory however many there are."""

from __future__ import annotations

import sqlite3
from hashlib import blake2b


class Seen:
    """Ids and where each stood first, in a temporary database that spills to disk by itself.

    Only hashes of the ids are kept: an id may be a patient's number.
    """

    def __init__(self) -> None:
        # An empty name is SQLite's for a private database that goes with its connection.
        self._base = sqlite3.connect("", isolation_level=None)
        self._base.execute("pragma journal_mode=off")
        self._base.execute("pragma cache_size=-8192")
        self._base.execute("create table seen (id blob primary key, place text) without rowid")
        # One transaction that never ends: nobody else reads this database.
        self._base.execute("begin")

    def before(self, note_id: str, place: str) -> str | None:
        """Where the id stood already, or None; then ``place`` is where it stands first."""
        key = blake2b(note_id.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        added = self._base.execute("insert or ignore into seen values (?, ?)", (key, place))
        if added.rowcount:
            return None
        (first,) = self._base.execute("select place from seen where id = ?", (key,)).fetchone()
        return str(first)
