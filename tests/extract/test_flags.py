"""Sentences told in many voices: whether the flag is raised on a note that holds one of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from facetcode import load
from facetcode.coder import Coder

HERE = Path(__file__).parent
ROWS = yaml.safe_load((HERE / "flags.yaml").read_text(encoding="utf-8"))
NOTES = yaml.safe_load((HERE / "flag_notes.yaml").read_text(encoding="utf-8"))
DAY = "2026-03-20"
BEFORE = """PROCEDURE: Right C4-5 and C5-6 medial branch blocks, diagnostic #1, fluoroscopy
HISTORY: {}
TECHNIQUE: prone, 25g needles to C4, C5, C6, 0.5 mL lidocaine each.
"""
AFTER = """PROCEDURE: Right C4-5 and C5-6 medial branch blocks, diagnostic #1, fluoroscopy
TECHNIQUE: prone, 25g needles to C4, C5, C6, 0.5 mL lidocaine each.
{}
"""
SECOND = """PROCEDURE: Right C4-5 and C5-6 medial branch blocks, second diagnostic, fluoroscopy
HISTORY: {}
TECHNIQUE: prone, 25g needles to C4, C5, C6, 0.5 mL lidocaine each.
"""
UNGUIDED = """PROCEDURE: Right C4-5 and C5-6 medial branch blocks, diagnostic #1
TECHNIQUE: prone, 25g needles to C4, C5, C6, 0.5 mL lidocaine each. {}
"""
FRAMES = {
    "INTERVAL_TOO_SHORT": SECOND,
    "PRIOR_RELIEF_MISSING": SECOND,
    "PRIOR_RELIEF_INSUFFICIENT": SECOND,
    "DURATION_MISSING": BEFORE,
    "CONSERVATIVE_CARE_MISSING": BEFORE,
    "FUNCTION_MISSING": BEFORE,
    "RADICULOPATHY": BEFORE,
    "GUIDANCE_MISSING": UNGUIDED,
}
"""Where a flag's sentences stand; those of the others stand behind the account."""


@cache
def coder() -> Coder:
    return load("medicare")


def flags(text: str, day: str = DAY) -> dict[str, str]:
    record = coder()({"note_id": "n", "text": text, "date_of_service": day})
    return {flag.code: flag.severity for flag in record.flags}


def cases(kind: str) -> list[Any]:
    return [
        pytest.param(flag, words, id=f"{flag}: {words[:50]}")
        for flag, sentences in ROWS.items()
        for words in sentences[kind]
    ]


@pytest.mark.parametrize(("flag", "words"), cases("raised"))
def test_raised(flag: str, words: str) -> None:
    assert flag in flags(FRAMES.get(flag, AFTER).format(words))


@pytest.mark.parametrize(("flag", "words"), cases("silent"))
def test_silent(flag: str, words: str) -> None:
    assert flag not in flags(FRAMES.get(flag, AFTER).format(words))


@pytest.mark.parametrize("row", NOTES, ids=[row["text"][:50] for row in NOTES])
def test_flags_of_a_note(row: dict[str, Any]) -> None:
    found = flags(row["text"], row["day"])
    missed = set(row.get("raised", ())) - set(found)
    made_up = set(row.get("silent", ())) & set(found)
    if row.get("clean"):
        made_up |= {code for code, severity in found.items() if severity == "hard"}
    assert (missed, made_up) == (set(), set())
