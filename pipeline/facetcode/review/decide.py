"""What coders do with a note: take it, correct it, decide, ask, undo. Each call is one transaction.

A note is ``open``, ``waiting`` for a physician's answer, or ``done``. Whoever changes one holds it
and names the version they saw; a change made on an older one is refused, never merged in silence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, or_, select, update

from facetcode.physician.queries import Query, draft
from facetcode.recode import answer_of
from facetcode.review.audit import note_down
from facetcode.review.correct import (
    Policies,
    as_text,
    changed,
    differences,
    outcome_of,
    override_of,
    reason_of,
    recode,
)
from facetcode.review.identity import User
from facetcode.review.load import line_word, listed
from facetcode.review.schema import (
    decisions,
    drafts,
    items,
    notes,
    queries,
    records,
    reviews,
    users,
)
from facetcode.review.store import HOLD_MINUTES, DeskError, Store, before_now, now
from facetcode.terminal import one_line

_MAX_SECONDS = 3600.0
_MAX_TEXT = 20_000
DRAFTED = ("accept", "reject", "override", "lines", "body")
"""What a draft holds: reasons by what they are of, other lines, a request's text."""


class Conflict(DeskError):
    """Somebody else has the note, or has changed it since it was shown."""


class NotAllowed(DeskError):
    """This user may not see or touch this note."""


@dataclass(frozen=True, slots=True)
class Item:
    """A note at the desk: its text, what was suggested, what it has become, who has it."""

    row: Any
    text: str
    suggested: dict[str, Any]
    current: dict[str, Any]
    override: dict[str, Any] | None
    holder: str | None
    mine: bool

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What would be billed now."""
        lines = self.override["lines"] if self.override else self.current["lines"]
        return list(lines)


def _load(connection: Connection, item_id: int, user: User) -> Item:
    holder = users.alias("h")
    row = connection.execute(
        select(
            items,
            notes.c.text.label("note_text"),
            records.c.suggested,
            records.c.current,
            records.c.override,
            holder.c.name.label("held_by"),
        )
        .join(notes, notes.c.note_id == items.c.note_id)
        .join(records, records.c.item_id == items.c.id)
        .outerjoin(holder, holder.c.id == items.c.holder)
        .where(items.c.id == item_id)
    ).first()
    if row is None:
        raise NotAllowed("there is no such note, or it is not yours to see")
    held = row.holder is not None and (row.held_at or "") >= before_now(minutes=HOLD_MINUTES)
    suggested = json.loads(row.suggested)
    return Item(
        row=row,
        text=json.loads(row.note_text),
        suggested=suggested,
        current=json.loads(row.current) if row.current else suggested,
        override=json.loads(row.override) if row.override else None,
        holder=row.held_by if held else None,
        mine=held and row.holder == user.id,
    )


def _visible(connection: Connection, item: Item, user: User) -> bool:
    """Whether the user may read the note; nobody may who is to review it blind."""
    pending = select(reviews.c.id).where(
        reviews.c.item_id == item.row.id,
        reviews.c.auditor == user.id,
        reviews.c.done_at.is_(None),
    )
    # Samples are drawn from finished notes alone, and a note drawn stays finished.
    if item.row.state == "done" and connection.execute(pending).first() is not None:
        return False
    if user.may("auditor"):
        return True
    if item.row.assignee not in (None, user.id):
        return False
    return bool(item.row.state != "done" or item.row.decided_by == user.id)


def look(store: Store, item_id: int, user: User) -> Item:
    """Read a note, which the trail keeps; NotAllowed where there is none for this user."""
    with store.write() as connection:
        item = _load(connection, item_id, user)
        if not _visible(connection, item, user):
            raise NotAllowed("there is no such note, or it is not yours to see")
        note_down(store, connection, "read", user=user.id, item=item_id)
    return item


def take(store: Store, item_id: int, user: User) -> None:
    """Hold a note; Conflict where another holds it."""
    with store.write() as connection:
        item = _load(connection, item_id, user)
        if not _visible(connection, item, user):
            raise NotAllowed("there is no such note, or it is not yours to see")
        if item.holder is not None and not item.mine:
            raise Conflict(f"{item.holder} is working on this note")
        connection.execute(
            update(items).where(items.c.id == item_id).values(holder=user.id, held_at=now())
        )
        if not item.mine:
            note_down(store, connection, "claimed", user=user.id, item=item_id)


def _for_change(connection: Connection, item_id: int, user: User, version: int) -> Item:
    item = _load(connection, item_id, user)
    if not _visible(connection, item, user):
        raise NotAllowed("there is no such note, or it is not yours to see")
    if item.holder is not None and not item.mine:
        raise Conflict(f"{item.holder} is working on this note; nothing was changed")
    if item.row.version != version:
        raise Conflict(
            "the note was changed elsewhere since this page was shown; reload it. "
            "Nothing of it was overwritten"
        )
    if not item.mine:
        raise Conflict("take the note first: it is not in your hands any more")
    return item


def _state(item: Item) -> dict[str, Any]:
    row = item.row
    return {
        "state": row.state,
        "outcome": row.outcome,
        "decided_by": row.decided_by,
        "decided_at": row.decided_at,
        "skipped_at": row.skipped_at,
        "assignee": row.assignee,
        "current": row.current,
        "override": row.override,
    }


def _save(
    store: Store,
    connection: Connection,
    item: Item,
    user: User,
    kind: str,
    *,
    current: dict[str, Any],
    override: dict[str, Any] | None,
    reason: str = "",
    seconds: float | None = None,
    **state: Any,
) -> int:
    """Write the note's new state, the decision and the trail; the decision's id."""
    changed_record = current is not item.suggested
    lines = override["lines"] if override else current["lines"]
    values: dict[str, Any] = {
        "version": item.row.version + 1,
        "held_at": now(),
        **listed(current, f"note {item.row.note_id}"),
        "codes": " ".join(map(line_word, lines)),
        **state,
    }
    moved = connection.execute(
        update(items)
        .where(items.c.id == item.row.id, items.c.version == item.row.version)
        .values(values)
    ).rowcount
    if not moved:
        raise Conflict("the note was changed elsewhere at the same moment; reload it")
    connection.execute(
        update(records)
        .where(records.c.item_id == item.row.id)
        .values(
            current=as_text(current) if changed_record else None,
            override=as_text(override) if override else None,
        )
    )
    fields = outcome_of(
        item.suggested, current, [] if state.get("outcome") == "rejected" else lines
    )
    made: int = connection.execute(
        decisions.insert()
        .values(
            item_id=item.row.id,
            user_id=user.id,
            at=now(),
            kind=kind,
            reason=reason,
            seconds=None if seconds is None else min(max(seconds, 0.0), _MAX_SECONDS),
            before=json.dumps(_state(item)),
            after=json.dumps(
                {
                    "version": item.row.version + 1,
                    "status": current["status"],
                    "lines": list(map(line_word, lines)),
                }
            ),
            fields=json.dumps(fields),
        )
        .returning(decisions.c.id)
    ).scalar_one()
    note_down(
        store,
        connection,
        kind,
        user=user.id,
        item=item.row.id,
        detail={
            "decision": made,
            "version": item.row.version + 1,
            "lines": list(map(line_word, lines)),
        },
    )
    return made


def correct(
    store: Store,
    item_id: int,
    user: User,
    version: int,
    change: Mapping[str, Any],
    policies: Policies,
) -> tuple[Item, list[str]]:
    """Change a fact and recode at once; the note as it is then, and what changed in the claim."""
    with store.write() as connection:
        item = _for_change(connection, item_id, user, version)
        if item.row.state == "done":
            raise Conflict("the note is finished; undo the decision first")
        after = recode(changed(item.current, change, item.text), policies)
        said = differences(item.current, after)
        if item.override:
            said.append("the override of the lines was taken back")
        reason = f"{change.get('fact')} {change.get('do')}"
        _save(store, connection, item, user, "correct", current=after, override=None, reason=reason)
        return _load(connection, item_id, user), said


def override(
    store: Store, item_id: int, user: User, version: int, given: Mapping[str, Any]
) -> tuple[Item, list[str]]:
    """Bill other lines than the suggested ones, for a reason; no lines at all bills nothing."""
    lines = override_of(given)
    with store.write() as connection:
        item = _for_change(connection, item_id, user, version)
        if item.row.state == "done":
            raise Conflict("the note is finished; undo the decision first")
        was = " ".join(map(line_word, item.lines)) or "none"
        _save(
            store, connection, item, user, "override",
            current=item.current, override=lines, reason=lines["reason"],
        )  # fmt: skip
        after = _load(connection, item_id, user)
        return after, [f"lines: {was} → {' '.join(map(line_word, after.lines)) or 'none'}"]


def needs_reason(item: Item) -> bool:
    """Whether accepting the claim takes a reason: something stands against billing it."""
    hard = any(flag["severity"] == "hard" for flag in item.current["flags"])
    return item.override is None and (item.current["status"] == "query" or hard)


def accept(store: Store, item_id: int, user: User, version: int, given: Mapping[str, Any]) -> None:
    """Finish the note with the lines as they stand; DeskError where a reason is pending."""
    with store.write() as connection:
        item = _for_change(connection, item_id, user, version)
        if item.row.state == "done":
            raise Conflict("the note is finished already")
        reason = str(given.get("reason") or "").strip()[:2000]
        if needs_reason(item) and not reason:
            raise DeskError("a hard flag stands against this claim; say why it is accepted")
        same = item.current == item.suggested
        outcome = "overridden" if item.override else "accepted" if same else "edited"
        _save(
            store, connection, item, user, "accept",
            current=item.suggested if same else item.current, override=item.override,
            reason=reason, seconds=_seconds(given), state="done", outcome=outcome,
            decided_by=user.id, decided_at=now(), holder=None,
        )  # fmt: skip
        _forget_draft(connection, item_id, user)


def reject(store: Store, item_id: int, user: User, version: int, given: Mapping[str, Any]) -> None:
    """Finish the note without a claim, for a reason."""
    reason = reason_of(given)
    with store.write() as connection:
        item = _for_change(connection, item_id, user, version)
        if item.row.state == "done":
            raise Conflict("the note is finished already")
        _save(
            store, connection, item, user, "reject",
            current=item.current, override=None, reason=reason, seconds=_seconds(given),
            state="done", outcome="rejected", decided_by=user.id, decided_at=now(), holder=None,
            codes="",
        )  # fmt: skip
        _forget_draft(connection, item_id, user)


def ask(store: Store, item_id: int, user: User, version: int, given: Mapping[str, Any]) -> None:
    """Put the note aside until the physician answers; ``body`` is the request as sent."""
    body = str(given.get("body") or "").strip()[:_MAX_TEXT]
    if not body:
        raise DeskError("the request is empty; write what the physician is asked")
    with store.write() as connection:
        item = _for_change(connection, item_id, user, version)
        if item.row.state != "open":
            raise Conflict("the note is not open; a request was not made")
        _save(
            store, connection, item, user, "query",
            current=item.current, override=item.override,
            seconds=_seconds(given), state="waiting", holder=None,
        )  # fmt: skip
        asked = [f["code"] for f in item.current["flags"] if f["severity"] != "info"]
        connection.execute(
            queries.insert().values(
                item_id=item_id,
                asked_by=user.id,
                asked_at=now(),
                flags=",".join(dict.fromkeys(asked)),
                body=body,
                withdrawn=0,
            )
        )
        _forget_draft(connection, item_id, user)


def answer(store: Store, item_id: int, user: User, version: int, given: Mapping[str, Any]) -> None:
    """Record what the physician answered; the note returns to whoever asked."""
    said = str(given.get("answer") or "").strip()[:_MAX_TEXT]
    if not said:
        raise DeskError("the answer is empty; write what the physician said")
    with store.write() as connection:
        item = _for_change(connection, item_id, user, version)
        waiting = connection.execute(
            select(queries)
            .where(
                queries.c.item_id == item_id,
                queries.c.answer.is_(None),
                queries.c.withdrawn == 0,
            )
            .order_by(queries.c.id.desc())
        ).first()
        if item.row.state != "waiting" or waiting is None:
            raise Conflict("no request of this note is waiting for an answer")
        connection.execute(
            update(queries)
            .where(queries.c.id == waiting.id)
            .values(answer=said, answered_at=now(), recorded_by=user.id)
        )
        _save(
            store, connection, item, user, "answer",
            current=item.current, override=item.override,
            state="open", assignee=waiting.asked_by,
            holder=user.id if user.id == waiting.asked_by else None,
        )  # fmt: skip


def skip(store: Store, item_id: int, user: User, version: int, given: Mapping[str, Any]) -> None:
    """Put the note back, behind those nobody has seen."""
    with store.write() as connection:
        item = _for_change(connection, item_id, user, version)
        if item.row.state != "open":
            raise Conflict("the note is not open")
        _save(
            store, connection, item, user, "skip",
            current=item.current, override=item.override,
            seconds=_seconds(given), holder=None, skipped_at=now(),
        )  # fmt: skip


def undo(store: Store, user: User, item_id: int | None = None) -> int:
    """Take back the user's last decision, on one note or at all; the note's id.

    Only what nobody has built on: a later decision of another, or a sample drawn, stands.
    """
    with store.write() as connection:
        mine = select(decisions).where(
            decisions.c.user_id == user.id,
            decisions.c.undone_by.is_(None),
            decisions.c.kind != "undo",
            decisions.c.at > before_now(days=1),
        )
        if item_id is not None:
            mine = mine.where(decisions.c.item_id == item_id)
        last = connection.execute(mine.order_by(decisions.c.id.desc()).limit(1)).first()
        if last is None:
            raise DeskError("there is nothing of yours to undo")
        item = _load(connection, last.item_id, user)
        newest = connection.execute(
            select(func.max(decisions.c.id)).where(
                decisions.c.item_id == last.item_id,
                decisions.c.undone_by.is_(None),
                decisions.c.kind != "undo",
            )
        ).scalar_one()
        if newest != last.id:
            raise Conflict("somebody has worked on the note since; your decision stands")
        if item.holder is not None and not item.mine:
            raise Conflict(f"{item.holder} is working on this note")
        if connection.execute(
            select(reviews.c.id).where(reviews.c.item_id == last.item_id)
        ).first():
            raise Conflict("the note was drawn for a second review; the decision stands")
        before = json.loads(last.before)
        record, over = before.pop("current"), before.pop("override")
        if last.kind == "query":
            connection.execute(
                update(queries)
                .where(queries.c.item_id == last.item_id, queries.c.answer.is_(None))
                .values(withdrawn=1)
            )
        if last.kind == "answer":
            raise DeskError("an answer that was recorded is not taken back; correct the note")
        made = _save(
            store, connection, item, user, "undo",
            current=json.loads(record) if record else item.suggested,
            override=json.loads(over) if over else None, reason=f"undoes {last.kind}",
            **{**before, "holder": user.id},
        )  # fmt: skip
        connection.execute(
            update(decisions).where(decisions.c.id == last.id).values(undone_by=made)
        )
        return int(last.item_id)


def _seconds(given: Mapping[str, Any]) -> float | None:
    try:
        return float(given["seconds"])
    except (KeyError, TypeError, ValueError):
        return None


def keep_draft(store: Store, item_id: int, user: User, body: Mapping[str, str]) -> None:
    """Keep what is being written (a reason, a request) until it is sent."""
    said = json.dumps({key: str(value)[:_MAX_TEXT] for key, value in body.items()})
    with store.write() as connection:
        item = _load(connection, item_id, user)
        if not _visible(connection, item, user):
            raise NotAllowed("there is no such note, or it is not yours to see")
        _forget_draft(connection, item_id, user)
        connection.execute(
            drafts.insert().values(item_id=item_id, user_id=user.id, body=said, saved_at=now())
        )


def draft_of(store: Store, item_id: int, user: User) -> dict[str, str]:
    """What the user was writing about this note."""
    with store.read() as connection:
        body = connection.execute(
            select(drafts.c.body).where(drafts.c.item_id == item_id, drafts.c.user_id == user.id)
        ).scalar()
    return json.loads(body) if body else {}


def _forget_draft(connection: Connection, item_id: int, user: User) -> None:
    connection.execute(
        drafts.delete().where(drafts.c.item_id == item_id, drafts.c.user_id == user.id)
    )


def request_for(item: Item) -> str:
    """The addendum request as it would be sent: every question the flags lead to, or nothing."""
    asked = list(draft(answer_of({**item.current, "meta": item.current.get("meta") or {}})))
    if not asked:
        return ""
    day = f" of {item.row.day}" if item.row.day else ""
    return "\n".join(
        (
            f"To {item.row.provider or 'the physician'}, about note {item.row.note_id}{day}.",
            "Please answer from your own knowledge of the encounter, as an addendum to the note.",
            "No answer is expected or preferred.",
            *(_question(number, one) for number, one in enumerate(asked, start=1)),
        )
    )


def _question(number: int, asked: Query) -> str:
    """One question as plain text: what the note says, what is unclear, the answers there are."""
    said = "; ".join(f"“{one_line(quote, longest=400)}”" for quote in asked.documented)
    question = asked.question
    return "\n   ".join(
        (
            f"\n{number}. {question.item}",
            f"The note says: {said or 'nothing on this was found'}",
            f"Unclear: {question.unclear}",
            question.ask,
            *(f"( ) {answer}" for answer in question.answers),
        )
    )


def queries_of(store: Store, item_id: int) -> list[Any]:
    """The note's requests and answers, oldest first."""
    with store.read() as connection:
        return list(
            connection.execute(
                select(queries, users.c.name.label("asker"))
                .join(users, users.c.id == queries.c.asked_by)
                .where(queries.c.item_id == item_id)
                .order_by(queries.c.id)
            )
        )


def history_of(store: Store, item_id: int) -> list[Any]:
    """Who did what with the note, oldest first."""
    with store.read() as connection:
        return list(
            connection.execute(
                select(decisions, users.c.name.label("who"))
                .join(users, users.c.id == decisions.c.user_id)
                .where(decisions.c.item_id == item_id)
                .order_by(decisions.c.id)
            )
        )


def earlier_blocks(store: Store, item: Item) -> list[dict[str, Any]]:
    """The same patient's earlier notes of a block, newest first: what was done, and the relief."""
    if not item.row.patient:
        return []
    with store.read() as connection:
        rows = connection.execute(
            select(items, records.c.suggested, records.c.current)
            .join(records, records.c.item_id == items.c.id)
            .where(
                items.c.patient == item.row.patient,
                items.c.id != item.row.id,
                or_(items.c.day <= item.row.day, items.c.day == ""),
                items.c.status != "not_applicable",
            )
            .order_by(items.c.day.desc(), items.c.id.desc())
            .limit(20)
        ).all()
    return [_block(row, json.loads(row.current or row.suggested)) for row in rows]


def _block(row: Any, record: Mapping[str, Any]) -> dict[str, Any]:
    done = record["procedure"]
    ordinal = {1: "first", 2: "second"}.get(done.get("ordinal"))
    today = [(spot["low"], spot["high"]) for spot in record["relief"] if spot["when"] == "today"]
    return {
        "note_id": row.note_id,
        "day": row.day,
        "codes": row.codes,
        "state": row.state,
        "block": ", ".join(filter(None, (done["kind"], done["intent"], ordinal))),
        "levels": [f"{level['joint']} {level['side']}" for level in record["levels"]],
        "relief": [f"{a:g} %" if a == b else f"{a:g}–{b:g} %" for a, b in today],
    }
