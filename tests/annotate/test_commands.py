"""``facetcode annotate`` as people meet it: suggestions, merging, what is refused."""

import json
from pathlib import Path

import pytest

from facetcode.evaluate.gold import GoldNote, read_gold, to_gold

from .conftest import run

TEXT = "Right C4-5 medial branch block under fluoroscopy. 85% relief after the first."


def evidence(words: str) -> list[dict[str, object]]:
    start = TEXT.index(words)
    return [{"start": start, "end": start + len(words), "text": words}]


RECORD = {
    "note_id": "MRN 7/3",
    "status": "coded",
    "procedure": {
        "kind": "medial_branch_block", "intent": "diagnostic", "ordinal": 2,
        "evidence": evidence("medial branch block"),
    },
    "levels": [
        {"joint": "C4-C5", "side": "right", "named_as": "joints", "evidence": evidence("C4-5")}
    ],
    "guidance": {"modality": "fluoroscopy", "evidence": evidence("fluoroscopy")},
    "relief": [{"low": 85, "high": 85, "when": "prior", "evidence": evidence("85%")}],
    "diagnoses": [],
    "lines": [],
    "flags": [],
}  # fmt: skip


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.jsonl"
    path.write_text(
        json.dumps({"note_id": "MRN 7/3", "text": TEXT, "payer": "Acme", "extra": "x"}) + "\n"
    )
    return path


@pytest.fixture
def records(tmp_path: Path) -> Path:
    path = tmp_path / "records.jsonl"
    path.write_text(json.dumps(RECORD) + "\n")
    return path


def test_suggestions_are_predictions_in_label_studio(
    tmp_path: Path, notes: Path, records: Path
) -> None:
    target = tmp_path / "tasks.json"
    args = ("--format", "label-studio", "--output", target, "--pre", records)
    assert run("annotate", "export", notes, *args).exit_code == 0
    (task,) = json.loads(target.read_text())
    assert task["data"]["note_id"] == "notes-01" and task["data"]["source_id"] == "MRN 7/3"
    assert task["data"]["meta"] == {"payer": "Acme"} and "annotations" not in task
    results = task["predictions"][0]["result"]
    regions = [
        (r["value"]["labels"][0], r["value"]["text"]) for r in results if r["type"] == "labels"
    ]
    assert regions == [
        ("level", "C4-5"), ("procedure", "medial branch block"), ("guidance", "fluoroscopy"),
        ("relief", "85%"),
    ]  # fmt: skip
    stated = {r["from_name"]: next(iter(r["value"].values())) for r in results}
    assert stated["codes_default"] == ["64490-RT"]
    assert stated["codes_medicare"] == ["64490-KX-RT"]
    # Somebody accepts the prediction and submits it.
    task["annotations"] = [{"result": results, "was_cancelled": False}]
    target.write_text(json.dumps([task]))
    gold = tmp_path / "gold.jsonl"
    result = run("annotate", "import", target, "--format", "label-studio", "--gold", gold)
    assert result.exit_code == 0, result.stderr
    (note,) = read_gold(gold)
    assert (note.note_id, note.text, dict(note.levels)) == ("notes-01", TEXT, {"C4-C5": "right"})


@pytest.mark.parametrize("tool", ["brat", "csv", "doccano", "docbin"])
def test_a_suggestion_nobody_changed_is_told(
    tmp_path: Path, notes: Path, records: Path, tool: str
) -> None:
    target, gold = tmp_path / "out", tmp_path / "gold.jsonl"
    args = ("--format", tool, "--output", target, "--pre", records)
    assert run("annotate", "export", notes, *args).exit_code == 0
    result = run("annotate", "import", target, "--format", tool, "--gold", gold)
    assert result.exit_code == 0
    assert "exactly what facetcode suggested" in result.stderr


def test_an_edited_suggestion_is_an_annotators(tmp_path: Path, notes: Path, records: Path) -> None:
    target, gold = tmp_path / "brat", tmp_path / "gold.jsonl"
    args = ("--format", "brat", "--output", target, "--pre", records)
    assert run("annotate", "export", notes, *args).exit_code == 0
    with (target / "notes-01.ann").open("a") as file:
        file.write("T9\tside 0 5\tRight\nA9\tside_value T9 right\n")
    result = run("annotate", "import", target, "--format", "brat", "--gold", gold)
    assert result.exit_code == 0 and "exactly what" not in result.stderr
    (note,) = read_gold(gold)
    assert note.spans[0].label == "side"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"note_id": "other"}, "no record of note", id="missing"),
        pytest.param(
            {"guidance": {"modality": "ct", "evidence": [{"start": 0, "end": 2, "text": "CT"}]}},
            "another text", id="other-text",
        ),
        pytest.param({"levels": None, "diagnoses": None}, "not whole", id="not-whole"),
    ],
)  # fmt: skip
def test_a_record_that_does_not_fit_suggests_nothing(
    tmp_path: Path, notes: Path, change: dict[str, object], says: str
) -> None:
    records = tmp_path / "records.jsonl"
    records.write_text(json.dumps({**RECORD, **change}) + "\n")
    target = tmp_path / "tasks.json"
    args = ("--format", "label-studio", "--output", target, "--pre", records)
    result = run("annotate", "export", notes, *args)
    assert result.exit_code == 1 and says in result.stderr
    assert "predictions" not in json.loads(target.read_text())[0]


def test_import_adds_changes_and_keeps(tmp_path: Path, note: GoldNote) -> None:
    gold, source = tmp_path / "gold", tmp_path / "a.jsonl"
    gold.mkdir()
    line = to_gold(note)
    other = {**line, "note_id": "desk-02"}
    (gold / "desk.jsonl").write_text(json.dumps(line) + "\n" + json.dumps(other) + "\n")
    changed = {**other, "flags": ["UNSIGNED"]}
    third = {**line, "note_id": "desk-10"}
    source.write_text(json.dumps(third) + "\n" + json.dumps(changed) + "\n")
    result = run("annotate", "import", source, "--format", "desk", "--gold", gold)
    assert "1 new, 1 changed, 0 as before" in result.stdout
    found = list(read_gold(gold / "desk.jsonl"))
    assert [n.note_id for n in found] == ["desk-01", "desk-02", "desk-10"]
    assert found[1].flags == ("UNSIGNED",)


def test_check_writes_nothing(tmp_path: Path, note: GoldNote) -> None:
    source, gold = tmp_path / "a.jsonl", tmp_path / "gold.jsonl"
    source.write_text(json.dumps(to_gold(note)) + "\n")
    result = run("annotate", "import", source, "--format", "desk", "--gold", gold, "--check")
    assert result.exit_code == 0 and not gold.exists()


def test_a_note_that_comes_twice_comes_once(tmp_path: Path, note: GoldNote) -> None:
    source, gold = tmp_path / "a.jsonl", tmp_path / "gold.jsonl"
    source.write_text((json.dumps(to_gold(note)) + "\n") * 2)
    result = run("annotate", "import", source, "--format", "desk", "--gold", gold)
    assert result.exit_code == 1 and "came in already" in result.stderr
    assert len(list(read_gold(gold))) == 1


def test_a_folder_with_work_in_it_is_left_alone(tmp_path: Path, notes: Path) -> None:
    target = tmp_path / "brat"
    target.mkdir()
    (target / "notes-01.ann").write_text("work")
    result = run("annotate", "export", notes, "--format", "brat", "--output", target)
    assert result.exit_code == 2 and "work may be in it" in result.stderr
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_labelled_notes_keep_their_labels_from_suggestions(
    tmp_path: Path, note: GoldNote, records: Path
) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text(json.dumps(to_gold(note)) + "\n")
    args = ("--format", "brat", "--output", tmp_path / "b", "--pre", records)
    result = run("annotate", "export", gold, *args)
    assert result.exit_code == 2 and "one layer of marks" in result.stderr


@pytest.mark.parametrize("tool", ["brat", "label-studio"])
def test_the_configuration_is_printed(tool: str) -> None:
    result = run("annotate", "config", tool)
    assert result.exit_code == 0 and "procedure" in result.stdout
