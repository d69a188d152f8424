from datetime import date
from pathlib import Path

import pytest

import facetcode
from facetcode.coder import Coder, as_note, date_of_service
from facetcode.coding import load_policy
from facetcode.errors import NoPolicyInForce, NoteFormatError
from facetcode.notes.note import Note

pytestmark = pytest.mark.usefixtures("quick")

TEXT = "Right C4-5 medial branch block under fluoroscopy."


@pytest.fixture
def coder() -> Coder:
    return facetcode.load()


@pytest.mark.parametrize(
    ("given", "note_id"),
    [
        pytest.param(TEXT, "note", id="text"),
        pytest.param(Note("n-1", TEXT), "n-1", id="note"),
        pytest.param({"note_id": "n-2", "text": TEXT}, "n-2", id="mapping"),
        pytest.param({"id": 17, "text": TEXT}, "17", id="mapping-with-id"),
    ],
)
def test_a_note_is_coded_however_it_is_given(coder: Coder, given: object, note_id: str) -> None:
    record = coder(given)  # type: ignore[arg-type]
    assert record.note_id == note_id
    assert [(line.code, line.modifiers) for line in record.lines] == [("64490", ("RT",))]


def test_every_offset_is_of_the_text_as_given(coder: Coder) -> None:
    levels = coder(TEXT).facts.levels
    assert [TEXT[e.start : e.end] for level in levels for e in level.evidence] == ["C4-5"]


def test_a_mapping_without_text_says_what_it_has() -> None:
    with pytest.raises(NoteFormatError, match=r"n-1: .*'text'; keys here: body, note_id"):
        as_note({"note_id": "n-1", "body": "x"})


def test_the_rest_of_a_mapping_is_what_the_export_says_of_the_note() -> None:
    note = as_note(
        {"note_id": "n", "text": "x", "payer": "A", "date_of_service": date(2026, 5, 21), "n": None}
    )
    assert note.meta == {"payer": "A", "date_of_service": "2026-05-21"}


@pytest.mark.parametrize(
    ("given", "day"),
    [
        pytest.param({}, None, id="absent"),
        pytest.param({"date_of_service": "  "}, None, id="blank"),
        pytest.param({"date_of_service": "2026-05-21"}, date(2026, 5, 21), id="date"),
        pytest.param({"date_of_service": "2026-05-21T08:30:00Z"}, date(2026, 5, 21), id="time"),
    ],
)
def test_the_date_of_service_is_read(given: dict[str, str], day: date | None) -> None:
    assert date_of_service("n", given) == day


def test_an_unreadable_date_is_no_reason_to_use_todays_rules(coder: Coder) -> None:
    with pytest.raises(NoteFormatError, match=r"n-1: date_of_service.*YYYY-MM-DD") as caught:
        coder(Note("n-1", TEXT, {"date_of_service": "yesterday"}))
    assert "yesterday" not in str(caught.value)


def test_the_date_of_service_picks_the_rules(coder: Coder) -> None:
    assert coder(Note("n-1", TEXT, {"date_of_service": "2026-05-21"})).policy.startswith("default@")
    with pytest.raises(NoPolicyInForce, match="1999-01-01"):
        coder(Note("n-1", TEXT, {"date_of_service": "1999-01-01"}))


def test_a_pipe_keeps_order_and_names_what_has_no_name(coder: Coder) -> None:
    records = list(coder.pipe([TEXT, Note("mine", TEXT), "No block today."]))
    assert [record.note_id for record in records] == ["note-1", "mine", "note-3"]
    assert [record.status for record in records] == ["coded", "coded", "not_applicable"]


def test_a_pipe_reads_only_as_far_as_it_is_read(coder: Coder) -> None:
    def notes() -> object:
        yield TEXT
        raise AssertionError("read ahead")

    assert next(coder.pipe(notes())).status == "coded"  # type: ignore[arg-type]


def test_a_failing_note_stops_a_pipe_unless_somebody_listens(coder: Coder) -> None:
    notes = [TEXT, {"note_id": "no-text"}, Note("bug", "BOOM"), TEXT]
    with pytest.raises(NoteFormatError):
        list(coder.pipe(notes))
    heard: list[tuple[str, type[Exception]]] = []
    records = coder.pipe(notes, on_error=lambda note, e: heard.append((note.note_id, type(e))))
    assert [record.note_id for record in records] == ["note-1", "note-4"]
    assert heard == [("note-2", NoteFormatError), ("bug", ValueError)]


def test_facts_are_coded_without_the_pipeline(coder: Coder) -> None:
    facts = coder(TEXT).facts
    alone = Coder(load_policy("medicare"))
    record = alone.code_facts(facts, note_id="n-1", meta={"date_of_service": "2026-05-21"})
    assert record.policy.startswith("medicare")
    assert record.lines[0].modifiers == ("KX", "RT")


def test_a_policy_file_is_as_good_as_a_name(tmp_path: Path) -> None:
    own = tmp_path / "practice.yaml"
    own.write_text("name: practice\ndescription: Ours.\ninherits: default\neffective: 2020-01-01\n")
    record = facetcode.load(own)(TEXT)
    assert record.policy.startswith("practice@")
    assert [line.code for line in record.lines] == ["64490"]
