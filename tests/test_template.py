"""The note template: filled in it codes, left open it raises what it asks for."""

import re
from typing import Any

import pytest
from typer.testing import CliRunner

from facetcode import load
from facetcode.cli import app
from facetcode.coder import Coder
from facetcode.coding import load_policy, policy_names
from facetcode.notes.note import Note
from facetcode.physician.template import asked, fields_for, load_fields, markdown, plain
from facetcode.record import Record

DAY = "2026-10-05"
META = {"date_of_service": DAY}
HOSPITAL = META | {"claim_type": "hopd_facility", "place_of_service": "22"}

# What a physician may write, by the field's label.
ANSWERS = {
    "Date of service": DAY,
    "Diagnosis": "cervical spondylosis without radiculopathy",
    "ICD-10 code": "M47.812",
    "Pain present since": "January 2024",
    "Conservative treatment, with dates and result": "physical therapy, spring of 2025, and "
    "naproxen, without lasting benefit",
    "Activities the pain limits, or a disability scale with its score": "unable to drive",
    "Radicular symptoms": "absent",
    "Pain score before the block": "7 out of 10",
    "Relief after the first block, in percent, its date and how long it lasted": "90% on "
    "2026-09-07, for 6 hours",
    "Next step considered": "radiofrequency ablation if the pain falls again",
    "Whether denervation was considered and why or why not": "ablation cannot be done, pacemaker",
    "Prior authorisation number where one was needed": "UTN A1234567890123",
    "Procedure performed": "medial branch block",
    "Levels, each joint or medial branch by name": "C4, C5 and C6 medial branches",
    "Side": "right",
    "Image guidance": "fluoroscopy",
    "Images": "saved",
    "Sedation, and its reason if any": "none",
    "Complications": "none",
    "Pain score after the block": "1 out of 10, 20 minutes after it",
    "Signature": "electronically signed by Ada Reyes, MD",
}
CASES = {
    "first": (
        {"Purpose": "diagnostic", "Number of this block in its series": "first"},
        "diagnostic",
    ),
    "second": (
        {"Purpose": "diagnostic", "Number of this block in its series": "second"},
        "diagnostic",
    ),
    "therapeutic": (
        {
            "Purpose": "therapeutic",
            "Procedure performed": "intra-articular facet joint injection",
            "Levels, each joint or medial branch by name": "C4-C5 and C5-C6 joints",
        },
        "therapeutic",
    ),
}
POLICIES = ("default", "medicare", "medicare-hopd", "medicare-noridian", "rt-lt-lines", "uhc")


@pytest.fixture(scope="module")
def coder() -> Coder:
    return load("default")


def filled(template: str, answers: dict[str, str]) -> str:
    """The template as a physician leaves it; a field without an answer stays as it was."""
    lines = []
    for line in template.splitlines():
        label = next((a for a in answers if line.startswith(f"{a}: ")), None)
        if line.startswith("Technique"):
            line = line.replace("*** mL of ***", "0.5 mL of bupivacaine 0.5%")
        lines.append(line if label is None else f"{label}: {answers[label]}")
    return "\n".join(lines)


def coded(coder: Coder, policy: str, text: str) -> Record:
    meta = HOSPITAL if policy == "medicare-hopd" else META
    return Coder(load_policy(policy), coder.extractor)(Note("template", text, meta))


def codes(record: Record, severity: str) -> set[str]:
    return {flag.code for flag in record.flags if flag.severity == severity}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("case", CASES)
def test_filled_in_it_codes_without_a_hard_flag(coder: Coder, policy: str, case: str) -> None:
    answers, purpose = CASES[case]
    template = plain(load_policy(policy).on(), purpose)  # type: ignore[arg-type]
    record = coded(coder, policy, filled(template, ANSWERS | answers))
    assert record.status == "coded"
    # Whether the payer pays for a therapeutic block, and what is unknown of it, no note can mend.
    beyond = {"THERAPEUTIC_NOT_COVERED", "PAYER_RULE_UNKNOWN"}
    assert codes(record, "hard") - beyond == set()
    assert [line.code for line in record.lines] == ["64490", "64491"]
    assert {level.side for level in record.facts.levels} == {"right"}
    if "\nPurpose: " in template:
        assert record.facts.procedure.intent == purpose
    assert record.facts.procedure.ordinal == {"first": 1, "second": 2}.get(case)


# Fields whose blank raises nothing by itself, and why.
_ELSEWHERE = {
    "Purpose": "a second block of a series is diagnostic",
    "Radicular symptoms": "nothing said of it is nothing against the block",
    "Sedation, and its reason if any": "none given",
    "Diagnosis": "the code says it too",
    "ICD-10 code": "the words say it too",
    "Next step considered": "only some payers ask",
    "Prior authorisation number where one was needed": "hospital claims only",
}

_HERE = {
    ("medicare-hopd", "second", "Prior authorisation number where one was needed"),
    ("medicare-hopd", "therapeutic", "Prior authorisation number where one was needed"),
    ("medicare", "therapeutic", "Purpose"),
}


@pytest.mark.parametrize("policy", ("medicare", "medicare-hopd"))
@pytest.mark.parametrize("case", ("second", "therapeutic"))
def test_each_field_left_open_raises_its_flag(coder: Coder, policy: str, case: str) -> None:
    answers, purpose = CASES[case]
    in_force = load_policy(policy).on()
    template = plain(in_force, purpose)  # type: ignore[arg-type]
    for field in fields_for(in_force, purpose):  # type: ignore[arg-type]
        wanted = set(asked(field, in_force))
        excused = field.label in _ELSEWHERE and (policy, case, field.label) not in _HERE
        if not wanted or excused:
            continue
        rest = {k: v for k, v in (ANSWERS | answers).items() if k != field.label}
        raised = {flag.code for flag in coded(coder, policy, filled(template, rest)).flags}
        if purpose == "therapeutic" and field.label.startswith("Pain score after"):
            continue  # a therapeutic block is judged by the weeks after it
        assert wanted & raised, (field.label, sorted(raised))


@pytest.mark.parametrize("policy", ("medicare", "medicare-noridian"))
def test_left_open_whole_it_raises_what_a_note_must_say(coder: Coder, policy: str) -> None:
    record = coded(coder, policy, plain(load_policy(policy).on(), "diagnostic"))
    assert record.status == "query"
    assert not record.lines
    assert codes(record, "hard") | codes(record, "soft") >= {
        "LEVEL_MISSING",
        "GUIDANCE_MISSING",
        "INTENT_MISSING",
        "DIAGNOSIS_MISSING",
        "DURATION_MISSING",
        "CONSERVATIVE_CARE_MISSING",
        "FUNCTION_MISSING",
        "PAIN_SCORE_MISSING",
        "POST_RESPONSE_MISSING",
        "UNSIGNED",
        "PLACEHOLDER",
    }
    assert not record.facts.diagnoses and not record.facts.scores and not record.facts.relief


@pytest.mark.parametrize("policy", policy_names())
def test_every_policy_has_a_template_that_asks_only_what_it_needs(policy: str) -> None:
    in_force = load_policy(policy).on()
    fields = fields_for(in_force)
    assert {"Side", "Image guidance"} <= {field.label for field in fields}
    for field in load_fields()[1]:
        assert (field in fields) == (not field.flags or bool(asked(field, in_force)))


def test_nothing_is_filled_in_and_nothing_leads() -> None:
    for field in load_fields()[1]:
        assert "***" in field.blank or re.fullmatch(r"\[[^\[\]]+( / [^\[\]]+)+\]", field.blank)
        assert not re.search(r"\d|%", (field.label + field.blank).replace("ICD-10", "")), (
            "a threshold would lead"
        )


@pytest.mark.parametrize(
    ("arguments", "holds"),
    [
        (["--policy", "medicare"], "## Why each field is there"),
        (["--policy", "medicare", "--format", "txt"], "PROCEDURE NOTE"),
        (["--policy", "medicare", "--procedure", "therapeutic"], "Whether denervation"),
        (["--policy", "medicare", "--on", "2023-06-30"], "medicare@"),
    ],
)
def test_the_command_prints_it(arguments: list[str], holds: str) -> None:
    done = CliRunner().invoke(app, ["template", *arguments])
    assert done.exit_code == 0
    assert holds in done.stdout


def test_markdown_and_text_hold_the_same_form() -> None:
    policy: Any = load_policy("medicare").on()
    assert plain(policy).strip() in markdown(policy)
