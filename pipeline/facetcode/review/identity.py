"""Who works at the desk: users and roles, passwords, sessions, one-time links, login limits.

Tokens live in the browser; the database keeps only their hashes, so that a stolen backup lets
nobody in. Passwords are hashed with Argon2id at the library's defaults (RFC 9106, low memory).
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import Connection, Select, func, select, update
from sqlalchemy.exc import IntegrityError

from facetcode.review.audit import note_down
from facetcode.review.schema import attempts, links, sessions, users
from facetcode.review.store import DeskError, Store, before_now, now

Role = Literal["coder", "auditor", "lead", "admin"]
ROLES: tuple[str, ...] = get_args(Role)

IDLE_MINUTES = 30
LONGEST_HOURS = 12
MIN_PASSWORD = 12
LINK_HOURS = 24
_TRIES_A_NAME = 5
_TRIES_AN_ADDRESS = 30
_TRIES_MINUTES = 15

_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash(secrets.token_hex(8))
"""Checked where there is no such user, so that an answer takes as long as for one."""


@dataclass(frozen=True, slots=True)
class User:
    """Someone who may log in; a role may do all that the roles before it may."""

    id: int
    name: str
    role: str

    def may(self, role: Role) -> bool:
        """Whether this user's role is ``role`` or above."""
        return ROLES.index(self.role) >= ROLES.index(role)


@dataclass(frozen=True, slots=True)
class Session:
    """A login; ``csrf`` must come with every request that changes something."""

    user: User
    csrf: str


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def add_user(
    store: Store,
    name: str,
    role: str,
    password: str | None = None,
    *,
    by: int | None = None,
    subject: str | None = None,
) -> User:
    """Make a user; without a password one logs in by a one-time link or an identity provider.

    Raises DeskError for a name that is taken, an unknown role or a short password.
    """
    if role not in ROLES:
        raise DeskError(f"there is no role of that name; roles: {', '.join(ROLES)}")
    name = checked_name(name)
    hashed = None if password is None else _HASHER.hash(checked_password(password))
    with store.write() as connection:
        return _insert(store, connection, name, role, hashed, by=by, subject=subject)


def _insert(
    store: Store,
    connection: Connection,
    name: str,
    role: str,
    hashed: str | None,
    *,
    by: int | None = None,
    subject: str | None = None,
) -> User:
    try:
        row = connection.execute(
            users.insert()
            .values(
                name=name,
                role=role,
                password_hash=hashed,
                subject=subject,
                active=1,
                created_at=now(),
            )
            .returning(users.c.id)
        ).scalar_one()
    except IntegrityError:
        raise DeskError("a user of that name exists already") from None
    note_down(store, connection, "user added", user=by, detail={"user": row, "role": role})
    return User(row, name, role)


def checked_name(name: str) -> str:
    """The name without blanks around it; DeskError where it cannot be a user's."""
    name = name.strip()
    if not 1 <= len(name) <= 120 or not name.isprintable():
        raise DeskError("a user's name has 1 to 120 printable characters")
    return name


def checked_password(password: str) -> str:
    """The password, if it may be one; DeskError otherwise (NIST SP 800-63B: length, no rules)."""
    if not MIN_PASSWORD <= len(password) <= 1000:
        raise DeskError(f"a password has at least {MIN_PASSWORD} characters")
    return password


def set_password(store: Store, user: User, password: str, *, by: int | None) -> None:
    """Change a password and end the user's sessions."""
    hashed = _HASHER.hash(checked_password(password))
    with store.write() as connection:
        connection.execute(update(users).where(users.c.id == user.id).values(password_hash=hashed))
        connection.execute(sessions.delete().where(sessions.c.user_id == user.id))
        note_down(store, connection, "password set", user=by, detail={"user": user.id})


def set_active(store: Store, user_id: int, active: bool, *, by: int) -> None:
    """Let a user in again, or keep them out and end their sessions."""
    with store.write() as connection:
        connection.execute(update(users).where(users.c.id == user_id).values(active=int(active)))
        connection.execute(sessions.delete().where(sessions.c.user_id == user_id))
        action = "user enabled" if active else "user disabled"
        note_down(store, connection, action, user=by, detail={"user": user_id})


def set_role(store: Store, user_id: int, role: str, *, by: int) -> None:
    """Give a user another role; an identity provider's groups win at the next login by it."""
    if role not in ROLES:
        raise DeskError(f"there is no role of that name; roles: {', '.join(ROLES)}")
    with store.write() as connection:
        was = connection.execute(select(users.c.role).where(users.c.id == user_id)).scalar()
        if was is None:
            raise DeskError("there is no such user")
        connection.execute(update(users).where(users.c.id == user_id).values(role=role))
        note_down(
            store, connection, "role changed", user=by,
            detail={"user": user_id, "from": was, "to": role},
        )  # fmt: skip


def any_users(store: Store) -> bool:
    """Whether anybody can log in yet."""
    with store.read() as connection:
        return connection.execute(select(users.c.id).limit(1)).first() is not None


def all_users(store: Store) -> list[tuple[User, bool]]:
    """Everybody by name, and whether they may log in."""
    with store.read() as connection:
        rows = connection.execute(select(users).order_by(users.c.name)).all()
    return [(User(row.id, row.name, row.role), bool(row.active)) for row in rows]


def by_name(store: Store, name: str) -> User | None:
    """The active user of that name."""
    with store.read() as connection:
        row = connection.execute(
            select(users).where(users.c.name == name, users.c.active == 1)
        ).first()
    return User(row.id, row.name, row.role) if row else None


class TooManyAttempts(DeskError):
    """Logins from there, or as that user, are refused for a while."""


def check_login(store: Store, name: str, password: str, address: str) -> User | None:
    """The user, or None where name and password do not fit; raises TooManyAttempts.

    Failures are counted in the database, for a name and for an address, so that restarts and
    several processes do not start the count anew.
    """
    name = name.strip()[:120]
    since = before_now(minutes=_TRIES_MINUTES)
    with store.read() as connection:
        recent = select(func.count()).where(attempts.c.at > since)
        as_name = connection.execute(recent.where(attempts.c.name == name)).scalar_one()
        from_there = connection.execute(recent.where(attempts.c.address == address)).scalar_one()
        row = connection.execute(
            select(users).where(users.c.name == name, users.c.active == 1)
        ).first()
    if as_name >= _TRIES_A_NAME or from_there >= _TRIES_AN_ADDRESS:
        raise TooManyAttempts(f"too many failed logins; try again in {_TRIES_MINUTES} minutes")
    if _fits(row.password_hash if row else None, password) and row is not None:
        return User(row.id, row.name, row.role)
    with store.write() as connection:
        connection.execute(attempts.delete().where(attempts.c.at < before_now(days=1)))
        connection.execute(attempts.insert().values(name=name, address=address, at=now()))
        note_down(
            store, connection, "login failed", user=row.id if row else None,
            detail={"address": address},
        )  # fmt: skip
    return None


def _fits(hashed: str | None, password: str) -> bool:
    try:
        _HASHER.verify(hashed or _NOBODY, password[:1000])
    except (Argon2Error, InvalidHashError):
        return False
    return hashed is not None


def open_session(store: Store, user: User, how: str) -> str:
    """Log a user in; the token for their cookie, which is kept nowhere else."""
    token = secrets.token_urlsafe(32)
    moment = now()
    with store.write() as connection:
        connection.execute(
            sessions.delete().where(sessions.c.created_at < before_now(hours=LONGEST_HOURS))
        )
        connection.execute(
            sessions.insert().values(
                token_hash=_digest(token),
                user_id=user.id,
                csrf=secrets.token_urlsafe(24),
                created_at=moment,
                seen_at=moment,
            )
        )
        note_down(store, connection, "login", user=user.id, detail={"how": how})
    return token


def session_of(store: Store, token: str) -> Session | None:
    """The session a cookie belongs to, if it has not expired and its user may log in."""
    digest = _digest(token)
    with store.read() as connection:
        row = connection.execute(
            select(sessions, users.c.name, users.c.role)
            .join(users, users.c.id == sessions.c.user_id)
            .where(
                sessions.c.token_hash == digest,
                sessions.c.seen_at > before_now(minutes=IDLE_MINUTES),
                sessions.c.created_at > before_now(hours=LONGEST_HOURS),
                users.c.active == 1,
            )
        ).first()
    if row is None:
        return None
    if row.seen_at < before_now(minutes=1):
        with store.write() as connection:
            connection.execute(
                update(sessions).where(sessions.c.token_hash == digest).values(seen_at=now())
            )
    return Session(User(row.user_id, row.name, row.role), row.csrf)


def close_session(store: Store, token: str, user: User) -> None:
    """Log out."""
    with store.write() as connection:
        connection.execute(sessions.delete().where(sessions.c.token_hash == _digest(token)))
        note_down(store, connection, "logout", user=user.id)


def make_link(store: Store, purpose: str, user: User | None = None) -> str:
    """The secret part of a link that works once: ``first`` makes the first account, ``login`` logs
    in.
    """
    token = secrets.token_urlsafe(32)
    with store.write() as connection:
        if purpose == "first":
            # A desk started twice before anybody came prints a new link; the old one is void.
            connection.execute(links.delete().where(links.c.purpose == "first"))
        connection.execute(
            links.insert().values(
                token_hash=_digest(token),
                purpose=purpose,
                user_id=user.id if user else None,
                expires_at=before_now(hours=-LINK_HOURS),
            )
        )
    return token


def link_holds(store: Store, purpose: str, token: str) -> bool:
    """Whether a link of that purpose has not been used and has not expired."""
    with store.read() as connection:
        return connection.execute(_link(purpose, token)).first() is not None


def use_link(store: Store, purpose: str, token: str) -> tuple[bool, User | None]:
    """Use a link up: whether it held, and the user it was made for."""
    with store.write() as connection:
        return _use(connection, purpose, token)


def first_account(store: Store, token: str, name: str, password: str) -> User:
    """The first account, an admin's, by the link printed at first start; DeskError if void."""
    name, hashed = checked_name(name), _HASHER.hash(checked_password(password))
    with store.write() as connection:
        held, _ = _use(connection, "first", token)
        if not held or connection.execute(select(users.c.id).limit(1)).first() is not None:
            raise DeskError("this link is not valid any more; start the desk again for a new one")
        return _insert(store, connection, name, "admin", hashed)


def _link(purpose: str, token: str) -> Select[Any]:
    return select(links).where(
        links.c.token_hash == _digest(token),
        links.c.purpose == purpose,
        links.c.used_at.is_(None),
        links.c.expires_at > now(),
    )


def _use(connection: Connection, purpose: str, token: str) -> tuple[bool, User | None]:
    row = connection.execute(_link(purpose, token)).first()
    if row is None:
        return False, None
    used = connection.execute(
        update(links)
        .where(links.c.token_hash == row.token_hash, links.c.used_at.is_(None))
        .values(used_at=now())
    ).rowcount
    if not used:
        return False, None
    user = connection.execute(
        select(users).where(users.c.id == row.user_id, users.c.active == 1)
    ).first()
    return True, User(user.id, user.name, user.role) if user else None
