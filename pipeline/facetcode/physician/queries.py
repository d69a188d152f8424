"""Questions to the physician about one record: what the note says and what is unclear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from facetcode.coding.case import in_note_order
from facetcode.coding.policy_file import YamlFile
from facetcode.coding.rules import FLAG_CODES
from facetcode.errors import PolicyError
from facetcode.facts import Evidence, Facts
from facetcode.recode import Answer
from facetcode.terminal import one_line

_FILE = Path(__file__).with_name("queries.yaml")
_SHOWN = ("procedure", "levels", "side", "guidance", "relief", "scores", "diagnoses")
_RANK = {"hard": 0, "soft": 1, "info": 2}
_QUOTES = 6
"""Quotations in one question; more would hide the question."""
_QUOTED = 160
"""Characters of one quotation."""


@dataclass(frozen=True, slots=True)
class Question:
    """One item of ``queries.yaml``; without ``answers`` the question is open."""

    item: str
    flags: tuple[str, ...]
    unclear: str
    ask: str
    answers: tuple[str, ...]
    shows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """One question about one note, ready to be sent."""

    note_id: str
    provider: str
    date_of_service: str
    severity: str
    flags: tuple[str, ...]
    question: Question
    documented: tuple[str, ...]
    """The note's own words; with the other note's id where they stand in another."""


@cache
def load_questions(path: Path = _FILE) -> tuple[Question, ...]:
    """All questions; PolicyError where a flag is neither asked about nor left out on purpose."""
    file = YamlFile(path)
    root = file.root()
    top = file.pairs(root, "the file", ("closing", "questions", "not_asked"))
    codes = tuple(sorted(FLAG_CODES))
    closing = tuple(
        file.text(node, "an answer")
        for node in file.items(file.need(top, "closing", root, "the file"), "closing")
    )
    left_out = file.pairs(file.need(top, "not_asked", root, "the file"), "not_asked", FLAG_CODES)
    questions: list[Question] = []
    seen: dict[str, str] = dict.fromkeys(left_out, "not_asked")
    for node in file.items(file.need(top, "questions", root, "the file"), "questions"):
        keys = file.pairs(
            node, "a question", ("item", "flags", "unclear", "ask", "answers", "shows")
        )
        texts = {
            key: file.text(file.need(keys, key, node, "a question"), key)
            for key in ("item", "unclear", "ask")
        }
        flags = tuple(
            file.word(n, "a flag", codes)
            for n in file.items(file.need(keys, "flags", node, "a question"), "flags")
        )
        for code in flags:
            if code in seen:
                file.fail(node, f"{code} stands in '{seen[code]}' already")
            seen[code] = texts["item"]
        answers = file.items(keys["answers"][1], "answers") if "answers" in keys else []
        choices = tuple(file.text(n, "an answer") for n in answers)
        shows = file.items(file.need(keys, "shows", node, "a question"), "shows")
        questions.append(
            Question(
                texts["item"],
                flags,
                texts["unclear"],
                texts["ask"],
                (*choices, *closing) if choices else (),
                tuple(file.text(n, "what is shown") for n in shows),
            )
        )
    forgotten = sorted(FLAG_CODES - set(seen))
    if forgotten:
        raise PolicyError(f"{path}:1: no question and no reason for {', '.join(forgotten)}")
    return tuple(questions)


def draft(answer: Answer, least: str = "soft") -> Iterator[Query]:
    """The questions a record leads to, gravest first; ``least`` is the least severe flag asked."""
    if answer.status == "not_applicable":
        return
    asked = [flag for flag in answer.flags if _RANK[flag.severity] <= _RANK[least]]
    queries = []
    for question in load_questions():
        flags = [flag for flag in asked if flag.code in question.flags]
        if not flags:
            continue
        of_flags = [e for flag in flags for e in flag.evidence]
        shown = [e for name in question.shows for e in _evidence(answer.facts, name)]
        queries.append(
            Query(
                answer.note_id,
                answer.meta.get("provider", "").strip(),
                answer.meta.get("date_of_service", "").strip(),
                min((flag.severity for flag in flags), key=_RANK.__getitem__),
                tuple(dict.fromkeys(flag.code for flag in flags)),
                question,
                _quoted([*of_flags, *shown]),
            )
        )
    yield from sorted(queries, key=lambda query: _RANK[query.severity])


def _evidence(facts: Facts, name: str) -> Iterable[Evidence]:
    if name == "procedure":
        return (*facts.procedure.evidence, *facts.procedure.intent_evidence)
    if name in ("levels", "side"):
        levels = (e for level in facts.levels for e in level.evidence)
        return (*levels, *(e for nerve in facts.nerves for e in nerve.evidence))
    if name == "guidance":
        return facts.guidance.evidence
    if name == "relief":
        return (e for relief in facts.relief for e in relief.evidence)
    if name == "scores":
        return (e for score in facts.scores for e in score.evidence)
    if name == "diagnoses":
        return (e for diagnosis in facts.diagnoses for e in diagnosis.evidence)
    return (e for finding in facts.findings if finding.name == name for e in finding.evidence)


def _quoted(evidence: Iterable[Evidence]) -> tuple[str, ...]:
    quotes: dict[str, None] = {}
    for spot in in_note_order(evidence):
        words = one_line(spot.text, longest=_QUOTED)
        if words:
            quotes[words if spot.note_id is None else f"{words} (note {spot.note_id})"] = None
    return tuple(quotes)[:_QUOTES]
