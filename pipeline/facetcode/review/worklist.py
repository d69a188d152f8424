"""The worklist: which notes there are, how many of each kind, and the next one to work on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select, update

from facetcode.review.audit import note_down
from facetcode.review.identity import User
from facetcode.review.schema import items, users
from facetcode.review.store import HOLD_MINUTES, DeskError, Store, before_now, now

PAGE = 50
MANY = 5000
MOST_ASSIGNED = 5000
_FRESH = 10.0
_FEW = 50
_CHUNK = 500


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
    assignee: str = ""
    """A user's number, or ``none``: assigned to nobody."""

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
    if filters.assignee == "none":
        terms.append(items.c.assignee.is_(None))
    elif filters.assignee.isascii() and filters.assignee.isdigit():
        terms.append(items.c.assignee == int(filters.assignee[:9]))
    return [*terms, *_seen_by(user)]


def _seen_by(user: User) -> list[ColumnElement[bool]]:
    """A coder's list holds no note that was given to another coder or that another finished."""
    if user.may("auditor"):
        return []
    return [
        or_(items.c.assignee.is_(None), items.c.assignee == user.id),
        or_(items.c.state != "done", items.c.decided_by == user.id),
    ]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list: rows, how many there are in all, and the first id of the next page.

    ``total`` goes up to ``MANY`` + 1 for a list that had to be counted.
    """

    rows: list[Any]
    total: int
    after: int | None


def page(
    store: Store,
    filters: Filter,
    user: User,
    after: int = 0,
    counted: Mapping[str, int] | None = None,
) -> Page:
    """Up to 50 rows with ids above ``after``, in order of import.

    ``counted`` is what ``counts`` gave; a list that is narrowed no further is not counted again.
    """
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
        if counted is not None and filters == Filter(filters.state, filters.status):
            name = f"{filters.state}:{filters.status}" if filters.status else filters.state
            count = counted.get(name, 0)
        else:
            some = select(items.c.id).where(*terms).limit(MANY + 1).subquery()
            count = connection.execute(select(func.count()).select_from(some)).scalar_one()
    more = rows[PAGE - 1].id if len(rows) > PAGE else None
    return Page(rows[:PAGE], count, more)


def counts(store: Store, user: User) -> dict[str, int]:
    """The user's notes by state and by state and status: ``open``, ``open:query`` and so on.

    Of more than ``MANY`` notes the figures may be some seconds old: nobody misses one of them, and
    counting them for each page would cost more than all the rest of it.
    """
    who = None if user.may("auditor") else user.id
    at, known = store.counted.get(who, (0.0, {}))
    if known and time.monotonic() - at < _FRESH:
        return known
    query = (
        select(items.c.state, items.c.status, func.count())
        .where(*_seen_by(user))
        .group_by(items.c.state, items.c.status)
    )
    found: dict[str, int] = {"open": 0, "waiting": 0, "done": 0}
    with store.read() as connection:
        for state, status, number in connection.execute(query):
            found[state] += number
            found[f"{state}:{status}"] = number
    if found["open"] + found["waiting"] + found["done"] > MANY:
        store.counted[who] = time.monotonic(), found
    return found


def choices(store: Store) -> dict[str, list[str]]:
    """The payers and physicians that lists can be narrowed to, in order.

    Of more than a few the list may be some seconds old.
    """
    at, known = store.choices
    if known and time.monotonic() - at < _FRESH:
        return known
    with store.read() as connection:
        found = {
            name: list(connection.execute(_distinct(items.c[name])).scalars())
            for name in ("payer", "provider")
        }
    if sum(map(len, found.values())) > _FEW:
        store.choices = time.monotonic(), found
    return found


def _distinct(column: ColumnElement[str]) -> Select[Any]:
    """The column's values, each found by its index from the one before: few steps, many rows."""
    first = select(func.min(column).label("value")).where(column != "")
    chain = first.cte("chain", recursive=True)
    following = select(func.min(column)).where(column > chain.c.value).scalar_subquery()
    chain = chain.union_all(select(following).where(chain.c.value.is_not(None)))
    return select(chain.c.value).where(chain.c.value.is_not(None)).limit(500)


def claim_next(store: Store, filters: Filter, user: User) -> int | None:
    """Hold the next free open note for ``user``; its id, or None where there is none left.

    Two who ask at once get two notes: the hold is taken only if it is still free. Notes the user
    skipped come last.
    """
    query = select(items.c.id).where(*_where(replace(filters, state="open"), user), free(user))
    unseen = query.where(items.c.skipped_at.is_(None)).order_by(items.c.id).limit(1)
    skipped = query.where(items.c.skipped_at.is_not(None)).order_by(
        items.c.skipped_at, items.c.id
    ).limit(1)  # fmt: skip
    for _ in range(20):
        with store.write() as connection:
            found = connection.execute(unseen).scalar() or connection.execute(skipped).scalar()
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
        _known(connection, to)
        connection.execute(
            update(items).where(items.c.id == item).values(assignee=to, holder=None, held_at=None)
        )
        note_down(store, connection, "assigned", user=by.id, item=item, detail={"to": to})


def assign_many(store: Store, filters: Filter, number: int, to: int | None, by: User) -> int:
    """Give the first ``number`` notes of a list that nobody holds to one coder; how many it was."""
    if not 1 <= number <= MOST_ASSIGNED:
        raise DeskError(f"give away 1 to {MOST_ASSIGNED:,} notes at a time")
    nobody = or_(items.c.holder.is_(None), items.c.held_at < before_now(minutes=HOLD_MINUTES))
    with store.write() as connection:
        _known(connection, to)
        wanted = (
            select(items.c.id)
            .where(*_where(filters, by), items.c.state != "done", nobody)
            .order_by(items.c.id)
            .limit(number)
        )
        found = list(connection.execute(wanted).scalars())
        for first in range(0, len(found), _CHUNK):
            part = found[first : first + _CHUNK]
            connection.execute(update(items).where(items.c.id.in_(part)).values(assignee=to))
        if found:
            note_down(
                store, connection, "assigned", user=by.id, detail={"to": to, "items": found}
            )  # fmt: skip
    return len(found)


def _known(connection: Connection, user: int | None) -> None:
    known = select(users.c.id).where(users.c.id == user, users.c.active == 1)
    if user is not None and connection.execute(known).first() is None:
        raise DeskError("there is no such user, or the account was switched off")
