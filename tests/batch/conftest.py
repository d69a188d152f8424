"""An export large enough to be interrupted, and the command run on it as its users do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")

SAMPLES = Path(__file__).parents[2] / "annotations" / "samples"

Run = Callable[..., subprocess.CompletedProcess[str]]


def command(*given: object) -> list[str]:
    return [sys.executable, "-m", "facetcode", "batch", *map(str, given)]


def environment() -> dict[str, str]:
    """The tests' import path, which a process of its own does not inherit from pytest."""
    paths = [path for path in sys.path if path]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "200"}


@pytest.fixture(scope="session")
def batch() -> Run:
    """Runs ``facetcode batch`` to its end."""

    def run(*given: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*given), capture_output=True, text=True, env=environment(), timeout=240
        )

    return run


def _heeds_interrupts() -> None:
    """What a shell runs in its background ignores interrupts, and so do its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _started(out: Path, *given: object) -> subprocess.Popen[bytes]:
    """A run that has got somewhere: its journal holds an entry that is not the end."""
    process = subprocess.Popen(
        command(*given), env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True, preexec_fn=_heeds_interrupts,
    )  # fmt: skip
    journal = out / ".facetcode" / "journal.jsonl"
    for _ in range(600):
        if journal.exists() and journal.read_bytes().count(b"\n"):
            return process
        assert process.poll() is None, "the run ended before it could be disturbed"
        time.sleep(0.05)
    raise AssertionError("the run did not begin")


@pytest.fixture(scope="session")
def start() -> Callable[..., subprocess.Popen[bytes]]:
    """Starts ``facetcode batch`` and returns once it has got somewhere."""
    return _started


@pytest.fixture(scope="session")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some hundred notes in two files, with records among them that cannot be read."""
    folder = tmp_path_factory.mktemp("export")
    texts = [path.read_text(encoding="utf-8") for path in sorted(SAMPLES.glob("*.txt"))]
    with (folder / "a.jsonl").open("w", encoding="utf-8") as file:
        for n in range(240):
            note = {
                "note_id": f"n-{n}",
                "text": texts[n % len(texts)],
                "date_of_service": "2026-03-0" + str(1 + n % 9),
                "provider": f"Dr {'ABC'[n % 3]}",
                "payer": ["Medicare", "Aetna", "=Payer"][n % 3],
                "patient_id": f"p-{n % 50}",
            }
            file.write(json.dumps(note) + "\n")
            if n % 60 == 30:
                file.write("{broken\n")
    rows = "".join(f'c-{n},"No block here, visit {n}."\n' for n in range(200))
    (folder / "b.csv").write_text(f"note_id,text\n{rows}c-1,again\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def whole(batch: Run, export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a run that nothing disturbed."""
    out = tmp_path_factory.mktemp("whole") / "out"
    done = batch(export, "--out", out, "--policy", "medicare", "--workers", 2)
    assert done.returncode == 1, done.stderr
    return out
