"""Training end to end: the corpus to shipped models, a practice's notes to its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from facetcode.cli import app
from facetcode.errors import ModelError
from facetcode.evaluate.corpus import read_corpus
from facetcode.learn import corpus as corpus_training
from facetcode.learn import in_use, practice, store
from facetcode.learn.guarantee import needed
from facetcode.learn.training import Ablated, not_worse
from facetcode.learn.voices import Interval

SECRET = "neighbour"
"""A word of the invented notes that nothing but the notes may hold."""


def test_a_corpus_nobody_looked_at_first_is_refused(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(corpus, tmp_path / "corpus")
    for path in (tmp_path / "corpus" / "first_looks").glob("dr-[a-d]*.jsonl"):
        path.unlink()
    given = [str(tmp_path / "corpus"), "--into", str(tmp_path / "out")]
    assert corpus_training.main(given) == 2
    assert "benchmarks/first_looks.py" in capsys.readouterr().err


def run(*given: object) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in given])


@pytest.fixture(scope="module")
def shipped(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models trained on the invented corpus, with its test voice scored."""
    into = tmp_path_factory.mktemp("shipped")
    assert corpus_training.main([str(corpus), "--into", str(into), "--test"]) == 0
    return into


def metrics(folder: Path, task: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / task / store.METRICS).read_text())
    return found


def test_every_task_has_its_card_and_figures(shipped: Path) -> None:
    for task in in_use.TASKS:
        said = metrics(shipped, task)
        assert said["data"]["notes"] == 50 and said["data"]["voices"] == 5
        assert (shipped / task / store.CARD).read_text().startswith(f"# {task}\n")
        assert (shipped / task / store.MODEL).exists() == (said["model"] is not None)
        assert said["versions"] == store.versions()
    sizes = [p.stat().st_size for p in shipped.rglob("*") if p.is_file()]
    assert sum(sizes) < store.MAX_BYTES


def test_a_decision_model_ships_only_where_it_beat_the_rules_on_the_test_voice(
    shipped: Path,
) -> None:
    for task in in_use.DECISIONS:
        said = metrics(shipped, task)
        assert said["earned"] == (said["model"] is not None)
        if said["earned"]:
            assert said["gain"]["low"] > 0 and said["test"]["gain"]["low"] > 0
        else:
            assert said["reason"] in (shipped / task / store.CARD).read_text()


def test_the_test_voice_is_looked_at_once(corpus: Path, shipped: Path) -> None:
    place = corpus / "first_looks" / "dr-elm.jsonl"
    looks = [json.loads(line) for line in place.read_text().splitlines()]
    assert [look["note_id"] for look in looks] == [f"dr-elm-{at:02d}" for at in range(1, 11)]
    before = place.read_bytes()
    place.write_bytes(before.replace(b'"coded"', b'"query"'))
    try:
        corpus_training.read(corpus, test=True)
        assert place.read_bytes() != before, "a first look was made again"
    finally:
        place.write_bytes(before)


def test_another_process_makes_the_same_files(corpus: Path, shipped: Path, tmp_path: Path) -> None:
    """Addresses and hash seeds differ from process to process; files must not."""
    module = [sys.executable, "-m", "facetcode.learn.corpus"]
    done = subprocess.run(
        [*module, str(corpus), "--into", str(tmp_path), "--test"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    for path in shipped.rglob("*"):
        if path.is_file():
            assert (tmp_path / path.relative_to(shipped)).read_bytes() == path.read_bytes(), path


def test_a_corpus_too_small_is_refused(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(corpus / "gold", tmp_path / "gold")
    (tmp_path / "splits.yaml").write_text(
        "train: [dr-ash]\ndev: [dr-birch]\ntest: [dr-cedar, dr-dogwood, dr-elm, dr-fir]\n"
    )
    assert corpus_training.main([str(tmp_path), "--into", str(tmp_path / "out")]) == 2
    assert "fewer than three voices" in capsys.readouterr().err


@pytest.fixture(scope="module")
def trained(gold: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A practice's own models, and what the command said."""
    into = tmp_path_factory.mktemp("own")
    done = run("train", "--annotations", gold, "--into", into)
    assert done.exit_code == 0, done.output
    return into, done.stdout


def test_the_practice_is_told_what_became_of_each_task(trained: tuple[Path, str]) -> None:
    into, said = trained
    for task in in_use.TASKS:
        assert f"\n{task}: " in said
        assert metrics(into, task)["data"]["by"] == "physician"
    assert metrics(into, "novelty")["new_now"] <= metrics(into, "novelty")["new_before"]
    assert "0.99" in said and f"needs at least {needed(0.99, 0.025)}" in said


def test_what_is_installed_is_in_use_and_the_rest_is_shipped(trained: tuple[Path, str]) -> None:
    into, _ = trained
    for stored in in_use.found(into):
        own = metrics(into, stored.task)
        assert (stored.folder.parent == into) == (own["model"] is not None)


def test_no_word_of_a_note_is_in_what_was_written(trained: tuple[Path, str]) -> None:
    into, said = trained
    assert SECRET not in said
    for path in into.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes()


def test_the_certificate_is_of_the_model_in_use(trained: tuple[Path, str]) -> None:
    into, _ = trained
    models = in_use.models_in_use(into)
    certificate = metrics(into, "confidence")["certificate"]
    assert certificate["model_sha256"] == models.digest("confidence")
    certified = models.promised(0.95)["default"].certified
    assert certified == len(certificate["families"]["default"]["outcomes"]) > 0
    # Another model's outcomes certify nothing.
    place = into / "confidence" / store.METRICS
    before = place.read_text()
    place.write_text(before.replace(certificate["model_sha256"], "0" * 64))
    try:
        if metrics(into, "confidence")["model"] is None:
            assert in_use.models_in_use(into).promised(0.95)["default"].certified != certified
    finally:
        place.write_text(before)


def test_held_out_notes_are_whole_physicians(gold: Path) -> None:
    notes = sorted(read_corpus(gold), key=lambda note: note.note_id)
    parted = practice.split(notes)
    fit = {notes[i].meta["provider"] for i in parted.fit}
    held = {notes[i].meta["provider"] for i in parted.held}
    assert fit and held and not fit & held and parted.by == "physician"
    few = [note for note in notes if note.meta["provider"] in ("dr-ash", "dr-fir")]
    by_patient = practice.split(few)
    assert by_patient.by == "patient"
    assert not set(by_patient.fit.tolist()) & set(by_patient.held.tolist())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param(("--annotations", "nowhere"), "no such file", id="missing"),
        pytest.param(("--annotations", "few"), "needs 40 at least", id="too few"),
        pytest.param(
            ("--annotations", "gold", "--into", "shipped"), "the shipped models", id="into"
        ),
    ],
)
def test_training_that_is_refused(
    given: tuple[str, ...], says: str, gold: Path, tmp_path: Path
) -> None:
    few = tmp_path / "few.jsonl"
    few.write_text("".join(gold.read_text().splitlines(keepends=True)[:10]))
    places = {"few": few, "gold": gold, "shipped": in_use.shipped_folder()}
    before = sorted(p.stat().st_mtime_ns for p in in_use.shipped_folder().rglob("*"))
    done = run("train", *(places.get(arg, arg) for arg in given))
    assert done.exit_code == 2 and says in done.stderr
    assert sorted(p.stat().st_mtime_ns for p in in_use.shipped_folder().rglob("*")) == before


def test_models_are_listed(trained: tuple[Path, str]) -> None:
    done = run("models", "--models", trained[0])
    assert done.exit_code == 0
    for task in in_use.TASKS:
        assert task in done.stdout
    assert run("models", "--models", "none").exit_code == 0
    assert run("models", "--models", trained[0] / "nowhere").exit_code == 2


def test_a_tampered_model_stops_the_run(tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(in_use.shipped_folder() / "confidence", own / "confidence")
    place = own / "confidence" / store.MODEL
    data = bytearray(place.read_bytes())
    data[100] ^= 1
    place.write_bytes(bytes(data))
    note = tmp_path / "n.txt"
    note.write_text("Right C4-5 medial branch block under fluoroscopy.")
    for command in (("code", note), ("show", note), ("models",)):
        done = run(*command, "--models", own)
        assert done.exit_code == 2, command
        assert "is not the file that was trained" in done.stderr
        assert "medial" not in done.stderr
    assert run("code", note, "--models", "none").exit_code == 0


def test_records_have_their_confidence(tmp_path: Path) -> None:
    notes = tmp_path / "notes.jsonl"
    texts = {
        "plain": "Right C4-5 facet joint injection under fluoroscopy, done today. 64490-RT.",
        "unsure": "Right C4-5 facet joint injection under fluoroscopy, done today. 64492-RT.",
        "other": "Refill of medication.",
    }
    notes.write_text(
        "".join(json.dumps({"note_id": k, "text": v}) + "\n" for k, v in texts.items())
    )
    done = run("code", notes, "--policy", "default", "--format", "jsonl", "--auto-at", "0.99")
    records = {r["note_id"]: r for r in map(json.loads, done.stdout.splitlines())}
    assert all(0 < record["confidence"] < 1 for record in records.values())
    assert records["plain"]["confidence"] > records["unsure"]["confidence"]
    assert {"nearest", "new"} <= records["plain"]["novelty"].keys()
    assert "novelty" not in records["other"]
    assert [record["auto"] for record in records.values()] == [False, False, False]
    assert "no record is marked" in done.stderr
    series = run("code", notes, "--policy", "default", "--format", "jsonl", "--history")
    together = [json.loads(line) for line in series.stdout.splitlines()]
    assert together[0]["confidence"] == records["plain"]["confidence"]
    assert "auto" not in together[0]
    bare = run("code", notes, "--policy", "default", "--format", "jsonl", "--models", "none")
    for record in map(json.loads, bare.stdout.splitlines()):
        assert record["confidence"] is None
        assert not {"auto", "novelty"} & record.keys()
        known = records[record["note_id"]]
        assert record["lines"] == known["lines"] and record["flags"] == known["flags"]


def test_records_are_marked_where_a_promise_allows(tmp_path: Path) -> None:
    """A certificate of three hundred right notes, as a practice's desk would give it."""
    own = tmp_path / "own"
    shipped = in_use.models_in_use("shipped")
    family = {"delta": 0.05, "trained": [0.3] * 20, "outcomes": [[0.4, 1, 0]] * 300}
    store.write(
        own / "confidence",
        None,
        {
            "certificate": {
                "model_sha256": shipped.digest("confidence"),
                "families": {"default": family, "medicare": {**family, "outcomes": []}},
            }
        },
        "",
    )
    notes = tmp_path / "notes.jsonl"
    texts = {
        "plain": "Right C4-5 facet joint injection under fluoroscopy, done today. 64490-RT.",
        "query": "Right facet joint injection done today under fluoroscopy.",
        "none": "Follow up, no procedure.",
    }
    notes.write_text(
        "".join(json.dumps({"note_id": k, "text": v}) + "\n" for k, v in texts.items())
    )
    asked = ("--format", "jsonl", "--auto-at", "0.99", "--models", own)
    done = run("code", notes, "--policy", "default", *asked)
    assert "at most 1.0% of marked records have a wrong claim" in done.stderr
    marked = {r["note_id"]: r["auto"] for r in map(json.loads, done.stdout.splitlines())}
    assert marked == {"plain": True, "query": False, "none": False}
    under = run("code", notes, "--policy", "medicare", *asked)
    assert not any(r["auto"] for r in map(json.loads, under.stdout.splitlines()))


def test_auto_needs_a_model_and_notes(tmp_path: Path) -> None:
    note = tmp_path / "n.txt"
    note.write_text("Right C4-5 medial branch block under fluoroscopy.")
    done = run("code", note, "--auto-at", "0.99", "--models", "none")
    assert done.exit_code == 2 and "needs a confidence model" in done.stderr
    done = run("code", "--facts", note, "--auto-at", "0.99")
    assert done.exit_code == 2 and "needs the notes" in done.stderr
    done = run("code", note, "--auto-at", "1.5")
    assert done.exit_code == 2 and "give a share" in done.stderr


def test_models_are_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loads = []
    real = store.load
    monkeypatch.setattr(store, "load", lambda stored: loads.append(stored.task) or real(stored))
    from facetcode import load

    coder = load("default")
    for _ in range(3):
        coder("Right C4-5 medial branch block under fluoroscopy.")
    assert sorted(loads) == sorted({stored.task for stored in in_use.found() if stored.has_model})


def test_a_feature_that_is_not_known_refuses_the_model(tmp_path: Path) -> None:
    models = in_use.models_in_use("shipped")
    held = dict(models.content("confidence"))
    held["features"] = [*held["features"][1:], "mood"]
    store.write(tmp_path / "confidence", held, {}, "")
    with pytest.raises(ModelError, match="reads other features"):
        _ = in_use.models_in_use(tmp_path).confidence


@pytest.mark.parametrize(
    ("figure", "rules", "models", "high", "kept"),
    [
        ("codes exact, default", 0.80, 0.81, 0.03, True),
        ("codes exact, default", 0.80, 0.79, 0.03, False),
        ("relief, F1", 0.90, 0.89, 0.01, False),
        ("note all correct", 0.60, 0.59, 0.01, True),
        ("note all correct", 0.60, 0.57, -0.01, False),
    ],
)
def test_a_model_under_which_the_program_reads_less_right_is_kept_out(
    figure: str, rules: float, models: float, high: float, kept: bool
) -> None:
    gain = Interval(models - rules, -0.05, high)
    assert not_worse([Ablated(figure, rules, models, gain)], "relief, F1") is kept
