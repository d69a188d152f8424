"""Scoring notes against labels: each planted error is found and named, and figures add up."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sklearn.metrics import precision_recall_fscore_support
from typer.testing import CliRunner

from facetcode.cli import app
from facetcode.coding import code, load_policy
from facetcode.errors import AnnotationError
from facetcode.evaluate.corpus import read_corpus, read_splits
from facetcode.evaluate.gold import GoldNote, to_gold
from facetcode.evaluate.markup import parse_inline
from facetcode.evaluate.score import NoteScore, score_note
from facetcode.evaluate.summary import summarise
from facetcode.facts import (
    Diagnosis,
    Evidence,
    Facts,
    Guidance,
    Level,
    Procedure,
    Relief,
    Score,
)

INLINE = """\
---
note_id: clinic-01
voice: clinic
meta: {}
status: coded
procedure: {kind: medial_branch_block, intent: diagnostic, ordinal: 2}
levels: {C4-C5: right, C5-C6: right}
named_as: nerves
guidance: fluoroscopy
relief: [{low: 85, high: 85, when: prior}]
diagnoses: [M47.812]
codes: {default: [64490-RT, 64491-RT], medicare: [64490-KX-RT, 64491-KX-RT]}
flags: [DURATION_MISSING]
clean: false
---
<side value="right">Right</side> <level joint="C4-C5 C5-C6" side="right">C4, C5 and C6</level>
<procedure kind="medial_branch_block">MBB</procedure>
Under <guidance modality="fluoroscopy">C-arm</guidance>,
<score when="pre" value="7" scale="10">7/10</score>.
First gave <relief low="85" high="85" when="prior">85%</relief>.
Dx <diagnosis code="M47.812">M47.812</diagnosis>.
"""
GOLD = parse_inline(INLINE, "clinic-01.txt")


def at(words: str) -> tuple[Evidence, ...]:
    start = GOLD.text.index(words)
    return (Evidence(start, start + len(words), words),)


RIGHT = Facts(
    Procedure("medial_branch_block", "diagnostic", 2, at("MBB")),
    tuple(Level(joint, "right", "nerves", at("C4, C5 and C6")) for joint in ("C4-C5", "C5-C6")),
    guidance=Guidance("fluoroscopy", at("C-arm")),
    relief=(Relief(85, 85, "prior", at("85%")),),
    diagnoses=(Diagnosis("M47.812", at("M47.812")),),
    scores=(Score(7, 7, 10, "pre", at("7/10")),),
)
POLICIES = {name: load_policy(name).on(None) for name in ("default", "medicare")}


def scored(facts: Facts, gold: GoldNote = GOLD) -> NoteScore:
    return score_note(gold, {name: code(facts, p, note_id="n") for name, p in POLICIES.items()})


def test_a_right_record_has_nothing_to_correct() -> None:
    score = scored(RIGHT)
    assert score.all_correct, score.misses
    assert all(score.claims.values()) and all(score.fields.values())
    assert all(c.fp == c.fn == 0 for c in score.facts.values())
    assert all(c.fp == c.fn == 0 for pair in score.spans.values() for c in pair)


def _levels(*sides: tuple[str, str]) -> tuple[Level, ...]:
    return tuple(Level(joint, side, "nerves") for joint, side in sides)  # type: ignore[arg-type]


ERRORS: list[tuple[str, dict[str, object], set[str]]] = [
    (
        "side",
        {"levels": _levels(("C4-C5", "right"), ("C5-C6", "left"))},
        {"joint+side", "codes default", "codes medicare"},
    ),
    (
        "level made up",
        {"levels": _levels(("C4-C5", "right"), ("C5-C6", "right"), ("C6-C7", "right"))},
        {"joint+side", "codes default"},
    ),
    ("level missed", {"levels": _levels(("C4-C5", "right"))}, {"joint+side", "codes default"}),
    ("guidance", {"guidance": Guidance("ultrasound")}, {"guidance", "codes default"}),
    ("intent", {"procedure": Procedure("medial_branch_block")}, {"intent", "ordinal"}),
    ("kind", {"procedure": Procedure("epidural")}, {"kind", "status", "codes default"}),
    ("relief misread", {"relief": (Relief(80, 90, "prior"),)}, {"relief"}),
    ("relief's time", {"relief": (Relief(85, 85, "today"),)}, {"relief"}),
    ("diagnosis missed", {"diagnoses": ()}, {"diagnosis"}),
]


@pytest.mark.parametrize(("changes", "named"), [pytest.param(*e[1:], id=e[0]) for e in ERRORS])
def test_a_planted_error_is_found_and_named(changes: dict[str, object], named: set[str]) -> None:
    score = scored(dataclasses.replace(RIGHT, **changes))  # type: ignore[arg-type]
    assert named <= {miss.fact for miss in score.misses}
    assert not score.all_correct


def test_a_required_flag_that_is_not_raised_is_a_miss() -> None:
    gold = dataclasses.replace(GOLD, flags=("DURATION_MISSING", "RADICULOPATHY"))
    score = scored(RIGHT, gold)
    assert (score.flags.tp, score.flags.fn) == (1, 1)
    assert [(m.fact, m.gold) for m in score.misses] == [("flag", "RADICULOPATHY")]


def test_a_hard_flag_on_a_clean_note_is_a_miss() -> None:
    score = scored(RIGHT, dataclasses.replace(GOLD, clean=True))
    assert not score.clean_kept and {m.fact for m in score.misses} == {"clean"}


def _no_block() -> GoldNote:
    return dataclasses.replace(
        GOLD,
        status="not_applicable",
        kind=None,
        intent="unstated",
        ordinal=None,
        levels={},
        named_as=None,
        guidance=None,
        relief=(),
        diagnoses=(),
        codes={"default": (), "medicare": ()},
        flags=(),
        spans=(),
    )


def test_a_code_without_a_block_is_the_gravest_error() -> None:
    score = scored(RIGHT, _no_block())
    assert score.false_code and score.found_status == "coded"
    assert not scored(Facts(Procedure(None)), _no_block()).false_code


def test_figures_equal_scikit_learns() -> None:
    found = [
        RIGHT,
        dataclasses.replace(RIGHT, levels=_levels(("C4-C5", "right"))),
        dataclasses.replace(RIGHT, levels=_levels(("C4-C5", "left"), ("C6-C7", "right"))),
        dataclasses.replace(RIGHT, relief=()),
    ]
    summary = summarise([scored(facts) for facts in found])
    truth, answer = [], []
    for facts in found:
        given = {(level.joint, level.side) for level in facts.levels}
        for item in sorted(given | set(GOLD.levels.items())):
            truth.append(item in set(GOLD.levels.items()))
            answer.append(item in given)
    precision, recall, f1, _ = precision_recall_fscore_support(truth, answer, average="binary")
    prf = summary.facts["joint+side"]
    assert prf.counts.precision == pytest.approx(precision)
    assert prf.counts.recall == pytest.approx(recall)
    assert prf.f1.value == pytest.approx(f1)
    assert summary.headline["codes exact, default"].value == 2 / 4
    assert summary.headline["note all correct"].value == 1 / 4


def write_gold(folder: Path, *notes: GoldNote) -> Path:
    path = folder / "gold.jsonl"
    path.write_text("".join(json.dumps(to_gold(n)) + "\n" for n in notes), encoding="utf-8")
    return path


def test_command_prints_figures_and_writes_them(tmp_path: Path) -> None:
    path = write_gold(tmp_path, GOLD)
    out = tmp_path / "figures.json"
    run = CliRunner().invoke(
        app, ["evaluate", str(path), "--by", "voice", "--errors", "--output", str(out)]
    )
    assert run.exit_code == 0, run.output
    figures = json.loads(out.read_text())
    assert figures["notes"] == 1
    assert figures["facts"]["joint+side"]["f1"]["value"] == 1
    assert "joint+side" in run.output and "clinic" in run.output


SPLITS = [
    ("train: [a]\ndev: [a]\n", "is in train and dev"),
    ("train: a\n", "write a list of voices"),
    ("weekend: [a]\n", "write the voices under"),
    ("train: [", "cannot be read as YAML"),
]


@pytest.mark.parametrize(("text", "message"), SPLITS)
def test_broken_splits(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "splits.yaml"
    path.write_text(text)
    with pytest.raises(AnnotationError, match=message):
        read_splits(path)


def test_split_chooses_voices(tmp_path: Path) -> None:
    other = dataclasses.replace(GOLD, note_id="other-01", voice="other")
    path = write_gold(tmp_path, GOLD, other)
    (tmp_path / "splits.yaml").write_text("dev: [clinic]\ntest: [other]\n")
    assert [n.note_id for n in read_corpus(path, "test")] == ["other-01"]
    with pytest.raises(AnnotationError, match="no labelled note of split train"):
        read_corpus(path, "train")


BAD: list[tuple[str, Callable[[Path], Path], str]] = [
    ("missing", lambda d: d / "none.jsonl", "no such file or folder"),
    ("empty", lambda d: write_gold(d), "no labelled note"),
    ("twice", lambda d: write_gold(d, GOLD, GOLD), "'clinic-01' is labelled twice"),
]


@pytest.mark.parametrize(("make", "message"), [pytest.param(*b[1:], id=b[0]) for b in BAD])
def test_bad_corpus(tmp_path: Path, make: Callable[[Path], Path], message: str) -> None:
    with pytest.raises(AnnotationError, match=message):
        read_corpus(make(tmp_path))
