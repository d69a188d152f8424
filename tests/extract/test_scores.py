"""Pain scores as many hands write them: their words, their values and their times."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from facetcode.extract.build import Extractor
from facetcode.facts import Score

ROWS = yaml.safe_load((Path(__file__).parent / "scores.yaml").read_text(encoding="utf-8"))
NOTE = """Procedure: Right C4-5, C5-6 medial branch block, second diagnostic, fluoroscopy. DOS 03/20/2026
History: {history}
Technique: prone, needles to C4, C5, C6, 0.5 mL 0.5% bupivacaine each.
Post: {post}
"""
MARK = re.compile(r"\{(?P<when>pre|post|other) (?P<value>[\d.-]+)\|(?P<words>[^}]*)\}")


def unmarked(text: str) -> tuple[str, list[tuple[str, str, str]]]:
    """The text without its marks, and each mark as the words before it, its words and reading."""
    plain, found, here = "", [], 0
    for mark in MARK.finditer(text):
        plain += text[here : mark.start()]
        found.append((plain, mark["words"], f"{mark['when']} {mark['value']}"))
        plain += mark["words"]
        here = mark.end()
    assert "{" not in text[here:]
    return plain + text[here:], found


def read(score: Score) -> str:
    value = f"{score.low:g}" if score.low == score.high else f"{score.low:g}-{score.high:g}"
    return f"{score.when} {value}"


@pytest.mark.parametrize("row", ROWS, ids=[" ".join(map(str, row.values()))[:60] for row in ROWS])
def test_scores(extractor: Extractor, row: dict[str, Any]) -> None:
    marked = row.get("text") or NOTE.format(
        history=row.get("history", ""), post=row.get("post", "")
    )
    text, wanted = unmarked(marked)
    facts = extractor.facts(text, {"date_of_service": row.get("day", "2026-03-20")})
    found = [(text[: e.start], e.text, read(s)) for s in facts.scores for e in s.evidence]
    assert [(len(a), b, c) for a, b, c in found] == [(len(a), b, c) for a, b, c in wanted]


@given(
    st.lists(
        st.sampled_from(
            [
                *"pain score VAS NRS 0 1 7 8 10 7/10 8-2/10 2 of 10 10/10 seven ten to from was is a now".split(),
                *"today -> - / . , ; : | before after pre post diary 10a 10:30 noon 30 min #1 2/10/26".split(),
                *"3/20/2026 (0-10) mm % left right and back gave it 100 25/100 half between 0.5 six or".split(),
                *"two and a half out over worst 1. 2. 3.".split(),
                "\n",
                "  ",
            ]
        ),
        max_size=60,
    )
)
def test_whatever_stands_in_a_note_scores_are_its_words(
    extractor: Extractor, words: list[str]
) -> None:
    text = "Right C4-5 facet injection. " + " ".join(words)
    scores = extractor.facts(text, {"date_of_service": "2026-03-20"}).scores
    spots = [(e.start, e.end) for s in scores for e in s.evidence]
    assert spots == sorted(spots)
    assert all(a[1] <= b[0] for a, b in pairwise(spots))
    assert all(0 <= s.low <= s.high <= s.scale for s in scores)
    assert all(e.text == text[e.start : e.end].strip() != "" for s in scores for e in s.evidence)
