"""Reading labelled notes: the inline format, its refusals, gold lines and self-consistency."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facetcode import anatomy
from facetcode.errors import AnnotationError
from facetcode.evaluate import gold, markup

ROOT = Path(__file__).resolve().parents[2]

NOTE = """\
---
note_id: clinic-01
voice: clinic
meta: {date_of_service: 2025-03-04, place_of_service: 11}
status: coded
procedure: {kind: medial_branch_block, intent: diagnostic, ordinal: 2}
levels: {C5-C6: right, C4-C5: right}
named_as: nerves
guidance: fluoroscopy
relief: [{low: 85, high: 85, when: prior}]
diagnoses: [M47.812]
codes: {default: [64490-RT, 64491-RT], medicare: [64490-KX-RT, 64491-KX-RT]}
flags: []
clean: true
---
<side value="right">Right</side> <level joint="C4-C5 C5-C6" side="right">C4, C5 and C6</level>
<procedure kind="medial_branch_block">MBB</procedure>
Under <guidance modality="fluoroscopy">C-arm</guidance>; pain <3 days,
<score when="pre" value="7" scale="10">7/10</score>.
First gave <relief low="85" high="85" when="prior">85%</relief>.
Dx <diagnosis code="M47.812">M47.812</diagnosis>, <diagnosis code="">spondylosis</diagnosis>.
"""


def test_reads_facts_marks_and_text() -> None:
    note = markup.parse_inline(NOTE, "clinic-01.txt")
    assert note.text.startswith("Right C4, C5 and C6\nMBB\nUnder C-arm; pain <3 days,\n7/10.\n")
    assert note.text.endswith("Dx M47.812, spondylosis.")
    assert [(s.label, note.text[s.start : s.end]) for s in note.spans] == [
        ("side", "Right"),
        ("level", "C4, C5 and C6"),
        ("procedure", "MBB"),
        ("guidance", "C-arm"),
        ("score", "7/10"),
        ("relief", "85%"),
        ("diagnosis", "M47.812"),
        ("diagnosis", "spondylosis"),
    ]
    assert note.meta == {"date_of_service": "2025-03-04", "place_of_service": "11"}
    assert list(note.levels) == ["C4-C5", "C5-C6"]
    assert markup.check(note) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        pytest.param("---\nnote_id", "note_id", 1, "starts with a line of ---", id="no-front"),
        pytest.param("true\n---\n", "true\n", 1, "not closed", id="front-not-closed"),
        pytest.param("status: coded", "status: [coded", 6, "not YAML", id="bad-yaml"),
        pytest.param("2025-03-04", "2025-02-30", 1, "impossible date", id="impossible-date"),
        pytest.param("status: coded", "state: coded", 5, "unknown key 'state'", id="unknown-key"),
        pytest.param("flags: []\n", "", 1, "missing key 'flags'", id="missing-key"),
        pytest.param("flags: []", "status: coded", 13, "repeated key", id="repeated-key"),
        pytest.param("C5-C6: right", "C4-C5: left", 7, "repeated key", id="repeated-joint"),
        pytest.param("voice: clinic", "voice: Big One", 3, "lower-case word", id="voice"),
        pytest.param("clinic-01", "note-01", 2, "is not clinic-01", id="note-id"),
        pytest.param("meta: {", "meta: {colour: red, ", 4, "unknown key 'colour'", id="meta-key"),
        pytest.param("2025-03-04", "March", 4, "ISO date", id="meta-date"),
        pytest.param("2025-03-04", "[a]", 4, "single word or text", id="meta-value"),
        pytest.param("meta: {", "meta: {claim_type: x, ", 4, "claim_type: 'x'", id="claim-type"),
        pytest.param("status: coded", "status: done", 5, "status: 'done'", id="status"),
        pytest.param("{kind: medial_branch_block,", "{kind: mbb,", 6, "kind: 'mbb'", id="kind"),
        pytest.param("intent: diagnostic", "intent: test", 6, "intent: 'test'", id="intent"),
        pytest.param("ordinal: 2", "ordinal: 3", 6, "ordinal: 3", id="ordinal"),
        pytest.param("ordinal: 2", "ordinal: yes", 6, "ordinal: True", id="ordinal-yes"),
        pytest.param(", ordinal: 2", "", 6, "state each of", id="procedure-incomplete"),
        pytest.param("{C5-C6: right", "{L4-L5: right", 7, "unknown key 'L4-L5'", id="joint"),
        pytest.param("{C5-C6: right", "{C5-C6: both", 7, "side of C5-C6: 'both'", id="level-side"),
        pytest.param("levels: {C5-C6: right, C4-C5: right}", "levels: []", 7, "mapping", id="list"),
        pytest.param("named_as: nerves", "named_as: nerve", 8, "'nerve'", id="named-as"),
        pytest.param("guidance: fluoroscopy", "guidance: xray", 9, "'xray'", id="guidance"),
        pytest.param("{low: 85, high", "{lo: 85, high", 10, "exactly low, high", id="relief-key"),
        pytest.param("{low: 85,", "{low: 85%,", 10, "not a number", id="relief-number"),
        pytest.param("{low: 85,", "{low: 95,", 10, "not a range", id="relief-range"),
        pytest.param("high: 85, when: prior", "high: 85, when: now", 10, "'now'", id="relief-when"),
        pytest.param(
            "relief: [",
            "relief: [{low: 85, high: 85, when: prior}, ",
            10,
            "state it once",
            id="relief-repeated",
        ),
        pytest.param("[M47.812]", "[M47812]", 11, "not an ICD-10-CM code", id="diagnosis-form"),
        pytest.param("[M47.812]", "M47.812", 11, "write a list", id="diagnosis-list"),
        pytest.param("[64490-RT,", "[64490-RT-50,", 12, "not a claim line", id="claim-line"),
        pytest.param("flags: []", "flags: [ODD]", 13, "flags: 'ODD'", id="flag"),
        pytest.param("flags: []", "flags: [UNSIGNED, UNSIGNED]", 13, "repeated", id="flag-twice"),
        pytest.param("clean: true", "clean: 1", 14, "not true or false", id="clean"),
        pytest.param("<side value", "<sid value", 16, "unknown tag <sid>", id="unknown-tag"),
        pytest.param('value="right"', "value=right", 16, "malformed <side>", id="unquoted"),
        pytest.param('<side value="right"', '<side val="right"', 16, "no attribute", id="attr"),
        pytest.param('"right">Right', '"right" value="left">Right', 16, "repeats", id="attr-twice"),
        pytest.param(' when="pre"', "", 19, "lacks the attribute 'when'", id="attr-missing"),
        pytest.param('value="right">', 'value="unstated">', 16, "cannot have", id="attr-value"),
        pytest.param('"C4-C5 C5-C6"', '"C4-C5, C5-C6"', 16, "cannot have", id="joint-commas"),
        pytest.param('modality="fluoroscopy"', 'modality="unstated"', 18, "cannot", id="modality"),
        pytest.param('<relief low="85"', '<relief low="850"', 20, "cannot have", id="percent"),
        pytest.param("C-arm</guidance>", "C-arm", 19, "do not nest", id="nested"),
        pytest.param("spondylosis</diagnosis>", "spondylosis", 21, "never closed", id="unclosed"),
        pytest.param("Under", "Under</level>", 18, "stray </level>", id="stray"),
        pytest.param("MBB</procedure>", "MBB</level>", 17, "stray </level>", id="crossed"),
        pytest.param("85%</relief>", "85%</relief ", 20, "lacks its closing >", id="no-gt"),
        pytest.param("85%</relief>", "85% </relief>", 20, "blank space", id="blank-edge"),
        pytest.param(">85%<", "><", 20, "is empty", id="empty-mark"),
    ],
)
def test_refuses(old: str, new: str, line: int, message: str) -> None:
    assert old in NOTE
    with pytest.raises(AnnotationError) as caught:
        markup.parse_inline(NOTE.replace(old, new, 1), "clinic-01.txt")
    place, _, said = str(caught.value).partition(": ")
    assert message in said
    assert place == f"clinic-01.txt:{line}"


def test_refuses_a_note_without_text() -> None:
    with pytest.raises(AnnotationError, match="no text"):
        markup.parse_inline(NOTE[: NOTE.index("<side")], "clinic-01.txt")


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("<3 months, SpO2 >95%", id="comparison"),
        pytest.param("<b>Plan</b> <br/>", id="html"),
        pytest.param("<<FACETS>> <levels>", id="placeholder"),
        pytest.param("a < b", id="spaced"),
    ],
)
def test_leaves_other_angle_brackets(words: str) -> None:
    note = markup.parse_inline(NOTE.replace("Under", words), "clinic-01.txt")
    assert words in note.text


def _changed(**changes: Any) -> gold.GoldNote:
    return dataclasses.replace(markup.parse_inline(NOTE, "clinic-01.txt"), **changes)


NOTHING: dict[str, Any] = {
    "status": "not_applicable",
    "kind": None,
    "intent": "unstated",
    "ordinal": None,
    "levels": {},
    "named_as": None,
    "guidance": None,
    "codes": {"default": (), "medicare": ()},
    "clean": False,
}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param({"levels": {"C4-C5": "right"}}, "C5-C6 is marked but not", id="level-extra"),
        pytest.param({"spans": ()}, "C4-C5 has no level mark", id="level-unmarked"),
        pytest.param({"levels": {"C4-C5": "left", "C5-C6": "right"}}, "do not add up", id="side"),
        pytest.param({"named_as": None}, "null exactly when", id="named-as"),
        pytest.param({"relief": ()}, "85-85 prior is marked but", id="relief-extra"),
        pytest.param({"spans": ()}, "85-85 prior has no mark", id="relief-unmarked"),
        pytest.param({"guidance": "ct"}, "ct in the facts", id="guidance"),
        pytest.param({"diagnoses": ("M54.2",)}, "M54.2 is not both", id="diagnosis"),
        pytest.param(NOTHING, "no level mark", id="na-level-mark"),
        pytest.param({**NOTHING, "flags": ("UNSIGNED",)}, "codes or flags", id="na-flags"),
        pytest.param({**NOTHING, "ordinal": 1}, "intent or ordinal", id="na-ordinal"),
        pytest.param(
            {**NOTHING, "relief": (gold.GoldRelief(85, 85, "today"),)}, "no relief", id="na-today"
        ),
        pytest.param({"kind": "epidural"}, "coded needs a medial", id="kind"),
        pytest.param({"guidance": None}, "null is for not_applicable", id="guidance-null"),
        pytest.param({"flags": ("SIDE_CONFLICT",)}, "in spite of SIDE_CONFLICT", id="coded-doubt"),
        pytest.param({"levels": {}}, "coded without levels", id="coded-no-levels"),
        pytest.param({"status": "query"}, "says what to ask", id="query-without-question"),
        pytest.param({"intent": "unstated"}, "only a diagnostic", id="ordinal-intent"),
        pytest.param({"intent": "unstated"}, "INTENT_MISSING is missing", id="flag-missing"),
        pytest.param({"flags": ("LEVEL_LIMIT",)}, "does not follow", id="flag-unfounded"),
        pytest.param(
            {"ordinal": 1, "flags": ("INTERVAL_TOO_SHORT",)}, "second diagnostic", id="interval"
        ),
        pytest.param(
            {"codes": {"default": ("64490-RT",), "medicare": ()}},
            "default should be [64490-RT, 64491-RT]",
            id="codes",
        ),
        pytest.param({"flags": ("UNSIGNED",)}, "has no flags", id="clean"),
    ],
)
def test_check_finds(changes: dict[str, Any], problem: str) -> None:
    assert any(problem in found for found in markup.check(_changed(**changes)))


@pytest.mark.parametrize(
    ("levels", "changes", "default", "medicare"),
    [
        pytest.param("C5-C6:right", {}, "64490-RT", "64490-KX-RT", id="one"),
        pytest.param("C5-C6:unstated", {}, "64490", "64490-KX", id="no-side"),
        pytest.param("C5-C6:left", {"intent": "therapeutic"}, "64490-LT", "64490-LT", id="no-kx"),
        pytest.param(
            "C3-C4:right C4-C5:bilateral",
            {},
            "64490-50 64491-RT",
            "64490-50-KX 64491-KX-RT",
            id="bilateral-first",
        ),
        pytest.param(
            "C3-C4:right C4-C5:right C5-C6:left C6-C7:left",
            {},
            "64490-RT 64491-RT 64492-LT",
            "64490-KX-RT 64491-KX-RT",
            id="further-share-a-side",
        ),
        pytest.param(
            "C3-C4:right C4-C5:right C5-C6:right C6-C7:left",
            {},
            "64490-RT 64491-RT 64492",
            "64490-KX-RT 64491-KX-RT",
            id="further-differ",
        ),
        pytest.param("C5-C6:left", {"guidance": "ultrasound"}, "0213T-LT", "0213T-LT", id="us"),
        pytest.param("C5-C6:left", {"guidance": "none"}, "", "", id="no-imaging"),
        pytest.param("C5-C6:left", {"guidance": "unstated"}, "64490-LT", "64490-KX-LT", id="?"),
    ],
)
def test_check_derives_lines(
    levels: str, changes: dict[str, Any], default: str, medicare: str
) -> None:
    sides = dict(level.split(":") for level in levels.split())
    codes = {"default": tuple(default.split()), "medicare": tuple(medicare.split())}
    problems = markup.check(_changed(levels=sides, codes=codes, **changes))
    assert not [problem for problem in problems if problem.startswith("codes")]


def test_ambiguous_query_may_mark_more_joints() -> None:
    note = _changed(
        status="query",
        clean=False,
        levels={"C4-C5": "right"},
        flags=("LEVEL_AMBIGUOUS",),
        codes={"default": ("64490-RT",), "medicare": ("64490-KX-RT",)},
    )
    assert markup.check(note) == []


def test_compiles_and_reads_back(tmp_path: Path) -> None:
    source = tmp_path / "inline" / "clinic" / "clinic-01.txt"
    source.parent.mkdir(parents=True)
    source.write_text(NOTE, encoding="utf-8")
    written = markup.compile_folder(tmp_path / "inline", tmp_path / "gold")
    assert written == [tmp_path / "gold" / "clinic.jsonl"]
    assert [p.name for p in (tmp_path / "gold").iterdir()] == ["clinic.jsonl"]
    assert list(markup.read_gold(written[0])) == [markup.parse_inline(NOTE, "clinic-01.txt")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("clinic-02.txt", NOTE.encode(), "must match file and folder", id="name"),
        pytest.param("clinic-01.txt", b"---\n\xff", "not UTF-8", id="encoding"),
    ],
)
def test_compile_refuses_and_keeps_the_old_file(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    folder = tmp_path / "inline" / "clinic"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(content)
    old = tmp_path / "gold" / "clinic.jsonl"
    old.parent.mkdir()
    old.write_text("old", encoding="utf-8")
    with pytest.raises(AnnotationError, match=message):
        markup.compile_folder(tmp_path / "inline", tmp_path / "gold")
    assert old.read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("{", id="not-json"),
        pytest.param("{}", id="no-facts"),
        pytest.param("[]", id="not-an-object"),
        pytest.param(
            json.dumps(markup.to_gold(markup.parse_inline(NOTE, "n"))).replace(
                '"start": 0', '"start": -1'
            ),
            id="span-outside",
        ),
    ],
)
def test_read_gold_refuses(tmp_path: Path, line: str) -> None:
    path = tmp_path / "clinic.jsonl"
    path.write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(AnnotationError, match=r"^clinic\.jsonl:1: not a labelled note"):
        list(markup.read_gold(path))


def test_schema_allows_the_same_words() -> None:
    schema = json.loads((ROOT / "annotations" / "schema.json").read_text(encoding="utf-8"))
    parts = schema["properties"]
    facts = parts["facts"]["properties"]
    assert tuple(parts["flags"]["items"]["enum"]) == gold.FLAGS
    assert tuple(parts["meta"]["properties"]) == gold.META_KEYS
    assert tuple(facts["status"]["enum"]) == gold.STATUSES
    assert tuple(facts["procedure"]["properties"]["kind"]["enum"]) == (*gold.KINDS, None)
    assert tuple(facts["guidance"]["enum"]) == (*gold.MODALITIES, None)
    level = facts["levels"]["items"]["properties"]
    assert tuple(level["joint"]["enum"]) == anatomy.CERVICAL_THORACIC
    assert tuple(level["side"]["enum"]) == gold.SIDES
    spans = {
        span["properties"]["label"]["const"]: list(span["properties"]["attrs"]["properties"])
        for span in parts["spans"]["items"]["oneOf"]
    }
    assert spans == {label: list(attrs) for label, attrs in markup.LABELS.items()}


PIECES = st.text(st.characters(exclude_characters="<>\r", exclude_categories=["Cs", "Cc"]))
WORDS = PIECES.map(str.strip).filter(bool)


@given(st.lists(st.tuples(PIECES, WORDS, st.sampled_from(["right", "left", "bilateral"]))), WORDS)
def test_inline_round_trip(marks: list[tuple[str, str, str]], tail: str) -> None:
    text, spans = "", []
    for before, words, side in marks:
        start = len(text) + len(before)
        spans.append(gold.GoldSpan("side", start, start + len(words), {"value": side}))
        text += before + words
    note = _changed(text=text + tail, spans=tuple(spans))
    assert markup.parse_inline(markup.to_inline(note), "clinic-01.txt") == note


def test_the_gold_files_are_those_of_the_inline_notes(tmp_path: Path) -> None:
    annotations = Path(__file__).parents[2] / "annotations"
    made = {p.name: p.read_bytes() for p in markup.compile_folder(annotations / "inline", tmp_path)}
    kept = {p.name: p.read_bytes() for p in (annotations / "gold").glob("*.jsonl")}
    assert made == kept, "run: facetcode annotations compile annotations"
