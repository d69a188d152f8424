"""Agreement of raters: kappa against other computations, marks, disagreements, the command."""

from __future__ import annotations

import dataclasses
import json
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from typer.testing import CliRunner

from facetcode.cli import app
from facetcode.coding import code, load_policy
from facetcode.evaluate.agreement import compare_labelings, mark_counts, units_of
from facetcode.evaluate.gold import GoldNote, GoldSpan, to_gold
from facetcode.evaluate.kappa import Agreement, kappas
from facetcode.evaluate.labelings import Labeling, Mark, of_gold, of_record, read_labeling
from facetcode.evaluate.markup import parse_inline
from facetcode.evaluate.matching import Counts
from facetcode.facts import Evidence, Facts, Guidance, Level, Procedure
from facetcode.record import Record, to_json

INLINE = """\
---
note_id: clinic-01
voice: clinic
meta: {}
status: coded
procedure: {kind: medial_branch_block, intent: diagnostic, ordinal: 1}
levels: {C4-C5: right}
named_as: joints
guidance: fluoroscopy
relief: []
diagnoses: []
codes: {default: [64490-RT], medicare: [64490-KX-RT]}
flags: [UNSIGNED]
clean: false
---
<side value="right">Right</side> <level joint="C4-C5" side="right">C4-5</level>
<procedure kind="medial_branch_block">MBB</procedure>, first diagnostic,
<guidance modality="fluoroscopy">C-arm</guidance>. SECRETNAME tolerated it.
"""
GOLD = parse_inline(INLINE, "clinic-01.txt")


def numbered(*notes: GoldNote) -> list[GoldNote]:
    return [dataclasses.replace(n, note_id=f"clinic-{i:02}") for i, n in enumerate(notes, 1)]


def left(note: GoldNote = GOLD) -> GoldNote:
    spans = tuple(
        GoldSpan(
            s.label, s.start, s.end, {k: v.replace("right", "left") for k, v in s.attrs.items()}
        )
        for s in note.spans
    )
    codes = {p: tuple(c.replace("RT", "LT") for c in cs) for p, cs in note.codes.items()}
    return dataclasses.replace(note, levels={"C4-C5": "left"}, spans=spans, codes=codes)


def rated(*notes: GoldNote, source: str = "a") -> Labeling:
    return Labeling(source, False, {n.note_id: of_gold(n) for n in notes})


def record(policy: str = "medicare", **changes: object) -> Record:
    def at(words: str) -> tuple[Evidence, ...]:
        start = GOLD.text.index(words)
        return (Evidence(start, start + len(words), words),)

    facts = Facts(
        Procedure("medial_branch_block", "diagnostic", 1, at("MBB")),
        (Level("C4-C5", "right", "joints", at("C4-5")),),
        guidance=Guidance("fluoroscopy", at("C-arm")),
    )
    facts = dataclasses.replace(facts, **changes)  # type: ignore[arg-type]
    return code(facts, load_policy(policy).on(None), note_id="clinic-01")


def units(*columns: str) -> list[tuple[int, tuple[str, ...]]]:
    return list(enumerate(zip(*columns, strict=True)))


def one(*columns: str) -> Agreement:
    return kappas([units(*columns)], len(columns[0]))[0]


words = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=40)


@given(words)
def test_two_raters_have_scikit_learns_kappa(pairs: list[tuple[str, str]]) -> None:
    first, second = ("".join(column) for column in zip(*pairs, strict=True))
    found = one(first, second).kappa
    if len(set(first) | set(second)) == 1:
        assert found.value is None
    else:
        assert found.value == pytest.approx(cohen_kappa_score(list(first), list(second)))
        assert -1 <= found.low <= found.value <= found.high <= 1


@given(words, st.randoms())
def test_the_order_of_raters_and_units_does_not_matter(
    pairs: list[tuple[str, str]], rng: random.Random
) -> None:
    value = kappas([list(enumerate(pairs))], len(pairs))[0].kappa.value
    shuffled = [(b, a) for a, b in rng.sample(pairs, len(pairs))]
    assert kappas([list(enumerate(shuffled))], len(pairs))[0].kappa.value == pytest.approx(value)


def test_more_raters_have_fleisss_kappa() -> None:
    """Ten subjects, fourteen raters, five categories: the worked example in general use, 0.210."""
    table = [
        (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
        (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
    ]  # fmt: skip
    subjects = [
        (i, tuple(word for word, n in zip("abcde", row, strict=True) for _ in range(n)))
        for i, row in enumerate(table)
    ]
    found = kappas([subjects], len(table))[0]
    assert found.kappa.value == pytest.approx(0.20993, abs=1e-5)


def test_ten_notes_worked_by_hand() -> None:
    # Both yes 4, both no 3, first alone yes 2, second alone yes 1: observed 0.7,
    # chance 0.6 x 0.5 + 0.4 x 0.5 = 0.5, kappa (0.7 - 0.5) / (1 - 0.5) = 0.4.
    found = one("yyyyyynnnn", "yyyynnynnn")
    assert (found.share.value, found.share.n) == (0.7, 10)
    assert found.kappa.value == pytest.approx(0.4)
    assert found.kappa.low < 0.4 < found.kappa.high


def test_raters_who_never_differed_may_differ_yet() -> None:
    found = one("abababab", "abababab").kappa
    assert found.value == 1 and found.low < 0.7


def test_intervals_cover_what_they_say() -> None:
    """Raters who agree on purpose in 60 % of notes and else by chance of two even words: 0.6."""
    random_, runs, held = np.random.default_rng(7), 200, 0
    for _ in range(runs):
        first = random_.integers(0, 2, 80)
        second = np.where(random_.random(80) < 0.6, first, random_.integers(0, 2, 80))
        found = one("".join(map(str, first)), "".join(map(str, second))).kappa
        held += found.low <= 0.6 <= found.high
    assert held / runs >= 0.92


MARKS = [
    # first, second, exact, overlap, exact with attributes, overlap with attributes: (tp, fp, fn)
    pytest.param(
        [(0, 4, "right")], [(0, 4, "right")], (1, 0, 0), (1, 0, 0), (1, 0, 0), (1, 0, 0), id="same"
    ),
    pytest.param(
        [(0, 4, "right")], [(0, 4, "left")], (1, 0, 0), (1, 0, 0), (0, 1, 1), (0, 1, 1), id="read"
    ),
    pytest.param(
        [(0, 4, "right")], [(2, 6, "right")], (0, 1, 1), (1, 0, 0), (0, 1, 1), (1, 0, 0), id="cut"
    ),
    pytest.param([(0, 4, "right")], [], (0, 0, 1), (0, 0, 1), (0, 0, 1), (0, 0, 1), id="missed"),
]


@pytest.mark.parametrize(
    ("first", "second", "exact", "overlap", "exact_read", "overlap_read"), MARKS
)
def test_marks(
    first: list[tuple[int, int, str]],
    second: list[tuple[int, int, str]],
    exact: tuple[int, int, int],
    overlap: tuple[int, int, int],
    exact_read: tuple[int, int, int],
    overlap_read: tuple[int, int, int],
) -> None:
    found = mark_counts([Mark(*m) for m in first], [Mark(*m) for m in second])
    assert list(found.values()) == [
        Counts(*counts) for counts in (exact, overlap, exact_read, overlap_read)
    ]


def _without(label: str) -> GoldNote:
    return dataclasses.replace(GOLD, spans=tuple(s for s in GOLD.spans if s.label != label))


PLANTED = [
    pytest.param(
        left(), {"side C4-C5", "codes default", "codes medicare", "level mark"}, id="side"
    ),
    pytest.param(dataclasses.replace(GOLD, guidance="ct"), {"guidance"}, id="guidance"),
    pytest.param(dataclasses.replace(GOLD, intent="therapeutic"), {"intent"}, id="intent"),
    pytest.param(dataclasses.replace(GOLD, ordinal=2), {"ordinal"}, id="ordinal"),
    pytest.param(dataclasses.replace(GOLD, named_as="nerves"), {"named_as"}, id="named_as"),
    pytest.param(dataclasses.replace(GOLD, status="query"), {"status"}, id="status"),
    pytest.param(dataclasses.replace(GOLD, kind="intraarticular"), {"kind"}, id="kind"),
    pytest.param(dataclasses.replace(GOLD, flags=()), {"flag UNSIGNED"}, id="flag"),
    pytest.param(
        dataclasses.replace(GOLD, levels={"C4-C5": "right", "C5-C6": "right"}),
        {"joints"},
        id="joint",
    ),
    pytest.param(_without("guidance"), {"guidance mark"}, id="mark"),
    pytest.param(_without("side"), {"side mark"}, id="side mark"),
]


@pytest.mark.parametrize(("other", "named"), PLANTED)
def test_a_planted_disagreement_is_named(other: GoldNote, named: set[str]) -> None:
    report = compare_labelings([rated(GOLD), rated(other)])
    assert named <= {d.field for d in report.disagreements}
    assert not compare_labelings([rated(GOLD), rated(GOLD)]).disagreements


def test_a_field_is_rated_where_every_rater_filled_it() -> None:
    none = dataclasses.replace(GOLD, status="not_applicable", levels={}, named_as=None)
    found = units_of([[of_gold(GOLD), of_gold(GOLD)], [of_gold(GOLD), of_gold(none)]])
    assert [place for place, _ in found["guidance"]] == [0]
    assert [place for place, _ in found["status"]] == [0, 1]
    # Nobody raised it: no field to agree on.
    assert "flag SIDE_MISSING" not in found


def test_a_record_is_read_as_an_annotator_would_have_labelled() -> None:
    machine = of_record(record())
    human = of_gold(GOLD)
    same = ("status", "kind", "intent", "guidance", "joints", "named_as", "codes medicare")
    assert {n: machine.fields[n] for n in same} == {n: human.fields[n] for n in same}
    assert machine.marks["level"] == human.marks["level"]
    assert machine.marks["procedure"] == human.marks["procedure"]
    assert machine.marks["guidance"] == human.marks["guidance"]


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        ("default", "codes default"),
        ("medicare-noridian", "codes medicare"),
        ("medicare-noridian-asc", "codes medicare-noridian-asc"),
    ],
)
def test_codes_are_compared_within_a_policy(policy: str, field: str) -> None:
    assert field in of_record(record(policy)).fields


def test_an_open_intent_alone_is_no_query_to_the_labels() -> None:
    open_ = record(procedure=Procedure("medial_branch_block"))
    assert open_.status == "query"
    assert of_record(open_).fields["status"] == "coded"
    both = record(procedure=Procedure("medial_branch_block"), guidance=Guidance("unstated"))
    assert of_record(both).fields["status"] == "query"


def test_people_stand_beside_the_machine() -> None:
    first = numbered(GOLD, left(), GOLD, left())
    second = numbered(GOLD, left(), GOLD, GOLD)
    machine = {
        n.note_id: dataclasses.replace(of_record(record()), note_id=n.note_id) for n in first
    }
    third = [left(), left(), GOLD, left()]
    for note, says in zip(first, third, strict=True):
        fields = {
            **machine[note.note_id].fields,
            "codes medicare": " ".join(says.codes["medicare"]),
        }
        machine[note.note_id] = dataclasses.replace(machine[note.note_id], fields=fields)
    report = compare_labelings([rated(*first), rated(*second), Labeling("m", True, machine)])
    assert [pair.who for pair in report.pairs] == ["human-human", "machine-human", "machine-human"]
    human = cohen_kappa_score(list("rlrl"), list("rlrr"))
    pairs = [
        cohen_kappa_score(list("rlrl"), list("llrl")),
        cohen_kappa_score(list("rlrr"), list("llrl")),
    ]
    found = report.beside["codes medicare"]
    assert found.human.value == pytest.approx(human)
    assert found.machine.value == pytest.approx(sum(pairs) / 2)
    assert found.difference.value == pytest.approx(sum(pairs) / 2 - human)
    assert report.together["codes medicare"].kappa.n == 4


def write_gold(path: Path, *notes: GoldNote) -> Path:
    path.write_text("".join(json.dumps(to_gold(n)) + "\n" for n in notes), encoding="utf-8")
    return path


def test_command_compares_files_and_writes_json(tmp_path: Path) -> None:
    first = write_gold(tmp_path / "a.jsonl", *numbered(GOLD, left()))
    second = write_gold(tmp_path / "b.jsonl", *numbered(GOLD, GOLD))
    machine = tmp_path / "records.jsonl"
    machine.write_text(json.dumps(to_json(record())) + "\n")
    out = tmp_path / "out.json"
    run = CliRunner().invoke(
        app, ["agree", str(first), str(second), str(machine), "--output", str(out), "--most", "1"]
    )
    assert run.exit_code == 0, run.output
    assert "SECRETNAME" not in run.output and "SECRETNAME" not in out.read_text()
    data = json.loads(out.read_text())
    assert [x["machine"] for x in data["labelings"]] == [False, False, True]
    assert data["common"] == 1
    assert data["pairs"][0]["fields"]["status"]["agreement"] == {
        "value": 1.0, "low": pytest.approx(0.342, abs=1e-3), "high": 1.0, "n": 2,
    }  # fmt: skip
    assert {"note_id": "clinic-02", "field": "side C4-C5", "A": "left", "B": "right"} in data[
        "disagreements"
    ]
    assert "Disagreements: 1 of" in run.output


def test_a_note_whose_text_differs_is_set_aside(tmp_path: Path) -> None:
    moved = dataclasses.replace(GOLD, text=" " + GOLD.text)
    first = write_gold(tmp_path / "a.jsonl", *numbered(GOLD, GOLD))
    second = write_gold(tmp_path / "b.jsonl", *numbered(moved, GOLD))
    run = CliRunner().invoke(app, ["agree", str(first), str(second)])
    assert run.exit_code == 1
    assert "clinic-01: set aside, its text differs" in run.output
    shifted = Evidence(0, 3, "MBB")
    other = record(procedure=Procedure("medial_branch_block", "diagnostic", 1, (shifted,)))
    report = compare_labelings([rated(GOLD), Labeling("m", True, {"clinic-01": of_record(other)})])
    assert report.set_aside == ["clinic-01"]


def test_bad_input_is_said(tmp_path: Path) -> None:
    first = write_gold(tmp_path / "a.jsonl", *numbered(GOLD))
    elsewhere = write_gold(tmp_path / "b.jsonl", dataclasses.replace(GOLD, note_id="clinic-77"))
    broken = tmp_path / "records.jsonl"
    broken.write_text(json.dumps(to_json(record())) + '\n{"note_id": "x", "procedure": 7}\n')
    twice = tmp_path / "twice.jsonl"
    twice.write_text((json.dumps(to_json(record())) + "\n") * 2)
    runner = CliRunner()
    for arguments, status, said in [
        ([first], 2, "two labelings or more"),
        ([first, elsewhere], 2, "no note in common"),
        ([first, tmp_path / "none.jsonl"], 2, "no such file"),
        ([first, broken], 1, "note x: 'procedure' must be an object"),
        ([first, twice], 2, "has two records"),
        ([first, first, "--output", first], 2, "is an input"),
    ]:
        run = runner.invoke(app, ["agree", *map(str, arguments)])
        assert run.exit_code == status, run.output
        assert said in run.output


def test_a_batchs_folder_stands_for_its_records(tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").write_text(json.dumps(to_json(record())) + "\n")
    found = read_labeling(tmp_path, lambda reject: None)
    assert found.machine and set(found.notes) == {"clinic-01"}
