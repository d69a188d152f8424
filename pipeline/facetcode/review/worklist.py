"""The worklist: which notes there are, how many of each kind, and the next one to work on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update

from facetcode.review.audit import note_down
from facetcode.review.identity import User
from facetcode.review.schema import items, users
from facetcode.review.store import Store, before_now, now

HOLD_MINUTES = 30
"""A note that its holder has not touched for so long is free again."""
PAGE = 50


@dataclass(frozen=True, slots=True)
class Filter:
    """What the list is narrowed to; empty strings do not narrow. All are exact but ``flag``."""

    state: str = "open"
    status: str = ""
    flag: str = ""
    payer: str = ""
    provider: str = ""
    since: str = ""
    until: str = ""
    sure: str = ""
    """``low``, ``high`` or ``none``: confidence below 0.9, from 0.9 on, not given."""
    mine: str = ""
    """``1``: held by or assigned to whoever asks."""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Filter:
        """The filter of a query string; keys it does not know are left out."""
        known = {f.name for f in fields(cls)}
        return cls(**{key: value[:255] for key, value in given.items() if key in known})

    def query(self) -> dict[str, str]:
        """What is set, for links and hidden fields."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name))}


def free(user: User) -> ColumnElement[bool]:
    """Items that nobody else holds at present or has been given."""
    return and_(
        or_(
            items.c.holder.is_(None),
            items.c.holder == user.id,
            items.c.held_at < before_now(minutes=HOLD_MINUTES),
        ),
        or_(items.c.assignee.is_(None), items.c.assignee == user.id),
    )


def _where(filters: Filter, user: User) -> list[ColumnElement[bool]]:
    terms: list[ColumnElement[bool]] = []
    if filters.state in ("open", "waiting", "done"):
        terms.append(items.c.state == filters.state)
    for name in ("status", "payer", "provider"):
        if value := getattr(filters, name):
            terms.append(items.c[name] == value)
    if filters.flag:
        terms.append(items.c.flags.contains(f",{filters.flag},", autoescape=True))
    if filters.since:
        terms.append(items.c.day >= filters.since)
    if filters.until:
        terms.append(items.c.day <= filters.until)
    if filters.sure == "none":
        terms.append(items.c.confidence.is_(None))
    elif filters.sure:
        sure = items.c.confidence >= 0.9
        terms.append(sure if filters.sure == "high" else ~sure)
    if filters.mine:
        terms.append(or_(items.c.holder == user.id, items.c.assignee == user.id))
    if not user.may("auditor"):
        # A coder's list holds no note that was given to another coder or that another finished.
        terms.append(or_(items.c.assignee.is_(None), items.c.assignee == user.id))
        terms.append(or_(items.c.state != "done", items.c.decided_by == user.id))
    return terms


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list: rows, how many there are in all, and the first id of the next page."""

    rows: list[Any]
    total: int
    after: int | None


def page(store: Store, filters: Filter, user: User, after: int = 0) -> Page:
    """Up to 50 rows with ids above ``after``, in order of import."""
    terms = _where(filters, user)
    holder = users.alias("h")
    assignee = users.alias("a")
    columns = [c for c in items.c if c.name != "patient"]
    query: Select[Any] = (
        select(*columns, holder.c.name.label("held_by"), assignee.c.name.label("given_to"))
        .outerjoin(holder, holder.c.id == items.c.holder)
        .outerjoin(assignee, assignee.c.id == items.c.assignee)
        .where(items.c.id > after, *terms)
        .order_by(items.c.id)
        .limit(PAGE + 1)
    )
    with store.read() as connection:
        rows = list(connection.execute(query))
        total = connection.execute(select(func.count()).select_from(items).where(*terms))
        count = total.scalar_one()
    more = rows[PAGE - 1].id if len(rows) > PAGE else None
    return Page(rows[:PAGE], count, more)


def counts(store: Store) -> dict[str, int]:
    """Notes by state and, of the open ones, by status: ``open``, ``open:query`` and so on."""
    query = select(items.c.state, items.c.status, func.count()).group_by(
        items.c.state, items.c.status
    )
    found: dict[str, int] = {"open": 0, "waiting": 0, "done": 0}
    with store.read() as connection:
        for state, status, number in connection.execute(query):
            found[state] += number
            if state == "open":
                found[f"open:{status}"] = number
    return found


def choices(store: Store) -> dict[str, list[str]]:
    """The payers, physicians and flags that lists can be narrowed to."""
    found: dict[str, list[str]] = {}
    with store.read() as connection:
        for name in ("payer", "provider"):
            column = items.c[name]
            rows = connection.execute(
                select(column).where(column != "").distinct().order_by(column).limit(500)
            )
            found[name] = list(rows.scalars())
    return found


def claim_next(store: Store, filters: Filter, user: User) -> int | None:
    """Hold the next free open note for ``user``; its id, or None where there is none left.

    Two who ask at once get two notes: the hold is taken only if it is still free. Notes the user
    skipped come last.
    """
    terms = [*_where(replace(filters, state="open"), user), free(user)]
    for _ in range(20):
        with store.write() as connection:
            query = (
                select(items.c.id)
                .where(*terms)
                .order_by(items.c.skipped_at.is_not(None), items.c.skipped_at, items.c.id)
                .limit(1)
            )
            found = connection.execute(query).scalar()
            if found is None:
                return None
            taken = connection.execute(
                update(items)
                .where(items.c.id == found, items.c.state == "open", free(user))
                .values(holder=user.id, held_at=now())
            )
            if taken.rowcount:
                note_down(store, connection, "claimed", user=user.id, item=found)
                return int(found)
    return None


def assign(store: Store, item: int, to: int | None, by: User) -> None:
    """Give a note to one coder, or to everybody again."""
    with store.write() as connection:
        connection.execute(
            update(items).where(items.c.id == item).values(assignee=to, holder=None, held_at=None)
        )
        note_down(store, connection, "assigned", user=by.id, item=item, detail={"to": to})
