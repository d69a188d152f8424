"""A desk with a few notes, on SQLite and on a real PostgreSQL; a browser where there is one."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient

from facetcode.coding import load_policy
from facetcode.coding.assemble import code
from facetcode.facts import Diagnosis, Evidence, Facts, Guidance, Level, Procedure, Relief, Score
from facetcode.notes.note import Note
from facetcode.record import to_json
from facetcode.review import identity
from facetcode.review.app import make_app
from facetcode.review.correct import Policies
from facetcode.review.identity import User, add_user
from facetcode.review.load import Imported, import_notes, import_records
from facetcode.review.store import Store, open_store
from facetcode.review.web import Desk, make_templates

PASSWORD = "correct horse battery"


def wanted(what: str) -> None:
    """Skip what CI has tested already, on the checkout."""
    if what in os.environ.get("FACETCODE_WITHOUT", ""):
        pytest.skip(f"tested without {what}")


def missing(what: str) -> None:
    """Skip for want of a program; where CI says it must be there, fail."""
    if what in os.environ.get("FACETCODE_MUST_HAVE", ""):
        pytest.fail(f"{what} is not installed")
    pytest.skip(f"no {what} here")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def program(name: str) -> str | None:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """A PostgreSQL server of the tests' own; calling it gives the URL of a new database."""
    wanted("PostgreSQL")
    initdb, server = program("initdb"), program("postgres")
    if initdb is None or server is None:
        missing("PostgreSQL")
    folder = Path(f"/tmp/facetcode-pg-{os.getpid()}")
    folder.mkdir(mode=0o700)
    # PostgreSQL refuses to run as root; Debian's package makes a user for it.
    alone: list[str] = []
    if os.geteuid() == 0:
        try:
            owner = pwd.getpwnam("postgres")
        except KeyError:
            missing("PostgreSQL")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        alone = ["runuser", "-u", "postgres", "--"]
    port = free_port()
    data = folder / "data"
    subprocess.run(
        [*alone, initdb, "-D", data, "-U", "desk", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True, capture_output=True, cwd=folder,
    )  # fmt: skip
    process = subprocess.Popen(
        [*alone, server, "-D", data, "-p", str(port), "-k", folder, "-c", "listen_addresses=127.0.0.1,127.0.0.2",
         "-c", "fsync=off"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
    )  # fmt: skip
    import pg8000.native

    def connect() -> Any:
        return pg8000.native.Connection("desk", host="127.0.0.1", port=port, database="postgres")

    for _ in range(100):
        try:
            connect().close()
            break
        except pg8000.exceptions.InterfaceError:
            time.sleep(0.1)
        except pg8000.exceptions.DatabaseError:
            time.sleep(0.1)
    made = 0

    def new() -> str:
        nonlocal made
        made += 1
        connection = connect()
        connection.run(f"CREATE DATABASE d{made}")
        connection.close()
        return f"postgresql://desk@127.0.0.1:{port}/d{made}"

    yield new
    process.terminate()
    process.wait(20)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True, scope="session")
def quick_passwords() -> Iterator[None]:
    """Hashing that takes no time: how hard it is in earnest is the library's own matter."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            identity, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        )
        yield


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty desk's database, of both kinds."""
    where = (
        str(tmp_path / "desk.sqlite")
        if request.param == "sqlite"
        else request.getfixturevalue("postgres")()
    )
    made = open_store(where)
    yield made
    made.close()


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Store]:
    """An empty desk's database, SQLite alone: for what does not touch the database's own ways."""
    made = open_store(tmp_path / "desk.sqlite")
    yield made
    made.close()


def spot(text: str, words: str) -> tuple[Evidence, ...]:
    at = text.index(words)
    return (Evidence(at, at + len(words), words),)


def note(number: int, *, side: str = "Right", extra: str = "") -> tuple[Note, dict[str, Any]]:
    """A note about one level, and the record of what it says; ``extra`` goes to its end."""
    text = (
        f"Note {number}: {side} C4-5 medial branch block, first diagnostic, under fluoroscopy.\n"
        f"Pain 7/10 before. Spondylosis M47.812. She had 85% relief today.\n{extra}"
    )
    sides = {"Right": "right", "Left": "left", "Bilateral": "bilateral", "The": "unstated"}
    facts = Facts(
        Procedure("medial_branch_block", "diagnostic", 1, spot(text, "medial branch block"),
                  spot(text, "first diagnostic")),
        (Level("C4-C5", sides[side], "joints", spot(text, "C4-5")),),  # type: ignore[arg-type]
        guidance=Guidance("fluoroscopy", spot(text, "fluoroscopy")),
        relief=(Relief(85, 85, "today", spot(text, "85% relief")),),
        diagnoses=(Diagnosis("M47.812", spot(text, "M47.812")),),
        scores=(Score(7, 7, 10, "pre", spot(text, "7/10")),),
    )  # fmt: skip
    meta = {
        "date_of_service": f"2026-03-{number % 28 + 1:02d}",
        "payer": ("Acme", "Borealis")[number % 2],
        "provider": ("Dr. Ames", "Dr. Birk", "Dr. Cole")[number % 3],
        "patient_id": f"p{number % 4}",
    }
    made = Note(f"n-{number}", text, meta, f"export:{number}")
    record = code(facts, load_policy("default").on(None), note_id=made.note_id, meta=meta)
    return made, to_json(record)


def put(store: Store, pairs: list[tuple[Note, dict[str, Any]]]) -> Imported:
    result = Imported()
    import_notes(store, [n for n, _ in pairs], result)
    lines = ((f"records:{i}", json.dumps(r).encode()) for i, (_, r) in enumerate(pairs, 1))
    import_records(store, lines, result)
    return result


@dataclass
class People:
    """Four users, one of each role, and a second coder."""

    ann: User
    bob: User
    eve: User
    lea: User
    ada: User


def people(store: Store) -> People:
    return People(
        ann=add_user(store, "ann", "coder", PASSWORD),
        bob=add_user(store, "bob", "coder", PASSWORD),
        eve=add_user(store, "eve", "auditor", PASSWORD),
        lea=add_user(store, "lea", "lead", PASSWORD),
        ada=add_user(store, "ada", "admin", PASSWORD),
    )


@dataclass
class Site:
    """A desk as its pages see it: a client a person, logged in."""

    store: Store
    people: People
    app: Any
    clients: dict[str, TestClient] = field(default_factory=dict)

    def client(self, name: str) -> TestClient:
        if name not in self.clients:
            made = TestClient(self.app, base_url="http://127.0.0.1", follow_redirects=False)
            answer = made.post("/login", data={"name": name, "password": PASSWORD})
            assert answer.status_code == 303, answer.text
            self.clients[name] = made
        return self.clients[name]

    def stranger(self) -> TestClient:
        return TestClient(self.app, base_url="http://127.0.0.1", follow_redirects=False)

    def token(self, name: str) -> str:
        page = self.client(name).get("/").text
        return page.split('name="csrf" value="')[1].split('"')[0]

    def post(self, name: str, path: str, **body: Any) -> Any:
        return self.client(name).post(
            path,
            json=body,
            headers={"x-csrf-token": self.token(name), "accept": "application/json"},
        )


@pytest.fixture
def site(lite: Store) -> Site:
    """A desk with ten notes and five people."""
    put(lite, [note(i) for i in range(1, 11)])
    desk = Desk(lite, Policies(), make_templates(), secure=False)
    return Site(lite, people(lite), make_app(desk, ["127.0.0.1", "localhost"]))


@pytest.fixture
def served(site: Site) -> Iterator[str]:
    """The desk of ``site`` on a port of this machine; its URL."""
    import uvicorn

    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(site.app, host="127.0.0.1", port=port, log_level="error", access_log=False)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium, Debian's or whichever is on the path."""
    wanted("Chromium")
    found = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if found is None:
        missing("Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(
            executable_path=found,
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                  "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        )  # fmt: skip
        yield made
        made.close()
