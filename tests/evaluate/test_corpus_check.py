"""``annotations check``: a planted problem of each class is found, named, and quotes no note."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from facetcode.cli import app
from facetcode.evaluate.corpus_check import CLASSES, check_corpus
from facetcode.evaluate.duplicates import near_duplicates
from facetcode.evaluate.gold import to_gold
from facetcode.evaluate.markup import parse_inline

WORDS = "patient prone skin prepared needle advanced pillar contrast spread anaesthetic injected"


def inline(voice: str, number: int, words: str) -> str:
    return f"""\
---
note_id: {voice}-{number:02}
voice: {voice}
meta: {{}}
status: coded
procedure: {{kind: medial_branch_block, intent: diagnostic, ordinal: 1}}
levels: {{C4-C5: right}}
named_as: joints
guidance: fluoroscopy
relief: []
diagnoses: []
codes: {{default: [64490-RT], medicare: [64490-KX-RT]}}
flags: []
clean: false
---
<side value="right">Right</side> <level joint="C4-C5" side="right">C4-5</level> \
<procedure kind="medial_branch_block">MBB</procedure>, first diagnostic, \
<guidance modality="fluoroscopy">C-arm</guidance>. {words}
"""


NOTES = {
    ("alpha", 1): "SECRETNAME walked in at nine with her sister and asked about parking.",
    ("alpha", 2): "He farms oats; the harness of the tractor hurts him most in autumn weeks.",
    ("beta", 1): "Teacher of chemistry, cannot look up at the board, tried massage and heat.",
}
Corpus = dict[str, list[dict[str, Any]]]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for (voice, number), words in NOTES.items():
        folder = tmp_path / "inline" / voice
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{voice}-{number:02}.txt").write_text(inline(voice, number, words))
    (tmp_path / "splits.yaml").write_text("train: [alpha]\ndev: [beta]\ntest: []\n")
    done = CliRunner().invoke(app, ["annotations", "compile", str(tmp_path)])
    assert done.exit_code == 0, done.output
    return tmp_path


def edit(file: str, change: Callable[[list[dict[str, Any]]], object]) -> Callable[[Path], None]:
    """Change the lines of a gold file; inline files are put away, lest they differ too."""

    def do(folder: Path) -> None:
        (folder / "inline").rename(folder / "put-away")
        path = folder / file
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        change(lines)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    return do


def alpha(change: Callable[[list[dict[str, Any]]], object]) -> Callable[[Path], None]:
    return edit("gold/alpha.jsonl", change)


def write(file: str, text: str) -> Callable[[Path], None]:
    def do(folder: Path) -> None:
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text(text)

    return do


def second(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def do(folder: Path) -> None:
        note = json.loads((folder / "gold/alpha.jsonl").read_text().splitlines()[0])
        change(note)
        write("second/alpha.jsonl", json.dumps(note) + "\n")(folder)

    return do


def copied(voice: str, words: str) -> dict[str, Any]:
    return to_gold(parse_inline(inline(voice, 9, words), f"{voice}-09.txt"))


def span(lines: list[dict[str, Any]], label: str) -> dict[str, Any]:
    found: dict[str, Any] = next(s for s in lines[0]["spans"] if s["label"] == label)
    return found


def swap(lines: list[dict[str, Any]]) -> None:
    lines[0]["spans"].reverse()


FARMER = NOTES["alpha", 2]
LONG = f"{FARMER} {WORDS} {WORDS.replace('e', 'o')}"
PLANTED = [
    pytest.param(
        write("gold/alpha.jsonl", "{not json\n"), "schema", "not a JSON object", id="json"
    ),
    pytest.param(alpha(lambda x: x[0].pop("flags")), "schema", "missing key 'flags'", id="key"),
    pytest.param(alpha(lambda x: x[0].pop("text")), "schema", "missing key 'text'", id="no text"),
    pytest.param(alpha(lambda x: x[0].update(facts=3)), "schema", "wrong type", id="type"),
    pytest.param(
        alpha(lambda x: x[0]["facts"].update(guidance="sonar")), "schema", "'sonar'", id="word"
    ),
    pytest.param(
        alpha(lambda x: span(x, "level").update(label="lvl")), "schema", "unknown label", id="label"
    ),
    pytest.param(
        alpha(lambda x: span(x, "level").update(attrs={"joint": "C4-C5"})),
        "schema",
        "exactly the attributes joint, side",
        id="attribute",
    ),
    pytest.param(
        alpha(lambda x: span(x, "side").update(attrs={"value": "upper"})),
        "schema",
        "cannot have this value",
        id="value",
    ),
    pytest.param(
        alpha(lambda x: span(x, "guidance").update(end=9999)),
        "offset",
        "outside the text",
        id="end",
    ),
    pytest.param(
        alpha(lambda x: span(x, "procedure").update(start=12)), "offset", "within a word", id="cut"
    ),
    pytest.param(
        alpha(lambda x: span(x, "side").update(end=6)), "offset", "blank space", id="blank"
    ),
    pytest.param(alpha(swap), "offset", "out of order", id="order"),
    pytest.param(
        alpha(lambda x: x[0]["spans"].append({**span(x, "level"), "start": 4})),
        "offset",
        "overlaps",
        id="overlap",
    ),
    pytest.param(
        alpha(lambda x: x[0]["facts"].update(guidance="ct")),
        "consistency",
        "guidance: ct in the facts",
        id="facts and marks",
    ),
    pytest.param(
        alpha(lambda x: x[0]["codes"].update(default=["64490-LT"])),
        "consistency",
        "codes: default should be [64490-RT]",
        id="codes",
    ),
    pytest.param(
        write("inline/alpha/alpha-01.txt", inline("alpha", 1, "Another text.")),
        "inline",
        "differs in text",
        id="not compiled",
    ),
    pytest.param(
        write("inline/alpha/alpha-01.txt", "---\n"), "inline", "no longer compiles", id="inline"
    ),
    pytest.param(
        second(lambda n: n.update(text=n["text"] + " More.")),
        "second",
        "is not that of the gold",
        id="second text",
    ),
    pytest.param(
        second(lambda n: n.update(note_id="alpha-77")), "second", "no gold label", id="second id"
    ),
    pytest.param(alpha(lambda x: x.append(x[0])), "id", "also at alpha.jsonl:1", id="twice"),
    pytest.param(
        alpha(lambda x: x.append({**x[1], "note_id": "alpha-09"})),
        "duplicate",
        "the same words as alpha-02",
        id="copy",
    ),
    pytest.param(
        alpha(
            lambda x: x.extend(
                {**copied("alpha", words), "note_id": i}
                for i, words in (("alpha-08", LONG), ("alpha-09", LONG.replace("autumn", "spring")))
            )
        ),
        "near-duplicate",
        "the words of alpha-08",
        id="near copy",
    ),
    pytest.param(
        alpha(lambda x: x.append(copied("alpha", NOTES["beta", 1]))),
        "leak",
        "the same words as",
        id="copy in two splits",
    ),
    pytest.param(
        write("splits.yaml", "train: [alpha]\ndev: [beta, alpha]\n"),
        "leak",
        "voice alpha is in dev and train",
        id="voice in two splits",
    ),
    pytest.param(
        lambda folder: [
            edit(f"gold/{v}.jsonl", lambda x: x[0]["meta"].update(patient_id="p-1"))(folder)
            or (folder / "put-away").rename(folder / "inline")
            for v in ("alpha", "beta")
        ],
        "leak",
        "one patient_id in dev and train",
        id="patient in two splits",
    ),
    pytest.param(
        write("splits.yaml", "train: [alpha]\n"), "split", "voice beta has", id="no split"
    ),
    pytest.param(write("splits.yaml", "train: ["), "split", "cannot be read", id="splits"),
    pytest.param(
        write("splits.yaml", "monday: [alpha]"), "split", "write lists", id="split's name"
    ),
]


def test_a_sound_corpus_has_no_problem(corpus: Path) -> None:
    assert check_corpus(corpus) == (3, [])
    assert check_corpus(corpus / "gold") == (3, [])
    assert check_corpus(corpus / "gold" / "alpha.jsonl") == (2, [])


@pytest.mark.parametrize(("plant", "kind", "says"), PLANTED)
def test_a_planted_problem_is_found_and_named(
    corpus: Path, plant: Callable[[Path], object], kind: str, says: str
) -> None:
    plant(corpus)
    out = corpus / "problems.json"
    run = CliRunner().invoke(app, ["annotations", "check", str(corpus), "--output", str(out)])
    problems = json.loads(out.read_text())["problems"]
    assert any(p["class"] == kind and says in p["what"] for p in problems), problems
    assert f"{kind}: " in run.output and "SECRETNAME" not in run.output + out.read_text()
    warning = kind.endswith("duplicate")
    assert run.exit_code == (0 if warning else 1)
    if warning:
        assert {p["class"] for p in problems} == {kind}


def test_every_class_is_planted() -> None:
    assert {row.values[1] for row in PLANTED} == set(CLASSES)


def test_nothing_to_check_is_wrong_use(tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["annotations", "check", str(tmp_path)])
    assert run.exit_code == 2 and "no gold .jsonl file" in run.output


def test_a_file_that_is_not_utf8_costs_its_line_alone(corpus: Path) -> None:
    with (corpus / "gold" / "alpha.jsonl").open("ab") as file:
        file.write(b'{"note_id": "\xff"}\n')
    notes, problems = check_corpus(corpus)
    assert notes == 4 and [p.kind for p in problems] == ["schema"]


@given(st.lists(st.text(alphabet="ab c.", max_size=12), max_size=8))
def test_the_same_words_are_always_found(texts: list[str]) -> None:
    found = {(i, j) for i, j, value in near_duplicates(texts) if value == 1.0}
    words = [text.replace(".", " ").split() for text in texts]
    assert found == {
        (i, j)
        for i in range(len(texts))
        for j in range(i + 1, len(texts))
        if words[i] == words[j] and words[i]
    }


def test_a_copy_with_other_facts_is_near_and_another_note_is_not() -> None:
    first = f"right C4 C5 block, pain 7/10. {LONG}"
    copy_ = first.replace("right", "left").replace("C5", "C6").replace("7/10", "5/10")
    other = "Telephone call about a refill; she feels well and will come in spring."
    assert [(i, j) for i, j, _ in near_duplicates([first, copy_, other])] == [(0, 1)]


def test_the_order_of_files_does_not_matter(corpus: Path) -> None:
    path = corpus / "gold" / "alpha.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines.append({**copy.deepcopy(lines[1]), "note_id": "alpha-09"})
    said = []
    for order in (lines, lines[::-1]):
        path.write_text("".join(json.dumps(line) + "\n" for line in order))
        found = check_corpus(corpus)[1]
        said.append([(p.kind, p.where.split()[-1], p.what.split(" (")[0]) for p in found])
    assert said[0] == said[1] == [("duplicate", "alpha-09", "the same words as alpha-02")]
