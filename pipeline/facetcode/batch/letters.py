"""The questions to the physicians of a whole run, sorted by physician without holding them all."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from facetcode.physician.queries import Query, draft
from facetcode.physician.write import write_sorted_markdown
from facetcode.recode import answer_of


class Letters:
    """Writes ``queries.md`` when it is closed: a chapter a physician, as ``facetcode queries``.

    Held meanwhile is only where in the file of records each one stands.
    """

    def __init__(self, path: Path, records: Path) -> None:
        self._path, self._records = path, records
        # A private database of SQLite's, which spills to disk by itself and goes with the process.
        self._base = sqlite3.connect("", isolation_level=None)
        self._base.execute("pragma journal_mode=off")
        self._base.execute("create table asked (provider text, day text, id text, place int)")
        self._base.execute("begin")

    def __enter__(self) -> Letters:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            with self._path.open("w", encoding="utf-8", errors="backslashreplace") as file:
                write_sorted_markdown(self._sorted(), file)
        self._base.close()

    def add(self, record: Mapping[str, Any], place: int) -> None:
        """Take one record and its offset in the file; those that ask nothing are left out."""
        if record["status"] == "not_applicable" or not record["flags"]:
            return
        meta = record["meta"]
        self._base.execute(
            "insert into asked values (?, ?, ?, ?)",
            (
                meta.get("provider", "").strip(),
                meta.get("date_of_service", "").strip(),
                record["note_id"],
                place,
            ),
        )

    def _sorted(self) -> Iterator[Query]:
        order = "select place from asked order by provider = '', provider, day, id"
        with self._records.open("rb") as file:
            for (place,) in self._base.execute(order):
                file.seek(place)
                yield from draft(answer_of(json.loads(file.readline())))
