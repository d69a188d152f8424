"""Two runs: changes named, better and worse against labels, McNemar, and what CI is told."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from facetcode.cli import app
from facetcode.coding import code, load_policy
from facetcode.evaluate.cases import Case
from facetcode.evaluate.compare import changes, compare_runs, judge_cases
from facetcode.evaluate.gold import GoldNote
from facetcode.facts import Diagnosis, Guidance, Procedure, Relief
from facetcode.record import Record

WriteGold = Callable[[Path, list[GoldNote]], Path]
WriteRun = Callable[[Path, list[Case], str], Path]
MakeCase = Callable[..., Case]
ONE, OTHER = {"C4-C5": "right"}, {"C4-C5": "left"}


def coded(record: Record, policy: str = "medicare", **facts: object) -> Record:
    changed = dataclasses.replace(record.facts, **facts)  # type: ignore[arg-type]
    return code(changed, load_policy(policy).on(None), note_id=record.note_id)


CHANGED = [
    pytest.param({"levels": ()}, {"levels", "codes", "status", "flag LEVEL_MISSING"}, id="levels"),
    pytest.param({"guidance": Guidance("ct")}, {"guidance"}, id="guidance"),
    pytest.param(
        {"procedure": Procedure("medial_branch_block")},
        {"intent", "ordinal", "codes", "status", "flag INTENT_MISSING"},
        id="intent",
    ),
    pytest.param({"procedure": Procedure(None)}, {"kind", "status", "codes"}, id="kind"),
    pytest.param({"relief": (Relief(85, 85, "today"),)}, {"relief"}, id="relief"),
    pytest.param({"diagnoses": (Diagnosis("M47.812"),)}, {"diagnoses"}, id="diagnosis"),
]


@pytest.mark.parametrize(("facts", "named"), CHANGED)
def test_a_change_is_named(ten: list[Case], facts: dict[str, object], named: set[str]) -> None:
    before = coded(ten[0].record)
    assert changes(before, before) == []
    assert named <= {change.field for change in changes(before, coded(before, **facts))}


def test_a_new_policy_is_a_change_of_codes(ten: list[Case]) -> None:
    before, after = coded(ten[0].record, "default"), coded(ten[0].record, "medicare")
    found = compare_runs({"n": before}, {"n": after})
    assert found.policies == ([before.policy], [after.policy])
    assert ("codes", "64490-RT", "64490-KX-RT") in {
        (c.field, c.before, c.after) for c in found.changes
    }
    units = dataclasses.replace(before.lines[0], units=2)
    doubled = dataclasses.replace(before, lines=(units,))
    assert [c.after for c in changes(before, doubled)] == ["64490-RT×2"]


def test_better_and_worse_by_hand(make_case: MakeCase) -> None:
    """One note better and six worse: (1 + 7) / 2^7 on each side, 0.125; two are as they were."""
    pairs = [(make_case(1, ONE, OTHER), make_case(1, ONE, ONE))]
    pairs += [(make_case(n, ONE, ONE), make_case(n, ONE, OTHER)) for n in range(2, 8)]
    pairs += [
        (make_case(n, ONE, given), make_case(n, ONE, given)) for n, given in ((8, ONE), (9, OTHER))
    ]
    judged = judge_cases(pairs)
    codes, whole = judged.measures
    for measure in (codes, whole):
        assert (measure.better, measure.worse) == (1, 6)
        assert measure.p == pytest.approx(0.125)
        assert (measure.before, measure.after) == (pytest.approx(7 / 9), pytest.approx(2 / 9))
        assert measure.difference.value == pytest.approx(-5 / 9)
        assert measure.difference.low < -5 / 9 < measure.difference.high < 0
    f1 = next(f for f in judged.facts if f.name == "joint+side")
    assert (f1.before, f1.after) == (pytest.approx(7 / 9), pytest.approx(2 / 9))
    assert f1.difference.low < -5 / 9 < f1.difference.high
    assert [(v.note_id, bool(v.fixed), bool(v.broken)) for v in judged.verdicts[:2]] == [
        ("clinic-01", True, False), ("clinic-02", False, True),
    ]  # fmt: skip
    assert len(judged.verdicts) == 7


def test_an_error_of_another_kind_is_both_gone_and_come(make_case: MakeCase) -> None:
    pair = (make_case(1, ONE, OTHER), make_case(1, ONE, {"C4-C5": "bilateral"}))
    verdict = judge_cases([pair]).verdicts[0]
    assert [m.found for m in verdict.fixed if m.fact == "joint+side"] == ["C4-C5 left"]
    assert [m.found for m in verdict.broken if m.fact == "joint+side"] == ["C4-C5 bilateral"]


RUNS = [
    # levels before, levels after, records after, arguments, status, said
    pytest.param([ONE, ONE], [ONE, ONE], 2, ["--gold"], 0, "0 changed", id="same"),
    pytest.param([ONE, ONE], [ONE, OTHER], 2, ["--gold"], 0, "1 changed", id="told"),
    pytest.param(
        [ONE, ONE],
        [ONE, OTHER],
        2,
        ["--gold", "--fail-if-worse"],
        1,
        "worse: codes: 1 notes worse",
        id="worse",
    ),
    pytest.param(
        [OTHER, ONE], [ONE, OTHER], 2, ["--gold", "--fail-if-worse"], 0, "2 changed", id="even"
    ),
    pytest.param(
        [OTHER, ONE], [ONE, ONE], 2, ["--gold", "--fail-if-worse"], 0, "1 changed", id="better"
    ),
    pytest.param(
        [ONE, ONE],
        [ONE, ONE],
        1,
        ["--gold", "--fail-if-worse"],
        1,
        "1 notes lost their record",
        id="lost",
    ),
    pytest.param([ONE, ONE], [ONE, OTHER], 2, [], 0, "1 changed", id="no gold"),
    pytest.param([ONE, ONE], [ONE, ONE], 2, ["--fail-if-worse"], 2, "needs --gold", id="no labels"),
    pytest.param([ONE, ONE], [ONE, ONE], 0, [], 2, "no records", id="empty"),
]


@pytest.mark.parametrize(("before", "after", "kept", "arguments", "status", "said"), RUNS)
def test_command(
    tmp_path: Path,
    make_case: MakeCase,
    write_gold: WriteGold,
    write_run: WriteRun,
    before: list[dict[str, str]],
    after: list[dict[str, str]],
    kept: int,
    arguments: list[str],
    status: int,
    said: str,
) -> None:
    first = [make_case(n, ONE, given) for n, given in enumerate(before, 1)]
    second = [make_case(n, ONE, given) for n, given in enumerate(after, 1)][:kept]
    gold = write_gold(tmp_path / "gold.jsonl", [case.gold for case in first])
    runs = [write_run(tmp_path / "a.jsonl", first, "default")]
    runs.append(write_run(tmp_path / "b.jsonl", second, "default"))
    out = tmp_path / "out.json"
    given = [word for arg in arguments for word in ([arg, str(gold)] if arg == "--gold" else [arg])]
    run = CliRunner().invoke(app, ["compare", *map(str, runs), *given, "--output", str(out)])
    assert run.exit_code == status, run.output
    assert said in run.output and "SECRETNAME" not in run.output
    if status < 2:
        data = json.loads(out.read_text())
        assert data["notes"] == kept
        assert (data["judged"] is None) == ("--gold" not in arguments)


def test_runs_without_a_note_in_common(
    tmp_path: Path, make_case: MakeCase, write_run: WriteRun
) -> None:
    first = write_run(tmp_path / "a.jsonl", [make_case(1, ONE, ONE)], "default")
    second = write_run(tmp_path / "b.jsonl", [make_case(2, ONE, ONE)], "default")
    run = CliRunner().invoke(app, ["compare", str(first), str(second)])
    assert run.exit_code == 2 and "no note in common" in run.output
