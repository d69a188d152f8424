"""From a whole run's records to the files it leaves behind, in constant memory, each made whole."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from facetcode.batch import billing, report
from facetcode.batch.fingerprint import sha256
from facetcode.batch.journal import Position
from facetcode.batch.letters import Letters
from facetcode.batch.summary import Summary
from facetcode.batch.worklist import Worklist
from facetcode.errors import FacetcodeError

MANIFEST = "manifest.json"
RECORDS = "records.jsonl"

__all__ = ["MANIFEST", "Summary", "finish", "stored"]


def stored(out: Path, print_: Mapping[str, Any]) -> bool:
    """Whether a whole run of the same input lies in a folder, none of its files changed."""
    try:
        manifest: Any = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
        same = all(
            manifest.get(key) == value for key, value in json.loads(json.dumps(print_)).items()
        )
        return same and all(
            sha256(out / name) == digest for name, digest in manifest["outputs"].items()
        )
    except (OSError, ValueError, KeyError, AttributeError):
        return False


def finish(
    work: Path,
    out: Path,
    print_: Mapping[str, Any],
    at: Position,
    *,
    form: str | None,
    promised: Mapping[str, str] | None = None,
) -> Summary:
    """Write everything else from the records, move all of it to its place, and say so.

    ``promised`` says, by family of policies, what holds of records marked ``auto``. The manifest
    comes last: a folder that holds one holds all the rest.
    """
    moved = not (work / RECORDS).exists()
    records = (out if moved else work) / RECORDS
    rejects = (out if moved else work) / "rejects.jsonl"
    summary = Summary(unmatched=at.unmatched, promised=promised)
    _all(records, rejects, work, summary, form)
    made = sorted(p.name for p in work.iterdir() if p.is_file() and p.name not in _OURS)
    # The records go last: while they lie in the work folder the rest can be made again.
    for name in sorted(made, key=lambda n: (n == RECORDS, n)):
        os.replace(work / name, out / name)
    names = sorted({*made, RECORDS, "rejects.jsonl"})
    manifest = {
        **print_,
        "counts": {
            "items": at.items,
            "records": summary.notes,
            "rejects": summary.rejects,
        },
        "outputs": {name: sha256(out / name) for name in names},
    }
    if summary.notes + summary.rejects != at.items:
        raise FacetcodeError(
            f"{out}: {at.items:,} items in, {summary.notes + summary.rejects:,} out; please report"
        )
    place = work / MANIFEST
    place.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    os.replace(place, out / MANIFEST)
    return summary


_OURS = frozenset({"run.json", "journal.jsonl"})


def _all(records: Path, rejects: Path, work: Path, summary: Summary, form: str | None) -> None:
    """One pass over the records, each handed to everything that is made from them."""
    with (
        Worklist(work / "worklist.csv") as rows,
        Letters(work / "queries.md", records) as letters,
        _parquet(work / "records.parquet") as table,
        billing.claims(work, form) as claims,
    ):
        takers: list[Taker] = [summary.add, rows.add, table, claims]
        for place, record in _lines(records):
            for take in takers:
                take(record)
            letters.add(record, place)
    for _, reject in _lines(rejects):
        summary.add_reject(reject)
    (work / "summary.json").write_text(
        json.dumps(summary.to_json(), indent=2) + "\n", encoding="utf-8"
    )
    (work / "report.html").write_text(report.page(summary), encoding="utf-8")


Taker = Callable[[Mapping[str, Any]], object]


@contextmanager
def _parquet(target: Path) -> Iterator[Taker]:
    """Takes records into a Parquet file that is whole when the block ends well."""
    from facetcode.parquet import ParquetRecords  # only now: pyarrow is optional

    with target.open("wb") as file:
        table = ParquetRecords(file)
        yield table.take
        table.finish()


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each line's offset and what it holds."""
    place = 0
    with path.open("rb") as file:
        for line in file:
            yield place, json.loads(line)
            place += len(line)
