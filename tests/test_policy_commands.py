"""``facetcode policy`` and ``--payers``: what the practice sees of the rules."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from facetcode.cli import app
from facetcode.coding import policy_names

GOOD = """\
name: our-aetna
description: Aetna under our contract.
inherits: aetna
effective: 2026-03-01
values:
  bilateral_first:
    - effective: 2026-03-01
      value: rt_lt_lines
      cite: {document: Contract, version: "2026", section: "4.2", read: 2026-03-01}
      sure: primary
"""
MAPPING = """\
description: Ours.
rules:
  - when: {payer: ["blue *"]}
    policy: rt-lt-lines
  - when: {payer: [medicare]}
    policy: "medicare-{contractor}{claim}"
contractors: {FL: first-coast}
otherwise: cpt-strict
"""
NOTE = (
    "PROCEDURE: diagnostic bilateral C4-5 medial branch block under fluoroscopy. Needles placed "
    "and 0.5 mL bupivacaine injected."
)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_list_names_every_policy_with_its_dates() -> None:
    rows = [line.split("\t") for line in run("policy", "list").stdout.splitlines()]
    assert rows[0] == ["policy", "covers", "description"]
    assert {row[0] for row in rows[1:]} == set(policy_names())


@pytest.mark.parametrize(
    ("on", "third", "label"),
    [
        ("2023-06-30", "appeal_only", "medicare@"),
        ("2024-08-05", "noncovered", "medicare@2024-08-05"),
    ],
)
def test_show_gives_the_rules_of_the_day(on: str, third: str, label: str) -> None:
    done = run("policy", "show", "medicare", "--on", on)
    assert done.exit_code == 0
    assert done.stdout.startswith(label)
    rows = {row[0]: row for line in done.stdout.splitlines() if len(row := line.split("\t")) == 7}
    assert rows["third_level"][1] == third
    assert "read 20" in rows["third_level"][5], "every rule says where and when it was read"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("show", "no-such-policy"), "no-such-policy"),
        (("show", "medicare", "--on", "2015-01-01"), "covers 2021-04-25"),
        (("show", "medicare", "--on", "yesterday"), "write it as YYYY-MM-DD"),
        (("check", "no-such-file.yaml"), "no such file"),
        (("diff", "default", "medicare", "--on", "2010-01-01"), "covers 2021-04-25"),
    ],
)
def test_what_cannot_be_answered_says_why(arguments: tuple[str, ...], says: str) -> None:
    done = run("policy", *arguments)
    assert done.exit_code == 2
    assert says in done.stderr


@pytest.mark.parametrize(
    ("text", "status", "says"),
    [
        (GOOD, 0, "policy 'our-aetna'"),
        (GOOD.replace("rt_lt_lines", "sideways"), 2, "our-aetna.yaml:8"),
        (GOOD.replace("sure: primary", "sure: very"), 2, "our-aetna.yaml:10"),
        (GOOD.replace("inherits: aetna", "inherits: nobody"), 2, "our-aetna.yaml:3"),
        (GOOD.replace("values:", "vaules:"), 2, "our-aetna.yaml:5"),
        (MAPPING, 0, "mapping of 2 rules"),
        (MAPPING.replace("rt-lt-lines", "no-such"), 2, "no-such"),
    ],
)
def test_check_names_file_and_line(tmp_path: Path, text: str, status: int, says: str) -> None:
    path = tmp_path / "our-aetna.yaml"
    path.write_text(text)
    done = run("policy", "check", path)
    assert done.exit_code == status, done.stderr
    assert says in done.stdout + done.stderr


def test_diff_tells_the_rules_that_differ() -> None:
    done = run("policy", "diff", "default", "medicare-noridian")
    rows = {line.split("\t")[0]: line.split("\t") for line in done.stdout.splitlines()}
    assert rows["kx"][1:3] == ["none", "diagnostic_lines"]
    assert run("policy", "diff", "medicare", "medicare").stdout.count("same rules") == 1


def records(tmp_path: Path, *metas: dict[str, str], **options: Path) -> Path:
    notes, out = tmp_path / "notes.jsonl", tmp_path / "records.jsonl"
    rows = [{"note_id": f"n-{i}", "text": NOTE} | meta for i, meta in enumerate(metas)]
    notes.write_text("".join(json.dumps(row) + "\n" for row in rows))
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    done = run("code", notes, "--output", out, *flags)
    assert done.exit_code == 0, done.stderr
    (tmp_path / "said").write_text(done.stderr)
    return out


def test_diff_recodes_a_batch_under_both(tmp_path: Path) -> None:
    day = {"date_of_service": "2026-06-01"}
    batch = records(tmp_path, day, day | {"date_of_service": "2015-01-01"})
    done = run("policy", "diff", "default", "medicare-noridian", "--records", batch)
    assert done.exit_code == 1, "one note is older than the second policy"
    (header, row) = (line.split("\t") for line in done.stdout.splitlines())
    assert header[:3] == ["note", "default", "medicare-noridian"]
    assert row[:3] == ["n-0", "64490-50", "64490-50-KX"]
    assert "kx: none -> diagnostic_lines" in row[-1]
    assert "note n-1" in done.stderr and "covers 2021-04-25" in done.stderr


def test_payers_choose_the_policy(tmp_path: Path) -> None:
    mapping = tmp_path / "payers.yaml"
    mapping.write_text(MAPPING)
    day = {"date_of_service": "2026-06-01"}
    out = records(
        tmp_path,
        day | {"payer": "Blue Shield"},
        day | {"payer": "Medicare", "state": "FL"},
        day | {"payer": "Somebody Else"},
        payers=mapping,
    )
    made = [json.loads(line) for line in out.read_text().splitlines()]
    names = [record["policy"].split("@")[0] for record in made]
    assert names == ["rt-lt-lines", "medicare-first-coast", "cpt-strict"]
    lines = [[[line["code"], *line["modifiers"]] for line in record["lines"]] for record in made]
    assert lines[0] == [["64490", "RT"], ["64490", "LT"]]
    assert lines[1] == [["64490", "50", "KX"]]
    assert (
        "1 note names a payer that no rule of the mapping fits" in (tmp_path / "said").read_text()
    )


def test_a_policy_and_a_mapping_exclude_each_other(tmp_path: Path) -> None:
    (tmp_path / "n.txt").write_text(NOTE)
    (tmp_path / "payers.yaml").write_text(MAPPING)
    done = run(
        "code", tmp_path / "n.txt", "--policy", "medicare", "--payers", tmp_path / "payers.yaml"
    )
    assert done.exit_code == 2
    assert "not both" in done.stderr
