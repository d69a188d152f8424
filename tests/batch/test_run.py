"""Whole runs in processes of their own: what they leave, and what they survive."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from facetcode import load
from facetcode.notes.formats import read
from facetcode.notes.note import Note
from facetcode.record import to_json

Run = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[bytes]]
ALWAYS = {
    "records.jsonl", "records.parquet", "worklist.csv", "queries.md", "rejects.jsonl",
    "summary.json", "report.html", "manifest.json",
}  # fmt: skip
LINUX = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def contents(out: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in out.iterdir() if not p.name.startswith(".")}


def workers(process: subprocess.Popen[bytes]) -> list[int]:
    """Processes below a run that compute: children of its fork server."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = stat.read_text().split(" (", 1)
        except OSError:
            continue
        parents[int(pid)] = int(rest.rsplit(")", 1)[1].split()[1])
    children = [pid for pid, parent in parents.items() if parent == process.pid]
    return [pid for pid, parent in parents.items() if parent in children]


def test_a_run_leaves_the_records_that_code_makes_and_counts_every_note(
    export: Path, whole: Path
) -> None:
    coder = load("medicare")
    expected = [to_json(coder(item)) for item in read([export]) if isinstance(item, Note)]
    assert lines(whole / "records.jsonl") == json.loads(json.dumps(expected))
    assert set(contents(whole)) == ALWAYS
    rejects = lines(whole / "rejects.jsonl")
    assert [r["reason"][:20] for r in rejects] == ["the line is not vali"] * 4 + [
        "its id stood already"
    ]
    counts = json.loads((whole / "manifest.json").read_text())["counts"]
    assert counts == {"items": len(expected) + 5, "records": len(expected), "rejects": 5}


def test_the_other_files_say_the_same_as_the_records(whole: Path) -> None:
    records = lines(whole / "records.jsonl")
    table = pyarrow.parquet.read_table(whole / "records.parquet").to_pylist()
    assert [row["note_id"] for row in table] == [r["note_id"] for r in records]
    assert [len(row["lines"]) for row in table] == [len(r["lines"]) for r in records]
    with (whole / "worklist.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    ours = [r for r in records if r["status"] != "not_applicable"]
    assert [row["note_id"] for row in rows] == [r["note_id"] for r in ours]
    assert {row["payer"] for row in rows} == {"Medicare", "Aetna", "'=Payer"}
    summary = json.loads((whole / "summary.json").read_text())
    assert summary["notes"] == len(records)
    assert sum(summary["status"].values()) == len(records)
    assert summary["codes"]["64490"] == sum(
        line["code"] == "64490" for r in records for line in r["lines"]
    )
    assert sum(
        who["coded"] + who.get("query", 0) for who in summary["by_provider"].values()
    ) == len(ours)
    page = (whole / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 5 and "<script" not in page and "http" not in page
    letters = (whole / "queries.md").read_text(encoding="utf-8")
    assert [line[3:] for line in letters.splitlines() if line.startswith("## ")] == [
        "Dr A", "Dr B", "Dr C",
    ]  # fmt: skip


def test_a_rerun_with_nothing_new_does_nothing(batch: Run, export: Path, whole: Path) -> None:
    before = {p.name: p.stat().st_mtime_ns for p in whole.iterdir() if p.suffix}
    again = batch(export, "--out", whole, "--policy", "medicare")
    assert again.returncode == 0 and "nothing new" in again.stderr
    assert {p.name: p.stat().st_mtime_ns for p in whole.iterdir() if p.suffix} == before


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_a_stopped_run_goes_on_to_the_same_bytes(
    start: Start, batch: Run, export: Path, whole: Path, tmp_path: Path, stop: signal.Signals
) -> None:
    given = (export, "--out", tmp_path / "out", "--policy", "medicare", "--workers", 1)
    process = start(tmp_path / "out", *given)
    if stop is signal.SIGKILL:
        os.killpg(process.pid, stop)
    else:
        process.send_signal(stop)
    assert process.wait(timeout=30) in {-stop, 130}
    assert not (tmp_path / "out" / "manifest.json").exists()
    done = batch(*given)
    assert done.returncode == 1, done.stderr
    assert contents(tmp_path / "out") == contents(whole)
    assert not (tmp_path / "out" / ".facetcode").exists()


@LINUX
def test_a_worker_that_dies_costs_no_more_than_one_note(
    start: Start, export: Path, whole: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = start(out, export, "--out", out, "--policy", "medicare", "--workers", 2)
    for pid in workers(process):
        os.kill(pid, signal.SIGKILL)
    assert process.wait(timeout=120) == 1
    kept = {r["note_id"]: r for r in lines(out / "records.jsonl")}
    lost = {r["note_id"] for r in lines(out / "rejects.jsonl") if "died" in r["reason"]}
    assert len(lost) <= 2
    undisturbed = {r["note_id"]: r for r in lines(whole / "records.jsonl")}
    assert {n: r for n, r in undisturbed.items() if n not in lost} == kept


def heavy(path: Path, times: int) -> Path:
    """Notes of which the middle one is far heavier than the others."""
    text = "Right C4-5 medial branch block under fluoroscopy, diagnostic."
    middle = text + " C4-5 left, failed therapy, pain 7/10, 80% relief;" * times
    notes = [("a", text), ("heavy", middle), ("b", text)]
    path.write_text("".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in notes))
    return path


@pytest.mark.parametrize(
    ("limit", "times", "reason"),
    [
        pytest.param(("--timeout", "1.5"), 5_000, "it took longer than 1.5 s", id="time"),
        pytest.param(
            ("--memory", "64"), 20_000, "it needs more memory than one note may take",
            id="memory", marks=LINUX,
        ),
    ],
)  # fmt: skip
def test_a_note_beyond_its_budget_is_rejected_alone(
    batch: Run, tmp_path: Path, limit: tuple[str, str], times: int, reason: str
) -> None:
    source, out = heavy(tmp_path / "heavy.jsonl", times), tmp_path / "out"
    done = batch(source, "--out", out, "--workers", 1, *limit)
    assert done.returncode == 1, done.stderr
    assert [r["note_id"] for r in lines(out / "records.jsonl")] == ["a", "b"]
    (reject,) = lines(out / "rejects.jsonl")
    assert (reject["note_id"], reject["reason"]) == ("heavy", reason)
    assert reject["source"].endswith("heavy.jsonl:2")


def test_what_could_not_be_coded_is_coded_again_alone(batch: Run, tmp_path: Path) -> None:
    source, out = heavy(tmp_path / "heavy.jsonl", 2_000), tmp_path / "out"
    too_soon = batch(source, "--out", out, "--retry")
    assert too_soon.returncode == 2 and "no whole run" in too_soon.stderr
    assert batch(source, "--out", out, "--workers", 1, "--timeout", 0.5).returncode == 1
    before = lines(out / "records.jsonl")
    again = batch(source, "--out", out, "--workers", 1, "--retry", "--timeout", 120)
    assert again.returncode == 0, again.stderr
    records = lines(out / "records.jsonl")
    assert [r["note_id"] for r in records] == ["a", "heavy", "b"]
    assert [records[0], records[2]] == before
    assert lines(out / "rejects.jsonl") == []


def test_two_runs_in_one_folder(start: Start, batch: Run, export: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = start(out, export, "--out", out, "--workers", 1)
    second = batch(export, "--out", out)
    first.kill()
    first.wait()
    assert second.returncode == 2
    assert "another run is writing here" in second.stderr


def test_another_run_in_the_folder_is_not_written_over(
    start: Start, batch: Run, export: Path, whole: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = start(out, export, "--out", out, "--workers", 1)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    for where, said in ((out, "an unfinished run that differs in policy"), (whole, "another run")):
        other = batch(export, "--out", where, "--policy", "default")
        assert other.returncode == 2
        assert said in other.stderr
    fresh = batch(export, "--out", out, "--policy", "medicare", "--restart")
    assert fresh.returncode == 1
    assert contents(out) == contents(whole)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param(("{export}", "--out", "{file}/out"), "Not a directory", id="out-in-a-file"),
        pytest.param(("{file}.gone", "--out", "{tmp}"), "no such file or folder", id="no-input"),
        pytest.param(
            ("{export}", "--out", "{tmp}", "--policy", "nobody"), "there is no policy 'nobody'",
            id="no-policy",
        ),
    ],
)  # fmt: skip
def test_wrong_use_is_status_2(
    batch: Run, export: Path, tmp_path: Path, given: tuple[str, ...], said: str
) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    done = batch(*(part.format(export=export, file=file, tmp=tmp_path / "o") for part in given))
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_said_and_gone_on_from(
    batch: Run, export: Path, whole: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    size = sum(len(data) for data in contents(whole).values())
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size // 2 // 4096 * 4}k", "none", str(out)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        full = batch(export, "--out", out, "--policy", "medicare", "--workers", 1)
        assert full.returncode == 2, full.stderr
        assert "the disk is full" in full.stderr
        subprocess.run(["mount", "-o", "remount,size=64m", str(out)], check=True)
        again = batch(export, "--out", out, "--policy", "medicare", "--workers", 1)
        assert again.returncode == 1, again.stderr
        assert contents(out) == contents(whole)
    finally:
        subprocess.run(["umount", str(out)], check=True)


def test_a_practice_s_own_column_names(batch: Run, tmp_path: Path) -> None:
    source, out = tmp_path / "own.csv", tmp_path / "out"
    source.write_text("KEY9,BLOB,DOC\n7,Right C4-5 MBB under fluoroscopy,Ana Ruiz\n")
    given = ("--map", "note_id=KEY9", "--map", "text=BLOB", "--map", "provider=DOC")
    done = batch(source, "--out", out, *given)
    assert done.returncode == 0, done.stderr
    (record,) = lines(out / "records.jsonl")
    assert (record["note_id"], record["meta"]["provider"]) == ("7", "Ana Ruiz")
    for wrong, said in (("text=NOTHING", "no column 'NOTHING'"), ("words=BLOB", "KEY=COLUMN")):
        bad = batch(source, "--out", tmp_path / "other", "--map", wrong)
        assert bad.returncode == 2
        assert said in bad.stderr


def test_claims_of_what_is_ready_to_bill(batch: Run, whole: Path, tmp_path: Path) -> None:
    import hl7

    ready = [
        r for r in lines(whole / "records.jsonl")
        if r["status"] == "coded" and not any(f["severity"] == "hard" for f in r["flags"])
    ]  # fmt: skip
    assert ready, "the samples hold notes that are complete"
    source = tmp_path / "ready.jsonl"
    texts = {
        p.stem: p.read_text()
        for p in (Path(__file__).parents[2] / "annotations/samples").glob("*.txt")
    }
    clean = next(n for n, t in texts.items() if load("medicare")(t).status == "coded" and not [
        f for f in load("medicare")(t).flags if f.severity == "hard"])  # fmt: skip
    note = {"id": "n|1", "text": texts[clean], "patient_id": "p^4", "date_of_service": "2026-03-01"}
    source.write_text(
        json.dumps(note) + "\n" + json.dumps({"id": "q", "text": "MBB, no more"}) + "\n"
    )
    for form, name in (("fhir", "claims.ndjson"), ("hl7", "claims.hl7")):
        out = tmp_path / form
        assert (
            batch(source, "--out", out, "--policy", "medicare", "--billing", form).returncode == 0
        )
        (record,) = [r for r in lines(out / "records.jsonl") if r["note_id"] == "n|1"]
        codes = [line["code"] for line in record["lines"]]
        if form == "fhir":
            (claim,) = lines(out / name)
            required = {
                "status",
                "type",
                "use",
                "patient",
                "created",
                "provider",
                "priority",
                "insurance",
            }
            assert required <= set(claim)
            items = claim["item"]
            assert [i["productOrService"]["coding"][0]["code"] for i in items] == codes
            assert [[m["coding"][0]["code"] for m in i.get("modifier", [])] for i in items] == [
                line["modifiers"] for line in record["lines"]
            ]
        else:
            message = hl7.parse((out / name).read_bytes().decode())
            assert str(message.segment("MSH")[9]) == "DFT^P03^DFT_P03"
            assert str(message.segment("PID")[3]) == r"p\S\4"
            charges = message.segments("FT1")
            assert [str(c[25][0][0]) for c in charges] == codes
            assert [str(c[26]).split("~") for c in charges] == [
                line["modifiers"] for line in record["lines"]
            ]


def test_a_batch_names_new_templates_and_what_is_promised(batch: Run, tmp_path: Path) -> None:
    head = (
        "{{KLINIK}} ~~Blatt{}~~ ^Abteilung^ ^Wirbelambulanz^ ^Oberarzt^ ^Befund^\n~~~~\n"
        "$EINGRIFF$ facet joint injection C4-5 right $SEITE$ $LAGERUNG$ $DESINFEKTION$\n"
    )
    tail = "$BILD$ fluoroscopy $ENDE$ ^Gesehen^ ^Vidiert^ ^Ablage{}^ ~~Durchschlag~~ ~~Archiv~~"
    notes = tmp_path / "notes.jsonl"
    notes.write_text(
        "".join(
            json.dumps(
                {"note_id": f"k-{n}", "text": (head + tail).format(n, n), "provider": "Dr SECRET"}
            )
            + "\n"
            for n in range(6)
        )
    )
    out = tmp_path / "out"
    done = batch(notes, "--out", out, "--policy", "default", "--auto-at", "0.99", "--workers", 1)
    assert done.returncode == 0, done.stderr
    summary = json.loads((out / "summary.json").read_text())
    (group,) = summary["new_notes"]["groups"]
    assert group == {"notes": 6, "example": "k-0", "providers": ["Dr SECRET"]}
    assert "k-0" in (out / "report.html").read_text()
    assert "6 notes in 1 groups are unlike" in done.stderr
    assert summary["auto"] == 0 and "no record is marked" in summary["auto_promise"]["default"]
    assert "no record is marked" in done.stderr
    records = [json.loads(line) for line in (out / "records.jsonl").read_text().splitlines()]
    assert all(r["auto"] is False and 0 < r["confidence"] < 1 for r in records)
    manifest = json.loads((out / "manifest.json").read_text())
    assert {model["task"] for model in manifest["models"]} >= {"confidence", "novelty"}
    assert "KLINIK" not in (out / "summary.json").read_text() + (out / "report.html").read_text()
    # Other models are another run.
    again = batch(notes, "--out", out, "--policy", "default", "--models", "none")
    assert again.returncode == 2 and "--restart" in again.stderr


SAMPLES = Path(__file__).parents[2] / "annotations" / "samples"


def test_a_batch_with_a_changed_model_does_not_begin(batch: Run, tmp_path: Path) -> None:
    from facetcode.learn.in_use import shipped_folder

    own = tmp_path / "own"
    shutil.copytree(shipped_folder() / "novelty", own / "novelty")
    with (own / "novelty" / "model.skops").open("ab") as file:
        file.write(b"!")
    out = tmp_path / "out"
    done = batch(SAMPLES, "--out", out, "--models", own, "--workers", 1)
    assert done.returncode == 2 and "is not the file that was trained" in done.stderr
    assert not (out / "records.jsonl").exists()
