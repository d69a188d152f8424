"""Decisions out of the desk: as JSON Lines and CSV, as annotations, and as the codes to bill."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import select

from facetcode.annotate.suggest import spans_of
from facetcode.errors import AnnotationError
from facetcode.evaluate.gold import META_KEYS, make_note, to_gold
from facetcode.facts import FACET_BLOCKS
from facetcode.output import unformula
from facetcode.review.audit import note_down
from facetcode.review.correct import Policies, recode
from facetcode.review.identity import User
from facetcode.review.load import line_word
from facetcode.review.schema import decisions, items, notes, records, users
from facetcode.review.store import DeskError, Store
from facetcode.terminal import one_line

_VOICE = "desk"
_BATCH = 500


def _finished(store: Store) -> Iterator[Any]:
    """Every finished note with its record and its last decision, in order of import."""
    after = 0
    while True:
        with store.read() as connection:
            rows = connection.execute(
                select(
                    items,
                    notes.c.text,
                    records.c.suggested,
                    records.c.current,
                    records.c.override,
                    users.c.name.label("coder"),
                )
                .join(notes, notes.c.note_id == items.c.note_id)
                .join(records, records.c.item_id == items.c.id)
                .join(users, users.c.id == items.c.decided_by)
                .where(items.c.state == "done", items.c.id > after)
                .order_by(items.c.id)
                .limit(_BATCH)
            ).all()
        if not rows:
            return
        yield from rows
        after = rows[-1].id


def _lines(row: Any) -> list[dict[str, Any]]:
    if row.outcome == "rejected":
        return []
    if row.override:
        return list(json.loads(row.override)["lines"])
    return list(json.loads(row.current or row.suggested)["lines"])


def decisions_of(store: Store) -> Iterator[dict[str, Any]]:
    """Every decision ever made, undone ones too, oldest first; no note text."""
    after = 0
    while True:
        with store.read() as connection:
            rows = connection.execute(
                select(decisions, items.c.note_id, users.c.name.label("user"))
                .join(items, items.c.id == decisions.c.item_id)
                .join(users, users.c.id == decisions.c.user_id)
                .where(decisions.c.id > after)
                .order_by(decisions.c.id)
                .limit(_BATCH)
            ).all()
        if not rows:
            return
        for row in rows:
            result = json.loads(row.after)
            yield {
                "decision": row.id,
                "item": row.item_id,
                "note_id": row.note_id,
                "user": row.user,
                "at": row.at,
                "kind": row.kind,
                "reason": row.reason,
                "seconds": row.seconds,
                "status": result["status"],
                "lines": result["lines"],
                "fields": json.loads(row.fields),
                "undone_by": row.undone_by,
            }
        after = rows[-1].id


def final_codes(store: Store) -> Iterator[dict[str, Any]]:
    """One row a claim line of finished notes; a note without a claim has one row without a code."""
    for row in _finished(store):
        shared = {
            "note_id": row.note_id,
            "date_of_service": row.day,
            "payer": row.payer,
            "provider": row.provider,
            "outcome": row.outcome,
            "coder": row.coder,
            "decided_at": row.decided_at,
        }
        lines = _lines(row)
        for number, line in enumerate(lines, start=1):
            yield {
                **shared,
                "line": number,
                "code": line["code"],
                "modifiers": " ".join(line.get("modifiers") or ()),
                "units": line.get("units", 1),
            }
        if not lines:
            yield {**shared, "line": 0, "code": "", "modifiers": "", "units": 0}


def gold_of(store: Store, policies: Policies) -> Iterator[dict[str, Any]]:
    """Finished notes as gold, for ``evaluate`` and training; the text is in them.

    Claim lines are those of the final facts under the policies of the gold format, or the
    override's under the policy it was made under. A note that the format cannot hold (an
    impossible date in its export, say) is left out.
    """
    for row in _finished(store):
        record = json.loads(row.current or row.suggested)
        try:
            yield to_gold(_gold(row, record, policies))
        except (AnnotationError, DeskError):
            continue


def _gold(row: Any, record: Mapping[str, Any], policies: Policies) -> Any:
    text = json.loads(row.text)
    ours = record["procedure"]["kind"] in FACET_BLOCKS and row.outcome != "rejected"
    codes: dict[str, list[str]] = {}
    for name in ("default", "medicare"):
        under = recode({**record, "policy": name}, policies)
        codes[name] = list(map(line_word, under["lines"])) if ours else []
    if row.override and ours:
        named = str(record["policy"]).partition("@")[0]
        codes["medicare" if named.startswith("medicare") else "default"] = list(
            map(line_word, _lines(row))
        )
    flags = [f["code"] for f in record["flags"] if f["severity"] != "info"] if ours else []
    procedure = record["procedure"]
    named_as = {level["named_as"] for level in record["levels"]}
    values = {
        "note_id": f"{_VOICE}-{row.id:02d}",
        "voice": _VOICE,
        "meta": {
            key: value for key, value in (record.get("meta") or {}).items() if key in META_KEYS
        },
        "status": record["status"] if ours else "not_applicable",
        "procedure": {
            "kind": procedure["kind"],
            "intent": procedure["intent"],
            "ordinal": procedure.get("ordinal"),
        },
        "levels": {level["joint"]: level["side"] for level in record["levels"]} if ours else {},
        "named_as": (named_as.pop() if len(named_as) == 1 else "both")
        if ours and named_as
        else None,
        "guidance": record["guidance"]["modality"] if ours else None,
        "relief": [{key: r[key] for key in ("low", "high", "when")} for r in record["relief"]],
        "diagnoses": list(dict.fromkeys(d["code"] for d in record["diagnoses"] if d.get("code"))),
        "codes": codes,
        "flags": list(dict.fromkeys(flags)),
        "clean": bool(ours and record["status"] == "coded" and not flags),
    }
    return make_note(values, text, tuple(spans_of(record, text)), f"note {row.note_id}", {})


def as_jsonl(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    """Rows as JSON Lines."""
    for row in rows:
        yield json.dumps(row, ensure_ascii=True) + "\n"


def as_csv(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    """Rows as CSV that no spreadsheet runs; lists and objects as JSON in their cell."""
    out = io.StringIO()
    writer = csv.writer(out)
    head: list[str] | None = None
    for row in rows:
        if head is None:
            head = list(row)
            writer.writerow(head)
        writer.writerow([_cell(row[key]) for key in head])
        yield out.getvalue()
        out.seek(0)
        out.truncate()


def _cell(value: object) -> object:
    if isinstance(value, list | dict):
        value = json.dumps(value)
    if isinstance(value, str):
        return unformula(one_line(value, longest=5000))
    return "" if value is None else value


EXPORTS: Mapping[str, tuple[str, Callable[[Store, Policies], Iterator[str]]]] = {
    "decisions.jsonl": ("application/jsonl", lambda s, _: as_jsonl(decisions_of(s))),
    "decisions.csv": ("text/csv", lambda s, _: as_csv(decisions_of(s))),
    "final-codes.csv": ("text/csv", lambda s, _: as_csv(final_codes(s))),
    "final-codes.jsonl": ("application/jsonl", lambda s, _: as_jsonl(final_codes(s))),
    "annotations.jsonl": ("application/jsonl", lambda s, p: as_jsonl(gold_of(s, p))),
}
"""File name to content type and maker."""


def export(store: Store, name: str, policies: Policies, user: User | None) -> Iterator[str]:
    """The lines of one export; DeskError where there is none of that name. The trail keeps it."""
    if name not in EXPORTS:
        raise DeskError(f"there is no such export; exports: {', '.join(EXPORTS)}")
    with store.write() as connection:
        note_down(
            store, connection, "exported", user=user.id if user else None, detail={"file": name}
        )
    return EXPORTS[name][1](store, policies)
