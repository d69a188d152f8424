"""``facetcode desk``: the coders' review desk in a browser."""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec

import typer

from facetcode.errors import FacetcodeError

if TYPE_CHECKING:
    from facetcode.review.store import Store

P = ParamSpec("P")

DatabaseOption = Annotated[
    str,
    typer.Option(
        "--database",
        metavar="FILE|URL",
        envvar="FACETCODE_DESK",
        help="A SQLite file, or postgresql://user@host/name.",
    ),
]
_DATABASE = "desk.sqlite"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _open(database: str) -> Store:
    try:
        from facetcode.review.store import open_store
    except ModuleNotFoundError as error:
        raise FacetcodeError(
            f"the desk needs {error.name}; install it with: pip install 'facetcode[desk]'"
        ) from None
    return open_store(database)


def import_command(
    records: Annotated[
        Path, typer.Argument(metavar="RECORDS", help="records.jsonl, as code or batch writes it.")
    ],
    notes: Annotated[
        list[Path], typer.Argument(metavar="NOTES...", help="The notes, in any format code reads.")
    ],
    database: DatabaseOption = _DATABASE,
) -> None:
    """Put records and their notes on the desk. Doing it again changes nothing.

    Example: facetcode desk import out/records.jsonl notes/
    """
    store = _open(database)
    from facetcode.notes.formats import Reject, read
    from facetcode.notes.note import Note
    from facetcode.review.load import Imported, import_notes, import_records, numbered

    if not records.is_file():
        raise FacetcodeError(f"{records}: no such file")
    result = Imported()

    def shown(given: Iterator[Note | Reject]) -> Iterator[Note | Reject]:
        for count, item in enumerate(given, start=1):
            if count % 5000 == 0:
                print(f"facetcode: {count:,} notes read", file=sys.stderr)
            yield item

    import_notes(store, shown(read(notes)), result)
    import_records(store, numbered(records), result)
    store.settle()
    for problem in result.problems:
        print(f"facetcode: {problem}", file=sys.stderr)
    print(
        f"{result.added:,} records added, {result.updated:,} replaced, {result.unchanged:,} as "
        f"before, {result.kept:,} left as coders have them; {result.without_note:,} without their "
        f"note, {result.rejected:,} refused"
    )
    if result.without_note or result.rejected:
        raise typer.Exit(1)


def serve_command(
    database: DatabaseOption = _DATABASE,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8765,
    policies: Annotated[
        list[Path] | None,
        typer.Option("--policies", metavar="FILE", help="A policy of your own that records name."),
    ] = None,
    certificate: Annotated[Path | None, typer.Option("--tls-cert", metavar="FILE")] = None,
    key: Annotated[Path | None, typer.Option("--tls-key", metavar="FILE")] = None,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", metavar="HOST", help="A name under which browsers reach the desk."),
    ] = None,
    behind_proxy: Annotated[
        bool,
        typer.Option("--behind-tls-proxy", help="A proxy of yours ends TLS in front of the desk."),
    ] = False,
    settings: Annotated[
        Path | None,
        typer.Option("--settings", metavar="FILE", help="Identity provider (docs/desk.md)."),
    ] = None,
) -> None:
    """Serve the desk to browsers: on this machine, or by TLS to others.

    Example: facetcode desk serve --database desk.sqlite
    """
    if (certificate is None) != (key is None):
        raise FacetcodeError("--tls-cert and --tls-key belong together: name both")
    if host not in _LOOPBACK and certificate is None and not behind_proxy:
        raise FacetcodeError(
            f"patients' notes do not cross a network in the clear: to listen on {host} name "
            "--tls-cert and --tls-key, or say --behind-tls-proxy if a proxy of yours ends TLS"
        )
    store = _open(database)
    from facetcode.review.identity import any_users, make_link

    link = None if any_users(store) else f"first/{make_link(store, 'first')}"
    _serve(
        store, host, port, policies or [], link=link, certificate=certificate, key=key,
        names=name or [], behind_proxy=behind_proxy, settings=settings,
    )  # fmt: skip


def _serve(
    store: Store,
    host: str,
    port: int,
    policies: list[Path],
    *,
    link: str | None,
    certificate: Path | None = None,
    key: Path | None = None,
    names: list[str] | None = None,
    behind_proxy: bool = False,
    settings: Path | None = None,
) -> None:
    import uvicorn

    from facetcode.review.app import make_app
    from facetcode.review.correct import Policies
    from facetcode.review.oidc import load_provider
    from facetcode.review.web import Desk, make_templates

    secure = certificate is not None or behind_proxy
    desk = Desk(
        store, Policies(policies), make_templates(), secure,
        load_provider(settings) if settings else None,
    )  # fmt: skip
    app = make_app(desk, [*_LOOPBACK, "[::1]", host, *(names or [])])

    class Server(uvicorn.Server):
        """Says where the desk is once it can be reached there, whatever port it was given."""

        async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
            await super().startup(sockets)  # type: ignore[arg-type]
            if not self.servers:
                return
            at = self.servers[0].sockets[0].getsockname()[1]
            shown = host if ":" not in host else f"[{host}]"
            base = f"{'https' if certificate else 'http'}://{shown}:{at}/"
            print(f"The desk is at {base}", flush=True)
            if link:
                print(f"Open this link once: {base}{link}", flush=True)

    config = uvicorn.Config(
        app, host=host, port=port, log_level="warning", access_log=False, server_header=False,
        ssl_certfile=certificate, ssl_keyfile=str(key) if key else None,
        proxy_headers=behind_proxy, forwarded_allow_ips="*" if behind_proxy else None,
        timeout_graceful_shutdown=5,
    )  # fmt: skip
    # Of an error inside the server or in the middle of an export only the kind is told.
    logging.getLogger("uvicorn.error").addFilter(without_words)
    try:
        Server(config).run()
    except OSError as error:
        raise FacetcodeError(f"cannot listen on {host}:{port}: {error.strerror}") from None
    finally:
        store.close()


def without_words(record: logging.LogRecord) -> bool:
    """Take the traceback off a log record: its last line may quote a note."""
    if record.exc_info and record.exc_info[0]:
        record.msg, record.args = f"internal error ({record.exc_info[0].__name__})", ()
    record.exc_info = record.exc_text = None
    return True


def demo_command(
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8765,
    policy: Annotated[str, typer.Option("--policy", metavar="NAME")] = "medicare",
) -> None:
    """Open the desk with the sample notes, in a database that is gone afterwards.

    Example: facetcode desk demo
    """
    with tempfile.TemporaryDirectory(prefix="facetcode-desk-") as folder:
        store = _open(str(Path(folder) / "demo.sqlite"))
        from facetcode.review.identity import add_user, make_link

        fill_with_samples(store, policy)
        user = add_user(store, "demo", "admin")
        add_user(store, "second reviewer", "auditor")
        _serve(store, "127.0.0.1", port, [], link=f"enter/{make_link(store, 'login', user)}")


def samples_folder() -> Path:
    """Where the sample notes are: in the installed package, or in the checkout."""
    packaged = Path(str(files("facetcode") / "_samples"))
    if packaged.is_dir():
        return packaged
    return Path(__file__).resolve().parents[3] / "annotations" / "samples"


def fill_with_samples(store: Store, policy: str) -> None:
    """Code the sample notes and put them on the desk."""
    from facetcode.coder import load
    from facetcode.notes.formats import read
    from facetcode.notes.note import Note
    from facetcode.record import to_json
    from facetcode.review.load import Imported, import_notes, import_records

    paths = sorted(samples_folder().glob("*.txt"))
    if not paths:
        raise FacetcodeError("the sample notes are not installed; run this in a checkout")
    print("Coding the sample notes …", file=sys.stderr)
    coder = load(policy)
    # The samples are texts alone; an export would have said whose they are.
    notes = [
        Note(
            note.note_id,
            note.text,
            {
                "patient_id": f"sample-{i % 9}",
                "provider": ("Dr. Ames", "Dr. Birk", "Dr. Cole")[i % 3],
                "payer": policy.title(),
                **note.meta,
            },
            note.source,
        )
        for i, note in enumerate(read(paths))
        if isinstance(note, Note)
    ]
    result = Imported()
    import_notes(store, notes, result)
    lines = [json.dumps(to_json(coder(note))).encode() for note in notes]
    import_records(store, ((f"sample {i}", line) for i, line in enumerate(lines, 1)), result)


def user_add_command(
    name: Annotated[str, typer.Argument(help="The user's name.")],
    role: Annotated[str, typer.Option(help="coder, auditor, lead or admin.")] = "coder",
    database: DatabaseOption = _DATABASE,
    base: Annotated[
        str, typer.Option("--at", metavar="URL", help="Where browsers reach the desk.")
    ] = "http://127.0.0.1:8765",
) -> None:
    """Add a user, or give one who is there already a new way in; prints a link that works once.

    Example: facetcode desk user add "R. Okafor" --role coder
    """
    store = _open(database)
    from facetcode.review.identity import add_user, by_name, make_link

    user = by_name(store, name.strip()) or add_user(store, name, role)
    link = make_link(store, "login", user)
    print(f"{user.name}, {user.role}: open once, within a day: {base.rstrip('/')}/enter/{link}")


def verify_command(
    database: DatabaseOption = _DATABASE,
    expected: Annotated[
        str | None,
        typer.Option("--expect", metavar="HASH", help="A last hash kept from an earlier check."),
    ] = None,
) -> None:
    """Check that the audit trail is whole; prints its last hash, to be kept elsewhere.

    Example: facetcode desk verify --database desk.sqlite
    """
    store = _open(database)
    from sqlalchemy import select

    from facetcode.review.audit import verify
    from facetcode.review.schema import audit

    found = verify(store)
    if found.broken is not None:
        print(f"BROKEN at entry {found.broken:,}: it was changed, or one before it is missing")
        raise typer.Exit(1)
    if expected:
        with store.read() as connection:
            known = connection.execute(select(audit.c.seq).where(audit.c.hash == expected)).first()
        if known is None:
            print(f"BROKEN: the trail does not hold the hash {expected}; its end was cut off")
            raise typer.Exit(1)
    print(f"whole: {found.entries:,} entries, last hash {found.head}")


def backup_command(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes.")],
    database: DatabaseOption = _DATABASE,
) -> None:
    """Copy a SQLite desk while it runs; a PostgreSQL one is copied by pg_dump (docs/desk.md).

    Example: facetcode desk backup desk-2026-11-24.sqlite
    """
    import os
    import sqlite3

    store = _open(database)
    if store.dialect != "sqlite":
        raise FacetcodeError("copy a PostgreSQL desk with pg_dump --format=custom (docs/desk.md)")
    if target.exists():
        raise FacetcodeError(f"{target}: exists already; name another file")
    partial = target.with_name(target.name + ".partial")
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600))
    except OSError as error:
        raise FacetcodeError(f"{target}: cannot be written: {error.strerror}") from None
    source = sqlite3.connect(str(store.engine.url.database))
    copy = sqlite3.connect(partial)
    with copy:
        source.backup(copy)
    copy.close()
    source.close()
    os.replace(partial, target)
    print(target)


def export_command(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="decisions.jsonl, decisions.csv, final-codes.csv, final-codes.jsonl or "
            "annotations.jsonl.",
        ),
    ],
    database: DatabaseOption = _DATABASE,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", show_default=False)
    ] = None,
    policies: Annotated[list[Path] | None, typer.Option("--policies", metavar="FILE")] = None,
) -> None:
    """Write decisions, final codes or annotations made at the desk.

    Example: facetcode desk export final-codes.csv -o codes.csv
    """
    store = _open(database)
    from facetcode.output import replacing
    from facetcode.review.correct import Policies
    from facetcode.review.export import export

    lines = export(store, name, Policies(policies or []), None)
    if output is None:
        sys.stdout.writelines(lines)
        return
    with replacing(output) as file:
        for line in lines:
            file.write(line.encode("utf-8"))


def desk_app(guarded: Callable[[Callable[..., None]], Callable[..., None]]) -> typer.Typer:
    """The commands of ``facetcode desk``; ``guarded`` turns errors into messages."""
    app = typer.Typer(no_args_is_help=True, help="The coders' review desk in a browser.")
    for name, command in (
        ("demo", demo_command),
        ("import", import_command),
        ("serve", serve_command),
        ("verify", verify_command),
        ("backup", backup_command),
        ("export", export_command),
    ):
        app.command(name)(guarded(command))
    users = typer.Typer(no_args_is_help=True, help="Who may log in.")
    users.command("add")(guarded(user_add_command))
    users.callback()(lambda: None)
    app.add_typer(users, name="user")
    return app
