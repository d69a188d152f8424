import json
from collections.abc import Callable
from pathlib import Path

import pytest

from facetcode.errors import NoteFormatError
from facetcode.notes.formats import Reject
from facetcode.recode import Stored, read_facts
from facetcode.record import Record, to_json

MakeRecord = Callable[..., Record]

FORM = {
    "note_id": "f-1",
    "date_of_service": "2026-05-21",
    "payer": "A",
    "procedure": {"kind": "medial_branch_block", "intent": "diagnostic"},
    "levels": [{"joint": "C4-C5", "side": "right"}],
    "guidance": {"modality": "fluoroscopy"},
}


def test_a_record_that_was_written_reads_back_as_its_facts(
    tmp_path: Path, make_record: MakeRecord
) -> None:
    record = make_record()
    path = tmp_path / "records.jsonl"
    path.write_text(json.dumps(to_json(record)) + "\n\n")
    (stored,) = read_facts(path)
    assert isinstance(stored, Stored)
    assert stored.facts == record.facts
    assert (stored.note_id, stored.meta, stored.source) == ("n-1", {}, f"{path}:1")


def test_a_form_brings_what_it_says_of_the_encounter(tmp_path: Path) -> None:
    path = tmp_path / "form.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(FORM).encode())
    (stored,) = read_facts(path)
    assert isinstance(stored, Stored)
    assert stored.meta == {"date_of_service": "2026-05-21", "payer": "A"}
    assert [level.joint for level in stored.facts.levels] == ["C4-C5"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param('{"note_id": "SECRET', "not a JSON object", id="cut-off"),
        pytest.param('["SECRET"]', "not a JSON object", id="a-list"),
        pytest.param("[" * 100_000, "not a JSON object", id="nested-without-end"),
        pytest.param('{"procedure": {"kind": null}}', "no 'note_id'", id="no-id"),
        pytest.param('{"note_id": ["SECRET"]}', "no 'note_id'", id="id-of-a-wrong-type"),
        pytest.param('{"note_id": "x"}', "'procedure' is missing", id="no-procedure"),
        pytest.param(
            '{"note_id": "x", "procedure": {"kind": "SECRET"}}', "'kind' must be", id="bad-word"
        ),
        pytest.param(
            '{"note_id": "x", "procedure": {"kind": null}, "levels": [{"joint": "SECRET"}]}',
            "'joint' is not a facet joint",
            id="bad-joint",
        ),
    ],
)
def test_a_bad_line_is_named_and_the_rest_goes_on(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "form.jsonl"
    path.write_text(f"{json.dumps(FORM)}\n{line}\n{json.dumps(FORM)}\n")
    good, bad, after = read_facts(path)
    assert isinstance(good, Stored) and isinstance(after, Stored)
    assert isinstance(bad, Reject)
    assert bad.source == f"{path}:2"
    assert bad.reason.startswith(reason)
    assert "SECRET" not in bad.reason + bad.remedy


def test_a_line_in_another_encoding_spoils_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "form.jsonl"
    path.write_bytes(b'{"note_id": "\xff"}\n' + json.dumps(FORM).encode() + b"\n")
    bad, good = read_facts(path)
    assert isinstance(bad, Reject) and isinstance(good, Stored)


@pytest.mark.parametrize("content", [None, "", "\n\n"], ids=["missing", "empty", "blank-lines"])
def test_a_file_without_records_is_an_error(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "form.jsonl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(NoteFormatError, match=r"form\.jsonl"):
        list(read_facts(path))
