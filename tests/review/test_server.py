"""The desk as it runs in earnest: a process that is killed, and databases that are copied back."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

import facetcode
from facetcode.review import decide
from facetcode.review.audit import verify
from facetcode.review.identity import User, add_user
from facetcode.review.store import Store, open_store

from .conftest import PASSWORD, missing, note, program, put

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(facetcode.__file__).parents[1])}


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a desk's data is to be, of both kinds."""
    if request.param == "sqlite":
        return str(tmp_path / "desk.sqlite")
    return str(request.getfixturevalue("postgres")())


def command(*args: str) -> list[str]:
    return [sys.executable, "-m", "facetcode", "desk", *args]


@contextmanager
def serving(where: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A desk's server in a process of its own, and the URL it prints."""
    process = subprocess.Popen(
        command("serve", "--database", where, "--port", "0"),
        stdout=subprocess.PIPE, text=True, env=ENVIRONMENT,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        yield process, said.removeprefix("The desk is at ").strip().rstrip("/")
    finally:
        process.kill()
        process.wait(20)
        assert process.stdout is not None
        process.stdout.close()


class Coder:
    """A coder's browser, as far as the server can tell."""

    def __init__(self, base: str, name: str) -> None:
        self.http = httpx2.Client(base_url=base, follow_redirects=False, timeout=20)
        answer = self.http.post("/login", data={"name": name, "password": PASSWORD})
        assert answer.status_code == 303
        self.token = self.http.get("/").text.split('name="csrf" value="')[1].split('"')[0]

    def post(self, path: str, **body: Any) -> Any:
        answer = self.http.post(
            path, json=body, headers={"x-csrf-token": self.token, "accept": "application/json"}
        )
        assert answer.status_code in (200, 303), answer.text
        return answer


def _type(coder: Coder, item: int, acknowledged: dict[str, Any]) -> None:
    """Type a request letter by letter and correct sides in between, until the server is gone."""
    coder.post(f"/items/{item}/take")
    typed, version = "", 0
    with suppress(httpx2.HTTPError):
        while True:
            typed += random.choice("abcdefgh ")
            coder.post(f"/items/{item}/draft", body=typed)
            acknowledged["typed"] = typed
            if len(typed) % 5 == 0:
                side = ("left", "right")[version % 2]
                answer = coder.post(
                    f"/items/{item}/correct",
                    fact="level", do="set", joint="C4-C5", side=side, version=version,
                )  # fmt: skip
                version = answer.json()["version"]
                acknowledged.update(version=version, side=side)


def test_a_killed_server_loses_nothing_it_acknowledged(where: str) -> None:
    store = open_store(where)
    put(store, [note(i) for i in range(1, 4)])
    users = [add_user(store, name, "coder", PASSWORD) for name in ("ann", "bob", "cy")]
    store.close()
    kept: list[dict[str, Any]] = [{} for _ in users]
    with serving(where) as (process, base):
        coders = [Coder(base, user.name) for user in users]
        threads = [
            threading.Thread(target=_type, args=(coder, item, kept[item - 1]))
            for item, coder in enumerate(coders, start=1)
        ]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 30
        while not all(one.get("version", 0) >= 2 for one in kept):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(random.random() / 5)  # at any point between keystroke and save
        process.send_signal(signal.SIGKILL)
        for thread in threads:
            thread.join(30)
    with serving(where) as (_, base):  # it starts again on what is left, and shows it
        for item, (user, was) in enumerate(zip(users, kept, strict=True), start=1):
            page = Coder(base, user.name).http.get(f"/items/{item}").text
            assert was["typed"].strip() in page
            assert "disabled" not in page, "the note is still in the hands of who had it"
    store = open_store(where)
    for item, (user, was) in enumerate(zip(users, kept, strict=True), start=1):
        found = decide.look(store, item, user)
        # A change may have been kept whose answer the kill cut off; then it is kept whole.
        assert found.row.version - was["version"] in (0, 1)
        if found.row.version == was["version"]:
            assert found.current["levels"][0]["side"] == was["side"]
        assert len(decide.history_of(store, item)) == found.row.version
        assert decide.draft_of(store, item, user)["body"].startswith(was["typed"])
    assert verify(store).broken is None
    store.close()


def _worked_on(where: str) -> tuple[Store, User]:
    store = open_store(where)
    put(store, [note(i) for i in range(1, 6)])
    ann = add_user(store, "ann", "coder", PASSWORD)
    for item in (1, 2):
        decide.take(store, item, ann)
        decide.accept(store, item, ann, 0, {"seconds": 3})
    return store, ann


def test_a_sqlite_desk_is_copied_while_it_runs_and_restored(tmp_path: Path) -> None:
    where, copy = str(tmp_path / "desk.sqlite"), str(tmp_path / "copy.sqlite")
    store, ann = _worked_on(where)
    with serving(where) as (_, base):
        coder = Coder(base, "ann")
        coder.post("/items/3/take")
        done = subprocess.run(
            command("backup", copy, "--database", where),
            capture_output=True, text=True, env=ENVIRONMENT,
        )  # fmt: skip
        assert (done.returncode, done.stdout.strip()) == (0, copy), done.stderr
        coder.post("/items/3/accept", version=0)
    assert os.stat(copy).st_mode & 0o077 == 0, "nobody else reads patients' notes"
    now = verify(store)
    store.close()
    # Restored: the copy is a desk as it was then, and people work on in it.
    restored = open_store(copy)
    assert verify(restored).broken is None
    assert verify(restored).entries < now.entries
    assert decide.look(restored, 1, ann).row.outcome == "accepted"
    with serving(copy) as (_, base):
        Coder(base, "ann").post("/items/3/accept", version=0)
    restored.close()
    again = subprocess.run(
        command("backup", copy, "--database", where),
        capture_output=True, text=True, env=ENVIRONMENT,
    )  # fmt: skip
    assert again.returncode == 2
    assert "exists already" in again.stderr


def test_a_postgresql_desk_is_dumped_and_restored(postgres: Any, tmp_path: Path) -> None:
    dump, restore = program("pg_dump"), program("pg_restore")
    if dump is None or restore is None:
        missing("PostgreSQL")
    where, empty = postgres(), postgres()
    store, ann = _worked_on(where)
    file = tmp_path / "desk.dump"
    subprocess.run([dump, "--format=custom", f"--file={file}", where], check=True)
    decide.take(store, 3, ann)
    decide.accept(store, 3, ann, 0, {"seconds": 3})
    before = verify(store)
    store.close()
    subprocess.run(
        [restore, "--no-owner", "--exit-on-error", f"--dbname={empty}", file], check=True
    )
    restored = open_store(empty)
    found = verify(restored)
    assert found.broken is None
    assert found.entries < before.entries
    assert [decide.look(restored, item, ann).row.state for item in (1, 2, 3)] == [
        "done", "done", "open",
    ]  # fmt: skip
    # Numbers are handed out on from where they were: the next decision does not collide.
    decide.take(restored, 3, ann)
    decide.accept(restored, 3, ann, 0, {"seconds": 3})
    restored.close()
    done = subprocess.run(
        command("backup", str(tmp_path / "copy"), "--database", where),
        capture_output=True, text=True, env=ENVIRONMENT,
    )  # fmt: skip
    assert done.returncode == 2
    assert "pg_dump" in done.stderr
