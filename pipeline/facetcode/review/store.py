"""The desk's database: SQLite in a file or PostgreSQL by URL, brought to the newest schema."""

from __future__ import annotations

import datetime
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError

from facetcode.errors import FacetcodeError

_MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK = 0x6641CE7C0DE
"""Key of PostgreSQL's advisory lock under which the audit trail grows by one at a time."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_WAIT = 10.0
HOLD_MINUTES = 30
"""A note that its holder has not touched for so long is free again."""


class DeskError(FacetcodeError):
    """The desk cannot do what was asked; the message says why and what to do."""


def now() -> str:
    """The present moment, UTC, ISO 8601 to the millisecond."""
    moment = datetime.datetime.now(datetime.UTC)
    return moment.isoformat(timespec="milliseconds")


def before_now(**ago: float) -> str:
    """The moment that long ago, for comparisons with ``now``; keywords of timedelta."""
    moment = datetime.datetime.now(datetime.UTC) - datetime.timedelta(**ago)
    return moment.isoformat(timespec="milliseconds")


class Store:
    """A database that is up to date; ``read`` and ``write`` give connections in a transaction."""

    def __init__(self, engine: Engine, reader: Engine | None = None) -> None:
        self.engine = engine
        self._reader = reader or engine
        self.counted: dict[int | None, tuple[float, dict[str, int]]] = {}
        """Counts of long lists by whom they are for, and when they were made (``worklist``)."""
        self.choices: tuple[float, dict[str, list[str]]] = (0.0, {})
        """What lists can be narrowed to, and when that was looked up."""
        self._writer = engine.execution_options(facetcode_write=True)

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that changes nothing; what one statement sees is of one moment."""
        with self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction: kept whole when the block ends well, gone when it raises.

        SQLite takes its write lock at the start, so that what is read in the block still holds
        when it is written.
        """
        with self._writer.begin() as connection:
            yield connection

    def lock_trail(self, connection: Connection) -> None:
        """Let nobody else write to the audit trail until this transaction ends."""
        if self.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})

    def settle(self) -> None:
        """Let the database count what it holds, so that it finds its way by the right index."""
        if self.dialect == "sqlite":
            with self.write() as connection:
                connection.exec_driver_sql("ANALYZE")
            return
        alone = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        with alone.connect() as connection:
            connection.exec_driver_sql("VACUUM (ANALYZE) items")

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()
        self._reader.dispose()


def open_store(where: str | Path, *, migrate: bool = True) -> Store:
    """Open ``where``, a file's path or a ``postgresql://`` URL, and bring it up to date.

    Raises DeskError when it cannot be reached or is of a newer facetcode.
    """
    url = _url(str(where))
    try:
        engine = create_engine(url, pool_size=20, max_overflow=10, hide_parameters=True)
    except (ArgumentError, ModuleNotFoundError) as error:
        raise DeskError(f"the database cannot be used: {type(error).__name__}") from None
    reader = None
    if engine.dialect.name == "sqlite":
        _tune_sqlite(engine)
        path = url.removeprefix("sqlite:///")
        if not Path(path).exists():
            # Notes of patients: for the owner's eyes from the first byte on.
            try:
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            except OSError as error:
                raise DeskError(f"{path}: cannot be made: {error.strerror}") from None
    else:
        # Reading needs no transaction, and beginning and ending one costs two more questions.
        reader = create_engine(
            url, pool_size=20, max_overflow=10, hide_parameters=True, isolation_level="AUTOCOMMIT"
        )
        for one in (engine, reader):
            _tune_postgresql(one)
    try:
        if migrate:
            _upgrade(engine)
        else:
            with engine.connect():
                pass
    except OperationalError as error:
        engine.dispose()
        raise DeskError(
            f"the database cannot be opened ({type(error.orig).__name__}); check that it "
            "is a desk's database, that the server runs and that the user may log in"
        ) from None
    except (SQLAlchemyError, DBAPIError) as error:
        engine.dispose()
        raise DeskError(f"the database cannot be opened: {type(error).__name__}") from None
    return Store(engine, reader)


def _url(where: str) -> str:
    if "://" not in where:
        return f"sqlite:///{Path(where).absolute()}"
    try:
        url = make_url(where)
    except ArgumentError:
        raise DeskError("the database's URL cannot be read; postgresql://user@host/name") from None
    if url.get_backend_name() == "postgresql":
        # pg8000 is BSD; psycopg's licence would bind who ships it.
        return url.set(drivername="postgresql+pg8000").render_as_string(hide_password=False)
    if url.get_backend_name() != "sqlite":
        raise DeskError("the desk keeps its data in SQLite or PostgreSQL")
    return where


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours, see below
        for pragma in (
            "journal_mode=WAL",
            # What was acknowledged must outlive the machine's power.
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=20000",
            "cache_size=-65536",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        write = connection.get_execution_options().get("facetcode_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _tune_postgresql(engine: Engine) -> None:
    import pg8000

    @event.listens_for(engine, "do_connect")
    def connecting(_: Any, __: Any, given_args: Any, given: dict[str, Any]) -> Any:
        host, root = given.pop("host", None) or "localhost", given.pop("sslrootcert", None)
        if host not in _LOOPBACK:
            # Notes of patients cross no network in the clear, nor to a server that is another's.
            given["ssl_context"] = ssl.create_default_context(cafile=root)
        try:
            line = socket.create_connection((host, given.get("port", 5432)), _WAIT)
        except OSError as error:
            raise pg8000.InterfaceError(f"cannot connect: {error.strerror}") from None
        line.settimeout(None)
        # The driver sends a question in small pieces; each would wait some 40 ms for the answer
        # to the one before.
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return pg8000.Connection(*given_args, host=host, sock=line, **given)


def migration_config() -> Config:
    """Alembic's settings, without a file: the migrations travel inside the package."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def _upgrade(engine: Engine) -> None:
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = migration_config()
    scripts = ScriptDirectory.from_config(config)
    with engine.connect() as connection:
        here = MigrationContext.configure(connection).get_current_revision()
    if here == scripts.get_current_head():
        return
    if here is not None and here not in {s.revision for s in scripts.walk_revisions()}:
        raise DeskError("the database is of a newer facetcode; install that one")
    with engine.execution_options(facetcode_write=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
