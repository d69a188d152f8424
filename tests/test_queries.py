"""Questions to the physician: one an item, grouped, never leading, safe in every viewer."""

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from facetcode import load
from facetcode.cli import app
from facetcode.coder import Coder
from facetcode.coding import load_policy
from facetcode.coding.rules import FLAG_CODES
from facetcode.errors import PolicyError
from facetcode.facts import Evidence, Facts, Level, Procedure
from facetcode.notes.note import Note
from facetcode.physician.queries import Query, draft, load_questions
from facetcode.physician.write import COLUMNS, write_csv, write_markdown
from facetcode.recode import Answer
from facetcode.record import Flag, Record, to_json

# What a compliant query never speaks of: money, quality scores, the code or rule that hangs on it.
LEADING = re.compile(
    r"\b(?:pay\w*|reimburs\w*|bill\w*|cover\w*|cpt|code\w*|644\d\d|claim\w*|den(?:y|ied|ial)\w*|polic\w*"
    r"|medicare|require\w*|must|need(?:s|ed)?|threshold|80|support\w*|please confirm|M47\S*)\b",
    re.IGNORECASE,
)


def answer(
    *flags: str, provider: str = "Dr. Ada Reyes", note_id: str = "n-1", **more: str
) -> Answer:
    evidence = (Evidence(0, 5, more.pop("text", "right")),)
    facts = Facts(
        Procedure("medial_branch_block"), levels=(Level("C4-C5", "right", "nerves", evidence),)
    )
    raised = tuple(
        Flag(code, "hard", f"{code} because the payer wants it", "LCD", evidence) for code in flags
    )
    meta = {"provider": provider, "date_of_service": "2026-10-05"} | more
    return Answer(note_id, facts, meta, "records.jsonl:1", "query", raised)


def test_every_flag_is_asked_about_or_left_to_the_coder_with_a_reason() -> None:
    asked = {code for question in load_questions() for code in question.flags}
    for code in FLAG_CODES:
        assert (code in asked) == bool(list(draft(answer(code)))), code


def test_a_flag_without_question_or_reason_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "queries.yaml"
    file.write_text(
        "closing: [Other, Unable to determine]\nquestions: []\nnot_asked: {LEVEL_LIMIT: x}\n"
    )
    with pytest.raises(PolicyError, match="no question and no reason for ADDON_WITHOUT_PRIMARY"):
        load_questions(file)


@pytest.mark.parametrize("question", load_questions(), ids=lambda q: q.item)
def test_no_question_leads(question: object) -> None:
    from facetcode.physician.queries import Question

    assert isinstance(question, Question)
    for text in (question.item, question.unclear, question.ask, *question.answers):
        assert not LEADING.search(text), text
    if question.answers:
        assert len(question.answers) >= 4, "two choices and the two that are always there"
        assert question.answers[-2].startswith("Other")
        assert question.answers[-1] == "Unable to determine"
    else:
        assert question.ask.rstrip()[-1] in "?.", "an open question or request"


def test_the_flags_own_message_is_not_sent() -> None:
    """It speaks of policies; the physician must not."""
    out = io.StringIO()
    write_markdown(draft(answer("SIDE_MISSING", "UNSIGNED")), out)
    assert "payer" not in out.getvalue()


def test_one_question_an_item_whatever_flags_lead_to_it() -> None:
    (query,) = draft(answer("LEVEL_CONFLICT", "NERVE_INCOMPLETE", "LEVEL_CONFLICT"))
    assert query.flags == ("LEVEL_CONFLICT", "NERVE_INCOMPLETE")
    assert query.documented == ("right",)


@pytest.mark.parametrize(("least", "items"), [("hard", 1), ("soft", 2), ("info", 3)])
def test_only_flags_as_grave_as_asked_for(least: str, items: int) -> None:
    given = answer()
    flags = tuple(
        Flag(code, severity, "", "LCD")  # type: ignore[arg-type]
        for code, severity in (
            ("UNSIGNED", "soft"),
            ("SIDE_MISSING", "hard"),
            ("CLONED_NOTE", "info"),
        )
    )
    queries = list(
        draft(Answer(given.note_id, given.facts, given.meta, "x", "coded", flags), least)
    )
    assert len(queries) == items
    assert queries[0].severity == "hard"


def test_nothing_is_asked_of_a_note_without_a_block() -> None:
    given = answer("UNSIGNED")
    assert not list(draft(Answer("n", given.facts, {}, "x", "not_applicable", given.flags)))


def test_words_of_another_note_name_it() -> None:
    flag = Flag("CLONED_NOTE", "soft", "", "LCD", (Evidence(3, 9, "needle", "n-0"),))
    given = answer()
    (query,) = draft(Answer("n-1", given.facts, {}, "x", "coded", (flag,)))
    assert query.documented == ("needle (note n-0)",)


def sample() -> list[Query]:
    given = (
        answer("SIDE_MISSING", provider="Dr. Zoe Young", note_id="n-3"),
        answer("SIDE_MISSING", "UNSIGNED", provider="", note_id="n-4"),
        answer("SIDE_MISSING", note_id="n-2"),
        answer("UNSIGNED", note_id="n-1", text="=HYPERLINK(1) <b>*bold*</b>"),
    )
    return [query for item in given for query in draft(item)]


def test_markdown_is_grouped_by_physician() -> None:
    out = io.StringIO()
    write_markdown(reversed(sample()), out)
    headings = re.findall(r"^#+ .*", out.getvalue(), re.MULTILINE)
    assert headings == [
        "# Requests for clarification",
        "## Dr\\. Ada Reyes",
        "### Note n\\-1, 2026\\-10\\-05",
        "### Note n\\-2, 2026\\-10\\-05",
        "## Dr\\. Zoe Young",
        "### Note n\\-3, 2026\\-10\\-05",
        "## Physician not named in the export",
        "### Note n\\-4, 2026\\-10\\-05",
    ]
    assert out.getvalue().count("[ ] Unable to determine") == 3


def test_note_text_stays_text_in_markdown() -> None:
    out = io.StringIO()
    given = answer("SIDE_MISSING", text="<script>x</script> [a](javascript:x) *b*")
    write_markdown(draft(given), out)
    assert "<script" not in out.getvalue()
    assert "\\[a\\]\\(javascript" in out.getvalue()


@pytest.mark.parametrize("words", ["=1+1", "@x", "+1", "-1", "\uff1dx", "\t=x"])
def test_no_cell_of_the_csv_is_run(words: str) -> None:
    out = io.StringIO()
    write_csv(draft(answer("SIDE_MISSING", provider=words, text=words)), out)
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert tuple(rows[0]) == COLUMNS
    for cell in rows[0].values():
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\uff1d"))


NOTES = {
    "side": "PROCEDURE: C4, C5 and C6 medial branch blocks, fluoroscopy. Needles were placed and "
    "0.5 mL bupivacaine was injected at each nerve.",
    "clinic": "Follow-up visit. We discussed a medial branch block. No procedure today.",
}


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    coder = Coder(load_policy("medicare"), load().extractor)
    path = tmp_path_factory.mktemp("queries") / "records.jsonl"
    meta = {"provider": "Dr. Ada Reyes", "date_of_service": "2026-10-05"}
    made = [coder(Note(name, text, meta)) for name, text in NOTES.items()]
    path.write_text("".join(json.dumps(to_json(record)) + "\n" for record in made))
    return path


@pytest.mark.parametrize(
    ("arguments", "status", "holds"),
    [
        ([], 0, "On which side was each level treated?"),
        (["--format", "csv"], 0, "Side of each level"),
        (["--severity", "hard"], 0, "On which side"),
    ],
)
def test_the_command_drafts(records: Path, arguments: list[str], status: int, holds: str) -> None:
    done = CliRunner().invoke(app, ["queries", str(records), *arguments])
    assert (done.exit_code, holds in done.stdout) == (status, True)
    assert "clinic," not in done.stdout and "Note clinic" not in done.stdout


def test_a_broken_line_costs_itself_alone(records: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"note_id": "bare", "procedure": {"kind": null}}\n' + records.read_text())
    done = CliRunner().invoke(app, ["queries", str(path), "--output", str(tmp_path / "q.csv")])
    assert done.exit_code == 1
    assert "r.jsonl:1: note bare: 'status'" in done.stderr
    assert "Side of each level" in (tmp_path / "q.csv").read_text()


def test_the_input_is_never_the_output(records: Path) -> None:
    before = records.read_bytes()
    done = CliRunner().invoke(app, ["queries", str(records), "--output", str(records)])
    assert done.exit_code == 2
    assert records.read_bytes() == before


def test_a_record_made_by_hand(make_record: Callable[..., Record], tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps(to_json(make_record())) + "\n")
    assert CliRunner().invoke(app, ["queries", str(path)]).exit_code == 0
