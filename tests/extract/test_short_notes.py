"""Short notes and sentences in many hands, through the whole path."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from facetcode import load
from facetcode.coder import Coder
from facetcode.summary import line_code

HERE = Path(__file__).parent
NOTES = yaml.safe_load((HERE / "short_notes.yaml").read_text(encoding="utf-8"))
ITEMS = yaml.safe_load((HERE / "items.yaml").read_text(encoding="utf-8"))
NOTE = """PROCEDURE: Right C4-5 and C5-6 medial branch blocks, diagnostic #1, fluoroscopy
{}
TECHNIQUE: prone, 25g needles to C4, C5, C6, 0.5 mL lidocaine each.
{}
"""
AFTER = {"POST_RESPONSE_MISSING"}
"""Items that stand behind the account; the others stand before it."""


@cache
def coder() -> Coder:
    return load("medicare")


@pytest.mark.parametrize("row", NOTES, ids=[row["text"][:40] for row in NOTES])
def test_status_and_codes(row: dict[str, Any]) -> None:
    note = {"note_id": "n", "text": row["text"]}
    record = coder()(note | ({"date_of_service": row["day"]} if "day" in row else {}))
    assert record.status == row["status"]
    if "hard" in row:
        assert [flag.code for flag in record.flags if flag.severity == "hard"] == row["hard"]
    if row["status"] == "coded":
        assert [line_code(line) for line in record.lines] == row["codes"]


def cases(kind: str) -> list[Any]:
    return [
        pytest.param(flag, words, id=f"{flag}: {words[:50]}")
        for flag, sentences in ITEMS[kind].items()
        for words in sentences
    ]


def flags(*, before: str = "", after: str = "") -> set[str]:
    return {flag.code for flag in coder()(NOTE.format(before, after)).flags}


@pytest.mark.parametrize(("flag", "words"), cases("documented"))
def test_documented(flag: str, words: str) -> None:
    if flag in AFTER:
        assert flag in flags(before="Pain 7/10.")
        assert flag not in flags(before="Pain 7/10.", after=words)
    else:
        assert flag in flags()
        assert flag not in flags(before=words)


@pytest.mark.parametrize(("flag", "words"), cases("raised"))
def test_raised(flag: str, words: str) -> None:
    assert flag not in flags()
    assert flag in flags(after=words)


@pytest.mark.parametrize(("flag", "words"), cases("not_raised"))
def test_not_raised(flag: str, words: str) -> None:
    assert flag not in flags(after=words)


RELIEF = yaml.safe_load((HERE / "relief.yaml").read_text(encoding="utf-8"))
SECOND = """Procedure: Right C4-5, C5-6 medial branch block, second diagnostic, fluoroscopy. DOS 03/20/2026
History: {history}
Technique: prone, needles to C4, C5, C6, 0.5 mL 0.5% bupivacaine each.
Post: {post}
"""


@pytest.mark.parametrize("row", RELIEF, ids=[r["history"] or r["post"] for r in RELIEF])
def test_relief(row: dict[str, Any]) -> None:
    text = SECOND.format(history=row["history"], post=row["post"])
    record = coder()({"note_id": "n", "text": text, "date_of_service": "2026-03-20"})
    found = sorted([r.when, r.low, r.high] for r in record.facts.relief)
    assert found == sorted(row["relief"])


RELIEF_NOTES = yaml.safe_load((HERE / "relief_notes.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", RELIEF_NOTES, ids=[r["text"][:40] for r in RELIEF_NOTES])
def test_relief_of_a_note(row: dict[str, Any]) -> None:
    facts = coder()({"note_id": "n", "text": row["text"], "date_of_service": row["day"]}).facts
    assert sorted([r.when, r.low, r.high] for r in facts.relief) == sorted(row["relief"])


RELIEF_TOLD = yaml.safe_load((HERE / "relief_told.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", RELIEF_TOLD, ids=[r["text"][:60] for r in RELIEF_TOLD])
def test_relief_as_it_is_told(row: dict[str, Any]) -> None:
    day = row.get("day", "2026-03-20")
    facts = coder()({"note_id": "n", "text": row["text"], "date_of_service": day}).facts
    assert sorted([r.when, r.low, r.high] for r in facts.relief) == sorted(row["relief"])


SIDES = yaml.safe_load((HERE / "sides.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", SIDES, ids=[row["text"][:50] for row in SIDES])
def test_levels_and_sides(row: dict[str, Any]) -> None:
    levels = coder()(row["text"]).facts.levels
    assert ", ".join(f"{level.joint} {level.side}" for level in levels) == row["levels"]


KINDS = yaml.safe_load((HERE / "kinds.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", KINDS, ids=[row["text"][:60] for row in KINDS])
def test_kind_intent_and_ordinal(row: dict[str, Any]) -> None:
    done = coder()(row["text"]).facts.procedure
    assert f"{done.kind} {done.intent} {done.ordinal}" == row["is"]


@cache
def plain() -> Coder:
    return load("default")


ASKS = yaml.safe_load((HERE / "asks.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", ASKS, ids=[row["text"][:60] for row in ASKS])
def test_what_is_asked(row: dict[str, Any]) -> None:
    record = plain()(row["text"])
    assert record.status == row["status"]
    assert set(row["flags"]) <= {flag.code for flag in record.flags}


ACCOUNTS = yaml.safe_load((HERE / "accounts.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", ACCOUNTS, ids=[row["text"][:60] for row in ACCOUNTS])
def test_accounts(row: dict[str, Any]) -> None:
    facts = plain()(row["text"]).facts
    found = ", ".join(f"{level.joint} {level.side}" for level in facts.levels)
    assert (facts.procedure.kind, found) == (row["kind"], row["levels"])
    if "guidance" in row:
        assert facts.guidance.modality == row["guidance"]
