"""Files in the shapes the tools themselves write, after somebody has worked in them."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from facetcode.annotate import (
    brat,
    docbin,
    doccano,
    label_studio,
    label_studio_config,
    span_table,
)
from facetcode.annotate.document import Document, from_gold, span_problems
from facetcode.annotate.intake import take_in
from facetcode.annotate.offsets import to_code_points
from facetcode.errors import AnnotationError
from facetcode.evaluate.gold import GoldNote
from facetcode.evaluate.markup import LABELS

from .conftest import NOTE


def marks(document: Document) -> list[tuple[str, str, dict[str, str]]]:
    return [(s.label, document.text[s.start : s.end], dict(s.attrs)) for s in document.spans]


TEXT = "\U0001f489 Right C4-5 block"


def region(
    name: str, kind: str, value: dict[str, Any], id_: str = "Dx_aB", **more: Any
) -> dict[str, Any]:
    return {
        "id": id_, "from_name": name, "to_name": "text", "type": kind, "origin": "manual",
        "value": value, **more,
    }  # fmt: skip


def exported(results: list[dict[str, Any]], text: str = TEXT, **task: Any) -> list[dict[str, Any]]:
    """A task as Label Studio's raw JSON export has it, with the keys it adds itself."""
    annotation = {
        "id": 9, "completed_by": 1, "result": results, "was_cancelled": False,
        "ground_truth": False, "created_at": "2025-03-09T22:16:08.728353Z", "lead_time": 4.2,
        "prediction": {}, "result_count": len(results), "task": 1,
    }  # fmt: skip
    return [
        {
            "id": 1, "annotations": [annotation], "file_upload": "tasks.json", "drafts": [],
            "predictions": [], "data": {"text": text, "note_id": "v-01", "voice": "v", "meta": {}},
            "meta": {}, "inner_id": 1, "total_annotations": 1, **task,
        }
    ]  # fmt: skip


def level(start: int, end: int, words: str | None = "C4-5") -> list[dict[str, Any]]:
    place = {"start": start, "end": end} | ({"text": words} if words is not None else {})
    return [
        region("mark", "labels", {**place, "labels": ["level"]}),
        region("level_joint", "choices", {**place, "choices": ["C4-C5"]}),
        region("level_side", "choices", {**place, "choices": ["right"]}),
    ]


def read_ls(tmp_path: Path, tasks: list[dict[str, Any]]) -> Document:
    path = tmp_path / "project-1.json"
    path.write_text(json.dumps(tasks))
    (document,) = label_studio.read([path])
    return document


@pytest.mark.parametrize(
    ("start", "end", "notice"),
    [
        pytest.param(8, 12, "", id="code-points"),
        pytest.param(9, 13, "UTF-16 units", id="utf-16"),
    ],
)
def test_label_studios_offsets_are_read_as_they_were_counted(
    tmp_path: Path, start: int, end: int, notice: str
) -> None:
    document = read_ls(tmp_path, exported(level(start, end)))
    assert marks(document) == [("level", "C4-5", {"joint": "C4-C5", "side": "right"})]
    assert notice in " ".join(document.notices) and bool(document.notices) == bool(notice)


def test_offsets_that_no_way_to_count_explains_are_a_problem(tmp_path: Path) -> None:
    document = read_ls(tmp_path, exported(level(3, 7)))
    assert document.spans == ()
    assert "do not stand there" in " ".join(document.problems)


def test_without_words_the_doubt_is_told(tmp_path: Path) -> None:
    document = read_ls(tmp_path, exported(level(8, 12, None)))
    assert "nothing proves how their offsets count" in " ".join(document.notices)


def test_what_an_annotator_states_of_the_note_comes_in(tmp_path: Path) -> None:
    results = [
        *level(8, 12),
        region("status", "choices", {"choices": ["coded"]}, "a"),
        region("kind", "choices", {"choices": ["intraarticular"]}, "b"),
        region("intent", "choices", {"choices": ["therapeutic"]}, "c"),
        region("named_as", "choices", {"choices": ["joints"]}, "d"),
        region("guidance", "choices", {"choices": ["ct"]}, "e"),
        region("levels", "textarea", {"text": ["C4-C5 right"]}, "f"),
        region("relief", "textarea", {"text": ["80 80 today\n", "50 60 prior"]}, "g"),
        region("codes_default", "textarea", {"text": "64490-RT"}, "h"),
        region("codes_medicare", "textarea", {"text": ["64490-RT"]}, "i"),
        region("flags", "choices", {"choices": ["UNSIGNED"]}, "j"),
    ]
    (note,) = take_in([read_ls(tmp_path, exported(results))]).notes
    assert (note.status, note.kind, note.intent, note.ordinal) == (
        "coded", "intraarticular", "therapeutic", None,
    )  # fmt: skip
    assert dict(note.levels) == {"C4-C5": "right"}
    assert [(r.low, r.high, r.when) for r in note.relief] == [(80, 80, "today"), (50, 60, "prior")]
    assert note.codes["default"] == ("64490-RT",) and note.flags == ("UNSIGNED",)
    assert (note.guidance, note.clean) == ("ct", False)


@pytest.mark.parametrize(
    ("tasks", "says"),
    [
        pytest.param(exported([], annotations=[]), "not annotated yet", id="open"),
        pytest.param(
            exported([], annotations=[{"result": []}, {"result": []}]), "2 annotations", id="two"
        ),
        pytest.param(
            exported([], annotations=[{"result": [], "was_cancelled": True}]),
            "not annotated yet", id="skipped",
        ),
        pytest.param(
            exported([region("mark", "labels", {"start": 8, "end": 12, "labels": ["dose"]})]),
            "unknown label", id="label",
        ),
        pytest.param(
            exported([region("mark", "labels", {"start": 8, "end": 12, "labels": ["level"]})]),
            "lacks side", id="attribute",
        ),
        pytest.param(
            exported([
                *level(8, 12),
                region("mark", "labels", {"start": 8, "end": 10, "labels": ["diagnosis"]}, "x"),
            ]),
            "overlap", id="overlap",
        ),
        pytest.param(exported(level(8, 12)), "nothing is stated", id="no-facts"),
    ],
)  # fmt: skip
def test_what_keeps_a_note_out_is_told(
    tmp_path: Path, tasks: list[dict[str, Any]], says: str
) -> None:
    result = take_in([read_ls(tmp_path, tasks)])
    assert result.notes == [] and any(says in problem for problem in result.problems)
    assert not any("C4-5" in problem or "block" in problem for problem in result.problems)


def test_the_configuration_knows_every_label_and_value() -> None:
    root = ElementTree.fromstring(label_studio_config.config())
    assert {e.get("value") for e in root.iter("Label")} == set(LABELS)
    controls = {e.get("name"): e for e in root.iter() if e.get("toName")}
    for label, wanted in LABELS.items():
        for key, allows in wanted.items():
            control = controls[f"{label}_{key}"]
            assert control.get("whenLabelValue") == label and control.get("perRegion") == "true"
            for choice in control.iter("Choice"):
                assert allows(str(choice.get("value"))), (label, key)
    used = {
        r["from_name"]
        for a in label_studio.tasks([from_gold(NOTE)])[0]["annotations"]
        for r in a["result"]
    }
    assert used <= set(controls)


def brat_files(tmp_path: Path, ann: str, text: str = TEXT, front: str = "") -> Document:
    (tmp_path / "v-01.txt").write_bytes(text.encode())
    (tmp_path / "v-01.ann").write_bytes(ann.encode())
    if front:
        (tmp_path / "v-01.yaml").write_text(front)
    (document,) = brat.read([tmp_path])
    return document


def test_brats_own_lines_are_read(tmp_path: Path) -> None:
    document = brat_files(
        tmp_path,
        "T2\tlevel 8 12\tC4-5\n"
        "T1\tside 2 7\tRight\n"
        "A1\tlevel_side T2 right\n"
        '#1\tAnnotatorNotes T2\tjoint="C4-C5"\n'
        "A2\tside_value T1 right\n"
        "#2\tNormalization T1\tx\n",
    )
    assert document.problems == ()
    assert marks(document) == [
        ("side", "Right", {"value": "right"}),
        ("level", "C4-5", {"joint": "C4-C5", "side": "right"}),
    ]


@pytest.mark.parametrize(
    ("ann", "says"),
    [
        pytest.param("T1\tlevel 8 10;11 12\tC4 5\n", "in pieces", id="discontinuous"),
        pytest.param(
            "T1\tside 2 7\tRight\n#1\tAnnotatorNotes T1\thm?\n", "not of the form", id="note"
        ),
        pytest.param("T1\tside 4 9\tRight\n", "do not stand there", id="words"),
        pytest.param("T1\tside 2 7\tRight\n", "lacks value", id="attribute"),
        pytest.param("T1\tside 2 99\n", "do not stand there", id="outside"),
    ],
)
def test_what_is_wrong_in_a_collection_is_told(tmp_path: Path, ann: str, says: str) -> None:
    document = brat_files(tmp_path, ann)
    assert any(says in problem for problem in span_problems(document)), list(
        span_problems(document)
    )


def test_relations_are_left_out_and_told(tmp_path: Path) -> None:
    document = brat_files(tmp_path, "R1\tPart Arg1:T1 Arg2:T2\n*\tEquiv T1 T2\n")
    assert document.notices == ("2 relations, events and the like were left out",)
    relation = {"from_id": "a", "to_id": "b", "type": "relation", "direction": "right"}
    document = read_ls(tmp_path, exported([*level(8, 12), relation]))
    assert len(document.spans) == 1 and "relations" in document.notices[0]


@pytest.mark.parametrize("start", ["=1+1", "'=1", "''-x", "'quoted'", "@", "plain"])
def test_no_cell_of_the_tables_can_run_and_none_changes(tmp_path: Path, start: str) -> None:
    document = Document({**from_gold(NOTE).front}, f"{start} C4", ())
    for name, data in span_table.write([document]):
        (tmp_path / name).write_bytes(data)
        assert not any(cell.startswith(("=", "@", "-")) for cell in data.decode().split(","))
    (back,) = span_table.read([tmp_path])
    assert back.text == document.text


def test_a_changed_text_is_told(tmp_path: Path, note: GoldNote) -> None:
    for name, data in brat.write([from_gold(note)]):
        (tmp_path / name).write_bytes(data)
    text = tmp_path / "desk-01.txt"
    text.write_bytes(text.read_bytes() + b"\n")
    result = take_in(brat.read([tmp_path]))
    assert result.notes == [] and "its text has changed" in result.problems[0]
    assert "it had" in take_in(brat.read([tmp_path]), {note.note_id: note}).problems[0]


def test_marks_alone_take_their_facts_from_before(tmp_path: Path, note: GoldNote) -> None:
    for name, data in brat.write([from_gold(note)]):
        if not name.endswith(".yaml"):
            (tmp_path / name).write_bytes(data)
    (document,) = brat.read([tmp_path])
    named = Document({"note_id": "desk-01"}, document.text, document.spans, "f")
    result = take_in([named], {note.note_id: note})
    assert result.notes == [note] and "facts are those of before" in result.notices[0]


def test_brats_configuration_offers_every_fixed_value() -> None:
    lines = brat.config().splitlines()
    assert set(LABELS) <= set(lines)
    assert "level_side\tArg:level, Value:right|left|bilateral|unstated" in lines


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(
            {"id": 5, "text": TEXT, "label": [[2, 7, 'side value="right"']], "Comments": []},
            id="tuples",
        ),
        pytest.param({"text": TEXT, "labels": [[2, 7, 'side value="right"']]}, id="older"),
        pytest.param(
            {
                "id": 5, "text": TEXT, "Comments": [], "relations": [],
                "entities": [
                    {"id": 1, "label": 'side value="right"', "start_offset": 2, "end_offset": 7}
                ],
            },
            id="with-relations",
        ),
    ],
)  # fmt: skip
def test_doccanos_shapes_are_read(tmp_path: Path, line: dict[str, Any]) -> None:
    path = tmp_path / "admin.jsonl"
    path.write_text(json.dumps(line) + "\n")
    (document,) = doccano.read([path])
    assert marks(document) == [("side", "Right", {"value": "right"})]
    assert "keeps no words" in document.notices[0]


def test_a_mark_doccano_cannot_hold_is_told(note: GoldNote) -> None:
    joints = " ".join(f"T{n}-T{n + 1}" for n in range(1, 12))
    long = type(note.spans[0])("level", 0, 1, {"joint": joints, "side": "bilateral"})
    document = Document(from_gold(note).front, note.text, (long,))
    with pytest.raises(AnnotationError, match="doccano allows 100"):
        list(doccano.write([document]))


def test_another_pipelines_docbin_is_read(tmp_path: Path) -> None:
    import spacy
    from spacy.tokens import DocBin

    nlp = spacy.blank("en")
    doc = nlp("Right C4-5 block")
    doc.spans["sc"] = [doc.char_span(0, 5, label="side")]
    path = tmp_path / "train.spacy"
    DocBin(docs=[doc]).to_disk(path)
    (document,) = docbin.read([path])
    assert marks(document) == [("side", "Right", {})]
    assert "lacks value" in " ".join(span_problems(document))


@pytest.mark.parametrize(
    ("read", "content"),
    [
        pytest.param(label_studio.read, b"{}", id="label-studio-object"),
        pytest.param(label_studio.read, b"[1]", id="label-studio-number"),
        pytest.param(label_studio.read, b'[{"id": 1, "text": "x"}]', id="label-studio-min"),
        pytest.param(doccano.read, b'{"text": "x"}', id="doccano-no-label"),
        pytest.param(doccano.read, b'{"text": "x", "label": [["a", 2, "c"]]}', id="doccano-offset"),
        pytest.param(doccano.read, b"\xff\xfe", id="doccano-bytes"),
        pytest.param(docbin.read, b"not a docbin", id="docbin"),
        pytest.param(brat.read, b"T1\tside 0 1\tx\n", id="brat-no-text"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, read: Any, content: bytes) -> None:
    path = tmp_path / "v-01.ann"
    path.write_bytes(content)
    with pytest.raises(AnnotationError) as caught:
        list(read([path]))
    assert "v-01" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "span", "reading"),
    [
        pytest.param("a\r\nb C4", (4, 6, "C4"), "code points, line breaks as one", id="breaks"),
        pytest.param("\U0001f489\r\nC4", (3, 5, "C4"), "code points", id="code-points-first"),
        pytest.param(
            "\U0001f489\U0001f489\r\nx C4",
            (7, 9, "C4"),
            "UTF-16 units, line breaks as one",
            id="both",
        ),
        pytest.param("\U0001f489 C4\r\n", (3, 5, "C4"), "UTF-16 units", id="before-a-break"),
    ],
)
def test_ways_to_count(text: str, span: tuple[int, int, str], reading: str) -> None:
    (place,), found = to_code_points(text, [span])
    assert place is not None and text[slice(*place)] == "C4" and found == reading
