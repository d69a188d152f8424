"""The review desk under load: twenty coders over 100,000 notes on a real server.

    python benchmarks/desk.py DATABASE [--records N] [--users N] [--seconds N] [--json FILE]

DATABASE is a SQLite file that is not there yet, or the URL of an empty PostgreSQL database. Notes
and records are made up with a seed; ``facetcode desk import`` puts them in, ``facetcode desk
serve`` serves them, and each user works as a browser would: looks at the list, takes the next
note, reads it, corrects one in five, decides. Times are the server's own (Server-Timing): from
the request's arrival in the application to its answer, waiting for other requests included.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2

import facetcode
from facetcode import anatomy
from facetcode.coder import Coder
from facetcode.coding import load_policy
from facetcode.record import facts_from_json, to_json
from facetcode.review.identity import add_user
from facetcode.review.store import open_store

PASSWORD = "twenty coders at once"
PAYERS = [f"Payer {i}" for i in range(12)]
PHYSICIANS = [f"Dr. {i:03d}" for i in range(150)]
FILLER = (
    "The patient was placed prone and the skin was prepared and draped in the usual manner. "
    "The entry points were infiltrated with lidocaine. Aspiration was negative for blood. "
    "There were no complications and the patient left with written instructions. "
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("database")
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--pause", type=float, default=1.0, help="a user's mean pause, seconds")
    parser.add_argument("--policy", default="medicare-noridian")
    parser.add_argument("--seed", type=int, default=64490)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    environment = {**os.environ, "PYTHONPATH": str(Path(facetcode.__file__).parents[1])}
    desk = [sys.executable, "-m", "facetcode", "desk"]
    with tempfile.TemporaryDirectory() as folder:
        size = write_notes(Path(folder), given.records, given.policy, given.seed)
        print(f"{given.records:,} notes, {size / 1e6:,.0f} MB with their records", file=sys.stderr)
        open_store(given.database).close()
        begun = time.perf_counter()
        subprocess.run(
            [*desk, "import", f"{folder}/records.jsonl", f"{folder}/notes.jsonl",
             "--database", given.database],
            check=True, env=environment, stdout=sys.stderr,
        )  # fmt: skip
        imported = given.records / (time.perf_counter() - begun)
    store = open_store(given.database)
    names = [f"coder {i}" for i in range(given.users)]
    for name in names:
        add_user(store, name, "coder", PASSWORD)
    store.close()
    server = subprocess.Popen(
        [*desk, "serve", "--database", given.database, "--port", "0"],
        stdout=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        base = server.stdout.readline().removeprefix("The desk is at ").strip().rstrip("/")
        times, wrong, took = load(base, names, given.seconds, given.pause, given.seed)
    finally:
        server.terminate()
        server.wait(30)
    report(given, imported, times, wrong, took)


def write_notes(folder: Path, count: int, policy: str, seed: int) -> int:
    """notes.jsonl and records.jsonl of ``count`` made-up notes; their size in bytes."""
    chance = random.Random(seed)
    coder = Coder(load_policy(policy))
    with (folder / "notes.jsonl").open("w") as notes, (folder / "records.jsonl").open("w") as out:
        for number in range(count):
            note, facts = encounter(chance, f"n-{number}")
            meta = {key: value for key, value in note.items() if key not in ("note_id", "text")}
            record = coder.code_facts(
                facts_from_json(facts, note["note_id"]), note_id=note["note_id"], meta=meta
            )
            notes.write(json.dumps(note) + "\n")
            out.write(json.dumps(to_json(record)) + "\n")
    return sum(file.stat().st_size for file in folder.iterdir())


def encounter(chance: random.Random, note_id: str) -> tuple[dict[str, str], dict[str, Any]]:
    """A note of about 1,600 characters as an export has it, and its facts with their words."""
    first = chance.randrange(len(anatomy.CERVICAL_THORACIC) - 3)
    joints = anatomy.CERVICAL_THORACIC[first : first + chance.randint(1, 3)]
    side = chance.choice(["right", "left", "bilateral", "right", "left", "unstated"])
    intent = chance.choice(["diagnostic", "therapeutic"])
    relief = chance.randrange(10, 100, 5)
    text = (
        f"PROCEDURE: {'' if side == 'unstated' else side} {intent} medial branch block at "
        f"{', '.join(joints)} under fluoroscopy.\nINDICATION: neck pain for eight months, M47.812. "
        f"Physical therapy failed.\nPain 7/10 before. {FILLER * 5}\nShe had {relief}% relief.\n"
        f"Images were saved. Electronically signed.\n"
    )

    def spot(words: str) -> list[dict[str, Any]]:
        at = text.index(words)
        return [{"start": at, "end": at + len(words), "text": words}]

    findings = {
        "pain_duration": "eight months", "conservative_care": "Physical therapy failed",
        "images_saved": "Images were saved", "signature": "Electronically signed",
    }  # fmt: skip
    note = {
        "note_id": note_id, "text": text, "payer": chance.choice(PAYERS),
        "provider": chance.choice(PHYSICIANS), "patient_id": f"p-{chance.randrange(40_000)}",
        "date_of_service": f"2026-{chance.randint(1, 5):02d}-{chance.randint(1, 28):02d}",
    }  # fmt: skip
    facts = {
        "note_id": note_id,
        "procedure": {
            "kind": "medial_branch_block", "intent": intent, "ordinal": None,
            "evidence": spot("medial branch block"), "intent_evidence": spot(intent),
        },
        "levels": [
            {"joint": joint, "side": side, "named_as": "joints", "evidence": spot(joint)}
            for joint in joints
        ],
        "guidance": {"modality": "fluoroscopy", "evidence": spot("fluoroscopy")},
        "relief": [
            {"low": relief, "high": relief, "when": "today", "evidence": spot(f"{relief}%")}
        ],
        "diagnoses": [{"code": "M47.812", "evidence": spot("M47.812")}],
        "scores": [{"low": 7, "high": 7, "scale": 10, "when": "pre", "evidence": spot("7/10")}],
        "findings": [
            {"name": name, **({"value": "8"} if name == "pain_duration" else {}),
             "evidence": spot(findings[name])}
            for name in chance.sample(list(findings), chance.randint(2, 4))
        ],
    }  # fmt: skip
    return note, facts


class Person:
    """One coder's browser; ``times`` are the server's milliseconds by kind of request."""

    def __init__(self, base: str, name: str, pause: float, seed: int) -> None:
        self.http = httpx2.Client(base_url=base, follow_redirects=False, timeout=60)
        self.chance = random.Random(f"{seed} {name}")
        self.pause = pause
        self.times: dict[str, list[float]] = defaultdict(list)
        self.wrong: list[str] = []
        answer = self.http.post("/login", data={"name": name, "password": PASSWORD})
        assert answer.status_code == 303, answer.status_code
        self.token = self.http.get("/").text.split('name="csrf" value="')[1].split('"')[0]

    def rest(self) -> None:
        time.sleep(self.chance.uniform(0.5, 1.5) * self.pause)

    def ask(self, kind: str, method: str, path: str, body: Any = None) -> Any:
        head = (
            {"x-csrf-token": self.token, "accept": "application/json"} if body is not None else {}
        )
        answer = self.http.request(method, path, json=body, headers=head)
        self.times[kind].append(float(answer.headers["server-timing"].rpartition("dur=")[2]))
        if answer.status_code not in (200, 303):
            self.wrong.append(f"{kind}: {answer.status_code}")
        return answer

    def work(self, until: float) -> None:
        while time.monotonic() < until:
            narrowed = self.chance.choice(
                ["", "", "?state=open&status=query", f"?provider={self.chance.choice(PHYSICIANS)}",
                 f"?payer={self.chance.choice(PAYERS)}", "?flag=UNSIGNED", "?since=2026-03-01",
                 "?state=done"]
            )  # fmt: skip
            self.ask("worklist", "GET", f"/{narrowed}")
            self.rest()
            path = self.ask("next", "POST", "/next", {"state": "open"}).headers["location"]
            for _ in range(3):  # accept leads from note to note, not back to the list
                if not path.startswith("/items/"):
                    break
                shown = self.ask("note", "GET", path).text
                self.rest()
                item = path.partition("?")[0]
                version = int(shown.split('data-version="')[1].split('"')[0])
                if self.chance.random() < 0.2:
                    change = {"fact": "guidance", "do": "set", "modality": "ct"}
                    body = {**change, "version": version}
                    answer = self.ask("correct", "POST", f"{item}/correct", body)
                    version = answer.json().get("version", version)
                    self.rest()
                kind = self.chance.choices(["accept", "skip", "query"], [8, 1, 1])[0]
                body = {"version": version, "seconds": 5, "reason": "checked", "body": "Which?"}
                path = self.ask("decide", "POST", f"{item}/{kind}", body).json().get("next", "/")


def load(
    base: str, names: list[str], seconds: float, pause: float, seed: int
) -> tuple[dict[str, list[float]], list[str], float]:
    """All users at work for so long: times by kind, answers that were errors, seconds in all."""
    people = [Person(base, name, pause, seed) for name in names]
    begun = time.monotonic()

    def work(person: Person) -> None:
        time.sleep(person.chance.uniform(0, pause))
        with suppress(BrokenPipeError):
            person.work(begun + seconds)

    threads = [threading.Thread(target=work, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times: dict[str, list[float]] = defaultdict(list)
    for person in people:
        for kind, found in person.times.items():
            times[kind] += found
    return times, [said for person in people for said in person.wrong], time.monotonic() - begun


def report(
    given: argparse.Namespace, imported: float, times: dict[str, list[float]],
    wrong: list[str], took: float,
) -> None:  # fmt: skip
    """Print the figures, and write them as JSON where asked to."""
    figures: dict[str, Any] = {
        "database": given.database.partition("://")[0] if "://" in given.database else "sqlite",
        "records": given.records, "users": given.users, "pause_s": given.pause,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "import_records_per_s": round(imported),
        "requests_per_s": round(sum(map(len, times.values())) / took, 1),
        "errors": len(wrong),
        "ms": {},
    }  # fmt: skip
    print(f"import    {imported:10,.0f} records/s, start of the command included")
    for kind in ("worklist", "note", "next", "correct", "decide"):
        found = sorted(times[kind])
        cuts = statistics.quantiles(found, n=20)
        figures["ms"][kind] = {
            "n": len(found), "p50": round(cuts[9], 1), "p95": round(cuts[18], 1),
            "max": round(found[-1], 1),
        }  # fmt: skip
        print(
            f"{kind:9} {len(found):6,} requests, ms at the server: median {cuts[9]:6.1f}, "
            f"p95 {cuts[18]:6.1f}, longest {found[-1]:6.1f}"
        )
    print(f"{figures['requests_per_s']} requests/s, {len(wrong)} errors {sorted(set(wrong))}")
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
